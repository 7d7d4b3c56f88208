"""The decision: a result for every assignment, and the findings, from measured coverage and what the videos show.

Pure: the same records, inspections, policy and moment give the same decision, in whatever order they come.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np

from bwc_audit.domain.clock_findings import clock_findings
from bwc_audit.domain.clues import Clues
from bwc_audit.domain.coverage import Bool
from bwc_audit.domain.coverage_findings import IncidentUnion, absences, incident_uncovered, incident_union
from bwc_audit.domain.custody import custody_findings
from bwc_audit.domain.findings import Finding, FindingGroup, FindingKind
from bwc_audit.domain.groups import distinct
from bwc_audit.domain.holder_conflicts import holder_conflicts
from bwc_audit.domain.inspection import Inspection
from bwc_audit.domain.judgement import Judged
from bwc_audit.domain.margins import holding_us
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
from bwc_audit.domain.times import Span, us_of_seconds

#: Kinds outside coverage and usability that still mean: something cannot be seen or relied on.
_DOUBT_KINDS = frozenset(
    {FindingKind.OBJECT_MISSING, FindingKind.TRUNCATED, FindingKind.UNREADABLE, FindingKind.HASH_MISMATCH}
)

#: Said of a whole period, not of a part of it.
NO_FOOTAGE_READ = "no footage metadata were read for the period"
NO_ASSIGNMENTS_READ = "no assignments were read for the period: nothing could be judged"
#: Of overlapping holder rows this many are named in what was not examined; the rest are counted.
_MOST_CONFLICTS = 50


@dataclass(frozen=True, slots=True)
class _Pieces:
    """What the parts of a decision have in common."""

    matching: Matching
    sight: Sight
    absent: dict[int, tuple[Finding, ...]]
    withheld: dict[int, PendingReason | UnknownReason]
    is_held: Bool
    doubted: frozenset[tuple[str | None, str | None]]
    spans: dict[str, dict[int, tuple[Span, ...]]]
    said: dict[int, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Basis:
    """The parts of a decision that do not ask how late, how early or how long a gap may be: see ``basis_of``."""

    matching: Matching
    sight: Sight
    custody: tuple[Finding, ...]
    clocks: tuple[Finding, ...]


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
    clocks = sight = custody = None
    if like is not None and like.matching.placements is matching.placements:
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
    return Basis(matching, sight, tuple(custody_findings(matching, sight)) if custody is None else custody, clocks)


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
    return is_plain and all(getattr(one.policy, name) == getattr(other.policy, name) for name in sections)


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
    basis = basis or basis_of(matching, inspections)
    sight = basis.sight
    said = sight.of_placement.said()
    clues = None if is_brief else Clues.of(matching)
    absent = absences(matching, clues)
    withheld = _withheld(matching)
    union = incident_union(matching)
    findings = [finding for index, found in absent.items() if index not in withheld for finding in found]
    findings += usability_findings(matching, sight)
    findings += [*basis.custody, *basis.clocks]
    findings += shown_clock_findings(matching)
    judgeable = _judgeable_incidents(matching, union, withheld)
    findings += [found for incident_id in judgeable if (found := incident_uncovered(matching, clues, union, incident_id))]
    findings = list(distinct_findings(findings))
    pieces = _Pieces(
        matching, sight, absent, withheld, _is_held(matching), _doubted(findings), _span_tables(matching, sight), said
    )
    results = tuple(_results(pieces))
    return Decision(
        results=results,
        incidents=_incident_results(matching, union, judgeable),
        findings=tuple(findings),
        segments=() if is_brief else PlacedSegments.of(matching, sight, inspections),
        not_examined=_not_examined(matching, sight, said, of_period or matching.period),
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
    for officer_id, own in by_officer.items():
        spans = [_stated(matching.measured[index]) for index in own]
        starts_us, ends_us = (np.array(times, np.int64) for times in zip(*spans, strict=True))
        touched, _ = contested[officer_id].overlapping_each(starts_us, ends_us)
        found.update(own[place] for place in touched.tolist())
    return sorted(found)


def _stated(judged: Judged) -> tuple[int, int]:
    """The window as stated: an exemption at its edge does not settle it."""
    span = judged.window.span if judged.window else Span(judged.pieces[0].start_us, judged.pieces[-1].end_us)
    return span.start_us, span.end_us


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
) -> tuple[str, ...]:
    """Incidents for which the sources of every officer who had to record are complete."""
    judged, names = matching.judged, matching.judged.columns.incident
    undecidable = {names[row] for row in np.flatnonzero(judged.undecidable >= 0).tolist()}
    return tuple(
        incident_id
        for incident_id, windows in sorted(union.windows.items())
        if incident_id not in undecidable and not any(window in withheld for window in windows)
    )


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


def _span_tables(matching: Matching, sight: Sight) -> dict[str, dict[int, tuple[Span, ...]]]:
    return {
        "covered": matching.measures.covered.spans_by_window(),
        "gaps": matching.measures.gaps.spans_by_window(),
        "unusable": sight.unusable.spans_by_window(),
    }


def _results(pieces: _Pieces) -> Iterator[AssignmentResult]:
    measured = _measured_results(pieces)
    for judged in pieces.matching.judged:
        yield _unmeasured_result(judged) if judged.measured is None else next(measured)


def _unmeasured_result(judged: Judged) -> AssignmentResult:
    undecided = Outcome.PENDING if isinstance(judged.undecidable, PendingReason) else Outcome.UNKNOWN
    return AssignmentResult(
        **_told(judged),
        outcome=Outcome.EXCLUDED if judged.bucket else undecided,
        reason=judged.bucket or judged.undecidable,
        required_us=judged.window.span.length_us if judged.window and not judged.bucket else 0,
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


def _measured_results(pieces: _Pieces) -> Iterator[AssignmentResult]:
    """The results of measured windows, in their order."""
    matching, measures, sight = pieces.matching, pieces.matching.measures, pieces.sight
    columns = (
        *(measures.required_us, measures.covered_us, sight.usable_us, sight.unexamined_us),
        *(measures.lateness_us, measures.uncertainty_us),
    )
    footage, said = matching.placements.listed("footage_id"), pieces.said
    members, edges = matching.placements_of.members.tolist(), pairwise(matching.placements_of.edges.tolist())
    covered, gaps, unusable = (pieces.spans[name] for name in ("covered", "gaps", "unusable"))
    rows = zip(matching.measured, edges, *(column.tolist() for column in columns), strict=True)
    for index, (judged, (first, behind), required, covered_us, usable, unexamined, lateness, uncertainty) in enumerate(rows):
        told, segments, has_footage = _told(judged), members[first:behind], covered_us > 0
        reason = _undecided_reason(pieces, index) if index in pieces.absent else None
        firm = {finding.kind for finding in pieces.absent.get(index, ()) if not finding.is_borderline}
        is_decided = reason is None
        yield AssignmentResult(
            **told,
            outcome=_outcome(reason, (told["incident_id"], told["officer_id"]) in pieces.doubted),
            reason=reason,
            required_us=required,
            covered_us=covered_us,
            usable_us=None if has_footage and unexamined == covered_us else usable,
            unexamined_us=unexamined,
            lateness_us=lateness if has_footage else None,
            is_on_time=(has_footage and FindingKind.LATE_ACTIVATION not in firm) if is_decided else None,
            is_whole_window=(has_footage and not firm) if is_decided else None,
            uncertainty_us=uncertainty,
            covered=covered.get(index, ()),
            gaps=gaps.get(index, ()),
            unusable=unusable.get(index, ()),
            footage_ids=tuple(sorted({footage[segment] for segment in segments})),
            not_examined=tuple(text for segment in segments for text in said.get(segment, ())),
        )


def _outcome(reason: PendingReason | UnknownReason | None, is_doubted: bool) -> Outcome:
    if reason is not None:
        return Outcome.UNKNOWN if isinstance(reason, UnknownReason) else Outcome.PENDING
    return Outcome.FINDINGS if is_doubted else Outcome.COVERED


def _undecided_reason(pieces: _Pieces, index: int) -> PendingReason | UnknownReason | None:
    """Why a window with an absence stays open: its sources are not complete, a clock in a picture contradicts metadata so
    far that nothing of the absence is firm, or the absence is not firm and neither is that anything covers the window, or
    what covers it has a clock that is known to be so wrong that nothing else keeps the absence from being firm."""
    absent = pieces.absent.get(index, ())
    if not absent:
        return None
    if index in pieces.withheld:
        return pieces.withheld[index]
    if any(not finding.is_borderline for finding in absent):
        return None
    if _is_contradicted(pieces.matching, index, absent):
        return UnknownReason.CLOCK_CONTRADICTION
    is_held = pieces.is_held[index] and not _is_beyond_any_usual_clock(pieces.matching, index, absent)
    return None if is_held else UnknownReason.WITHIN_UNCERTAINTY


def _is_beyond_any_usual_clock(matching: Matching, index: int, absent: Iterable[Finding]) -> bool:
    """Whether an absence of a window would be firm by a clock that nobody ever checked, and is borderline only because the
    clock at hand is known to be worse than that."""
    usual_us = us_of_seconds(matching.checks.rules.untrusted_s) + int(matching.windows.precision_us[index])
    return any(finding.margin_us is not None and finding.margin_us > usual_us for finding in absent)


def _is_held(matching: Matching) -> Bool:
    """For each measured window whether something covers it whatever the clocks may be off by."""
    measures = matching.measures
    held_us = holding_us(matching.placements_of, matching.windows, matching.placements)
    return np.asarray((measures.covered_us > 0) & (held_us > measures.uncertainty_us))


def _is_contradicted(matching: Matching, index: int, absent: Iterable[Finding]) -> bool:
    """Whether a recording may lie in the window that by its metadata does not, or an absence would be firm if those that
    do were believed."""
    if index in matching.shifted.placements_of:
        return True
    touching = (matching.placements.shown.get(place) for place in matching.placements_of.get(index, ()))
    shift_us = max((abs(one) for shown in touching if shown for one in shown.shifts_us), default=0)
    usual_us = int(matching.measures.uncertainty_us[index]) - shift_us
    return shift_us > 0 and any(finding.margin_us is not None and finding.margin_us > usual_us for finding in absent)


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


def _not_examined(matching: Matching, sight: Sight, texts: Mapping[int, tuple[str, ...]], period: Span) -> tuple[str, ...]:
    """What makes the run incomplete: footage in a required window that could not be looked into, footage or
    assignments not loaded.

    A video that an officer's force deleted, or that the store does not hold, is a fact of the evidence and stated as such;
    it is listed here all the same, because nobody looked. Rows that contradict each other in ``period`` are all read with
    every chunk of it, and said alike by each.
    """
    looked = sight.of_placement.looked
    said = [what for index, found in texts.items() if index not in looked or looked[index].unexamined for what in found]
    conflicts = holder_conflicts(matching.records.holdings, matching.roster, period)
    said += [conflict.said() for conflict in conflicts[:_MOST_CONFLICTS]]
    if len(conflicts) > _MOST_CONFLICTS:
        said.append(f"{len(conflicts) - _MOST_CONFLICTS} more overlaps of two officers on one camera")
    if matching.judged and not matching.records.segments:
        said.append(NO_FOOTAGE_READ)
    if not matching.judged:
        said.append(NO_ASSIGNMENTS_READ)
    return tuple(sorted(set(said)))


def not_examined_in_all(parts: Sequence[Iterable[str]]) -> tuple[str, ...]:
    """What the chunks of a run could not examine, each sentence once; of the period as a whole only what all of them say."""
    sets = [set(part) for part in parts]
    said = set().union(*sets)
    partly = {one for one in (NO_FOOTAGE_READ, NO_ASSIGNMENTS_READ) if not all(one in part for part in sets)}
    return tuple(sorted(said - partly))


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
