"""Late turn, 14:30-23:30: what cameras and files do wrong, and the call that four cameras left one after another.

Times are local. Each scene says what happened and, beside it, what the audit must conclude.
"""

from __future__ import annotations

from bwc_audit.domain.findings import FindingKind as Kind
from sample_media.day import Day
from sample_media.force import (
    CAM_EVANS,
    CAM_FARROW,
    CAM_GRANT,
    CAM_LUND,
    CAM_MOSS,
    CAM_NOVAK,
    EVANS,
    FARROW,
    GRANT,
    LUND,
    MOSS,
    NOVAK,
)
from sample_media.shots import Fault, Look, Trouble


def camera_was_asleep(day: Day) -> None:
    """The camera is set to keep 10 s from before activation and kept 2: it was asleep."""
    call = day.call(44, "THEFT", "Retail Park", opened="14:36:00", closed="14:55:00", priority="3")
    day.attends(call, EVANS, arrives="14:45:00", clears="14:46:02").findings()
    recording = day.films(CAM_EVANS, EVANS, "14:45:08", 28, Look.SHOP, call, buffer_s=2, activated="14:45:10")
    day.logs(CAM_EVANS, "14:31:00", "sleep")
    day.logs(CAM_EVANS, "14:45:08", "wake")
    day.expect(Kind.SHORT_BUFFER, "2 s of buffer where 10 s are set", call, EVANS, recording)


def crowd_at_the_bus_stop(day: Day) -> None:
    """One lens is black for 16 s, the other is covered by a coat for 18 s."""
    call = day.call(47, "PUBLIC ORDER", "Bus Station", opened="15:19:00", closed="15:40:00", priority="1")
    day.attends(call, EVANS, arrives="15:26:00", clears="15:27:02").findings()
    day.attends(call, LUND, arrives="15:26:00", clears="15:27:02").findings()
    black = day.films(
        CAM_EVANS,
        EVANS,
        "15:25:50",
        45,
        Look.STREET,
        call,
        activated="15:26:00",
        troubles=(Trouble(Fault.BLACK, 20, 36),),
    )
    covered = day.films(
        CAM_LUND,
        LUND,
        "15:25:58",
        40,
        Look.STREET,
        call,
        activated="15:26:03",
        troubles=(Trouble(Fault.OBSTRUCTED, 15, 33),),
    )
    day.expect(
        Kind.BLACK_VIDEO, "the picture is black for 16 s", call, EVANS, black, media_s=(20, 36), seconds=16, tolerance_s=2.5
    )
    day.expect(
        Kind.OBSTRUCTED_VIEW,
        "a coat hangs over the lens for 18 s",
        call,
        LUND,
        covered,
        media_s=(15, 33),
        seconds=18,
        tolerance_s=2.5,
    )


def stuck_encoders(day: Day) -> None:
    """Both pictures freeze for 16 s: one with its clock running on, one with its clock."""
    call = day.call(50, "TRAFFIC STOP", "Ring Road", opened="16:12:00", closed="16:25:00", priority="3")
    day.attends(call, LUND, arrives="16:15:00", clears="16:16:02").findings()
    day.attends(call, MOSS, arrives="16:15:00", clears="16:16:02").findings()
    picture = day.films(
        CAM_LUND,
        LUND,
        "16:14:57",
        40,
        Look.STREET,
        call,
        activated="16:15:02",
        troubles=(Trouble(Fault.FROZEN_PICTURE, 14, 30),),
    )
    both = day.films(
        CAM_MOSS,
        MOSS,
        "16:14:55",
        42,
        Look.STREET,
        call,
        activated="16:15:00",
        troubles=(Trouble(Fault.FROZEN_ALL, 12, 28),),
    )
    day.expect(
        Kind.FROZEN_VIDEO,
        "the picture stands still for 16 s while the burned-in clock runs",
        call,
        LUND,
        picture,
        media_s=(14, 30),
        seconds=16,
        tolerance_s=2.5,
    )
    day.expect(
        Kind.FROZEN_VIDEO,
        "picture and burned-in clock stand still for 16 s",
        call,
        MOSS,
        both,
        media_s=(12, 28),
        seconds=16,
        tolerance_s=2.5,
    )


def house_search(day: Day) -> None:
    """Frames lost for 4 s; no sound at all (and two numbers of that camera are nowhere); muted for 16 s."""
    call = day.call(53, "WARRANT", "Alma Road", opened="16:50:00", closed="17:20:00")
    for officer in (EVANS, LUND, MOSS):
        day.attends(call, officer, arrives="17:06:00", clears="17:07:02").findings()
    holed = day.films(
        CAM_EVANS,
        EVANS,
        "17:05:52",
        42,
        Look.HALL,
        call,
        activated="17:06:02",
        troubles=(Trouble(Fault.FRAMES_LOST, 20, 24),),
    )
    silent = day.films(
        CAM_LUND,
        LUND,
        "17:06:05",
        30,
        Look.HALL,
        call,
        activated="17:06:10",
        troubles=(Trouble(Fault.NO_SOUND_TRACK),),
        numbers_lost=2,
    )
    muted = day.films(
        CAM_MOSS,
        MOSS,
        "17:05:57",
        40,
        Look.HALL,
        call,
        activated="17:06:02",
        troubles=(Trouble(Fault.MUTED, 15, 31),),
    )
    day.logs(CAM_MOSS, "17:06:12", "mute")
    day.logs(CAM_MOSS, "17:06:28", "unmute")
    day.expect(Kind.TIMESTAMP_GAP, "no frames for 4 s", call, EVANS, holed, media_s=(20, 24), seconds=4)
    day.expect(Kind.AUDIO_MISSING, "the file has no sound track", call, LUND, silent)
    day.expect(Kind.SEQUENCE_GAP, "two numbers of the device are missing before it", call, LUND, silent, device=CAM_LUND)
    day.expect(Kind.AUDIO_MUTED, "muted for 16 s", call, MOSS, muted, media_s=(15, 31), seconds=16)


def warehouse_door(day: Day) -> None:
    """Files that were hurt: cut off at 60 %, damaged inside, and not the bytes that were hashed."""
    call = day.call(56, "BREAK-IN", "Dock Warehouse 4", opened="17:55:00", closed="18:20:00", priority="1")
    day.attends(call, EVANS, arrives="18:05:00", clears="18:06:02").findings()
    day.attends(call, LUND, arrives="18:05:00", clears="18:06:02").findings()
    day.attends(call, MOSS, arrives="18:05:00", clears="18:06:02").findings()
    cut = day.films(
        CAM_EVANS, EVANS, "18:04:54", 42, Look.NIGHT, call, activated="18:05:04", troubles=(Trouble(Fault.TRUNCATED),)
    )
    hurt = day.films(
        CAM_LUND,
        LUND,
        "18:04:58",
        38,
        Look.STREET,
        call,
        activated="18:05:03",
        troubles=(Trouble(Fault.DAMAGED, 12, 26),),
    )
    other = day.films(CAM_MOSS, MOSS, "18:05:05", 30, Look.STREET, call, activated="18:05:10", is_hash_wrong=True)
    day.expect(Kind.TRUNCATED, "the file ends at 60 % of its bytes", call, EVANS, cut)
    day.expect(Kind.DECODE_ERROR, "key frames between 12 s and 26 s are damaged", call, LUND, hurt)
    day.expect(Kind.HASH_MISMATCH, "the SHA-256 in the metadata is that of other bytes", call, MOSS, other)


def collision_and_two_wrong_clocks(day: Day) -> None:
    """Farrow's clock is 47 s ahead. Grant's jumped an hour ahead; his recording also came up late."""
    call = day.call(58, "COLLISION", "Ring Road", opened="18:41:00", closed="19:10:00", priority="1")
    day.attends(call, FARROW, arrives="18:50:00", clears="18:51:02").covered()
    day.attends(call, GRANT, arrives="18:50:00", clears="18:51:02").covered()
    day.films(CAM_FARROW, FARROW, "18:50:05", 30, Look.STREET, call, activated="18:50:15", is_moov_last=True)
    jumped = day.films(
        CAM_GRANT,
        GRANT,
        "18:50:07",
        28,
        Look.STREET,
        call,
        activated="18:50:17",
        uploaded="48:30:00",
        is_recording_named=False,
    )
    day.expect(Kind.CLOCK_OFFSET, "the dock found the clock 47 s ahead", device=CAM_FARROW)
    day.expect(Kind.CLOCK_JUMP, "an hour gained within ten hours: somebody set the clock", device=CAM_GRANT)
    day.expect(Kind.LATE_UPLOAD, "uploaded 29.7 h after it ended", call, GRANT, jumped)


def three_files_that_are_no_video(day: Day) -> None:
    """An empty file, a text and a playlist, each named .mp4 and each with good metadata."""
    call = day.call(60, "ROBBERY", "Park Gate", opened="19:15:00", closed="19:40:00", priority="1")
    playlist = b"#EXTM3U\n#EXT-X-VERSION:3\n#EXTINF:10.0,\nhttp://127.0.0.1:9/segment-1.ts\n#EXT-X-ENDLIST\n"
    note = b"Recording moved to the evidence drive, see K. at the front desk.\n" * 4
    stories = (
        (EVANS, CAM_EVANS, "19:25:55", "19:26:05", b"", "a file without a byte"),
        (LUND, CAM_LUND, "19:25:58", "19:26:03", note, "a text file named .mp4"),
        (MOSS, CAM_MOSS, "19:25:59", "19:26:04", playlist, "a playlist named .mp4"),
    )
    for officer, camera, starts, activated, content, story in stories:
        day.attends(call, officer, arrives="19:26:00", clears="19:27:02").findings()
        stored = day.films(camera, officer, starts, 45, Look.STREET, call, activated=activated, placeholder=content)
        day.expect(Kind.UNREADABLE, story, call, officer, stored)


def corner_shop(day: Day) -> None:
    """Metadata that do not fit: no video, eight seconds too many, and the same footage stored twice."""
    call = day.call(61, "SHOPLIFTING", "Corner Shop, Mill Lane", opened="19:48:00", closed="20:10:00", priority="3")
    day.attends(call, MOSS, arrives="20:00:00", clears="20:01:02").findings()
    day.attends(call, EVANS, arrives="20:00:00", clears="20:01:02").covered()
    day.attends(call, LUND, arrives="20:00:00", clears="20:01:02").covered()
    gone = day.films(CAM_MOSS, MOSS, "19:59:59", 40, Look.SHOP, call, activated="20:00:04", is_stored=False)
    long = day.films(CAM_EVANS, EVANS, "19:59:55", 34, Look.SHOP, call, activated="20:00:05", claimed_s=42)
    once = day.films(CAM_LUND, LUND, "20:00:10", 25, Look.SHOP, call, activated="20:00:15")
    twice = day.stores_again(once, "-B", uploaded="23:55:00")
    day.expect(Kind.OBJECT_MISSING, "the metadata name a video that is not in the store", call, MOSS, gone)
    day.expect(Kind.DURATION_MISMATCH, "the metadata claim 8 s more than the file holds", call, EVANS, long)
    day.expect(Kind.DUPLICATE, "the same footage is stored twice", call, LUND, twice)


def four_cameras_leave(day: Day) -> None:
    """Four officers, each camera switched off at a different moment: from 21:33:13 on none records the collapse."""
    call = day.call(64, "MEDICAL", "Riverside Flats", opened="21:22:00", closed="21:45:00", priority="1")
    scenes = (
        (EVANS, CAM_EVANS, "21:30:00", "21:29:55", 35, "21:30:30", 570.0),
        (LUND, CAM_LUND, "21:30:50", "21:30:50", 25, "21:31:15", 525.0),
        (MOSS, CAM_MOSS, "21:31:40", "21:31:42", 28, "21:32:10", 470.0),
        (NOVAK, CAM_NOVAK, "21:32:50", "21:32:48", 25, "21:33:13", 407.0),
    )
    for officer, camera, arrives, starts, runs_s, off, uncovered_s in scenes:
        day.attends(call, officer, arrives=arrives, clears="21:40:00").findings()
        look = Look.NIGHT if officer in (EVANS, NOVAK) else Look.HALL
        paper = "manifest" if officer in (MOSS, NOVAK) else "sidecar"
        day.films(camera, officer, starts, runs_s, look, call, paper=paper)
        day.expect(
            Kind.EARLY_DEACTIVATION,
            f"{officer.name} switched off at {off}, {uncovered_s:.0f} s before leaving",
            call,
            officer,
            spans=((off, "21:40:00"),),
            seconds=uncovered_s,
        )
    day.expect(
        Kind.INCIDENT_UNCOVERED,
        "four officers at the call, and from 21:33:13 no camera records",
        call,
        spans=(("21:33:13", "21:40:00"),),
        seconds=407,
    )


def tell(day: Day) -> None:
    """The late turn in the order of its calls."""
    camera_was_asleep(day)
    crowd_at_the_bus_stop(day)
    stuck_encoders(day)
    house_search(day)
    warehouse_door(day)
    collision_and_two_wrong_clocks(day)
    three_files_that_are_no_video(day)
    corner_shop(day)
    four_cameras_leave(day)
