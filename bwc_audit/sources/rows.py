"""The row models: the one place of the field names of every input schema, from which the JSON Schemas are made.

A model decides whether the values of one row can stand: present, an identifier, a number inside its bounds, an aware
time. Zones, rounding and foreign column names are dealt with before (``zoned_times``, ``mapping``); whether a row is
true is nobody's business here. Lists may be given as one text, separated by ``;`` or ``|`` (the way of a CSV cell).
"""

from __future__ import annotations

import re
from typing import Annotated, Any, get_origin

from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

from bwc_audit.domain.records import LONGEST_SEGMENT_US, DeviceEventKind
from bwc_audit.domain.times import DAY_US, SECOND_US

#: Upper bound of a segment, exclusive.
LENGTH_LIMIT_S = LONGEST_SEGMENT_US / SECOND_US

#: Upper bound of the time between the first and the last time of one assignment, exclusive: guarding a scene may take
#: days, and a unit that nobody cleared shows as months.
ASSIGNMENT_LIMIT_US = 7 * DAY_US

_NO_CONTROL = r"^[^\x00-\x1f\x7f]+$"
#: What parts the values of a list in one text.
SEPARATORS = re.compile(r"[;|]")


def split_list(value: Any) -> Any:
    """A text as the tuple of its non-empty parts; anything else unchanged."""
    if isinstance(value, str):
        return tuple(part.strip() for part in SEPARATORS.split(value) if part.strip())
    return value


def _lower(value: Any) -> Any:
    return value.strip().lower() if isinstance(value, str) else value


Identifier = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200, pattern=_NO_CONTROL)]
Text = Annotated[str, StringConstraints(strip_whitespace=True, max_length=2000, pattern=r"^[^\x00]*$")]
ObjectKey = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=1024, pattern=r"^[^\x00-\x1f\x7f]+$")
]
Identifiers = Annotated[tuple[Identifier, ...], BeforeValidator(split_list)]
Texts = Annotated[tuple[Text, ...], BeforeValidator(split_list)]
Length = Annotated[float, Field(gt=0, lt=LENGTH_LIMIT_S, allow_inf_nan=False)]
BufferSeconds = Annotated[float, Field(ge=0, le=3600, allow_inf_nan=False)]
Count = Annotated[int, Field(ge=0, le=2**31 - 1)]
Sha256 = Annotated[str, BeforeValidator(_lower), StringConstraints(pattern=r"^[0-9a-f]{64}$")]


class _Row(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", coerce_numbers_to_str=True, populate_by_name=False)


class FootageRow(_Row):
    """``bwc-footage/1``: one segment, from a sidecar or a manifest row. ``object_key`` may be left out of a sidecar
    that lies beside its video."""

    footage_id: Identifier
    object_key: ObjectKey | None = None
    device_id: Identifier
    device_model: Text | None = None
    officer_id: Identifier | None = None
    recording_id: Identifier | None = None
    segment_no: Count | None = None
    sequence_no: Count | None = None
    media_started_at: AwareDatetime
    activated_at: AwareDatetime | None = None
    deactivated_at: AwareDatetime | None = None
    duration_s: Length
    pre_event_buffer_s: BufferSeconds | None = None
    uploaded_at: AwareDatetime | None = None
    size_bytes: Annotated[int, Field(ge=0, le=2**63 - 1)] | None = None
    sha256: Sha256 | None = None
    incident_ids: Identifiers = ()
    categories: Texts = ()
    retention_until: AwareDatetime | None = None
    deleted_at: AwareDatetime | None = None
    status: Text | None = None


class IncidentRow(_Row):
    """``bwc-incident/1``: one call or stop."""

    incident_id: Identifier
    call_type: Text
    priority: Text | None = None
    opened_at: AwareDatetime
    closed_at: AwareDatetime | None = None
    area: Text | None = None
    call_disposition_code: Text | None = None
    tags: Texts = ()


class AssignmentRow(_Row):
    """``bwc-assignment/1``: who was on an incident, and when. ``officer_id`` may name both officers of a unit."""

    incident_id: Identifier
    unit_id: Identifier | None = None
    officer_id: Annotated[Identifiers, Field(min_length=1)]
    dispatched_at: AwareDatetime | None = None
    en_route_at: AwareDatetime | None = None
    on_scene_at: AwareDatetime | None = None
    cleared_at: AwareDatetime | None = None
    cancelled: bool = False


class OfficerRow(_Row):
    """``bwc-officer/1``: one roster row. No ``camera_from`` and no ``camera_to``: no camera was issued."""

    officer_id: Identifier
    unit: Text
    role: Text | None = None
    active_from: AwareDatetime | None = None
    active_to: AwareDatetime | None = None
    camera_from: AwareDatetime | None = None
    camera_to: AwareDatetime | None = None


class DeviceRow(_Row):
    """``bwc-device/1``: one camera and its settings."""

    device_id: Identifier
    model: Text
    vendor: Text | None = None
    configured_buffer_s: BufferSeconds | None = None
    segment_cap_s: Annotated[float, Field(gt=0, le=86_400, allow_inf_nan=False)] | None = None
    overlay_zone: Text | None = None


class HolderRow(_Row):
    """``bwc-holder/1``: who held a camera, from and (if it ended) to."""

    device_id: Identifier
    officer_id: Identifier
    held_from: AwareDatetime
    held_to: AwareDatetime | None = None


class ExemptionRow(_Row):
    """``bwc-exemption/1``: time in which an officer need not record."""

    incident_id: Identifier | None = None
    officer_id: Identifier
    from_: Annotated[AwareDatetime | None, Field(alias="from")] = None
    to: AwareDatetime | None = None
    reason_code: Text
    approved_by: Text | None = None
    note: Text | None = None


class DeviceEventRow(_Row):
    """``bwc-device-event/1``: one entry of a device log; ``value`` in seconds for ``clock_check``."""

    device_id: Identifier
    at: AwareDatetime
    event: Annotated[DeviceEventKind, BeforeValidator(_lower)]
    value: Text | None = None


#: Schema name to row model: what the JSON Schemas under ``schemas/`` are generated from.
ROW_MODELS: dict[str, type[BaseModel]] = {
    "bwc-footage/1": FootageRow,
    "bwc-incident/1": IncidentRow,
    "bwc-assignment/1": AssignmentRow,
    "bwc-officer/1": OfficerRow,
    "bwc-device/1": DeviceRow,
    "bwc-holder/1": HolderRow,
    "bwc-exemption/1": ExemptionRow,
    "bwc-device-event/1": DeviceEventRow,
}

#: Table name, as mappings use it, to schema name.
SCHEMA_OF_TABLE: dict[str, str] = {
    "footage": "bwc-footage/1",
    "incidents": "bwc-incident/1",
    "assignments": "bwc-assignment/1",
    "officers": "bwc-officer/1",
    "devices": "bwc-device/1",
    "holders": "bwc-holder/1",
    "exemptions": "bwc-exemption/1",
    "device_events": "bwc-device-event/1",
}

_TIME_FIELDS: dict[str, tuple[str, ...]] = {
    "footage": (
        "media_started_at",
        "activated_at",
        "deactivated_at",
        "uploaded_at",
        "retention_until",
        "deleted_at",
    ),
    "incidents": ("opened_at", "closed_at"),
    "assignments": ("dispatched_at", "en_route_at", "on_scene_at", "cleared_at"),
    "officers": ("active_from", "active_to", "camera_from", "camera_to"),
    "devices": (),
    "holders": ("held_from", "held_to"),
    "exemptions": ("from", "to"),
    "device_events": ("at",),
}

_IDENTIFIER_FIELDS = frozenset({"footage_id", "device_id", "officer_id", "recording_id", "incident_id", "incident_ids"})
_LENGTH_FIELDS = frozenset({"duration_s"})


def field_names(table: str) -> tuple[str, ...]:
    """The field names of a table as they are written in files."""
    fields = ROW_MODELS[SCHEMA_OF_TABLE[table]].model_fields
    return tuple(field.alias or name for name, field in fields.items())


def required_fields(table: str) -> tuple[str, ...]:
    """The fields a row of this table cannot do without."""
    fields = ROW_MODELS[SCHEMA_OF_TABLE[table]].model_fields
    return tuple(field.alias or name for name, field in fields.items() if field.is_required())


def time_fields(table: str) -> tuple[str, ...]:
    """The fields of a table that hold times."""
    return _TIME_FIELDS[table]


def list_fields(table: str) -> tuple[str, ...]:
    """The fields of a table that hold several values."""
    fields = ROW_MODELS[SCHEMA_OF_TABLE[table]].model_fields
    return tuple(field.alias or name for name, field in fields.items() if get_origin(field.annotation) is tuple)


def length_fields(table: str) -> tuple[str, ...]:
    """The fields of a table that hold a length of time, in seconds."""
    return tuple(name for name in field_names(table) if name.endswith("_s"))


def is_identifier(field: str) -> bool:
    return field in _IDENTIFIER_FIELDS


def is_length(field: str) -> bool:
    return field in _LENGTH_FIELDS
