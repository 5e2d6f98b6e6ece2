"""Compares a report's photos with those of the cases near by; every pair of pictures once.

Comparing takes some milliseconds a pair. Most of it is done before the transaction that decides
begins: what was compared is remembered, and inside there remains what arrived in between.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy.orm import Session

from webapp.adapters import photo_matcher
from webapp.adapters.photo_matcher import PhotoPrint
from webapp.domain.duplicates import (
    Candidate,
    Comparison,
    Sighting,
    Weights,
    best_likeness,
    choose_comparisons,
)
from webapp.domain.likeness import PhotoLikeness
from webapp.services import photo_prints
from webapp.services.candidates import Neighbour
from webapp.services.photo_prints import Printed


def photos_to_compare(
    report: Sighting | None,
    photos: Sequence[Printed],
    neighbours: Sequence[Neighbour],
    weights: Weights,
) -> list[Printed]:
    """Return a report's photos, and of those near by only the ones that will be compared.

    Each may lack its print, and taking one means decoding a picture: of the hundreds of photos
    that can lie near, no more are needed than the domain chooses pairs.

    Args:
        report: what was sent; without one nothing near by is compared.
        photos: the report's own.
        neighbours: the cases near by.
        weights: the fitted numbers.
    """
    if report is None:
        return list(photos)
    chosen = _chosen(report, [photo.received_sha256 for photo in photos], neighbours, weights)
    wanted = {pair.case_photo for pair in chosen}
    near = [photo for each in neighbours for photo in each.photos]
    return [*photos, *(photo for photo in near if photo.received_sha256 in wanted)]


def _chosen(
    report: Sighting, pictures: Sequence[str], neighbours: Sequence[Neighbour], weights: Weights
) -> list[Comparison]:
    return choose_comparisons(
        report,
        [neighbour.candidate for neighbour in neighbours],
        weights,
        report_photos=pictures,
        case_photos={each.candidate.case_id: each.pictures for each in neighbours},
    )


class Comparisons:
    """What was compared so far, for one report; pictures go by the hash of their bytes."""

    def __init__(self) -> None:
        """Begin with nothing compared."""
        self._prints: dict[str, PhotoPrint] = {}
        self._known: dict[tuple[str, str], PhotoLikeness] = {}

    def judgeable(
        self,
        session: Session,
        report: Sighting,
        pictures: Sequence[str],
        neighbours: Sequence[Neighbour],
        weights: Weights,
    ) -> list[Candidate]:
        """Return the candidates with the likeness of their photos to the report's.

        Which pairs are compared is the domain's choice, and their number is capped there.
        """
        chosen = _chosen(report, pictures, neighbours, weights)
        pairs = [(each.report_photo, each.case_photo) for each in chosen]
        found: dict[int, list[PhotoLikeness]] = defaultdict(list)
        for pair, likeness in zip(chosen, self.likenesses(session, pairs), strict=True):
            if likeness is not None:
                found[pair.case_id].append(likeness)
        return [
            replace(each.candidate, likeness=best_likeness(found[each.candidate.case_id], weights))
            for each in neighbours
        ]

    def likenesses(
        self, session: Session, pairs: Sequence[tuple[str, str]]
    ) -> list[PhotoLikeness | None]:
        """Return the likeness of each pair of pictures; None when one of them has no print."""
        self._load(session, pairs)
        return [self._between(*pair) for pair in pairs]

    def _load(self, session: Session, pairs: Sequence[tuple[str, str]]) -> None:
        wanted = {picture for pair in pairs if _key(*pair) not in self._known for picture in pair}
        if missing := wanted - self._prints.keys():
            self._prints.update(photo_prints.prints_of(session, missing))

    def _between(self, one: str, other: str) -> PhotoLikeness | None:
        key = _key(one, other)
        if key not in self._known:
            first, second = self._prints.get(one), self._prints.get(other)
            if first is None or second is None:
                return None
            self._known[key] = photo_matcher.compare(first, second)
        return self._known[key]


def _key(one: str, other: str) -> tuple[str, str]:
    return min(one, other), max(one, other)
