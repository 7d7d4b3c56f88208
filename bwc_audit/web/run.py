"""One run: what it rested on, what went in and was rejected, what came out, what it could not examine."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from fastapi import Request

from bwc_audit.audit.rates import rates_of_run
from bwc_audit.domain.people import Right
from bwc_audit.domain.runs import Change, Run, RunKind, RunStatus
from bwc_audit.domain.turned import TURN_WORDS, Turn, said_turn
from bwc_audit.report.banner import status_headline
from bwc_audit.report.contexts import Fact, RateBar, WaterfallStep
from bwc_audit.report.numbers import input_facts, rate_bars, waterfall_steps
from bwc_audit.report.sources_section import clock_facts, waiting_words, watermark_facts
from bwc_audit.report.words import CHANGE, RUN_KIND, humanised, number, plural
from bwc_audit.report.zone_times import period
from bwc_audit.store import run_list, run_notes
from bwc_audit.store.answers import DECIDED
from bwc_audit.store.database import reading
from bwc_audit.store.observations import count_changes
from bwc_audit.store.rejected import count_rejected, load_rejected
from bwc_audit.store.turns import count_turns, load_turns
from bwc_audit.web.addresses import findings_href, incident_href, policy_href, rerun_href
from bwc_audit.web.guard import Asking, Pages, Visitor
from bwc_audit.web.period_runs import MOST_OFFERED
from bwc_audit.web.runs import run_line, stored_run
from bwc_audit.web.showing import Linked, shown, when
from bwc_audit.web.site import Site

pages = Pages()

_MOST_REJECTED, _MOST_WAITING, _MOST_TURNS, _MOST_CLOCKS = 200, 100, 100, 100


@dataclass(frozen=True, slots=True)
class Rejections:
    """Rows that stand rejected of the files that the run had before it; see ``sentence``."""

    reasons: tuple[tuple[str, str], ...]
    rows: tuple[tuple[str, str, str, str], ...]
    sentence: str


@dataclass(frozen=True, slots=True)
class CameOut:
    """What a decided run came to; empty for one that decided nothing."""

    changes: tuple[tuple[Linked, str], ...] = ()
    rates: tuple[RateBar, ...] = ()
    waterfall: tuple[WaterfallStep, ...] = ()
    turned: tuple[Fact, ...] = ()
    turned_lines: tuple[str, ...] = ()
    waiting: tuple[tuple[Linked, str, str], ...] = ()
    waiting_sentence: str = ""
    clocks: tuple[Fact, ...] = ()
    clocks_sentence: str = ""


@dataclass(frozen=True, slots=True)
class RunPage:
    """``run.html``: one run. ``answer`` leads to what a re-run changed, or to the incidents of a period."""

    run_id: str
    heading: str
    is_complete: bool
    headline: str
    answer: Linked | None
    policy: Linked
    facts: tuple[Fact, ...]
    inputs: tuple[Fact, ...]
    not_examined: tuple[str, ...]
    rejected: Rejections
    out: CameOut
    watermarks: tuple[Fact, ...]
    others: tuple[tuple[str, str], ...]


@pages.page("/runs/{run_id}", Right.RUNS)
def run(request: Request, asking: Asking, run_id: str) -> Any:
    """The page."""
    found, site = stored_run(asking, run_id), asking.site
    with reading(site.engine) as session:
        watermarks = run_notes.load_watermarks(session, run_id)
    asking.note(Right.RUNS, "viewed", "run", run_id, once=True)
    is_of_incident = found.request.kind is RunKind.INCIDENT
    context = RunPage(
        run_id=run_id,
        heading=f"{RUN_KIND[found.request.kind]}: "
        + (f"incident {found.request.incident_id}" if is_of_incident else period(found.request.period, site.zone)),
        is_complete=found.status is RunStatus.COMPLETE and not found.not_examined,
        headline=status_headline(found),
        answer=_answer(found),
        policy=Linked(f"{found.request.policy_id} {found.request.policy_version}", policy_href(found.request.policy_hash)),
        facts=_facts(found, site),
        inputs=input_facts(found.counts),
        not_examined=found.not_examined,
        rejected=_rejections(asking, found),
        out=_came_out(asking, found) if found.status in DECIDED else CameOut(),
        watermarks=watermark_facts(watermarks, site.zone),
        others=_others(asking, found),
    )
    return shown(request, "run.html", f"Run {run_id}", context, run=found)


def _answer(one: Run) -> Linked | None:
    if one.status not in DECIDED:
        return None
    if one.request.kind is RunKind.INCIDENT:
        return Linked("What it changed", rerun_href(one.run_id))
    return Linked("Incidents of this run", f"/incidents?run={one.run_id}")


def _came_out(asking: Visitor, one: Run) -> CameOut:
    zone = asking.site.zone
    with reading(asking.site.engine) as session:
        changes = count_changes(session, one.run_id)
        numbers = count_turns(session, one.run_id)
        turns = load_turns(session, one.run_id, limit=_MOST_TURNS)
        waiting = run_notes.load_waiting(session, one.run_id)
        clocks = run_notes.load_clocks(session, one.run_id)
        table = rates_of_run(session, asking.site.audit, one).book.table()
    return CameOut(
        changes=tuple(
            (Linked(CHANGE[each], findings_href(run=one.run_id, change=each)), number(changes[each])) for each in Change
        ),
        rates=rate_bars(table),
        waterfall=waterfall_steps(table),
        turned=tuple(
            Fact(humanised(TURN_WORDS[turn]), number(numbers[f"turned_{turn}"]))
            for turn in Turn
            if numbers[f"turned_{turn}"]
        ),
        turned_lines=tuple(said_turn(each) for each in turns),
        waiting=tuple(
            (
                Linked(each.incident_id, incident_href(each.incident_id, one.run_id)),
                each.officer_id,
                waiting_words(each, zone),
            )
            for each in waiting[:_MOST_WAITING]
        ),
        waiting_sentence=_first_of(len(waiting), _MOST_WAITING, "assignment", "waits for a source"),
        clocks=clock_facts(clocks[:_MOST_CLOCKS], zone),
        clocks_sentence=_first_of(len(clocks), _MOST_CLOCKS, "day of a camera", "is shifted by what anchors say"),
    )


def _first_of(count: int, most: int, noun: str, what: str) -> str:
    if not count:
        return f"No {noun} {what}."
    return f"The first {most} of {number(count)}." if count > most else ""


def _rejections(asking: Visitor, one: Run) -> Rejections:
    """Rejected rows belong to the source; files that were read again since are not what the run had before it."""
    source, ended_us = one.request.source, one.finished_us
    with reading(asking.site.engine) as session:
        reasons = count_rejected(session, source, read_until_us=ended_us)
        rows = load_rejected(session, source, _MOST_REJECTED, read_until_us=ended_us)
        now = sum(count_rejected(session, source).values())
    then = sum(reasons.values())
    return Rejections(
        reasons=tuple((humanised(reason), number(count)) for reason, count in reasons.items()),
        rows=tuple((str(row.row), row.field, humanised(row.reason).lower(), row.detail) for row in rows),
        sentence=_rejected_sentence(then, now - then, one.counts.get("rows_rejected")),
    )


def _rejected_sentence(then: int, since: int, counted_then: int | None) -> str:
    if then:
        parts = [f"{plural(then, 'row')} or files that were read by the end of the run stand rejected"]
        parts.append("nothing of them entered a decision")
    else:
        parts = ["No row that was read by the end of the run stands rejected"]
    if counted_then is not None and counted_then != then:
        parts.append(f"the run itself counted {number(counted_then)}, of its period and of files that were renewed since")
    if since:
        parts.append(f"{plural(since, 'row')} more were rejected of files that were read after it")
    more = f" The first {_MOST_REJECTED} are listed." if then > _MOST_REJECTED else ""
    return f"{'; '.join(parts)}.{more}"


def _others(asking: Visitor, one: Run) -> tuple[tuple[str, str], ...]:
    if one.status not in DECIDED:
        return ()
    with reading(asking.site.engine) as session:
        known = run_list.load_runs(session, MOST_OFFERED, source=one.request.source, wanted=(run_list.is_decided(),))
    lines = [run_line(each, asking.site) for each in known if each.run_id != one.run_id]
    return tuple((line.run_id, f"{line.started.local}: {line.kind}, {line.period}") for line in lines)


def _facts(one: Run, site: Site) -> tuple[Fact, ...]:
    request, line = one.request, run_line(one, site)
    facts = [
        Fact("Run", one.run_id),
        Fact("Period", line.period),
        Fact("Started", f"{line.started.local} ({line.started.utc})"),
        Fact("Took", line.took),
        Fact("As of", f"{when(request.as_of_us, site).local} ({when(request.as_of_us, site).utc})"),
        Fact("Source", request.source),
        Fact("Policy hash", request.policy_hash),
        Fact("Program", one.software_version),
        Fact("Inspector", one.inspector_version or "not named"),
        Fact("Inputs hash", one.inputs_hash or "not computed"),
    ]
    if request.requester:
        facts += [Fact("Requested by", request.requester), Fact("Reason", request.reason or "")]
    return tuple(facts)
