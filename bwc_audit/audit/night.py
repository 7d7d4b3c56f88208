"""The steps of a run, from rows to decided results: gather → decide → record. Each commits its own work.

A step may be executed twice, by another worker, or again after a crash: what was done is found in the tables and not
repeated. The order of the steps belongs to the caller (a flow); what they decide belongs to the domain.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice

from sqlmodel import Session

import bwc_audit
from bwc_audit.audit.allocation import without_cycle_search
from bwc_audit.audit.ingest import Progress, silent
from bwc_audit.audit.judging import judged
from bwc_audit.audit.liveness import hold_run, interrupted_runs, release_run
from bwc_audit.audit.rates import record_rates
from bwc_audit.audit.setup import Audit, now_us
from bwc_audit.audit.withheld import Withheld
from bwc_audit.domain.decide import decide
from bwc_audit.domain.expiring import ending_soon, expires_soon
from bwc_audit.domain.inspection import INSPECTOR_VERSION, Inspection, InspectionRequest
from bwc_audit.domain.lifecycle import RunBasis, observe
from bwc_audit.domain.looking import inspection_plan
from bwc_audit.domain.matching import Matching, match
from bwc_audit.domain.policy import Policy, SamplingRules
from bwc_audit.domain.records import Records, RejectedRow
from bwc_audit.domain.results import Decision, PlacedSegment
from bwc_audit.domain.runs import ObservedFinding, Run, RunRequest, RunStatus
from bwc_audit.domain.times import DAY_US, HOUR_US, SECOND_US
from bwc_audit.domain.unseen import asked_us, unseen_us
from bwc_audit.errors import ObjectForbiddenError, ObjectMissingError, ObjectStoreError, StoreError
from bwc_audit.media.isolated import inspect_many
from bwc_audit.objects.contract import ObjectStat
from bwc_audit.sources.duplicates import with_unique_ids
from bwc_audit.store import inspections, planned, policies, runs, source_rows
from bwc_audit.store.database import reading, writing
from bwc_audit.store.inspections import InspectionIdentity
from bwc_audit.store.planned import PlannedInspection
from bwc_audit.store.run_notes import record_notes

#: Segments this far outside the period can still touch its windows, be neighbours in numbering, or explain an absence.
SEGMENT_MARGIN_US = 2 * DAY_US

#: Inspections that go into one transaction.
_INSPECTIONS_A_COMMIT = 20


@dataclass(frozen=True, slots=True)
class PlanSummary:
    """How many videos touch required windows, how many of them are known already, and in how many batches the rest lies."""

    run_id: str
    videos: int
    reused: int
    batches: int


@dataclass(frozen=True, slots=True)
class BatchSummary:
    """What became of one batch. ``failed``: the store did not hand them out; ``worth_a_retry``: those of them whose fault
    may pass (an object that is gone or refused stays so)."""

    examined: int
    failed: int
    bytes_read: int
    worth_a_retry: int = 0


def start_run(audit: Audit, request: RunRequest) -> str:
    """Open a run and return its id; runs of dead programs are recorded as failed first.

    Another run that is being worked on is left alone. Raises ``ConfigurationError`` and ``StoreError``.
    """
    started_us = now_us()
    run_id = runs.new_run_id(started_us)
    state_dir = audit.settings.state_dir
    hold_run(state_dir, run_id)
    try:
        with writing(audit.engine) as session:
            runs.mark_abandoned(
                session,
                started_before_us=started_us - audit.settings.abandoned_after_hours * HOUR_US,
                finished_us=started_us,
                run_ids=interrupted_runs(state_dir, runs.running_run_ids(session)),
            )
            policies.keep_book(session, audit.book)
            return runs.open_run(
                session,
                request,
                started_us=started_us,
                software_version=bwc_audit.__version__,
                inspector_version=INSPECTOR_VERSION,
                run_id=run_id,
            )
    except StoreError:
        release_run(state_dir, run_id)
        raise


def running_run(audit: Audit, run_id: str) -> Run:
    """The run by its id. Raises ``StoreError`` where there is none."""
    with reading(audit.engine) as session:
        run = runs.load_run(session, run_id)
    if run is None:
        raise StoreError(f"there is no run {run_id}; `bwc-audit runs` lists them")
    return run


def gather(session: Session, request: RunRequest) -> Records:
    """All rows that the run may look at; rows whose id another file holds too are rejected here."""
    records = source_rows.load_records(
        session, request.source, request.period, margin_us=SEGMENT_MARGIN_US, incident_id=request.incident_id
    )
    return with_unique_ids(records)


@without_cycle_search()
def match_run(audit: Audit, request: RunRequest, seen: Mapping[str, Inspection] | None = None) -> Matching:
    """Gather and measure. ``seen``: what was seen in videos so far, by object key."""
    with reading(audit.engine) as session:
        records = gather(session, request)
    return match(records, audit.book, request.period, request.as_of_us, seen)


def plan_run(audit: Audit, run_id: str) -> PlanSummary:
    """Decide what to look into and store it, once; what is known from earlier nights is marked *reused*."""
    request = running_run(audit, run_id).request
    with reading(audit.engine) as session:
        plan = planned.load_plan(session, run_id)
    if not plan:
        plan = _make_plan(audit, request)
        with writing(audit.engine) as session:
            planned.store_plan(session, run_id, plan)
    reused = sum(one.state == "reused" for one in plan)
    return PlanSummary(run_id, len(plan), reused, -(-len(plan) // audit.settings.batch_size))


def _make_plan(audit: Audit, request: RunRequest) -> tuple[PlannedInspection, ...]:
    matching = match_run(audit, request)
    stored = {video.object_key: video for video in matching.records.objects}
    plan = tuple(
        PlannedInspection(ordinal, stored[asked.object_key].etag, stored[asked.object_key].size_bytes, asked)
        for ordinal, asked in enumerate(inspection_plan(matching, is_deep=request.is_deep))
    )
    with reading(audit.engine) as session:
        known = inspections.known_inspections(session, (identity_of(audit, one) for one in plan))
    return tuple(replace(one, state="reused") if identity_of(audit, one) in known else one for one in plan)


def identity_of(
    audit: Audit, one: PlannedInspection, policy: Policy | None = None, inspector_version: str = INSPECTOR_VERSION
) -> InspectionIdentity:
    """Under what the outcome of a planned inspection is kept; by the audit's policy, or that of an older run."""
    rules = (policy or audit.policy).inspection
    return inspections.identity_of(audit.source.uri, one.etag, one.size_bytes, one.request, rules, inspector_version)


def inspect_batch(audit: Audit, run_id: str, batch: int, on_progress: Progress = silent) -> BatchSummary:
    """Look into the videos of one batch that were not looked into yet, in child processes.

    A video that cannot be read as media is an outcome like any other. One that the store does not hand out is tried again
    by the next execution of the step, and stays *failed* otherwise.
    """
    first = batch * audit.settings.batch_size
    with reading(audit.engine) as session:
        plan = planned.load_plan(session, run_id, first=first, behind=first + audit.settings.batch_size)
    todo = {one.request.object_key: one for one in plan if one.state in ("planned", "failed")}
    examined = failed = bytes_read = worth_a_retry = 0
    outcomes = inspect_many(
        audit.source,
        [one.request for one in todo.values()],
        audit.policy.inspection,
        workers=audit.settings.workers,
        seconds_limit=audit.settings.inspect_seconds,
        memory_limit_bytes=audit.settings.inspect_memory_mb << 20,
        stats={key: ObjectStat(key, one.size_bytes, one.etag, 0) for key, one in todo.items() if one.size_bytes},
    )
    for chunk in _chunked(outcomes, _INSPECTIONS_A_COMMIT):
        with writing(audit.engine) as session:
            for asked, outcome in chunk:
                one = todo[asked.object_key]
                if isinstance(outcome, ObjectStoreError):
                    planned.mark_planned(session, run_id, [one.ordinal], "failed", str(outcome))
                    failed += 1
                    worth_a_retry += not isinstance(outcome, ObjectMissingError | ObjectForbiddenError)
                    continue
                inspections.record_inspection(session, identity_of(audit, one), asked, outcome)
                planned.mark_planned(session, run_id, [one.ordinal], "examined")
                examined += 1
                bytes_read += outcome.examined.bytes_read
        on_progress("looking into videos", examined + failed, len(todo))
    return BatchSummary(examined, failed, bytes_read, worth_a_retry)


def _chunked(
    outcomes: Iterator[tuple[InspectionRequest, Inspection | ObjectStoreError]], size: int
) -> Iterator[Sequence[tuple[InspectionRequest, Inspection | ObjectStoreError]]]:
    while chunk := tuple(islice(outcomes, size)):
        yield chunk


@without_cycle_search()
def decide_run(audit: Audit, run_id: str, ingest_counts: dict[str, int] | None = None) -> Run:
    """Decide all assignments of the run, compare with earlier runs, record everything, and close the run.

    Deciding a closed run again changes nothing and returns it. The run is *incomplete* where anything was not examined.
    """
    run = running_run(audit, run_id)
    if run.status is not RunStatus.RUNNING:
        return run
    request = run.request
    with reading(audit.engine) as session:
        plan = planned.load_plan(session, run_id)
        by_identity = inspections.load_inspections(session, (identity_of(audit, one) for one in plan))
        rules = audit.policy.usability
        seen = {identity.object_key: judged(inspection, rules) for identity, inspection in by_identity.items()}
    matching = match_run(audit, request, seen)
    with reading(audit.engine) as session:
        decision = in_scope(decide(matching, seen), request.incident_id)
        observed = _observe(session, run_id, request, decision, matching.records)
        inputs_hash = _inputs_hash(session, request)
    not_examined = (*_failed_videos(plan), *_rejections(matching.records.rejected), *decision.not_examined)
    counts = {
        **(ingest_counts or {}),
        **decision.counts,
        "videos_reused": sum(one.state == "reused" for one in plan),
        "videos_failed": sum(one.state == "failed" for one in plan),
        **_effort(plan, seen, audit.policy.sampling),
        "findings": sum(not one.finding.is_borderline and one.state == "open" for one in observed),
        "findings_borderline": sum(one.finding.is_borderline and one.state == "open" for one in observed),
    }
    retention = audit.policy.retention
    ending = ending_soon(matching.placements, request.as_of_us, retention)
    expiring = expires_soon(ending, observed, decision.results, decision.segments)
    with writing(audit.engine) as session:
        policies.keep_policies(session, matching.book.resolved())
        runs.record_decision(session, run_id, decision, observed)
        record_notes(session, run_id, decision.clocks, decision.watermarks, decision.waiting, expiring)
        record_rates(session, audit, run_id, request, decision.results)
        runs.close_run(
            session,
            run_id,
            status=RunStatus.INCOMPLETE if not_examined else RunStatus.COMPLETE,
            finished_us=now_us(),
            counts=counts,
            not_examined=not_examined,
            inputs_hash=inputs_hash,
        )
    release_run(audit.settings.state_dir, run_id)
    return running_run(audit, run_id)


def fail_run(audit: Audit, run_id: str, why: str) -> None:
    """Close a run that could not decide anything; a run that is over already stays as it is."""
    if running_run(audit, run_id).status is RunStatus.RUNNING:
        with writing(audit.engine) as session:
            runs.close_run(session, run_id, status=RunStatus.FAILED, finished_us=now_us(), not_examined=[why])
        release_run(audit.settings.state_dir, run_id)


def in_scope(decision: Decision, incident_id: str | None) -> Decision:
    """The part of a decision that belongs to one incident; all of it where none is named."""
    if incident_id is None:
        return decision
    results = tuple(result for result in decision.results if result.incident_id == incident_id)
    return replace(
        decision,
        results=results,
        incidents=tuple(one for one in decision.incidents if one.incident_id == incident_id),
        findings=tuple(finding for finding in decision.findings if finding.incident_id == incident_id),
        segments=tuple(segment for segment in decision.segments if segment.incident_id == incident_id),
        waiting=tuple(one for one in decision.waiting if one.incident_id == incident_id),
    )


def _observe(
    session: Session, run_id: str, request: RunRequest, decision: Decision, records: Records
) -> tuple[ObservedFinding, ...]:
    incident_ids = None if request.incident_id is None else {request.incident_id}
    previous = runs.previous_observations(
        session,
        request.source,
        period=request.period,
        incident_ids=incident_ids,
        fingerprints={finding.fingerprint for finding in decision.findings},
    )
    known: dict[str, RunBasis | None] = {}

    def basis_of(earlier_id: str) -> RunBasis | None:
        if earlier_id not in known:
            known[earlier_id] = _basis_of_run(session, earlier_id)
        return known[earlier_id]

    return observe(
        decision.findings,
        previous,
        run_id=run_id,
        basis=RunBasis(request.policy_hash, INSPECTOR_VERSION, _footage(decision.segments), request.is_deep),
        previous_basis=basis_of,
        is_withheld=Withheld(decision.results, records.segments, records.rejected).covers,
    )


def _basis_of_run(session: Session, run_id: str) -> RunBasis | None:
    run = runs.load_run(session, run_id)
    if run is None:
        return None
    footage = _footage(runs.load_segments(session, run_id))
    return RunBasis(run.request.policy_hash, run.inspector_version, footage, run.request.is_deep)


def _footage(segments: Sequence[PlacedSegment]) -> dict[str, frozenset[tuple[str, int, int]]]:
    found: dict[str, set[tuple[str, int, int]]] = {}
    for one in segments:
        found.setdefault(one.incident_id, set()).add((one.footage_id, one.span.start_us, one.span.end_us))
    return {incident_id: frozenset(rows) for incident_id, rows in found.items()}


def _inputs_hash(session: Session, request: RunRequest) -> str:
    """SHA-256 over the content marks of all record files and videos of the source."""
    digest = hashlib.sha256()
    for key, mark in sorted(source_rows.known_files(session, request.source).items()):
        digest.update(f"{key}\0{mark.etag}\0{mark.size_bytes}\n".encode(errors="replace"))
    for video in source_rows.load_video_objects(session, request.source):
        digest.update(f"{video.object_key}\0{video.etag}\0{video.size_bytes}\n".encode(errors="replace"))
    return digest.hexdigest()


def _effort(plan: Sequence[PlannedInspection], seen: Mapping[str, Inspection], sampling: SamplingRules) -> dict[str, int]:
    """What looking cost this run (nothing for what was known), how much picture and sound its answers rest on, and how much
    of the time that had to be seen nobody saw (rounded up: a little is not nothing)."""
    required = [one.request for one in plan if not one.request.is_clock_look]
    unseen = [unseen_us(asked, seen.get(asked.object_key), sampling) or 0 for asked in required]
    looked = [one for one in plan if one.request.object_key in seen]
    known = [seen[one.request.object_key].examined for one in looked]
    now = [examined for one, examined in zip(looked, known, strict=True) if one.state == "examined"]
    return {
        "bytes_read": sum(examined.bytes_read for examined in now),
        "requests": sum(examined.requests for examined in now),
        "frames_sampled": sum(examined.frames_sampled for examined in now),
        "picture_seconds": sum(examined.seconds_examined_us for examined in known) // SECOND_US,
        "sound_seconds": sum(examined.audio_us for examined in known) // SECOND_US,
        "asked_seconds": sum(asked_us(asked, seen.get(asked.object_key)) or 0 for asked in required) // SECOND_US,
        "unseen_seconds": -(-sum(unseen) // SECOND_US),
        "clock_looks": len(plan) - len(required),
    }


def _failed_videos(plan: Sequence[PlannedInspection]) -> tuple[str, ...]:
    return tuple(
        f"{one.request.object_key}: {one.detail or 'not looked into before the run ended'}"
        for one in plan
        if one.state in ("planned", "failed")
    )


def _rejections(rejected: Sequence[RejectedRow]) -> tuple[str, ...]:
    files = sorted({row.row.file for row in rejected if row.row.line == 0})
    lines = sum(row.row.line > 0 for row in rejected)
    said = [f"{file}: the file, or the rest of it, could not be read as records" for file in files]
    if lines:
        said.append(f"{lines} {'row' if lines == 1 else 'rows'} of the sources rejected and not judged")
    return tuple(said)
