"""Brings the database up to date: migrations, reference data, and the demonstration if it is on."""

import sys

from flask import Flask
from flask.cli import ScriptInfo
from flask_migrate import upgrade

from setup import prepared
from webapp.app import create_app
from webapp.config import BadSetting, Settings


def main() -> int:
    """Prepare the database that the settings name."""
    try:
        app = create_app()
    except BadSetting as error:
        print(error, file=sys.stderr)
        return 1
    with app.app_context():
        upgrade()
    settings: Settings = app.extensions["settings"]
    flask(app, "reference", "load")
    if settings.demo:
        flask(app, "demo", "load")
    prepared.note_prepared(settings.database_url, is_demo=settings.demo)
    return 0


def flask(app: Flask, *words: str) -> None:
    """Run a ``flask`` command inside this process, which has loaded everything already."""
    app.cli.main(list(words), standalone_mode=False, obj=ScriptInfo(create_app=lambda: app))


if __name__ == "__main__":
    sys.exit(main())
