"""Takes reports in: checks everything, keeps the bytes, writes one transaction, then answers."""

import hashlib
import hmac
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import BinaryIO

from sqlalchemy import func, insert, select
from sqlalchemy.exc import IntegrityError

from webapp import clock
from webapp.adapters.photo_store import PhotoStore
from webapp.config import Settings
from webapp.domain.errors import AnLoError, Conflict, InvalidInput, NotFound, TooMany
from webapp.domain.evidence import group_tracking_key, parse_tracking_key, tracking_key_from
from webapp.extensions import db
from webapp.models import Category, Contact, Photo, Report, ReportTriage, Unit
from webapp.services import contacts, intake_limits, photos, territory
from webapp.services.contacts import ContactStanding
from webapp.services.former_names import FormerName, former_names
from webapp.services.photos import CheckedPhoto
from webapp.services.public_named import known_number
from webapp.services.submission import RawSubmission, Submission, read_submission
from webapp.services.transaction import Transaction, transaction


@dataclass(frozen=True)
class Accepted:
    """A report that is safe here; ``is_new`` is False when it had arrived before."""

    tracking_key: str
    is_new: bool


@dataclass(frozen=True)
class FormChoices:
    """What a resident may choose from: categories in their order, communes by name.

    ``former`` are old names of communes, each with those of today that it became.
    """

    categories: list[Category]
    communes: list[Unit]
    former: list[FormerName]


@dataclass(frozen=True)
class Receipt:
    """What a resident is handed after sending; ``groups`` is the key as one reads it aloud.

    ``seen_case`` is the public case that they said they saw as well.
    """

    tracking_key: str
    groups: list[str]
    received_at: datetime
    category_label: str
    photo_count: int
    seen_case: str | None = None
    contact: ContactStanding | None = None


def hash_tracking_key(tracking_key: str) -> str:
    """Return what the server keeps of a tracking key.

    Plain SHA-256 is enough: 128 random bits can be neither guessed nor listed, so a salt or a
    slow hash would protect nothing. It does not depend on SECRET_KEY either, for a resident's
    key must open its page for years, whatever happens to the server's secrets.

    Args:
        tracking_key: in its canonical form (``domain.evidence.parse_tracking_key``).
    """
    return hashlib.sha256(tracking_key.encode("ascii")).hexdigest()


def hash_install_key(install_key: str, secret_key: str) -> str:
    """Return what the server keeps of an install key: keyed, so that a stolen table names no phone.

    With another SECRET_KEY every phone counts as a new witness from then on.
    """
    words = f"install:{install_key}".encode("ascii")
    return hmac.new(secret_key.encode(), words, hashlib.sha256).hexdigest()


def new_tracking_key() -> str:
    """Return a fresh tracking key, for a form in a browser that makes none itself."""
    return tracking_key_from(secrets.token_bytes(16))


def form_choices() -> FormChoices:
    """Return what the form offers to choose from."""
    open_categories = select(Category).where(Category.is_active).order_by(Category.sort_order)
    today = clock.now().astimezone(clock.LOCAL_ZONE).date()
    return FormChoices(
        categories=list(db.session.scalars(open_categories)),
        communes=territory.units_on(today),
        former=former_names(today),
    )


def submit(raw: RawSubmission, *, settings: Settings, store: PhotoStore) -> Accepted:
    """Take one report in; when this returns, it is durable and its triage is asked for.

    The order is a promise: everything is checked, the photos' bytes are fsynced, one transaction
    is committed, the queue is nudged. The same key with the same content is answered as the first
    time and is free of limits, for a phone that heard no answer must try again.

    Raises:
        InvalidInput: a field or a photo cannot be used; nothing was stored. A category that is
            not offered any more can be used, for a phone may send days later: a person reads it.
        UnsupportedPhoto, TooLarge: a photo is not one that we take; nothing was stored. What is
            wrong with one photo carries its place among them as ``details["index"]``, from 0.
        Conflict: the key already belongs to a report with other content.
        TooMany: too many reports from this phone or address in the last hour.
        NoRoom: the disk is nearly full.
    """
    submission = read_submission(raw)
    checked = [_check_photo(stream, place) for place, stream in enumerate(raw.photos)]
    content_hash = submission.content_hash([photo.sha256 for photo in checked])
    earlier = _earlier(submission, content_hash)
    if earlier is not None:
        return earlier
    _check_category(submission.content.category_code)
    try:
        _check_limits(submission, raw.address, settings, store)
        for photo in checked:
            photos.keep_photo(photo, store)
        _write(submission, content_hash, checked, settings)
    except (IntegrityError, TooMany):
        # The same key twice at the same moment: one passed, and the other gets its answer. Only
        # a report that did not pass is told of a limit.
        earlier = _earlier(submission, content_hash)
        if earlier is None:
            raise
        return earlier
    return Accepted(submission.tracking_key, is_new=True)


def read_receipt(raw_key: str) -> Receipt:
    """Return the receipt of a report that arrived.

    Raises:
        NotFound: no report came with that key.
    """
    try:
        tracking_key = parse_tracking_key(raw_key)
    except InvalidInput:
        raise NotFound("tracking_key_unknown") from None
    photo_count = select(func.count(Photo.id)).where(Photo.report_id == Report.id).scalar_subquery()
    row = db.session.execute(
        select(
            Report.received_at, Category.tile_label, photo_count, Report.meant_case_number, Contact
        )
        .join(Category, Category.service_code == Report.category_code)
        .outerjoin(Contact, Contact.report_id == Report.id)
        .where(Report.tracking_key_hash == hash_tracking_key(tracking_key))
    ).one_or_none()
    if row is None:
        raise NotFound("tracking_key_unknown")
    received_at, category_label, photos_sent, meant, contact = row
    return Receipt(
        tracking_key=tracking_key,
        groups=group_tracking_key(tracking_key),
        received_at=received_at,
        category_label=category_label,
        photo_count=photos_sent,
        seen_case=known_number(meant),
        contact=contacts.standing_of(contact),
    )


def _check_photo(stream: BinaryIO, place: int) -> CheckedPhoto:
    try:
        return photos.check_photo(stream)
    except AnLoError as error:
        # Of several photos, the sender must learn which one it is about.
        error.details["index"] = place
        raise


def _earlier(submission: Submission, content_hash: str) -> Accepted | None:
    """Return the answer that was given before, when the key already has its report."""
    known = db.session.scalar(
        select(Report.content_hash).where(
            Report.tracking_key_hash == hash_tracking_key(submission.tracking_key)
        )
    )
    if known is None:
        return None
    if known != content_hash:
        raise Conflict("key_has_other_content", field="tracking_key")
    return Accepted(submission.tracking_key, is_new=False)


def _check_category(service_code: str) -> None:
    known = select(Category.service_code).where(Category.service_code == service_code)
    if db.session.scalar(known) is None:
        raise InvalidInput("category_unknown", field="category")


def _check_limits(
    submission: Submission, address: str, settings: Settings, store: PhotoStore
) -> None:
    # A phone over its share is told before anything is kept; what counts is the look in _write.
    _check_install(submission, settings)
    # What follows is slow; the database need not wait for the disk.
    db.session.rollback()
    photos.check_room(store, min_free_mb=settings.min_free_mb)
    intake_limits.spend_of_address(
        address, per_hour=settings.reports_per_address_hour, secret_key=settings.secret_key
    )


def _check_install(submission: Submission, settings: Settings) -> None:
    intake_limits.check_install(
        _install_hash(submission, settings),
        per_hour=settings.reports_per_install_hour,
        now=clock.now(),
    )


def _install_hash(submission: Submission, settings: Settings) -> str | None:
    key = submission.install_key
    return hash_install_key(key, settings.secret_key) if key else None


def _write(
    submission: Submission, content_hash: str, checked: Sequence[CheckedPhoto], settings: Settings
) -> None:
    with transaction() as work:
        intake_limits.wait_for_phone(work, _install_hash(submission, settings))
        _check_install(submission, settings)
        report = _report(submission, content_hash, _install_hash(submission, settings))
        work.session.add(report)
        work.session.flush()
        _insert_parts(work, report, submission, checked)
        work.ask("triage_report", report.id)


def _report(submission: Submission, content_hash: str, install_key_hash: str | None) -> Report:
    content = submission.content
    return Report(
        tracking_key_hash=hash_tracking_key(submission.tracking_key),
        content_hash=content_hash,
        install_key_hash=install_key_hash,
        channel="web",
        category_code=content.category_code,
        received_at=clock.now(),
        sent_at=submission.sent_at,
        device_latitude=content.device_latitude,
        device_longitude=content.device_longitude,
        device_accuracy_m=content.device_accuracy_m,
        device_fix_at=content.device_fix_at,
        pin_latitude=content.pin_latitude,
        pin_longitude=content.pin_longitude,
        commune_hint=content.commune_hint,
        description=content.description,
        meant_case_number=content.seen_case,
    )


def _insert_parts(
    work: Transaction, report: Report, submission: Submission, checked: Sequence[CheckedPhoto]
) -> None:
    content, now = submission.content, report.received_at
    rows = [
        photos.photo_values(photo, role="evidence", sort_order=order, now=now)
        | {"report_id": report.id, **vars(claims)}
        for order, (photo, claims) in enumerate(zip(checked, content.photo_claims, strict=True))
    ]
    if rows:
        # Rows added to the session would take a statement each, for the sake of their ids; so
        # would rows whose empty columns were left out.
        work.session.execute(insert(Photo).execution_options(render_nulls=True), rows)
    if content.contact_phone or content.contact_email:
        work.session.add(
            Contact(
                report_id=report.id,
                phone=content.phone,
                email=content.contact_email,
                consented_at=now,
            )
        )
        work.ask("confirm_contact", report.id)
    work.session.add(ReportTriage(report_id=report.id, status="received", updated_at=now))
