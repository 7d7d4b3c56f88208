"""The list of incidents as JSON, by the same query as its page."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel

from bwc_audit.domain.people import Right
from bwc_audit.domain.results import Outcome
from bwc_audit.domain.times import iso_utc
from bwc_audit.report.result_document import ListedIncidentDocument
from bwc_audit.store import incident_list
from bwc_audit.store.database import reading
from bwc_audit.store.finding_list import COUNTED_TO
from bwc_audit.web.api import ERRORS, FURTHEST, only_known_parameters, with_right
from bwc_audit.web.filters import Asked, WrongFilter
from bwc_audit.web.guard import NotThere, Visitor
from bwc_audit.web.incident_filters import narrowed_incidents
from bwc_audit.web.incidents import listed_document
from bwc_audit.web.naming import naming
from bwc_audit.web.period_runs import chosen_run, period_runs

router = APIRouter(prefix="/api/v1", responses=ERRORS, dependencies=[Depends(only_known_parameters)])


class IncidentsPage(BaseModel):
    """A page of the incidents of one run. ``total`` null: more than are counted. ``next``: where the next page begins,
    null: this is the last."""

    sentence: str
    run_id: str
    as_of: str
    total: int | None
    next: int | None
    items: list[ListedIncidentDocument]


@router.get("/incidents", response_model=IncidentsPage, summary="Incidents of a run, the newest one unless it is named")
def incidents(
    asking: Annotated[Visitor, with_right(Right.FINDINGS)],
    run: Annotated[str, Query(max_length=100)] = "",
    start: Annotated[int, Query(ge=0, le=FURTHEST)] = 0,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    order: Annotated[Literal["newest", "oldest"], Query()] = "newest",
    outcome: Outcome | None = None,
    unit: Annotated[str | None, Query(max_length=200)] = None,
    officer: Annotated[str | None, Query(max_length=200)] = None,
    call_type: Annotated[str | None, Query(max_length=200)] = None,
    from_: Annotated[date | None, Query(alias="from", description="first day, in the agency's zone")] = None,
    to: Annotated[date | None, Query(description="last day, included")] = None,
    text: Annotated[str | None, Query(max_length=200)] = None,
) -> IncidentsPage:
    """Whatever became of them. A run that is not there, or decided no period: 404."""
    asked = {"outcome": outcome, "unit": unit, "officer": officer, "call_type": call_type, "from": from_, "to": to}
    given = {name: str(value) for name, value in {**asked, "text": text}.items() if value is not None}
    try:
        chosen = chosen_run(asking, period_runs(asking), run)
    except WrongFilter as error:
        raise NotThere from error
    if chosen is None:
        raise NotThere
    asked_here = Asked(asking.site.zone, chosen.run_id, naming(asking))
    wanted = narrowed_incidents({**given, "order": order}, asking.person, asked_here, chosen)
    with reading(asking.site.engine) as session:
        count = incident_list.count_incidents(session, chosen.run_id, wanted.clauses)
        found = incident_list.list_incidents(session, chosen.run_id, wanted.clauses, wanted.order, limit, start, wanted.unit)
    asking.note(Right.FINDINGS, "listed", "incidents", f"{wanted.sentence}. Run {chosen.run_id}", once=True)
    is_more = found and start + len(found) < count and start + limit <= FURTHEST
    return IncidentsPage(
        sentence=wanted.sentence,
        run_id=chosen.run_id,
        as_of=iso_utc(chosen.request.as_of_us),
        total=None if count > COUNTED_TO else count,
        next=start + len(found) if is_more else None,
        items=[listed_document(one, chosen.run_id) for one in found],
    )
