"""Who stands for a unit that ended: one rule for names, cases and officers."""

from webapp.domain.succession import heirs_standing


def test_who_stands_for_a_unit_is_the_first_of_each_chain_that_exists() -> None:
    """1 → 2 → 4, and 4 gave a part on to 5; 1 → 3, which ended without a successor."""
    written = {1: (2, 3), 2: (4,), 4: (5,), 6: (7,), 7: (6,)}
    assert heirs_standing(written, 1, {1, 2, 3}) == (4,)
    assert heirs_standing(written, 6, {6, 7}) == ()
    assert heirs_standing({}, 1, {1}) == ()
