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

#: What whole seconds may add to a difference of two readings: a second at either end.
_WHOLE_SECONDS_US = 2 * SECOND_US


@dataclass(frozen=True, slots=True)
class Stated:
    """What is wrong with one clock. ``margin_us``: the smallest error of the comparison that would undo it; None: none.
    ``doubt_us``: how far the comparison may be off; None: as far as that of two offsets."""

    kind: FindingKind
    words: str
    size_us: int = 0
    margin_us: int | None = None
    spans: tuple[Span, ...] = ()
    doubt_us: int | None = None

    def is_borderline(self, tolerance_us: int) -> bool:
        """Whether the comparison could have made it by itself. ``tolerance_us``: of the clock's offset."""
        return self.margin_us is not None and self.margin_us <= self.uncertainty_us(tolerance_us)

    def uncertainty_us(self, tolerance_us: int) -> int:
        """How far the comparison may be off, given the tolerance of the clock's offset."""
        return tolerance_us if self.doubt_us is None else self.doubt_us


def shown_clock_findings(matching: Matching) -> Iterator[Finding]:
    """All of them, for recordings that touch a required window or by their picture might; in order of time."""
    rules = matching.policy.clock
    for index, shown in sorted(matching.placements.shown.items()):
        if not (index in matching.windows_of or index in matching.shifted.windows_of):
            continue
        placement = matching.placements[index]
        for stated in (_offset(shown, rules), _jump(placement, shown, rules), drift_stated(shown, rules)):
            if stated is not None:
                yield _finding(matching, index, shown, stated)


def _offset(shown: ShownClock, rules: ClockRules) -> Stated | None:
    if shown.clock.is_not_set:
        return Stated(FindingKind.CLOCK_OFFSET, "says that its time was not set")
    offset_us, least_us = shown.clock.offset_us, us_of_seconds(rules.offset_s)
    if offset_us is None or abs(offset_us) < least_us:
        return None
    side = "ahead of" if offset_us > 0 else "behind"
    words = f"is {said_length(abs(offset_us))} {side} the start that its metadata state"
    if shown.clock.zone_doubt_us is not None:
        words += " (whole half hours, as a wrong time zone makes)"
    return Stated(FindingKind.CLOCK_OFFSET, words, abs(offset_us), abs(offset_us) - least_us)


def _jump(placement: Placement, shown: ShownClock, rules: ClockRules) -> Stated | None:
    least_us = us_of_seconds(rules.jump_s)
    jumps = [jump for jump in shown.clock.jumps if abs(jump.step_us) >= least_us]
    if not jumps:
        return None
    size_us = max(abs(jump.step_us) for jump in jumps)
    often = "once" if len(jumps) == 1 else f"{len(jumps)} times"
    words = f"steps {often} inside the file, by {said_length(size_us)}{' at most' if len(jumps) > 1 else ''}"
    start_us = placement.start_us
    spans = tuple(Span(start_us + jump.between.start_us, start_us + jump.between.end_us) for jump in jumps)
    return Stated(FindingKind.CLOCK_JUMP, words, size_us, size_us - least_us, spans)


def drift_stated(shown: ShownClock, rules: ClockRules) -> Stated | None:
    """What is wrong with the rate of a clock, over the media time in which it was read; of the rest of the file nothing is
    known. None: nothing, or too little to be told."""
    clock, least_us = shown.clock, us_of_seconds(rules.drift_minimum_s)
    if clock.is_stuck:
        return Stated(FindingKind.CLOCK_DRIFT, "stands still while the picture goes on")
    if clock.drift_ppm is None or clock.drift_error_ppm is None or clock.over is None:
        return None
    rate_ppm = abs(clock.drift_ppm)
    grown_us = round(rate_ppm * clock.over.length_us / 1e6)
    if rate_ppm - clock.drift_error_ppm <= rules.drift_ppm or grown_us < least_us:
        return None
    verb = "gains" if clock.drift_ppm > 0 else "loses"
    over = said_length(clock.over.length_us)
    words = f"{verb} {grown_us / SECOND_US:.1f} s over the {over} that were read ({rate_ppm:.0f} ppm)"
    doubt_us = max(shown.tolerance_us, _WHOLE_SECONDS_US)
    return Stated(FindingKind.CLOCK_DRIFT, words, grown_us, grown_us - least_us, doubt_us=doubt_us)


def _finding(matching: Matching, index: int, shown: ShownClock, stated: Stated) -> Finding:
    placement = matching.placements[index]
    judged = matching.first_call(index) or matching.measured[matching.shifted.windows_of[index][0]]
    return Finding(
        kind=stated.kind,
        clause=matching.policy.clock.clause,
        severity=Severity.MEDIUM,
        message=f"The clock in the picture of recording {placement.recording_id} {stated.words}; "
        f"{shown.clock.agreed} of {shown.clock.of} readings agree.",
        incident_id=judged.attendance.incident_id,
        officer_id=placement.officer_id,
        device_id=placement.device_id,
        recording_id=placement.recording_id,
        footage_ids=(placement.footage_id,),
        spans=stated.spans,
        seconds_us=stated.size_us,
        uncertainty_us=None if stated.margin_us is None else stated.uncertainty_us(shown.tolerance_us),
        margin_us=stated.margin_us,
        is_borderline=stated.is_borderline(shown.tolerance_us),
        evidence=(
            Evidence("footage", str(placement.row), placement.start_us, placement.sha256),
            Evidence("burned_in_clock", shown.text, placement.start_us + shown.first_us),
        ),
        policy=judged.policy.reference,
    )
