"""Tables of what audit runs decided. A finished run is never changed; dispositions are only ever added.

What a run says of an incident is stored once: a later run that says exactly the same refers to the rows of the first one
(``run_answer``), and likewise for a finding (``repeated_observation``). Rows of a decided run never change, so whoever
refers to them reads the same for ever.

Spans are JSON arrays of ``[start_us, end_us]``, UTC microseconds, half-open, ascending.
"""

from __future__ import annotations

from typing import Any, ClassVar

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index

from bwc_audit.domain.dispositions import EntryKind
from bwc_audit.domain.findings import FindingKind, Severity
from bwc_audit.domain.results import Outcome
from bwc_audit.domain.runs import Change, FindingState, RunKind, RunStatus
from bwc_audit.domain.turned import Turn
from bwc_audit.store.columns import Stored, claim, document, integer, not_negative, one_of, ordered, small, text


class RunRow(Stored, table=True):
    """One audit run: what was asked, and what it rested on."""

    __tablename__ = "run"
    __table_args__: ClassVar[Any] = (
        one_of("kind", RunKind),
        one_of("status", RunStatus),
        ordered("period_start_us", "period_end_us", is_strict=True),
        CheckConstraint("(kind = 'incident') = (incident_id IS NOT NULL)", name="incident_named"),
        CheckConstraint("kind <> 'incident' OR (requester IS NOT NULL AND reason IS NOT NULL)", name="incident_accounted"),
        CheckConstraint("(status = 'running') = (finished_us IS NULL)", name="finished_when_not_running"),
        *not_negative("result_count", "observation_count"),
        Index(None, "source", "period_start_us"),
        Index(None, "started_us"),
    )

    run_id: str = text("sortable by start, otherwise opaque", primary_key=True)
    kind: str = text("nightly, incident or backfill")
    source: str = text("source URI, without credentials")
    period_start_us: int = integer("microseconds UTC, included")
    period_end_us: int = integer("microseconds UTC, excluded")
    as_of_us: int = integer("microseconds UTC: the moment the run judges from")
    timezone: str = text("IANA zone of the agency")
    policy_id: str = text("policy pack")
    policy_version: str = text("version of the pack")
    policy_hash: str = text("SHA-256 of all settings and clause texts")
    incident_id: str | None = text("the one incident re-run; null: the whole period", default=None)
    requester: str | None = text("who asked; null: the schedule", default=None)
    reason: str | None = text("why; null: the schedule", default=None)
    is_deep: bool = claim("videos were sampled densely")
    status: str = text("running, complete, incomplete (something was not examined) or failed")
    started_us: int = integer("microseconds UTC, clock of the audit")
    finished_us: int | None = integer("microseconds UTC, clock of the audit; null: still running", default=None)
    software_version: str = text("version of the program")
    inspector_version: str = text("version of the video measures")
    inputs_hash: str = text("SHA-256 over the inputs; empty: not computed")
    counts: dict[str, int] = document("rows, files, videos and bytes counted")
    not_examined: list[str] = document("what could not be examined, a sentence each")
    result_count: int | None = integer("results recorded; null: nothing was decided", default=None)
    observation_count: int | None = integer("findings observed; null: nothing was decided", default=None)


def _run_key() -> Any:
    return text("audit run", primary_key=True, foreign_key="run.run_id")


class RunChunkRow(Stored, table=True):
    """A stretch of days that a run decides at a time, in one transaction."""

    __tablename__ = "run_chunk"
    __table_args__: ClassVar[Any] = (
        *not_negative("ordinal"),
        ordered("start_us", "end_us", is_strict=True),
        Index(None, "basis_hash"),
    )

    run_id: str = _run_key()
    ordinal: int = small("place among the chunks of the run, from 0, ascending in time", primary_key=True)
    start_us: int = integer("microseconds UTC, included")
    end_us: int = integer("microseconds UTC, excluded")
    decided_us: int | None = integer("microseconds UTC, clock of the audit; null: not decided yet", default=None)
    basis_hash: str = text("SHA-256 over all that its answers rest on; empty: not decided, or not to be taken over")
    origin_run_id: str | None = text("run whose answers were taken over; null: decided by this run", default=None)
    counts: dict[str, int] = document("assignments, segments, videos and rows counted")
    not_examined: list[str] = document("what could not be examined, a sentence each")


class RunAnswerRow(Stored, table=True):
    """What a run says of one incident: its results, the incident as a whole, its segments.

    They stand in the rows of ``origin_run_id``: this run, or an earlier one that said exactly the same."""

    __tablename__ = "run_answer"
    __table_args__: ClassVar[Any] = (
        *not_negative("chunk"),
        Index(None, "incident_id", "run_id"),
    )

    run_id: str = _run_key()
    incident_id: str = text("incident", primary_key=True)
    chunk: int = small("chunk of the run that it belongs to")
    origin_run_id: str = text("run under which the rows stand", foreign_key="run.run_id")
    digest: str = text("SHA-256 over the content of these rows; empty: stored before it was computed")


class RunResultRow(Stored, table=True):
    """The outcome for one officer on one incident. Lengths in microseconds; null: could not be measured."""

    __tablename__ = "run_result"
    __table_args__: ClassVar[Any] = (
        one_of("outcome", Outcome),
        *not_negative("ordinal", "required_us", "covered_us", "usable_us", "unexamined_us", "uncertainty_us"),
        ordered("window_start_us", "window_end_us", is_strict=True),
        CheckConstraint("covered_us <= required_us", name="covered_within_required"),
        CheckConstraint("outcome NOT IN ('pending', 'unknown', 'excluded') OR reason IS NOT NULL", name="reason_given"),
    )

    run_id: str = _run_key()
    incident_id: str = text("incident", primary_key=True)
    officer_id: str = text("officer, as resolved", primary_key=True)
    ordinal: int = small("place among the results of the run, from 0")
    outcome: str = text("covered, findings, pending, unknown or excluded")
    reason: str | None = text("bucket or reason; null: covered or findings", default=None)
    unit_id: str | None = text("unit on the call; null: not stated", default=None)
    unit: str | None = text("the officer's unit on the roster; null: not known", default=None)
    call_type: str | None = text("null: the incident was not read", default=None)
    window_start_us: int | None = integer("microseconds UTC; null: no required window", default=None)
    window_end_us: int | None = integer("microseconds UTC; null: no required window", default=None)
    window_start_reference: str | None = text("what opened the window; null: none", default=None)
    window_end_reference: str | None = text("what closed the window; null: none", default=None)
    window_is_substituted: bool | None = claim("a fallback reference was used; null: no window", default=None)
    dispatched_us: int | None = integer("microseconds UTC, CAD clock; null: not recorded", default=None)
    en_route_us: int | None = integer("microseconds UTC, CAD clock; null: not recorded", default=None)
    on_scene_us: int | None = integer("microseconds UTC, CAD clock, first arrival; null: not recorded", default=None)
    cleared_us: int | None = integer("microseconds UTC, CAD clock, last clear; null: not recorded", default=None)
    required_us: int = integer("required time")
    covered_us: int = integer("recorded part of it")
    usable_us: int | None = integer("usable part of that; null: no picture was examined", default=None)
    unexamined_us: int = integer("covered time whose picture was not examined")
    lateness_us: int | None = integer(
        "activation minus window start, negative: already running; null: no footage", default=None
    )
    is_on_time: bool | None = claim("activated within the grace; null: not judged", default=None)
    is_whole_window: bool | None = claim("no firm gap at all; null: not judged", default=None)
    uncertainty_us: int | None = integer("combined clock uncertainty; null: no clocks compared", default=None)
    covered: list[list[int]] = document("covered spans of the required time")
    gaps: list[list[int]] = document("the rest of the required time")
    unusable: list[list[int]] = document("covered spans in which nothing can be seen or relied on")
    footage_ids: list[str] = document("segments that touch the window")
    not_examined: list[str] = document("what could not be examined, a sentence each")
    policy: str | None = text("what it was judged by, id/version@hash; null: stated by the run alone", default=None)
    exempted_by: list[str] | None = document("codes of the policy's rules that cut time; null: not kept then", default=None)


class RunIncidentRow(Stored, table=True):
    """One incident as a whole, as the run saw it."""

    __tablename__ = "run_incident"
    __table_args__: ClassVar[Any] = not_negative("ordinal")

    run_id: str = _run_key()
    incident_id: str = text("incident", primary_key=True)
    ordinal: int = small("place among the incidents of the run, from 0")
    call_type: str = text("as written in the source")
    priority: str | None = text("null: not stated", default=None)
    opened_us: int = integer("microseconds UTC, CAD clock")
    closed_us: int | None = integer("microseconds UTC, CAD clock; null: still open or not stated", default=None)
    area: str | None = text("null: not stated", default=None)
    uncovered: list[list[int]] | None = document("spans no camera covered; null: could not be said", default=None)


class RunLanesRow(Stored, table=True):
    """The segments of one incident placed in corrected time: the lanes of its timeline.

    One document an incident, since they are read together only: a row each was half of all that a year wrote."""

    __tablename__ = "run_lanes"

    run_id: str = _run_key()
    incident_id: str = text("incident", primary_key=True)
    segments: dict[str, Any] = document("columns: their names; rows: a list of values for each segment, in order")


class RunTurnRow(Stored, table=True):
    """What turned in a run against the last decided run before it, a line each."""

    __tablename__ = "run_turn"
    __table_args__: ClassVar[Any] = (
        one_of("turn", Turn),
        one_of("now", Outcome),
        one_of("before", Outcome),
        *not_negative("ordinal"),
        CheckConstraint("(before IS NULL) = (before_run_id IS NULL)", name="before_has_a_run"),
    )

    run_id: str = _run_key()
    ordinal: int = small("place among the turns of the run, from 0", primary_key=True)
    turn: str = text("how the assignment stands against the run before")
    incident_id: str = text("incident")
    officer_id: str | None = text("officer, as resolved; null: nobody is known", default=None)
    now: str = text("outcome in this run")
    now_reason: str | None = text("bucket or reason; null: covered or findings", default=None)
    before: str | None = text("outcome in the run before; null: none judged it", default=None)
    before_reason: str | None = text("bucket or reason then; null: none", default=None)
    before_run_id: str | None = text("that run; null: none judged it", default=None)


class FindingRow(Stored, table=True):
    """The identity of a finding over all runs."""

    __tablename__ = "finding"
    __table_args__: ClassVar[Any] = (
        one_of("kind", FindingKind),
        one_of("state", FindingState),
        Index(None, "finding_id"),
        Index(None, "incident_id"),
        Index(None, "placed_us", "fingerprint"),
        Index(None, "kind", "placed_us"),
        Index(None, "officer_id", "placed_us"),
        Index(None, "unit", "placed_us"),
        Index(None, "call_type", "placed_us"),
        Index(None, "severity", "placed_us", "fingerprint"),
    )

    fingerprint: str = text("32 hexadecimal digits over kind, incident, officer, recording, clause", primary_key=True)
    finding_id: str = text("short public id")
    kind: str = text("kind of finding")
    incident_id: str | None = text("null: concerns no incident", default=None)
    officer_id: str | None = text("null: concerns no officer", default=None)
    device_id: str | None = text("camera, as last observed; null: none", default=None)
    recording_id: str | None = text("recording, as last observed; null: none", default=None)
    clause: str = text("clause of the policy")
    first_run_id: str = text("run that stated it first", foreign_key="run.run_id")
    last_run_id: str = text("run that observed it last", foreign_key="run.run_id")
    state: str = text("open, resolved or replaced, as observed last")
    placed_us: int | None = integer(
        "microseconds UTC: when its incident was opened, else its own earliest time, as observed last; null: neither",
        default=None,
    )
    severity: str | None = text("low, medium or high, as observed last; null: not kept then", default=None)
    is_borderline: bool | None = claim("margin within the uncertainty, as observed last; null: not kept then", default=None)
    unit: str | None = text("the officer's unit when observed last; null: not known", default=None)
    call_type: str | None = text("of its incident when observed last; null: not known", default=None)
    said_run_id: str | None = text(
        "run whose observation has the content of the last one; null: not kept then", default=None
    )


class ObservationRow(Stored, table=True):
    """A finding as one run saw it."""

    __tablename__ = "observation"
    __table_args__: ClassVar[Any] = (
        one_of("state", FindingState),
        one_of("change", Change),
        one_of("severity", Severity),
        *not_negative("ordinal", "uncertainty_us"),
        ordered("window_start_us", "window_end_us", is_strict=True),
        CheckConstraint("(change = 'resolved') = (state = 'resolved')", name="resolved_is_resolved"),
        CheckConstraint("(change = 'replaced') = (state = 'replaced')", name="replaced_is_replaced"),
        Index(None, "fingerprint"),
    )

    run_id: str = _run_key()
    fingerprint: str = text("finding", primary_key=True, foreign_key="finding.fingerprint")
    ordinal: int = small("place among the findings of the run, from 0")
    state: str = text("open, resolved or replaced, as of this run")
    change: str = text("against the previous run that looked at the same")
    cause: str | None = text("why it changed; null: it did not, or it is new", default=None)
    at_us: int | None = integer("microseconds UTC: earliest time it speaks of; null: it names none", default=None)
    severity: str = text("low, medium or high")
    message: str = text("the fact in a sentence")
    device_id: str | None = text("camera; null: none", default=None)
    recording_id: str | None = text("recording; null: none", default=None)
    seconds_us: int = integer("what was measured, microseconds")
    uncertainty_us: int | None = integer("combined clock uncertainty; null: no clocks compared", default=None)
    margin_us: int | None = integer("smallest clock error that would make it vanish; null: none could", default=None)
    is_borderline: bool = claim("margin within the uncertainty: shown, not counted")
    window_start_us: int | None = integer("microseconds UTC; null: no window", default=None)
    window_end_us: int | None = integer("microseconds UTC; null: no window", default=None)
    window_start_reference: str | None = text("what opened the window; null: none", default=None)
    window_end_reference: str | None = text("what closed the window; null: none", default=None)
    window_is_substituted: bool | None = claim("a fallback reference was used; null: no window", default=None)
    spans: list[list[int]] = document("spans it speaks of")
    footage_ids: list[str] = document("segments it rests on")
    evidence: list[dict[str, Any]] = document("type, ref, at_us, sha256 of what a stranger can look up")
    not_examined: list[str] = document("what could not be examined, a sentence each")
    content_digest: str = text("SHA-256 over the content of the finding")
    policy: str | None = text("what it was judged by, id/version@hash; null: the run's own", default=None)
    explanations: list[list[Any]] = document(
        "how an absence could have come about: kind, what speaks for it and what against it, in order"
    )


class RepeatedObservationRow(Stored, table=True):
    """A finding of which a run says exactly what an earlier run said: the content stands in that run's observation."""

    __tablename__ = "repeated_observation"
    __table_args__: ClassVar[Any] = (
        one_of("state", FindingState),
        one_of("change", Change),
        *not_negative("ordinal"),
        CheckConstraint("(change = 'resolved') = (state = 'resolved')", name="resolved_is_resolved"),
        CheckConstraint("(change = 'replaced') = (state = 'replaced')", name="replaced_is_replaced"),
        ForeignKeyConstraint(["origin_run_id", "fingerprint"], ["observation.run_id", "observation.fingerprint"]),
        Index(None, "fingerprint"),
    )

    run_id: str = _run_key()
    fingerprint: str = text("finding", primary_key=True)
    ordinal: int = small("place among the findings of the run, from 0")
    state: str = text("open, resolved or replaced, as of this run")
    change: str = text("against the previous run that looked at the same")
    cause: str | None = text("why it changed; null: it did not, or it is new", default=None)
    origin_run_id: str = text("run whose observation has the content")


class DispositionRow(Stored, table=True):
    """What somebody said of a finding; only ever added."""

    __tablename__ = "disposition"
    __table_args__: ClassVar[Any] = (
        one_of("kind", EntryKind),
        CheckConstraint("decision <> ''", name="decision_given"),
        CheckConstraint("reviewer <> ''", name="reviewer_named"),
        CheckConstraint("place >= 1", name="place_from_one"),
        CheckConstraint("(kind = 'undo') = (undoes IS NOT NULL)", name="undo_names_an_entry"),
        Index(None, "fingerprint"),
        Index("uq_disposition_fingerprint_place", "fingerprint", "place", unique=True),
    )

    disposition_id: int | None = small("own number, ascending in order of arrival", default=None, primary_key=True)
    fingerprint: str = text("finding", foreign_key="finding.fingerprint")
    decision: str = text("what was decided; agrees or disagrees; else the kind of entry")
    reason_code: str | None = text("code of the reason; null: none given", default=None)
    comment: str = text("their words; empty: none")
    reviewer: str = text("who said it")
    at_us: int = integer("microseconds UTC, clock of the audit")
    kind: str = text("decision, second_review, response or undo")
    place: int = small("place among the entries of the finding, from 1")
    undoes: int | None = small("place of the entry it takes back; null: it takes none back", default=None)
