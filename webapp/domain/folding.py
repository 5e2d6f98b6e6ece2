"""Words as people type them in a hurry: small letters without Vietnamese marks."""

import unicodedata


def folded(words: str) -> str:
    """Return words in small letters without diacritics: "Ổ gà ĐƯỜNG" becomes "o ga duong"."""
    apart = unicodedata.normalize("NFKD", words.casefold()).replace("đ", "d")
    return "".join(letter for letter in apart if not unicodedata.combining(letter))
