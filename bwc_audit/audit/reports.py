"""From a stored run to its report: everything is read from the database, nothing is decided again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from sqlmodel import Session

from bwc_audit.audit.agreements import agreements_of
from bwc_audit.audit.evidence import effort_of, evidence_of
from bwc_audit.audit.night import identity_of, running_run
from bwc_audit.audit.rates import rates_of_run
from bwc_audit.audit.setup import Audit
from bwc_audit.audit.standing import standing_rejections
from bwc_audit.domain.findings import FindingGroup, FindingKind
from bwc_audit.domain.inspection import INSPECTOR_VERSION, Inspection
from bwc_audit.domain.policy import Policy
from bwc_audit.domain.rates import GROUP_KEYS, RateTable, rate_table
from bwc_audit.domain.records import Records
from bwc_audit.domain.results import PlacedSegment
from bwc_audit.domain.runs import ObservedFinding, Run
from bwc_audit.domain.shown_clocks import overlay_zones
from bwc_audit.domain.times import MINUTE_US, Span
from bwc_audit.errors import StoreError
from bwc_audit.report.contexts import PlacedStill, RunReportInput
from bwc_audit.report.evidence_words import added_up
from bwc_audit.report.file_names import page_name
from bwc_audit.report.write import ReportFiles, write_report
from bwc_audit.sources.policy_files import policy_of
from bwc_audit.store import inspections, planned, policies, run_notes, runs, source_rows
from bwc_audit.store.database import reading
from bwc_audit.store.turns import load_turns


def report_input(audit: Audit, run_id: str, incident_id: str | None = None) -> RunReportInput:
    """Everything the report of a run shows, or the part of it that belongs to one incident, under the policy of that run.

    Raises ``StoreError`` for an unknown run.
    """
    run = running_run(audit, run_id)
    with reading(audit.engine) as session:
        policy = policy_of_run(session, run)
        known = rates_of_run(session, audit, run, GROUP_KEYS)
        decided = decided_input(session, run, policy, incident_id, None if incident_id else known.book.table())
        segments = decided.segments
        plan = planned.load_plan(session, run_id)
        looked = [identity_of(audit, one, policy, run.inspector_version or INSPECTOR_VERSION) for one in plan]
        kept = inspections.load_inspections(session, looked, with_stills=True)
        seen = {identity.object_key: inspection for identity, inspection in kept.items()}
        as_they_are = _as_they_are(session, run)
        return replace(
            decided,
            rejected=standing_rejections(session, run.request.source, run.request.period),
            book=known.book if incident_id is None else None,
            noise=known.noise,
            stills=_stills(seen, segments),
            evidence=evidence_of(segments, plan, seen, policy, overlay_zones(as_they_are.devices)),
            agreements=agreements_of(segments, plan, seen, policy.sound_match),
            turns=load_turns(session, run_id) if incident_id is None else (),
            effort=added_up([effort_of(one.request, seen.get(one.request.object_key), policy.sampling) for one in plan]),
            clocks=run_notes.load_clocks(session, run_id),
            watermarks=run_notes.load_watermarks(session, run_id),
            expiring=run_notes.load_expiring(session, run_id),
        )


def decided_input(
    session: Session, run: Run, policy: Policy, incident_id: str | None, rates: RateTable | None = None
) -> RunReportInput:
    """What a run decided, of one incident or of all: the rows of that, nothing of the inside of files.

    ``rates`` None: those of these results."""
    run_id = run.run_id
    results = runs.load_results(session, run_id, incident_id=incident_id)
    return RunReportInput(
        run=run,
        results=results,
        incidents=runs.load_incidents(session, run_id, incident_id=incident_id),
        segments=runs.load_segments(session, run_id, incident_id=incident_id),
        observed=runs.load_observed(session, run_id, incident_id=incident_id),
        rejected=(),
        rates=rates or rate_table(results),
        policy=policy,
        examined=_examined(run),
        waiting=run_notes.load_waiting(session, run_id, incident_id=incident_id),
    )


def finding_context(audit: Audit, observed: ObservedFinding) -> RunReportInput:
    """What the card of one finding needs: its run and the policy of that run; no stills. Raises ``StoreError``."""
    run = running_run(audit, observed.run_id)
    with reading(audit.engine) as session:
        policy = policy_of_run(session, run)
    return RunReportInput(run, (), (), (), (observed,), (), rate_table(()), policy)


def write_run_report(audit: Audit, run_id: str, out: Path | None = None, *, incident_id: str | None = None) -> ReportFiles:
    """Write the report of a run (or of one incident in it), by default below ``state_dir/reports``.

    Raises ``ConfigurationError`` for the folder, and what ``report_input`` raises."""
    name = run_id if incident_id is None else f"{run_id}-{page_name(incident_id).removesuffix('.html')}"
    return write_report(report_input(audit, run_id, incident_id), out or audit.settings.state_dir / "reports" / name)


def policy_of_run(session: Session, run: Run) -> Policy:
    """The policy as it was when the run began, whatever has become of its file. Raises ``StoreError`` where it
    is lost."""
    content = policies.policy_content(session, run.request.policy_hash)
    if content is None:
        raise StoreError(f"the policy of run {run.run_id} is not in the database; run `bwc-audit db check`")
    return policy_of(content, f"policy of run {run.run_id}")


def _as_they_are(session: Session, run: Run) -> Records:
    """Devices as they stand in the store now; they belong to the source rather than to a run."""
    moment = Span(run.request.period.start_us, run.request.period.start_us + MINUTE_US)
    return source_rows.load_records(session, run.request.source, moment, margin_us=0)


def _stills(by_key: Mapping[str, Inspection], segments: tuple[PlacedSegment, ...]) -> dict[str, tuple[PlacedStill, ...]]:
    found: dict[str, tuple[PlacedStill, ...]] = {}
    for segment in segments:
        seen = by_key.get(segment.object_key or "")
        if seen is not None and seen.stills:
            found[segment.footage_id] = tuple(
                PlacedStill(segment.span.start_us + still.at_us, still.jpeg, still.sha256, still.at_us)
                for still in seen.stills
            )
    return found


def _examined(run: Run) -> dict[FindingKind, str]:
    """How much was examined for each kind, for the sections that found nothing."""
    count = run.counts.get
    phrases = {
        FindingGroup.COVERAGE: f"{count('assignments', 0)} assignments",
        FindingGroup.USABILITY: f"{count('videos_examined', 0)} videos looked into",
        FindingGroup.CUSTODY: f"{count('segments', 0)} segments and {count('videos_stored', 0)} videos",
        FindingGroup.CLOCK: f"all cameras' dock checks and {count('videos_examined', 0)} videos looked into",
        FindingGroup.LABELLING: f"{count('segments', 0)} segments",
    }
    return {kind: phrases[kind.group] for kind in FindingKind}
