"""The dock's log of the day, and the rows and files that an import must reject, each with its field and reason."""

from __future__ import annotations

from bwc_audit.domain.records import RejectReason
from sample_media.day import Day
from sample_media.force import CAM_GRANT, CAM_HADDAD, CAM_LUND, CAM_MOSS, CAMERAS, Camera
from sample_media.story import DATE, FOLDER

MANIFEST = f"{FOLDER}/docking-station-2.csv"


def docks_and_clocks(day: Day) -> None:
    """Each camera that came back is docked once after its turn; the dock measures its clock, then sets it right."""
    for camera in CAMERAS:
        if camera.is_docked:
            day.logs(camera, camera.docks, "dock")
            day.logs(camera, camera.docks, "clock_check", f"{camera.clock_s:.1f}")
    # Earlier checks, against which a jump and a drift show; Moss's second check is ordinary.
    day.logs(CAM_GRANT, "13:34:00", "clock_check", "0.4")
    day.logs(CAM_HADDAD, "07:20:00", "clock_check", "0.3", days_before=2)
    day.logs(CAM_MOSS, "23:37:00", "clock_check", "0.4", days_before=1)


def _footage_row(camera: Camera, footage_id: str, **changes: str) -> dict[str, str]:
    row = {
        "footage_id": footage_id,
        "object_key": "",
        "device_id": camera.device_id,
        "officer_id": "112",
        "media_started_at": f"{DATE}T12:00:00Z",
        "duration_s": "30",
    }
    return row | changes


def rejected_rows(day: Day) -> None:
    """Dirt that imports really hold. None of it names an incident or a video that a scene relies on."""
    call = day.call(41, "NUISANCE", "Bowling Green", opened="14:02:00", closed="14:30:00", priority="4")
    assignment = {
        "incident_id": call.incident_id,
        "unit_id": "RB2",
        "officer_id": "112",
        "dispatched_at": f"{DATE}T13:05:00Z",
        "en_route_at": f"{DATE}T13:06:00Z",
        "on_scene_at": f"{DATE}T13:12:00Z",
        "cleared_at": f"{DATE}T13:20:00Z",
    }
    no_zone = assignment | {"on_scene_at": f"{DATE} 14:12:00"}
    day.rejects("cad/assignments.csv", no_zone, "on_scene_at", RejectReason.TIME_WITHOUT_ZONE)
    nobody = assignment | {"officer_id": ""}
    day.rejects("cad/assignments.csv", nobody, "officer_id", RejectReason.MISSING_VALUE)

    incident = {"incident_id": "20250524-0090", "call_type": "NUISANCE", "priority": "4", "area": "Bowling Green"}
    impossible = incident | {"opened_at": f"{DATE}T25:10:00Z"}
    day.rejects("cad/incidents.csv", impossible, "opened_at", RejectReason.BAD_TIME)
    again = incident | {"incident_id": call.incident_id, "opened_at": f"{DATE}T13:02:00Z", "area": "Bowling Club"}
    day.rejects("cad/incidents.csv", again, "incident_id", RejectReason.DUPLICATE_ID)

    rebooted = {"device_id": CAM_LUND.device_id, "at": f"{DATE}T16:00:00Z", "event": "rebooted"}
    day.rejects("events/device_events.csv", rebooted, "event", RejectReason.BAD_VALUE)
    unexplained = {"incident_id": call.incident_id, "officer_id": "112", "reason_code": ""}
    day.rejects("exemptions/exemptions.csv", unexplained, "reason_code", RejectReason.MISSING_VALUE)
    holder = {"device_id": CAM_MOSS.device_id, "officer_id": "112", "held_from": ""}
    day.rejects("roster/holders.csv", holder, "held_from", RejectReason.MISSING_VALUE)

    timeless = _footage_row(CAM_LUND, "BAD-1", media_started_at="")
    day.rejects(MANIFEST, timeless, "media_started_at", RejectReason.MISSING_VALUE)
    negative = _footage_row(CAM_LUND, "BAD-2", duration_s="-4")
    day.rejects(MANIFEST, negative, "duration_s", RejectReason.BAD_LENGTH)
    endless = _footage_row(CAM_LUND, "BAD-3", duration_s="40000")
    day.rejects(MANIFEST, endless, "duration_s", RejectReason.BAD_LENGTH)

    torn = b'{"footage_id": "X60A10107-00656", "device_id": "X60A1'
    day.stores_bad_file(f"{FOLDER}/X60A10107/X60A10107_201500.json", torn, RejectReason.NOT_JSON)


def tell(day: Day) -> None:
    """All that is not a call."""
    docks_and_clocks(day)
    rejected_rows(day)
