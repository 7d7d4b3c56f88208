"""Findings as runs saw them, in and out of the store: the identity once, the content once for all runs that say the same.

How a finding stands against earlier runs is decided elsewhere (``domain.lifecycle``).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, delete, exists, func, literal, or_, select, update
from sqlmodel import Session

from bwc_audit.domain.findings import Finding, FindingKind
from bwc_audit.domain.lifecycle import weight_in_run
from bwc_audit.domain.results import Decision
from bwc_audit.domain.runs import Change, FindingState, ObservedFinding
from bwc_audit.domain.times import Span
from bwc_audit.store import run_rows
from bwc_audit.store.answers import DECIDED
from bwc_audit.store.bulk import AT_ONCE, chunks, clean_values, insert_ready, is_one_of, is_suspect, upsert_ready
from bwc_audit.store.columns import Stored
from bwc_audit.store.dispositions import latest_decisions
from bwc_audit.store.run_rows import Content, content_of
from bwc_audit.store.tables import (
    DispositionRow,
    FindingRow,
    ObservationRow,
    RepeatedObservationRow,
    RunRow,
    table_of,
)

_LISTED = ("placed_us", "severity", "is_borderline", "unit", "call_type", "said_run_id")
_RENEWED = ("device_id", "recording_id", "last_run_id", "state", *_LISTED)
_MANY = 500


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What lists sort and filter findings by and the findings do not say: of incidents, when each was opened and its call
    type; of officers, the unit."""

    opened_us: Mapping[str, int]
    call_types: Mapping[str, str]
    units: Mapping[str, str]

    @classmethod
    def of(cls, decision: Decision) -> Surroundings:
        """Those of a decision."""
        return cls(
            {one.incident_id: one.opened_us for one in decision.incidents},
            {one.incident_id: one.call_type for one in decision.incidents},
            {one.officer_id: one.unit for one in decision.results if one.unit is not None},
        )


@dataclass(frozen=True, slots=True)
class _Seen:
    """One observed finding with its content as it is stored."""

    observed: ObservedFinding
    content: Content

    @property
    def fingerprint(self) -> str:
        """Of the finding."""
        return self.content.fingerprint

    @property
    def is_suspect(self) -> bool:
        """Whether it holds text for no database, perhaps."""
        cause = self.observed.cause
        return self.content.is_suspect or (cause is not None and is_suspect(run_rows.compact(cause)))


def record_observed(
    session: Session,
    run_id: str,
    observed: Sequence[ObservedFinding],
    around: Surroundings,
    first: int = 0,
    contents: Mapping[str, Content] = MappingProxyType({}),
) -> int:
    """Add findings to what a running run observed so far; returns how many findings that makes more.

    ``first``: place of the first one. A finding that the
    run (an earlier chunk of it) observed already is replaced where the new one weighs more, and left as it is otherwise.
    ``contents``: of findings that it states, by fingerprint, where they are at hand.
    """
    seen = [_Seen(one, contents.get(one.finding.fingerprint) or content_of(one.finding)) for one in observed]
    present = _present(session, run_id, [one.fingerprint for one in seen]) if first else {}
    added = [one for one in seen if one.fingerprint not in present]
    heavier = [one for one in seen if one.fingerprint in present and _is_heavier(one.observed, present[one.fingerprint])]
    _forget(session, run_id, [one.fingerprint for one in heavier])
    written = [*heavier, *added]
    origins = _origins(session, written)
    _write(session, run_id, written, origins, around, first)
    return len(added)


def _is_heavier(one: ObservedFinding, other: ObservedFinding) -> bool:
    return weight_in_run(one) > weight_in_run(other)


def _present(session: Session, run_id: str, fingerprints: Sequence[str]) -> dict[str, ObservedFinding]:
    found: dict[str, ObservedFinding] = {}
    for chunk in chunks(fingerprints, _MANY):
        for one in _observed(session, lambda seen, chunk=chunk: [seen.run_id == run_id, seen.fingerprint.in_(chunk)]):
            found[one.finding.fingerprint] = one
    return found


def stated_in_run(session: Session, run_id: str, fingerprints: Sequence[str]) -> dict[str, Finding]:
    """Which of these findings a running run (an earlier chunk of it) stated itself, by fingerprint; not those that it calls
    resolved or replaced, or keeps as an earlier run stated them."""
    return {
        fingerprint: one.finding
        for fingerprint, one in _present(session, run_id, fingerprints).items()
        if one.state is FindingState.OPEN and not (one.change is Change.UNCHANGED and one.cause)
    }


def _forget(session: Session, run_id: str, fingerprints: Sequence[str]) -> None:
    for chunk in chunks(fingerprints, _MANY):
        for model in (RepeatedObservationRow, ObservationRow):
            table = table_of(model)
            session.connection().execute(delete(table).where(table.c.run_id == run_id, table.c.fingerprint.in_(chunk)))


def _origins(session: Session, seen: Sequence[_Seen]) -> dict[str, str]:
    """For each finding of which a decided run has said exactly this: that run."""
    observation, run = table_of(ObservationRow).c, table_of(RunRow).c
    digest_of = {one.fingerprint: one.content.digest for one in seen}
    found: dict[str, str] = {}
    for chunk in chunks(digest_of, AT_ONCE):
        query = (
            select(observation.fingerprint, observation.content_digest, observation.run_id)
            .join(table_of(RunRow), run.run_id == observation.run_id)
            .where(is_one_of(session, observation.fingerprint, chunk), run.status.in_(DECIDED))
        )
        for fingerprint, digest, origin in session.connection().execute(query):
            if digest_of[fingerprint] == digest:
                found[fingerprint] = min(origin, found.get(fingerprint, origin))
    return found


def _write(
    session: Session,
    run_id: str,
    seen: Sequence[_Seen],
    origins: Mapping[str, str],
    around: Surroundings,
    first: int,
) -> None:
    identities = (
        _clean(
            one,
            (
                *run_rows.finding_row(run_id, one.observed, one.fingerprint),
                *_listed(one, around, origins.get(one.fingerprint, run_id)),
            ),
        )
        for one in seen
    )
    columns = (*run_rows.FINDING_COLUMNS, *_LISTED)
    upsert_ready(session, table_of(FindingRow), columns, identities, "fingerprint", _RENEWED)
    placed = [(place, one) for place, one in enumerate(seen, first)]
    own = [(place, one) for place, one in placed if one.fingerprint not in origins]
    rows = (_clean(one, run_rows.observation_row(run_id, place, one.observed, one.content)) for place, one in own)
    insert_ready(session, table_of(ObservationRow), run_rows.OBSERVATION_COLUMNS, rows)
    repeated = (
        _clean(one, run_rows.repeated_row(run_id, place, one.observed, one.fingerprint, origins[one.fingerprint]))
        for place, one in placed
        if one.fingerprint in origins
    )
    insert_ready(session, table_of(RepeatedObservationRow), run_rows.REPEATED_COLUMNS, repeated)


def _listed(one: _Seen, around: Surroundings, said_run_id: str) -> tuple[Any, ...]:
    """``_LISTED`` of a finding whose content stands in that run."""
    finding = one.observed.finding
    incident_id = finding.incident_id or ""
    return (
        around.opened_us.get(incident_id, one.content.at_us),
        finding.severity.value,
        finding.is_borderline,
        around.units.get(finding.officer_id or ""),
        around.call_types.get(incident_id),
        said_run_id,
    )


def _clean(one: _Seen, row: tuple[Any, ...]) -> tuple[Any, ...]:
    return clean_values(row) if one.is_suspect else row


def forget_observed(session: Session, run_id: str) -> None:
    """Remove all that a running run observed; the findings go back to what the runs before it said."""
    removed = 0
    for model in (RepeatedObservationRow, ObservationRow):
        table = table_of(model)
        removed += session.connection().execute(delete(table).where(table.c.run_id == run_id)).rowcount
    if removed:  # it reads all findings of the database
        _restate_findings(session, run_id)


def count_changes(session: Session, run_id: str) -> dict[Change, int]:
    """How many findings of a run stand in which way against the run before; every way is named."""
    found = dict.fromkeys(Change, 0)
    for model in (ObservationRow, RepeatedObservationRow):
        seen = table_of(model).c
        query = select(seen.change, func.count()).where(seen.run_id == run_id).group_by(seen.change)
        for change, count in session.connection().execute(query):
            found[Change(change)] += count
    return found


def _restate_findings(session: Session, run_id: str) -> None:
    connection, table = session.connection(), table_of(FindingRow)
    again = [table_of(model).c for model in (ObservationRow, RepeatedObservationRow)]
    disposition = table_of(DispositionRow).c
    is_seen_here = or_(*(exists().where(seen.fingerprint == table.c.fingerprint, seen.run_id == run_id) for seen in again))
    is_disposed = exists().where(disposition.fingerprint == table.c.fingerprint)
    connection.execute(
        delete(table).where(table.c.first_run_id == run_id, table.c.last_run_id == run_id, ~is_seen_here, ~is_disposed)
    )
    lost = connection.execute(
        select(table.c.fingerprint).where(table.c.last_run_id == run_id, ~is_seen_here).order_by(table.c.fingerprint)
    )
    for fingerprint in lost.scalars().all():
        rows = [
            (row.run_id, row.state, origin or row.run_id)
            for seen, origin_of in zip(again, (literal(None), again[1].origin_run_id), strict=True)
            for row in connection.execute(
                select(seen.run_id, seen.state, origin_of.label("origin")).where(seen.fingerprint == fingerprint)
            )
            for origin in (row.origin,)
        ]
        if rows:
            _restate(session, fingerprint, *max(rows))


def _restate(session: Session, fingerprint: str, last_run_id: str, state: str, said_run_id: str) -> None:
    table, content = table_of(FindingRow), table_of(ObservationRow).c
    is_said = (content.run_id == said_run_id, content.fingerprint == fingerprint)
    said = session.connection().execute(select(content.severity, content.is_borderline).where(*is_said)).one()
    values = {"last_run_id": last_run_id, "state": state, "said_run_id": said_run_id}
    session.connection().execute(
        update(table)
        .where(table.c.fingerprint == fingerprint)
        .values(**values, severity=said.severity, is_borderline=said.is_borderline)
    )


def load_last_observed(session: Session, fingerprints: Collection[str]) -> dict[str, ObservedFinding]:
    """Each of these findings as the last run that saw it observed it; unknown ones are left out."""
    finding = table_of(FindingRow).c
    found: dict[str, ObservedFinding] = {}
    for chunk in chunks(sorted(set(fingerprints)), _MANY):
        for one in _observed(
            session, lambda seen, chunk=chunk: [seen.run_id == finding.last_run_id, seen.fingerprint.in_(chunk)]
        ):
            found[one.finding.fingerprint] = one
    return found


def load_observed(
    session: Session,
    run_id: str,
    *,
    incident_id: str | None = None,
    officer_id: str | None = None,
    kind: FindingKind | None = None,
    state: FindingState | None = None,
    include_borderline: bool = True,
) -> tuple[ObservedFinding, ...]:
    """The findings a run observed, in the order they were recorded, each with the latest disposition."""
    observation, finding = table_of(ObservationRow).c, table_of(FindingRow).c

    def wanted(seen: Any) -> list[ColumnElement[bool]]:
        pairs = ((finding.incident_id, incident_id), (finding.officer_id, officer_id), (finding.kind, kind))
        found = [seen.run_id == run_id]
        found += [column == value for column, value in (*pairs, (seen.state, state)) if value is not None]
        return found if include_borderline else [*found, ~observation.is_borderline]

    return _observed(session, wanted)


def load_counted(session: Session, run_id: str, incident_ids: Collection[str]) -> tuple[ObservedFinding, ...]:
    """The open findings of a run at these incidents that are not borderline: what it counted there. Of one incident in the
    order they were recorded."""
    observation, finding = table_of(ObservationRow).c, table_of(FindingRow).c
    found: list[ObservedFinding] = []
    for chunk in chunks(sorted(set(incident_ids)), _MANY):

        def wanted(seen: Any, chunk: Sequence[str] = chunk) -> list[ColumnElement[bool]]:
            is_counted = [seen.state == FindingState.OPEN, ~observation.is_borderline]
            return [seen.run_id == run_id, finding.incident_id.in_(chunk), *is_counted]

        found += _observed(session, wanted)
    return tuple(found)


def previous_observations(
    session: Session,
    source: str,
    *,
    period: Span,
    incident_ids: Collection[str] | None = None,
    fingerprints: Collection[str] = (),
) -> dict[str, ObservedFinding]:
    """The last known observation of each finding that a new run over this scope states or may resolve, by fingerprint.

    ``fingerprints``: those it states, compared wherever they were seen before. Further, ``incident_ids`` given (re-run): the
    findings of these incidents; None: those of incidents opened in the period, those whose own time lies in it (or whose run
    covers it, where they name no time), and videos without metadata. Only runs of the same source that decided count.
    """
    scope = _in_period(session, period) if incident_ids is None else _of_incidents(session, incident_ids)
    last: dict[str, tuple[int, str]] = {}
    for chunk in chunks(sorted(scope.union(fingerprints)), AT_ONCE):
        last |= _last_seen(session, source, chunk)
    by_run: dict[str, list[str]] = defaultdict(list)
    for fingerprint, (_, run_id) in last.items():
        by_run[run_id].append(fingerprint)
    found: dict[str, ObservedFinding] = {}
    for run_id, seen_there in sorted(by_run.items()):
        for chunk in chunks(sorted(seen_there), _MANY):
            for one in _observed(
                session,
                lambda seen, run_id=run_id, chunk=chunk: [seen.run_id == run_id, seen.fingerprint.in_(chunk)],
            ):
                found[one.finding.fingerprint] = one
    return found


def _in_period(session: Session, period: Span) -> set[str]:
    run, finding = table_of(RunRow).c, table_of(FindingRow).c
    is_covered = and_(run.period_start_us < period.end_us, run.period_end_us > period.start_us)
    placed = select(finding.fingerprint).where(finding.placed_us >= period.start_us, finding.placed_us < period.end_us)
    found = set(session.connection().scalars(placed))
    for seen in (table_of(ObservationRow).c, table_of(RepeatedObservationRow).c):
        timeless = (
            select(finding.fingerprint)
            .where(finding.placed_us.is_(None))
            .where(exists().where(seen.fingerprint == finding.fingerprint, run.run_id == seen.run_id, is_covered))
        )
        found.update(session.connection().scalars(timeless))
    # A video without metadata has no time: every run judges all of them.
    found.update(
        session.connection().scalars(select(finding.fingerprint).where(finding.kind == FindingKind.METADATA_MISSING))
    )
    return found


def _of_incidents(session: Session, incident_ids: Collection[str]) -> set[str]:
    finding = table_of(FindingRow).c
    found: set[str] = set()
    for chunk in chunks(sorted(set(incident_ids)), _MANY):
        found.update(session.connection().scalars(select(finding.fingerprint).where(finding.incident_id.in_(chunk))))
    return found


def _last_seen(session: Session, source: str, fingerprints: Sequence[str]) -> dict[str, tuple[int, str]]:
    """(start, id) of the newest decided run of the source that observed each of these."""
    run = table_of(RunRow).c
    last: dict[str, tuple[int, str]] = {}
    for model in (ObservationRow, RepeatedObservationRow):
        seen = table_of(model).c
        query = (
            select(seen.fingerprint, run.started_us, run.run_id)
            .join(table_of(RunRow), run.run_id == seen.run_id)
            .where(is_one_of(session, seen.fingerprint, fingerprints), run.source == source, run.status.in_(DECIDED))
        )
        for fingerprint, started_us, run_id in session.connection().execute(query):
            last[fingerprint] = max((started_us, run_id), last.get(fingerprint, (-1, "")))
    return last


def _observed(session: Session, wanted: Any) -> tuple[ObservedFinding, ...]:
    """Observed findings that fulfil ``wanted`` (columns of who saw it → conditions), anew or repeated, in their order."""
    rows: list[dict[str, Any]] = []
    for model in (ObservationRow, RepeatedObservationRow):
        seen = table_of(model)
        query = _observations(seen, model).where(*wanted(seen.c))
        rows += [dict(row) for row in session.connection().execute(query).mappings()]
    rows.sort(key=lambda row: (row["run_id"], row["ordinal"]))
    decisions = latest_decisions(session, {row["fingerprint"] for row in rows})
    return tuple(run_rows.observed_of(row, decisions.get(row["fingerprint"])) for row in rows)


def _observations(seen: Any, model: type[Stored]) -> Select[Any]:
    """Observations joined with identity and content; ``seen`` says which run saw it, and how it stood."""
    content, finding = table_of(ObservationRow), table_of(FindingRow)
    standing = ("run_id", "fingerprint", "ordinal", "state", "change", "cause")
    identity = [finding.c[name] for name in ("finding_id", "kind", "incident_id", "officer_id", "clause")]
    said = [column for column in content.c if column.name not in standing]
    stood = [seen.c[name] for name in standing]
    if model is ObservationRow:
        query = select(*stood, *said, *identity, seen.c.run_id.label("origin_run_id")).select_from(seen)
    else:
        same = (content.c.run_id == seen.c.origin_run_id) & (content.c.fingerprint == seen.c.fingerprint)
        query = select(*stood, *said, *identity, seen.c.origin_run_id).select_from(seen).join(content, same)
    return query.join(finding, finding.c.fingerprint == seen.c.fingerprint)
