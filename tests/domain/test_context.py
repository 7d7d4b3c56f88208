"""A period decided in chunks of days, each with its context, and as a whole: the same result for every assignment."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bwc_audit.domain.context import context_of, part_of
from bwc_audit.domain.decide import decide
from bwc_audit.domain.findings import Finding, FindingKind
from bwc_audit.domain.matching import match
from bwc_audit.domain.records import Records
from bwc_audit.domain.results import AssignmentResult, Decision
from bwc_audit.domain.times import DAY_US, HOUR_US, Span
from tests.bench.year import AS_OF_US, PERIOD, POLICY, make_year, records_of


@pytest.fixture(scope="module")
def year() -> Records:
    return records_of(make_year(400, 10))


def decided(records: Records, period: Span) -> Decision:
    return decide(match(records, POLICY, period, AS_OF_US), {})


@pytest.fixture(scope="module")
def whole(year: Records) -> Decision:
    return decided(year, PERIOD)


@pytest.fixture(scope="module", params=[9, 40])
def chunked(year: Records, request: pytest.FixtureRequest) -> list[Decision]:
    step_us = request.param * DAY_US
    first_us = min(one.opened_us for one in year.incidents) - HOUR_US
    chunks = [Span(start_us, start_us + step_us) for start_us in range(first_us, PERIOD.end_us, step_us)]
    return [decided(part_of(year, chunk), chunk) for chunk in chunks]


def test_every_assignment_has_the_same_result(whole: Decision, chunked: list[Decision]) -> None:
    def by_name(result: AssignmentResult) -> tuple[str, str]:
        return result.incident_id, result.officer_id

    results = sorted((result for decision in chunked for result in decision.results), key=by_name)
    assert results == sorted(whole.results, key=by_name)
    assert {result.outcome for result in results} >= {"covered", "findings", "unknown", "excluded"}


def test_every_absence_is_the_same_but_for_what_lies_far_away(whole: Decision, chunked: list[Decision]) -> None:
    """How far the nearest recording is, and recordings with the incident's id elsewhere, are looked for in the context."""

    def absences(decision: Decision) -> list[Finding]:
        return [
            replace(finding, explanations=(), margin_us=None, message="", is_borderline=False)
            if finding.kind is FindingKind.NO_FOOTAGE
            else replace(finding, explanations=())
            for finding in decision.findings
            if finding.kind
            in (
                *(FindingKind.NO_FOOTAGE, FindingKind.LATE_ACTIVATION, FindingKind.EARLY_DEACTIVATION),
                *(FindingKind.RECORDING_GAP, FindingKind.INCIDENT_UNCOVERED),
            )
        ]

    found = [finding for decision in chunked for finding in absences(decision)]
    assert sorted(found, key=lambda one: one.fingerprint) == sorted(absences(whole), key=lambda one: one.fingerprint)
    assert len(found) > 20


def test_a_chunk_takes_no_more_than_its_context(year: Records) -> None:
    opened_us = year.incidents[len(year.incidents) // 2].opened_us
    chunk = Span(opened_us, opened_us + DAY_US)
    part, context = part_of(year, chunk), context_of(chunk)
    assert 0 < len(part.segments) < len(year.segments) / 10
    assert all(context.segments_started.start_us < one.media_started_us < context.segments.end_us for one in part.segments)
    assert {one.incident_id for one in part.assignments} == {one.incident_id for one in part.incidents}
