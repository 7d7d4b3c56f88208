"""Night turn, from 22:00 past midnight: a camera pressed off and on, one that never came back, an officer nobody knows.

Times are local. Each scene says what happened and, beside it, what the audit must conclude.
"""

from __future__ import annotations

from bwc_audit.domain.findings import FindingKind as Kind
from bwc_audit.domain.results import PendingReason, UnknownReason
from sample_media.day import Day
from sample_media.force import CAM_HADDAD, CAM_NOVAK, HADDAD, JARVIS, NOVAK, OSEI, Constable
from sample_media.shots import Look


def start_and_stop_confused(day: Day) -> None:
    """Four short recordings with pauses of 48 s, 200 s and 50 s; only the middle one is a gap. One id is mistyped."""
    call = day.call(67, "FIGHT", "Old Brewery", opened="22:06:00", closed="22:30:00", priority="1")
    day.attends(call, NOVAK, arrives="22:15:00", clears="22:21:10").findings()
    day.films(CAM_NOVAK, NOVAK, "22:14:57", 15, Look.NIGHT, call, activated="22:15:02", paper="manifest")
    day.films(CAM_NOVAK, NOVAK, "22:16:00", 15, Look.NIGHT, call, activated="22:16:05", paper="manifest")
    mistyped = day.films(
        CAM_NOVAK,
        NOVAK,
        "22:19:35",
        15,
        Look.NIGHT,
        activated="22:19:40",
        paper="manifest",
        incident_ids=("20250524-0076",),
    )
    day.films(CAM_NOVAK, NOVAK, "22:20:40", 15, Look.NIGHT, call, activated="22:20:45", paper="manifest")
    day.expect(
        Kind.RECORDING_GAP,
        "off for 200 s in the middle of the call",
        call,
        NOVAK,
        spans=(("22:16:15", "22:19:35"),),
        seconds=200,
    )
    day.expect(Kind.INCIDENT_ID_WRONG, "0076 was entered for 0067; there is no 0076", call, NOVAK, mistyped)


def drifting_clock(day: Day) -> None:
    """Haddad's clock gained 23 s in 64 h. His recording is to be deleted within the week, by mistake."""
    call = day.call(69, "SUSPICIOUS VEHICLE", "Allotments", opened="22:38:00", closed="22:55:00", priority="3")
    day.attends(call, HADDAD, arrives="22:45:00", clears="22:46:02").covered()
    recording = day.films(CAM_HADDAD, HADDAD, "22:45:05", 30, Look.NIGHT, call, activated="22:45:15", keep_days=7)
    day.expect(Kind.CLOCK_DRIFT, "23.6 s gained in 64 h, 101 ppm", device=CAM_HADDAD)
    day.expect(Kind.RETENTION_RISK, "may be deleted less than six days after the audit", call, HADDAD, recording)


def camera_not_back(day: Day) -> None:
    """Jarvis's camera has not been docked: whether it recorded cannot be known yet."""
    call = day.call(70, "CONCERN", "Weir Cottages", opened="22:52:00", closed="23:15:00")
    day.attends(call, JARVIS, arrives="23:00:00", clears="23:08:00").pending(PendingReason.DEVICE_NOT_DOCKED)


def officer_nobody_knows(day: Day) -> None:
    """CAD names a number that no roster holds: nothing can be said, least of all that footage is missing."""
    visitor = Constable("S 8841", "unknown", OSEI.unit)
    call = day.call(71, "ASSIST OTHER FORCE", "County Boundary", opened="23:14:00", closed="23:35:00", priority="3")
    day.attends(call, visitor, arrives="23:20:00", clears="23:25:00").unknown(UnknownReason.IDENTITY)


def last_call_of_the_day(day: Day) -> None:
    """Dark but not black, and across midnight."""
    call = day.call(72, "PROWLER", "Orchard Close", opened="23:51:30", closed="24:05:00", priority="1")
    day.attends(call, NOVAK, arrives="23:59:30", clears="24:00:35").covered()
    day.films(CAM_NOVAK, NOVAK, "23:59:27", 42, Look.NIGHT, call, activated="23:59:32", paper="manifest")


def tell(day: Day) -> None:
    """The night turn in the order of its calls."""
    start_and_stop_confused(day)
    drifting_clock(day)
    camera_not_back(day)
    officer_nobody_knows(day)
    last_call_of_the_day(day)
