"""The environment that tests give to the application: nothing of the person's own leaks in."""

import os
from pathlib import Path

from webapp.config import OWN_NAMES, SHARED_NAMES, Settings, read_settings

SECRET_KEY = "a secret that only tests know"


def environment_for(database_url: str, var: Path, **changes: str) -> dict[str, str]:
    """Return our own settings for one test; ``changes`` are settings by name, such as PORT="0"."""
    plain = {"DATABASE_URL": database_url, "ANLO_VAR": str(var), "SECRET_KEY": SECRET_KEY}
    return plain | {"DEMO": "0"} | changes


def settings_for(database_url: str, var: Path, **changes: str) -> Settings:
    """Read the settings of one test, checked as those of ``make run`` are."""
    return read_settings(environment_for(database_url, var, **changes))


def process_environment(ours: dict[str, str]) -> dict[str, str]:
    """Return the environment of a process under test: the machine's, with our settings only."""
    foreign = {
        name: value
        for name, value in os.environ.items()
        if name not in (*OWN_NAMES, *SHARED_NAMES) and not name.startswith("ANLO_")
    }
    return foreign | {"PYTHONUNBUFFERED": "1"} | ours
