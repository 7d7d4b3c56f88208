"""The decision: a result for every assignment, and the findings, from measured coverage and what the videos show.

Pure: the same records, inspections, policy and moment give the same decision, in whatever order they come.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np

from bwc_audit.domain.absences import Absences, SpansOf
from bwc_audit.domain.clock_findings import clock_findings
from bwc_audit.domain.clues import Clues
from bwc_audit.domain.coverage import NO_TIME, Bool
from bwc_audit.domain.coverage_findings import absence_findings, uncovered_findings
from bwc_audit.domain.custody import Repeats, custody_findings
from bwc_audit.domain.findings import Finding, FindingGroup, FindingKind
from bwc_audit.domain.groups import distinct
from bwc_audit.domain.holder_conflicts import holder_conflicts
from bwc_audit.domain.incident_cover import IncidentUnion, Uncovered, incident_union, is_waiting_for_others, uncovered_of
from bwc_audit.domain.inspection import Inspection
from bwc_audit.domain.judgement import Judged
from bwc_audit.domain.matching import Matching
from bwc_audit.domain.placed_segments import PlacedSegments
from bwc_audit.domain.placement import Placement
from bwc_audit.domain.records import DeviceEvent
from bwc_audit.domain.results import (
    AssignmentResult,
    Decision,
    IncidentResult,
    Outcome,
    PendingReason,
    UnknownReason,
    Waiting,
)
from bwc_audit.domain.shown_clock_findings import shown_clock_findings
from bwc_audit.domain.sight import Sight, look, usability_findings
from bwc_audit.domain.time_index import TimeIndex
from bwc_audit.domain.times import Span
from bwc_audit.domain.unexamined import NO_ASSIGNMENTS_READ, NO_FOOTAGE_READ
from bwc_audit.domain.verdicts import OUTCOMES, REASONS, Verdicts, verdicts_of

#: Kinds outside coverage and usability that still mean: something cannot be seen or relied on.
_DOUBT_KINDS = frozenset(
    {FindingKind.OBJECT_MISSING, FindingKind.TRUNCATED, FindingKind.UNREADABLE, FindingKind.HASH_MISMATCH}
)

#: Of overlapping holder rows this many are named in what was not examined; the rest are counted.
_MOST_CONFLICTS = 50


@dataclass(frozen=True, slots=True)
class Basis:
    """The parts of a decision that do not ask how late, how early or how long a gap may be: see ``basis_of``."""

    matching: Matching
    sight: Sight
    custody: tuple[Finding, ...]
    clocks: tuple[Finding, ...]
    repeats: Repeats


def basis_of(
    matching: Matching,
    inspections: Mapping[str, Inspection],
    like: Basis | None = None,
    *,
    is_own: Callable[[int], bool] = lambda _: True,
) -> Basis:
    """What is seen in the windows, and the findings about files and clocks. ``is_own``: at which times a camera's clock is
    asked for. ``like``: of a matching of the same records and
    the same (equally judged) inspections under another policy; what comes out the same is taken from it."""
    clocks = sight = custody = repeats = None
    if like is not None and like.matching.placements is matching.placements:
        repeats = like.repeats
        clocks = like.clocks if like.matching.policy.clock == matching.policy.clock else None
        sight = like.sight if _are_windows_alike(like.matching, matching) else None
        if sight is not None and _is_custody_alike(like.matching, matching):
            reference = matching.policy.reference
            custody = tuple(replace(one, policy=reference) if one.policy else one for one in like.custody)
    if clocks is None:
        used = _checks_used(matching)
        clocks = tuple(clock_findings(matching.checks, matching.period, used, matching.records.segments, is_own))
    if sight is None:
        sight = look(matching, inspections)
    if repeats is None:
        repeats = Repeats.of(matching.placements)
    if custody is None:
        custody = tuple(custody_findings(matching, sight, repeats))
    return Basis(matching, sight, custody, clocks, repeats)


def _are_windows_alike(one: Matching, other: Matching) -> bool:
    """Whether the same time is required of the same officers, and bridged and looked at in the same way."""
    if one.policy.usability != other.policy.usability:
        return False
    joins = [{policy.coverage.join_s for policy in each.measured.policies()} for each in (one, other)]
    if joins[0] != joins[1] or len(joins[0]) > 1:
        return False
    arrays = [
        (
            *(each.segments.owner, each.windows.owner, each.windows.start_us, each.windows.end_us),
            *(each.pieces.window, each.pieces.start_us, each.pieces.end_us),
        )
        for each in (one, other)
    ]
    return all(np.array_equal(first, second) for first, second in zip(*arrays, strict=True))


def _is_custody_alike(one: Matching, other: Matching) -> bool:
    """Whether both ask the same of files, labels and uploads, and each of everybody alike."""
    sections = ("buffer", "upload", "retention", "labelling", "custody")
    is_plain = one.book.is_one_for_all and other.book.is_one_for_all
    if not is_plain or _named_beside(one) != _named_beside(other):
        return False
    return all(getattr(one.policy, name) == getattr(other.policy, name) for name in sections)


def _named_beside(matching: Matching) -> dict[int, list[tuple[str, int]]]:
    """Of each recording that touches calls beside: which, and from when on it was required there."""
    return {
        index: [(call.attendance.incident_id, call.pieces[0].start_us) for call in calls]
        for index, calls in matching.elsewhere.items()
    }


@dataclass(frozen=True, slots=True, eq=False)
class Facts:
    """All that is decided of a matching, before it is put into values. ``withheld``: of which windows absences may not be
    stated, and why; ``is_judgeable``: of which incidents of the union it can be said what is uncovered. ``others``: findings
    about files, pictures and clocks."""

    matching: Matching
    sight: Sight
    absences: Absences
    withheld: Mapping[int, PendingReason | UnknownReason]
    verdicts: Verdicts
    union: IncidentUnion
    is_judgeable: Bool
    uncovered: Uncovered
    others: tuple[Finding, ...]


def facts_of(matching: Matching, basis: Basis) -> Facts:
    """``basis``: of this matching."""
    sight, absences, withheld = basis.sight, Absences.of(matching), _withheld(matching)
    others = (*usability_findings(matching, sight), *basis.custody, *basis.clocks, *shown_clock_findings(matching))
    union = incident_union(matching)
    is_judgeable = _judgeable_incidents(matching, union, withheld)
    return Facts(
        matching=matching,
        sight=sight,
        absences=absences,
        withheld=withheld,
        verdicts=verdicts_of(matching, sight, absences, withheld, _doubted(others)),
        union=union,
        is_judgeable=is_judgeable,
        uncovered=uncovered_of(matching, union, is_judgeable),
        others=others,
    )


def decide(
    matching: Matching,
    inspections: Mapping[str, Inspection],
    *,
    is_brief: bool = False,
    basis: Basis | None = None,
    of_period: Span | None = None,
) -> Decision:
    """Decide every assignment of the matching. ``inspections`` by object key; a missing one is *not examined*. Clocks in
    pictures count as far as the matching was made with them. ``is_brief``: without placed segments, and absences without
    explanations, recordings and rows, for whoever compares only outcomes and measured facts. ``basis``: of this matching,
    where it is worked out already. ``of_period``: of the whole run, where this is a chunk of it."""
    facts = facts_of(matching, basis or basis_of(matching, inspections))
    sight, union = facts.sight, facts.union
    said = sight.of_placement.said()
    clues = None if is_brief else Clues.of(matching)
    results = tuple(_results(matching, sight, facts.verdicts, said))
    return Decision(
        results=results,
        incidents=_incident_results(matching, union, facts.is_judgeable),
        findings=distinct_findings(
            [
                *absence_findings(matching, clues, facts.absences, facts.withheld),
                *facts.others,
                *uncovered_findings(matching, clues, union, facts.uncovered),
            ]
        ),
        segments=() if is_brief else PlacedSegments.of(matching, sight, inspections),
        not_examined=not_examined_of(matching, sight, of_period or matching.period),
        counts=_counts(matching, sight, inspections, results),
        clocks=matching.checks.days,
        watermarks=matching.completeness.marks.listed(),
        waiting=_waiting(matching, results),
    )


def _waiting(matching: Matching, results: Iterable[AssignmentResult]) -> tuple[Waiting, ...]:
    """What is pending, and when each is decided at the latest."""
    return tuple(
        Waiting(
            one.incident_id,
            one.officer_id,
            one.reason,
            matching.completeness.ripens_us(one.officer_id, one.window.span, PendingReason(one.reason))
            if one.window
            else None,
        )
        for one in results
        if one.outcome is Outcome.PENDING and one.reason is not None
    )


def _withheld(matching: Matching) -> dict[int, PendingReason | UnknownReason]:
    """For each measured window in which an absence may not be stated: why not."""
    by_officer: dict[str, list[Placement]] = defaultdict(list)
    for placement in matching.contested:
        for officer_id in placement.conflict:
            by_officer[officer_id].append(placement)
    contested = {
        officer_id: TimeIndex((placement.start_us, placement.end_us, placement) for placement in found)
        for officer_id, found in by_officer.items()
    }
    reasons = (
        (index, _why_withheld(matching, contested, matching.measured[index])) for index in _unsettled(matching, contested)
    )
    return {index: reason for index, reason in reasons if reason}


def _unsettled(matching: Matching, contested: Mapping[str, TimeIndex[Placement]]) -> list[int]:
    """Windows whose sources may be wanting: all but those that ended so long ago that nothing is waited for any more, and
    that no recording of a camera touches which several officers held."""
    if not len(matching.records.segments):
        return list(range(len(matching.measured)))
    windows, rules = matching.windows, [policy.upload for policy in matching.measured.policies()]
    found = set(np.flatnonzero(matching.completeness.is_waited_for(windows.end_us, rules)).tolist())
    by_officer: dict[str, list[int]] = defaultdict(list)
    for index, officer_id in enumerate(matching.measured.officer_ids() if contested else ()):
        if officer_id in contested:
            by_officer[officer_id].append(index)
    # As stated: an exemption at the edge of a window does not settle it.
    starts_us, ends_us = (
        times[matching.measured.rows] for times in (matching.judged.window.start_us, matching.judged.window.end_us)
    )
    for officer_id, own in by_officer.items():
        touched, _ = contested[officer_id].overlapping_each(starts_us[own], ends_us[own])
        found.update(own[place] for place in touched.tolist())
    return sorted(found)


def _why_withheld(
    matching: Matching, contested: Mapping[str, TimeIndex[Placement]], judged: Judged
) -> PendingReason | UnknownReason | None:
    if judged.window is None:
        return None
    if not matching.records.segments:
        return UnknownReason.FOOTAGE_NOT_LOADED
    officer_id, window = judged.attendance.officer_id, judged.window.span
    if officer_id in contested and any(contested[officer_id].overlapping(window.start_us, window.end_us)):
        return UnknownReason.HOLDER_CONFLICT
    return matching.completeness.pending(officer_id, window, judged.policy.upload)


def _checks_used(matching: Matching) -> frozenset[DeviceEvent]:
    """The dock checks that place the recordings of the period."""
    placements, period = matching.placements, matching.period
    is_inside = (placements.start_us >= period.start_us) & (placements.start_us < period.end_us)
    used = distinct(placements.clocks.check[placements.segment[is_inside]])
    return frozenset(matching.checks.events[check] for check in used.tolist() if check >= 0)


def _judgeable_incidents(
    matching: Matching, union: IncidentUnion, withheld: Mapping[int, PendingReason | UnknownReason]
) -> Bool:
    """Incidents for which the sources of every officer who had to record, or was there, are complete."""
    judged, names = matching.judged, matching.judged.columns.incident
    undecidable = {names[row] for row in np.flatnonzero(judged.undecidable >= 0).tolist()}
    found = np.array([name not in undecidable for name in union.names], np.bool_)
    found[union.incident[list(withheld)]] = False
    return np.asarray(found & ~is_waiting_for_others(matching, union))


def distinct_findings(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """One finding a fingerprint, in order of incident and kind; of two, the one with more measured seconds."""
    best: dict[str, Finding] = {}
    for finding in findings:
        fingerprint = finding.fingerprint
        other = best.get(fingerprint)
        if other is None or (finding.seconds_us, finding.message) > (other.seconds_us, other.message):
            best[fingerprint] = finding

    def order(item: tuple[str, Finding]) -> tuple[str, ...]:
        fingerprint, one = item
        return (one.incident_id or "", one.officer_id or "", one.kind, one.recording_id or "", fingerprint)

    return tuple(finding for _, finding in sorted(best.items(), key=order))


def _doubted(findings: Iterable[Finding]) -> frozenset[tuple[str | None, str | None]]:
    """Assignments (incident, officer) of which something was not recorded, or cannot be seen or relied on."""
    return frozenset(
        (finding.incident_id, finding.officer_id)
        for finding in findings
        if not finding.is_borderline
        and (finding.kind.group in (FindingGroup.COVERAGE, FindingGroup.USABILITY) or finding.kind in _DOUBT_KINDS)
    )


def _results(
    matching: Matching, sight: Sight, verdicts: Verdicts, said: Mapping[int, tuple[str, ...]]
) -> Iterator[AssignmentResult]:
    count = len(matching.measured)
    covered, gaps, unusable = (
        SpansOf.of(table, count) for table in (matching.measures.covered, matching.measures.gaps, sight.unusable)
    )
    footage, edges = matching.placements.listed("footage_id"), matching.placements_of.edges.tolist()
    members = matching.placements_of.members.tolist()
    columns = (getattr(verdicts, field.name).tolist() for field in fields(Verdicts))
    for judged, outcome, reason, required, covered_us, usable, unexamined, lateness, uncertainty, on_time, whole in zip(
        matching.judged, *columns, strict=True
    ):
        index = judged.measured
        segments = members[edges[index] : edges[index + 1]] if index is not None else ()
        yield AssignmentResult(
            **_told(judged),
            outcome=OUTCOMES[outcome],
            reason=None if reason < 0 else REASONS[reason],
            required_us=required,
            covered_us=covered_us,
            usable_us=None if usable == NO_TIME else usable,
            unexamined_us=unexamined,
            lateness_us=None if lateness == NO_TIME else lateness,
            is_on_time=None if on_time < 0 else bool(on_time),
            is_whole_window=None if whole < 0 else bool(whole),
            uncertainty_us=None if uncertainty == NO_TIME else uncertainty,
            covered=covered.at(index) if index is not None else (),
            gaps=gaps.at(index) if index is not None else (),
            unusable=unusable.at(index) if index is not None else (),
            footage_ids=tuple(sorted({footage[segment] for segment in segments})),
            not_examined=tuple(text for segment in segments for text in said.get(segment, ())),
        )


def _told(judged: Judged) -> dict[str, Any]:
    """What the records alone say of an assignment, and by what it is judged."""
    attendance = judged.attendance
    return {
        "incident_id": attendance.incident_id,
        "officer_id": attendance.officer_id,
        "unit_id": attendance.unit_id,
        "unit": attendance.officer.unit if attendance.officer else None,
        "call_type": attendance.incident.call_type if attendance.incident else None,
        "window": judged.window,
        "dispatched_us": attendance.dispatched_us,
        "en_route_us": attendance.en_route_us,
        "on_scene_us": attendance.on_scene_us,
        "cleared_us": attendance.cleared_us,
        "policy": judged.policy.reference,
        "exempted_by": judged.exempted_by,
    }


def _incident_results(matching: Matching, union: IncidentUnion, is_judgeable: Bool) -> tuple[IncidentResult, ...]:
    spans = SpansOf.of(union.uncovered, len(union.names))
    sayable = {union.names[place]: place for place in np.flatnonzero(is_judgeable).tolist()}
    return tuple(
        IncidentResult(
            incident_id=incident.incident_id,
            call_type=incident.call_type,
            priority=incident.priority,
            opened_us=incident.opened_us,
            closed_us=incident.closed_us,
            area=incident.area,
            uncovered=spans.at(sayable[incident.incident_id]) if incident.incident_id in sayable else None,
        )
        for incident in sorted(matching.records.incidents, key=lambda incident: incident.incident_id)
    )


def not_examined_of(matching: Matching, sight: Sight, period: Span) -> tuple[str, ...]:
    """What makes the run incomplete: footage in a required window that could not be looked into, footage or
    assignments not loaded.

    A video that an officer's force deleted, or that the store does not hold, is a fact of the evidence and stated as such;
    it is listed here all the same, because nobody looked. Rows that contradict each other in ``period`` are all read with
    every chunk of it, and said alike by each.
    """
    said = sight.of_placement.sentences_of_unexamined()
    conflicts = holder_conflicts(matching.records.holdings, matching.roster, period)
    said += [conflict.said() for conflict in conflicts[:_MOST_CONFLICTS]]
    if len(conflicts) > _MOST_CONFLICTS:
        said.append(f"{len(conflicts) - _MOST_CONFLICTS} more overlaps of two officers on one camera")
    if matching.judged and not matching.records.segments:
        said.append(NO_FOOTAGE_READ)
    if not matching.judged:
        said.append(NO_ASSIGNMENTS_READ)
    return tuple(sorted(set(said)))


def _counts(
    matching: Matching, sight: Sight, inspections: Mapping[str, Inspection], results: tuple[AssignmentResult, ...]
) -> dict[str, int]:
    outcomes = Counter(result.outcome.value for result in results)
    looked = [seen.inspection for seen in sight.of_placement.looked.values() if seen.inspection]
    return {
        "incidents": len(matching.records.incidents),
        "assignments": len(results),
        **{f"assignments_{outcome.value}": outcomes[outcome.value] for outcome in Outcome},
        "segments": len(matching.placements),
        "segments_in_windows": len(matching.windows_of),
        "videos_stored": len(matching.records.objects),
        "videos_examined": len({inspection.object_key for inspection in looked}),
        "frames_sampled": sum(inspection.examined.frames_sampled for inspection in inspections.values()),
        "rows_rejected": len(matching.records.rejected),
    }
