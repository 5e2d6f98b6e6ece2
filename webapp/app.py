"""Assembles the application: settings, extensions, doors, errors and headers."""

from pathlib import Path
from typing import Any

from flask import Flask
from redis import Redis

from webapp import assets, cli, engines, errors, labels, logs, paths, security
from webapp import language as languages
from webapp.adapters import job_queue
from webapp.config import Settings, read_settings
from webapp.extensions import csrf, db, limiter, login, migrate
from webapp.services import casework_figures
from webapp.views import (
    accounts,
    casework_desk,
    crossings_files,
    health,
    intake,
    language,
    public,
    shell,
    statistics,
    subscriptions,
    territory,
    territory_preview,
    territory_responsibilities,
    transfers,
    triage,
)

ROOT = Path(__file__).resolve().parent.parent

# The largest request: three photos of 12 MB and the fields beside them.
MAX_REQUEST_BYTES = 3 * 12 * 1024 * 1024 + 256 * 1024

ROOMS = (
    health,
    shell,
    language,
    public,
    intake,
    accounts,
    casework_desk,  # the blueprint of casework, with the doors of merging and the desk added to it
    crossings_files,  # the blueprint of crossings, with the doors of its files added to it
    transfers,
    triage,
    statistics,
    subscriptions,
    territory,
    territory_preview,
    territory_responsibilities,
)


def create_app(settings: Settings | None = None) -> Flask:
    """Assemble an application from ``settings`` (environment and ``.env`` when left out).

    Raises:
        BadSetting: the environment or ``.env`` holds a setting that cannot be used.
    """
    logs.configure()
    settings = settings or read_settings()
    app = Flask(
        __name__, template_folder=str(ROOT / "templates"), static_folder=str(ROOT / "static")
    )
    app.config.update(_flask_config(settings))
    app.extensions["settings"] = settings
    app.jinja_env.globals.update(settings=settings, labels=labels)
    _bind_extensions(app)
    paths.register(app)
    job_queue.use(_choose_queue(settings))
    casework_figures.number_cases_as(settings.case_prefix)
    for room in ROOMS:
        app.register_blueprint(room.blueprint)
    for part in (languages, assets, errors, security, cli):
        part.register(app)
    return app


def _flask_config(settings: Settings) -> dict[str, Any]:
    return {
        "SECRET_KEY": settings.secret_key,
        "SQLALCHEMY_DATABASE_URI": settings.database_url,
        "SQLALCHEMY_ENGINE_OPTIONS": engines.options_for(settings.database_url),
        "MAX_CONTENT_LENGTH": MAX_REQUEST_BYTES,
        "MAX_FORM_MEMORY_SIZE": 256 * 1024,
        "MAX_FORM_PARTS": 64,
        "SESSION_COOKIE_HTTPONLY": True,
        "SESSION_COOKIE_SAMESITE": "Lax",
        "SESSION_COOKIE_SECURE": settings.is_behind_tls,
        "WTF_CSRF_TIME_LIMIT": None,
        "WTF_CSRF_SSL_STRICT": False,
        "BABEL_DEFAULT_LOCALE": "vi",
        "BABEL_DEFAULT_TIMEZONE": "Asia/Ho_Chi_Minh",
        "RATELIMIT_STORAGE_URI": _limit_storage(settings),
        "RATELIMIT_STORAGE_OPTIONS": _patience() if redis_address(settings) else {},
        # Counting starts anew in this process while Redis is away; nobody is turned down for it.
        "RATELIMIT_IN_MEMORY_FALLBACK_ENABLED": True,
        "RATELIMIT_HEADERS_ENABLED": False,
    }


def _limit_storage(settings: Settings) -> str:
    address = redis_address(settings)
    if address is None:
        return "memory://"
    return address.replace("unix://", "redis+unix://", 1)


def _bind_extensions(app: Flask) -> None:
    db.init_app(app)
    migrate.init_app(app, db, directory=str(ROOT / "migrations"))
    csrf.init_app(app)
    login.init_app(app)
    limiter.init_app(app)


def redis_address(settings: Settings) -> str | None:
    """Return where Redis is: the setting, else what a Redis started by ourselves wrote down."""
    if settings.redis_url:
        return settings.redis_url
    try:
        return settings.redis_address_file.read_text(encoding="utf-8").strip() or None
    except FileNotFoundError:
        return None


def _choose_queue(settings: Settings) -> job_queue.JobQueue:
    address = redis_address(settings)
    if address is None:
        return job_queue.NullJobQueue()
    return job_queue.RedisJobQueue(Redis.from_url(address, **_patience()))


def _patience() -> dict[str, int]:
    # An answer to a resident must not wait for a Redis that hangs.
    return {"socket_connect_timeout": 1, "socket_timeout": 2}
