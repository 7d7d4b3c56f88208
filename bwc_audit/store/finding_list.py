"""Lists of findings over all runs, as observed last: filtered, ordered and paged in the database."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, exists, func, or_, select, union_all
from sqlalchemy.orm import aliased
from sqlmodel import Session

from bwc_audit.domain.dispositions import DecisionWord, EntryKind
from bwc_audit.domain.findings import Severity
from bwc_audit.domain.runs import ObservedFinding
from bwc_audit.store.bulk import chunks
from bwc_audit.store.columns import Stored
from bwc_audit.store.dispositions import load_standings
from bwc_audit.store.observations import load_last_observed
from bwc_audit.store.tables import DispositionRow, FindingRow, ObservationRow, RepeatedObservationRow, table_of

#: Beyond this many, a list says "more than".
COUNTED_TO = 10_000

_MANY = 500

_GRAVEST_FIRST = (Severity.HIGH, Severity.MEDIUM, Severity.LOW)

Clause = ColumnElement[bool]


@dataclass(frozen=True, slots=True)
class ListedFinding:
    """One line of a list: the finding as its last run observed it. ``word``: the decision in force; ``place``: of the last
    entry on it, 0 where there is none."""

    fingerprint: str
    finding_id: str
    kind: str
    severity: str | None
    state: str
    is_borderline: bool
    incident_id: str | None
    officer_id: str | None
    device_id: str | None
    unit: str | None
    call_type: str | None
    placed_us: int | None
    message: str
    seconds_us: int
    margin_us: int | None
    run_id: str
    word: str = DecisionWord.OPEN
    place: int = 0


def _orders() -> dict[str, list[Any]]:
    row = table_of(FindingRow).c
    weight = case({severity: place for place, severity in enumerate(_GRAVEST_FIRST)}, value=row.severity, else_=9)
    newest = [row.placed_us.desc(), row.fingerprint.desc()]
    return {
        "newest": newest,
        "oldest": [row.placed_us.asc(), row.fingerprint.asc()],
        "severity": [weight, *newest],
        "kind": [row.kind, *newest],
        "officer": [row.officer_id, *newest],
        "incident": [row.incident_id, row.fingerprint],
    }


#: How a list can be ordered, in words.
ORDERS = {
    "newest": "newest first",
    "oldest": "oldest first",
    "severity": "gravest first",
    "kind": "by kind",
    "officer": "by officer",
    "incident": "by incident",
}


def count_listed(session: Session, wanted: Sequence[Clause]) -> int:
    """How many findings there are, at most ``COUNTED_TO + 1``."""
    few = select(table_of(FindingRow).c.fingerprint).where(*wanted).limit(COUNTED_TO + 1).subquery()
    return session.connection().scalar(select(func.count()).select_from(few)) or 0


def page_of_findings(
    session: Session, wanted: Sequence[Clause], order: str, limit: int, offset: int
) -> tuple[int, tuple[ListedFinding, ...]]:
    """(how many there are, at most ``COUNTED_TO + 1``; a page of them). Behind the last nothing is looked for: where none
    fulfils a condition that no index answers, every finding would be read a second time."""
    count = count_listed(session, wanted)
    return count, list_findings(session, wanted, order, limit, offset) if count > offset else ()


def list_findings(
    session: Session, wanted: Sequence[Clause], order: str, limit: int, offset: int = 0
) -> tuple[ListedFinding, ...]:
    """A page of findings. ``order``: a key of ``ORDERS``."""
    finding, content = table_of(FindingRow), table_of(ObservationRow)
    names = [name for name in ListedFinding.__slots__ if name in finding.c]
    query = select(*(finding.c[name] for name in names), finding.c.last_run_id, finding.c.said_run_id).where(*wanted)
    if order == "severity":
        rows = _gravest_first(session, query, limit, offset)
    else:
        rows = _rows(session, query.order_by(*_orders()[order]).limit(limit).offset(offset))
    said = _contents(session, rows, content)
    standings = load_standings(session, [row["fingerprint"] for row in rows])
    return tuple(_listed(row, names, said, standings.get(row["fingerprint"])) for row in rows)


def _rows(session: Session, query: Select[Any]) -> list[dict[str, Any]]:
    return [dict(row) for row in session.connection().execute(query).mappings()]


def _gravest_first(session: Session, query: Select[Any], limit: int, offset: int) -> list[dict[str, Any]]:
    """A page of the order *severity*, one severity after the other: each is an index read from its end, where sorting by
    weight reads and sorts all findings."""
    severity, rows = table_of(FindingRow).c.severity, list[dict[str, Any]]()
    for value in (*_GRAVEST_FIRST, None):
        of_it = query.where(severity.is_(None) if value is None else severity == value)
        found = _rows(session, of_it.order_by(*_orders()["newest"]).limit(limit - len(rows)).offset(offset))
        rows += found
        if len(rows) == limit:
            break
        if found or not offset:
            offset = 0
        else:
            skipped = of_it.with_only_columns(table_of(FindingRow).c.fingerprint).limit(offset).subquery()
            offset -= session.connection().scalar(select(func.count()).select_from(skipped)) or 0
    return rows


def _contents(session: Session, rows: Sequence[dict[str, Any]], content: Any) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for chunk in chunks(rows, _MANY):
        query = select(
            content.c.run_id, content.c.fingerprint, content.c.message, content.c.seconds_us, content.c.margin_us
        ).where(
            content.c.run_id.in_({row["said_run_id"] for row in chunk}),
            content.c.fingerprint.in_({row["fingerprint"] for row in chunk}),
        )
        meant = {(row["said_run_id"], row["fingerprint"]) for row in chunk}
        found |= {
            row.fingerprint: row for row in session.connection().execute(query) if (row.run_id, row.fingerprint) in meant
        }
    return found


def _listed(row: dict[str, Any], names: Sequence[str], said: dict[str, Any], standing: Any) -> ListedFinding:
    content = said[row["fingerprint"]]
    values = {name: row[name] for name in names} | {"is_borderline": bool(row["is_borderline"])}
    more = (content.message, content.seconds_us, content.margin_us, row["last_run_id"])
    one = dict(zip(("message", "seconds_us", "margin_us", "run_id"), more, strict=True))
    if standing is not None:
        one |= {"word": standing.word, "place": standing.place}
    return ListedFinding(**values, **one)


def all_listed(session: Session, wanted: Sequence[Clause], order: str) -> Iterator[ObservedFinding]:
    """The whole list in its order, each finding in full as observed last; loaded a few hundred at a time."""
    query = select(table_of(FindingRow).c.fingerprint).where(*wanted).order_by(*_orders()[order])
    fingerprints = session.connection().scalars(query).all()
    for chunk in chunks(fingerprints, _MANY):
        found = load_last_observed(session, chunk)
        yield from (found[fingerprint] for fingerprint in chunk)


def is_of(column: str, value: str | bool | None) -> Clause:
    """Findings with this value in a column; None: with none."""
    clause: Clause = table_of(FindingRow).c[column] == value
    return clause


def is_counted(counted: bool) -> Clause:
    """Findings beyond the clock uncertainty, or those within it."""
    return table_of(FindingRow).c.is_borderline.is_not(counted)


def is_between(start_us: int | None, end_us: int | None) -> Clause:
    """Findings placed in an interval, either end left open by None."""
    placed = table_of(FindingRow).c.placed_us
    ends = [] if start_us is None else [placed >= start_us]
    return and_(*ends, *([] if end_us is None else [placed < end_us]))


def is_decided(word: str) -> Clause:
    """Findings whose decision in force says this word; *open* where there is none. The same as ``standing_of`` says."""
    entry, undo, later = (aliased(table_of(DispositionRow)) for _ in range(3))
    later_undo = aliased(table_of(DispositionRow))

    def is_undone(one: Any, by: Any) -> Clause:
        return exists().where(by.c.fingerprint == one.c.fingerprint, by.c.kind == EntryKind.UNDO, by.c.undoes == one.c.place)

    is_superseded = exists().where(
        later.c.fingerprint == entry.c.fingerprint,
        later.c.kind == EntryKind.DECISION,
        later.c.place > entry.c.place,
        ~is_undone(later, later_undo),
    )
    in_force = select(entry.c.fingerprint).where(entry.c.kind == EntryKind.DECISION, ~is_undone(entry, undo), ~is_superseded)
    fingerprint = table_of(FindingRow).c.fingerprint
    if word == DecisionWord.OPEN:
        return fingerprint.not_in(in_force.where(entry.c.decision != DecisionWord.OPEN))
    return fingerprint.in_(in_force.where(entry.c.decision == word))


def is_seen(run_id: str, change: str | None = None) -> Clause:
    """Findings that a run observed, standing so against the run before it (None: anyhow)."""
    finding = table_of(FindingRow).c

    def seen_in(model: type[Stored]) -> Select[Any]:
        seen = table_of(model).c
        query = select(seen.fingerprint).where(seen.run_id == run_id)
        return query if change is None else query.where(seen.change == change)

    # One IN over both: two joined by OR make PostgreSQL look at every finding.
    return finding.fingerprint.in_(union_all(seen_in(ObservationRow), seen_in(RepeatedObservationRow)))


def has_text(text: str) -> Clause:
    """Findings with this text in an id, or in the measured fact, in either case."""
    finding, content = table_of(FindingRow).c, table_of(ObservationRow).c
    # One search in all ids, a line each, takes two thirds of the time of five.
    ids: ColumnElement[Any] = finding.finding_id
    for name in ("incident_id", "officer_id", "device_id", "recording_id"):
        ids = ids + "\n" + func.coalesce(finding[name], "")
    is_said = exists().where(
        content.run_id == finding.said_run_id,
        content.fingerprint == finding.fingerprint,
        content.message.icontains(text, autoescape=True),
    )
    return or_(ids.icontains(text, autoescape=True), is_said)


def values_of(session: Session, column: str, limit: int = 300) -> tuple[str, ...]:
    """The first values that occur in a column of findings, ascending; for choices. The column leads an index: each step
    goes to the next greater value, where DISTINCT would read them all."""
    row = table_of(FindingRow).c[column]
    value = select(func.min(row).label("value")).cte("value", recursive=True)
    greater = select(func.min(row)).where(row > value.c.value).correlate(value).scalar_subquery()
    value = value.union_all(select(greater).where(value.c.value.is_not(None)))
    query = select(value.c.value).limit(limit)
    return tuple(one for one in session.connection().scalars(query) if one is not None)
