"""The day as it is told: one call of a method for each thing that happens, in local wall-clock time.

Expectations are stated by the scenes and only collected here: nothing in this module knows the audit's rules.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from bwc_audit.domain.findings import FindingKind
from bwc_audit.domain.records import RejectReason
from bwc_audit.domain.times import DAY_US, MINUTE_US, SECOND_US, us_of_seconds
from sample_media.force import Camera, Constable
from sample_media.shots import Look, Shot, Trouble
from sample_media.story import (
    DATE,
    FOLDER,
    Attendance,
    BadRow,
    Call,
    CameraEvent,
    Exempted,
    Expected,
    Footage,
    SpanUs,
    local,
    set_off,
)


@dataclass(slots=True)
class Day:
    """The whole day as it is told, scene after scene."""

    calls: list[Call] = field(default_factory=list)
    attendances: list[Attendance] = field(default_factory=list)
    footage: list[Footage] = field(default_factory=list)
    events: list[CameraEvent] = field(default_factory=list)
    exemptions: list[Exempted] = field(default_factory=list)
    bad_rows: list[BadRow] = field(default_factory=list)
    bad_files: dict[str, tuple[bytes, RejectReason]] = field(default_factory=dict)
    expected: list[Expected] = field(default_factory=list)
    _numbers: dict[str, int] = field(default_factory=dict)

    def call(
        self, number: int, call_type: str, area: str, opened: str, closed: str, priority: str = "2", tags: str = ""
    ) -> Call:
        """A call comes in. ``number`` is its running number of the day."""
        incident_id = f"{DATE.replace('-', '')}-{number:04d}"
        told = Call(incident_id, call_type, area, local(opened), local(closed), priority, tags)
        self.calls.append(told)
        return told

    def attends(
        self,
        call: Call,
        officer: Constable,
        arrives: str | None,
        clears: str | None,
        *,
        dispatched: str | None = None,
        written_as: str | None = None,
        is_cancelled: bool = False,
    ) -> Attendance:
        """An officer is sent. Without ``dispatched``: three minutes before arrival, en route one minute after that."""
        arrived_us = None if arrives is None else local(arrives)
        if dispatched is not None:
            dispatched_us = local(dispatched)
        elif arrived_us is not None:
            dispatched_us = arrived_us - 3 * MINUTE_US
        else:
            raise ValueError(f"{call.incident_id}: neither arrival nor dispatch told for {officer.officer_id}")
        if dispatched_us < call.opened_us:
            raise ValueError(f"{call.incident_id}: dispatched before it was opened")
        told = Attendance(
            call=call,
            officer_id=officer.officer_id,
            written_as=written_as or officer.officer_id,
            unit=officer.unit,
            dispatched_us=dispatched_us,
            en_route_us=None if is_cancelled else set_off(dispatched_us, arrived_us),
            arrived_us=arrived_us,
            cleared_us=None if clears is None else local(clears),
            is_cancelled=is_cancelled,
        )
        self.attendances.append(told)
        return told

    def films(
        self,
        camera: Camera,
        officer: Constable | None,
        starts: str,
        runs_s: float,
        look: Look,
        *calls: Call,
        buffer_s: float | None = None,
        activated: str | None = None,
        claimed_s: float | None = None,
        troubles: tuple[Trouble, ...] = (),
        is_moov_last: bool = False,
        segment_of: Footage | None = None,
        numbers_lost: int = 0,
        incident_ids: tuple[str, ...] | None = None,
        categories: tuple[str, ...] = ("incident",),
        uploaded: str | None = None,
        keep_days: float = 31,
        officer_written_as: str | None = None,
        paper: str = "sidecar",
        is_hash_wrong: bool = False,
        stamped_s: float = 0.0,
        is_recording_named: bool = True,
        is_stored: bool = True,
        placeholder: bytes | None = None,
    ) -> Footage:
        """A camera runs from ``starts`` (pre-event buffer included) for ``runs_s`` seconds."""
        started_us = local(starts)
        kept_s = 0.0 if segment_of else (camera.buffer_s if buffer_s is None else buffer_s)
        activated_us = segment_of.activated_us if segment_of else started_us + us_of_seconds(kept_s)
        if activated is not None and local(activated) != activated_us:
            raise ValueError(f"{starts} and a buffer of {kept_s} s do not give an activation at {activated}")
        number = self._next_number(camera, numbers_lost)
        name = f"{camera.device_id}_{starts.replace(':', '')}"
        footage_id = f"{camera.device_id}-{number:05d}"
        recording_id = segment_of.recording_id if segment_of else (f"REC-{footage_id}" if is_recording_named else None)
        shot = Shot(
            clip_id=name,
            look=look,
            length_s=runs_s,
            silent_s=kept_s,
            device_started_us=started_us + us_of_seconds(camera.clock_s),
            overlay_name=f"{camera.model} {camera.device_id}",
            troubles=troubles,
            is_moov_last=is_moov_last,
        )
        is_filmed = is_stored and placeholder is None
        ended_us = started_us + us_of_seconds(runs_s)
        told = Footage(
            camera=camera,
            officer=officer,
            footage_id=footage_id,
            recording_id=recording_id,
            object_key=f"{FOLDER}/{camera.device_id}/{name}.mp4",
            started_us=started_us,
            activated_us=activated_us,
            length_s=runs_s,
            buffer_s=kept_s,
            claimed_length_s=runs_s if claimed_s is None else claimed_s,
            segment_no=segment_of.segment_no + 1 if segment_of else 1,
            sequence_no=number,
            uploaded_us=local(uploaded) if uploaded else local(camera.docks) + 4 * MINUTE_US + number * SECOND_US,
            retention_until_us=ended_us + us_of_seconds(keep_days * DAY_US / SECOND_US),
            officer_written_as=officer_written_as or (officer.officer_id if officer else None),
            incident_ids=tuple(call.incident_id for call in calls) if incident_ids is None else incident_ids,
            categories=categories,
            paper=paper,
            is_hash_wrong=is_hash_wrong,
            stamped_s=stamped_s,
            shot=shot if is_filmed else None,
            placeholder=placeholder,
        )
        self.footage.append(told)
        return told

    def stores_again(self, original: Footage, suffix: str, uploaded: str) -> Footage:
        """The same bytes are stored a second time under another name and footage id."""
        told = replace(
            original,
            footage_id=original.footage_id + suffix,
            object_key=original.object_key.replace(".mp4", f"_{suffix.strip('-')}.mp4"),
            uploaded_us=local(uploaded),
            shot=None,
            copy_of=original.object_key,
        )
        self.footage.append(told)
        return told

    def exempts(
        self,
        call: Call,
        officer: Constable,
        reason_code: str,
        begins: str | None,
        ends: str | None,
        approved_by: str,
        note: str,
    ) -> None:
        """Recording is not required of this officer at this call; open ends reach to the window's own ends."""
        first = None if begins is None else local(begins)
        last = None if ends is None else local(ends)
        self.exemptions.append(Exempted(officer.officer_id, reason_code, call.incident_id, first, last, approved_by, note))

    def logs(self, camera: Camera, clock: str, event: str, value: str = "", *, days_before: int = 0) -> None:
        """The camera or its dock logs something."""
        self.events.append(CameraEvent(camera, local(clock) - days_before * DAY_US, event, value))

    def rejects(self, file: str, row: dict[str, str], field_name: str, reason: RejectReason) -> None:
        """A row that must be rejected."""
        self.bad_rows.append(BadRow(file, row, field_name, reason))

    def stores_bad_file(self, file: str, content: bytes, reason: RejectReason) -> None:
        """A metadata file that must be rejected as a whole."""
        self.bad_files[file] = (content, reason)

    def expect(
        self,
        kind: FindingKind,
        story: str,
        call: Call | None = None,
        officer: Constable | None = None,
        footage: Footage | None = None,
        *,
        spans: tuple[tuple[str, str], ...] | None = None,
        media_s: tuple[float, float] | None = None,
        seconds: float | None = None,
        tolerance_s: float = 1.0,
        device: Camera | None = None,
        recording_id: str | None = None,
        is_borderline: bool = False,
    ) -> None:
        """The author states one finding. ``spans`` in local time, or ``media_s`` in seconds of the recording."""
        told: tuple[SpanUs, ...] | None = None
        if spans is not None:
            told = tuple((local(first), local(last)) for first, last in spans)
        elif media_s is not None and footage is not None:
            told = ((footage.at(media_s[0]), footage.at(media_s[1])),)
        self.expected.append(
            Expected(
                kind=kind,
                story=story,
                incident_id=call.incident_id if call else None,
                officer_id=officer.officer_id if officer else None,
                device_id=device.device_id if device else None,
                recording_id=recording_id or (footage.subject if footage else None),
                is_borderline=is_borderline,
                spans=told,
                seconds=seconds,
                tolerance_s=tolerance_s,
            )
        )

    def _next_number(self, camera: Camera, lost: int) -> int:
        number = self._numbers.get(camera.device_id, camera.first_number - 1) + 1 + lost
        self._numbers[camera.device_id] = number
        return number
