"""Resolving a case: an after-photo, checked and kept, and a sentence that the public reads."""

from dataclasses import dataclass
from typing import BinaryIO

from sqlalchemy import or_, select

from webapp.adapters.photo_reader import ExifClaims
from webapp.adapters.photo_store import PhotoStore
from webapp.adapters.photo_trial import try_photo
from webapp.domain import casework as rules
from webapp.domain import geo
from webapp.domain.errors import InvalidInput
from webapp.models import Case, Officer, Photo
from webapp.services import photos
from webapp.services.casework import state_of
from webapp.services.casework_acts import MOST_WORDS, Acting, Seen, acting, belongs_to
from webapp.services.photos import CheckedPhoto

# A phone writes no accuracy beside an EXIF position; between houses its fix errs by about this.
EXIF_ACCURACY_M = 50.0


@dataclass(frozen=True)
class Proof:
    """What comes with a resolved case.

    ``is_shown`` says that the officer has looked at the photo and lets the public see it.
    """

    photo: BinaryIO | None
    public_sentence: str
    is_shown: bool = False


def resolve(officer: Officer, seen: Seen, proof: Proof, store: PhotoStore) -> None:
    """Resolve a case with its proof.

    Everything that can be refused is refused before the case is touched; bytes that were kept
    for an act which then fails do no harm, for nothing names them.

    Raises:
        InvalidInput: photo or sentence is missing, the photo cannot be decoded, or it is no
            proof (known already, older than the evidence, or from elsewhere).
        UnsupportedPhoto, TooLarge: the file is no photo that we take.
        NotFound, Conflict, NotAllowed: see ``casework_acts.acting``.
    """
    sentence = " ".join(proof.public_sentence.replace("\0", "").split())
    if len(sentence) > MOST_WORDS:
        raise InvalidInput("words_too_long", field="public_sentence", most=MOST_WORDS)
    checked = photos.check_photo(proof.photo) if proof.photo else None
    claims = _keep(checked, store) if checked else ExifClaims()
    with acting("resolve", officer, seen) as act:
        provided = {"after_photo": checked, "public_sentence": sentence}
        rules.check_needs(act.transition, {name for name, value in provided.items() if value})
        if checked:
            _check_new(act, checked.sha256)
        position = _position(claims)
        rules.check_proof(state_of(act.case), captured_at=claims.captured_at, position=position)
        photo = _add_photo(act, checked, claims, is_shown=proof.is_shown)
        data = {
            "public_sentence": sentence,
            "photo_ids": [photo.id],
            "photo_review": photo.review,
            "photo_captured_at": claims.captured_at,
            "photo_distance_m": _distance_m(act.case, position),
        }
        act.append(data=data)
        act.work.ask("prepare_photo", photo.id)


def _keep(checked: CheckedPhoto, store: PhotoStore) -> ExifClaims:
    photos.keep_photo(checked, store)
    trial = try_photo(store.path(checked.sha256))
    if not trial.is_readable:
        raise InvalidInput("after_photo_unreadable", field="after_photo")
    return trial.claims


def _check_new(act: Acting, sha256: str) -> None:
    """Refuse a photo that the case or its place has already, in any of its sizes.

    An after-photo may prove two cases that lie side by side; at one place it proves one.
    """
    earlier_proof = Photo.case_id.in_(select(Case.id).where(Case.place_id == act.case.place_id))
    hashes = (
        Photo.received_sha256,
        Photo.original_sha256,
        Photo.large_sha256,
        Photo.small_sha256,
    )
    known = select(Photo.id).where(
        or_(belongs_to(act.case.id), earlier_proof), or_(*(each == sha256 for each in hashes))
    )
    if act.work.session.scalar(known.limit(1)) is not None:
        raise InvalidInput("after_photo_known", field="after_photo")


def _add_photo(
    act: Acting, checked: CheckedPhoto | None, claims: ExifClaims, *, is_shown: bool
) -> Photo:
    if checked is None:
        raise InvalidInput("after_photo_needed", field="after_photo")
    photo = photos.new_photo(checked, role="after", sort_order=0, now=act.now)
    photo.case_id = act.case.id
    photo.captured_at = claims.captured_at
    photo.exif_read = claims.as_json()
    if is_shown:
        photo.review, photo.reviewed_at, photo.reviewed_by_id = "shown", act.now, act.officer.id
    act.work.session.add(photo)
    act.work.session.flush()
    return photo


def _position(claims: ExifClaims) -> geo.Position | None:
    latitude, longitude = claims.latitude, claims.longitude
    if latitude is None or longitude is None or not geo.is_usable(latitude, longitude):
        return None
    return geo.Position(latitude, longitude, EXIF_ACCURACY_M)


def _distance_m(case: Case, position: geo.Position | None) -> int | None:
    if position is None:
        return None
    return round(geo.distance_m(position, geo.Position(case.latitude, case.longitude)))
