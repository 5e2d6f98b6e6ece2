"""What becomes of a report: one pure decision from settled evidence and the cases near by."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from webapp.domain.casework import SEVERITIES, is_open
from webapp.domain.duplicates import Candidate, Judgement, Sighting, Weights, judge, verdict
from webapp.domain.evidence import DEFAULT_EXIF_ACCURACY_M, DEFAULT_PIN_ACCURACY_M, StrayFix
from webapp.domain.geo import Position

__all__ = [
    "DEFAULT_EXIF_ACCURACY_M",
    "DEFAULT_PIN_ACCURACY_M",
    "HOLD_CODES",
    "Attach",
    "Candidate",
    "Decision",
    "Evidence",
    "Hold",
    "Likely",
    "Open",
    "Policy",
    "Relapse",
    "decide",
    "sighting_of",
]

HOLD_CODES = (
    "no_position",
    "fix_not_of_photo",
    "outside_boundaries",
    "no_responsible_unit",
    "impossible_time",
    "uncertain_time",
    "category_needs_person",
    "no_photo_readable",
    "attempts_exhausted",
)

# product.md: "a watch period follows (30 days for encroachment, never under 14)".
LEAST_WATCH = timedelta(days=14)

# An officer compares two cases at a time; a fourth possible twin is found through the third.
MOST_LIKELY = 3


@dataclass(frozen=True)
class Policy:
    """What a decision goes by besides the evidence.

    ``watch_days`` holds, per category, how long a resolved case is watched.
    """

    weights: Weights
    watch_days: Mapping[str, int] = field(default_factory=dict)

    def watch_of(self, category_code: str) -> timedelta:
        """Return how long a resolved case of a category is watched."""
        return max(LEAST_WATCH, timedelta(days=self.watch_days.get(category_code, 0)))


@dataclass(frozen=True)
class Evidence:
    """What triage knows of one report after its claims are settled.

    ``is_triaged_by_person`` is the category's ("other" is always read by a person, and so is one
    that is not offered any more); ``stray_fix`` is a fix that did not place the report;
    ``is_set_by_person`` says that a person at the desk has looked at this report and set
    something, which lifts every hold that only waits for a person. ``land_ids`` are the communes
    on whose land the trouble may lie, the one that counts first: a case of any of them may take
    the report. Those that held the land within the watch period are among them, for a case that
    ended stays theirs. Empty means that nobody holds the position. ``unit_id`` is who must act;
    None means that nobody is responsible, and ``problem`` says why, as a code.
    ``words`` and ``install_key_hash`` are the sender's, as far as there are any.
    ``is_time_asked`` says that a person was asked when an uncertain photo was taken, whatever
    they answered.
    """

    category_code: str
    position: Position | None
    position_source: str | None
    captured_at: datetime | None
    is_time_certain: bool
    is_time_impossible: bool
    is_triaged_by_person: bool
    unit_id: int | None
    land_ids: tuple[int, ...]
    is_set_by_person: bool
    has_only_unreadable_photos: bool
    stray_fix: StrayFix | None = None
    received_at: datetime | None = None
    words: str = ""
    install_key_hash: str | None = None
    is_time_asked: bool = False
    problem: str | None = None


@dataclass(frozen=True)
class Likely:
    """An open case that may be the same trouble: a person compares the two."""

    case_id: int
    probability: float
    terms: Mapping[str, Any]


@dataclass(frozen=True)
class Attach:
    """The report belongs to this case; ``terms`` holds the numbers behind that.

    The case is open, or (``is_late_evidence``) it is resolved and the evidence was captured
    before its proof.
    """

    case_id: int
    terms: dict[str, Any] = field(default_factory=dict)
    likely: tuple[Likely, ...] = ()
    is_late_evidence: bool = False


@dataclass(frozen=True)
class Relapse:
    """Trouble is back at a place whose case was resolved, within the watch period.

    ``severity`` is one above that case's, at most 4.
    """

    place_id: int
    previous_case_id: int
    severity: int
    terms: dict[str, Any] = field(default_factory=dict)
    likely: tuple[Likely, ...] = ()


@dataclass(frozen=True)
class Open:
    """A case of its own; at a known place, or at a new one when ``place_id`` is None.

    ``previous_case_id`` is the case that ended at that place before, its watch period being over.
    """

    place_id: int | None
    terms: dict[str, Any] = field(default_factory=dict)
    likely: tuple[Likely, ...] = ()
    previous_case_id: int | None = None


@dataclass(frozen=True)
class Hold:
    """A person has to look; ``code`` is one of HOLD_CODES, ``details`` fill its sentence."""

    code: str
    details: dict[str, Any] = field(default_factory=dict)


Decision = Attach | Relapse | Open | Hold


@dataclass(frozen=True)
class _Judged:
    """A candidate with what was made of it."""

    case: Candidate
    judgement: Judgement
    verdict: str


@dataclass(frozen=True)
class _Episode:
    """The case at a place to whose time the evidence belongs."""

    judged: _Judged
    is_late_evidence: bool


def sighting_of(evidence: Evidence, now: datetime) -> Sighting | None:
    """Return a report as duplicates are judged by; None when it has no position."""
    if evidence.position is None:
        return None
    return Sighting(
        position=evidence.position,
        at=evidence.captured_at or evidence.received_at or now,
        category_code=evidence.category_code,
        words=evidence.words,
        install_key_hash=evidence.install_key_hash,
    )


def decide(
    evidence: Evidence, candidates: Iterable[Candidate], policy: Policy, *, now: datetime
) -> Decision:
    """Decide what becomes of a report.

    Args:
        evidence: the report, settled and routed.
        candidates: cases near by, open and ended ones; others may be among them, they are
            sifted here. Two communes cannot share one case, so what certainly lies across a
            border is never a candidate; at the border itself one spot stays one case.
        policy: the fitted weights, and how long cases are watched.
        now: the moment of the decision.

    Returns:
        Attach to the likeliest open case above the upper threshold, or to a resolved one when the
        evidence is older than its proof; when only resolved ones are as likely, Relapse, or Open
        after their watch period; otherwise Open, with the open cases between the thresholds as
        likely twins; or Hold, with the first reason that a person would have to mend.
    """
    if evidence.position is None:
        return _unplaced(evidence.stray_fix)
    if not evidence.land_ids:
        return Hold("outside_boundaries", _degrees(evidence.position))
    if evidence.unit_id is None:
        return _nobody_leads(evidence)
    hold = None if evidence.is_set_by_person else _wait_for_person(evidence)
    return hold or _join_or_open(evidence, candidates, policy, now)


def _unplaced(fix: StrayFix | None) -> Hold:
    if fix is None:
        return Hold("no_position")
    return Hold(
        "fix_not_of_photo",
        {
            "fix_at": fix.at.isoformat() if fix.at else None,
            "captured_at": fix.captured_at.isoformat() if fix.captured_at else None,
        },
    )


def _nobody_leads(evidence: Evidence) -> Hold:
    details = {
        "problem": evidence.problem,
        "category_code": evidence.category_code,
        "commune_id": evidence.land_ids[0],
    }
    return Hold("no_responsible_unit", details)


def _wait_for_person(evidence: Evidence) -> Hold | None:
    if evidence.is_triaged_by_person:
        return Hold("category_needs_person", {"category_code": evidence.category_code})
    if evidence.is_time_impossible:
        return Hold("impossible_time")
    # A damaged photo alone stops nothing; but where the only word on the place comes out of
    # the damaged file itself, nothing that we could read supports it.
    if evidence.has_only_unreadable_photos and evidence.position_source == "exif":
        return Hold("no_photo_readable")
    return None


def _degrees(position: Position) -> dict[str, float]:
    return {
        "latitude": round(position.latitude, 6),
        "longitude": round(position.longitude, 6),
    }


def _join_or_open(
    evidence: Evidence, candidates: Iterable[Candidate], policy: Policy, now: datetime
) -> Decision:
    judged = _judge_all(evidence, candidates, policy, now)
    certain = [each for each in judged if each.verdict == "attach"]
    if not certain:
        running = [each for each in judged if is_open(each.case.status)]
        return Open(None, _terms("open", running), _likely(judged))
    best = certain[0]
    at_place = [each for each in judged if each.case.place_id == best.case.place_id]
    late = _ended_by_then(evidence, at_place)
    if late is not None:
        return _attach(_Episode(late, is_late_evidence=True), judged)
    running = [each for each in (*at_place, *certain) if is_open(each.case.status)]
    if running:
        return _attach(_Episode(running[0], is_late_evidence=False), judged)
    return _after_the_proof(evidence, max(at_place, key=_end), policy, judged)


def _attach(episode: _Episode, judged: Sequence[_Judged]) -> Attach:
    decision = "late_evidence" if episode.is_late_evidence else "attach"
    return Attach(
        case_id=episode.judged.case.case_id,
        terms=_terms(decision, [episode.judged]),
        likely=() if episode.is_late_evidence else _likely(judged, besides=episode.judged),
        is_late_evidence=episode.is_late_evidence,
    )


def _judge_all(
    evidence: Evidence, candidates: Iterable[Candidate], policy: Policy, now: datetime
) -> list[_Judged]:
    """Judge the cases on the report's own land; the likeliest first, the older one on a tie."""
    report = sighting_of(evidence, now)
    if report is None:
        return []
    judged = []
    for case in candidates:
        if case.unit_id in evidence.land_ids and (is_open(case.status) or case.proof_at):
            judgement = judge(report, case, policy.weights)
            judged.append(_Judged(case, judgement, verdict(judgement, report, policy.weights)))
    return sorted(judged, key=lambda each: (-each.judgement.log_odds, each.case.case_id))


def _ended_by_then(evidence: Evidence, at_place: Iterable[_Judged]) -> _Judged | None:
    """Return the case of a place that evidence from before its proof belongs to.

    That is the first whose proof is not older than the capture, even if the evidence arrives
    when the next case at that place is open already.
    """
    ended = [each for each in at_place if not is_open(each.case.status)]
    fitting = [each for each in ended if _was_captured_by(evidence, _end(each))]
    return min(fitting, key=_end, default=None)


def _end(judged: _Judged) -> datetime:
    if judged.case.proof_at is None:
        raise ValueError("a case that ended has a proof")
    return judged.case.proof_at


def _was_captured_by(evidence: Evidence, moment: datetime) -> bool:
    """Tell whether evidence is certainly not newer than a moment."""
    # Whatever a clock says, nothing is captured after it arrived.
    if evidence.received_at is not None and evidence.received_at <= moment:
        return True
    is_certain = evidence.is_time_certain and evidence.captured_at is not None
    return is_certain and evidence.captured_at <= moment  # type: ignore[operator]


def _after_the_proof(
    evidence: Evidence, ended: _Judged, policy: Policy, judged: Sequence[_Judged]
) -> Decision:
    """Say what evidence is that certainly or possibly came after the proof of a resolved case."""
    if not evidence.is_time_certain and not evidence.is_time_asked:
        return Hold(
            "uncertain_time",
            {"case_id": ended.case.case_id, "proof_at": _end(ended).isoformat()},
        )
    # Nobody could say better: what is uncertain counts as of the moment when it came.
    captured_at = evidence.captured_at if evidence.is_time_certain else evidence.received_at
    captured_at = captured_at or _end(ended)
    watched_from = ended.case.resolved_at or _end(ended)
    if captured_at > watched_from + policy.watch_of(ended.case.category_code):
        terms = _terms("open", [ended])
        return Open(ended.case.place_id, terms, _likely(judged), ended.case.case_id)
    return Relapse(
        place_id=ended.case.place_id,
        previous_case_id=ended.case.case_id,
        severity=min(max(SEVERITIES), ended.case.severity + 1),
        terms=_terms("relapse", [ended]),
        likely=_likely(judged),
    )


def _likely(judged: Sequence[_Judged], besides: _Judged | None = None) -> tuple[Likely, ...]:
    return tuple(
        Likely(
            each.case.case_id,
            each.judgement.probability,
            {"decision": "suggest", **each.judgement.as_terms()},
        )
        for each in judged
        if each is not besides and each.verdict != "open" and is_open(each.case.status)
    )[:MOST_LIKELY]


def _terms(decision: str, judged: Sequence[_Judged]) -> dict[str, Any]:
    """Return the numbers of the first of some candidates, and what was decided by them."""
    best = judged[0].judgement.as_terms() if judged else {"candidates": 0}
    return {"decision": decision, **best}
