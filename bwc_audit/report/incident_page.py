"""The page of one incident: facts, the picture, what became of each officer, findings in full, files and frames."""

from __future__ import annotations

from collections.abc import Sequence
from zoneinfo import ZoneInfo

from markupsafe import Markup

from bwc_audit.domain.findings import Finding
from bwc_audit.domain.results import AssignmentResult, IncidentResult, Outcome, PlacedSegment, Waiting
from bwc_audit.domain.runs import FindingState, ObservedFinding
from bwc_audit.report.banner import incident_banner
from bwc_audit.report.cards import finding_card, is_counted, spread, still_view, window_words
from bwc_audit.report.contexts import Chip, Fact, IncidentPage, OfficerView, RunReportInput, SegmentView, StillView
from bwc_audit.report.evidence_words import agreement_sentence, effort_facts, file_evidence
from bwc_audit.report.rendering import page_frame, render
from bwc_audit.report.sound_strip import describe_sound, draw_sound
from bwc_audit.report.sources_section import waiting_words
from bwc_audit.report.timeline import SHEETS, Scene, describe, draw_timeline
from bwc_audit.report.words import OUTCOME, outcome_sentence, plural, reason_label
from bwc_audit.report.zone_times import length, moment, moment_utc, stretch

_MOST_STILLS = 6
_STATUS = {
    None: "not looked into",
    "complete": "looked into",
    "partial": "looked into in part",
    "unreadable": "could not be read",
}


def incident_page(scene: Scene, report: RunReportInput, *, with_picture: bool = True) -> IncidentPage:
    """Everything the run knows about one incident. Incidents that were never read have a page as well. Without its picture
    for whoever has drawn it already."""
    own, zone = scene.observed, scene.zone
    cards = [finding_card(observed, report, zone) for observed in own if is_counted(observed)]
    near = [o for o in own if o.state == FindingState.OPEN and o.finding.is_borderline]
    resolved = [o for o in own if o.state == FindingState.RESOLVED]
    replaced = [o for o in own if o.state == FindingState.REPLACED]
    return IncidentPage(
        page=page_frame(f"Incident {scene.incident_id}", report.run),
        banner=incident_banner(scene, report),
        heading=f"Incident {scene.incident_id}",
        facts=_facts(scene, report),
        picture=_picture(scene) if with_picture else Markup(""),
        picture_sentence=describe(scene),
        sound=Markup("").join(render(strip) for sheet in SHEETS if (strip := draw_sound(scene, sheet)) is not None),
        sound_sentences=describe_sound(scene),
        agreements=_agreements(scene),
        officers=tuple(_officer(result, own, zone, report.waiting) for result in scene.results),
        officers_sentence=_officers_sentence(scene),
        cards=tuple(cards),
        cards_sentence="" if cards else f"No finding among {_examined(scene)}.",
        borderline=tuple(finding_card(observed, report, zone) for observed in near),
        borderline_sentence="" if near else f"No borderline observation among {_examined(scene)}.",
        replaced=tuple(finding_card(observed, report, zone) for observed in replaced),
        resolved=tuple(finding_card(observed, report, zone) for observed in resolved),
        segments=tuple(_segment(segment, report, [o.finding for o in own], zone) for segment in scene.segments),
        segments_sentence="" if scene.segments else _no_files(report, zone),
    )


def _facts(scene: Scene, report: RunReportInput) -> tuple[Fact, ...]:
    incident, zone, request = scene.incident, scene.zone, report.run.request
    facts = _incident_facts(incident, zone) if incident else [Fact("Record", "This incident was not read.")]
    facts += [
        Fact("As of", f"{moment(request.as_of_us, zone)} ({moment_utc(request.as_of_us)})"),
        Fact("Policy", f"{report.policy.title}, {request.policy_id} {request.policy_version}"),
        Fact("Time zone", f"{request.timezone}; UTC is given below the timeline"),
    ]
    return tuple(facts)


def _incident_facts(incident: IncidentResult, zone: ZoneInfo) -> list[Fact]:
    closed = moment(incident.closed_us, zone) if incident.closed_us is not None else "still open"
    facts = [Fact("Call type", incident.call_type)]
    facts += [Fact("Priority", incident.priority)] if incident.priority else []
    facts += [Fact("Area", incident.area)] if incident.area else []
    return [*facts, Fact("Opened", moment(incident.opened_us, zone)), Fact("Closed", closed)]


def _picture(scene: Scene) -> Markup:
    pictures = [draw_timeline(scene, sheet) for sheet in SHEETS]
    return Markup("").join(render(picture) for picture in pictures if picture is not None)


def _officer(
    result: AssignmentResult, own: Sequence[ObservedFinding], zone: ZoneInfo, waiting: Sequence[Waiting] = ()
) -> OfficerView:
    mine = sum(o.finding.officer_id == result.officer_id and is_counted(o) for o in own)
    facts = []
    if result.unit or result.unit_id:
        facts.append(Fact("Unit", ", ".join(part for part in (result.unit, result.unit_id) if part)))
    if result.window is not None:
        facts.append(Fact("Required window", window_words(result.window, zone)))
        facts += _measures(result, zone)
    if result.outcome not in (Outcome.EXCLUDED, Outcome.PENDING, Outcome.UNKNOWN):
        facts.append(Fact("Findings", plural(mine, "finding") if mine else "none that names this officer"))
    mine_waits = (one for one in waiting if (one.incident_id, one.officer_id) == (result.incident_id, result.officer_id))
    waits = [waiting_words(one, zone) for one in mine_waits]
    label = OUTCOME[result.outcome]
    detail = reason_label(result.reason)
    return OfficerView(
        officer=f"Officer {result.officer_id}",
        chip=Chip(f"{label}: {detail}" if detail else label, str(result.outcome)),
        reason=" ".join([outcome_sentence(result), *waits]),
        facts=tuple(facts),
        not_examined=result.not_examined,
    )


def _measures(result: AssignmentResult, zone: ZoneInfo) -> list[Fact]:
    """Numbers of a window; absence is not stated before an assignment is decided."""
    is_decided = result.outcome in (Outcome.COVERED, Outcome.FINDINGS)
    facts = [Fact("Recorded", f"{length(result.covered_us)} of {length(result.required_us)} required")]
    if result.usable_us is not None:
        facts.append(Fact("Usable", f"{length(result.usable_us)} of the recorded time"))
    if result.unexamined_us:
        facts.append(Fact("Picture not looked at", length(result.unexamined_us)))
    if result.lateness_us is not None and is_decided:
        facts.append(Fact("Activation", _lateness(result)))
    if result.gaps and is_decided:
        facts.append(Fact("Not recorded", ", ".join(f"{stretch(g, zone)} ({length(g.length_us)})" for g in result.gaps)))
    if result.uncertainty_us is not None:
        facts.append(Fact("Clock uncertainty", f"±{length(result.uncertainty_us)}"))
    return facts


def _lateness(result: AssignmentResult) -> str:
    """In words; less than the clock says where exemptions cut out what lies between."""
    lateness_us = result.lateness_us or 0
    if lateness_us == 0:
        return "as the window opened"
    if lateness_us < 0:
        return f"{length(-lateness_us)} before the window opened"
    is_parted = result.window is not None and result.required_us < result.window.span.length_us
    return f"{length(lateness_us)}{' of required time' if is_parted else ''} after the window opened"


def _officers_sentence(scene: Scene) -> str:
    return "" if scene.results else "The dispatch records name no officer for this incident, so nothing had to be recorded."


def _examined(scene: Scene) -> str:
    looked = sum(segment.inspection_status is not None for segment in scene.segments)
    decided = sum(result.outcome in (Outcome.COVERED, Outcome.FINDINGS) for result in scene.results)
    return (
        f"{decided} of {plural(len(scene.results), 'assignment')} decided and "
        f"{looked} of {plural(len(scene.segments), 'file')} looked into"
    )


def _no_files(report: RunReportInput, zone: ZoneInfo) -> str:
    request = report.run.request
    return f"No file of this incident was found in {request.source} as of {moment(request.as_of_us, zone)}."


def _segment(segment: PlacedSegment, report: RunReportInput, own: Sequence[Finding], zone: ZoneInfo) -> SegmentView:
    evidence = report.evidence.get(segment.footage_id)
    status = _STATUS.get(segment.inspection_status, str(segment.inspection_status))
    examined = "; ".join((status, *(reason.removeprefix(f"{segment.footage_id}: ") for reason in segment.not_examined)))
    corrected = (
        f"device clock {length(segment.offset_us)} from true time, taken out" if segment.offset_us else "no offset known"
    )
    return SegmentView(
        footage=segment.footage_id,
        camera=segment.device_id,
        officer=segment.officer_id or "nobody",
        time=f"{stretch(segment.span, zone)} ({length(segment.span.length_us)})",
        clock=f"{corrected}; ±{length(segment.uncertainty_us)}",
        examined=examined + ("; tagged with this incident by hand" if segment.role == "tagged" else ""),
        stills=_other_stills(segment, report, own, zone),
        effort=effort_facts(evidence.effort, is_deep=evidence.is_deep) if evidence else (),
        evidence=file_evidence(segment, evidence, zone) if evidence else None,
    )


def _agreements(scene: Scene) -> tuple[str, ...]:
    cameras = {segment.footage_id: segment.device_id for segment in scene.segments}
    return tuple(agreement_sentence(pair, cameras) for pair in scene.agreements)


def _other_stills(
    segment: PlacedSegment, report: RunReportInput, own: Sequence[Finding], zone: ZoneInfo
) -> tuple[StillView, ...]:
    """Frames of a file that no card shows already."""
    shown = [span for finding in own if segment.footage_id in finding.footage_ids for span in finding.spans]
    stills = [
        still_view(still, segment.footage_id, zone)
        for still in sorted(report.stills.get(segment.footage_id, ()), key=lambda still: still.at_us)
        if not any(span.start_us <= still.at_us < span.end_us for span in shown)
    ]
    return tuple(spread(stills, _MOST_STILLS))
