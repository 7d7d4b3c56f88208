"""What looking into the files of a run brought, in the form that its report shows. Nothing is decided again but what the
limits of the run's own policy make of the kept measures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from zoneinfo import ZoneInfo

from bwc_audit.audit.judging import judged
from bwc_audit.domain.inspection import Examined, Inspection, InspectionRequest, InspectionStatus
from bwc_audit.domain.overlay_clock import OverlayReading
from bwc_audit.domain.policy import Policy, SamplingRules
from bwc_audit.domain.results import PlacedSegment
from bwc_audit.domain.shown_clock_findings import drift_stated
from bwc_audit.domain.shown_clocks import shown_clock
from bwc_audit.domain.times import SECOND_US
from bwc_audit.domain.unseen import asked_us, between_us, unseen_us
from bwc_audit.media.contact_sheet import preview_of
from bwc_audit.report.evidence import BurnedInClock, ClockReading, Effort, InspectionEvidence, SheetPage
from bwc_audit.store.planned import PlannedInspection


def evidence_of(
    segments: Sequence[PlacedSegment],
    plan: Sequence[PlannedInspection],
    inspections: Mapping[str, Inspection],
    policy: Policy,
    overlay_zone: Mapping[str, ZoneInfo],
) -> dict[str, InspectionEvidence]:
    """By footage id, for every segment whose file was looked into. ``overlay_zone``: of devices that name theirs."""
    asked = {one.request.object_key: one.request for one in plan}
    found: dict[str, InspectionEvidence] = {}
    for segment in segments:
        seen = inspections.get(segment.object_key or "")
        if seen is not None and segment.object_key is not None:
            zone = overlay_zone.get(segment.device_id or "")
            found[segment.footage_id] = _evidence(
                segment, judged(seen, policy.usability), policy, zone, asked[segment.object_key]
            )
    return found


def effort_of(request: InspectionRequest, inspection: Inspection | None, sampling: SamplingRules) -> Effort:
    """What was looked at in one file, and what of the time asked for was not seen; None: it was not looked into."""
    examined = Examined() if inspection is None else inspection.examined
    asked = 0 if request.is_clock_look else asked_us(request, inspection)
    return Effort(
        bytes_read=examined.bytes_read,
        requests=examined.requests,
        frames=examined.frames_sampled,
        picture_us=examined.seconds_examined_us,
        sound_us=examined.audio_us,
        longest_step_us=examined.longest_step_us,
        asked_us=asked,
        unseen_us=(unseen_us(request, inspection, sampling) or 0) if asked else 0,
        between_us=0 if inspection is None else between_us(inspection),
    )


def _evidence(
    segment: PlacedSegment, seen: Inspection, policy: Policy, zone: ZoneInfo | None, request: InspectionRequest
) -> InspectionEvidence:
    sound = None if seen.measures is None else seen.measures.sound
    return InspectionEvidence(
        effort=effort_of(request, seen, policy.sampling),
        is_deep=request.is_deep,
        defects=seen.defects,
        sound=sound,
        is_soundless=seen.measures is not None and not seen.measures.has_sound_track,
        sound_note="" if sound is not None else "; ".join(what for what in seen.not_examined if "sound" in what),
        silence_dbfs=policy.usability.silence_dbfs,
        clock=None if seen.status is InspectionStatus.UNREADABLE else _clock(segment, seen, zone, policy),
        pages=tuple(
            SheetPage(
                span=sheet.span,
                jpeg=sheet.jpeg,
                sha256=sheet.sha256,
                seconds=sheet.seconds,
                damaged=sheet.damaged,
                without_frame=sheet.without_frame,
                not_looked_at=sheet.not_looked_at,
                preview=preview_of(sheet.jpeg),
            )
            for sheet in seen.sheets
        ),
    )


def _clock(segment: PlacedSegment, seen: Inspection, zone: ZoneInfo | None, policy: Policy) -> BurnedInClock:
    """As the decision has it; of the rounding of the metadata only its usual value is known here."""
    readings = tuple(ClockReading(one.at_us, one.text, _utc_us(one)) for one in seen.readings)
    started_us = segment.span.start_us + segment.offset_us  # as the camera stamped it
    shown = shown_clock(seen, zone, started_us, SECOND_US, policy.usability)
    if shown is None:
        why = "what was read proves no clock" if readings else "no clock was found in the picture"
        return BurnedInClock(seen.clock_tried, readings, why_not=why)
    clock = shown.clock
    is_known = clock.offset_us is not None or shown.is_untimed
    return BurnedInClock(
        tried=seen.clock_tried,
        readings=readings,
        agreed=clock.agreed,
        offset_us=clock.offset_us,
        uncertainty_us=shown.tolerance_us,
        drift_ppm=clock.drift_ppm if drift_stated(shown, policy.clock) else None,
        jumps=tuple(((jump.between.start_us + jump.between.end_us) // 2, jump.step_us) for jump in clock.jumps),
        is_stuck=clock.is_stuck,
        is_not_set=clock.is_not_set,
        why_not="" if is_known else "it names no zone, and none is known",
    )


def _utc_us(reading: OverlayReading) -> int | None:
    return reading.wall_us if reading.has_zone else None
