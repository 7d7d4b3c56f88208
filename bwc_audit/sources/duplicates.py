"""Ids that may occur once only, and do not: one row is kept, the others are rejected.

Which one is kept does not depend on the order of rows: the one with the smallest content. Segments are left alone (a
footage id that occurs twice is a finding), and so are assignments (several arrivals are normal). Two incidents with one
id usually mean a CAD whose numbers start again each day: the mapping must then make them unique.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import astuple, replace

from bwc_audit.domain.records import Device, Incident, Officer, Records, RejectedRow, RejectReason, RowRef
from bwc_audit.sources.to_records import Record, rejected_row

_NOWHERE = RowRef("")


def without_duplicates(records: Sequence[Record]) -> tuple[list[Record], list[RejectedRow]]:
    """The records in their order without those whose id another one holds already, and a rejection for each left out."""
    holders: dict[Hashable, list[Record]] = {}
    for record in records:
        identity = _identity_of(record)
        if identity is not None:
            holders.setdefault(identity, []).append(record)
    left_out: dict[int, RejectedRow] = {}
    for doubled in holders.values():
        if len(doubled) > 1:
            kept = min(doubled, key=_content)
            left_out.update((id(each), _rejection(each, kept)) for each in doubled if each is not kept)
    return [each for each in records if id(each) not in left_out], list(left_out.values())


def with_unique_ids(records: Records) -> Records:
    """The records of several files without ids that occur twice; each row left out is added to the rejected ones."""
    kept, doubled = without_duplicates((*records.incidents, *records.officers, *records.devices))
    return replace(
        records,
        incidents=tuple(each for each in kept if isinstance(each, Incident)),
        officers=tuple(each for each in kept if isinstance(each, Officer)),
        devices=tuple(each for each in kept if isinstance(each, Device)),
        rejected=(*records.rejected, *doubled),
    )


def _identity_of(record: Record) -> Hashable | None:
    if isinstance(record, Incident):
        return "incident_id", record.incident_id
    if isinstance(record, Device):
        return "device_id", record.device_id
    if isinstance(record, Officer):
        return "officer_id", record.officer_id, record.unit, record.active_from_us, record.camera_from_us
    return None


def _content(record: Record) -> tuple[str, RowRef]:
    return repr(astuple(replace(record, row=_NOWHERE))), record.row


def _rejection(record: Record, kept: Record) -> RejectedRow:
    identity = _identity_of(record)
    assert isinstance(identity, tuple)  # noqa: S101 - only records with an identity are compared
    name, value = identity[0], identity[1]
    is_same = _content(record)[0] == _content(kept)[0]
    difference = "the same row" if is_same else "another row; if numbers start again each day, add the date in the mapping"
    detail = f"{name} {value} stands already at {kept.row} ({difference})"
    return rejected_row(record.row.file, record.row.line, RejectReason.DUPLICATE_ID, detail, name, value)
