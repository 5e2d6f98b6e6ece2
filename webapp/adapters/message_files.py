"""Writes messages as files, .eml and .json, where the demonstration would send them."""

import os
from email.headerregistry import Address
from pathlib import Path

from webapp.adapters.delivery import Letter
from webapp.adapters.mail import as_message
from webapp.adapters.message_hook import as_json

# Nothing is sent from here, so nobody answers to it.
SENDER = Address("An Lộ", "an-lo", "localhost")


class MessageFiles:
    """Keeps letters in a folder under their ids; one that comes twice is one file."""

    def __init__(self, folder: Path, suffix: str) -> None:
        """Write into ``folder``, made on the first letter; ``suffix`` is .eml or .json."""
        self._folder = folder
        self._suffix = suffix

    def carry(self, letter: Letter) -> None:
        """Write one letter, whole or not at all; see ``delivery.Carrier``."""
        body = bytes(as_message(letter, SENDER)) if self._suffix == ".eml" else as_json(letter)
        self._folder.mkdir(parents=True, exist_ok=True)
        target = self._folder / f"{letter.id}{self._suffix}"
        draft = target.with_name(f".{target.name}.{os.getpid()}")
        # What lies there is somebody's address.
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as handle:
            handle.write(body)
        draft.replace(target)
