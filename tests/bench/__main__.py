"""Run every benchmark, one after the other; their figures want a quiet machine."""

import os

from tests.bench import derivatives, front_door, matcher, queue_page, territory, triage


def main() -> None:
    """Print each benchmark under its name, with the load of the machine before it."""
    for room in (front_door, triage, territory, queue_page, derivatives, matcher):
        load = os.getloadavg()[0]
        print(f"\n== {room.__name__.rpartition('.')[2]} (load before: {load:.2f}) ==", flush=True)
        room.main()


if __name__ == "__main__":
    main()
