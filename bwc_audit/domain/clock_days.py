"""One offset for each camera and day, from anchors of several kinds, and whether they prove enough to be applied.

A false correction is worse than none. So an offset is applied only where at least ``anchors_least`` anchors agree, nothing
that was measured contradicts it, and either two independent kinds of anchor say the same, or tagged recordings alone say
what no officer's habit explains (whole hours, as a wrong time zone makes, or more than a day) of a camera whose clock no
dock measured. What falls short of that is stated, and moves nothing. The device's own times are kept in any case.

A *day* is 24 hours of device time from midnight or from noon UTC: a night's shift lies whole in one of the two, and the
one that holds more agreeing anchors speaks for it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from bwc_audit.domain.clock_anchors import UNBOUNDED_US, AnchorKind, Anchors, UploadBounds
from bwc_audit.domain.clock_medians import group_medians
from bwc_audit.domain.coverage import Bool, Int
from bwc_audit.domain.phrases import said_length
from bwc_audit.domain.policy import ClockRules
from bwc_audit.domain.times import DAY_US, HOUR_US, us_of_seconds

#: Days begin at every other of these.
HALF_DAY_US = DAY_US // 2

#: No zone is further from UTC than this.
_WIDEST_ZONE_US = 14 * HOUR_US

#: The more exact a kind, the earlier: the offset is taken from the most exact kind that supports it.
_EXACT_FIRST = (AnchorKind.SOUND, AnchorKind.OVERLAY, AnchorKind.TAGGED)


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
    subjects: tuple[int, ...] = ()
    at_least_us: int = 0

    @property
    def is_applied(self) -> bool:
        return self.confidence is Confidence.AGREED

    @property
    def end_us(self) -> int:
        """Where the day ends by the device's clock, excluded."""
        return self.start_us + DAY_US

    @property
    def weight(self) -> tuple[bool, int, bool]:
        """Which of two days speaks for the time that they share: the larger."""
        return self.is_applied, self.anchors - self.against, self.start_us % DAY_US == 0


@dataclass(frozen=True, slots=True)
class _Kind:
    """What one kind of point anchor says of one camera and day."""

    kind: AnchorKind
    median_us: int
    spread_us: int
    uncertainty_us: int
    agreeing: int
    count: int
    subjects: tuple[int, ...]

    def share(self) -> float:
        return self.agreeing / self.count


@dataclass(frozen=True, slots=True)
class DayClues:
    """What is known of one camera and day. ``low_us`` and ``high_us``: the range that uploads and docks allow;
    ``late``: segments that end after they were uploaded. ``is_measured``: a dock checked the clock within ``check_days``."""

    kinds: tuple[_Kind, ...]
    low_us: int
    high_us: int
    late: tuple[int, ...]
    is_measured: bool

    def refutes_us(self, offset_us: int, slack_us: int) -> bool:
        """Whether uploads or docks forbid this offset."""
        return not self.low_us - slack_us <= offset_us <= self.high_us + slack_us


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
    device, at_us, is_measured = segments
    is_asked = _asked_devices(len(device_ids), anchors, device, bounds)
    anchors = [one.only(is_asked[one.device]) for one in anchors]
    kept = np.flatnonzero(is_asked[device]) if len(device) else np.zeros(0, np.int64)
    device, at_us, is_measured = device[kept], at_us[kept], is_measured[kept]
    bounds = UploadBounds(bounds.low_us[kept], bounds.high_us[kept])
    times = [*(one.at_us for one in anchors), at_us]
    origin = min((int(one.min()) // HALF_DAY_US - 1 for one in times if len(one)), default=0)
    stride = max((int(one.max()) // HALF_DAY_US for one in times if len(one)), default=0) - origin + 1
    found: list[ClockDay] = []
    for is_noon in (0, 1):
        tiles = [_tile(one, is_noon) - origin for one in times]
        anchor_keys = [one.device * stride + tile for one, tile in zip(anchors, tiles, strict=False)]
        keys = device * stride + tiles[-1]
        shifted = [key[one.offset_us != 0] for one, key in zip(anchors, anchor_keys, strict=True)]
        asked = np.unique(np.concatenate([*shifted, keys[bounds.low_us > 0]]))
        kinds: dict[int, list[_Kind]] = defaultdict(list)
        for one, key_of_anchor in zip(anchors, anchor_keys, strict=True):
            for key, said in _said(one, key_of_anchor, asked, rules):
                kinds[key].append(said)
        low_us, high_us, late = _bounds_by_day(keys, bounds, kept, asked)
        measured = set(np.unique(keys[is_measured > 0]).tolist())
        for key in asked.tolist():
            clues = DayClues(
                tuple(kinds.get(key, ())),
                low_us.get(key, -UNBOUNDED_US),
                high_us.get(key, UNBOUNDED_US),
                late.get(key, ()),
                key in measured,
            )
            day = _judged_day(device_ids[key // stride], (key % stride + origin) * HALF_DAY_US, clues, rules)
            found += [day] if day is not None else []
    return _without_repeats(found)


def _asked_devices(count: int, anchors: Sequence[Anchors], device: Int, bounds: UploadBounds) -> Bool:
    """Cameras of which anything says a shift; the others, nearly all, are done with."""
    is_asked = np.zeros(count, np.bool_)
    for one in anchors:
        is_asked[one.device[one.offset_us != 0]] = True
    is_asked[device[bounds.low_us > 0]] = True
    return is_asked


def _tile(at_us: Int, is_noon: int) -> Int:
    """The half day in which the day that holds a time begins: an even one from midnight, an odd one from noon."""
    return (at_us // HALF_DAY_US - is_noon) // 2 * 2 + is_noon


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


def _said(anchors: Anchors, key: Int, asked: Int, rules: ClockRules) -> Iterator[tuple[int, _Kind]]:
    """What the anchors of one kind say of each camera and day that is asked for."""
    medians = group_medians(key, anchors.offset_us)
    is_asked = np.isin(medians.key, asked)
    for place in np.flatnonzero(is_asked).tolist():
        mine, median_us = medians.members(place), int(medians.median_us[place])
        reach_us = us_of_seconds(rules.agree_s) if anchors.kind is AnchorKind.TAGGED else 0
        near = np.abs(anchors.offset_us[mine] - median_us) <= reach_us + anchors.uncertainty_us[mine]
        subjects = tuple(int(subject) for subject in np.sort(anchors.subject[mine[near]]) if subject >= 0)
        yield (
            int(medians.key[place]),
            _Kind(
                anchors.kind,
                median_us,
                int(medians.spread_us[place]),
                int(anchors.uncertainty_us[mine].max()),
                len(np.unique(anchors.pair[mine[near]])),
                len(np.unique(anchors.pair[mine])),
                subjects,
            ),
        )


def _bounds_by_day(
    keys: Int, bounds: UploadBounds, names: Int, asked: Int
) -> tuple[dict[int, int], dict[int, int], dict[int, tuple[int, ...]]]:
    """The tightest bounds of each camera and day asked for, and the segments (by name) that end after upload."""
    days, place = np.unique(keys, return_inverse=True)
    low_us, high_us = np.full(len(days), -UNBOUNDED_US), np.full(len(days), UNBOUNDED_US)
    np.maximum.at(low_us, place, bounds.low_us)
    np.minimum.at(high_us, place, bounds.high_us)
    is_asked = np.isin(days, asked)
    days, low_us, high_us = days[is_asked], low_us[is_asked], high_us[is_asked]
    late: dict[int, list[int]] = defaultdict(list)
    for index in np.flatnonzero(bounds.low_us > 0).tolist():
        late[int(keys[index])].append(int(names[index]))
    named = days.tolist()
    return (
        dict(zip(named, low_us.tolist(), strict=True)),
        dict(zip(named, high_us.tolist(), strict=True)),
        {key: tuple(found) for key, found in late.items()},
    )


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


def _leading(clues: DayClues, rules: ClockRules) -> _Kind | None:
    """The most exact kind that says a shift worth naming."""
    least_us = us_of_seconds(rules.offset_s)
    by_kind = {one.kind: one for one in clues.kinds}
    for kind in _EXACT_FIRST:
        if kind in by_kind and abs(by_kind[kind].median_us) >= least_us:
            return by_kind[kind]
    return None


def _supports(one: _Kind, offset_us: int, agree_us: int, rules: ClockRules) -> bool:
    """Whether a kind fits this offset. Recordings that lie where their tag says fit whatever they cannot tell from 0; they
    tell nothing of it, and are not counted."""
    reach_us = one.uncertainty_us + (agree_us if one.kind is AnchorKind.TAGGED else 0)
    return abs(one.median_us - offset_us) <= reach_us and one.share() >= rules.anchor_share


def _confidence(
    offset_us: int,
    telling: Sequence[_Kind],
    against: Sequence[_Kind],
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
    if AnchorKind.SOUND in kinds:
        return Confidence.AGREED, "cameras whose clocks a dock measured heard the same sounds"
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
