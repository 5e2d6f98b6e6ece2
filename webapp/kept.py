"""Keeps what is dear to make and the same for everybody, in this process: lately made or used."""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

Thing = TypeVar("Thing")
Key = TypeVar("Key", bound=Hashable)


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


class LastUsed(Generic[Key, Thing]):
    """Things by key, of which only those stay that were used last."""

    def __init__(self, most: int) -> None:
        """Keep so many things."""
        self._most = most
        self._things: OrderedDict[Key, Thing] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: Key) -> Thing | None:
        """Return the thing of a key, which is used by that; None when it is not kept."""
        with self._lock:
            if key in self._things:
                self._things.move_to_end(key)
            return self._things.get(key)

    def put(self, key: Key, thing: Thing) -> None:
        """Keep a thing, and let go what was not used for longest."""
        with self._lock:
            self._things[key] = thing
            self._things.move_to_end(key)
            while len(self._things) > self._most:
                self._things.popitem(last=False)

    def find(self, key: Key, make: Callable[[], Thing]) -> Thing:
        """Return the thing of a key, made now unless it is kept; two may make it at once."""
        kept = self.get(key)
        if kept is None:
            kept = make()
            self.put(key, kept)
        return kept

    def clear(self) -> None:
        """Let everything go."""
        with self._lock:
            self._things.clear()
