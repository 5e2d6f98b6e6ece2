"""Log lines: one event a line, key=value, with tracking keys and links in messages masked."""

import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

# A key or a link is a secret: whoever reads a log must not be able to open a report's page.
_KEY_IN_ADDRESS = re.compile(r"(/(?:track|receipt|m)/|[?&]key=)[^/?&\s\"']+")

# 26 signs of Crockford's base32 (O, I and L may stand for digits), alone: capitals as we write
# keys, or with a digit among them, which words of our own do not have.
_KEY_ALONE = re.compile(
    r"(?<![0-9A-Za-z])"
    r"(?:[0-9A-TV-Z]{26}|(?=[A-Za-z]*[0-9])[0-9A-TV-Za-tv-z]{26})"
    r"(?![0-9A-Za-z])"
)

_traces = logging.Formatter()


def mask_keys(text: str) -> str:
    """Replace tracking keys, in addresses and alone, with three dots."""
    return _KEY_ALONE.sub("…", _KEY_IN_ADDRESS.sub(r"\1…", text))


class MaskKeys(logging.Filter):
    """Masks the keys in a record: in its words, in what is filled in, and in its trace."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Mask the record and let it pass."""
        try:
            record.msg, record.args = mask_keys(record.getMessage()), None
        except (TypeError, ValueError):
            # Words and arguments that do not fit: logging says so itself, with the words only.
            record.msg, record.args = mask_keys(str(record.msg)), None
        if record.exc_info and record.exc_info[0] is not None:
            record.exc_text = record.exc_text or _traces.formatException(record.exc_info)
        if record.exc_text:
            record.exc_text = mask_keys(record.exc_text)
        return True


_mask = MaskKeys()


def _make_masked(*values: Any, **named: Any) -> logging.LogRecord:
    record = logging.LogRecord(*values, **named)
    _mask.filter(record)
    return record


def _mask_event(
    _logger: Any, _name: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    for name, value in event.items():
        if isinstance(value, str):
            event[name] = mask_keys(value)
    return event


def configure(level: int = logging.INFO) -> None:
    """Send every log line of this process to standard error, masked.

    Flask, gunicorn and the libraries write by ``logging``. A filter on a logger misses what its
    children write, and one on a handler misses handlers that come later; so every record of the
    process is masked where it is made.
    """
    logging.setLogRecordFactory(_make_masked)
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
