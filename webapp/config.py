"""Settings: read once from the environment and ``.env``, checked, and frozen."""

import os
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from webapp import dotenv
from webapp.config_messages import MESSAGE_NAMES, MessageSettings, read_message_settings
from webapp.config_values import BadSetting, is_loopback, switch, whole_number

# Half of what we make ourselves: shorter ones were typed by hand, and are guessed.
LEAST_SECRET_LENGTH = 16

# Names without the prefix belong to everybody's environment; only these are ours.
SHARED_NAMES = (
    "HOST",
    "PORT",
    "DATABASE_URL",
    "REDIS_URL",
    "PUBLIC_URL",
    "SECRET_KEY",
    "DEMO",
    "TILE_URL",
    "TILE_ATTRIBUTION",
)
OWN_NAMES = (
    "ANLO_VAR",
    "ANLO_DISTRICT_NAME",
    "ANLO_CASE_PREFIX",
    "ANLO_EMERGENCY_NUMBER",
    "ANLO_MIN_FREE_MB",
    "ANLO_REPORTS_PER_INSTALL_HOUR",
    "ANLO_REPORTS_PER_ADDRESS_HOUR",
    "ANLO_NEARBY_PER_ADDRESS_MINUTE",
    "ANLO_TRUSTED_PROXIES",
    "ANLO_LEASE_SECONDS",
    "ANLO_SWEEP_SECONDS",
    *MESSAGE_NAMES,
)


@dataclass(frozen=True)
class Settings:
    """Everything that can be set from outside; see ``.env.example`` for what each one means."""

    host: str
    port: int
    var: Path
    database_url: str
    redis_url: str | None
    public_url: str
    secret_key: str
    demo: bool
    tile_url: str | None
    tile_attribution: str | None
    district_name: str
    case_prefix: str
    emergency_number: str
    min_free_mb: int
    reports_per_install_hour: int
    reports_per_address_hour: int
    nearby_per_address_minute: int
    trusted_proxies: int
    lease_seconds: int
    sweep_seconds: int
    messages: MessageSettings

    @property
    def is_behind_tls(self) -> bool:
        """Whether residents reach us by HTTPS, so that cookies may insist on it."""
        return self.public_url.startswith("https://")

    @property
    def photo_folder(self) -> Path:
        """Where photo bytes lie, named by their SHA-256."""
        return self.var / "photos"

    @property
    def redis_address_file(self) -> Path:
        """Where a Redis started by ourselves writes its address for the other processes."""
        return self.var / "redis.url"


def read_settings(environ: Mapping[str, str] | None = None) -> Settings:
    """Read and check every setting.

    Args:
        environ: the environment; when left out, the process's own before what ``.env`` says.

    Raises:
        BadSetting: a name that starts with ANLO_ is unknown, a value cannot be used, or ``.env``
            cannot be read.
    """
    environ = _environment() if environ is None else environ
    unknown = sorted(name for name in environ if name.startswith("ANLO_") and name not in OWN_NAMES)
    if unknown:
        raise BadSetting(
            f"{unknown[0]}: unknown setting. The known ones are {', '.join(OWN_NAMES)}."
        )
    host = environ.get("HOST") or "127.0.0.1"
    port = whole_number(environ, "PORT", 8000, 1, 65535)
    var = _folder(environ)
    database_url, is_built_in = _database_url(environ, var)
    demo = switch(environ, "DEMO", default=is_built_in and is_loopback(host))
    if demo and not (is_built_in and is_loopback(host)):
        raise BadSetting(
            "DEMO: the demonstration runs only with the built-in SQLite on a loopback address;"
            " set DEMO=0, or leave DATABASE_URL out and HOST at 127.0.0.1."
        )
    return Settings(
        host=host,
        port=port,
        var=var,
        database_url=database_url,
        redis_url=_redis_url(environ),
        public_url=_public_url(environ, host, port),
        secret_key=_secret_key(environ, var, demo),
        demo=demo,
        tile_url=_tile_url(environ),
        tile_attribution=environ.get("TILE_ATTRIBUTION") or None,
        district_name=environ.get("ANLO_DISTRICT_NAME") or "Ninh Hải",
        case_prefix=_case_prefix(environ),
        emergency_number=_emergency_number(environ),
        min_free_mb=whole_number(environ, "ANLO_MIN_FREE_MB", 512, 0, 10**9),
        reports_per_install_hour=whole_number(
            environ, "ANLO_REPORTS_PER_INSTALL_HOUR", 20, 1, 10**6
        ),
        reports_per_address_hour=whole_number(
            environ, "ANLO_REPORTS_PER_ADDRESS_HOUR", 600, 1, 10**6
        ),
        nearby_per_address_minute=whole_number(
            environ, "ANLO_NEARBY_PER_ADDRESS_MINUTE", 60, 1, 10**6
        ),
        trusted_proxies=whole_number(environ, "ANLO_TRUSTED_PROXIES", 0, 0, 5),
        lease_seconds=whole_number(environ, "ANLO_LEASE_SECONDS", 20, 2, 600),
        sweep_seconds=whole_number(environ, "ANLO_SWEEP_SECONDS", 15, 1, 600),
        messages=read_message_settings(environ, is_demo=demo, folder=var / "mail"),
    )


def _environment() -> Mapping[str, str]:
    try:
        return dotenv.completed(os.environ)
    except dotenv.BadLine as error:
        raise BadSetting(str(error)) from None


def _folder(environ: Mapping[str, str]) -> Path:
    var = Path(environ.get("ANLO_VAR") or "var").resolve()
    try:
        var.mkdir(parents=True, exist_ok=True)
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or error
        raise BadSetting(f"ANLO_VAR: {str(var)!r} cannot be made ({why}).") from None
    return var


def _database_url(environ: Mapping[str, str], var: Path) -> tuple[str, bool]:
    raw = environ.get("DATABASE_URL")
    if not raw:
        return f"sqlite:///{var / 'anlo.sqlite'}", True
    if raw.startswith("sqlite:///"):
        return raw, False
    for scheme in ("postgresql+psycopg://", "postgresql://", "postgres://"):
        if raw.startswith(scheme):
            return "postgresql+psycopg://" + raw.removeprefix(scheme), False
    raise BadSetting("DATABASE_URL: use postgresql://… or sqlite:///….")


def _redis_url(environ: Mapping[str, str]) -> str | None:
    raw = environ.get("REDIS_URL") or None
    if raw and not raw.startswith(("redis://", "rediss://", "unix://")):
        # Without the address itself: it may hold a password.
        raise BadSetting("REDIS_URL: use redis://…, rediss://… or unix://….")
    return raw


def _public_url(environ: Mapping[str, str], host: str, port: int) -> str:
    raw = environ.get("PUBLIC_URL")
    if not raw:
        if not is_loopback(host):
            raise BadSetting(
                f"PUBLIC_URL: needed when HOST is {host}, for residents are sent to that address;"
                " for example PUBLIC_URL=https://anlo.example.vn."
            )
        return f"http://{in_address(host)}:{port}"
    address = raw.rstrip("/")
    if not _is_site(address):
        raise BadSetting(f"PUBLIC_URL: {raw!r} is not of the form https://name.")
    return address


def in_address(host: str) -> str:
    """Return a host as it stands in an address: that of IPv6 in brackets."""
    return f"[{host}]" if ":" in host else host


def _is_site(address: str) -> bool:
    """Tell whether an address names a site and nothing on it."""
    try:
        parts = urlsplit(address)
        is_named = bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
    beside = (parts.path, parts.query, parts.fragment, parts.username)
    return parts.scheme in ("http", "https") and is_named and not any(beside)


def _tile_url(environ: Mapping[str, str]) -> str | None:
    raw = environ.get("TILE_URL") or None
    if raw is None:
        return None
    if not re.match(r"https?://[^/\s]+/", raw):
        raise BadSetting("TILE_URL: the address begins with https://name/.")
    if not all(part in raw for part in ("{z}", "{x}", "{y}")):
        raise BadSetting("TILE_URL: the address needs {z}, {x} and {y}.")
    # What a content policy cannot hold: it ends at a semicolon, a space or a comma.
    if re.search(r"[;,\s]", raw):
        raise BadSetting("TILE_URL: no spaces, commas or semicolons.")
    return raw


def _case_prefix(environ: Mapping[str, str]) -> str:
    raw = environ.get("ANLO_CASE_PREFIX") or "NH"
    if not re.fullmatch("[A-Z]{1,8}", raw):
        raise BadSetting("ANLO_CASE_PREFIX: one to eight capital letters A to Z.")
    return raw


def _emergency_number(environ: Mapping[str, str]) -> str:
    raw = environ.get("ANLO_EMERGENCY_NUMBER") or "113"
    if not raw.isdigit():
        raise BadSetting("ANLO_EMERGENCY_NUMBER: digits only.")
    return raw


def _secret_key(environ: Mapping[str, str], var: Path, demo: bool) -> str:
    raw = environ.get("SECRET_KEY")
    if raw:
        if len(raw) < LEAST_SECRET_LENGTH:
            raise BadSetting(f"SECRET_KEY: at least {LEAST_SECRET_LENGTH} characters.")
        return raw
    if not demo:
        raise BadSetting(
            "SECRET_KEY: needed outside the demonstration."
            " Make one with: python3 -c 'import secrets; print(secrets.token_hex(32))'"
        )
    return read_or_make_secret(var / "secret_key")


def read_or_make_secret(file: Path) -> str:
    """Return the secret in ``file`` (mode 0600), made on the first call.

    Two processes may call this at once: whoever creates the file first decides.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    draft = file.with_name(f"{file.name}.{os.getpid()}.{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as handle:
        handle.write(secrets.token_hex(32))
        handle.flush()
        os.fsync(handle.fileno())
    try:
        os.link(draft, file)
    except FileExistsError:
        pass
    finally:
        draft.unlink()
    return file.read_text(encoding="ascii")
