"""Ids that may occur once only, and do not: one row is kept, the others are rejected.

Which one is kept does not depend on the order of rows: the one with the smallest content. Segments are left alone (a
footage id that occurs twice is a finding), and so are assignments (several arrivals are normal). Of incidents with one id
that were opened at different times none is kept: usually a CAD whose numbers start again each day, and the mapping must
make them unique. To which of them an assignment belongs cannot be told, and a window over both would accuse somebody.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Hashable, Iterable, Sequence
from dataclasses import astuple, replace
from itertools import repeat
from operator import attrgetter
from typing import Any

from bwc_audit.domain.identity import bare_badge
from bwc_audit.domain.record_columns import RecordColumns
from bwc_audit.domain.records import Device, Holding, Incident, Officer, Records, RejectedRow, RejectReason, RowRef
from bwc_audit.domain.times import iso_utc
from bwc_audit.sources.to_records import Record, rejected_row

_NOWHERE = RowRef("")

#: The fields that make the id of a record; the first is the one that is named.
_ID_FIELDS: dict[type[Any], tuple[str, ...]] = {
    Incident: ("incident_id",),
    Device: ("device_id",),
    Officer: ("officer_id", "unit", "active_from_us", "camera_from_us"),
}


def without_duplicates(
    records: Sequence[Record], may_repeat: Collection[type[Any]] = ()
) -> tuple[list[Record], list[RejectedRow]]:
    """The records in their order without those whose id another one holds already, and a rejection for each left out.
    Of incidents that contradict each other in when they were opened all are left out.

    Records of a kind in ``may_repeat`` that say the same once more (a printout with a line a unit) are left out silently.
    """
    holders: dict[Hashable, list[Record]] = {}
    for record in records:
        identity = _identity_of(record)
        if identity is not None:
            holders.setdefault(identity, []).append(record)
    left_out: dict[int, RejectedRow] = {}
    repeated: list[int] = []
    for doubled in holders.values():
        if len(doubled) > 1:
            if are_contradictory(doubled):
                left_out.update((id(each), _disbelief(each, doubled)) for each in doubled)
                continue
            kept = min(doubled, key=_content)
            left_out.update((id(each), _rejection(each, kept)) for each in doubled if each is not kept)
            repeated += [id(each) for each in doubled if type(each) in may_repeat and _content(each)[0] == _content(kept)[0]]
    silent = frozenset(repeated)
    told = {place: rejection for place, rejection in left_out.items() if place not in silent}
    return [each for each in records if id(each) not in left_out], list(told.values())


def are_contradictory(records: Iterable[Record]) -> bool:
    """Whether records of one id are incidents that were opened at different times."""
    return len({each.opened_us for each in records if isinstance(each, Incident)}) > 1


def is_identified(record_type: type[Any]) -> bool:
    """Whether records of this kind have an id that may occur once only."""
    return record_type in _ID_FIELDS


def columns_without_duplicates(
    columns: Sequence[RecordColumns], may_repeat: Collection[type[Any]] = ()
) -> tuple[list[RecordColumns], list[RejectedRow]]:
    """As ``without_duplicates``, for columns of one kind or several: records are made only of rows whose id occurs twice."""
    times_seen: Counter[Hashable] = Counter()
    for each in columns:
        times_seen.update(_identities(each))
    doubled = {identity for identity, times in times_seen.items() if times > 1} if times_seen else set()
    if not doubled:
        return list(columns), []
    places = [[at for at, identity in enumerate(_identities(each)) if identity in doubled] for each in columns]
    made = [list(each.records(at)) for each, at in zip(columns, places, strict=True)]
    stay, rejected = without_duplicates([record for records in made for record in records], may_repeat)
    stays = {id(record) for record in stay}
    gone = [
        frozenset(at for at, record in zip(at_each, records, strict=True) if id(record) not in stays)
        for at_each, records in zip(places, made, strict=True)
    ]
    return [each.without(left_out) for each, left_out in zip(columns, gone, strict=True)], rejected


def _identities(columns: RecordColumns) -> Iterable[Hashable]:
    names = _ID_FIELDS[columns.record_type]
    return zip(*(columns.columns[name] for name in names), repeat(names[0]), strict=False)


def with_unique_ids(records: Records) -> Records:
    """The records of several files without ids that occur twice; each row left out is added to the rejected ones."""
    doubled: list[RejectedRow] = []
    kept: dict[str, Any] = {}
    for name, record_type in (("incidents", Incident), ("officers", Officer), ("devices", Device)):
        rows = getattr(records, name)
        # Where none occurs twice, as usual, nothing is laid out by id.
        if len(set(map(attrgetter(*_ID_FIELDS[record_type]), rows))) < len(rows):
            stay, gone = without_duplicates(rows)
            kept[name] = tuple(stay)
            doubled += gone
    return replace(records, **kept, rejected=(*records.rejected, *doubled, *contradictions(records.holdings)))


def contradictions(holdings: Sequence[Holding]) -> list[RejectedRow]:
    """A rejection for each holding that gives a device to one officer while another gives it to a second; both are named.

    Neither is believed. They stay among the records all the same, because a device that two hold makes its time
    `unknown: holder_conflict`, and one that nobody holds would look like an absence. Periods of one officer that overlap
    contradict nothing.
    """
    by_device: dict[str, list[Holding]] = {}
    for holding in holdings:
        by_device.setdefault(holding.device_id, []).append(holding)
    rejected: dict[int, RejectedRow] = {}
    for held in by_device.values():
        held.sort(key=lambda each: (each.held_from_us, each.row))
        for place, first in enumerate(held):
            for second in held[place + 1 :]:
                if first.held_to_us is not None and second.held_from_us >= first.held_to_us:
                    break
                if not _is_same_officer(first.officer_id, second.officer_id):
                    rejected.setdefault(id(first), _contradiction(first, second))
                    rejected.setdefault(id(second), _contradiction(second, first))
    return list(rejected.values())


def _is_same_officer(first: str, second: str) -> bool:
    return first == second or (bare_badge(first) != "" and bare_badge(first) == bare_badge(second))


def _contradiction(holding: Holding, other: Holding) -> RejectedRow:
    detail = (
        f"device {holding.device_id} is held by {holding.officer_id} here and by {other.officer_id} at {other.row} "
        f"from {iso_utc(max(holding.held_from_us, other.held_from_us))}; neither is believed"
    )
    return rejected_row(
        holding.row.file, holding.row.line, RejectReason.BAD_VALUE, detail, "held_from", iso_utc(holding.held_from_us)
    )


def _identity_of(record: Record) -> tuple[Hashable, ...] | None:
    names = _ID_FIELDS.get(type(record))
    return None if names is None else (names[0], *(getattr(record, name) for name in names))


def _content(record: Record) -> tuple[str, RowRef]:
    return repr(astuple(replace(record, row=_NOWHERE))), record.row


def _rejection(record: Record, kept: Record) -> RejectedRow:
    identity = _identity_of(record)
    assert identity is not None  # noqa: S101 - only records with an identity are compared
    name, value = str(identity[0]), identity[1]
    is_same = _content(record)[0] == _content(kept)[0]
    difference = "the same row" if is_same else "another row; if numbers start again each day, add the date in the mapping"
    detail = f"{name} {value} stands already at {kept.row} ({difference})"
    return rejected_row(record.row.file, record.row.line, RejectReason.DUPLICATE_ID, detail, name, value)


def _disbelief(record: Record, doubled: Sequence[Record]) -> RejectedRow:
    """The rejection of an incident of which another row states another time."""
    incidents = [each for each in doubled if isinstance(each, Incident)]
    opened_us = next(each.opened_us for each in incidents if each is record)
    other = min((each for each in incidents if each.opened_us != opened_us), key=lambda each: each.row)
    detail = (
        f"incident_id {other.incident_id} stands at {other.row} too, opened at {iso_utc(other.opened_us)} and not at "
        f"{iso_utc(opened_us)}; neither is believed (if numbers start again each day, add the date in the mapping)"
    )
    name = "incident_id"
    return rejected_row(record.row.file, record.row.line, RejectReason.DUPLICATE_ID, detail, name, other.incident_id)
