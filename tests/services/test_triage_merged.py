"""Triage beside cases that were merged: every spot of a merged case keeps speaking for itself."""

from pathlib import Path

import pytest
from sqlalchemy import select

from tests.servers import triage_scene as scene
from webapp.adapters.photo_store import PhotoStore
from webapp.extensions import db
from webapp.models import Attachment, Case, Officer
from webapp.services import casework_merging, outbox, triage
from webapp.services.casework_acts import Seen

pytestmark = pytest.mark.usefixtures("context", "units")

APART_M = 40.0


@pytest.fixture
def units(context: None) -> dict[str, int]:
    """Two communes under a supervising unit."""
    return scene.build_district()


def send(store: PhotoStore, north_m: float) -> int:
    here = (scene.WEST[0] + north_m * scene.TEN_METRES / 10, scene.WEST[1])
    report = scene.add_report(fix=here, accuracy_m=6.0)
    lease = outbox.lease("triage_report", str(report), seconds=60)
    assert lease is not None
    triage.triage_report(report, lease, store)
    return report


def case_of(report_id: int) -> Case:
    db.session.rollback()
    newest = (
        select(Case)
        .join(Attachment)
        .where(Attachment.report_id == report_id)
        .order_by(Attachment.id.desc())
    )
    return db.session.scalars(newest.execution_options(populate_existing=True)).first()  # type: ignore[return-value]


def test_after_a_merge_reports_from_either_spot_still_join(tmp_path: Path) -> None:
    store = scene.store_in(tmp_path)
    here = [send(store, 0) for _ in range(9)]
    there = [send(store, APART_M) for _ in range(9)]
    one, other = case_of(here[0]), case_of(there[0])
    assert one.id != other.id
    officer = db.session.scalars(select(Officer).where(Officer.role == "officer")).one()
    casework_merging.merge(
        officer, Seen(one.number, one.version), Seen(other.number, other.version)
    )
    survivor = case_of(here[0])
    assert case_of(there[0]).id == survivor.id
    assert case_of(send(store, 0)).id == survivor.id
    assert case_of(send(store, APART_M)).id == survivor.id
