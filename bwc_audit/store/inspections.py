"""What looking into videos brought, kept under the identity of the content and of the way of looking.

The same content looked at in the same way is never looked at again; anything else about it is another inspection. The
limits by which measures are judged are no part of that way: whoever loads an inspection decides anew from its measures,
and the defects kept here are those of the night on which it was looked into.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import asdict, astuple, dataclass, field, fields
from typing import Any

from sqlalchemy import Select, delete, select, tuple_
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session

from bwc_audit.domain.inspection import (
    INSPECTOR_VERSION,
    AudioFacts,
    ContainerFacts,
    Defect,
    DefectKind,
    Examined,
    Inspection,
    InspectionRequest,
    InspectionStatus,
    Sheet,
    Still,
    UnreadableReason,
    VideoFacts,
)
from bwc_audit.domain.overlay_clock import OverlayReading
from bwc_audit.domain.policy import InspectionRules
from bwc_audit.domain.times import Span
from bwc_audit.store.bulk import AT_ONCE, chunks, insert_rows, is_one_of
from bwc_audit.store.inspection_tables import InspectionMeasuresRow
from bwc_audit.store.measures_blob import blob_of, measures_of
from bwc_audit.store.run_rows import span_pairs, spans_of
from bwc_audit.store.tables import InspectionRow, SheetRow, StillRow, table_of

_FACTS: tuple[tuple[str, type[Any]], ...] = (
    ("container", ContainerFacts),
    ("video", VideoFacts),
    ("audio", AudioFacts),
)
_EXAMINED = ("bytes_read", "frames_sampled", "longest_step_us", "audio_us", "elapsed_s")
#: Kept beside the measures; inspections of before they were kept have 0.
_COSTS = ("requests", "seconds_examined_us", "index_bytes")


_SHEET = ("seconds", "damaged", "without_frame", "not_looked_at", "jpeg", "sha256")


@dataclass(frozen=True, slots=True)
class _Pictures:
    """Stills and sheets by inspection."""

    stills: dict[int, list[Still]] = field(default_factory=dict)
    sheets: dict[int, list[Sheet]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, order=True)
class InspectionIdentity:
    """What was looked at (content: key, etag, size) and how (inspector version, digest of the plan)."""

    source: str
    object_key: str
    etag: str
    size_bytes: int
    inspector_version: str
    plan_digest: str


def identity_of(
    source: str,
    etag: str,
    size_bytes: int,
    request: InspectionRequest,
    rules: InspectionRules,
    inspector_version: str = INSPECTOR_VERSION,
) -> InspectionIdentity:
    """The identity under which the outcome of a request is kept; changes with all that decides what is seen."""
    digest = plan_digest(request, rules)
    return InspectionIdentity(source, request.object_key, etag, size_bytes, inspector_version, digest)


def plan_digest(request: InspectionRequest, rules: InspectionRules) -> str:
    """SHA-256, hexadecimal, over what is asked for (without the key) and how it is sampled (without the clause)."""
    asked = {**asdict(request), "object_key": None}
    if not request.is_clock_look:
        del asked["is_clock_look"]  # as it was before there were such looks: what was kept then is found
    text = json.dumps([asked, {**asdict(rules.sampling), "clause": None}], sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def known_inspections(session: Session, identities: Iterable[InspectionIdentity]) -> frozenset[InspectionIdentity]:
    """Those of the identities that were inspected already."""
    table = table_of(InspectionRow)
    columns = [table.c[one.name] for one in fields(InspectionIdentity)]
    found: set[InspectionIdentity] = set()
    for chunk in chunks(identities, 500):
        query = select(*columns).where(tuple_(*columns).in_([astuple(identity) for identity in chunk]))
        found.update(InspectionIdentity(*row) for row in session.connection().execute(query))
    return frozenset(found)


def record_inspection(
    session: Session, identity: InspectionIdentity, request: InspectionRequest, inspection: Inspection
) -> None:
    """Keep an outcome; one already kept under this identity is replaced."""
    connection, table, still = session.connection(), table_of(InspectionRow), table_of(StillRow)
    values = {**asdict(identity), "plan": asdict(request), **_values(inspection)}
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    names = [one.name for one in fields(InspectionIdentity)]
    statement = dialect.insert(table).values(values)
    renewed = {name: statement.excluded[name] for name in values if name not in names}
    inspection_id = connection.scalar(
        statement.on_conflict_do_update(index_elements=names, set_=renewed).returning(table.c.inspection_id)
    )
    for table_of_it in (still, table_of(InspectionMeasuresRow), table_of(SheetRow)):
        connection.execute(delete(table_of_it).where(table_of_it.c.inspection_id == inspection_id))
    _insert_measures(session, int(inspection_id), inspection)
    rows = ((inspection_id, ordinal, item.at_us, item.jpeg, item.sha256) for ordinal, item in enumerate(inspection.stills))
    insert_rows(session, still, ("inspection_id", "ordinal", "at_us", "jpeg", "sha256"), rows)
    sheets = (
        (inspection_id, ordinal, item.span.start_us, item.span.end_us, *(getattr(item, name) for name in _SHEET))
        for ordinal, item in enumerate(inspection.sheets)
    )
    insert_rows(session, table_of(SheetRow), ("inspection_id", "ordinal", "start_us", "end_us", *_SHEET), sheets)


def _insert_measures(session: Session, inspection_id: int, inspection: Inspection) -> None:
    blob = None if inspection.measures is None else blob_of(inspection.measures)
    costs = (getattr(inspection.examined, name) for name in _COSTS)
    read = [asdict(reading) for reading in inspection.readings]
    columns = ("inspection_id", "measures", *_COSTS, "readings", "clock_tried")
    row = (inspection_id, blob, *costs, read, inspection.clock_tried)
    insert_rows(session, table_of(InspectionMeasuresRow), columns, [row])


def load_inspections(
    session: Session, identities: Iterable[InspectionIdentity], *, with_stills: bool = False
) -> dict[InspectionIdentity, Inspection]:
    """The kept outcomes by identity; identities never inspected are left out. Pictures only ``with_stills``."""
    table = table_of(InspectionRow)
    with_measures = _with_measures()
    names = [one.name for one in fields(InspectionIdentity)]
    columns = [table.c[name] for name in names]
    found: dict[InspectionIdentity, Inspection] = {}
    for chunk in chunks(identities, 500):
        query = with_measures.where(tuple_(*columns).in_([astuple(identity) for identity in chunk]))
        rows = [dict(row) for row in session.connection().execute(query.order_by(table.c.inspection_id)).mappings()]
        pictures = _pictures(session, [row["inspection_id"] for row in rows]) if with_stills else _Pictures()
        for row in rows:
            identity = InspectionIdentity(*(row[name] for name in names))
            found[identity] = _inspection_of(row, pictures)
    return found


@dataclass(frozen=True, slots=True)
class PicturePlace:
    """Where a kept picture is, without the picture: ``at_us`` and ``end_us`` of media time (the same for a still)."""

    inspection_id: int
    ordinal: int
    at_us: int
    end_us: int


def load_picture_places(
    session: Session, identities: Iterable[InspectionIdentity]
) -> dict[InspectionIdentity, tuple[tuple[PicturePlace, ...], tuple[PicturePlace, ...]]]:
    """(stills, pages of small pictures) kept for each of these, in their order."""
    table, still, sheet = table_of(InspectionRow), table_of(StillRow).c, table_of(SheetRow).c
    names = [one.name for one in fields(InspectionIdentity)]
    columns = [table.c[name] for name in names]
    found: dict[InspectionIdentity, tuple[tuple[PicturePlace, ...], tuple[PicturePlace, ...]]] = {}
    for chunk in chunks(identities, 500):
        query = select(table.c.inspection_id, *columns).where(tuple_(*columns).in_([astuple(one) for one in chunk]))
        known = {row.inspection_id: InspectionIdentity(*row[1:]) for row in session.connection().execute(query)}
        stills = select(still.inspection_id, still.ordinal, still.at_us, still.at_us.label("end_us"))
        sheets = select(sheet.inspection_id, sheet.ordinal, sheet.start_us, sheet.end_us)
        places: list[dict[int, list[PicturePlace]]] = [{}, {}]
        for kept, picture, query in ((places[0], still, stills), (places[1], sheet, sheets)):
            wanted = query.where(picture.inspection_id.in_(known)).order_by(picture.inspection_id, picture.ordinal)
            for row in session.connection().execute(wanted):
                kept.setdefault(row.inspection_id, []).append(PicturePlace(*row))
        for number, identity in known.items():
            found[identity] = (tuple(places[0].get(number, ())), tuple(places[1].get(number, ())))
    return found


def load_picture(session: Session, place: PicturePlace, *, is_sheet: bool) -> bytes | None:
    """The JPEG at a place; None where it is gone."""
    table = table_of(SheetRow if is_sheet else StillRow).c
    query = select(table.jpeg).where(table.inspection_id == place.inspection_id, table.ordinal == place.ordinal)
    jpeg = session.connection().scalar(query)
    return None if jpeg is None else bytes(jpeg)


def latest_inspection(session: Session, source: str, object_key: str, *, with_stills: bool = True) -> Inspection | None:
    """The last kept outcome for an object, however it was looked at; None where it never was."""
    table = table_of(InspectionRow)
    query = _with_measures().where(table.c.source == source, table.c.object_key == object_key)
    row = session.connection().execute(query.order_by(table.c.inspection_id.desc()).limit(1)).mappings().one_or_none()
    if row is None:
        return None
    return _inspection_of(dict(row), _pictures(session, [row["inspection_id"]]) if with_stills else _Pictures())


def latest_inspections(session: Session, source: str, versions: Mapping[str, str]) -> dict[str, Inspection]:
    """The last kept outcome for each object in the version named (key → version mark), by key; without pictures. Objects
    that were never looked at in that version are left out; a look for the clock alone counts where there is no other."""
    table, connection = table_of(InspectionRow), session.connection()
    wanted = select(table.c.inspection_id, table.c.object_key, table.c.etag, table.c.plan).where(table.c.source == source)
    newest: dict[str, tuple[bool, int]] = {}
    if connection.execute(wanted.limit(1)).first() is None:
        return {}
    for keys in chunks(versions, AT_ONCE):
        for inspection_id, key, etag, plan in connection.execute(wanted.where(is_one_of(session, table.c.object_key, keys))):
            if versions[key] == etag:
                newest[key] = max(newest.get(key, (False, 0)), (not plan.get("is_clock_look", False), inspection_id))
    found: dict[str, Inspection] = {}
    for chunk in chunks(sorted(number for _, number in newest.values()), 500):
        rows = session.connection().execute(_with_measures().where(table.c.inspection_id.in_(chunk))).mappings()
        found |= {row["object_key"]: _inspection_of(dict(row), _Pictures()) for row in rows}
    return found


def _with_measures() -> Select[Any]:
    table, measured = table_of(InspectionRow), table_of(InspectionMeasuresRow)
    kept = [measured.c[name] for name in ("measures", *_COSTS, "readings", "clock_tried")]
    return select(table, *kept).select_from(table.outerjoin(measured, measured.c.inspection_id == table.c.inspection_id))


def _pictures(session: Session, inspection_ids: list[int]) -> _Pictures:
    found = _Pictures()
    still, sheet = table_of(StillRow), table_of(SheetRow)
    query = select(still).where(still.c.inspection_id.in_(inspection_ids))
    for row in session.connection().execute(query.order_by(still.c.inspection_id, still.c.ordinal)):
        found.stills.setdefault(row.inspection_id, []).append(Still(row.at_us, bytes(row.jpeg), row.sha256))
    query = select(sheet).where(sheet.c.inspection_id.in_(inspection_ids))
    for row in session.connection().execute(query.order_by(sheet.c.inspection_id, sheet.c.ordinal)):
        counts = (row.seconds, row.damaged, row.without_frame, row.not_looked_at)
        page = Sheet(Span(row.start_us, row.end_us), bytes(row.jpeg), row.sha256, *counts)
        found.sheets.setdefault(row.inspection_id, []).append(page)
    return found


def _values(inspection: Inspection) -> dict[str, Any]:
    values: dict[str, Any] = {
        "status": inspection.status,
        "reason": inspection.reason,
        "detail": inspection.detail,
        "examined_spans": span_pairs(inspection.examined.spans),
        "defects": [_defect_values(defect) for defect in inspection.defects],
        "not_examined": list(inspection.not_examined),
        "sha256": inspection.sha256,
    }
    values |= {name: getattr(inspection.examined, name) for name in _EXAMINED}
    for prefix, facts_type in _FACTS:
        facts = getattr(inspection, prefix)
        for one in fields(facts_type):
            values[f"{prefix}_{one.name}"] = None if facts is None else getattr(facts, one.name)
    return values


def _inspection_of(row: dict[str, Any], pictures: _Pictures) -> Inspection:
    return Inspection(
        object_key=row["object_key"],
        status=InspectionStatus(row["status"]),
        reason=None if row["reason"] is None else UnreadableReason(row["reason"]),
        detail=row["detail"],
        examined=Examined(
            **{name: row[name] for name in _EXAMINED},
            **{name: row[name] or 0 for name in _COSTS},
            spans=spans_of(row["examined_spans"]),
        ),
        defects=tuple(_defect_of(item) for item in row["defects"]),
        stills=tuple(pictures.stills.get(row["inspection_id"], ())),
        sheets=tuple(pictures.sheets.get(row["inspection_id"], ())),
        readings=tuple(OverlayReading(**item) for item in row["readings"] or ()),
        clock_tried=row["clock_tried"] or 0,
        not_examined=tuple(row["not_examined"]),
        sha256=row["sha256"],
        measures=None if row["measures"] is None else measures_of(bytes(row["measures"])),
        **{prefix: _facts_of(row, prefix, facts_type) for prefix, facts_type in _FACTS},
    )


def _facts_of(row: dict[str, Any], prefix: str, facts_type: type[Any]) -> Any:
    values = {one.name: row[f"{prefix}_{one.name}"] for one in fields(facts_type)}
    # Every facts type has a text that is never null: the format or the codec.
    is_there = values["format" if prefix == "container" else "codec"] is not None
    return facts_type(**values) if is_there else None


def _defect_values(defect: Defect) -> dict[str, Any]:
    # JSON knows no infinity: digital silence is -inf dBFS.
    measures = {name: value if math.isfinite(value) else str(value) for name, value in defect.measures.items()}
    return {**asdict(defect), "kind": str(defect.kind), "measures": measures}


def _defect_of(item: dict[str, Any]) -> Defect:
    measures = {name: float(value) for name, value in item["measures"].items()}
    return Defect(DefectKind(item["kind"]), item["start_us"], item["end_us"], item["confidence"], measures)
