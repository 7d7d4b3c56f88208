"""The recordings of different cameras at one incident compared by sound: how far their clocks are apart, or why that
cannot be said. From what deep looks left behind, under the rules of the run's own policy; no sound is heard again.

Answers of three or more cameras must add up; where they do not, none of them is given, since it is not known which is
wrong. Which of two clocks is right, and where a camera stood, is not known here.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import combinations

from bwc_audit.detectors.sound_match import Envelope, NoMatch, match, opened
from bwc_audit.domain.anchors import PairLag, relative_offsets
from bwc_audit.domain.inspection import Inspection
from bwc_audit.domain.policy import SoundMatchRules
from bwc_audit.domain.results import PlacedSegment
from bwc_audit.domain.times import us_of_seconds
from bwc_audit.report.evidence import SoundAgreement
from bwc_audit.store.planned import PlannedInspection

#: Pairs of one incident that are compared: those of 16 cameras with a file each.
_MOST_PAIRS = 120


def agreements_of(
    segments: Sequence[PlacedSegment],
    plan: Sequence[PlannedInspection],
    inspections: Mapping[str, Inspection],
    rules: SoundMatchRules,
) -> dict[str, tuple[SoundAgreement, ...]]:
    """By incident: every two files of different cameras that overlap in time and that a deep look was planned for."""
    deep = {one.request.object_key for one in plan if one.request.is_deep}
    by_incident: dict[str, dict[str, PlacedSegment]] = defaultdict(dict)
    for segment in segments:
        if segment.object_key in deep:
            by_incident[segment.incident_id][segment.footage_id] = segment
    found = {}
    for incident_id, files in by_incident.items():
        pairs = _pairs([files[footage_id] for footage_id in sorted(files)])
        if pairs:
            found[incident_id] = _consistent(_compared(pairs, inspections, rules), files)
    return found


def _pairs(files: Sequence[PlacedSegment]) -> list[tuple[PlacedSegment, PlacedSegment]]:
    return [
        (one, other)
        for one, other in combinations(files, 2)
        if one.device_id != other.device_id
        and one.span.start_us < other.span.end_us
        and other.span.start_us < one.span.end_us
    ]


def _compared(
    pairs: Sequence[tuple[PlacedSegment, PlacedSegment]], inspections: Mapping[str, Inspection], rules: SoundMatchRules
) -> list[SoundAgreement]:
    heard: dict[str, Envelope | str] = {}
    for segment in {segment.footage_id: segment for pair in pairs[:_MOST_PAIRS] for segment in pair}.values():
        heard[segment.footage_id] = _envelope(segment, inspections.get(segment.object_key or ""))
    compared = [_agreement(one, other, heard, rules) for one, other in pairs[:_MOST_PAIRS]]
    left_out = [SoundAgreement(one.footage_id, other.footage_id, why_not="too_many") for one, other in pairs[_MOST_PAIRS:]]
    return compared + left_out


def _envelope(segment: PlacedSegment, seen: Inspection | None) -> Envelope | str:
    """The envelope in the world, where the file is placed; or why there is none."""
    if seen is None or seen.measures is None:
        return "unreadable"
    if seen.measures.envelope is None:
        return "not_heard" if seen.measures.has_sound_track else "soundless"
    return opened(seen.measures.envelope, segment.span.start_us)


def _agreement(
    one: PlacedSegment, other: PlacedSegment, heard: Mapping[str, Envelope | str], rules: SoundMatchRules
) -> SoundAgreement:
    first, second = heard[one.footage_id], heard[other.footage_id]
    nothing = SoundAgreement(one.footage_id, other.footage_id)
    if isinstance(first, str):
        return replace(nothing, why_not=first)
    if isinstance(second, str):
        return replace(nothing, why_not=second)
    wanted_us = max(us_of_seconds(rules.search_s), one.uncertainty_us + other.uncertainty_us)
    search_us = min(wanted_us, us_of_seconds(rules.most_search_s))
    result = match(first, second, 0, search_us, rules)
    if isinstance(result, NoMatch):
        return replace(nothing, why_not=str(result))
    return replace(
        nothing,
        lag_us=result.lag_us,
        uncertainty_us=result.uncertainty_us,
        agreeing=result.agreeing,
        tried=result.tried,
        peak_ratio=result.peak_ratio,
    )


def _consistent(found: Sequence[SoundAgreement], files: Mapping[str, PlacedSegment]) -> tuple[SoundAgreement, ...]:
    """Without the answers of cameras whose differences do not add up."""
    lags = [
        PairLag(files[pair.one].device_id, files[pair.other].device_id, pair.lag_us, pair.uncertainty_us)
        for pair in found
        if pair.lag_us is not None
    ]
    contradicting = {camera for group in relative_offsets(lags) if group.offset_us is None for camera in group.cameras}
    return tuple(
        SoundAgreement(pair.one, pair.other, why_not="contradicted")
        if pair.lag_us is not None and files[pair.one].device_id in contradicting
        else pair
        for pair in found
    )
