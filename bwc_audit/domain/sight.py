"""What can be seen and heard in the recordings that touch a required window: inspections, placed in the world.

Media time becomes world time here (placement start + media time). A video that could not be looked into is never counted
as good: its time is *unexamined*, which is neither usable nor unusable.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from bwc_audit.domain import coverage
from bwc_audit.domain.coverage import NO_TIME, SegmentArrays, SpanTable
from bwc_audit.domain.findings import Evidence, Finding, FindingKind
from bwc_audit.domain.inspection import Inspection, InspectionStatus
from bwc_audit.domain.matching import Judged, Matching, limits_of_each
from bwc_audit.domain.phrases import said_length, said_time
from bwc_audit.domain.placement import Placement
from bwc_audit.domain.policy import UsabilityRules
from bwc_audit.domain.results import UnusableSpan
from bwc_audit.domain.severity import OF_KIND, severity_of_excess
from bwc_audit.domain.times import SECOND_US, Span, iso_utc, us_of_seconds

#: Kinds that leave nothing to see; sound is judged apart and does not make a picture unusable.
VISUAL_KINDS = frozenset(
    {
        FindingKind.BLACK_VIDEO,
        FindingKind.FROZEN_VIDEO,
        FindingKind.OBSTRUCTED_VIEW,
        FindingKind.UNIFORM_PICTURE,
        FindingKind.BLURRED_VIEW,
        FindingKind.CORRUPT_PICTURE,
        FindingKind.TIMESTAMP_GAP,
    }
)

_USABILITY_KINDS: frozenset[str] = VISUAL_KINDS | {
    FindingKind.AUDIO_MISSING,
    FindingKind.AUDIO_MUTED,
    FindingKind.AUDIO_CLIPPED,
    FindingKind.DECODE_ERROR,
}

_SAID = {
    FindingKind.BLACK_VIDEO: "the picture is black",
    FindingKind.FROZEN_VIDEO: "the picture stands still, repeated exactly",
    FindingKind.OBSTRUCTED_VIEW: "the view is covered",
    FindingKind.UNIFORM_PICTURE: "the picture is one colour or a test pattern",
    FindingKind.BLURRED_VIEW: "the picture is out of focus",
    FindingKind.CORRUPT_PICTURE: "large parts of the picture are a decoder's stopgap",
    FindingKind.TIMESTAMP_GAP: "frames are missing",
    FindingKind.AUDIO_MISSING: "there is no sound track",
    FindingKind.AUDIO_MUTED: "the sound is digital silence",
    FindingKind.AUDIO_CLIPPED: "the sound is cut off at full level",
    FindingKind.DECODE_ERROR: "frames are damaged",
}


@dataclass(frozen=True, slots=True)
class SegmentSight:
    """What one segment shows. ``unexamined``: world time nobody looked at, ``not_examined`` says why in words."""

    inspection: Inspection | None
    unusable: tuple[UnusableSpan, ...] = ()
    unexamined: tuple[Span, ...] = ()
    not_examined: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Sight:
    """The sight of every placement that touches a window, and what it makes of each window's coverage.

    Arrays by measured window, microseconds: usable <= covered; unexamined <= covered; unusable is the rest.
    """

    of_placement: dict[int, SegmentSight]
    usable_us: coverage.Int
    unexamined_us: coverage.Int
    unusable: SpanTable


def look(matching: Matching, inspections: Mapping[str, Inspection]) -> Sight:
    """Place what the inspections (by object key) saw into the windows."""
    stored = {video.object_key for video in matching.records.objects}
    of_placement = {
        index: _sight_of(matching.placements[index], stored, inspections, matching.policy.usability)
        for index in sorted(matching.windows_of)
    }
    join_us = limits_of_each(matching.measured).join_us
    good = _parts(matching, of_placement, is_unexamined_good=False)
    possible = _parts(matching, of_placement, is_unexamined_good=True)
    usable, _ = coverage.covered_time(matching.windows, matching.pieces, good, join_us)
    seen_or_unseen, _ = coverage.covered_time(matching.windows, matching.pieces, possible, join_us)
    count = len(matching.windows.owner)
    usable_us = usable.total_us(count)
    return Sight(
        of_placement=of_placement,
        usable_us=usable_us,
        unexamined_us=seen_or_unseen.total_us(count) - usable_us,
        unusable=coverage.uncovered(matching.measures.covered, seen_or_unseen, 0),
    )


def _sight_of(
    placement: Placement, stored: set[str], inspections: Mapping[str, Inspection], rules: UsabilityRules
) -> SegmentSight:
    whole = (Span(placement.start_us, placement.end_us),)
    key = placement.segment.object_key
    if placement.segment.deleted_us is not None:
        said = f"{placement.footage_id}: deleted on {iso_utc(placement.segment.deleted_us)}, not looked into"
        return SegmentSight(None, unexamined=whole, not_examined=(said,))
    if key is None or key not in stored:
        return SegmentSight(None, unexamined=whole, not_examined=(f"{placement.footage_id}: its video is not in the store",))
    inspection = inspections.get(key)
    if inspection is None:
        return SegmentSight(None, unexamined=whole, not_examined=(f"{placement.footage_id}: video not looked into",))
    if inspection.status is InspectionStatus.UNREADABLE:
        said = f"{placement.footage_id}: video unreadable ({inspection.reason})"
        return SegmentSight(inspection, unexamined=whole, not_examined=(said,))
    unusable = tuple(
        UnusableSpan(FindingKind(defect.kind.value), span)
        for defect in inspection.defects
        if defect.kind.value in _USABILITY_KINDS
        and (span := _clipped(placement, defect.start_us, max(defect.end_us, defect.start_us + 1)))
    )
    missed = list(inspection.not_examined)
    unexamined = _unexamined(placement, inspection, rules)
    if unexamined and inspection.status is InspectionStatus.COMPLETE:
        missed.append(f"the file ends {unexamined[0].length_us / SECOND_US:.1f} s before its metadata say")
    return SegmentSight(inspection, unusable, unexamined, tuple(f"{placement.footage_id}: {what}" for what in missed))


def _clipped(placement: Placement, media_start_us: int, media_end_us: int) -> Span | None:
    low = max(placement.start_us, placement.start_us + media_start_us)
    high = min(placement.end_us, placement.start_us + media_end_us)
    return Span(low, high) if low < high else None


def _unexamined(placement: Placement, inspection: Inspection, rules: UsabilityRules) -> tuple[Span, ...]:
    """The part of a partly examined file behind the last sample; of a complete one what its metadata claim and it does
    not hold, where that is more than the policy tolerates."""
    seen_us = max((span.end_us for span in inspection.examined.spans), default=0)
    if inspection.status is InspectionStatus.COMPLETE:
        claimed_us = placement.segment.duration_us
        held_us = claimed_us if inspection.measures is None else inspection.measures.lengths.held_us
        if claimed_us - held_us <= us_of_seconds(rules.duration_tolerance_s):
            return ()
        seen_us = held_us
    rest = _clipped(placement, seen_us, placement.segment.duration_us)
    return (rest,) if rest else ()


def _parts(matching: Matching, sights: Mapping[int, SegmentSight], *, is_unexamined_good: bool) -> SegmentArrays:
    """What is left of each segment without its unusable (and unexamined) spans, with the segment's owner."""
    rows: list[tuple[int, int, int]] = []
    for index, sight in sights.items():
        placement = matching.placements[index]
        if placement.officer_id is None:
            continue
        bad = [one.span for one in sight.unusable if one.kind in VISUAL_KINDS]
        bad += [] if is_unexamined_good else list(sight.unexamined)
        owner = matching.owner_of[placement.officer_id]
        rows += [(owner, low, high) for low, high in _left(placement.start_us, placement.end_us, sorted(bad))]
    columns = np.array(rows, np.int64).reshape(-1, 3).T
    nothing = np.full(columns.shape[1], NO_TIME)
    return SegmentArrays(columns[0], columns[1], columns[2], nothing, nothing)


def _left(start_us: int, end_us: int, bad: list[Span]) -> Iterator[tuple[int, int]]:
    for span in bad:
        if span.start_us > start_us:
            yield start_us, min(span.start_us, end_us)
        start_us = max(start_us, span.end_us)
    if start_us < end_us:
        yield start_us, end_us


def usability_findings(matching: Matching, sight: Sight) -> Iterator[Finding]:
    """One finding for each window, recording and kind whose time inside the window reaches the policy's minimum."""
    rules = matching.policy.usability
    for judged in matching.measured:
        assert judged.measured is not None  # noqa: S101 - only measured ones are listed
        grouped: dict[tuple[str, FindingKind], list[tuple[Placement, Span]]] = defaultdict(list)
        for index in matching.placements_of.get(judged.measured, ()):
            placement = matching.placements[index]
            for one in sight.of_placement[index].unusable:
                for piece in judged.pieces:
                    low, high = max(one.span.start_us, piece.start_us), min(one.span.end_us, piece.end_us)
                    if low < high:
                        grouped[placement.recording_id, one.kind].append((placement, Span(low, high)))
        for (recording_id, kind), found in sorted(grouped.items()):
            if sum(span.length_us for _, span in found) >= _minimum_us(kind, rules):
                yield _finding(matching, judged, recording_id, kind, found)


def _minimum_us(kind: FindingKind, rules: UsabilityRules) -> int:
    match kind:
        case FindingKind.TIMESTAMP_GAP:
            return 1
        case kind if kind in VISUAL_KINDS:
            return us_of_seconds(rules.minimum_s)
        case FindingKind.AUDIO_MUTED | FindingKind.AUDIO_CLIPPED:
            return us_of_seconds(rules.audio_minimum_s)
    return 1


def _finding(
    matching: Matching, judged: Judged, recording_id: str, kind: FindingKind, found: list[tuple[Placement, Span]]
) -> Finding:
    total_us = sum(span.length_us for _, span in found)
    spans = tuple(sorted(span for _, span in found))
    placements = {place.footage_id: place for place, _ in found}
    where = f"{said_time(spans[0].start_us)} to {said_time(spans[-1].end_us)}"
    return Finding(
        kind=kind,
        clause=matching.policy.usability.clause,
        severity=OF_KIND.get(kind) or severity_of_excess(total_us, judged.policy.severity),
        message=f"In recording {recording_id} {_SAID[kind]} for {said_length(total_us)} "
        f"inside the required window ({where}).",
        incident_id=judged.attendance.incident_id,
        officer_id=judged.attendance.officer_id,
        device_id=found[0][0].segment.device_id,
        recording_id=recording_id,
        footage_ids=tuple(sorted(placements)),
        window=judged.window,
        spans=spans,
        seconds_us=total_us,
        evidence=tuple(_evidence(place) for place in placements.values()),
        policy=judged.policy.reference,
    )


def _evidence(placement: Placement) -> Evidence:
    return Evidence("footage", str(placement.segment.row), placement.start_us, placement.segment.sha256)
