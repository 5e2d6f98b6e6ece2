"""The yardstick of the front door: a bare Flask view that parses the same body and fsyncs it."""

import os
import secrets
from pathlib import Path

from flask import Flask, Response, jsonify, request

app = Flask(__name__)
app.config["MAX_CONTENT_LENGTH"] = 3 * 12 * 1024 * 1024 + 256 * 1024

FOLDER = Path(os.environ.get("BARE_FOLDER", "."))


@app.post("/reports")
def take() -> tuple[Response, int]:
    """Parse the form, write each photo to a file of its own, fsync it, answer."""
    tracking_key = request.form["tracking_key"]
    for photo in request.files.getlist("photo"):
        with (FOLDER / secrets.token_hex(16)).open("wb") as file:
            photo.save(file)
            file.flush()
            os.fsync(file.fileno())
    return jsonify(tracking_key=tracking_key), 201


@app.get("/readyz")
def ready() -> str:
    """Say that the server is up."""
    return "ok"
