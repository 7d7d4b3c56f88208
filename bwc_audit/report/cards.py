"""One finding in words: as a card with everything that is known about it, and as a line in a list."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import TypeVar
from zoneinfo import ZoneInfo

from markupsafe import Markup

from bwc_audit.domain.explanation_rank import strength_of
from bwc_audit.domain.findings import ABSENCE_KINDS, Evidence, Explanation, Finding, FindingKind, Severity, Window
from bwc_audit.domain.runs import Change, FindingState, ObservedFinding
from bwc_audit.domain.times import SECOND_US
from bwc_audit.report.contexts import (
    EvidenceView,
    ExplanationView,
    Fact,
    FindingCard,
    FindingLine,
    PlacedStill,
    RunReportInput,
    StillView,
)
from bwc_audit.report.file_names import page_name
from bwc_audit.report.words import CHANGE, EXPLANATION, KIND, SEVERITY, STRENGTH, humanised, reference
from bwc_audit.report.zone_times import clock, length, moment, stretch

_Still = TypeVar("_Still")
_MOST_STILLS = 8
_SEVERITY_ORDER = {Severity.HIGH: 0, Severity.MEDIUM: 1, Severity.LOW: 2}
_KIND_ORDER = {kind: index for index, kind in enumerate(FindingKind)}
#: Kinds whose message says that something was not found; the card adds where, and as of when.
_NOT_FOUND = {FindingKind.NO_FOOTAGE, FindingKind.OBJECT_MISSING, FindingKind.METADATA_MISSING}


def is_counted(observed: ObservedFinding) -> bool:
    """Open, and beyond the clock uncertainty."""
    return observed.state == FindingState.OPEN and not observed.finding.is_borderline


def by_weight(observed: ObservedFinding) -> tuple[int, int, str, str, str]:
    """Sort key: severity, kind, incident, officer, fingerprint."""
    finding = observed.finding
    subject = (finding.incident_id or "", finding.officer_id or "", finding.fingerprint)
    return (_SEVERITY_ORDER[finding.severity], _KIND_ORDER[finding.kind], *subject)


def finding_card(observed: ObservedFinding, report: RunReportInput, zone: ZoneInfo) -> FindingCard:
    """Everything about one finding; stills are those whose time lies inside its spans."""
    finding, policy = observed.finding, report.policy
    clause = policy.clauses.get(finding.clause)
    return FindingCard(
        anchor=f"f-{finding.fingerprint}",
        kind=KIND[finding.kind],
        severity=SEVERITY[finding.severity],
        style=str(finding.severity),
        subject=subject_of(finding, with_incident=False),
        message=finding.message,
        is_borderline=finding.is_borderline,
        gone="" if observed.state == FindingState.OPEN else str(observed.state),
        change=change_words(observed),
        disposition=observed.disposition or "",
        clause=clause.text if clause else f"Clause “{finding.clause}” is not part of this policy.",
        clause_reference=clause.reference if clause else "",
        clause_note=clause.note if clause else "",
        facts=_facts(finding, report, zone),
        spans=tuple(Fact(stretch(span, zone), length(span.length_us)) for span in finding.spans),
        reliability=reliability(finding),
        explanations=tuple(_explanation(explanation) for explanation in finding.explanations),
        evidence=tuple(_evidence(evidence, zone) for evidence in finding.evidence),
        not_examined=finding.not_examined,
        stills=_stills_inside(finding, report, zone),
    )


def finding_line(observed: ObservedFinding, note: str = "", folder: str = "incidents/") -> FindingLine:
    """One finding in a list of the run."""
    finding = observed.finding
    page = f"{folder}{page_name(finding.incident_id)}" if finding.incident_id else ""
    return FindingLine(
        kind=KIND[finding.kind],
        severity=SEVERITY[finding.severity],
        subject=subject_of(finding, with_incident=True),
        message=finding.message,
        note=note,
        href=f"{page}#f-{finding.fingerprint}",
    )


def subject_of(finding: Finding, with_incident: bool) -> str:
    """Whom and what a finding is about: *incident 17, officer 1042, camera X1*."""
    parts = [
        f"incident {finding.incident_id}" if with_incident and finding.incident_id else "",
        f"officer {finding.officer_id}" if finding.officer_id else "",
        f"camera {finding.device_id}" if finding.device_id else "",
        f"recording {finding.recording_id}" if finding.recording_id else "",
    ]
    text = ", ".join(part for part in parts if part)
    return text[:1].upper() + text[1:] if text else "Whole incident"


def change_words(observed: ObservedFinding) -> str:
    """How it stands against the previous run, with the cause; empty where nothing changed."""
    if observed.change == Change.UNCHANGED:
        return ""
    return f"{CHANGE[observed.change]}: {observed.cause}" if observed.cause else CHANGE[observed.change]


def reliability(finding: Finding) -> str:
    """What clocks can change about it."""
    if finding.uncertainty_us is None:
        return (
            "No clocks are compared for this."
            if finding.margin_us is None
            else f"Holds for clock errors within ±{length(finding.margin_us)}."
        )
    clocks = f"The clocks compared may differ by up to ±{length(finding.uncertainty_us)}."
    if finding.margin_us is None:
        return f"No clock error could change it. {clocks}"
    if finding.is_borderline:
        return f"A clock error of {length(finding.margin_us)} could account for it. {clocks} It is therefore not counted."
    return f"Holds for clock errors within ±{length(finding.margin_us)}. {clocks}"


def window_words(window: Window, zone: ZoneInfo) -> str:
    """The window and what opened and closed it."""
    text = f"{stretch(window.span, zone)}, from {reference(window.start_reference)} to {reference(window.end_reference)}"
    return f"{text} (a substitute: the first choice of the policy is not recorded)" if window.is_substituted else text


def still_view(still: PlacedStill, footage_id: str, zone: ZoneInfo) -> StillView:
    """One frame as a ``data:`` address with its time."""
    picture = base64.b64encode(still.jpeg).decode("ascii")
    at = clock(still.at_us, zone)
    into = length(still.media_at_us)
    return StillView(
        source=Markup("data:image/jpeg;base64,{}").format(picture),
        caption=f"{at} · {into} into {footage_id}",
        alternative=f"Frame of recording {footage_id} at {at}",
    )


def _facts(finding: Finding, report: RunReportInput, zone: ZoneInfo) -> tuple[Fact, ...]:
    request = report.run.request
    facts = [Fact("Measured", length(finding.seconds_us))] if finding.seconds_us else []
    if finding.window is not None:
        facts.append(Fact("Required window", window_words(finding.window, zone)))
    if finding.footage_ids:
        facts.append(Fact("Files", ", ".join(finding.footage_ids)))
    if finding.kind in _NOT_FOUND:
        facts.append(Fact("Looked for in", f"{request.source}, as of {moment(request.as_of_us, zone)}"))
    return tuple(facts)


def _explanation(explanation: Explanation) -> ExplanationView:
    title = f"{EXPLANATION[explanation.kind]} ({STRENGTH[strength_of(explanation.kind)]})"
    return ExplanationView(title, explanation.speaks_for, explanation.speaks_against)


def _evidence(evidence: Evidence, zone: ZoneInfo) -> EvidenceView:
    time = moment(evidence.at_us, zone) if evidence.at_us is not None else ""
    return EvidenceView(humanised(evidence.type), evidence.ref, time, evidence.sha256 or "")


def _stills_inside(finding: Finding, report: RunReportInput, zone: ZoneInfo) -> tuple[StillView, ...]:
    inside = [
        still_view(still, footage_id, zone)
        for footage_id in finding.footage_ids
        for still in sorted(report.stills.get(footage_id, ()), key=lambda still: still.at_us)
        if shows(still.at_us, finding)
    ]
    return tuple(spread(inside, _MOST_STILLS))


def shows(at_us: int, finding: Finding) -> bool:
    """Frames inside what was found; also those within a second of an absence, which has none inside, and of what is shorter
    than a second. Elsewhere a frame beside a defect would show the opposite of it."""
    is_beside = finding.kind in ABSENCE_KINDS
    for span in finding.spans:
        slack_us = SECOND_US if is_beside or span.length_us < SECOND_US else 0
        if span.start_us - slack_us <= at_us < span.end_us + slack_us:
            return True
    return False


def spread(stills: Sequence[_Still], most: int) -> list[_Still]:
    """At most ``most`` of them, evenly spread, first and last kept."""
    if len(stills) <= most:
        return list(stills)
    return [stills[index * (len(stills) - 1) // (most - 1)] for index in range(most)]
