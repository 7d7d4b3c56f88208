"""What the values of one row say together: ends after beginnings, lengths that exist, keys that stay in the source.

Each check looks at whole columns (times and lengths in microseconds) and gives the places that it refuses, with why.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any, TypeAlias

from bwc_audit.domain.records import DeviceEventKind, RejectReason
from bwc_audit.domain.times import DAY_US, SECOND_US, at_of
from bwc_audit.sources.rows import ASSIGNMENT_LIMIT_US

Values: TypeAlias = dict[str, list[Any]]


class RowRefused(Exception):  # noqa: N818 - no fault of the program: the row is kept as rejected
    """A row that cannot stand, with the field and the reason."""

    def __init__(self, field: str, reason: RejectReason, detail: str, value: object = "") -> None:
        super().__init__(detail)
        self.field = field
        self.reason = reason
        self.detail = detail
        self.value = value


#: A part of a key that is empty or names a folder: those, and those alone, are looked at one by one.
_ODD_KEY = re.compile(r"(?:^|/)\.{0,2}(?:/|$)", re.MULTILINE)

Check: TypeAlias = Callable[[Values, int], Iterator[tuple[int, RowRefused]]]


def video_keys(
    stated: Sequence[str | None], file: str, sibling_video: str | None
) -> tuple[list[str | None], list[tuple[int, RowRefused]]]:
    """The keys of the videos that footage metadata describe, relative to the source, and the keys that leave it.

    A bare file name lies in the folder of the file that states it; nothing stated: the video beside a sidecar, if listed.
    """
    folder, slash, _ = file.rpartition("/")
    if _ODD_KEY.search("\n".join(key for key in stated if key is not None)) is None:
        here = f"{folder}{slash}"
        plain = [sibling_video if key is None else key if "/" in key else here + key for key in stated]
        return plain, []
    keys: list[str | None] = []
    refused = []
    for place, each in enumerate(stated):
        if each is None:
            keys.append(sibling_video)
            continue
        key = each.removeprefix("./").lstrip("/")
        if not key or (("/" in key or key[0] == ".") and any(part in ("", ".", "..") for part in key.split("/"))):
            detail = "a key stays inside its source"
            refused.append((place, RowRefused("object_key", RejectReason.BAD_IDENTIFIER, detail, each)))
        keys.append(key if "/" in key else f"{folder}{slash}{key}")
    return keys, refused


def _no_length(values: Values, _count: int) -> Iterator[tuple[int, RowRefused]]:
    for place, length_us in enumerate(values["duration_s"]):
        if length_us is not None and length_us <= 0:
            detail = "shorter than a microsecond"
            yield place, RowRefused("duration_s", RejectReason.BAD_LENGTH, detail, length_us / SECOND_US)


def _backwards(start: str, end: str, values: Values, _count: int) -> Iterator[tuple[int, RowRefused]]:
    for place, (start_us, end_us) in enumerate(zip(values[start], values[end], strict=True)):
        if start_us is not None and end_us is not None and end_us <= start_us:
            detail = f"{end} is not after its beginning"
            yield place, RowRefused(end, RejectReason.BAD_TIME, detail, at_of(end_us).isoformat())


_ASSIGNMENT_TIMES = ("dispatched_at", "en_route_at", "on_scene_at", "cleared_at")


def _over_long_assignment(values: Values, _count: int) -> Iterator[tuple[int, RowRefused]]:
    for place, times in enumerate(zip(*(values[name] for name in _ASSIGNMENT_TIMES), strict=True)):
        stated = [time_us for time_us in times if time_us is not None]
        if stated and max(stated) - min(stated) >= ASSIGNMENT_LIMIT_US:
            days, limit = (max(stated) - min(stated)) / DAY_US, ASSIGNMENT_LIMIT_US / DAY_US
            field = _ASSIGNMENT_TIMES[times.index(max(stated))]
            detail = f"{days:.0f} days lie between the times of one assignment; the limit is {limit:.0f}"
            yield place, RowRefused(field, RejectReason.BAD_TIME, detail, at_of(max(stated)).isoformat())


def _clock_check_without_offset(values: Values, _count: int) -> Iterator[tuple[int, RowRefused]]:
    for place, (event, value) in enumerate(zip(values["event"], values["value"], strict=True)):
        if event is DeviceEventKind.CLOCK_CHECK and not _is_seconds(value):
            detail = "a clock check needs its offset in seconds"
            yield place, RowRefused("value", RejectReason.BAD_VALUE, detail, value or "")


def _is_seconds(text: str | None) -> bool:
    try:
        return abs(float(text or "")) < 4e9  # false for NaN and for clocks more than 126 years off
    except ValueError:
        return False


#: Table to what is checked of its rows, in this order.
CHECKS: dict[str, tuple[Check, ...]] = {
    "footage": (_no_length,),
    "incidents": (),
    "assignments": (_over_long_assignment,),
    "officers": (partial(_backwards, "active_from", "active_to"), partial(_backwards, "camera_from", "camera_to")),
    "devices": (),
    "holders": (partial(_backwards, "held_from", "held_to"),),
    "exemptions": (partial(_backwards, "from", "to"),),
    "device_events": (_clock_check_without_offset,),
}
