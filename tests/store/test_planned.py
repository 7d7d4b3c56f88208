"""The plan of a run: kept as it was made, changed only while the run goes on."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine

from bwc_audit.domain.inspection import InspectionRequest
from bwc_audit.domain.runs import RunStatus
from bwc_audit.errors import StoreError
from bwc_audit.store.database import writing
from bwc_audit.store.plan_tables import PLAN_STATES
from bwc_audit.store.planned import PlannedInspection, load_plan, mark_planned, store_plan
from bwc_audit.store.runs import close_run, open_run
from tests.store.test_runs import REQUEST
from tests.store.values import any_of

PLANS = st.lists(
    st.tuples(any_of(PlannedInspection), st.sampled_from(PLAN_STATES)),
    min_size=1,
    max_size=4,
    unique_by=lambda pair: pair[0].ordinal,
)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(drawn=PLANS)
def test_a_plan_comes_back_in_order_and_whole_or_in_parts(
    engine: Engine, drawn: list[tuple[PlannedInspection, str]]
) -> None:
    plan = [replace(one, state=state, detail="") for one, state in drawn]
    in_order = tuple(sorted(plan, key=lambda one: one.ordinal))
    with writing(engine) as session:
        run_id = open_run(session, REQUEST, started_us=1, software_version="0.1")
        store_plan(session, run_id, plan)
        assert load_plan(session, run_id) == in_order
        last = in_order[-1].ordinal
        assert load_plan(session, run_id, behind=last) == in_order[:-1]
        mark_planned(session, run_id, [last], "failed", "no answer")
        (marked,) = load_plan(session, run_id, first=last)
        assert (marked.state, marked.detail) == ("failed", "no answer")
        session.rollback()


def test_the_plan_of_a_finished_run_cannot_be_changed(engine: Engine) -> None:
    one = PlannedInspection(0, "e", 1, InspectionRequest("footage/a.mp4"))
    with writing(engine) as session:
        run_id = open_run(session, REQUEST, started_us=1, software_version="0.1")
        store_plan(session, run_id, [one])
        close_run(session, run_id, status=RunStatus.FAILED, finished_us=2)
    with pytest.raises(StoreError, match="never changed"), writing(engine) as session:
        mark_planned(session, run_id, [0], "examined")
