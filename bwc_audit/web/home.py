"""Last night at a glance: what is known, what is not, what changed, what expires; and how the rates went lately."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from fastapi import Request

from bwc_audit.audit.rates import rates_of_run
from bwc_audit.domain.people import Right
from bwc_audit.domain.rates import Rate, RateTable
from bwc_audit.domain.records import RejectReason
from bwc_audit.domain.runs import Change, Run, RunKind
from bwc_audit.domain.turned import TURN_WORDS, Turn, counted
from bwc_audit.report.banner import status_headline
from bwc_audit.report.contexts import Fact, RateBar, Tally, WaterfallStep
from bwc_audit.report.numbers import rate_bars, rates_note, waterfall_steps
from bwc_audit.report.sources_section import expiring_words
from bwc_audit.report.words import CHANGE, RATE, humanised, number
from bwc_audit.report.zone_times import moment, period
from bwc_audit.store import rates as stored_rates
from bwc_audit.store import run_notes, runs
from bwc_audit.store.answers import DECIDED
from bwc_audit.store.database import reading
from bwc_audit.store.observations import count_changes
from bwc_audit.store.rejected import count_rejected
from bwc_audit.store.turns import load_turns
from bwc_audit.web.addresses import incident_href, run_href
from bwc_audit.web.guard import Asking, Pages, Visitor
from bwc_audit.web.showing import shown

pages = Pages()

_MOST_EXPIRING, _MOST_POINTS, _TREND_RUNS = 20, 30, 28
_TREND_RATES = ("existence", "on_time", "whole_window")


@dataclass(frozen=True, slots=True)
class TrendPoint:
    """One night: positions in per cent of the picture, None where there is no rate."""

    label: str
    x: float
    y: float | None
    low: float | None
    high: float | None
    share: str


@dataclass(frozen=True, slots=True)
class Trend:
    """One rate over the last nights; ``line``: the points of its polyline."""

    name: str
    points: tuple[TrendPoint, ...]
    line: str


@dataclass(frozen=True, slots=True)
class HomePage:
    """``home.html``. ``is_known`` False: no run has decided anything. ``is_full``: the visitor may see more than numbers."""

    is_known: bool
    is_full: bool
    is_complete: bool
    headline: str
    period: str
    tallies: tuple[Tally, ...]
    rates: tuple[RateBar, ...]
    rates_note: str
    waterfall: tuple[WaterfallStep, ...]
    changes: tuple[tuple[Fact, str], ...]
    not_examined: tuple[str, ...]
    not_examined_more: str
    expiring: tuple[tuple[str, str, str], ...]
    expiring_sentence: str
    failed: tuple[tuple[str, str, str], ...]
    failed_sentence: str
    turned: tuple[Fact, ...]
    trends: tuple[Trend, ...]


@pages.page("/", Right.SUMMARY)
def home(request: Request, asking: Asking) -> Any:
    """The first page."""
    run = _last_night(asking)
    context = _nothing() if run is None else _page(asking, run)
    return shown(request, "home.html", "Last night", context, run=run)


def _last_night(asking: Visitor) -> Run | None:
    """The latest nightly run that decided something, else the latest of any period."""
    source = asking.site.audit.source.uri
    with reading(asking.site.engine) as session:
        return runs.latest_run(session, kind=RunKind.NIGHTLY, source=source) or runs.latest_run(
            session, kind=RunKind.BACKFILL, source=source
        )


def _nothing() -> HomePage:
    return HomePage(False, False, False, "", "", (), (), "", (), (), (), "", (), "", (), "", (), ())


def _page(asking: Visitor, run: Run) -> HomePage:
    site, is_full = asking.site, asking.person.may(Right.FINDINGS) and asking.person.unit is None
    with reading(site.engine) as session:
        table = rates_of_run(session, site.audit, run).book.table()
        changes = count_changes(session, run.run_id)
        expiring = run_notes.load_expiring(session, run.run_id) if is_full else ()
        rejected = count_rejected(session, run.request.source) if is_full else {}
        failed = [one for one in runs.load_runs(session, 30, source=run.request.source) if one.status == "failed"]
        turns = counted(load_turns(session, run.run_id))
        earlier = _earlier(session, run)
        trends = [(one, stored_rates.load_rates(session, one.run_id, ())) for one in earlier]
    told = [(one, book.table()) for one, book in trends if book is not None]
    more = run.unexamined - _MOST_POINTS
    return HomePage(
        is_known=True,
        is_full=is_full,
        is_complete=run.status == "complete" and not run.not_examined,
        headline=status_headline(run),
        period=period(run.request.period, site.zone),
        tallies=_tallies(table, changes),
        rates=rate_bars(table),
        rates_note=rates_note(table),
        waterfall=waterfall_steps(table),
        changes=tuple((Fact(CHANGE[one], number(changes[one])), f"/findings?change={one}") for one in Change),
        not_examined=run.not_examined[:_MOST_POINTS] if is_full else (),
        not_examined_more=f"and {number(more)} more, on the page of the run" if more > 0 and is_full else "",
        expiring=tuple(
            (
                moment(one.until_us, site.zone),
                expiring_words(one),
                incident_href(one.incident_id) if one.incident_id else "",
            )
            for one in expiring[:_MOST_EXPIRING]
        ),
        expiring_sentence=_expiring_sentence(len(expiring), is_full),
        failed=_failed(rejected, failed, asking) if is_full else (),
        failed_sentence="" if rejected or failed else "No row of the source stands rejected, and no run failed lately.",
        turned=tuple(Fact(humanised(TURN_WORDS[turn]), number(turns[turn])) for turn in Turn if turns[turn]),
        trends=tuple(_trend(name, told, asking) for name in _TREND_RATES) if len(told) > 1 else (),
    )


def _failed(rejected: dict[RejectReason, int], failed: list[Run], asking: Visitor) -> tuple[tuple[str, str, str], ...]:
    """(what failed, how much or why, where to look) of inputs and of the last runs."""
    href = "/runs" if asking.person.may(Right.RUNS) else ""
    rows = [(f"Rows rejected: {humanised(reason).lower()}", number(count), href) for reason, count in rejected.items()]
    for one in failed[:5]:
        why = one.not_examined[0] if one.not_examined else "it does not say why"
        where = run_href(one.run_id) if href else ""
        rows.append((f"Run failed, {moment(one.started_us, asking.site.zone)}", why, where))
    return tuple(rows)


def _earlier(session: Any, run: Run) -> list[Run]:
    """This night and the ones before it, oldest first, the last run of each period only."""
    found = runs.load_runs(session, 200, source=run.request.source)
    latest: dict[int, Run] = {}
    for one in found:
        if one.request.kind is run.request.kind and one.status in DECIDED:
            latest.setdefault(one.request.period.end_us, one)
    return sorted(latest.values(), key=lambda one: one.request.period.end_us)[-_TREND_RUNS:]


def _tallies(table: RateTable, changes: dict[Change, int]) -> tuple[Tally, ...]:
    still = sum(count for change, count in changes.items() if change not in (Change.RESOLVED, Change.REPLACED))
    return (
        Tally("Assignments", number(table.assignments), "", f"{number(table.in_scope)} had to record"),
        Tally("Decided", number(table.decided), "covered", "covered, or with findings"),
        Tally("Pending", number(table.pending), "pending", "sources not complete yet"),
        Tally("Unknown", number(table.unknown), "unknown", "cannot be said"),
        Tally("Findings", number(still), "findings", "open in this run, borderline ones among them"),
    )


def _expiring_sentence(count: int, is_full: bool) -> str:
    if not is_full:
        return ""
    if not count:
        return "No file that an open finding or an undecided assignment bears on may be deleted soon."
    return f"The first {_MOST_EXPIRING} of {number(count)}." if count > _MOST_EXPIRING else ""


def _trend(name: str, told: list[tuple[Run, RateTable]], asking: Visitor) -> Trend:
    points = []
    for place, (run, table) in enumerate(told):
        rate = next(one for group in table.groups for one in group.rates if one.name == name)
        x = round(100 * (place + 0.5) / len(told), 2)
        points.append(_point(rate, x, moment(run.request.period.end_us, asking.site.zone).split(",")[0]))
    line = " ".join(f"{one.x},{one.y}" for one in points if one.y is not None)
    return Trend(RATE[name][0], tuple(points), line)


def _point(rate: Rate, x: float, label: str) -> TrendPoint:
    share = "nothing decided" if rate.share is None else f"{100 * rate.share:.1f} %, {round(rate.k)} of {round(rate.n)}"
    return TrendPoint(label, x, _height(rate.share), _height(rate.low), _height(rate.high), share)


def _height(share: float | None) -> float | None:
    """From the top of a picture of 40 units."""
    return None if share is None else round(40 * (1 - share), 2)
