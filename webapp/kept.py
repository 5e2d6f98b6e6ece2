"""Keeps what is dear to make and the same for everybody, in this process, for some seconds."""

import threading
import time
from collections.abc import Callable
from typing import Generic, TypeVar

Thing = TypeVar("Thing")


class Kept(Generic[Thing]):
    """Things by name; each is made again by the first who asks after its time, others wait."""

    def __init__(self, seconds: float) -> None:
        """Keep things for this long."""
        self._seconds = seconds
        self._things: dict[str, tuple[float, Thing]] = {}
        self._lock = threading.Lock()

    def get(self, name: str, make: Callable[[], Thing]) -> Thing:
        """Return the thing of that name, made now unless it was made lately."""
        with self._lock:
            made_at, thing = self._things.get(name, (None, None))
            if made_at is None or thing is None or time.monotonic() - made_at >= self._seconds:
                thing = make()
                self._things[name] = (time.monotonic(), thing)
            return thing
