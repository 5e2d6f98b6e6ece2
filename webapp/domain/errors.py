"""What can go wrong, in the domain's words; ``webapp.errors`` turns each into a sentence.

Every error carries a ``code``. The Vietnamese sentence for it stands in ``webapp.sentences``,
``details`` fills its gaps, and ``field`` names the form field that it belongs to.
"""


class AnLoError(Exception):
    """The root of all errors that a person may be told about."""

    def __init__(self, code: str, *, field: str | None = None, **details: object) -> None:
        """Keep the code, the field and whatever fills the gaps of the sentence."""
        super().__init__(code)
        self.code = code
        self.field = field
        self.details = details


class InvalidInput(AnLoError):
    """A value cannot be used as it is."""


class UnsupportedPhoto(AnLoError):
    """A file is not a photo of a kind that we take."""


class TooLarge(AnLoError):
    """A file or a request is larger than we take."""


class NotFound(AnLoError):
    """It does not exist, or whoever asks may not know that it does."""


class Gone(AnLoError):
    """It existed, and was taken back for good by whoever it belongs to."""


class NotAllowed(AnLoError):
    """Whoever asks may see it, and may not do this."""


class Conflict(AnLoError):
    """It was changed meanwhile, or the same key came with other content."""


class TooMany(AnLoError):
    """Too often in too short a time; ``details['retry_after_s']`` says when to come again."""


class NoRoom(AnLoError):
    """The disk is nearly full; nothing was taken."""
