"""Looking into one video outside any run: by its address, with what a sidecar beside it says.

A video that is not where the address points is a mistake in the address (``ConfigurationError``); one that may not be
read, or cannot be for now, is a fault of the store. A sidecar that cannot be used never keeps the video from being seen.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import datetime

from bwc_audit.audit.judging import judged
from bwc_audit.audit.setup import store_at
from bwc_audit.config import Settings
from bwc_audit.domain.inspection import Inspection, InspectionRequest
from bwc_audit.domain.overlay_clock import OverlayClock, read_clock
from bwc_audit.domain.records import Segment
from bwc_audit.domain.times import SECOND_US, at_of, us_of
from bwc_audit.errors import ConfigurationError, ObjectMissingError, ObjectStoreError, SourceError
from bwc_audit.media.isolated import inspect_many
from bwc_audit.objects.contract import ObjectStore
from bwc_audit.sources.listing import FileRole, SourceFile
from bwc_audit.sources.mapping import load_mapping
from bwc_audit.sources.policy_files import load_book
from bwc_audit.sources.read_source import read_file


@dataclass(frozen=True, slots=True)
class LookedInto:
    """One video with its sidecar: ``segment`` None where there is none or it could not be used, as ``remarks`` say."""

    uri: str
    inspection: Inspection
    segment: Segment | None
    remarks: tuple[str, ...]


def look_into_video(settings: Settings, address: str, *, is_deep: bool = False) -> LookedInto:
    """Inspect a file or ``s3://bucket/key`` in a child process, as the night does.

    Raises ``ConfigurationError`` for an address that names no object, ``ObjectStoreError`` and its kinds for the store.
    """
    folder, name = _placed(address)
    store = store_at(settings, folder)
    try:
        store.head(name)
    except ObjectMissingError as error:
        raise ConfigurationError(f"{error}: check the address") from error
    segment, remarks = _sidecar(store, name)
    request = InspectionRequest(
        object_key=name,
        expected_duration_us=segment.duration_us if segment else None,
        buffer_us=segment.pre_event_buffer_us if segment else None,
        is_deep=is_deep,
    )
    rules = load_book(settings.policy, settings.timezone).base.inspection
    outcome = next(
        outcome
        for _, outcome in inspect_many(
            store,
            [request],
            rules,
            workers=1,
            seconds_limit=settings.inspect_seconds,
            memory_limit_bytes=settings.inspect_memory_mb << 20,
        )
    )
    if isinstance(outcome, ObjectStoreError):
        raise outcome
    return LookedInto(address, judged(outcome, rules.usability), segment, remarks)


def burned_in_clock(inspection: Inspection, start: datetime | None) -> OverlayClock | None:
    """What the readings of the burned-in clock say together; ``start``: when the picture starts, where it is known."""
    return read_clock(inspection.readings, None, None if start is None else us_of(start))


def said_clock(inspection: Inspection, clock: OverlayClock | None) -> str:
    """The burned-in clock in a line."""
    if clock is None:
        found = f"{len(inspection.readings)} of {inspection.clock_tried} frames read, which proves nothing"
        return f"burned-in clock: {found if inspection.readings else 'none that could be read'}"
    said = f"{clock.agreed} of {inspection.clock_tried} frames agree"
    if clock.is_not_set:
        return f"burned-in clock: says that it is not set ({said})"
    parts = [] if clock.origin_us is None else [f"{_said_wall(clock.origin_us)} at the first frame"]
    parts += [] if clock.offset_us is None else [f"{clock.offset_us / SECOND_US:+.1f} s from the expected start"]
    parts += ["does not run"] if clock.is_stuck else []
    parts += [f"steps by {jump.step_us / SECOND_US:+.1f} s" for jump in clock.jumps]
    return f"burned-in clock: {', '.join(parts)} ({said})"


def _said_wall(wall_us: int) -> str:
    tenths = round(wall_us / (SECOND_US // 10))
    whole, tenth = divmod(tenths, 10)
    return f"{at_of(whole * SECOND_US).isoformat(sep=' ').removesuffix('+00:00')}.{tenth}"


def _placed(address: str) -> tuple[str, str]:
    """Folder (or bucket with prefix) and name of the file; a link given by the person is followed wherever it leads."""
    if "://" not in address and os.path.islink(address):
        address = os.path.realpath(address)
    if "://" not in address and os.path.isdir(address) and not address.endswith("/"):
        raise ConfigurationError(f"{address} is a folder: give one video file in it, or audit the folder as a source")
    folder, slash, name = address.rpartition("/")
    is_bucket_alone = folder.endswith((":/", ":")) and "://" in address
    if is_bucket_alone or not name:
        raise ConfigurationError(f"{address!r} names no file: give a video file or s3://bucket/key")
    return folder or slash or ".", name


def _sidecar(store: ObjectStore, video: str) -> tuple[Segment | None, tuple[str, ...]]:
    stem, dot, _ = video.rpartition(".")
    key = f"{stem if dot else video}.json"
    if key == video:
        return None, ()
    tables = load_mapping().tables_for("footage/sidecar.json")
    try:
        rows = read_file(store, SourceFile(store.head(key), FileRole.SIDECAR, tables, video, identity=""))
    except ObjectMissingError:
        return None, ()
    except (ObjectStoreError, SourceError) as error:
        return None, (f"sidecar not read: {error}",)
    segments = [record for record in rows.records if isinstance(record, Segment)]
    remarks = tuple(
        f"sidecar {row.row} not used: {row.field + ': ' if row.field else ''}{row.detail}" for row in rows.rejected
    )
    return (segments[0] if segments else None), remarks
