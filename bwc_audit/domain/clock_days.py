"""One offset for each camera and day, from anchors of several kinds, and whether they prove enough to be applied.

A false correction is worse than none. So an offset is applied only where at least ``anchors_least`` anchors agree, nothing
that was measured contradicts it, and either two independent kinds of anchor say the same, or tagged recordings alone say
what no officer's habit explains (whole hours, as a wrong time zone makes, or more than a day) of a camera whose clock no
dock measured. What falls short of that is stated, and moves nothing. The device's own times are kept in any case.

A *day* is 24 hours of device time from midnight or from noon UTC: a night's shift lies whole in one of the two, and the
one that holds more agreeing anchors speaks for it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from bwc_audit.domain.clock_anchors import AnchorKind, Anchors, UploadBounds
from bwc_audit.domain.clock_clues import DayClues, KindClue, clues_by_day
from bwc_audit.domain.coverage import Int
from bwc_audit.domain.phrases import said_length
from bwc_audit.domain.policy import ClockRules
from bwc_audit.domain.times import DAY_US, HOUR_US, us_of_seconds

#: No zone is further from UTC than this.
_WIDEST_ZONE_US = 14 * HOUR_US

#: The more exact a kind, the earlier: the offset is taken from the most exact kind that supports it.
_EXACT_FIRST = (AnchorKind.OVERLAY, AnchorKind.TAGGED)


class Confidence(StrEnum):
    """How well an offset is proved. ``agreed``: applied; ``doubtful``: stated, and nothing is moved by it."""

    AGREED = "agreed"
    DOUBTFUL = "doubtful"


@dataclass(frozen=True, slots=True)
class ClockDay:
    """What the anchors of one camera and day say beyond the dock's checks, where they say anything but *no shift*.

    ``start_us``: when the day begins by the device's clock. ``offset_us``: metadata minus true time; ``spread_us``: median
    distance of its anchors from it; ``uncertainty_us``: how exactly they can tell. ``anchors``: how many support it;
    ``against``: how many do not. ``kinds``: those that support it. ``why``: why it is applied, or is not. ``subjects``:
    segments (indices) that it rests on.
    ``at_least_us``: how far the clock is ahead whatever else is true, because recordings end after they were uploaded.
    """

    device_id: str
    start_us: int
    offset_us: int
    spread_us: int
    uncertainty_us: int
    anchors: int
    against: int
    kinds: tuple[AnchorKind, ...]
    confidence: Confidence
    why: str
    subjects: tuple[int, ...] = field(default=(), compare=False)
    at_least_us: int = 0

    @property
    def is_applied(self) -> bool:
        return self.confidence is Confidence.AGREED

    @property
    def end_us(self) -> int:
        """Where the day ends by the device's clock, excluded."""
        return self.start_us + DAY_US

    @property
    def true_start_us(self) -> int:
        """When the day begins without the offset, whether that is applied or not: a camera months off records today."""
        return self.start_us - self.offset_us

    @property
    def weight(self) -> tuple[bool, int, bool]:
        """Which of two days speaks for the time that they share: the larger."""
        return self.is_applied, self.anchors - self.against, self.start_us % DAY_US == 0


def clock_days(
    device_ids: Sequence[str],
    anchors: Sequence[Anchors],
    bounds: UploadBounds,
    segments: tuple[Int, Int, Int],
    rules: ClockRules,
) -> tuple[ClockDay, ...]:
    """The days of cameras on which anchors say something else than *no shift*; of a camera's, the best proved first.

    ``segments``: camera, device time, and 1 where a dock measured the clock then, of each segment that ``bounds`` speaks of.
    """
    clues = clues_by_day(len(device_ids), anchors, bounds, segments, rules)
    judged = (_judged_day(device_ids[device], start_us, of_day, rules) for device, start_us, of_day in clues)
    return _without_repeats([day for day in judged if day is not None])


def _without_repeats(days: Sequence[ClockDay]) -> tuple[ClockDay, ...]:
    """Of the days from midnight and from noon those that rest on anything that no better one rests on; best first for each
    camera, cameras in order."""
    kept: list[ClockDay] = []
    said: set[tuple[str, int]] = set()
    for one in sorted(days, key=lambda day: (day.weight, -day.start_us), reverse=True):
        marks = {(one.device_id, subject) for subject in one.subjects} or {(one.device_id, -1 - one.start_us // DAY_US)}
        if not marks <= said:
            kept.append(one)
        said |= marks
    return tuple(sorted(kept, key=lambda day: day.device_id))


def _judged_day(device_id: str, start_us: int, clues: DayClues, rules: ClockRules) -> ClockDay | None:
    lead = _leading(clues, rules)
    if lead is None:
        return _only_late(device_id, start_us, clues)
    offset_us, agree_us = lead.median_us, us_of_seconds(rules.agree_s)
    supporting = [one for one in clues.kinds if _supports(one, offset_us, agree_us, rules)]
    against = [one for one in clues.kinds if one not in supporting]
    telling = [one for one in supporting if one.median_us != 0]
    kinds = [one.kind for one in telling]
    is_forced = clues.refutes_us(0, 0) and not clues.refutes_us(offset_us, agree_us)
    if is_forced:
        kinds.append(AnchorKind.UPLOAD)
    anchors = sum(one.agreeing for one in telling)
    confidence, why = _confidence(offset_us, telling, against, clues, is_forced, rules)
    return ClockDay(
        device_id=device_id,
        start_us=start_us,
        offset_us=offset_us,
        spread_us=lead.spread_us,
        uncertainty_us=lead.uncertainty_us,
        anchors=anchors + (1 if is_forced else 0),
        against=sum(one.count for one in (*telling, *against)) - anchors,
        kinds=tuple(sorted(kinds)),
        confidence=confidence,
        why=why,
        subjects=tuple(sorted({subject for one in telling for subject in one.subjects})),
        at_least_us=max(0, clues.low_us),
    )


def _leading(clues: DayClues, rules: ClockRules) -> KindClue | None:
    """The most exact kind that says a shift worth naming."""
    least_us = us_of_seconds(rules.offset_s)
    by_kind = {one.kind: one for one in clues.kinds}
    for kind in _EXACT_FIRST:
        if kind in by_kind and abs(by_kind[kind].median_us) >= least_us:
            return by_kind[kind]
    return None


def _supports(one: KindClue, offset_us: int, agree_us: int, rules: ClockRules) -> bool:
    """Whether a kind fits this offset. Recordings that lie where their tag says fit whatever they cannot tell from 0; they
    tell nothing of it, and are not counted."""
    reach_us = one.uncertainty_us + (agree_us if one.kind is AnchorKind.TAGGED else 0)
    return abs(one.median_us - offset_us) <= reach_us and one.share() >= rules.anchor_share


def _confidence(
    offset_us: int,
    telling: Sequence[KindClue],
    against: Sequence[KindClue],
    clues: DayClues,
    is_forced: bool,
    rules: ClockRules,
) -> tuple[Confidence, str]:
    """Whether an offset is proved, and the reason in words."""
    kinds = {one.kind for one in telling}
    anchors = sum(one.agreeing for one in telling)
    if against:
        return Confidence.DOUBTFUL, f"anchors contradict it ({', '.join(sorted(one.kind for one in against))})"
    if clues.refutes_us(offset_us, us_of_seconds(rules.agree_s)):
        return Confidence.DOUBTFUL, "uploads or dockings contradict it"
    if anchors < rules.anchors_least:
        return Confidence.DOUBTFUL, f"{anchors} of {rules.anchors_least} anchors that are needed"
    proofs = len(kinds) + (1 if is_forced else 0)
    if proofs >= 2:
        return Confidence.AGREED, "independent kinds of anchor agree"
    if kinds == {AnchorKind.OVERLAY}:
        if clues.is_measured and not _is_zone_like(offset_us, rules):
            return Confidence.AGREED, "the picture's clock, which a dock measured, says so"
        return Confidence.DOUBTFUL, "picture and metadata differ; which of them is right is not proved"
    if clues.is_measured:
        return Confidence.DOUBTFUL, "only tags say so, and a dock measured this clock"
    if _is_zone_like(offset_us, rules):
        return Confidence.AGREED, "tagged recordings agree on whole hours, as a wrong time zone makes"
    if abs(offset_us) >= DAY_US:
        return Confidence.AGREED, "tagged recordings agree on more than a day"
    return Confidence.DOUBTFUL, "only tags say so, and habits could explain it"


def _is_zone_like(offset_us: int, rules: ClockRules) -> bool:
    away_us = abs(offset_us - round(offset_us / HOUR_US) * HOUR_US)
    is_near = away_us <= us_of_seconds(rules.agree_s)
    return is_near and HOUR_US // 2 <= abs(offset_us) <= _WIDEST_ZONE_US + us_of_seconds(rules.agree_s)


def _only_late(device_id: str, start_us: int, clues: DayClues) -> ClockDay | None:
    """Recordings that end after they were uploaded, where nothing else tells by how much the clock is ahead."""
    if not clues.late:
        return None
    return ClockDay(
        device_id=device_id,
        start_us=start_us,
        offset_us=clues.low_us,
        spread_us=0,
        uncertainty_us=clues.low_us,
        anchors=len(clues.late),
        against=0,
        kinds=(AnchorKind.UPLOAD,),
        confidence=Confidence.DOUBTFUL,
        why=f"recordings end after they were uploaded: the clock was at least {said_length(clues.low_us)} ahead",
        subjects=clues.late,
        at_least_us=clues.low_us,
    )
