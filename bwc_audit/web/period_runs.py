"""Runs that decided a period: those that have a list of incidents, and rates of officers and units."""

from __future__ import annotations

from collections.abc import Sequence

from bwc_audit.domain.runs import Run
from bwc_audit.report.zone_times import moment, period
from bwc_audit.store import run_list
from bwc_audit.store.database import reading
from bwc_audit.web.filters import WrongFilter
from bwc_audit.web.guard import Visitor

#: How many runs a form offers; an older one is reached by its id.
MOST_OFFERED = 60


def period_runs(asking: Visitor) -> tuple[Run, ...]:
    """The newest runs over the configured source that decided a period, newest first."""
    with reading(asking.site.engine) as session:
        return run_list.load_runs(
            session, MOST_OFFERED, source=asking.site.audit.source.uri, wanted=(run_list.decided_a_period(),)
        )


def chosen_run(asking: Visitor, known: Sequence[Run], run_id: str) -> Run | None:
    """The run asked for, also where it is none of ``known``; without an id the newest by the policy in use, else the newest,
    None: there is none. Raises ``WrongFilter`` for one that is not there."""
    if not run_id:
        in_use = asking.site.audit.book.policy_hash
        return next((one for one in known if one.request.policy_hash == in_use), next(iter(known), None))
    chosen = next((one for one in known if one.run_id == run_id), None)
    if chosen is None:
        wanted = (run_list.decided_a_period(), run_list.is_of("run_id", run_id))
        with reading(asking.site.engine) as session:
            found = run_list.load_runs(session, 1, source=asking.site.audit.source.uri, wanted=wanted)
        if not found:
            raise WrongFilter(f"there is no run {run_id} that decided a period")
        chosen = found[0]
    return chosen


def run_choices(asking: Visitor, known: Sequence[Run], chosen: Run | None) -> tuple[tuple[str, str], ...]:
    """(id, words) of the runs that a form offers, the chosen one among them."""
    shown = known if chosen is None or chosen in known else (*known, chosen)
    return tuple((one.run_id, _words(one, asking)) for one in shown)


def _words(one: Run, asking: Visitor) -> str:
    zone, asked = asking.site.zone, one.request
    return f"{period(asked.period, zone)} ({asked.kind}, {asked.policy_id}, begun {moment(one.started_us, zone)})"
