"""The door for gunicorn and for ``flask``: ``wsgi:app``."""

from webapp.app import create_app

app = create_app()
