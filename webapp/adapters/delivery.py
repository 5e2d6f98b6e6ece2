"""What every way of telling a resident has in common: a letter, and the two ways to fail."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True)
class Letter:
    """One message, ready to go, for whatever channel.

    ``id`` is the same each time that the same message is sent. ``short`` is the whole message in
    one paragraph, for a telephone. ``unsubscribe_url`` takes RFC 8058's one-click POST.
    """

    id: str
    kind: str
    to: str = field(repr=False)
    subject: str
    text: str
    html: str
    short: str
    unsubscribe_url: str = field(repr=False)
    written_at: datetime


class Delayed(Exception):
    """The channel did not take the letter now; later it may. The message names no resident."""


class ChannelAway(Delayed):
    """Nothing gets through here for now: no letter need try until some time has passed."""


class Undeliverable(Exception):
    """This letter will never be taken, however often it is sent. The message names no resident."""


class Carrier(Protocol):
    """Whatever takes letters to the outside."""

    def carry(self, letter: Letter) -> None:
        """Hand one letter over; when this returns, the other side has taken it.

        Raises:
            Delayed: try again later; ``ChannelAway`` if every letter would fare the same.
            Undeliverable: do not try again.
        """
