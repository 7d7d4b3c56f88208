"""All tables of the store, gathered: importing this module fills ``METADATA``."""

from __future__ import annotations

from sqlalchemy import Table

from bwc_audit.store.columns import Stored
from bwc_audit.store.inspection_tables import InspectionMeasuresRow, InspectionRow, SheetRow, StillRow
from bwc_audit.store.people_tables import (
    AccessEntryRow,
    AccountRow,
    ApiTokenRow,
    SavedViewRow,
    SignInAttemptRow,
    WebSessionRow,
)
from bwc_audit.store.plan_tables import PlannedInspectionRow
from bwc_audit.store.policy_tables import PolicyRow
from bwc_audit.store.rate_tables import RunNoiseRow, RunRateGroupRow, RunRateRow, RunRatesRow
from bwc_audit.store.record_tables import (
    AssignmentRow,
    DeviceEventRow,
    DeviceRow,
    ExemptionRow,
    HoldingRow,
    IncidentRow,
    InputMarkRow,
    OfficerRow,
    RejectedRowRow,
    SegmentRow,
    SourceFileRow,
    VideoObjectRow,
)
from bwc_audit.store.review_tables import ReviewFrameRow, ReviewRow, ReviewSampleRow
from bwc_audit.store.run_note_tables import RunClockRow, RunExpiringRow, RunWaitingRow, RunWatermarkRow
from bwc_audit.store.run_tables import (
    DispositionRow,
    FindingRow,
    ObservationRow,
    RepeatedObservationRow,
    RunAnswerRow,
    RunChunkRow,
    RunIncidentRow,
    RunLanesRow,
    RunResultRow,
    RunRow,
    RunTurnRow,
)

METADATA = Stored.metadata

__all__ = [
    "METADATA",
    "AccessEntryRow",
    "AccountRow",
    "ApiTokenRow",
    "AssignmentRow",
    "DeviceEventRow",
    "DeviceRow",
    "DispositionRow",
    "ExemptionRow",
    "FindingRow",
    "HoldingRow",
    "IncidentRow",
    "InputMarkRow",
    "InspectionMeasuresRow",
    "InspectionRow",
    "ObservationRow",
    "OfficerRow",
    "PlannedInspectionRow",
    "PolicyRow",
    "RejectedRowRow",
    "RepeatedObservationRow",
    "ReviewFrameRow",
    "ReviewRow",
    "ReviewSampleRow",
    "RunAnswerRow",
    "RunChunkRow",
    "RunClockRow",
    "RunExpiringRow",
    "RunIncidentRow",
    "RunLanesRow",
    "RunNoiseRow",
    "RunRateGroupRow",
    "RunRateRow",
    "RunRatesRow",
    "RunResultRow",
    "RunRow",
    "RunTurnRow",
    "RunWaitingRow",
    "RunWatermarkRow",
    "SavedViewRow",
    "SegmentRow",
    "SheetRow",
    "SignInAttemptRow",
    "SourceFileRow",
    "StillRow",
    "VideoObjectRow",
    "WebSessionRow",
    "table_of",
]


def table_of(model: type[Stored]) -> Table:
    """The Core table behind a model; bulk reads and writes go through it."""
    return METADATA.tables[str(model.__tablename__)]
