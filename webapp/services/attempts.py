"""Wrong passwords, counted by login and address; in this process alone while Redis is away."""

from limits import RateLimitItemPerMinute

from webapp.domain.errors import TooMany
from webapp.services.limit_counts import ask, wait_s

# Five tries in a quarter of an hour: a person recovers from a typing error, a guesser gets
# under 500 tries a day.
TRIES = RateLimitItemPerMinute(5, 15, namespace="sign-in")
# One address may stand for a whole town hall, so it may err more often, but not try every login.
TRIES_OF_ADDRESS = RateLimitItemPerMinute(60, 15, namespace="sign-in-address")


def spend(login: str, address: str) -> int:
    """Count one try before its password is looked at.

    Returns:
        How many more tries are left in this window.

    Raises:
        TooMany: none was left; ``retry_after_s`` says when the window ends.
    """
    for item, keys in ((TRIES, (login, address)), (TRIES_OF_ADDRESS, (address,))):
        if not ask(lambda counter, item=item, keys=keys: counter.hit(item, *keys)):  # type: ignore[misc]
            raise TooMany("sign_in_too_often", retry_after_s=wait_s(item, *keys))
    return int(ask(lambda counter: counter.get_window_stats(TRIES, login, address).remaining))


def forgive(login: str, address: str) -> None:
    """Forget the tries of a login at an address: the right password came."""
    ask(lambda counter: counter.clear(TRIES, login, address))
