"""What can be seen and heard in the recordings that touch a required window: inspections, placed in the world.

Media time becomes world time here (placement start + media time). A video that could not be looked into is never counted
as good: its time is *unexamined*, which is neither usable nor unusable.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import IntEnum

import numpy as np

from bwc_audit.domain import coverage
from bwc_audit.domain.coverage import NO_TIME, SegmentArrays, SpanTable
from bwc_audit.domain.findings import Evidence, Finding, FindingKind
from bwc_audit.domain.inspection import Inspection, InspectionStatus
from bwc_audit.domain.judgement import Judged
from bwc_audit.domain.matching import Matching, limits_of_each
from bwc_audit.domain.phrases import said_length, said_time
from bwc_audit.domain.placement import Placement, Placements
from bwc_audit.domain.policy import UsabilityRules
from bwc_audit.domain.results import UnusableSpan
from bwc_audit.domain.segment_table import NO_NUMBER
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


class Unseen(IntEnum):
    """Why nobody looked into a recording that touches a window."""

    DELETED = 1
    NOT_STORED = 2
    NOT_LOOKED_INTO = 3


@dataclass(frozen=True, slots=True, eq=False)
class Sights(Mapping[int, SegmentSight]):
    """The sight of every placement that touches a window. ``looked``: of those that somebody looked into; ``why``: for each
    placement why nobody did (``Unseen``), 0 where somebody did or where it touches no window."""

    placements: Placements
    looked: Mapping[int, SegmentSight]
    why: coverage.Int

    def __getitem__(self, index: int) -> SegmentSight:
        found = self.looked.get(index)
        if found is not None:
            return found
        if not 0 <= index < len(self.why) or not self.why[index]:
            raise KeyError(index)
        whole = Span(int(self.placements.start_us[index]), int(self.placements.end_us[index]))
        return SegmentSight(None, unexamined=(whole,), not_examined=(self._said(index),))

    def __iter__(self) -> Iterator[int]:
        return iter(sorted([*self.looked, *self.unseen().tolist()]))

    def __len__(self) -> int:
        return len(self.looked) + len(self.unseen())

    def unseen(self) -> coverage.Int:
        """Placements that nobody looked into, ascending."""
        return np.flatnonzero(self.why)

    def said(self) -> dict[int, tuple[str, ...]]:
        """For each placement what was not examined of it, in words; those of which everything was are left out."""
        looked = {index: sight.not_examined for index, sight in self.looked.items() if sight.not_examined}
        return looked | self.said_unseen(self.unseen())

    def said_unseen(self, indices: coverage.Int) -> dict[int, tuple[str, ...]]:
        """The same for those of these placements that nobody looked into although they touch a window."""
        found: dict[int, tuple[str, ...]] = {}
        footage, segment = self.placements.table.footage_id, self.placements.segment
        places = indices[self.why[indices] > 0]
        unseen = places[self.why[places] == Unseen.NOT_LOOKED_INTO]
        for index, place in zip(unseen.tolist(), segment[unseen].tolist(), strict=True):
            found[index] = (f"{footage[place]}: {_NOT_LOOKED_INTO}",)
        for index in places[self.why[places] != Unseen.NOT_LOOKED_INTO].tolist():
            found[index] = (self._said(index),)
        return found

    def _said(self, index: int) -> str:
        place = int(self.placements.segment[index])
        footage_id = self.placements.table.footage_id[place]
        if self.why[index] == Unseen.DELETED:
            return f"{footage_id}: deleted on {iso_utc(int(self.placements.table.deleted_us[place]))}, not looked into"
        if self.why[index] == Unseen.NOT_STORED:
            return f"{footage_id}: its video is not in the store"
        return f"{footage_id}: {_NOT_LOOKED_INTO}"


_NOT_LOOKED_INTO = "video not looked into"


@dataclass(frozen=True, slots=True)
class Sight:
    """The sight of every placement that touches a window, and what it makes of each window's coverage.

    Arrays by measured window, microseconds: usable <= covered; unexamined <= covered; unusable is the rest.
    """

    of_placement: Sights
    usable_us: coverage.Int
    unexamined_us: coverage.Int
    unusable: SpanTable


def look(matching: Matching, inspections: Mapping[str, Inspection]) -> Sight:
    """Place what the inspections (by object key) saw into the windows."""
    sights = _sights(matching, inspections)
    join_us = limits_of_each(matching.measured).join_us
    good = _parts(matching, sights, is_unexamined_good=False)
    possible = _parts(matching, sights, is_unexamined_good=True)
    usable, _ = coverage.covered_time(matching.windows, matching.pieces, good, join_us)
    seen_or_unseen, _ = coverage.covered_time(matching.windows, matching.pieces, possible, join_us)
    count = len(matching.windows.owner)
    usable_us = usable.total_us(count)
    return Sight(
        of_placement=sights,
        usable_us=usable_us,
        unexamined_us=seen_or_unseen.total_us(count) - usable_us,
        unusable=coverage.uncovered(matching.measures.covered, seen_or_unseen, 0),
    )


def _sights(matching: Matching, inspections: Mapping[str, Inspection]) -> Sights:
    placements = matching.placements
    is_deleted = (placements.table.deleted_us != NO_NUMBER)[placements.segment]
    why = np.full(len(placements), int(Unseen.NOT_LOOKED_INTO))
    why[~matching.videos.is_stored] = Unseen.NOT_STORED
    why[is_deleted] = Unseen.DELETED
    why[~matching.windows_of.has_members()] = 0
    looked: dict[int, SegmentSight] = {}
    for index in np.flatnonzero(why == Unseen.NOT_LOOKED_INTO).tolist() if inspections else ():
        inspection = inspections.get(placements.table.object_key[placements.segment[index]] or "")
        if inspection is not None:
            looked[index] = _sight_of(placements[index], inspection, matching.policy_of(index).usability)
            why[index] = 0
    return Sights(placements, looked, why)


def _sight_of(placement: Placement, inspection: Inspection, rules: UsabilityRules) -> SegmentSight:
    if inspection.status is InspectionStatus.UNREADABLE:
        whole = (Span(placement.start_us, placement.end_us),)
        said = f"{placement.footage_id}: video unreadable ({inspection.reason})"
        return SegmentSight(inspection, unexamined=whole, not_examined=(said,))
    unusable = tuple(
        UnusableSpan(FindingKind(defect.kind.value), span)
        for defect in inspection.defects
        if defect.kind.value in _USABILITY_KINDS
        and defect.measures.get("covered_share", 1.0) >= rules.obstructed_unusable_share
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


def _parts(matching: Matching, sights: Sights, *, is_unexamined_good: bool) -> SegmentArrays:
    """What is left of each segment without its unusable (and unexamined) spans, with the segment's owner. Of those that
    belong to nobody nothing is asked: their owner has no window."""
    rows: list[tuple[int, int, int]] = []
    for index, sight in sights.looked.items():
        bad = [one.span for one in sight.unusable if one.kind in VISUAL_KINDS]
        bad += [] if is_unexamined_good else list(sight.unexamined)
        owner, start_us = int(matching.segments.owner[index]), int(matching.segments.start_us[index])
        rows += [(owner, low, high) for low, high in _left(start_us, int(matching.segments.end_us[index]), sorted(bad))]
    columns = np.array(rows, np.int64).reshape(-1, 3).T
    if is_unexamined_good:
        unseen = sights.unseen()
        segments = matching.segments
        whole = np.stack([segments.owner[unseen], segments.start_us[unseen], segments.end_us[unseen]])
        columns = np.concatenate([columns, whole], axis=1)
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
    looked = sight.of_placement.looked
    defective = [index for index, seen in looked.items() if seen.unusable]
    for window in sorted({window for index in defective for window in matching.windows_of.get(index, ())}):
        judged = matching.measured[window]
        grouped: dict[tuple[str, FindingKind], list[tuple[Placement, Span]]] = defaultdict(list)
        for index in matching.placements_of[window]:
            for one in looked[index].unusable if index in looked else ():
                for piece in judged.pieces:
                    low, high = max(one.span.start_us, piece.start_us), min(one.span.end_us, piece.end_us)
                    if low < high:
                        placement = matching.placements[index]
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
        message=f"In recording {recording_id} {_said(kind, matching.policy.usability)} for {said_length(total_us)} "
        f"inside the required window ({where}).",
        incident_id=judged.attendance.incident_id,
        officer_id=judged.attendance.officer_id,
        device_id=found[0][0].device_id,
        recording_id=recording_id,
        footage_ids=tuple(sorted(placements)),
        window=judged.window,
        spans=spans,
        seconds_us=total_us,
        evidence=tuple(_evidence(place) for place in placements.values()),
        policy=judged.policy.reference,
    )


def _said(kind: FindingKind, rules: UsabilityRules) -> str:
    """What is wrong, in words; of a cover how much of the view it takes at least."""
    if kind is FindingKind.OBSTRUCTED_VIEW and rules.obstructed_unusable_share < rules.obstructed_share:
        return f"at least {rules.obstructed_unusable_share:.0%} of the view is covered"
    return _SAID[kind]


def _evidence(placement: Placement) -> Evidence:
    return Evidence("footage", str(placement.row), placement.start_us, placement.sha256)
