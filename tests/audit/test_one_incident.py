"""One incident, decided from the few rows that its load brings, has the results of the run over the whole year."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlmodel import Session

from bwc_audit.domain.chunks import SEGMENT_MARGIN_US
from bwc_audit.domain.decide import decide
from bwc_audit.domain.matching import match
from bwc_audit.domain.records import Records
from bwc_audit.domain.results import AssignmentResult
from bwc_audit.domain.times import DAY_US, Span
from bwc_audit.store.database import open_database, reading, upgrade
from bwc_audit.store.source_rows import load_records
from tests.bench.stored_year import SOURCE, store_year
from tests.bench.year import AS_OF_US, PERIOD, POLICY, make_year, records_of


def results_of(records: Records, period: Span, incident_id: str) -> list[AssignmentResult]:
    decision = decide(match(records, POLICY, period, AS_OF_US), {})
    return [result for result in decision.results if result.incident_id == incident_id]


def load(session: Session, period: Span, incident_id: str | None = None) -> Records:
    return load_records(session, SOURCE, period, margin_us=SEGMENT_MARGIN_US, incident_id=incident_id)


@pytest.mark.parametrize("number", [20, 51, 77])
def test_one_incident_has_the_results_of_the_year(tmp_path: Path, number: int) -> None:
    engine = open_database(f"sqlite:///{tmp_path}/year.db")
    upgrade(engine)
    store_year(engine, records_of(make_year(200, 10)))
    incident_id = f"I{number:07d}"
    with reading(engine) as session:
        whole = load(session, PERIOD)
        (incident,) = (one for one in whole.incidents if one.incident_id == incident_id)
        period = Span(incident.opened_us, incident.opened_us + DAY_US)
        alone = load(session, period, incident_id)
    engine.dispose()
    assert 0 < len(alone.segments) < len(whole.segments) / 4
    assert {one.incident_id for one in alone.assignments} == {incident_id}
    assert results_of(alone, period, incident_id) == results_of(whole, PERIOD, incident_id) != []
