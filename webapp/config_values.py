"""Reads one value of the environment, and says in one line what is wrong with it."""

import ipaddress
from collections.abc import Mapping

_TRUE = {"1", "true", "yes", "on"}
_FALSE = {"0", "false", "no", "off"}


class BadSetting(ValueError):
    """A setting is unknown or has a value that cannot be used; the message names it."""


def whole_number(environ: Mapping[str, str], name: str, default: int, least: int, most: int) -> int:
    """Return a whole number between two bounds; ``default`` when nothing is set."""
    raw = environ.get(name) or str(default)
    try:
        value = int(raw)
    except ValueError:
        raise BadSetting(f"{name}: {raw!r} is not a whole number.") from None
    if not least <= value <= most:
        raise BadSetting(f"{name}: {value} is not between {least} and {most}.")
    return value


def switch(environ: Mapping[str, str], name: str, *, default: bool) -> bool:
    """Return whether something is switched on."""
    raw = (environ.get(name) or "").strip().lower()
    if not raw:
        return default
    if raw in _TRUE | _FALSE:
        return raw in _TRUE
    raise BadSetting(f"{name}: {raw!r} is neither 1 nor 0.")


def is_loopback(host: str) -> bool:
    """Tell whether a host is this machine, as only it can see itself."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
