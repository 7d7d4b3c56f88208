"""The fictional force: its officers and cameras, who held which camera, and when each camera goes back to its dock.

``Camera.clock_s`` is how far its clock is ahead of true time on the sample day; the dock measures exactly this.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Constable:
    """A row of the roster. ``camera_from`` empty: no camera was ever issued. Names are for the story only."""

    officer_id: str
    name: str
    unit: str
    role: str = "constable"
    camera_from: str = "2024-01-15T00:00:00Z"


@dataclass(frozen=True, slots=True)
class Camera:
    """A device. ``docks``: local time on the sample day at which it is docked after the turn (past 24:00: next day)."""

    device_id: str
    buffer_s: float
    docks: str
    clock_s: float
    first_number: int
    is_docked: bool = True
    model: str = "AXON BODY 4"


@dataclass(frozen=True, slots=True)
class Held:
    """Who held a camera, in UTC; ``to`` empty: still does."""

    camera: Camera
    officer: Constable
    since: str
    to: str = ""


OSEI = Constable("101", "Osei", "Response A", role="sergeant")
BYRNE = Constable("102", "Byrne", "Response A")
CHAUDHRY = Constable("103", "Chaudhry", "Response A")
DUNNE = Constable("104", "Dunne", "Response A")
EVANS = Constable("105", "Evans", "Response B")
FARROW = Constable("106", "Farrow", "Roads")
GRANT = Constable("107", "Grant", "Roads")
HADDAD = Constable("108", "Haddad", "Response C")
IVES = Constable("109", "Ives", "Neighbourhood")
JARVIS = Constable("110", "Jarvis", "Response C")
KEMP = Constable("111", "Kemp", "Neighbourhood", role="community_support", camera_from="")
LUND = Constable("112", "Lund", "Response B")
MOSS = Constable("113", "Moss", "Response B")
NOVAK = Constable("114", "Novak", "Response C")

OFFICERS = (OSEI, BYRNE, CHAUDHRY, DUNNE, EVANS, FARROW, GRANT, HADDAD, IVES, JARVIS, KEMP, LUND, MOSS, NOVAK)

# Early turn: docked in the afternoon.
CAM_OSEI = Camera("X60A10101", buffer_s=30, docks="14:20:00", clock_s=0.8, first_number=1412)
CAM_BYRNE = Camera("X60A10102", buffer_s=10, docks="14:21:00", clock_s=-0.4, first_number=873)
CAM_CHAUDHRY = Camera("X60A10103", buffer_s=5, docks="14:22:00", clock_s=0.2, first_number=2201)
CAM_DUNNE = Camera("X60A10104", buffer_s=10, docks="14:24:00", clock_s=1.1, first_number=540)
CAM_POOL = Camera("X60A10150", buffer_s=10, docks="14:10:00", clock_s=0.6, first_number=97)
# Late turn: docked before midnight.
CAM_EVANS = Camera("X60A10105", buffer_s=10, docks="23:31:00", clock_s=0.8, first_number=1120)
CAM_FARROW = Camera("X60A10106", buffer_s=10, docks="23:32:00", clock_s=47.0, first_number=310)
CAM_GRANT = Camera("X60A10107", buffer_s=10, docks="23:34:00", clock_s=3600.6, first_number=655)
CAM_LUND = Camera("X60A10112", buffer_s=5, docks="23:36:00", clock_s=-0.7, first_number=1999)
CAM_MOSS = Camera("X60A10113", buffer_s=5, docks="23:37:00", clock_s=0.5, first_number=77)
CAM_HADDAD = Camera("X60A10108", buffer_s=10, docks="23:20:00", clock_s=23.6, first_number=419)
# Night turn: docked on the next morning; one has not come back.
CAM_NOVAK = Camera("X60A10114", buffer_s=5, docks="31:02:00", clock_s=0.9, first_number=1304)
CAM_JARVIS = Camera("X60A10110", buffer_s=30, docks="31:05:00", clock_s=0.0, first_number=88, is_docked=False)

CAMERAS = (
    CAM_OSEI,
    CAM_BYRNE,
    CAM_CHAUDHRY,
    CAM_DUNNE,
    CAM_EVANS,
    CAM_FARROW,
    CAM_GRANT,
    CAM_HADDAD,
    CAM_JARVIS,
    CAM_LUND,
    CAM_MOSS,
    CAM_NOVAK,
    CAM_POOL,
)

_SINCE = "2025-01-06T00:00:00Z"

HELD = (
    Held(CAM_OSEI, OSEI, _SINCE),
    Held(CAM_BYRNE, BYRNE, _SINCE),
    Held(CAM_CHAUDHRY, CHAUDHRY, _SINCE),
    Held(CAM_DUNNE, DUNNE, _SINCE),
    Held(CAM_EVANS, EVANS, _SINCE),
    Held(CAM_FARROW, FARROW, _SINCE),
    Held(CAM_GRANT, GRANT, _SINCE),
    Held(CAM_HADDAD, HADDAD, _SINCE),
    Held(CAM_JARVIS, JARVIS, _SINCE),
    Held(CAM_LUND, LUND, _SINCE),
    Held(CAM_MOSS, MOSS, _SINCE),
    Held(CAM_NOVAK, NOVAK, _SINCE),
    # The pool camera goes from hand to hand: only this table knows who wore it.
    Held(CAM_POOL, DUNNE, "2025-05-22T06:00:00Z", "2025-05-22T14:00:00Z"),
    Held(CAM_POOL, IVES, "2025-05-24T04:30:00Z", "2025-05-24T13:10:00Z"),
)
