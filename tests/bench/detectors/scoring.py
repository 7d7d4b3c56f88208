"""Claims against labels: pure. A claim is right when at least half of it lies in labels of its kind; a label is found when
claims of its kind cover at least half of it.

Damage to the file may be named by what the decoder said (``decode_error``) or by what it looks like (``corrupt_picture``).
A claim where something else is wrong with the clip is *named otherwise*: it counts against precision, and is told apart
from a false alarm, where nothing is wrong. Beyond the point at which a file was cut off, claims are neither; since a file
of fragments does not know its own length, a ``duration_mismatch`` helps to find such a label.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from statistics import median, quantiles

from bwc_audit.domain.proportions import wilson_interval
from tests.bench.detectors.recipe import Label

LONG_S = 10.0
#: Point claims (a defect without length) are taken as this long; half of it before the point.
_POINT_S = 0.2
_FOUND_BY = {"decode_error": ("decode_error", "corrupt_picture"), "truncated": ("truncated", "duration_mismatch")}
_ALSO = {"decode_error": ("decode_error", "corrupt_picture"), "corrupt_picture": ("corrupt_picture", "decode_error")}
_BINS = (0.0, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95)


@dataclass(frozen=True, slots=True)
class Claim:
    """A defect as an inspection gave it; seconds of media time."""

    kind: str
    start_s: float
    end_s: float
    confidence: float


@dataclass(frozen=True, slots=True)
class Outcome:
    """One clip under one plan and one set of limits. ``frame_s``: how long its frames last."""

    name: str
    half: str
    plan: str
    limits: str
    seconds: float
    frame_s: float
    labels: tuple[Label, ...]
    near_misses: tuple[str, ...] = ()
    claims: tuple[Claim, ...] = ()
    failure: str = ""
    cpu_s: float = 0.0
    frames: int = 0
    sampled: int = 0
    bytes_read: int = 0
    size_bytes: int = 0


class Verdict(StrEnum):
    RIGHT = "right"
    NEUTRAL = "neutral"
    OTHERWISE = "named otherwise"
    FALSE = "false alarm"


@dataclass(frozen=True, slots=True)
class Share:
    """``k`` of ``n`` with its Wilson 95 % interval; None where ``n`` is 0."""

    k: int
    n: int

    @property
    def value(self) -> float | None:
        return self.k / self.n if self.n else None

    @property
    def interval(self) -> tuple[float, float] | None:
        return wilson_interval(self.k, self.n) if self.n else None


@dataclass(frozen=True, slots=True)
class Edges:
    """Distances between the ends of a label and of its claims, in seconds: how many, median and 90th percentile."""

    n: int
    median_s: float
    p90_s: float


def verdict(claim: Claim, labels: Sequence[Label]) -> Verdict:
    """What a claim is worth."""
    kinds = _ALSO.get(claim.kind, (claim.kind,))
    own = [label for label in labels if label.kind in kinds]
    if _is_half_in(claim, [label for label in own if not label.is_optional]):
        return Verdict.RIGHT
    cuts = [label for label in labels if label.kind == "truncated"]
    if _is_half_in(claim, own) or _is_half_in(claim, cuts) or (cuts and claim.kind == "duration_mismatch"):
        return Verdict.NEUTRAL
    return Verdict.OTHERWISE if _is_half_in(claim, labels) else Verdict.FALSE


def claims_of(label: Label, claims: Iterable[Claim]) -> list[Claim]:
    """The claims that speak of a label: of its kind, and touching it."""
    kinds = _FOUND_BY.get(label.kind, (label.kind,))
    return [claim for claim in claims if claim.kind in kinds and _overlap(claim, label) > 0]


def is_found(label: Label, claims: Iterable[Claim]) -> bool:
    """Do claims of its kind cover at least half of it?"""
    pieces = [_span(claim) for claim in claims_of(label, claims)]
    return _covered(label.start_s, label.end_s, pieces) >= label.length_s / 2


def recall(outcomes: Iterable[Outcome], kind: str, *, is_long: bool, is_optional: bool = False) -> Share:
    """Found among the labels of a kind: of 10 s and more, or of 3 to 10 s."""
    found = [
        is_found(label, outcome.claims)
        for outcome in outcomes
        for label in outcome.labels
        if label.kind == kind and label.is_optional is is_optional and (label.length_s >= LONG_S) is is_long
    ]
    return Share(sum(found), len(found))


def precision(outcomes: Iterable[Outcome], kind: str) -> Share:
    """Right among the claims of a kind; neutral ones left out."""
    verdicts = [verdict(claim, o.labels) for o in outcomes for claim in o.claims if claim.kind == kind]
    counted = [one for one in verdicts if one is not Verdict.NEUTRAL]
    return Share(counted.count(Verdict.RIGHT), len(counted))


def edge_errors(outcomes: Iterable[Outcome], kind: str | None = None, *, in_frames: bool = False) -> Edges | None:
    """How far the ends of found labels are off (``kind`` None: of all), in seconds or in frames of each clip."""
    errors: list[float] = []
    for outcome in outcomes:
        unit = outcome.frame_s if in_frames else 1.0
        for label in outcome.labels:
            if label.is_optional or kind not in (None, label.kind) or not is_found(label, outcome.claims):
                continue
            about = claims_of(label, outcome.claims)
            errors.append(abs(min(claim.start_s for claim in about) - label.start_s) / unit)
            errors.append(abs(max(claim.end_s for claim in about) - label.end_s) / unit)
    if not errors:
        return None
    p90 = quantiles(errors, n=10, method="inclusive")[-1] if len(errors) > 1 else errors[0]
    return Edges(len(errors), median(errors), p90)


def alarms(outcomes: Iterable[Outcome], *verdicts: Verdict) -> list[tuple[Outcome, Claim, Verdict]]:
    """Claims with one of the verdicts, clip by clip."""
    judged = ((o, claim, verdict(claim, o.labels)) for o in outcomes for claim in o.claims)
    return [(o, claim, one) for o, claim, one in judged if one in verdicts]


def missed(outcomes: Iterable[Outcome]) -> list[tuple[Outcome, Label]]:
    """Labels that must be found and were not, in the class that the limits of the outcome are for."""
    return [
        (o, label)
        for o in outcomes
        for label in o.labels
        if not label.is_optional and (label.length_s >= LONG_S or o.limits == "short") and not is_found(label, o.claims)
    ]


def calibration(outcomes: Iterable[Outcome]) -> list[tuple[float, float, Share]]:
    """Confidence from, below, and the share of right claims among them."""
    judged = [(c.confidence, verdict(c, o.labels)) for o in outcomes for c in o.claims]
    counted = [(confidence, one) for confidence, one in judged if one is not Verdict.NEUTRAL]
    table = []
    for low, high in zip(_BINS, (*_BINS[1:], 1.01), strict=True):
        inside = [one for confidence, one in counted if low <= confidence < high]
        table.append((low, min(high, 1.0), Share(inside.count(Verdict.RIGHT), len(inside))))
    return table


def _span(claim: Claim) -> tuple[float, float]:
    if claim.end_s > claim.start_s:
        return claim.start_s, claim.end_s
    return claim.start_s - _POINT_S / 2, claim.start_s + _POINT_S / 2


def _overlap(claim: Claim, label: Label) -> float:
    start_s, end_s = _span(claim)
    return min(end_s, label.end_s) - max(start_s, label.start_s)


def _is_half_in(claim: Claim, labels: Iterable[Label]) -> bool:
    start_s, end_s = _span(claim)
    return _covered(start_s, end_s, [(label.start_s, label.end_s) for label in labels]) >= (end_s - start_s) / 2


def _covered(start_s: float, end_s: float, pieces: Iterable[tuple[float, float]]) -> float:
    """How much of ``[start_s, end_s)`` the union of the pieces covers."""
    covered, at_s = 0.0, start_s
    for begin_s, stop_s in sorted(pieces):
        begin_s, stop_s = max(begin_s, at_s), min(stop_s, end_s)
        if stop_s > begin_s:
            covered, at_s = covered + stop_s - begin_s, stop_s
    return covered
