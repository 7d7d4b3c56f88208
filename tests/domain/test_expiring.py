"""What may be deleted soon while something it bears on is open."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bwc_audit.domain.expiring import Expiring, ending_soon, expires_soon, kept_until_us
from bwc_audit.domain.findings import Finding, FindingKind, Severity
from bwc_audit.domain.results import AssignmentResult, Outcome, PlacedSegment
from bwc_audit.domain.runs import Change, FindingState, ObservedFinding
from bwc_audit.domain.times import DAY_US, SECOND_US, Span
from tests.domain.worlds import UK, World, at

UNTIL = at(3 * 86_400)
ENDING = {"R1": UNTIL, "R2": UNTIL - 1}


def observed(finding: Finding, disposition: str | None = None, state: FindingState = FindingState.OPEN) -> ObservedFinding:
    return ObservedFinding("F-1", "run", finding, state, Change.APPEARED, None, disposition)


def finding(*footage_ids: str, kind: FindingKind = FindingKind.LATE_ACTIVATION, officer_id: str | None = "101") -> Finding:
    return Finding(kind, "arrival", Severity.HIGH, "said", "I1", officer_id, footage_ids=footage_ids)


def segment(footage_id: str, officer_id: str | None, role: str = "matched") -> PlacedSegment:
    span = Span(at(0), at(10))
    return PlacedSegment("I1", footage_id, footage_id, "cam", officer_id, span, None, 0, SECOND_US, role, None)


def result(outcome: Outcome, reason: str | None, *footage_ids: str) -> AssignmentResult:
    return AssignmentResult("I1", "101", outcome, reason, footage_ids=footage_ids)


def test_an_open_finding_with_its_footage() -> None:
    assert expires_soon(ENDING, [observed(finding("R1", "R9"))], [], []) == (
        Expiring("R1", UNTIL, "late_activation", "I1", "101", "F-1"),
    )


@pytest.mark.parametrize(
    "settled",
    [
        observed(finding("R1"), disposition="explained"),
        observed(finding("R1"), state=FindingState.RESOLVED),
        observed(replace(finding("R1"), is_borderline=True)),
        observed(finding("R1", kind=FindingKind.RETENTION_RISK)),
        observed(finding("R9")),
    ],
)
def test_what_is_settled_or_lasts_is_not_listed(settled: ObservedFinding) -> None:
    assert expires_soon(ENDING, [settled], [], []) == ()


def test_an_absence_names_no_footage_and_takes_what_lies_at_its_incident() -> None:
    """Its officer's, nobody's, and what is tagged; not what another officer recorded there."""
    segments = [segment("R1", None), segment("R2", "102", "tagged")]
    absent = observed(finding(kind=FindingKind.NO_FOOTAGE))
    assert [one.footage_id for one in expires_soon(ENDING, [absent], [], segments)] == ["R2", "R1"]
    assert expires_soon(ENDING, [absent], [], [segment("R1", "102")]) == ()
    whole = observed(finding(kind=FindingKind.INCIDENT_UNCOVERED, officer_id=None))
    assert [one.footage_id for one in expires_soon(ENDING, [whole], [], [segment("R1", "102")])] == ["R1"]


def test_undecided_assignments_are_open_matters_too() -> None:
    pending, unknown = result(Outcome.PENDING, "upload_grace", "R1"), result(Outcome.UNKNOWN, "identity", "R2")
    found = expires_soon(ENDING, [], [pending, unknown, result(Outcome.COVERED, None, "R1")], [])
    assert [(one.footage_id, one.matter) for one in found] == [("R2", "unknown: identity"), ("R1", "pending: upload_grace")]


@pytest.mark.parametrize(("left_us", "is_soon"), [(7 * DAY_US + 1, False), (7 * DAY_US, True), (-DAY_US, True)])
def test_soon_is_within_the_warning(left_us: int, is_soon: bool) -> None:
    world = World().officer("101").recorded("101", 0, 100, retention_until_us=at(0) + left_us)
    placements = world.matched().placements
    assert bool(ending_soon(placements, at(0), UK.retention)) is is_soon


def test_without_a_stated_date_the_policys_days_count_and_what_is_deleted_is_gone() -> None:
    world = World().officer("101").recorded("101", 0, 100, retention_until_us=None)
    (placement,) = world.matched().placements
    assert kept_until_us(placement, UK.retention) == at(0) + 31 * DAY_US
    gone = replace(placement, segment=replace(placement.segment, deleted_us=at(50)))
    assert kept_until_us(gone, UK.retention) is None
