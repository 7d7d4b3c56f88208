"""A slow, scalar statement of the coverage rules, one window at a time: the oracle of the vectorised engine."""

from __future__ import annotations

from dataclasses import dataclass

Pair = tuple[int, int]


@dataclass(frozen=True)
class Allowed:
    """What the rules in force for one window allow, in the engine's unit."""

    activation_grace: int
    deactivation_grace: int
    gap: int
    join: int


@dataclass(frozen=True)
class Clip:
    """A segment; ``activated`` None where unknown."""

    owner: int
    start: int
    end: int
    activated: int | None
    tolerance: int


@dataclass(frozen=True)
class Need:
    """A required window with its pieces."""

    owner: int
    pieces: tuple[Pair, ...]
    precision: int
    tolerance: int

    @property
    def start(self) -> int:
        return self.pieces[0][0]

    @property
    def end(self) -> int:
        return self.pieces[-1][1]


@dataclass(frozen=True)
class Answer:
    required: int
    covered: tuple[Pair, ...]
    gaps: tuple[Pair, ...]
    lateness: int
    early: int
    nearest: int | None
    late_margin: int
    early_margin: int
    gap_margin: int
    uncertainty: int
    late_gaps: tuple[Pair, ...]
    early_gaps: tuple[Pair, ...]
    holes: tuple[Pair, ...]
    matched: tuple[int, ...]


def merge(spans: list[Pair], join: int) -> list[Pair]:
    merged: list[Pair] = []
    for start, end in sorted(spans):
        if merged and start <= merged[-1][1] + join:
            merged[-1] = (merged[-1][0], max(merged[-1][1], end))
        else:
            merged.append((start, end))
    return merged


def cut(spans: list[Pair], low: int, high: int) -> list[Pair]:
    return [(max(start, low), min(end, high)) for start, end in spans if max(start, low) < min(end, high)]


def rest(spans: list[Pair], low: int, high: int) -> list[Pair]:
    left: list[Pair] = []
    for start, end in spans:
        if low < start:
            left.append((low, start))
        low = end
    return [*left, (low, high)] if low < high else left


def exempt(need: Need, start: int, end: int) -> int:
    """Units between two moments that lie inside the window and in none of its pieces."""
    return sum(high - low for low, high in cut(rest(list(need.pieces), need.start, need.end), start, end))


def asked_until(need: Need, moment: int) -> int:
    """How long after the start of the window a moment is, without what is exempt between them."""
    return moment - need.start - exempt(need, need.start, moment)


def asked_from(need: Need, moment: int) -> int:
    """How long before the end of the window a moment is, without what is exempt between them."""
    return need.end - moment - exempt(need, moment, need.end)


def answer(need: Need, clips: list[Clip], allowed: Allowed) -> Answer:
    own = [(index, clip) for index, clip in enumerate(clips) if clip.owner == need.owner]
    merged = merge([(clip.start, clip.end) for _, clip in own], allowed.join)
    covered = [part for low, high in need.pieces for part in cut(merged, low, high)]
    gaps = [gap for low, high in need.pieces for gap in rest(cut(merged, low, high), low, high)]
    matched = [(index, clip) for index, clip in own if clip.start < need.end and clip.end > need.start]
    distances = [
        0 if clip.start < need.end and clip.end > need.start else max(clip.start - need.end, need.start - clip.end)
        for _, clip in own
    ]
    uncertainty = max((clip.tolerance for _, clip in matched), default=need.tolerance) + need.precision
    lateness = early = late_margin = early_margin = 0
    late_gaps: list[Pair] = []
    early_gaps: list[Pair] = []
    holes: list[Pair] = []
    if covered:
        activated = min(clip.start if clip.activated is None else clip.activated for _, clip in matched)
        last = covered[-1][1]
        lateness, early = asked_until(need, activated), asked_from(need, last)
        late, most = lateness - allowed.activation_grace, exempt(need, need.start, need.end)
        late_margin = next(
            by for by in range(late - most, late + most + 1) if asked_until(need, activated - by) <= allowed.activation_grace
        )
        soon = early - allowed.deactivation_grace
        early_margin = next(
            by for by in range(soon - most, soon + most + 1) if asked_from(need, last + by) <= allowed.deactivation_grace
        )
        for start, end in gaps:
            is_head = end <= covered[0][0]
            if is_head and activated > start:
                late_gaps.append((start, min(end, activated)))
            if start >= last:
                early_gaps.append((start, end))
                continue
            begin = max(start, min(activated, end)) if is_head else start
            if end - begin > allowed.gap:
                holes.append((begin, end))
    to_the_right = max((need.end - start - allowed.gap for start, _ in holes), default=0)
    to_the_left = max((end - need.start - allowed.gap for _, end in holes), default=0)
    return Answer(
        required=sum(high - low for low, high in need.pieces),
        covered=tuple(covered),
        gaps=tuple(gaps),
        lateness=lateness,
        early=early,
        nearest=min(distances, default=None),
        late_margin=late_margin,
        early_margin=early_margin,
        gap_margin=min(to_the_right, to_the_left),
        uncertainty=uncertainty,
        late_gaps=tuple(late_gaps),
        early_gaps=tuple(early_gaps),
        holes=tuple(holes),
        matched=tuple(sorted(index for index, _ in matched)),
    )
