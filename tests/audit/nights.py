"""Nights run through the library's own steps, and their answers in a form that two runs can be compared in."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Any

from bwc_audit.audit.chunked import gather
from bwc_audit.audit.deciding import decide_run
from bwc_audit.audit.ingest import IngestSummary, ingest
from bwc_audit.audit.night import PlanSummary, inspect_batch, plan_run, start_run
from bwc_audit.audit.setup import Audit, nightly_period, open_audit
from bwc_audit.config import Settings, load_settings
from bwc_audit.domain.records import RejectedRow
from bwc_audit.domain.results import AssignmentResult
from bwc_audit.domain.runs import ObservedFinding, Run, RunKind
from bwc_audit.store import runs
from bwc_audit.store.database import open_database, reading, upgrade

DAY = date(2025, 5, 24)


@dataclass(frozen=True, slots=True)
class Night:
    """One run that has been decided, with what its steps said."""

    audit: Audit
    run: Run
    ingested: IngestSummary
    plan: PlanSummary
    videos_examined: int
    results: tuple[AssignmentResult, ...]
    observed: tuple[ObservedFinding, ...]
    rejected: tuple[RejectedRow, ...]

    def outcome(self, incident_id: str, officer_id: str) -> str:
        """Outcome and reason of one assignment, as ``pending: upload_grace``."""
        result = next(one for one in self.results if (one.incident_id, one.officer_id) == (incident_id, officer_id))
        return result.outcome.value if result.reason is None else f"{result.outcome.value}: {result.reason}"

    def kinds(self, state: str = "open") -> list[str]:
        """Kinds of its findings in a state, ascending."""
        return sorted(one.finding.kind.value for one in self.observed if one.state == state)

    def finding(self, kind: str) -> ObservedFinding:
        """Its one finding of a kind."""
        (found,) = (one for one in self.observed if one.finding.kind == kind)
        return found

    def rejections(self) -> list[tuple[str, int, str, str]]:
        """Its rejected rows as (file, line, field, reason), ascending."""
        return sorted((row.row.file, row.row.line, row.field, row.reason.value) for row in self.rejected)


def migrated(settings: Settings) -> Settings:
    """The settings, once their database is at the newest revision."""
    engine = open_database(settings.effective_database_url)
    upgrade(engine)
    engine.dispose()
    return settings


def night_settings(source: Path | str, state_dir: Path, **more: Any) -> Settings:
    """Settings of an audit of ``source`` with a migrated database below ``state_dir``, judged two mornings later."""
    given = {"timezone": "UTC", "policy": "uk_generic", "mapping": "default", "as_of": "2025-05-26T05:00:00Z", "workers": 1}
    return migrated(load_settings(**{"source": str(source), "state_dir": state_dir, "database_url": "", **given, **more}))


def open_night(settings: Settings, day: date = DAY) -> tuple[Audit, str, IngestSummary]:
    """Records pulled and a run opened, no more: (the audit, the run's id, what was pulled)."""
    audit = open_audit(settings)
    ingested = ingest(audit)
    return audit, start_run(audit, audit.request(RunKind.NIGHTLY, nightly_period(audit, day))), ingested


def run_night(settings: Settings, day: date = DAY) -> Night:
    """A whole night."""
    return finish_night(*open_night(settings, day))


def finish_night(audit: Audit, run_id: str, ingested: IngestSummary) -> Night:
    """Plan, look, decide."""
    plan = plan_run(audit, run_id)
    examined = sum(inspect_batch(audit, run_id, batch).examined for batch in range(plan.batches))
    return decided_night(audit, run_id, ingested, plan, examined)


def decided_night(audit: Audit, run_id: str, ingested: IngestSummary, plan: PlanSummary, examined: int) -> Night:
    """Decide a run that was looked into, and read back what it says."""
    run = decide_run(audit, run_id, ingested.counts())
    with reading(audit.engine) as session:
        return Night(
            audit=audit,
            run=run,
            ingested=ingested,
            plan=plan,
            videos_examined=examined,
            results=runs.load_results(session, run_id),
            observed=runs.load_observed(session, run_id),
            rejected=gather(session, run.request).records.rejected,
        )


def said(night: Night) -> dict[str, Any]:
    """Everything a night concluded, without what names the run itself: run id, moments of the audit's own clock, the
    place of the source."""
    return {
        "status": night.run.status.value,
        "not_examined": night.run.not_examined,
        "results": [asdict(result) for result in night.results],
        "findings": [asdict(one.finding) for one in night.observed],
        "states": [(one.finding_id, one.state.value) for one in night.observed],
        "rejected": [asdict(row) for row in night.rejected],
    }


def row_counts(audit: Audit) -> dict[str, int]:
    """How many rows each table holds."""
    with reading(audit.engine) as session:
        connection = session.connection()
        names = ("finding", "inspection", "still", "source_file", "segment", "assignment", "rejected_row", "video_object")
        return {name: int(connection.exec_driver_sql(f"SELECT count(*) FROM {name}").scalar_one()) for name in names}
