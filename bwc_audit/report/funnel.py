"""The funnel of a run as JSON (``bwc-funnel/1``), as a picture and in sentences.

Points carry no name unless asked for; and they stand in the order of their numbers, or of their names, never of their rates.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from markupsafe import Markup
from typing_extensions import TypedDict  # pydantic reads typing.TypedDict only from Python 3.12 on

from bwc_audit.domain.funnel import LEAST_FOR_DISPERSION, Funnel, FunnelPoint, Limits, Place
from bwc_audit.domain.runs import Run
from bwc_audit.domain.times import iso_utc
from bwc_audit.report.document_parts import SpanDocument, policy_reference
from bwc_audit.report.words import RATE, number, plural

#: The picture, in its own units; it is scaled to the width of the page.
WIDTH, HEIGHT = 760, 380
_LEFT, _RIGHT, _TOP, _BOTTOM = 52, 82, 14, 46

#: The page that a picture stands in brings the style sheet.
NO_STYLE = Markup("")

_NOUN = {"officer": "officer", "unit": "unit"}
_STYLE = {Place.INSIDE: "inside", Place.OUTSIDE_95: "beyond", Place.OUTSIDE_998: "far"}


class LimitsDocument(TypedDict):
    n: int
    low_95: float
    high_95: float
    low_998: float
    high_998: float


class FunnelPointDocument(TypedDict):
    """``key`` null: left out, as it is unless asked for."""

    key: str | None
    k: int
    n: int
    share: float
    place: Place
    above: bool


class FunnelDocument(TypedDict):
    """``bwc-funnel/1``: a counted rate of officers or units against their numbers of decided assignments. Shares are 0..1.

    ``dispersion``: mean square of the Winsorised distances in standard errors (1: chance alone), null for too few points;
    ``widened``: it is more than chance leaves, and the limits are wider by its root. ``without_assignment``: groups without
    a decided assignment. Inside the limits means: cannot be told from chance.
    """

    schema: Literal["bwc-funnel/1"]
    run_id: str
    policy: str
    as_of: str
    period: SpanDocument
    by: str
    rate: str
    target: float | None
    k: int
    n: int
    dispersion: float | None
    widened: bool
    without_assignment: int
    points: list[FunnelPointDocument]
    limits: list[LimitsDocument]


@dataclass(frozen=True, slots=True)
class Mark:
    """One or several points at one place. ``path`` draws it around ``x``, ``y``; ``style`` is its CSS name."""

    path: str
    style: str
    words: str


@dataclass(frozen=True, slots=True)
class Tick:
    """A line of the grid with its label, in the units of the picture."""

    at: float
    label: str


@dataclass(frozen=True, slots=True)
class FunnelPicture:
    """``funnel.svg.j2``. Paths in the units of the picture; ``style`` is a style sheet for a picture that stands alone."""

    title: str
    description: str
    width: int
    height: int
    plot: tuple[float, float, float, float]
    band_95: str
    band_998: str
    edges_95: str
    edges_998: str
    target: float
    target_label: str
    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]
    x_label: str
    y_label: str
    marks: tuple[Mark, ...]
    style: Markup


def funnel_document(funnel: Funnel, run: Run, *, with_keys: bool = False) -> FunnelDocument:
    """The funnel as ``bwc-funnel/1``; ``with_keys``: points are named, and ordered by name."""
    points = sorted(funnel.points, key=lambda point: point.key) if with_keys else funnel.points
    period = run.request.period
    return {
        "schema": "bwc-funnel/1",
        "run_id": run.run_id,
        "policy": policy_reference(run.request),
        "as_of": iso_utc(run.request.as_of_us),
        "period": {"start": iso_utc(period.start_us), "end": iso_utc(period.end_us)},
        "by": funnel.by,
        "rate": funnel.rate,
        "target": funnel.target,
        "k": funnel.k,
        "n": funnel.n,
        "dispersion": funnel.dispersion,
        "widened": funnel.is_widened,
        "without_assignment": funnel.empty,
        "points": [_point(point, with_keys) for point in points],
        "limits": [_limits(limits) for limits in funnel.curve],
    }


def _point(point: FunnelPoint, with_keys: bool) -> FunnelPointDocument:
    return {
        "key": point.key if with_keys else None,
        "k": point.k,
        "n": point.n,
        "share": point.share,
        "place": point.place,
        "above": point.is_above,
    }


def _limits(limits: Limits) -> LimitsDocument:
    return {
        "n": limits.n,
        "low_95": limits.low_95,
        "high_95": limits.high_95,
        "low_998": limits.low_998,
        "high_998": limits.high_998,
    }


def funnel_sentences(funnel: Funnel) -> tuple[str, ...]:
    """What the picture shows and what it does not, one sentence each."""
    noun, rate = _NOUN[funnel.by], RATE[funnel.rate][0].lower()
    if funnel.target is None:
        return (f"No funnel: no {noun} has a decided assignment ({number(funnel.empty)} without one).",)
    total, beyond, far = len(funnel.points), funnel.count(Place.OUTSIDE_95), funnel.count(Place.OUTSIDE_998)
    said = [
        f"Each mark is one {noun} (a larger one several): the share of assignments with “{rate}” against how many were "
        f"decided. All together: {number(funnel.k)} of {number(funnel.n)}, {_percent(funnel.target)}.",
        f"{number(total - beyond - far)} of {plural(total, noun)} lie inside the 95 % limits, and cannot be told from "
        f"chance. {number(beyond + far)} lie outside those, {number(far)} of them outside the 99.8 % limits; chance alone "
        f"would put about {number(round(0.05 * total))} and {number(round(0.002 * total))} there, or fewer. A mark outside "
        "says that something differs there (calls, places, equipment, records), not what.",
        _dispersion_sentence(funnel),
    ]
    if funnel.empty:
        said.append(f"{plural(funnel.empty, noun)} without a decided assignment cannot be shown.")
    return tuple(said)


def _dispersion_sentence(funnel: Funnel) -> str:
    if funnel.dispersion is None:
        return f"Whether the marks scatter more than chance cannot be told from fewer than {LEAST_FOR_DISPERSION}."
    factor = f"{funnel.dispersion:.2f} times what chance leaves"
    if funnel.is_widened:
        return (
            f"The marks scatter {factor} (overdispersion): causes that all share, such as the mix of calls, move them. The "
            f"limits are drawn {funnel.dispersion**0.5:.2f} times as wide for that."
        )
    return f"The marks scatter {factor}: no more than their number allows, so the limits are the plain binomial ones."


def funnel_picture(funnel: Funnel, style: Markup = NO_STYLE, marked: str | None = None) -> FunnelPicture | None:
    """The picture; None where there is no point. ``style`` for a picture that stands alone; ``marked``: the key of the one
    point that is ringed, for who may know."""
    if funnel.target is None:
        return None
    most = max(point.n for point in funnel.points)
    plane = _Plane(most, _floor(funnel))
    curve = funnel.curve
    noun, rate = _NOUN[funnel.by], RATE[funnel.rate][0]
    right, low = plane.x(plane.most), plane.y(plane.floor)
    return FunnelPicture(
        title=f"{rate} by {noun}: {number(len(funnel.points))} {noun}s against their numbers of assignments",
        description=" ".join(funnel_sentences(funnel)),
        width=WIDTH,
        height=HEIGHT,
        plot=(_LEFT, _TOP, round(right - _LEFT, 1), round(low - _TOP, 1)),
        band_95=plane.area([(one.n, one.low_95, one.high_95) for one in curve]),
        band_998=plane.area([(one.n, one.low_998, one.high_998) for one in curve]),
        edges_95=plane.edges([(one.n, one.low_95, one.high_95) for one in curve]),
        edges_998=plane.edges([(one.n, one.low_998, one.high_998) for one in curve]),
        target=plane.y(funnel.target),
        target_label=_percent(funnel.target),
        x_ticks=tuple(Tick(plane.x(at), number(at)) for at in _ticks(plane.most)),
        y_ticks=tuple(Tick(plane.y(share), f"{round(100 * share)} %") for share in _shares(plane.floor)),
        x_label="decided assignments",
        y_label=rate if plane.floor == 0 else f"{rate} (the axis begins at {round(100 * plane.floor)} %)",
        marks=(*_marks(funnel, plane, noun), *_ring(funnel, plane, marked)),
        style=style,
    )


@dataclass(frozen=True, slots=True)
class _Plane:
    """From assignments and shares to places in the picture."""

    most: int
    floor: float

    def x(self, n: float) -> float:
        return round(_LEFT + (WIDTH - _LEFT - _RIGHT) * n / (1.03 * self.most), 1)

    def y(self, share: float) -> float:
        inside = (share - self.floor) / (1.02 - self.floor)
        return round(HEIGHT - _BOTTOM - (HEIGHT - _TOP - _BOTTOM) * inside, 1)

    def area(self, limits: Sequence[tuple[int, float, float]]) -> str:
        there = [f"{self.x(n)} {self.y(max(self.floor, high))}" for n, _, high in limits]
        back = [f"{self.x(n)} {self.y(max(self.floor, low))}" for n, low, _ in reversed(limits)]
        return f"M{'L'.join(there)}L{'L'.join(back)}Z"

    def edges(self, limits: Sequence[tuple[int, float, float]]) -> str:
        above = [f"{self.x(n)} {self.y(high)}" for n, _, high in limits if high >= self.floor]
        below = [f"{self.x(n)} {self.y(low)}" for n, low, _ in limits if low >= self.floor]
        return "".join(f"M{'L'.join(edge)}" for edge in (above, below) if len(edge) > 1)


def _marks(funnel: Funnel, plane: _Plane, noun: str) -> tuple[Mark, ...]:
    found = Counter((point.n, point.k, point.place) for point in funnel.points)
    return tuple(
        Mark(
            path=_shape(place, plane.x(n), plane.y(k / n), min(9.0, 2.6 + 1.1 * (count**0.5 - 1))),
            style=_STYLE[place],
            words=f"{plural(count, noun)}: {number(k)} of {number(n)}, {_percent(k / n)}",
        )
        for (n, k, place), count in sorted(found.items())
    )


def _ring(funnel: Funnel, plane: _Plane, marked: str | None) -> tuple[Mark, ...]:
    """A ring around the point of one group."""
    return tuple(
        Mark(_shape(Place.INSIDE, plane.x(one.n), plane.y(one.share), 11.0), "own", f"{one.key}: {one.k} of {one.n}")
        for one in funnel.points
        if one.key == marked
    )


def _shape(place: Place, x: float, y: float, size: float) -> str:
    """A disc inside, a diamond beyond the 95 % limits, a triangle beyond both: told apart without colour."""
    if place is Place.INSIDE:
        half = f"a{size:.1f} {size:.1f} 0 1 0"
        return f"M{x - size:.1f} {y:.1f}{half} {2 * size:.1f} 0{half} {-2 * size:.1f} 0Z"
    size += 1.6
    if place is Place.OUTSIDE_95:
        return f"M{x:.1f} {y - size:.1f}l{size:.1f} {size:.1f}l{-size:.1f} {size:.1f}l{-size:.1f} {-size:.1f}Z"
    return f"M{x:.1f} {y - size - 1:.1f}l{size + 1:.1f} {1.8 * size:.1f}h{-2 * size - 2:.1f}Z"


def _floor(funnel: Funnel) -> float:
    """Where the axis of shares begins: below the lowest point and the limits of the larger half, at whole tenths."""
    numbers = sorted(point.n for point in funnel.points)
    middle = numbers[len(numbers) // 2]
    limits = [one.low_998 for one in funnel.curve if one.n >= middle]
    lowest = min(*(point.share for point in funnel.points), *limits, 0.9)
    return int(10 * max(0.0, lowest - 0.02)) / 10


def _shares(floor: float) -> list[float]:
    step = 0.1 if floor >= 0.4 else 0.2
    count = round((1 - floor) / step)
    return [round(1 - step * place, 2) for place in range(count + 1) if 1 - step * place >= floor - 1e-9]


def _ticks(most: int) -> list[int]:
    power = 10 ** (len(str(most)) - 1)
    step = next(
        (max(1, round(power * part)) for part in (0.1, 0.2, 0.25, 0.5, 1, 2, 5) if most / (power * part) <= 8), power
    )
    return list(range(0, most + 1, step))


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"
