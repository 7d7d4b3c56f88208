"""What a page of one incident is made of: only what belongs to it is read, and nothing is decided again.

The inside of files (measures, sound) is a second step, since it costs more than all the rest. What the store holds of a file
now is not known here, only what was audited.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from sqlmodel import Session

from bwc_audit.audit.agreements import agreements_of
from bwc_audit.audit.evidence import evidence_of
from bwc_audit.audit.night import identity_of, running_run
from bwc_audit.audit.reports import decided_input, policy_of_run
from bwc_audit.audit.setup import Audit
from bwc_audit.domain.inspection import INSPECTOR_VERSION
from bwc_audit.domain.records import DeviceEvent
from bwc_audit.domain.results import AssignmentResult, PlacedSegment
from bwc_audit.domain.runs import Run
from bwc_audit.domain.shown_clocks import overlay_zones
from bwc_audit.domain.times import HOUR_US, Span
from bwc_audit.report.contexts import RunReportInput
from bwc_audit.store import inspections, planned, runs, source_rows
from bwc_audit.store.database import reading
from bwc_audit.store.footage_marks import FootageMark, load_footage_marks
from bwc_audit.store.inspections import InspectionIdentity, PicturePlace
from bwc_audit.store.planned import PlannedInspection


@dataclass(frozen=True, slots=True)
class PlacedPicture:
    """Where a kept picture is. ``at_us`` in the world (corrected UTC); ``media_at_us`` from the first frame of the file."""

    place: PicturePlace
    at_us: int
    media_at_us: int


@dataclass(frozen=True, slots=True)
class IncidentInput:
    """What a page of one incident shows beside the report's own: pictures by footage id, without the pictures themselves;
    by object key the versions of files that were to be looked into, and what those that were are; entries of device logs,
    as they are stored now. ``report`` holds nothing of the inside of files unless ``with_inside`` added it."""

    report: RunReportInput
    stills: Mapping[str, tuple[PlacedPicture, ...]]
    sheets: Mapping[str, tuple[PlacedPicture, ...]]
    versions: Mapping[str, PlannedInspection]
    marks: Mapping[str, FootageMark]
    device_events: tuple[DeviceEvent, ...]


@dataclass(frozen=True, slots=True)
class FootageInput:
    """One file of an incident, for whoever asks for its bytes or one of its pictures. ``version`` None: it was not to be
    looked into; ``mark`` None: it was not."""

    results: tuple[AssignmentResult, ...]
    segment: PlacedSegment
    version: PlannedInspection | None
    mark: FootageMark | None
    identity: InspectionIdentity | None


def incident_input(audit: Audit, run_id: str, incident_id: str) -> IncidentInput:
    """What a run says of one incident, read by way of the incident alone. Raises ``StoreError`` for an unknown run."""
    run = running_run(audit, run_id)
    with reading(audit.engine) as session:
        report = decided_input(session, run, policy_of_run(session, run), incident_id)
        plan, identities = _planned(session, audit, report, report.segments)
        pictures = inspections.load_picture_places(session, identities.values())
        marks = load_footage_marks(session, identities.values())
        around, devices = _around(report), {segment.device_id for segment in report.segments}
        events = source_rows.load_device_events(session, run.request.source, devices, around) if around else ()
    places = {key: pictures[identity] for key, identity in identities.items() if identity in pictures}
    return IncidentInput(
        report=report,
        stills=_placed(report.segments, {key: stills for key, (stills, _) in places.items()}),
        sheets=_placed(report.segments, {key: sheets for key, (_, sheets) in places.items()}),
        versions={one.request.object_key: one for one in plan},
        marks={key: marks[identity] for key, identity in identities.items() if identity in marks},
        device_events=events,
    )


def with_inside(audit: Audit, found: IncidentInput) -> RunReportInput:
    """What looking into the files brought besides: defects, sound, burned-in clocks, cameras compared by sound; without
    pictures."""
    report = found.report
    with reading(audit.engine) as session:
        plan, identities = _planned(session, audit, report, report.segments)
        kept = inspections.load_inspections(session, identities.values())
        devices = {segment.device_id for segment in report.segments}
        zones = overlay_zones(source_rows.load_devices(session, report.run.request.source, devices))
    seen = {identity.object_key: inspection for identity, inspection in kept.items()}
    return replace(
        report,
        evidence=evidence_of(report.segments, plan, seen, report.policy, zones),
        agreements=agreements_of(report.segments, plan, seen, report.policy.sound_match),
    )


def footage_input(audit: Audit, run: Run, incident_id: str, footage_id: str) -> FootageInput | None:
    """One file of an incident; None: the run placed no such file there. Raises ``StoreError``."""
    with reading(audit.engine) as session:
        placed = runs.load_segments(session, run.run_id, incident_id=incident_id)
        segment = next((one for one in placed if one.footage_id == footage_id), None)
        if segment is None:
            return None
        results = runs.load_results(session, run.run_id, incident_id=incident_id)
        keys = {segment.object_key} if segment.object_key else set()
        plan = planned.load_plan(session, run.run_id, object_keys=keys) if keys else ()
        version = next(iter(plan), None)
        if version is None:
            return FootageInput(results, segment, None, None, None)
        policy = policy_of_run(session, run)
        identity = identity_of(audit, version, policy, run.inspector_version or INSPECTOR_VERSION)
        mark = load_footage_marks(session, [identity]).get(identity)
    return FootageInput(results, segment, version, mark, identity)


def kept_picture(audit: Audit, found: FootageInput, number: int, *, is_sheet: bool) -> bytes | None:
    """The JPEG of one kept frame, or page of small pictures, by its place among them; None: there is none."""
    if found.identity is None:
        return None
    with reading(audit.engine) as session:
        both = inspections.load_picture_places(session, [found.identity]).get(found.identity, ((), ()))
        places = both[1] if is_sheet else both[0]
        return inspections.load_picture(session, places[number], is_sheet=is_sheet) if 0 <= number < len(places) else None


def _planned(
    session: Session, audit: Audit, report: RunReportInput, segments: Iterable[PlacedSegment]
) -> tuple[tuple[PlannedInspection, ...], dict[str, InspectionIdentity]]:
    """(what was to be looked into of these files, under what the outcome is kept by object key)."""
    run, keys = report.run, {segment.object_key for segment in segments if segment.object_key}
    plan = planned.load_plan(session, run.run_id, object_keys=keys) if keys else ()
    version = run.inspector_version or INSPECTOR_VERSION
    return plan, {one.request.object_key: identity_of(audit, one, report.policy, version) for one in plan}


def _around(report: RunReportInput) -> Span | None:
    """The incident's time with two hours on either side; None where nothing has a time."""
    spans = [result.window.span for result in report.results if result.window is not None]
    spans += [segment.span for segment in report.segments]
    if not spans:
        return None
    return Span(min(one.start_us for one in spans) - 2 * HOUR_US, max(one.end_us for one in spans) + 2 * HOUR_US)


def _placed(
    segments: tuple[PlacedSegment, ...], places: Mapping[str, tuple[PicturePlace, ...]]
) -> dict[str, tuple[PlacedPicture, ...]]:
    return {
        segment.footage_id: tuple(
            PlacedPicture(one, segment.span.start_us + one.at_us, one.at_us) for one in places[segment.object_key or ""]
        )
        for segment in segments
        if segment.object_key in places
    }
