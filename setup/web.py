"""Gunicorn's settings: threads on every core, bound to HOST:PORT, tied to whoever started it."""

import os
import sys
from typing import Any

from webapp.config import BadSetting, Settings, in_address, read_settings
from workers.lifeline import die_with_parent


def _settings() -> Settings:
    try:
        return read_settings()
    except BadSetting as error:
        print(error, file=sys.stderr)
        raise SystemExit(1) from None


die_with_parent()

_ours = _settings()
bind = f"{in_address(_ours.host)}:{_ours.port}"
wsgi_app = "wsgi:app"
worker_class = "gthread"
# SQLite has one writer, and Python one lock a process: a process a core, up to four, is enough.
workers = min(4, os.cpu_count() or 1)
# A resident on a slow line holds a thread for as long as the photos take to arrive.
threads = 16
# The application is assembled once and forked, so that a start costs one import.
preload_app = True
# Longer than the slowest honest upload (36 MB at 3 Mbit/s takes 100 seconds).
timeout = 180
# Honcho kills what has not ended five seconds after it asked.
graceful_timeout = 4
keepalive = 5
# Keys stand in addresses: what is logged about requests, the application says itself, masked.
accesslog = None
errorlog = "-"
loglevel = "warning"
control_socket_disable = True


def post_fork(_server: Any, _worker: Any) -> None:
    """Let no worker outlive its arbiter."""
    die_with_parent()
