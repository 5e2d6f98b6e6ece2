"""Plays the stories through the real services, each act at its own moment of the past."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from io import BytesIO
from zlib import crc32

from sqlalchemy import or_, select

from webapp import clock
from webapp.adapters.photo_store import PhotoStore
from webapp.config import Settings
from webapp.demo import camera
from webapp.demo.camera import Shot
from webapp.demo.journal import Journal
from webapp.demo.people import Officers
from webapp.domain.evidence import parse_tracking_key
from webapp.domain.geo import Position
from webapp.extensions import db
from webapp.models import (
    Attachment,
    Case,
    CaseEvent,
    CaseView,
    Officer,
    Photo,
    Report,
    ReportTriage,
)
from webapp.services import (
    casework_acts,
    casework_proof,
    intake,
    outbox,
    photo_preparation,
    triage,
)
from webapp.services.casework_acts import Review, Seen
from webapp.services.outbox import Lease
from webapp.services.submission import RawSubmission

# A phone sends a few minutes after the photo was taken.
SENDING_TAKES = timedelta(minutes=3)
TRIAGE_TAKES = timedelta(seconds=20)
# An interrupted run may have left a lease behind; after this it has certainly run out.
LEASE_SECONDS = 20
LEASE_OVER = timedelta(seconds=LEASE_SECONDS + 5)


@dataclass(frozen=True)
class Letter:
    """What one phone sends: everything a form would hold.

    ``claimed_at`` is when the photos say that they were taken, if that is not true;
    ``is_time_told`` is false when they say nothing.
    """

    subject: str
    phone: str
    category: str
    shots: tuple[Shot, ...]
    captured_at: datetime
    words: str = ""
    position: Position | None = None
    commune_hint: str = ""
    contact_phone: str = ""
    claimed_at: datetime | None = None
    is_time_told: bool = True
    seen_case: str = ""

    @property
    def sent_at(self) -> datetime:
        """Return when the phone sent it."""
        return self.captured_at + SENDING_TAKES


class Stage:
    """Where the stories are played; every act is left out that was played before."""

    def __init__(self, settings: Settings, journal: Journal, officers: Officers) -> None:
        self.settings = settings
        self.store = PhotoStore(settings.photo_folder)
        self.journal = journal
        self.officers = officers

    def send(self, letter: Letter) -> int:
        """Let the front door take a report in, and return its id."""
        with clock.at(letter.sent_at):
            raw = RawSubmission(
                fields=self._fields(letter),
                photos=[BytesIO(camera.take(shot)) for shot in letter.shots],
                photo_fields={"captured_at": _captured(letter)} if letter.is_time_told else {},
                address=_address_of(letter.phone),
            )
            accepted = intake.submit(raw, settings=self.settings, store=self.store)
        key = parse_tracking_key(accepted.tracking_key)
        found = select(Report.id).where(Report.tracking_key_hash == intake.hash_tracking_key(key))
        return db.session.scalars(found).one()

    def triage(self, report_id: int, moment: datetime) -> None:
        """Let the machine triage a report, as a worker would."""
        self.work(
            "triage_report",
            report_id,
            moment + TRIAGE_TAKES,
            lambda lease: triage.triage_report(report_id, lease, self.store),
        )

    def exhaust(self, report_id: int, moment: datetime) -> None:
        """Let every attempt at a report fail, so that a person is asked."""
        moment += TRIAGE_TAKES
        for attempt in range(1, outbox.MOST_ATTEMPTS + 1):
            with clock.at(moment):
                lease = outbox.lease("triage_report", str(report_id), seconds=LEASE_SECONDS)
                if lease is not None and not lease.is_beyond_last_attempt:
                    outbox.fail(lease, OSError("the disk of the photos did not answer"))
            moment += max(outbox.pause_after(attempt), LEASE_OVER)
        self.work(
            "triage_report",
            report_id,
            moment,
            lambda lease: triage.hold_as_exhausted(report_id, lease),
        )

    def case_of(self, report_id: int) -> Case:
        """Return the case that a report belongs to, as it stands."""
        found = (
            select(Case)
            .join(Attachment, Attachment.case_id == Case.id)
            .where(Attachment.report_id == report_id)
            .order_by(Attachment.id.desc())
            .execution_options(populate_existing=True)
        )
        db.session.rollback()
        return db.session.scalars(found).first() or _no_case(report_id)

    def number_opened_for(self, report_id: int) -> str:
        """Return the number of the case that a report was given first, whatever came after."""
        found = (
            select(Case.number)
            .join(Attachment, Attachment.case_id == Case.id)
            .where(Attachment.report_id == report_id)
            .order_by(Attachment.id)
        )
        return db.session.scalars(found).first() or _no_case(report_id).number

    def officer_for(self, case: Case) -> Officer:
        """Return the officer of the unit that leads a case."""
        return self.officers.of_unit[case.lead_unit.code]

    def view(self, case: Case, moment: datetime) -> None:
        """Let the commune's officer open a case."""
        officer = self.officer_for(case)
        with clock.at(moment):
            if db.session.get(CaseView, (case.id, officer.id)) is None:
                casework_acts.record_view(officer, case.number)

    def act(
        self,
        case: Case,
        kind: str,
        moment: datetime,
        do: Callable[[Officer, Seen], object],
    ) -> None:
        """Let the commune's officer do something that ends in an event of ``kind``."""
        # What was done before a merge stands in the history of the case that was merged.
        was_done = (
            select(CaseEvent.id)
            .join(Case, Case.id == CaseEvent.case_id)
            .where(or_(Case.id == case.id, Case.merged_into_id == case.id))
            .where(CaseEvent.kind == kind, CaseEvent.at == moment)
        )
        if db.session.scalars(was_done).first() is not None:
            return
        with clock.at(moment):
            do(self.officer_for(case), Seen(case.number, case.version))

    def review(self, case: Case, photo: Photo, review: Review, moment: datetime) -> None:
        """Let the commune's officer show a photo or keep it private."""
        self.act(
            case,
            "photo_reviewed",
            moment,
            lambda officer, as_seen: casework_acts.review_photo(officer, as_seen, photo.id, review),
        )

    def resolve(self, case: Case, shot: Shot, sentence: str, moment: datetime) -> None:
        """Let the commune's officer resolve a case, and a worker prepare the proof."""
        self.act(
            case,
            "resolved",
            moment,
            lambda officer, as_seen: casework_proof.resolve(
                officer,
                as_seen,
                casework_proof.Proof(BytesIO(camera.take(shot)), sentence, is_shown=True),
                self.store,
            ),
        )
        proofs = select(Photo.id).where(Photo.case_id == case.id, Photo.state == "pending")
        for photo_id in db.session.scalars(proofs).all():
            self.work(
                "prepare_photo",
                photo_id,
                moment + TRIAGE_TAKES,
                partial(photo_preparation.prepare_photo, photo_id, store=self.store),
            )

    def work(
        self, kind: str, subject: int | str, moment: datetime, do: Callable[[Lease], None]
    ) -> None:
        """Do one piece of pending work at its moment, as a worker would; once, however often."""
        for start in (moment, moment + LEASE_OVER):
            with clock.at(start):
                lease = outbox.lease(kind, str(subject), seconds=LEASE_SECONDS)
                if lease is not None:
                    do(lease)
                    return

    def photos_of(self, report_id: int) -> list[Photo]:
        """Return the photos of a report in their order."""
        query = select(Photo).where(Photo.report_id == report_id).order_by(Photo.sort_order)
        return list(db.session.scalars(query.execution_options(populate_existing=True)))

    def standing_of(self, report_id: int) -> ReportTriage:
        """Return where a report stands."""
        return db.session.get_one(ReportTriage, report_id, populate_existing=True)

    def _fields(self, letter: Letter) -> dict[str, str]:
        position = letter.position
        fields = {
            "tracking_key": self.journal.tracking_key(letter.subject),
            "install_key": self.journal.install_key(letter.phone),
            "category": letter.category,
            "sent_at": letter.sent_at.isoformat(),
            "description": letter.words,
            "commune_hint": letter.commune_hint,
            "contact_phone": letter.contact_phone,
        }
        if letter.seen_case:
            fields["seen_case"] = letter.seen_case
        if position is not None:
            fields |= {
                "device_latitude": f"{position.latitude:.6f}",
                "device_longitude": f"{position.longitude:.6f}",
                "device_accuracy_m": f"{position.accuracy_m or 0:.0f}",
                "device_fix_at": letter.captured_at.isoformat(),
            }
        return fields


def _address_of(phone: str) -> str:
    """Give each phone an address of its own, from the range kept for examples (RFC 3849)."""
    return f"2001:db8:0:{crc32(phone.encode()) & 0xFFFF:x}::1"


def _captured(letter: Letter) -> list[str]:
    moment = letter.claimed_at or letter.captured_at
    return [moment.isoformat() for _shot in letter.shots]


def _no_case(report_id: int) -> Case:
    raise LookupError(f"report {report_id} of the demonstration belongs to no case")
