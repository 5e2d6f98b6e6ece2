"""What is kept in memory stays as long as it is used, and is made once."""

from functools import partial

from webapp.kept import LastUsed


def test_what_was_not_used_for_longest_goes_first() -> None:
    kept: LastUsed[str, int] = LastUsed(2)
    made = [kept.find(key, partial(len, key)) for key in ("a", "bb", "a", "ccc")]
    assert made == [1, 2, 1, 3]
    assert [kept.get(key) for key in ("a", "bb", "ccc")] == [1, None, 3]
    kept.clear()
    assert kept.get("a") is None
