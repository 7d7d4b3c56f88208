"""The decision: a result for every assignment, and the findings, from measured coverage and what the videos show.

Pure: the same records, inspections, policy and moment give the same decision, in whatever order they come.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from bwc_audit.domain.clock_findings import clock_findings
from bwc_audit.domain.clues import Clues
from bwc_audit.domain.coverage_findings import IncidentUnion, absences, incident_uncovered, incident_union
from bwc_audit.domain.custody import custody_findings
from bwc_audit.domain.findings import Finding, FindingGroup, FindingKind
from bwc_audit.domain.holder_conflicts import holder_conflicts
from bwc_audit.domain.inspection import Inspection
from bwc_audit.domain.matching import Judged, Matching
from bwc_audit.domain.placement import Placement
from bwc_audit.domain.records import DeviceEvent
from bwc_audit.domain.results import (
    AssignmentResult,
    Decision,
    IncidentResult,
    Outcome,
    PendingReason,
    PlacedSegment,
    UnknownReason,
    Waiting,
)
from bwc_audit.domain.shown_clock_findings import shown_clock_findings
from bwc_audit.domain.sight import SegmentSight, Sight, look, usability_findings
from bwc_audit.domain.time_index import TimeIndex
from bwc_audit.domain.times import Span

#: Kinds outside coverage and usability that still mean: something cannot be seen or relied on.
_DOUBT_KINDS = frozenset(
    {FindingKind.OBJECT_MISSING, FindingKind.TRUNCATED, FindingKind.UNREADABLE, FindingKind.HASH_MISMATCH}
)

#: Of overlapping holder rows this many are named in what was not examined; the rest are counted.
_MOST_CONFLICTS = 50


@dataclass(frozen=True, slots=True)
class _Pieces:
    """What the parts of a decision have in common."""

    matching: Matching
    sight: Sight
    absent: dict[int, tuple[Finding, ...]]
    withheld: dict[int, PendingReason | UnknownReason]
    named: dict[tuple[str | None, str | None], list[Finding]]
    spans: dict[str, dict[int, tuple[Span, ...]]]


def decide(matching: Matching, inspections: Mapping[str, Inspection]) -> Decision:
    """Decide every assignment of the matching. ``inspections`` by object key; a missing one is *not examined*. Clocks in
    pictures count as far as the matching was made with them."""
    sight = look(matching, inspections)
    clues = Clues.of(matching)
    absent = absences(matching, clues)
    withheld = _withheld(matching)
    union = incident_union(matching)
    findings = [finding for index, found in absent.items() if index not in withheld for finding in found]
    findings += usability_findings(matching, sight)
    findings += custody_findings(matching, sight)
    findings += clock_findings(matching.checks, matching.period, _checks_used(matching), matching.records.segments)
    findings += shown_clock_findings(matching)
    judgeable = _judgeable_incidents(matching, union, withheld)
    findings += [found for incident_id in judgeable if (found := incident_uncovered(matching, clues, union, incident_id))]
    findings = _distinct(findings)
    pieces = _Pieces(matching, sight, absent, withheld, _by_assignment(findings), _span_tables(matching, sight))
    results = tuple(_result(pieces, judged) for judged in matching.judged)
    return Decision(
        results=results,
        incidents=_incident_results(matching, union, judgeable),
        findings=tuple(findings),
        segments=_placed_segments(matching, sight, inspections),
        not_examined=_not_examined(matching, sight),
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
    reasons = ((index, _why_withheld(matching, contested, judged)) for index, judged in enumerate(matching.measured))
    return {index: reason for index, reason in reasons if reason}


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
    return matching.completeness.pending(officer_id, window)


def _checks_used(matching: Matching) -> frozenset[DeviceEvent]:
    """The dock checks that place the recordings of the period."""
    return frozenset(
        placement.clock.check
        for placement in matching.placements
        if placement.clock.check and matching.period.start_us <= placement.start_us < matching.period.end_us
    )


def _judgeable_incidents(
    matching: Matching, union: IncidentUnion, withheld: Mapping[int, PendingReason | UnknownReason]
) -> tuple[str, ...]:
    """Incidents for which the sources of every officer who had to record are complete."""
    undecidable = {one.attendance.incident_id for one in matching.judged if one.undecidable is not None}
    return tuple(
        incident_id
        for incident_id, windows in sorted(union.windows.items())
        if incident_id not in undecidable and not any(window in withheld for window in windows)
    )


def _distinct(findings: Iterable[Finding]) -> list[Finding]:
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

    return [finding for _, finding in sorted(best.items(), key=order)]


def _by_assignment(findings: Iterable[Finding]) -> dict[tuple[str | None, str | None], list[Finding]]:
    named: dict[tuple[str | None, str | None], list[Finding]] = defaultdict(list)
    for finding in findings:
        named[finding.incident_id, finding.officer_id].append(finding)
    return named


def _span_tables(matching: Matching, sight: Sight) -> dict[str, dict[int, tuple[Span, ...]]]:
    return {
        "covered": matching.measures.covered.spans_by_window(),
        "gaps": matching.measures.gaps.spans_by_window(),
        "unusable": sight.unusable.spans_by_window(),
    }


def _result(pieces: _Pieces, judged: Judged) -> AssignmentResult:
    attendance, index = judged.attendance, judged.measured
    base = AssignmentResult(
        incident_id=attendance.incident_id,
        officer_id=attendance.officer_id,
        outcome=Outcome.EXCLUDED if judged.bucket else _undecided_outcome(judged),
        reason=judged.bucket or judged.undecidable,
        unit_id=attendance.unit_id,
        unit=attendance.officer.unit if attendance.officer else None,
        call_type=attendance.incident.call_type if attendance.incident else None,
        window=judged.window,
        dispatched_us=attendance.dispatched_us,
        en_route_us=attendance.en_route_us,
        on_scene_us=attendance.on_scene_us,
        cleared_us=attendance.cleared_us,
        required_us=judged.window.span.length_us if judged.window and not judged.bucket else 0,
    )
    return base if index is None else _measured_result(pieces, base, index)


def _undecided_outcome(judged: Judged) -> Outcome:
    return Outcome.PENDING if isinstance(judged.undecidable, PendingReason) else Outcome.UNKNOWN


def _measured_result(pieces: _Pieces, base: AssignmentResult, index: int) -> AssignmentResult:
    matching, measures, sight = pieces.matching, pieces.matching.measures, pieces.sight
    segments = matching.placements_of.get(index, ())
    covered_us, unexamined_us = int(measures.covered_us[index]), int(sight.unexamined_us[index])
    reason = _undecided_reason(pieces, index)
    firm = {finding.kind for finding in pieces.absent.get(index, ()) if not finding.is_borderline}
    if reason is not None:
        outcome = Outcome.UNKNOWN if isinstance(reason, UnknownReason) else Outcome.PENDING
    else:
        outcome = Outcome.FINDINGS if _has_doubt(pieces, base) else Outcome.COVERED
    is_decided = reason is None
    has_footage = covered_us > 0
    return replace(
        base,
        outcome=outcome,
        reason=reason,
        required_us=int(measures.required_us[index]),
        covered_us=covered_us,
        usable_us=None if has_footage and unexamined_us == covered_us else int(sight.usable_us[index]),
        unexamined_us=unexamined_us,
        lateness_us=int(measures.lateness_us[index]) if has_footage else None,
        is_on_time=(has_footage and FindingKind.LATE_ACTIVATION not in firm) if is_decided else None,
        is_whole_window=(has_footage and not firm) if is_decided else None,
        uncertainty_us=int(measures.uncertainty_us[index]),
        covered=pieces.spans["covered"].get(index, ()),
        gaps=pieces.spans["gaps"].get(index, ()),
        unusable=pieces.spans["unusable"].get(index, ()),
        footage_ids=tuple(sorted({matching.placements[segment].footage_id for segment in segments})),
        not_examined=tuple(said for segment in segments for said in sight.of_placement[segment].not_examined),
    )


def _undecided_reason(pieces: _Pieces, index: int) -> PendingReason | UnknownReason | None:
    """Why a window with an absence stays open: its sources are not complete, or a clock in a picture contradicts metadata
    so far that nothing of the absence is firm."""
    absent = pieces.absent.get(index, ())
    if not absent:
        return None
    if index in pieces.withheld:
        return pieces.withheld[index]
    if any(not finding.is_borderline for finding in absent):
        return None
    return UnknownReason.CLOCK_CONTRADICTION if _is_contradicted(pieces.matching, index, absent) else None


def _is_contradicted(matching: Matching, index: int, absent: Iterable[Finding]) -> bool:
    """Whether a recording may lie in the window that by its metadata does not, or an absence would be firm if those that
    do were believed."""
    if index in matching.shifted.placements_of:
        return True
    touching = (matching.placements[place] for place in matching.placements_of.get(index, ()))
    shift_us = max((abs(one) for placement in touching if placement.shown for one in placement.shown.shifts_us), default=0)
    usual_us = int(matching.measures.uncertainty_us[index]) - shift_us
    return shift_us > 0 and any(finding.margin_us is not None and finding.margin_us > usual_us for finding in absent)


def _has_doubt(pieces: _Pieces, base: AssignmentResult) -> bool:
    return any(
        not finding.is_borderline
        and (finding.kind.group in (FindingGroup.COVERAGE, FindingGroup.USABILITY) or finding.kind in _DOUBT_KINDS)
        for finding in pieces.named.get((base.incident_id, base.officer_id), ())
    )


def _incident_results(matching: Matching, union: IncidentUnion, judgeable: Iterable[str]) -> tuple[IncidentResult, ...]:
    sayable = set(judgeable)
    return tuple(
        IncidentResult(
            incident_id=incident.incident_id,
            call_type=incident.call_type,
            priority=incident.priority,
            opened_us=incident.opened_us,
            closed_us=incident.closed_us,
            area=incident.area,
            uncovered=union.uncovered[incident.incident_id] if incident.incident_id in sayable else None,
        )
        for incident in sorted(matching.records.incidents, key=lambda incident: incident.incident_id)
    )


def _placed_segments(matching: Matching, sight: Sight, inspections: Mapping[str, Inspection]) -> tuple[PlacedSegment, ...]:
    """Each segment once for every incident whose windows it touches, or that it is tagged with."""
    known = {incident.incident_id for incident in matching.records.incidents}
    placed: list[PlacedSegment] = []
    for index, placement in enumerate(matching.placements):
        matched = {matching.measured[window].attendance.incident_id for window in matching.windows_of.get(index, ())}
        tagged = (set(placement.segment.incident_ids) & known) - matched
        seen = sight.of_placement.get(index) or _beside(placement, inspections)
        placed += [_placed(placement, incident_id, "matched", seen) for incident_id in matched]
        placed += [_placed(placement, incident_id, "tagged", seen) for incident_id in tagged]
    return tuple(sorted(placed, key=lambda one: (one.incident_id, one.span, one.footage_id, one.object_key or "")))


def _beside(placement: Placement, inspections: Mapping[str, Inspection]) -> SegmentSight:
    """The sight of a segment that touches no window: nothing, or at most its clock."""
    is_clock_read = (placement.segment.object_key or "") in inspections
    rest = "only the clock in its picture was looked for" if is_clock_read else "not looked into"
    return SegmentSight(None, not_examined=(f"{placement.footage_id}: touches no required window, {rest}",))


def _placed(placement: Placement, incident_id: str, role: str, seen: SegmentSight) -> PlacedSegment:
    return PlacedSegment(
        incident_id=incident_id,
        footage_id=placement.footage_id,
        recording_id=placement.recording_id,
        device_id=placement.segment.device_id,
        officer_id=placement.officer_id,
        span=Span(placement.start_us, placement.end_us),
        activated_us=placement.activated_us,
        offset_us=placement.clock.offset_us,
        uncertainty_us=placement.clock.tolerance_us,
        role=role,
        object_key=placement.segment.object_key,
        inspection_status=seen.inspection.status if seen.inspection else None,
        unusable=seen.unusable,
        not_examined=seen.not_examined,
    )


def _not_examined(matching: Matching, sight: Sight) -> tuple[str, ...]:
    """What makes the run incomplete: footage in a required window that could not be looked into, footage or
    assignments not loaded.

    A video that an officer's force deleted, or that the store does not hold, is a fact of the evidence and stated as such;
    it is listed here all the same, because nobody looked.
    """
    said = [what for seen in sight.of_placement.values() if seen.unexamined for what in seen.not_examined]
    conflicts = holder_conflicts(matching.records.holdings, matching.roster, matching.period)
    said += [conflict.said() for conflict in conflicts[:_MOST_CONFLICTS]]
    if len(conflicts) > _MOST_CONFLICTS:
        said.append(f"{len(conflicts) - _MOST_CONFLICTS} more overlaps of two officers on one camera")
    if matching.judged and not matching.records.segments:
        said.append("no footage metadata were read for the period")
    if not matching.judged:
        said.append("no assignments were read for the period: nothing could be judged")
    return tuple(sorted(set(said)))


def _counts(
    matching: Matching, sight: Sight, inspections: Mapping[str, Inspection], results: tuple[AssignmentResult, ...]
) -> dict[str, int]:
    outcomes = Counter(result.outcome.value for result in results)
    looked = [seen.inspection for seen in sight.of_placement.values() if seen.inspection]
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
