"""Tables of what a run knew beside its results: clocks of cameras, how far the sources told, what waits, what expires.

Like everything of a run, never changed once it is finished.
"""

from __future__ import annotations

from typing import Any, ClassVar

from bwc_audit.domain.clock_days import Confidence
from bwc_audit.domain.watermarks import WatermarkKind
from bwc_audit.store.columns import Stored, document, integer, not_negative, one_of, ordered, small, text


def _run_key() -> Any:
    return text("audit run", primary_key=True, foreign_key="run.run_id")


class RunClockRow(Stored, table=True):
    """What anchors said of one camera and day beyond the dock's checks; days on which they said nothing have no row."""

    __tablename__ = "run_clock"
    __table_args__: ClassVar[Any] = (
        one_of("confidence", Confidence),
        ordered("start_us", "end_us", is_strict=True),
        *not_negative("spread_us", "uncertainty_us", "anchors", "against", "at_least_us"),
    )

    run_id: str = _run_key()
    device_id: str = text("camera", primary_key=True)
    start_us: int = integer("microseconds by the camera's own clock, included", primary_key=True)
    end_us: int = integer("microseconds by the camera's own clock, excluded")
    offset_us: int = integer("metadata minus true time, as the anchors say")
    spread_us: int = integer("median distance of the anchors from it")
    uncertainty_us: int = integer("how exactly anchors of this kind can tell")
    anchors: int = small("anchors that support it")
    against: int = small("anchors that do not")
    kinds: list[str] = document("kinds of anchor that support it")
    confidence: str = text("agreed: it was applied; doubtful: nothing was moved by it")
    why: str = text("why it was applied, or was not")
    at_least_us: int = integer("how far the clock was ahead at least, since recordings end after their upload; 0: not known")


class RunWatermarkRow(Stored, table=True):
    """Up to when a source had told, as of the run."""

    __tablename__ = "run_watermark"
    __table_args__: ClassVar[Any] = (one_of("kind", WatermarkKind),)

    run_id: str = _run_key()
    ordinal: int = small("place among the watermarks of the run, from 0", primary_key=True)
    kind: str = text("cad, footage, device_footage or device_log")
    device_id: str | None = text("camera; null: the source as a whole", default=None)
    until_us: int | None = integer("microseconds UTC; null: nothing at all was read", default=None)


class RunWaitingRow(Stored, table=True):
    """A pending assignment, and when it is decided at the latest."""

    __tablename__ = "run_waiting"

    run_id: str = _run_key()
    incident_id: str = text("incident", primary_key=True)
    officer_id: str = text("officer, as resolved", primary_key=True)
    reason: str = text("what it waits for")
    ripens_us: int | None = integer("microseconds UTC; null: depends on a delivery", default=None)


class RunExpiringRow(Stored, table=True):
    """A file that may be deleted soon although a matter that it bears on was open when the run ended."""

    __tablename__ = "run_expiring"
    __table_args__: ClassVar[Any] = not_negative("ordinal")

    run_id: str = _run_key()
    ordinal: int = small("place among them, from 0; the soonest first", primary_key=True)
    footage_id: str = text("segment")
    until_us: int = integer("microseconds UTC: from then on it may be deleted")
    matter: str = text("kind of finding, or outcome and reason of an assignment")
    incident_id: str | None = text("null: concerns no incident", default=None)
    officer_id: str | None = text("null: concerns no officer", default=None)
    finding_id: str | None = text("short public id; null: an assignment", default=None)
