"""Findings from burned-in clocks: ``clock_offset`` (also: not set), ``clock_jump`` and ``clock_drift`` (also: stands still).

They say that picture and metadata of one recording differ, by how much, and how many readings agree; see ``shown_clocks``
for what that proves. A difference that the comparison could have made by itself is borderline.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from bwc_audit.domain.findings import Evidence, Finding, FindingKind, Severity
from bwc_audit.domain.matching import Matching
from bwc_audit.domain.phrases import said_length
from bwc_audit.domain.placement import Placement
from bwc_audit.domain.policy import ClockRules
from bwc_audit.domain.shown_clocks import ShownClock
from bwc_audit.domain.times import SECOND_US, Span, us_of_seconds


@dataclass(frozen=True, slots=True)
class _Stated:
    """What is wrong with one clock. ``margin_us``: the smallest error of the comparison that would undo it; None: none."""

    kind: FindingKind
    words: str
    size_us: int = 0
    margin_us: int | None = None
    spans: tuple[Span, ...] = ()


def shown_clock_findings(matching: Matching) -> Iterator[Finding]:
    """All of them, for recordings that touch a required window or by their picture might; in order of time."""
    rules = matching.policy.clock
    for index, placement in enumerate(matching.placements):
        shown = placement.shown
        if shown is None or not (index in matching.windows_of or index in matching.shifted.windows_of):
            continue
        for stated in (_offset(shown, rules), _jump(placement, shown, rules), _drift(placement, shown, rules)):
            if stated is not None:
                yield _finding(matching, index, shown, stated)


def _offset(shown: ShownClock, rules: ClockRules) -> _Stated | None:
    if shown.clock.is_not_set:
        return _Stated(FindingKind.CLOCK_OFFSET, "says that its time was not set")
    offset_us, least_us = shown.clock.offset_us, us_of_seconds(rules.offset_s)
    if offset_us is None or abs(offset_us) < least_us:
        return None
    side = "ahead of" if offset_us > 0 else "behind"
    words = f"is {said_length(abs(offset_us))} {side} the start that its metadata state"
    if shown.clock.zone_doubt_us is not None:
        words += " (whole half hours, as a wrong time zone makes)"
    return _Stated(FindingKind.CLOCK_OFFSET, words, abs(offset_us), abs(offset_us) - least_us)


def _jump(placement: Placement, shown: ShownClock, rules: ClockRules) -> _Stated | None:
    least_us = us_of_seconds(rules.jump_s)
    jumps = [jump for jump in shown.clock.jumps if abs(jump.step_us) >= least_us]
    if not jumps:
        return None
    size_us = max(abs(jump.step_us) for jump in jumps)
    often = "once" if len(jumps) == 1 else f"{len(jumps)} times"
    words = f"steps {often} inside the file, by {said_length(size_us)}{' at most' if len(jumps) > 1 else ''}"
    start_us = placement.start_us
    spans = tuple(Span(start_us + jump.between.start_us, start_us + jump.between.end_us) for jump in jumps)
    return _Stated(FindingKind.CLOCK_JUMP, words, size_us, size_us - least_us, spans)


def _drift(placement: Placement, shown: ShownClock, rules: ClockRules) -> _Stated | None:
    clock, least_us = shown.clock, us_of_seconds(rules.drift_minimum_s)
    if clock.is_stuck:
        return _Stated(FindingKind.CLOCK_DRIFT, "stands still while the picture goes on")
    if clock.drift_ppm is None or clock.drift_error_ppm is None:
        return None
    rate_ppm = abs(clock.drift_ppm)
    grown_us = round(rate_ppm * placement.segment.duration_us / 1e6)
    if rate_ppm - clock.drift_error_ppm <= rules.drift_ppm or grown_us < least_us:
        return None
    verb = "gains" if clock.drift_ppm > 0 else "loses"
    words = f"{verb} {grown_us / SECOND_US:.1f} s inside the file ({rate_ppm:.0f} ppm)"
    return _Stated(FindingKind.CLOCK_DRIFT, words, grown_us, grown_us - least_us)


def _finding(matching: Matching, index: int, shown: ShownClock, stated: _Stated) -> Finding:
    placement = matching.placements[index]
    windows = matching.windows_of.get(index) or matching.shifted.windows_of.get(index, ())
    judged = matching.measured[windows[0]]
    return Finding(
        kind=stated.kind,
        clause=matching.policy.clock.clause,
        severity=Severity.MEDIUM,
        message=f"The clock in the picture of recording {placement.recording_id} {stated.words}; "
        f"{shown.clock.agreed} of {shown.clock.of} readings agree.",
        incident_id=judged.attendance.incident_id,
        officer_id=placement.officer_id,
        device_id=placement.segment.device_id,
        recording_id=placement.recording_id,
        footage_ids=(placement.footage_id,),
        spans=stated.spans,
        seconds_us=stated.size_us,
        uncertainty_us=None if stated.margin_us is None else shown.tolerance_us,
        margin_us=stated.margin_us,
        is_borderline=stated.margin_us is not None and stated.margin_us <= shown.tolerance_us,
        evidence=(
            Evidence("footage", str(placement.segment.row), placement.start_us, placement.segment.sha256),
            Evidence("burned_in_clock", shown.text, placement.start_us + shown.first_us),
        ),
    )
