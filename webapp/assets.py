"""Finds built assets: the logical name a template uses, and the hashed file it stands for."""

import json
from pathlib import Path

from flask import Flask, url_for


class AssetsNotBuilt(RuntimeError):
    """No manifest stands in ``static/dist``; ``make run`` and ``make test`` build it."""


class Assets:
    """The manifest that esbuild wrote, read again when it changes (in development)."""

    def __init__(self, manifest: Path) -> None:
        """Remember where the manifest will be; it is read when the first page asks."""
        self._manifest = manifest
        self._read_at = -1
        self._names: dict[str, str] = {}

    def url(self, name: str) -> str:
        """Return the address of an asset.

        Raises:
            AssetsNotBuilt: there is no manifest yet.
            KeyError: the build made no asset of that name.
        """
        try:
            changed_at = self._manifest.stat().st_mtime_ns
        except FileNotFoundError:
            raise AssetsNotBuilt(f"{self._manifest} is missing: run make build") from None
        if changed_at != self._read_at:
            self._names = json.loads(self._manifest.read_text(encoding="utf-8"))
            self._read_at = changed_at
        return url_for("static", filename=f"dist/{self._names[name]}")


def register(app: Flask) -> None:
    """Give templates ``asset('main.js')``."""
    folder = Path(str(app.static_folder)) / "dist"
    assets = Assets(folder / "manifest.json")
    app.extensions["assets"] = assets
    app.jinja_env.globals["asset"] = assets.url
