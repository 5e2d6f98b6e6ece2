"""How the passwords of tests are sealed: quickly."""

from functools import cache

from argon2 import PasswordHasher

# Real costs are for real people: 64 MiB and three passes are a quarter of a second each time.
CHEAP_HASHER = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


@cache
def sealed(password: str) -> str:
    """Return a password as the table of officers keeps it; one hash does for all of them."""
    return CHEAP_HASHER.hash(password)
