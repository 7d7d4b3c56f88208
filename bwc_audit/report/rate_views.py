"""Rates by group, funnels and noise rates as the first page of a report shows them. Nothing is worked out anew."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from bwc_audit.domain.funnel import FUNNEL_KEYS, funnel_of
from bwc_audit.domain.noise_rate import ReviewedNoise
from bwc_audit.domain.rates import Rate, RateBook, RateGroup
from bwc_audit.report.contexts import Fact, FunnelView, NoiseRow, RateGroups, RateRow
from bwc_audit.report.funnel import funnel_picture, funnel_sentences
from bwc_audit.report.rendering import render
from bwc_audit.report.words import KIND, RATE, number

#: Groups shown as tables. Officers are not: they stand in the funnel, unnamed.
_SHOWN = {"unit": "Unit", "call_type": "Call type", "shift": "Shift", "month": "Month"}
_FUNNEL_RATES = ("existence", "whole_window")
_MOST_ROWS = 60


def rate_groups(book: RateBook | None, *, but: str = "") -> tuple[RateGroups, ...]:
    """A table for each key (``but`` one) of which there are groups; nothing for a report on a part of a run."""
    if book is None:
        return ()
    return tuple(
        RateGroups(
            title=f"By {title.lower()}",
            columns=tuple(RATE[rate.name][0] for rate in book.whole.rates),
            rows=tuple(_row(group) for group in book.groups[key][:_MOST_ROWS]),
            more=_more(len(book.groups[key]), key),
        )
        for key, title in _SHOWN.items()
        if book.groups.get(key) and key != but
    )


def funnel_views(book: RateBook | None) -> tuple[FunnelView, ...]:
    """Funnels of officers and units, unnamed; nothing where there are no two of them to compare."""
    if book is None:
        return ()
    views = []
    for by in FUNNEL_KEYS:
        if len(book.groups.get(by, ())) < 2:
            continue
        for rate in _FUNNEL_RATES:
            funnel = funnel_of(book.groups[by], by, rate)
            picture = funnel_picture(funnel)
            drawn = Markup("") if picture is None else render(picture)
            views.append(FunnelView(f"{RATE[rate][0]}, by {by}", drawn, funnel_sentences(funnel)))
    return tuple(views)


def noise_rows(noise: Sequence[ReviewedNoise]) -> tuple[NoiseRow, ...]:
    """What reviewers had said of each kind when the run was decided."""
    return tuple(
        NoiseRow(
            kind=KIND[one.kind],
            share="–" if one.share is None else _percent(one.share),
            interval=_interval(one.low, one.high) or "–",
            basis=f"{number(one.noise)} of {number(one.reviewed - one.cannot_tell)}"
            + (f", {number(one.cannot_tell)} cannot be told" if one.cannot_tell else ""),
            sample_id=one.sample_id,
        )
        for one in noise
    )


def noise_sentence(noise: Sequence[ReviewedNoise]) -> str:
    """What the table means, or that nobody knows."""
    if not noise:
        return (
            "No review sample had been judged when this run was decided: how often its findings are wrong, and what it "
            "misses, has not been measured."
        )
    return (
        "From the latest review sample of each kind, weighted by its strata: the share of findings whose measured fact was "
        "wrong. Kinds that are not listed have not been reviewed."
    )


def _row(group: RateGroup) -> RateRow:
    cells = tuple(_cell(rate) for rate in group.rates)
    return RateRow(group.key, number(group.counts.assignments), number(group.counts.decided), cells)


def _cell(rate: Rate) -> Fact:
    return Fact("–" if rate.share is None else _percent(rate.share), _interval(rate.low, rate.high))


def _interval(low: float | None, high: float | None) -> str:
    return "" if low is None or high is None else f"{100 * low:.1f}–{100 * high:.1f} %"


def _more(count: int, key: str) -> str:
    if count <= _MOST_ROWS:
        return ""
    return f"The first {_MOST_ROWS} of {number(count)}; `bwc-audit rates --by {key}` lists all."


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"
