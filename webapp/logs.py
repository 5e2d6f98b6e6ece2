"""Log lines: one event a line, key=value, with tracking keys masked."""

import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

# A tracking key is a secret: whoever reads a log must not be able to open a report's page.
_KEY_IN_PATH = re.compile(r"(/(?:track|receipt)/)[^/?\s\"]+")


def mask_keys(text: str) -> str:
    """Replace the tracking key in an address with three dots."""
    return _KEY_IN_PATH.sub(r"\1…", text)


def _mask_event(
    _logger: Any, _name: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    for name, value in event.items():
        if isinstance(value, str):
            event[name] = mask_keys(value)
    return event


def configure(level: int = logging.INFO) -> None:
    """Send every log line of this process to standard error, masked."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            _mask_event,
            structlog.processors.LogfmtRenderer(key_order=["timestamp", "level", "event"]),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=False,
    )
