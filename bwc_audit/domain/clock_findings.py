"""Findings about the clock of a camera: what its dock measured, and what the anchors of its days prove.

One finding a camera and kind: the words are of the firmest, then largest that was measured; the days and recordings of all
of it stand beside. Findings of one camera from several stretches of a period are put together in the same way, so that it
does not matter in how many pieces it is decided.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from bwc_audit.domain.clock_anchors import AnchorKind
from bwc_audit.domain.clock_days import ClockDay
from bwc_audit.domain.clocks import STATED_BY_CHECKS, ClockChecks, kinds_of
from bwc_audit.domain.findings import Evidence, Finding, FindingGroup, FindingKind, Severity
from bwc_audit.domain.phrases import said_day_time, said_length
from bwc_audit.domain.records import DeviceEvent, Segment
from bwc_audit.domain.times import SECOND_US, Span, iso_utc, us_of_seconds

#: Of many recordings that an offset rests on, this many are evidence of the finding.
_MOST_EVIDENCE = 20

_KIND_WORDS = {
    AnchorKind.TAGGED: "tagged recordings",
    AnchorKind.OVERLAY: "clocks in pictures",
    AnchorKind.UPLOAD: "upload times",
}


@dataclass(frozen=True, slots=True)
class _Check:
    at_us: int
    offset_us: int
    event: DeviceEvent
    elapsed_us: int | None


def clock_findings(
    checks: ClockChecks,
    period: Span,
    used: Collection[DeviceEvent],
    segments: Sequence[Segment] = (),
    is_own: Callable[[int], bool] = lambda _: True,
) -> Iterator[Finding]:
    """At most one finding a device and kind: for the checks inside ``period`` and those ``used`` to place its recordings
    (a camera is often docked only the morning after), and for what anchors say of days on which it recorded.
    ``segments``: those that the days were estimated from. ``is_own``: whether what was measured at a time (of a day: its
    beginning in true time) is asked for; what lies around it is known all the same."""
    by_subject: dict[tuple[str, FindingKind], list[Finding]] = defaultdict(list)
    for kind, device_id, check in _largest(checks, period, used, is_own):
        by_subject[device_id, kind].append(_of_check(kind, device_id, check, checks.rules.clause))
    for day in checks.days:
        if _is_worth_a_finding(day, checks) and is_own(day.true_start_us):
            by_subject[day.device_id, FindingKind.CLOCK_OFFSET].append(_of_day(day, checks, segments))
    for _, found in sorted(by_subject.items()):
        yield _together(found)


def is_of_camera(finding: Finding) -> bool:
    """Whether a finding is one of these: about the clock of a camera rather than of one recording."""
    return finding.kind.group is FindingGroup.CLOCK and finding.device_id is not None and finding.recording_id is None


def with_earlier(findings: Iterable[Finding], earlier: Mapping[str, Finding]) -> tuple[Finding, ...]:
    """The findings, those about a camera's clock put together with what was said of it before (by fingerprint)."""
    return tuple(
        _together([earlier[one.fingerprint], one]) if is_of_camera(one) and one.fingerprint in earlier else one
        for one in findings
    )


def _largest(
    checks: ClockChecks, period: Span, used: Collection[DeviceEvent], is_own: Callable[[int], bool]
) -> Iterator[tuple[FindingKind, str, _Check]]:
    """The largest check of each device and kind."""
    found: dict[tuple[str, FindingKind], _Check] = {}
    events = checks.events
    befores = (None, *events[:-1]) if events else ()
    elapsed = [
        event.at_us - before.at_us if before is not None and before.device_id == event.device_id else None
        for before, event in zip(befores, events, strict=True)
    ]
    says = kinds_of(checks.offset_us, np.array([one or 0 for one in elapsed], np.int64), checks.rules)
    for kind, is_said in zip(STATED_BY_CHECKS, says, strict=True):
        for place in np.flatnonzero(is_said).tolist():
            event, offset_us = events[place], int(checks.offset_us[place])
            if not period.start_us <= event.at_us < period.end_us and event not in used:
                continue
            key = (event.device_id, kind)
            if abs(offset_us) > abs(found[key].offset_us if key in found else 0):
                found[key] = _Check(event.at_us, offset_us, event, elapsed[place])
    for (device_id, kind), check in found.items():
        yield kind, device_id, check


def _of_check(kind: FindingKind, device_id: str, check: _Check, clause: str) -> Finding:
    measured = (
        f"the dock measured the clock of {device_id} {check.offset_us / SECOND_US:+.1f} s off at {iso_utc(check.at_us)}"
    )
    if kind is FindingKind.CLOCK_OFFSET or check.elapsed_us is None:
        message = f"{measured}; recordings before it are placed with this offset taken out."
    else:
        rate_ppm = abs(check.offset_us) / check.elapsed_us * 1e6
        word = "a step" if kind is FindingKind.CLOCK_JUMP else "a drift"
        hours = check.elapsed_us / SECOND_US / 3600
        message = f"{measured}, {hours:.1f} h after it was set right: {word} ({rate_ppm:.0f} ppm)."
    return Finding(
        kind=kind,
        clause=clause,
        severity=Severity.MEDIUM,
        message=message[0].upper() + message[1:],
        device_id=device_id,
        seconds_us=abs(check.offset_us),
        evidence=(Evidence("device_event", str(check.event.row), check.at_us),),
    )


def _is_worth_a_finding(day: ClockDay, checks: ClockChecks) -> bool:
    """Applied, or a recording ends after its upload, or at least two anchors point the same way."""
    return day.is_applied or day.at_least_us >= us_of_seconds(checks.rules.offset_s) or day.anchors >= 2


def _of_day(day: ClockDay, checks: ClockChecks, segments: Sequence[Segment]) -> Finding:
    """Spans by the camera's own clock; the recordings as evidence when, by the anchors, they were made: that is when a run
    looks at them again."""
    least_us = us_of_seconds(checks.rules.offset_s)
    size_us = abs(day.offset_us) if day.is_applied or not day.at_least_us else day.at_least_us
    uncertainty_us = day.uncertainty_us + day.spread_us if day.is_applied else abs(day.offset_us)
    is_firm = day.is_applied or day.at_least_us >= least_us
    rows = [segments[subject] for subject in day.subjects if subject < len(segments)]
    return Finding(
        kind=FindingKind.CLOCK_OFFSET,
        clause=checks.rules.clause,
        severity=Severity.MEDIUM,
        message=_message(day),
        device_id=day.device_id,
        footage_ids=tuple(sorted({row.footage_id for row in rows})),
        spans=(Span(day.start_us, day.end_us),),
        seconds_us=size_us,
        uncertainty_us=uncertainty_us if day.is_applied or not is_firm else 0,
        margin_us=max(0, size_us - least_us),
        is_borderline=not is_firm or (day.is_applied and size_us - least_us <= uncertainty_us),
        evidence=tuple(Evidence("footage", str(row.row), row.media_started_us - day.offset_us, row.sha256) for row in rows),
    )


def _message(lead: ClockDay) -> str:
    day = f"From {said_day_time(lead.start_us)} to {said_day_time(lead.end_us)}"
    kinds = " and ".join(_KIND_WORDS[kind] for kind in lead.kinds)
    if not lead.is_applied and lead.kinds == (AnchorKind.UPLOAD,):
        count = "a recording ends after its own upload"
        if lead.anchors > 1:
            count = f"{lead.anchors} recordings end after their own uploads"
        said = f"{day} (device time) {count}, by {said_length(lead.at_least_us)} more than clocks may be off anyway"
        return f"{said}: the clock of {lead.device_id} was at least that far ahead. Nothing is moved by it."
    side = "ahead" if lead.offset_us > 0 else "behind"
    said = (
        f"{day} (device time) the times of {lead.device_id} were {said_length(abs(lead.offset_us))} {side}: "
        f"{lead.anchors} anchors ({kinds}) say so, spread {said_length(lead.spread_us)}, {lead.against} say otherwise"
    )
    if lead.is_applied:
        return f"{said}. Recordings of that day are placed with this offset taken out: {lead.why}."
    return f"{said}. Not applied: {lead.why}."


def _together(found: Sequence[Finding]) -> Finding:
    """What is said of one camera as one finding, in whatever order it comes: the firm one, then the larger one, leads."""
    lead, *rest = sorted(found, key=lambda one: (one.is_borderline, -one.seconds_us, one.message))
    docked = next((events for one in (lead, *rest) if (events := _evidence([one], "device_event"))), ())
    return replace(
        lead,
        footage_ids=tuple(sorted({footage_id for one in found for footage_id in one.footage_ids})),
        spans=tuple(sorted({span for one in found for span in one.spans}, key=lambda span: (span.start_us, span.end_us))),
        evidence=(*docked, *_evidence(found, "footage")[:_MOST_EVIDENCE]),
    )


def _evidence(found: Sequence[Finding], of_type: str) -> tuple[Evidence, ...]:
    items = {(item.at_us or 0, item.ref): item for one in found for item in one.evidence if item.type == of_type}
    return tuple(item for _, item in sorted(items.items()))
