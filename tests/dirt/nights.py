"""A night out of CSV texts: files written, read with a mapping, decided. Times of files are local to London in summer."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bwc_audit.domain.decide import decide
from bwc_audit.domain.matching import match
from bwc_audit.domain.records import Records, RejectedRow
from bwc_audit.domain.results import AssignmentResult, Decision
from bwc_audit.domain.times import HOUR_US, Span, us_of
from bwc_audit.objects.folder import FolderStore
from bwc_audit.sources.duplicates import with_unique_ids
from bwc_audit.sources.mapping import Mapping, load_mapping, read_mapping
from bwc_audit.sources.policy_files import load_policy
from bwc_audit.sources.read_source import gather_records, list_source_files, read_file

FOOTAGE = "footage_id,device_id,officer_id,media_started_at,activated_at,duration_s,uploaded_at,incident_ids"
INCIDENTS = "incident_id,call_type,opened_at,closed_at"
ASSIGNMENTS = "incident_id,officer_id,dispatched_at,on_scene_at,cleared_at"
OFFICERS = "officer_id,unit,active_from,camera_from,camera_to"
HOLDERS = "device_id,officer_id,held_from,held_to"
EVENTS = "device_id,at,event,value"
COVERAGE = frozenset(
    ("no_footage", "late_activation", "early_deactivation", "recording_gap", "incident_uncovered", "short_buffer")
)


@dataclass
class Night:
    """Files by key; ``day`` is the local day that is decided, as of 30 hours after its noon."""

    folder: Path
    day: str = "2025-05-24"
    zone: str = "Europe/London"
    precision: str = "1s"
    files: dict[str, str] = field(default_factory=dict)
    mapping: Mapping | None = None

    def file(self, key: str, header: str, *rows: str) -> Night:
        """A file with these column names and rows; a second call adds rows."""
        self.files[key] = self.files.get(key, header + "\n") + "".join(f"{row}\n" for row in rows)
        return self

    def footage(self, *rows: str) -> Night:
        return self.file("footage/m.csv", FOOTAGE, *rows)

    def incidents(self, *rows: str) -> Night:
        return self.file("cad/incidents.csv", INCIDENTS, *rows)

    def assignments(self, *rows: str) -> Night:
        return self.file("cad/assignments.csv", ASSIGNMENTS, *rows)

    def holders(self, *rows: str) -> Night:
        return self.file("roster/holders.csv", HOLDERS, *rows)

    def officers(self, *officer_ids: str, camera_from: str = "2020-01-01T00:00Z") -> Night:
        """Officers on the roster; each holds camera ``C<id>``, which was docked and found right the next morning."""
        for officer_id in officer_ids:
            self.file("roster/officers.csv", OFFICERS, f"{officer_id},A,2020-01-01T00:00Z,{camera_from},")
            self.holders(f"C{officer_id},{officer_id},2020-01-01T00:00Z,")
            self.docked(f"C{officer_id}")
        return self

    def docked(self, device_id: str) -> Night:
        next_noon = f"{datetime.fromisoformat(self.day) + timedelta(days=1, hours=12):%Y-%m-%dT%H:%M}Z"
        return self.file(
            "events/device_events.csv", EVENTS, f"{device_id},{next_noon},dock,", f"{device_id},{next_noon},clock_check,0"
        )

    def with_mapping(self, name_or_yaml: str) -> Night:
        """A shipped mapping, or one written as YAML; its zone is its own."""
        shipped = "\n" not in name_or_yaml
        self.mapping = load_mapping(name_or_yaml) if shipped else read_mapping(name_or_yaml, "our.yaml")
        return self

    def records(self) -> Records:
        """What reading gives; the same checks over all files as a night makes."""
        for key, text in self.files.items():
            (self.folder / key).parent.mkdir(parents=True, exist_ok=True)
            (self.folder / key).write_text(text)
        store = FolderStore(self.folder)
        settings = f"timezone: {self.zone}\nprecision: {self.precision}\n"
        mapping = self.mapping or read_mapping(f"schema: bwc-mapping/1\nname: night\n{settings}", "night.yaml")
        return with_unique_ids(gather_records(read_file(store, each) for each in list_source_files(store, mapping).files))

    def decided(self) -> Decision:
        noon_us = us_of(datetime.fromisoformat(f"{self.day}T12:00").replace(tzinfo=UTC))
        period = Span(noon_us - 14 * HOUR_US, noon_us + 14 * HOUR_US)
        return decide(match(self.records(), load_policy("uk_generic"), period, noon_us + 50 * HOUR_US), {})

    def result(self, officer_id: str = "101", incident_id: str = "I1") -> AssignmentResult:
        """The one result of an officer on an incident."""
        (found,) = (
            each for each in self.decided().results if (each.officer_id, each.incident_id) == (officer_id, incident_id)
        )
        return found

    def kinds(self) -> list[str]:
        """The kinds of all coverage findings; ``~`` marks one within the uncertainty."""
        found = [each for each in self.decided().findings if each.kind.value in COVERAGE]
        return sorted(("~" if each.is_borderline else "") + each.kind.value for each in found)

    def rejected(self) -> tuple[RejectedRow, ...]:
        return self.records().rejected
