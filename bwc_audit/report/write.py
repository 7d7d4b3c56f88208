"""Writes the report of a run into a folder, so that a reader never meets half a page.

Every file is written beside its place and then renamed; ``index.html`` comes last, when everything it leads to is
there. Incident pages and contact sheets that an earlier report left in the same folder, as its ``run.json`` lists
them, are removed.
Nothing else in the folder is touched.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import bwc_audit
from bwc_audit.domain.comparison import Comparison
from bwc_audit.domain.results import AssignmentResult
from bwc_audit.domain.runs import ObservedFinding
from bwc_audit.errors import ConfigurationError
from bwc_audit.report.cards import by_weight
from bwc_audit.report.comparison_page import comparison_page
from bwc_audit.report.contexts import RunReportInput
from bwc_audit.report.document_parts import policy_reference
from bwc_audit.report.file_names import PAGE_NAME, SHEET_NAME, page_name, sheet_name
from bwc_audit.report.finding_document import finding_document
from bwc_audit.report.incident_page import incident_page
from bwc_audit.report.index_page import index_page
from bwc_audit.report.rendering import frame, render
from bwc_audit.report.result_document import result_document
from bwc_audit.report.run_document import run_document
from bwc_audit.report.scenes import scenes_of
from bwc_audit.report.tables import findings_csv, results_csv
from bwc_audit.report.timeline import Scene
from bwc_audit.report.zone_times import zone_of


@dataclass(frozen=True, slots=True)
class ReportFiles:
    """What was written: the first page, the incident pages by incident, and the files for programs."""

    index: Path
    incidents: dict[str, Path]
    findings_csv: Path
    findings_json: Path
    results_csv: Path
    results_json: Path
    run_json: Path


def write_report(report: RunReportInput, out: Path) -> ReportFiles:
    """Writes all pages and files of one run below ``out``; the same input gives the same bytes.

    Raises ``ConfigurationError`` for an unknown time zone and where the folder cannot be written.
    """
    scenes = scenes_of(report, zone_of(report.run.request.timezone))
    incidents = {scene.incident_id: out / "incidents" / page_name(scene.incident_id) for scene in scenes}
    try:
        stale = _earlier_pages(out) - set(incidents.values()) - {out / path for path, _ in _sheets(report, scenes)}
        for path, content in report_files(report, scenes):
            _write(out / path, content)
        for page in sorted(stale):
            page.unlink(missing_ok=True)
    except OSError as error:
        raise ConfigurationError(f"cannot write the report to {out}: {error}; choose another folder") from error
    return ReportFiles(
        index=out / "index.html",
        incidents=incidents,
        findings_csv=out / "findings.csv",
        findings_json=out / "findings.json",
        results_csv=out / "results.csv",
        results_json=out / "results.json",
        run_json=out / "run.json",
    )


def write_comparison(comparison: Comparison, path: Path, timezone: str) -> None:
    """The page of a comparison of two policies. Raises ``ConfigurationError`` where the file cannot be written."""
    page = frame("Two policies compared", f"bwc-audit {bwc_audit.__version__} · no result was stored, no video opened")
    try:
        _write(path, render(comparison_page(comparison, page, timezone)))
    except OSError as error:
        raise ConfigurationError(f"cannot write the page to {path}: {error}; choose another file") from error


def report_files(report: RunReportInput, scenes: Sequence[Scene]) -> Iterator[tuple[str, str | bytes]]:
    """Every file of the report as (path relative to its folder, text or JPEG), the first page last."""
    zone = zone_of(report.run.request.timezone)
    policy = policy_reference(report.run.request)
    firm, borderline = _findings(report)
    findings = [finding_document(observed, policy) for observed in firm]
    results = [result_document(result) for result in sorted(report.results, key=_by_incident)]
    rejected = sorted(report.rejected, key=lambda row: (row.row, row.field))
    pages = [f"incidents/{page_name(scene.incident_id)}" for scene in scenes]
    sheets = [path for path, _ in _sheets(report, scenes)]
    run = run_document(report.run, report.rates, report.results, rejected, borderline, [*pages, *sheets])
    yield "findings.json", _json(findings)
    yield "findings.csv", findings_csv(findings)
    yield "results.json", _json(results)
    yield "results.csv", results_csv(results)
    yield from _sheets(report, scenes)
    for scene, path in zip(scenes, pages, strict=True):
        yield path, render(incident_page(scene, report))
    yield "run.json", _json(run)
    yield "index.html", render(index_page(report, scenes, zone))


def _sheets(report: RunReportInput, scenes: Sequence[Scene]) -> list[tuple[str, bytes]]:
    """Contact sheets of the files at the incidents, each once."""
    footage = sorted({segment.footage_id for scene in scenes for segment in scene.segments} & report.evidence.keys())
    return [
        (f"sheets/{sheet_name(footage_id, ordinal, page.sha256)}", page.jpeg)
        for footage_id in footage
        for ordinal, page in enumerate(report.evidence[footage_id].pages)
    ]


def _findings(report: RunReportInput) -> tuple[list[ObservedFinding], list[ObservedFinding]]:
    """Firm ones (resolved and replaced ones included, as such), and borderline ones."""
    ordered = sorted(report.observed, key=by_weight)
    borderline = [one for one in ordered if one.finding.is_borderline]
    firm = [one for one in ordered if not one.finding.is_borderline]
    return firm, borderline


def _by_incident(result: AssignmentResult) -> tuple[str, str]:
    return result.incident_id, result.officer_id


def _json(document: object) -> str:
    return json.dumps(document, ensure_ascii=False, indent=1, allow_nan=False) + "\n"


def _write(path: Path, content: str | bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=".", suffix=".partial", dir=path.parent)
    partial = Path(name)
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(content if isinstance(content, bytes) else content.encode("utf-8", "backslashreplace"))
        partial.chmod(0o644)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def _earlier_pages(out: Path) -> set[Path]:
    """Incident pages and contact sheets that the report already in the folder lists; nothing where there is none or it
    is not ours."""
    try:
        listed = json.loads((out / "run.json").read_text("utf-8"))["pages"]
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return set()
    paths = [page.partition("/") for page in listed if isinstance(page, str)] if isinstance(listed, list) else []
    allowed = {"incidents": PAGE_NAME, "sheets": SHEET_NAME}
    return {out / folder / name for folder, _, name in paths if folder in allowed and allowed[folder].fullmatch(name)}
