"""Early turn, 05:00-14:30: quiet calls that are all in order, the exclusions, and the first absences.

Times are local. Each scene says what happened and, beside it, what the audit must conclude.
"""

from __future__ import annotations

from bwc_audit.domain.findings import FindingKind as Kind
from bwc_audit.domain.results import Bucket, UnknownReason
from sample_media.day import Day
from sample_media.force import (
    BYRNE,
    CAM_BYRNE,
    CAM_CHAUDHRY,
    CAM_DUNNE,
    CAM_OSEI,
    CAM_POOL,
    CHAUDHRY,
    DUNNE,
    IVES,
    KEMP,
    OSEI,
    Camera,
    Constable,
)
from sample_media.shots import Fault, Look, Trouble
from sample_media.story import Footage


def open_gate_at_dawn(day: Day) -> None:
    """Two arrivals of one officer; half of the long silent buffer lies inside the window and is not *muted*."""
    call = day.call(4, "INSECURE PREMISES", "Canal Yard", opened="05:38:10", closed="05:50:00")
    day.attends(call, OSEI, arrives="05:44:00", clears="05:44:30", written_as="PC 0101").covered()
    day.attends(call, OSEI, arrives="05:44:50", clears="05:45:15", written_as="PC 0101").returns_to()
    day.films(CAM_OSEI, OSEI, "05:43:55", 55, Look.DAWN, call, activated="05:44:25")
    day.attends(call, BYRNE, None, None, dispatched="05:39:00", is_cancelled=True).excluded(Bucket.CANCELLED)


def neighbours_quarrel(day: Day) -> None:
    """Two cameras, both in order; a hand passes one lens for two seconds. The third colleague has no camera."""
    call = day.call(7, "DOMESTIC", "Mill Terrace", opened="06:20:40", closed="06:40:00", priority="1")
    day.attends(call, BYRNE, arrives="06:29:00", clears="06:30:02").covered()
    day.attends(call, CHAUDHRY, arrives="06:29:00", clears="06:30:02").covered()
    day.attends(call, KEMP, arrives="06:29:20", clears="06:31:00").excluded(Bucket.NO_CAMERA_ISSUED)
    day.films(CAM_BYRNE, BYRNE, "06:28:52", 45, Look.HALL, call, activated="06:29:02", officer_written_as="0102")
    hand = (Trouble(Fault.HAND, 18.0, 20.0),)
    day.films(CAM_CHAUDHRY, CHAUDHRY, "06:28:58", 40, Look.HALL, call, activated="06:29:03", troubles=hand)


def two_calls_at_one_address(day: Day) -> None:
    """Two calls overlap, one recording serves both."""
    theft = day.call(11, "THEFT", "Market Place", opened="07:08:00", closed="07:25:00")
    alarm = day.call(12, "ALARM", "Market Place", opened="07:09:30", closed="07:25:00", priority="1")
    day.attends(theft, DUNNE, arrives="07:15:00", clears="07:16:04").covered()
    day.attends(alarm, DUNNE, arrives="07:15:12", clears="07:16:14").covered()
    day.films(CAM_DUNNE, DUNNE, "07:14:50", 60, Look.STREET, theft, alarm, activated="07:15:00")


def camera_already_running(day: Day) -> None:
    """The camera still runs when the next call arrives; it cut the recording into two segments."""
    lost_child = day.call(15, "MISSING PERSON", "Station Road", opened="07:50:00", closed="08:20:00", priority="1")
    nuisance = day.call(16, "NUISANCE", "Station Road", opened="08:01:00", closed="08:20:00", priority="3")
    day.attends(lost_child, CHAUDHRY, arrives="08:02:00", clears="08:03:01").covered()
    day.attends(nuisance, CHAUDHRY, arrives="08:02:30", clears="08:03:31", dispatched="08:02:05").covered()
    first = day.films(CAM_CHAUDHRY, CHAUDHRY, "08:01:55", 35, Look.STREET, lost_child, nuisance, activated="08:02:00")
    day.films(CAM_CHAUDHRY, CHAUDHRY, "08:02:30", 35, Look.STREET, lost_child, nuisance, segment_of=first)


def statement_at_a_desk(day: Day) -> None:
    """Partly exempt (the victim asked to stop). The camera lies on a desk: *static*, not *frozen*."""
    call = day.call(18, "SEXUAL OFFENCE REPORT", "Police Station", opened="08:30:00", closed="09:00:00")
    day.attends(call, BYRNE, arrives="08:46:00", clears="08:49:00").covered()
    day.exempts(call, BYRNE, "victim_request", "08:46:50", "08:49:00", "101", "victim asked for the camera to be off")
    day.films(CAM_BYRNE, BYRNE, "08:45:52", 40, Look.DESK, call, activated="08:46:02")


def calls_outside_the_promise(day: Day) -> None:
    """Four exclusions that leave no footage and no finding."""
    ward = day.call(19, "CONCERN", "City Hospital", opened="08:55:00", closed="09:20:00")
    day.attends(ward, DUNNE, arrives="09:05:00", clears="09:12:00").excluded(Bucket.FULLY_EXEMPT)
    day.exempts(ward, DUNNE, "medical_premises", None, None, "101", "recording not allowed on the ward")
    drill = day.call(23, "TEST", "Control Room", opened="09:18:00", closed="09:40:00", priority="4", tags="test")
    day.attends(drill, CHAUDHRY, arrives="09:25:00", clears="09:35:00").excluded(Bucket.TEST_OR_CALLBACK)
    tea = day.call(24, "REFRESHMENTS", "Police Station", opened="09:20:00", closed="10:00:00", priority="4")
    day.attends(tea, DUNNE, arrives="09:26:00", clears="09:58:00").excluded(Bucket.OUT_OF_SCOPE)


def nothing_recorded(day: Day) -> None:
    """Four minutes at a call and nothing recorded: the camera was switched off all the while."""
    call = day.call(26, "CONCERN", "Tannery Row", opened="09:50:00", closed="10:10:00")
    day.attends(call, CHAUDHRY, arrives="09:58:00", clears="10:02:00").findings()
    day.logs(CAM_CHAUDHRY, "09:40:00", "power_off")
    day.logs(CAM_CHAUDHRY, "10:15:00", "power_on")
    day.expect(
        Kind.NO_FOOTAGE,
        "Chaudhry's camera was off for the whole call",
        call,
        CHAUDHRY,
        spans=(("09:58:00", "10:02:00"),),
        seconds=240,
    )


def sidecar_lost(day: Day) -> None:
    """The video arrived, its sidecar is an empty file: to the audit the officer has no footage."""
    call = day.call(29, "CRIMINAL DAMAGE", "Bridge Street", opened="10:28:00", closed="10:45:00")
    day.attends(call, DUNNE, arrives="10:35:00", clears="10:38:00").findings()
    orphan = day.films(CAM_DUNNE, DUNNE, "10:34:55", 15, Look.STREET, call, activated="10:35:05", paper="empty")
    day.expect(
        Kind.NO_FOOTAGE,
        "Dunne filmed, but the metadata of the video are empty",
        call,
        DUNNE,
        spans=(("10:35:00", "10:38:00"),),
        seconds=180,
    )
    day.expect(Kind.METADATA_MISSING, "a video whose sidecar is an empty file", recording_id=orphan.object_key)


def late_at_the_lock(day: Day) -> None:
    """Recording starts 160 s after arrival; nobody could put that down to a clock."""
    call = day.call(31, "BURGLARY", "Lock Lane", opened="11:04:00", closed="11:20:00", priority="1")
    day.attends(call, BYRNE, arrives="11:10:00", clears="11:13:20").findings()
    day.films(CAM_BYRNE, BYRNE, "11:12:30", 35, Look.STREET, call, activated="11:12:40")
    day.expect(
        Kind.LATE_ACTIVATION,
        "Byrne activated 160 s after arrival; the buffer reaches back 10 s",
        call,
        BYRNE,
        spans=(("11:10:00", "11:12:30"),),
        seconds=160,
    )


def late_or_a_slow_clock(day: Day) -> None:
    """65 s late, 35 s over the grace: less than the clocks may differ. And no incident id was entered."""
    call = day.call(33, "ANTISOCIAL BEHAVIOUR", "Recreation Ground", opened="11:47:00", closed="12:05:00", priority="3")
    day.attends(call, OSEI, arrives="11:55:00", clears="11:56:50").covered()
    day.attends(call, IVES, None, "11:52:00", dispatched="11:49:00").excluded(Bucket.NEVER_ON_SCENE)
    recording = day.films(CAM_OSEI, OSEI, "11:55:35", 50, Look.STREET, activated="11:56:05", incident_ids=())
    day.expect(
        Kind.LATE_ACTIVATION,
        "Osei activated 65 s after arrival: 35 s beyond the grace, within the clocks' uncertainty",
        call,
        OSEI,
        spans=(("11:55:00", "11:55:35"),),
        seconds=65,
        is_borderline=True,
    )
    day.expect(Kind.INCIDENT_ID_MISSING, "Osei entered no incident id", call, OSEI, recording)


def pool_camera(day: Day) -> None:
    """A pool camera names no officer: only the list of holders knows that Ives wore it. No category either."""
    call = day.call(36, "SHOPLIFTING", "High Street", opened="12:25:00", closed="12:50:00", priority="3")
    day.attends(call, IVES, arrives="12:34:00", clears="12:35:02").covered()
    recording = day.films(CAM_POOL, None, "12:34:05", 30, Look.SHOP, call, activated="12:34:15", categories=())
    day.expect(Kind.CATEGORY_MISSING, "no category was chosen on the pool camera", call, IVES, recording)


def too_short_and_back_in_time(day: Day) -> None:
    """On scene for 40 s only; and cleared eight minutes before arrival."""
    brief = day.call(38, "ABANDONED CALL", "Phone Box, Quay", opened="13:02:00", closed="13:15:00", priority="4")
    day.attends(brief, BYRNE, arrives="13:10:00", clears="13:10:40").excluded(Bucket.BELOW_MINIMUM)
    reverse = day.call(39, "LOST PROPERTY", "Bus Station", opened="13:05:00", closed="13:30:00", priority="4")
    day.attends(reverse, CHAUDHRY, arrives="13:20:00", clears="13:12:00").excluded(Bucket.INVALID_TIMES)


def found_in_the_kit_room(day: Day) -> None:
    """A video without any metadata lies in the store."""
    found = day.films(CAM_POOL, None, "13:52:00", 12, Look.DESK, paper="none")
    day.expect(Kind.METADATA_MISSING, "a video that no sidecar or manifest names", recording_id=found.object_key)


def four_bad_cameras(day: Day) -> None:
    """Colour bars, a lens out of focus, a picture half lost on its way, and sound cut off at full level: 16 s of each."""
    call = day.call(40, "MISSING PERSON", "Infirmary", opened="13:36:00", closed="13:55:00", priority="1")
    for officer in (OSEI, BYRNE, CHAUDHRY, DUNNE):
        day.attends(call, officer, arrives="13:44:00", clears="13:45:02").findings()

    def films(camera: Camera, officer: Constable, starts: str, look: Look, fault: Fault, from_s: float) -> Footage:
        troubles = (Trouble(fault, from_s, from_s + 16),)
        return day.films(camera, officer, starts, 30 + camera.buffer_s, look, call, troubles=troubles)

    bars = films(CAM_BYRNE, BYRNE, "13:43:54", Look.STREET, Fault.TEST_PATTERN, 20)
    soft = films(CAM_DUNNE, DUNNE, "13:43:56", Look.STREET, Fault.DEFOCUSED, 18)
    lost = films(CAM_CHAUDHRY, CHAUDHRY, "13:43:59", Look.SHOP, Fault.STOPGAP, 14)
    loud = films(CAM_OSEI, OSEI, "13:43:36", Look.HALL, Fault.CLIPPED, 38)
    for kind, officer, footage, from_s, story in (
        (Kind.UNIFORM_PICTURE, BYRNE, bars, 20, "the camera gives colour bars for 16 s"),
        (Kind.BLURRED_VIEW, DUNNE, soft, 18, "the lens is far out of focus for 16 s"),
        (Kind.CORRUPT_PICTURE, CHAUDHRY, lost, 14, "three fifths of the picture are a decoder's grey for 16 s"),
        (Kind.AUDIO_CLIPPED, OSEI, loud, 38, "the sound is cut off at full level for 16 s"),
    ):
        media_s = (from_s, from_s + 16)
        day.expect(kind, story, call, officer, footage, media_s=media_s, seconds=16, tolerance_s=2.5)
    day.expect(
        Kind.SEQUENCE_GAP, "the number whose sidecar is empty is missing before it", call, DUNNE, soft, device=CAM_DUNNE
    )


def stamped_in_another_zone(day: Day) -> None:
    """Ives filmed the same call, but his metadata were stamped an hour too early when the pool camera was emptied: by them
    he has no footage, by the clock in the picture he has. Nothing firm can be said of him."""
    call = next(told for told in day.calls if told.incident_id.endswith("-0040"))
    day.attends(call, IVES, arrives="13:44:00", clears="13:45:02").unknown(UnknownReason.CLOCK_CONTRADICTION)
    stamped = day.films(CAM_POOL, IVES, "13:43:55", 40, Look.STREET, call, stamped_s=-3600)
    day.expect(
        Kind.CLOCK_OFFSET, "the clock in the picture is an hour ahead of the metadata", call, IVES, stamped, seconds=3600
    )
    day.expect(
        Kind.NO_FOOTAGE,
        "by its metadata the recording lies an hour before the call",
        call,
        IVES,
        spans=(("13:44:00", "13:45:02"),),
        seconds=62,
        is_borderline=True,
    )


def tell(day: Day) -> None:
    """The early turn in the order of its calls."""
    open_gate_at_dawn(day)
    neighbours_quarrel(day)
    two_calls_at_one_address(day)
    camera_already_running(day)
    statement_at_a_desk(day)
    calls_outside_the_promise(day)
    nothing_recorded(day)
    sidecar_lost(day)
    late_at_the_lock(day)
    late_or_a_slow_clock(day)
    pool_camera(day)
    too_short_and_back_in_time(day)
    four_bad_cameras(day)
    stamped_in_another_zone(day)
    found_in_the_kit_room(day)
