"""Points of the few charts that pages draw as SVG; each chart stands beside its table."""

from collections.abc import Sequence
from dataclasses import dataclass

WIDTH = 640
HEIGHT = 214
_LEFT, _RIGHT, _TOP, _BOTTOM = 40, 24, 12, 28


@dataclass(frozen=True)
class Point:
    """One value and where it stands in the drawing."""

    x: float
    y: float
    value: int


@dataclass(frozen=True)
class Lines:
    """Two lines over the same steps, and the marks of the upright axis."""

    first: tuple[Point, ...]
    second: tuple[Point, ...]
    marks: tuple[Point, ...]
    bottom: int = HEIGHT - _BOTTOM
    left: int = _LEFT
    right: int = WIDTH - _RIGHT

    @property
    def first_path(self) -> str:
        """The first line as an SVG path."""
        return _path(self.first)

    @property
    def second_path(self) -> str:
        """The second line as an SVG path."""
        return _path(self.second)


def two_lines(first: Sequence[int], second: Sequence[int]) -> Lines:
    """Place two rows of counts over the same steps; both need at least two values."""
    most = max(1, *first, *second)
    step = _mark_step(most)
    top = step * -(-most // step)
    marks = tuple(Point(_LEFT, _y(value, top), value) for value in range(0, top + 1, step))
    return Lines(_points(first, top), _points(second, top), marks)


def _mark_step(most: int) -> int:
    """Return a round distance between marks that gives at most five of them."""
    for step in (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000):
        if most <= 4 * step:
            return step
    return -(-most // 4000) * 1000


def _points(values: Sequence[int], top: int) -> tuple[Point, ...]:
    span = (WIDTH - _LEFT - _RIGHT) / (len(values) - 1)
    return tuple(
        Point(round(_LEFT + span * index, 1), _y(value, top), value)
        for index, value in enumerate(values)
    )


def _y(value: int, top: int) -> float:
    return round(HEIGHT - _BOTTOM - (HEIGHT - _BOTTOM - _TOP) * value / top, 1)


def _path(points: Sequence[Point]) -> str:
    return "M" + "L".join(f"{point.x} {point.y}" for point in points)
