"""The door for gunicorn and for ``flask``: ``wsgi:app``."""

from webapp.app import create_app
from webapp.config import BadSetting

try:
    app = create_app()
except BadSetting as error:
    # One line for whoever set it, and no trace of ours around it.
    raise SystemExit(str(error)) from None
