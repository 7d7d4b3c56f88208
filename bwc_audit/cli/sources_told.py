"""Commands about what a run knew of its sources: ``clocks`` and ``completeness``."""

from __future__ import annotations

from datetime import date as calendar_date
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer

from bwc_audit.audit.setup import open_audit
from bwc_audit.cli.running import find_run
from bwc_audit.cli.showing import Format, note, print_expiring, print_json, print_table, say
from bwc_audit.config import load_settings
from bwc_audit.domain.clock_days import ClockDay
from bwc_audit.domain.expiring import Expiring
from bwc_audit.domain.phrases import said_day_time, said_length
from bwc_audit.domain.results import Waiting
from bwc_audit.domain.runs import Run
from bwc_audit.domain.times import SECOND_US, at_of, iso_utc
from bwc_audit.domain.watermarks import Watermark, WatermarkKind
from bwc_audit.errors import ConfigurationError
from bwc_audit.report.sources_section import watermark_label
from bwc_audit.report.words import ANCHOR
from bwc_audit.store import run_notes
from bwc_audit.store.database import reading

RunName = Annotated[
    str, typer.Option("--run", help="A run's id, an incident's id (its latest run), or `latest` (night or backfill).")
]
_FORMAT = typer.Option("--format", help="How the answer is written.")


def add_to(app: typer.Typer) -> None:
    """Register the commands of this module."""
    app.command(epilog="Example: `bwc-audit clocks --device X60A12345`")(clocks)
    app.command(epilog="Example: `bwc-audit completeness`")(completeness)


def clocks(
    device: Annotated[str | None, typer.Option(help="Only this camera.")] = None,
    date: Annotated[str | None, typer.Option(help="Only days that touch this UTC day of the camera, YYYY-MM-DD.")] = None,
    run: RunName = "latest",
    format_: Annotated[Format, _FORMAT] = Format.TABLE,
) -> None:
    """Offsets of cameras beyond what their docks measured: by how much, on which anchors, applied or not, and why."""
    day = None if date is None else _day(date)
    audit = open_audit(load_settings())
    meant = find_run(run)
    with reading(audit.engine) as session:
        found = run_notes.load_clocks(session, meant.run_id, device_id=device)
        marks = run_notes.load_watermarks(session, meant.run_id)
    known = {one.device_id for one in marks if one.device_id}
    if device is not None and device not in known:
        raise ConfigurationError(f"--device {device!r}: run {meant.run_id} knew no such camera")
    kept = [one for one in found if day is None or _touches(one, day)]
    if format_ is Format.JSON:
        print_json([clock_document(one) for one in kept])
    else:
        columns = ("camera", "from (its clock)", "offset", "anchors", "against", "spread", "±", "applied", "kinds", "why")
        rows = [_clock_row(one) for one in kept]
        print_table("", columns, rows, right=("offset", "anchors", "against", "spread", "±"), sentence="why")
    _say_basis(meant, f"{len(kept)} days of {len(known)} cameras on which anchors say a shift")


def completeness(run: RunName = "latest", format_: Annotated[Format, _FORMAT] = Format.TABLE) -> None:
    """How far each source has told, what waits for it and until when, and what expires soon while unresolved."""
    audit = open_audit(load_settings())
    meant = find_run(run)
    zone = ZoneInfo(meant.request.timezone)
    with reading(audit.engine) as session:
        marks = run_notes.load_watermarks(session, meant.run_id)
        waiting = run_notes.load_waiting(session, meant.run_id)
        expiring = run_notes.load_expiring(session, meant.run_id)
    if format_ is Format.JSON:
        print_json(
            {
                "run_id": meant.run_id,
                "as_of": iso_utc(meant.request.as_of_us),
                "watermarks": [_mark_document(one) for one in marks],
                "waiting": [_waiting_document(one) for one in waiting],
                "expiring": [_expiring_document(one) for one in expiring],
            }
        )
    else:
        print_table("How far the sources have told", ("", "until"), [_mark_row(one) for one in marks])
        say()
        columns = ("incident", "officer", "waits for", "decided at the latest")
        print_table("Pending", columns, [_waiting_row(one) for one in waiting])
        say()
        print_expiring(expiring, most=len(expiring))
    _say_basis(meant, f"{len(marks)} watermarks, times in UTC (agency: {zone.key})")


def clock_document(one: ClockDay) -> dict[str, Any]:
    """One camera and day for programs; times by the camera's own clock."""
    return {
        "device_id": one.device_id,
        "device_from": iso_utc(one.start_us),
        "device_to": iso_utc(one.end_us),
        "offset_s": one.offset_us / SECOND_US,
        "spread_s": one.spread_us / SECOND_US,
        "uncertainty_s": one.uncertainty_us / SECOND_US,
        "anchors": one.anchors,
        "against": one.against,
        "kinds": [str(kind) for kind in one.kinds],
        "confidence": str(one.confidence),
        "is_applied": one.is_applied,
        "why": one.why,
        "ahead_at_least_s": one.at_least_us / SECOND_US,
    }


def _clock_row(one: ClockDay) -> tuple[str, ...]:
    sign = "+" if one.offset_us > 0 else "−"
    kinds = ", ".join(ANCHOR[kind] for kind in one.kinds)
    return (
        *(one.device_id, said_day_time(one.start_us), f"{sign}{said_length(abs(one.offset_us))}", str(one.anchors)),
        *(str(one.against), said_length(one.spread_us), said_length(one.uncertainty_us)),
        *("yes" if one.is_applied else "no", kinds, one.why),
    )


def _touches(one: ClockDay, day: calendar_date) -> bool:
    return at_of(one.start_us).date() <= day <= at_of(one.end_us - 1).date()


def _day(text: str) -> calendar_date:
    try:
        return calendar_date.fromisoformat(text)
    except ValueError as error:
        raise ConfigurationError(f"--date {text!r} is no calendar day: write YYYY-MM-DD") from error


def _mark_row(one: Watermark) -> tuple[str, str]:
    label = watermark_label(one).removesuffix(" until")
    return label, "nothing read" if one.until_us is None else said_day_time(one.until_us)


def _waiting_row(one: Waiting) -> tuple[str, str, str, str]:
    latest = "when a delivery comes in" if one.ripens_us is None else said_day_time(one.ripens_us)
    return one.incident_id, one.officer_id, one.reason.replace("_", " "), latest


def _mark_document(one: Watermark) -> dict[str, Any]:
    kind: WatermarkKind = one.kind
    return {"kind": str(kind), "device_id": one.device_id, "until": None if one.until_us is None else iso_utc(one.until_us)}


def _waiting_document(one: Waiting) -> dict[str, Any]:
    latest = None if one.ripens_us is None else iso_utc(one.ripens_us)
    return {"incident_id": one.incident_id, "officer_id": one.officer_id, "reason": one.reason, "decided_by": latest}


def _expiring_document(one: Expiring) -> dict[str, Any]:
    return {
        "footage_id": one.footage_id,
        "until": iso_utc(one.until_us),
        "matter": one.matter,
        "incident_id": one.incident_id,
        "officer_id": one.officer_id,
        "finding_id": one.finding_id,
    }


def _say_basis(run: Run, what: str) -> None:
    note(f"run {run.run_id} ({run.status.value}), as of {said_day_time(run.request.as_of_us)}: {what}")
