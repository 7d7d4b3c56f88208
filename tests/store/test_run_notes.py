"""What a run knew beside its results comes back as it went in, once, and never changes after the run is over."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine, delete

from bwc_audit.domain.clock_anchors import AnchorKind
from bwc_audit.domain.clock_days import ClockDay, Confidence
from bwc_audit.domain.expiring import Expiring
from bwc_audit.domain.results import Waiting
from bwc_audit.domain.runs import RunKind, RunRequest, RunStatus
from bwc_audit.domain.times import DAY_US, Span
from bwc_audit.domain.watermarks import Watermark, WatermarkKind
from bwc_audit.errors import StoreError
from bwc_audit.store import run_notes, runs
from bwc_audit.store.database import reading, writing
from bwc_audit.store.tables import RunClockRow, table_of

CLOCKS = (
    ClockDay("A", 0, -(268 * DAY_US), 7, 120, 3, 0, (AnchorKind.TAGGED, AnchorKind.UPLOAD), Confidence.AGREED, "why"),
    ClockDay("B", DAY_US, 47, 0, 2, 1, 2, (), Confidence.DOUBTFUL, "few", at_least_us=9),
)
MARKS = (Watermark(WatermarkKind.CAD, None), Watermark(WatermarkKind.DEVICE_LOG, 7, "A"))
WAITING = (Waiting("I1", "101", "upload_grace", 9), Waiting("I2", "101", "cad_open", None))
EXPIRING = (Expiring("R1", 5, "late_activation", "I1", "101", "F-1"), Expiring("R2", 6, "pending: cad_open", None, None))


def opened(engine: Engine) -> str:
    request = RunRequest(RunKind.NIGHTLY, "s3://b/p", Span(0, DAY_US), 2 * DAY_US, "UTC", "uk_generic", "1", "hash")
    with writing(engine) as session:
        return runs.open_run(session, request, started_us=1, software_version="1", inspector_version="1")


def test_notes_come_back_and_writing_twice_is_writing_once(engine: Engine) -> None:
    run_id = opened(engine)
    for _ in range(2):
        with writing(engine) as session:
            run_notes.add_notes(session, run_id, CLOCKS, MARKS, WAITING, EXPIRING)
    with reading(engine) as session:
        assert run_notes.load_clocks(session, run_id) == CLOCKS
        assert run_notes.load_clocks(session, run_id, device_id="B") == CLOCKS[1:]
        assert run_notes.load_watermarks(session, run_id) == MARKS
        assert run_notes.load_waiting(session, run_id) == WAITING
        assert run_notes.load_expiring(session, run_id) == EXPIRING
        assert run_notes.load_clocks(session, "another") == ()


def test_what_later_chunks_know_is_added(engine: Engine) -> None:
    """The later watermark of a source holds, whichever chunk told it; an assignment waits once."""
    run_id = opened(engine)
    later, earlier = Watermark(WatermarkKind.FOOTAGE, 9), Watermark(WatermarkKind.FOOTAGE, 3)
    with writing(engine) as session:
        run_notes.add_notes(session, run_id, CLOCKS[:1], (later, *MARKS), WAITING[:1], EXPIRING[1:])
        run_notes.add_notes(session, run_id, CLOCKS[1:], (earlier,), WAITING, EXPIRING[:1])
    with reading(engine) as session:
        assert run_notes.load_clocks(session, run_id) == CLOCKS
        assert run_notes.load_watermarks(session, run_id) == (MARKS[0], later, MARKS[1])
        assert run_notes.load_waiting(session, run_id) == WAITING
        assert run_notes.load_expiring(session, run_id) == EXPIRING


def test_a_finished_run_keeps_what_it_knew(engine: Engine) -> None:
    run_id = opened(engine)
    with writing(engine) as session:
        run_notes.add_notes(session, run_id, CLOCKS, MARKS, WAITING, EXPIRING)
        runs.close_run(session, run_id, status=RunStatus.FAILED, finished_us=2)
    with pytest.raises(StoreError, match="never changed"), writing(engine) as session:
        run_notes.add_notes(session, run_id, (), (), (), ())
    with pytest.raises(StoreError, match="never changed"), writing(engine) as session:
        session.connection().execute(delete(table_of(RunClockRow)))
    with reading(engine) as session:
        assert run_notes.load_clocks(session, run_id) == CLOCKS
