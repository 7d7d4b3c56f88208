"""A small force's night, told in sentences, as the values a report is made of."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import replace
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np

from bwc_audit.domain.findings import (
    Evidence,
    Explanation,
    ExplanationKind,
    Finding,
    FindingKind,
    Severity,
    Window,
)
from bwc_audit.domain.inspection import Defect, DefectKind
from bwc_audit.domain.measures import SoundLevels
from bwc_audit.domain.noise_rate import ReviewedNoise
from bwc_audit.domain.policy import (
    BufferRules,
    Clause,
    ClockRules,
    CoverageRules,
    CustodyRules,
    LabellingRules,
    Policy,
    RetentionRules,
    SamplingRules,
    ScopeRules,
    UploadRules,
    UsabilityRules,
    WindowRules,
)
from bwc_audit.domain.rates import rate_book, rate_table
from bwc_audit.domain.records import RejectedRow, RejectReason, RowRef
from bwc_audit.domain.results import (
    AssignmentResult,
    Bucket,
    IncidentResult,
    Outcome,
    PendingReason,
    PlacedSegment,
    UnknownReason,
    UnusableSpan,
)
from bwc_audit.domain.runs import Change, FindingState, ObservedFinding, Run, RunKind, RunRequest, RunStatus
from bwc_audit.domain.times import HOUR_US, MINUTE_US, SECOND_US, Span
from bwc_audit.report.contexts import PlacedStill, RunReportInput
from bwc_audit.report.evidence import (
    BurnedInClock,
    ClockReading,
    Effort,
    InspectionEvidence,
    SheetPage,
    SoundAgreement,
)

#: 2026-06-12T00:00:00Z; London is an hour ahead.
MIDNIGHT_US = 1_781_222_400 * SECOND_US

SMALL_JPEG = base64.b64decode(
    "/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDABQODxIPDRQSEBIXFRQYHjIhHhwcHj0sLiQySUBMS0dARkVQWnNiUFVtVkVGZIhlbXd7gYKBTmCNl4x9lnN+"
    "gXz/2wBDARUXFx4aHjshITt8U0ZTfHx8fHx8fHx8fHx8fHx8fHx8fHx8fHx8fHx8fHx8fHx8fHx8fHx8fHx8fHx8fHx8fHz/wAARCAASACADASIAAhEB"
    "AxEB/8QAGAABAQEBAQAAAAAAAAAAAAAAAQAEAgX/xAAWEAEBAQAAAAAAAAAAAAAAAAAAEwH/xAAXAQADAQAAAAAAAAAAAAAAAAABAwQC/8QAFhEBAQEA"
    "AAAAAAAAAAAAAAAAAAIS/9oADAMBAAIRAxEAPwDzpmbTMzLm2Ns8zNomZqpsNuziSCSSUlMg/9k="
)

CLAUSES = {
    "arrival": Clause(
        "Recording starts at the latest on arrival and goes on until the officer leaves the incident.",
        "College of Policing, Body-worn video guidance, “Starting and stopping”",
    ),
    "usability": Clause(
        "Cameras are worn so that the scene can be seen and heard.",
        "College of Policing, Body-worn video guidance, “Equipment”",
    ),
    "clock": Clause("Device clocks are kept within one minute of true time. (engineering)", "Engineering default"),
    "custody": Clause("Recordings are kept complete, unaltered and accounted for.", "NPCC, Digital imaging procedure"),
    "labelling": Clause("Each recording carries the incident reference and a category.", "College of Policing, “Marking”"),
}


def policy() -> Policy:
    return Policy(
        policy_id="uk_generic",
        version="2026-11",
        title="Generic UK force, recording from arrival",
        scope=ScopeRules("arrival"),
        window=WindowRules("arrival"),
        coverage=CoverageRules("arrival", "arrival", "arrival"),
        buffer=BufferRules("arrival"),
        clock=ClockRules("clock"),
        upload=UploadRules("custody"),
        retention=RetentionRules("custody"),
        labelling=LabellingRules("labelling"),
        custody=CustodyRules("custody"),
        sampling=SamplingRules("usability"),
        usability=UsabilityRules("usability"),
        clauses=CLAUSES,
    )


def at(text: str) -> int:
    """Microseconds of ``HH:MM:SS`` UTC on the night; hours beyond 23 are the next day."""
    hours, minutes, seconds = (int(part) for part in text.split(":"))
    return MIDNIGHT_US + hours * HOUR_US + minutes * MINUTE_US + seconds * SECOND_US


def span(start: str, end: str) -> Span:
    return Span(at(start), at(end))


def incident(incident_id: str, call_type: str, opened: str, closed: str | None, **more: Any) -> IncidentResult:
    facts: dict[str, Any] = {"priority": "2", "area": "North", "uncovered": (), **more}
    return IncidentResult(incident_id, call_type, opened_us=at(opened), closed_us=at(closed) if closed else None, **facts)


def attended(incident_id: str, officer_id: str, dispatch: str, scene: str, clear: str) -> AssignmentResult:
    """An officer who came and went, everything recorded."""
    window = span(scene, clear)
    return AssignmentResult(
        incident_id,
        officer_id,
        Outcome.COVERED,
        unit_id="N21",
        unit="Response North",
        window=Window(window, "on_scene", "cleared"),
        dispatched_us=at(dispatch),
        en_route_us=at(dispatch) + 40 * SECOND_US,
        on_scene_us=at(scene),
        cleared_us=at(clear),
        required_us=window.length_us,
        covered_us=window.length_us,
        usable_us=window.length_us,
        lateness_us=-12 * SECOND_US,
        is_on_time=True,
        is_whole_window=True,
        uncertainty_us=61 * SECOND_US,
        covered=(window,),
    )


def with_gaps(result: AssignmentResult, *gaps: Span, late_s: int = 0) -> AssignmentResult:
    """The same officer with time that was not recorded."""
    assert result.window is not None
    covered, start_us = [], result.window.span.start_us
    for gap in gaps:
        if gap.start_us > start_us:
            covered.append(Span(start_us, gap.start_us))
        start_us = gap.end_us
    if start_us < result.window.span.end_us:
        covered.append(Span(start_us, result.window.span.end_us))
    recorded_us = sum(part.length_us for part in covered)
    return replace(
        result,
        outcome=Outcome.FINDINGS,
        covered=tuple(covered),
        gaps=gaps,
        covered_us=recorded_us,
        usable_us=recorded_us,
        lateness_us=late_s * SECOND_US if covered else None,
        is_on_time=late_s <= 30 and bool(covered),
        is_whole_window=False,
    )


def turned_away(incident_id: str, officer_id: str, bucket: Bucket) -> AssignmentResult:
    """An assignment of which nothing is asked."""
    return AssignmentResult(
        incident_id, officer_id, Outcome.EXCLUDED, str(bucket), dispatched_us=at("21:00:00"), unit="Response North"
    )


def recorded(
    incident_id: str, footage_id: str, device_id: str, officer_id: str | None, start: str, end: str, **more: Any
) -> PlacedSegment:
    """A file in corrected time, with a buffer of 30 s, looked into completely."""
    facts: dict[str, Any] = {
        "activated_us": at(start) + 30 * SECOND_US,
        "offset_us": 4 * SECOND_US,
        "uncertainty_us": 61 * SECOND_US,
        "role": "matched",
        "object_key": f"footage/{footage_id}.mp4",
        "inspection_status": "complete",
        **more,
    }
    return PlacedSegment(incident_id, footage_id, f"R-{footage_id}", device_id, officer_id, span(start, end), **facts)


def observed(finding: Finding, change: Change = Change.APPEARED, **more: Any) -> ObservedFinding:
    facts: dict[str, Any] = {"cause": "first run that looked at it" if change is Change.APPEARED else None, **more}
    state = {Change.RESOLVED: FindingState.RESOLVED, Change.REPLACED: FindingState.REPLACED}.get(change, FindingState.OPEN)
    return ObservedFinding(f"F-{finding.fingerprint[:8]}", "run-0612", finding, state, change, **facts)


def late_activation() -> Finding:
    return Finding(
        FindingKind.LATE_ACTIVATION,
        "arrival",
        Severity.MEDIUM,
        "Activated 94 s after arrival on scene; the policy allows 30 s.",
        incident_id="CAD-0612-0417",
        officer_id="1042",
        device_id="X60A1042",
        recording_id="R-bwv-1042-a",
        footage_ids=("bwv-1042-a",),
        window=Window(span("20:14:05", "20:52:00"), "on_scene", "cleared"),
        spans=(span("20:14:05", "20:15:39"),),
        seconds_us=94 * SECOND_US,
        uncertainty_us=61 * SECOND_US,
        margin_us=64 * SECOND_US,
        explanations=(
            Explanation(
                ExplanationKind.DEVICE_OFF,
                ("device log: power on at 20:15:31 UTC",),
                ("battery was at 80 % when undocked",),
            ),
        ),
        evidence=(
            Evidence("assignment row", "cad/assignments.csv:18", at("20:14:05")),
            Evidence("footage row", "footage/bwv-1042-a.json", at("20:15:39"), "9f" * 32),
        ),
    )


def several_gaps() -> Finding:
    return Finding(
        FindingKind.RECORDING_GAP,
        "arrival",
        Severity.HIGH,
        "Not recorded during 6 min 10 s of the required window, in 2 gaps of more than 60 s.",
        incident_id="CAD-0612-0417",
        officer_id="2077",
        window=Window(span("20:16:30", "20:50:00"), "on_scene", "incident_closed", is_substituted=True),
        spans=(span("20:28:00", "20:32:40"), span("20:41:00", "20:42:30")),
        seconds_us=370 * SECOND_US,
        uncertainty_us=121 * SECOND_US,
        margin_us=220 * SECOND_US,
        not_examined=("device log of X60A2077 was not delivered for this period",),
    )


def black_picture() -> Finding:
    return Finding(
        FindingKind.BLACK_VIDEO,
        "usability",
        Severity.LOW,
        "The picture is black during 48 s of the required window.",
        incident_id="CAD-0612-0417",
        officer_id="1042",
        recording_id="R-bwv-1042-a",
        footage_ids=("bwv-1042-a",),
        spans=(span("20:33:10", "20:33:58"),),
        seconds_us=48 * SECOND_US,
        evidence=(Evidence("frame", "footage/bwv-1042-a.mp4", at("20:33:30"), "ab" * 32),),
    )


def nothing_found() -> Finding:
    return Finding(
        FindingKind.NO_FOOTAGE,
        "arrival",
        Severity.HIGH,
        "No recording of officer 3310 was found inside the required window of 18 min.",
        incident_id="CAD-0612-0502",
        officer_id="3310",
        window=Window(span("22:05:00", "22:23:00"), "on_scene", "cleared"),
        spans=(span("22:05:00", "22:23:00"),),
        seconds_us=18 * MINUTE_US,
        uncertainty_us=121 * SECOND_US,
        explanations=(
            Explanation(
                ExplanationKind.TAGGED_ELSEWHERE,
                ("bwv-3310-x carries this incident number; an offset of 1 h would fit",),
                ("its device clock was checked within 3 days (+2 s)",),
            ),
            Explanation(ExplanationKind.OTHER_OFFICER, (), ("no other officer held X60A3310 on that day",)),
        ),
    )


def clock_was_off() -> Finding:
    return Finding(
        FindingKind.CLOCK_OFFSET,
        "clock",
        Severity.LOW,
        "The dock measured the device clock 45 s ahead; the policy allows 30 s.",
        device_id="X60A2077",
        seconds_us=45 * SECOND_US,
        margin_us=15 * SECOND_US,
        evidence=(Evidence("device event row", "events/device_events.csv:31", at("30:02:00")),),
    )


def borderline_end() -> Finding:
    return Finding(
        FindingKind.EARLY_DEACTIVATION,
        "arrival",
        Severity.LOW,
        "Recording ended 52 s before clear; the policy allows 30 s.",
        incident_id="CAD-0612-0455",
        officer_id="1042",
        spans=(span("21:29:08", "21:30:00"),),
        seconds_us=52 * SECOND_US,
        uncertainty_us=61 * SECOND_US,
        margin_us=22 * SECOND_US,
        is_borderline=True,
    )


def no_number_entered() -> Finding:
    return Finding(
        FindingKind.INCIDENT_ID_MISSING,
        "labelling",
        Severity.LOW,
        "No incident number was entered for this recording.",
        incident_id="CAD-0612-0455",
        officer_id="1042",
        recording_id="R-bwv-1042-b",
        footage_ids=("bwv-1042-b",),
    )


def run(**more: Any) -> Run:
    request = RunRequest(
        kind=RunKind.NIGHTLY,
        source="s3://evidence/north",
        period=span("12:00:00", "36:00:00"),
        as_of_us=at("54:30:00"),
        timezone="Europe/London",
        policy_id="uk_generic",
        policy_version="2026-11",
        policy_hash=policy().policy_hash,
    )
    facts: dict[str, Any] = {
        "software_version": "0.1.0",
        "inspector_version": "1",
        "inputs_hash": "c0ffee" * 10 + "beef",
        "counts": {
            "incidents_accepted": 9,
            "incidents_rejected": 1,
            "assignments_accepted": 14,
            "assignments_rejected": 2,
            "footage_accepted": 11,
            "footage_rejected": 1,
            "videos_examined": 6,
            "bytes_read": 48_300_000,
        },
        "not_examined": ("footage/bwv-5120-a.mp4: access denied, so whether it exists is not known",),
        **more,
    }
    return Run("run-0612", request, RunStatus.INCOMPLETE, at("54:30:00"), at("54:31:12"), **facts)


def results() -> tuple[AssignmentResult, ...]:
    busy, fight = "CAD-0612-0417", "CAD-0612-0502"
    late = with_gaps(attended(busy, "1042", "20:09:50", "20:14:05", "20:52:00"), span("20:14:05", "20:15:39"), late_s=94)
    late = replace(late, unusable=(span("20:33:10", "20:33:58"),), usable_us=late.covered_us - 48 * SECOND_US)
    broken = with_gaps(
        attended(busy, "2077", "20:11:00", "20:16:30", "20:50:00"),
        span("20:28:00", "20:32:40"),
        span("20:41:00", "20:42:30"),
    )
    substituted = Window(span("20:16:30", "20:50:00"), "on_scene", "incident_closed", is_substituted=True)
    nobody = with_gaps(attended(fight, "3310", "22:00:10", "22:05:00", "22:23:00"), span("22:05:00", "22:23:00"))
    waiting = replace(
        with_gaps(attended("CAD-0612-0533", "4008", "23:31:00", "23:40:00", "23:58:00"), span("23:40:00", "23:58:00")),
        outcome=Outcome.PENDING,
        reason=str(PendingReason.DEVICE_NOT_DOCKED),
        not_examined=("camera X60A4008 has not been docked since 12 Jun 2026, 17:02 UTC",),
    )
    stranger = AssignmentResult(
        "CAD-0612-0540", "PC-9X", Outcome.UNKNOWN, str(UnknownReason.IDENTITY), on_scene_us=at("24:10:00")
    )
    return (
        late,
        replace(broken, window=substituted, cleared_us=None, uncertainty_us=121 * SECOND_US),
        attended(busy, "5120", "20:12:00", "20:20:00", "20:45:00"),
        attended("CAD-0612-0455", "1042", "21:02:00", "21:08:00", "21:30:00"),
        nobody,
        attended(fight, "2077", "22:00:10", "22:06:10", "22:31:00"),
        waiting,
        stranger,
        turned_away("CAD-0612-0399", "5120", Bucket.CANCELLED),
        turned_away("CAD-0612-0401", "2077", Bucket.TEST_OR_CALLBACK),
        turned_away("CAD-0612-0403", "6001", Bucket.NO_CAMERA_ISSUED),
        turned_away("CAD-0612-0403", "5120", Bucket.NEVER_ON_SCENE),
    )


def incidents() -> tuple[IncidentResult, ...]:
    return (
        incident("CAD-0612-0399", "Alarm", "20:01:00", "20:05:00"),
        incident("CAD-0612-0401", "TEST", "20:02:00", "20:03:00", priority=None),
        incident("CAD-0612-0403", "Lost property", "20:04:00", "20:30:00", priority="4"),
        incident(
            "CAD-0612-0417",
            "Disturbance in licensed premises",
            "20:08:30",
            "20:53:10",
            priority="1",
            uncovered=(span("20:14:05", "20:15:39"),),
        ),
        incident("CAD-0612-0455", "Traffic stop", "21:01:00", "21:31:00"),
        incident("CAD-0612-0502", "Fight in progress", "21:59:40", "22:32:00", priority="1"),
        incident("CAD-0612-0533", "Welfare check", "23:30:00", None, uncovered=None),
        incident("CAD-0612-0540", "Theft", "24:02:00", "24:40:00", uncovered=None),
    )


def segments() -> tuple[PlacedSegment, ...]:
    busy = "CAD-0612-0417"
    black = UnusableSpan(FindingKind.BLACK_VIDEO, span("20:33:10", "20:33:58"))
    muted = UnusableSpan(FindingKind.AUDIO_MUTED, span("20:36:00", "20:38:30"))
    return (
        recorded(busy, "bwv-1042-a", "X60A1042", "1042", "20:15:09", "20:52:40", unusable=(black, muted)),
        recorded(busy, "bwv-2077-a", "X60A2077", "2077", "20:15:40", "20:28:00"),
        recorded(busy, "bwv-2077-b", "X60A2077", "2077", "20:32:40", "20:41:00", inspection_status="partial"),
        recorded(busy, "bwv-2077-c", "X60A2077", "2077", "20:42:30", "20:50:30"),
        recorded(
            busy,
            "bwv-5120-a",
            "X60A5120",
            "5120",
            "20:18:00",
            "20:46:00",
            inspection_status=None,
            not_examined=("access to the video was denied",),
        ),
        recorded(busy, "bwv-pool-7", "POOL07", None, "20:21:00", "20:27:30", inspection_status="complete"),
        recorded("CAD-0612-0455", "bwv-1042-b", "X60A1042", "1042", "21:06:30", "21:29:08"),
        recorded("CAD-0612-0502", "bwv-2077-d", "X60A2077", "2077", "22:05:00", "22:33:00"),
        recorded("CAD-0612-0502", "bwv-3310-x", "X60A3310", "3310", "30:05:00", "30:20:00", role="tagged"),
    )


def findings() -> tuple[ObservedFinding, ...]:
    gone = replace(nothing_found(), incident_id="CAD-0612-0455", officer_id="1042", window=None, spans=())
    return (
        observed(late_activation(), disposition="Explained by the officer: camera restarted on the way."),
        observed(several_gaps(), Change.CHANGED, cause="segment bwv-2077-c was uploaded since; 14 min less"),
        observed(black_picture()),
        observed(nothing_found(), Change.REOPENED, cause="segment bwv-3310-x was moved to another time"),
        observed(clock_was_off(), Change.UNCHANGED),
        observed(borderline_end()),
        observed(no_number_entered(), Change.UNCHANGED),
        observed(gone, Change.RESOLVED, cause="segment bwv-1042-b was uploaded since"),
    )


def rejected_rows() -> tuple[RejectedRow, ...]:
    return (
        RejectedRow(
            RowRef("cad/assignments.csv", 7), "on_scene_at", RejectReason.TIME_WITHOUT_ZONE, "no zone", "2026-06-12 20:14"
        ),
        RejectedRow(RowRef("footage/bwv-0000.json"), "", RejectReason.NOT_JSON, "ends inside a string", '{"footage_id": "b'),
    )


def stills(jpeg: bytes = SMALL_JPEG) -> dict[str, tuple[PlacedStill, ...]]:
    start_us = at("20:15:09")
    seconds = (60, 480, 1085, 1100, 1115, 1500, 2000)
    first = tuple(
        PlacedStill(start_us + second * SECOND_US, jpeg, f"{second:064x}", second * SECOND_US) for second in seconds
    )
    return {"bwv-1042-a": first, "bwv-1042-b": (PlacedStill(at("21:10:00"), jpeg, "0" * 64, 210 * SECOND_US),)}


def levels(seconds: int, silent: tuple[Span, ...] = (), absent: tuple[Span, ...] = (), **more: Any) -> SoundLevels:
    """A block a second of talk around -30 dB, with digital silence and without sound in the given media time."""
    starts = np.arange(seconds, dtype=np.int64) * SECOND_US
    dbfs = np.round(-34 + 14 * np.sin(np.arange(seconds) * 0.37) * np.sin(np.arange(seconds) * 0.011), 1)
    for part in silent:
        dbfs[(starts >= part.start_us) & (starts < part.end_us)] = -200.0
    kept = np.ones(seconds, dtype=bool)
    for part in absent:
        kept &= (starts < part.start_us) | (starts >= part.end_us)
    facts: dict[str, Any] = {"examined": (Span(0, seconds * SECOND_US),), **more}
    return SoundLevels(starts[kept], starts[kept] + SECOND_US, dbfs[kept], **facts)


def sheet(start_s: int, end_s: int, jpeg: bytes = SMALL_JPEG, **more: Any) -> SheetPage:
    """One page of a file, with its preview."""
    content = jpeg + bytes([start_s // 60 % 256])
    facts: dict[str, Any] = {"preview": jpeg, **more}
    return SheetPage(
        Span(start_s * SECOND_US, end_s * SECOND_US), content, hashlib.sha256(content).hexdigest(), end_s - start_s, **facts
    )


def seconds_of(start_s: float, end_s: float) -> Span:
    return Span(round(start_s * SECOND_US), round(end_s * SECOND_US))


def defect(kind: DefectKind, start_s: float, end_s: float, confidence: float = 0.97) -> Defect:
    return Defect(kind, round(start_s * SECOND_US), round(end_s * SECOND_US), confidence)


def burned_in(offset_s: int = -47) -> BurnedInClock:
    """Six readings of the first file of officer 1042, all of them behind the metadata."""
    device_us = at("20:15:13")
    readings = tuple(
        ClockReading(second * SECOND_US, "2026-06-12T20:1x:xxZ", device_us + (second + offset_s) * SECOND_US)
        for second in (5, 400, 800, 1200, 1600, 2200)
    )
    return BurnedInClock(6, readings, 6, offset_s * SECOND_US, SECOND_US)


def evidence() -> dict[str, InspectionEvidence]:
    """A deep look into three files of the busy incident; the third has sound that could not be decoded whole."""
    first = InspectionEvidence(
        effort=Effort(88_200_000, 41, 67_530, 2251 * SECOND_US, 2251 * SECOND_US, 33_367, 2251 * SECOND_US),
        is_deep=True,
        defects=(
            defect(DefectKind.SILENT_LEAD_IN, 0, 30),
            defect(DefectKind.LOW_LIGHT, 40, 700, 0.9),
            defect(DefectKind.BLACK_VIDEO, 1081, 1129),
            defect(DefectKind.AUDIO_MUTED, 1251, 1401, 1.0),
            defect(DefectKind.BLURRED_VIEW, 1500.033, 1561.6, 0.81),
            defect(DefectKind.UNIFORM_PICTURE, 1700, 1712),
            defect(DefectKind.TRUNCATED, 2251, 2251, 1.0),
        ),
        sound=levels(2251, silent=(seconds_of(0, 30), seconds_of(1251, 1401))),
        clock=burned_in(),
        pages=(
            sheet(1020, 1080),
            sheet(1080, 1140, damaged=3),
            sheet(1140, 1200, without_frame=12, not_looked_at=5, world_start_us=at("20:15:00")),
        ),
    )
    second = InspectionEvidence(
        effort=Effort(9_100_000, 12, 96, 740 * SECOND_US, 700 * SECOND_US, 30 * SECOND_US, 960 * SECOND_US, 240 * SECOND_US),
        sound=levels(
            740,
            absent=(seconds_of(200, 290), seconds_of(500, 540)),
            failed=(seconds_of(500, 540),),
            examined=(seconds_of(0, 700),),
        ),
        clock=BurnedInClock(4, why_not="no line of text looks like a clock"),
    )
    third = InspectionEvidence(effort=Effort(1_200_000, 5, 20, 500 * SECOND_US, 0, 30 * SECOND_US, None), is_soundless=True)
    return {"bwv-1042-a": first, "bwv-2077-a": second, "bwv-2077-b": third}


def agreements() -> dict[str, tuple[SoundAgreement, ...]]:
    return {
        "CAD-0612-0417": (
            SoundAgreement("bwv-1042-a", "bwv-2077-a", 3_200_000, 100_000, 31, 44),
            SoundAgreement("bwv-1042-a", "bwv-pool-7", why_not="different"),
        )
    }


def a_night() -> RunReportInput:
    """Eight incidents: findings of every severity, clean ones, a pending, an unknown, excluded ones."""
    return RunReportInput(
        run=run(),
        results=results(),
        incidents=incidents(),
        segments=segments(),
        observed=findings(),
        rejected=rejected_rows(),
        rates=rate_table(results()),
        book=rate_book(results(), ZoneInfo("Europe/London"), "Europe/London"),
        noise=(ReviewedNoise(FindingKind.LATE_ACTIVATION, "RS-5c0ffee5a4b1", 24, 2, 1, 0.0871, 0.0243, 0.2677),),
        policy=policy(),
        stills=stills(),
        evidence=evidence(),
        agreements=agreements(),
        effort=Effort(
            98_500_000, 58, 67_646, 3491 * SECOND_US, 2951 * SECOND_US, 30 * SECOND_US, 3500 * SECOND_US, 140 * SECOND_US
        ),
    )


def a_quiet_night() -> RunReportInput:
    """Nothing happened and nothing was kept back."""
    return RunReportInput(
        run=replace(run(not_examined=(), counts={}), status=RunStatus.COMPLETE),
        results=(),
        incidents=(),
        segments=(),
        observed=(),
        rejected=(),
        rates=rate_table(()),
        policy=policy(),
    )
