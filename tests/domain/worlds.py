"""Small worlds that read like a sentence: officers, cameras, an incident, recordings, and what a decision makes of them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from bwc_audit.domain.decide import decide
from bwc_audit.domain.findings import Finding, FindingKind
from bwc_audit.domain.inspection import Inspection
from bwc_audit.domain.matching import Matching, match
from bwc_audit.domain.policy import Policy
from bwc_audit.domain.records import (
    Assignment,
    Device,
    DeviceEvent,
    DeviceEventKind,
    Exemption,
    Holding,
    Incident,
    Officer,
    Records,
    RowRef,
    Segment,
    StoredObject,
)
from bwc_audit.domain.results import AssignmentResult, Decision
from bwc_audit.domain.times import DAY_US, HOUR_US, SECOND_US, Span, us_of
from bwc_audit.sources.policy_files import load_policy

#: 20:00 on a summer evening; times below are seconds from it.
EVENING_US = us_of(datetime(2025, 5, 24, 20, 0, tzinfo=UTC))
UK = load_policy("uk_generic")


def at(seconds: float) -> int:
    """Microseconds UTC of a second of the evening."""
    return EVENING_US + round(seconds * SECOND_US)


@dataclass
class World:
    """A night under construction. Every method adds one fact and returns the world."""

    policy: Policy = UK
    as_of_us: int = EVENING_US + 30 * HOUR_US
    segments: list[Segment] = field(default_factory=list)
    incidents: list[Incident] = field(default_factory=list)
    assignments: list[Assignment] = field(default_factory=list)
    officers: list[Officer] = field(default_factory=list)
    devices: list[Device] = field(default_factory=list)
    holdings: list[Holding] = field(default_factory=list)
    exemptions: list[Exemption] = field(default_factory=list)
    events: list[DeviceEvent] = field(default_factory=list)
    missing_objects: set[str] = field(default_factory=set)
    inspections: dict[str, Inspection] = field(default_factory=dict)

    def officer(self, officer_id: str, camera: str | None = "cam", *, docked: bool = True, checked: bool = True) -> World:
        """An officer with a camera of their own, docked (and its clock checked) after the evening."""
        device_id = f"{camera}-{officer_id}" if camera == "cam" else camera
        issued = at(-1000 * 3600) if device_id else None
        self.officers.append(Officer(officer_id, "north", RowRef("roster/officers.csv", 2), camera_from_us=issued))
        if device_id:
            self.devices.append(
                Device(device_id, "Model 4", RowRef("roster/devices.csv", 2), configured_buffer_us=30 * SECOND_US)
            )
            self.holdings.append(Holding(device_id, officer_id, at(-1000 * 3600), RowRef("roster/holders.csv", 2)))
            if docked:
                self.event(device_id, DeviceEventKind.DOCK, 8 * 3600)
            if checked:
                self.event(device_id, DeviceEventKind.CLOCK_CHECK, 8 * 3600, "0")
        return self

    def event(self, device_id: str, kind: DeviceEventKind, second: float, value: str | None = None) -> World:
        self.events.append(DeviceEvent(device_id, at(second), kind, RowRef("events/device_events.csv", 2), value))
        return self

    def incident(self, incident_id: str = "I1", call_type: str = "DOMESTIC", opened: float = -300, **more: Any) -> World:
        self.incidents.append(Incident(incident_id, call_type, at(opened), RowRef("cad/incidents.csv", 2), **more))
        return self

    def attended(
        self,
        officer_id: str,
        arrival: float | None = 0,
        clear: float | None = 300,
        incident_id: str = "I1",
        *,
        dispatched: float | None = -120,
        cancelled: bool = False,
        line: int = 2,
    ) -> World:
        self.assignments.append(
            Assignment(
                incident_id,
                officer_id,
                RowRef("cad/assignments.csv", line),
                dispatched_us=None if dispatched is None else at(dispatched),
                on_scene_us=None if arrival is None else at(arrival),
                cleared_us=None if clear is None else at(clear),
                is_cancelled=cancelled,
            )
        )
        return self

    def recorded(
        self,
        officer_id: str | None,
        start: float,
        end: float,
        name: str = "R1",
        *,
        device: str | None = None,
        activated: float | None = None,
        **more: Any,
    ) -> World:
        """A recording from ``start`` to ``end``, activated 30 s after its media start unless said otherwise."""
        pressed = start + 30 if activated is None else activated
        defaults: dict[str, Any] = {
            "object_key": f"footage/{name}.mp4",
            "activated_us": at(pressed),
            "uploaded_us": at(end) + HOUR_US,
            "incident_ids": ("I1",),
            "categories": ("incident",),
            "retention_until_us": at(end) + 31 * DAY_US,
        }
        self.segments.append(
            Segment(
                footage_id=name,
                device_id=device or f"cam-{officer_id}",
                media_started_us=at(start),
                duration_us=at(end) - at(start),
                row=RowRef(f"footage/{name}.json"),
                officer_id=officer_id,
                **(defaults | more),
            )
        )
        return self

    def exempt(self, officer_id: str, start: float | None = None, end: float | None = None) -> World:
        row = RowRef("exemptions/e.csv", 2)
        low, high = (None if time is None else at(time) for time in (start, end))
        self.exemptions.append(Exemption(officer_id, "medical", row, "I1", low, high))
        return self

    def under(self, **settings: dict[str, Any]) -> World:
        """Another policy: ``coverage={"gap_s": 10}`` replaces single numbers of a section."""
        for section, numbers in settings.items():
            rules = replace(getattr(self.policy, section), **numbers)
            self.policy = replace(self.policy, **{section: rules})
        return self

    def records(self) -> Records:
        keys = sorted({segment.object_key for segment in self.segments if segment.object_key} - self.missing_objects)
        return Records(
            segments=tuple(self.segments),
            incidents=tuple(self.incidents),
            assignments=tuple(self.assignments),
            officers=tuple(self.officers),
            devices=tuple(self.devices),
            holdings=tuple(self.holdings),
            exemptions=tuple(self.exemptions),
            device_events=tuple(self.events),
            objects=tuple(StoredObject(key, 1000, "etag", at(0)) for key in keys),
        )

    def matched(self) -> Matching:
        period = Span(EVENING_US - 6 * HOUR_US, EVENING_US + 6 * HOUR_US)
        return match(self.records(), self.policy, period, self.as_of_us, self.inspections)

    def decided(self) -> Decision:
        return decide(self.matched(), self.inspections)

    def result(self, officer_id: str = "101") -> AssignmentResult:
        return next(result for result in self.decided().results if result.officer_id == officer_id)

    def findings(self) -> tuple[Finding, ...]:
        return self.decided().findings

    def kinds(self) -> list[str]:
        """Kinds stated, ``~`` before a borderline one."""
        return [("~" if finding.is_borderline else "") + finding.kind for finding in self.findings()]

    def finding(self, kind: FindingKind) -> Finding:
        return next(finding for finding in self.findings() if finding.kind is kind)
