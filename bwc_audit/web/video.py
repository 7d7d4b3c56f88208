"""The video itself, by range, from the store through the application: no copy is kept, and each view is on record.

What a file is, its own first bytes say; only MP4 and MOV are handed to a browser. The store is asked for the version that
was audited: one that was replaced since is refused rather than shown as evidence.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from fastapi import Request
from fastapi.responses import Response, StreamingResponse

from bwc_audit.audit.reports import IncidentInput, incident_input
from bwc_audit.domain.people import Right
from bwc_audit.domain.results import PlacedSegment
from bwc_audit.errors import (
    BwcAuditError,
    ObjectChangedError,
    ObjectForbiddenError,
    ObjectMissingError,
    ObjectStoreError,
)
from bwc_audit.objects.contract import ObjectStore
from bwc_audit.web.guard import Asking, NotThere, Pages
from bwc_audit.web.sight import run_of, seen_by

pages = Pages()

_PIECE_BYTES = 1024 * 1024
_RANGE = re.compile(r"bytes=(\d*)-(\d*)")
_MP4 = "mov,mp4"
_PLAYED_CODECS = ("h264", "av1", "vp9", "mpeg4", "hevc")


@dataclass(frozen=True, slots=True)
class Playable:
    """Whether a browser can be given the file; ``why`` not."""

    is_playable: bool
    why: str = ""


@dataclass(frozen=True, slots=True)
class _Object:
    key: str
    etag: str
    size_bytes: int


def playable_of(segment: PlacedSegment, found: IncidentInput) -> Playable:
    """What is known without asking the store."""
    if segment.object_key is None:
        return Playable(False, "No video of this recording is in the store.")
    seen = found.inspections.get(segment.object_key)
    if seen is None or seen.container is None:
        if seen is not None and seen.reason is not None:
            return Playable(False, f"The file cannot be read: {seen.reason}.")
        return Playable(True)
    if seen.container.format != _MP4:
        return Playable(False, f"A browser cannot play this kind of file ({seen.container.format}).")
    codec = seen.video.codec if seen.video else ""
    if codec and codec not in _PLAYED_CODECS:
        return Playable(False, f"A browser cannot play this codec ({codec}).")
    return Playable(True)


@pages.page("/incidents/{incident_id}/footage/{footage_id}/video", Right.WATCH)
def video(request: Request, asking: Asking, incident_id: str, footage_id: str, run: str = "") -> Any:
    """The bytes of a video, all of them or a range (RFC 9110, section 14)."""
    chosen, _ = run_of(asking, incident_id, run)
    found, _ = seen_by(asking.person, incident_input(asking.site.audit, chosen.run_id, incident_id))
    segment = next((one for one in found.report.segments if one.footage_id == footage_id), None)
    if segment is None or segment.object_key is None or not playable_of(segment, found).is_playable:
        raise NotThere
    store = asking.site.audit.source
    asking.note(Right.WATCH, "watched", "footage", footage_id, once=True)
    try:
        return _answer(request, store, _object(store, segment.object_key, found))
    except (ObjectMissingError, ObjectForbiddenError, ObjectChangedError, ObjectStoreError) as error:
        return Response(why_not(error), status_of(error), media_type="text/plain; charset=utf-8")


def why_not(error: BwcAuditError) -> str:
    """Why a video cannot be shown, in words."""
    match error:
        case ObjectMissingError():
            return "The video is not in the store any more."
        case ObjectForbiddenError():
            return "The store refuses access to this video; whether it exists is not known."
        case ObjectChangedError():
            return "The file in the store is not the one that was audited: it was replaced since."
    return "The store of the videos cannot be reached now."


def status_of(error: BwcAuditError) -> int:
    """The status of that answer."""
    match error:
        case ObjectMissingError():
            return 404
        case ObjectForbiddenError():
            return 502
        case ObjectChangedError():
            return 409
    return 503


def _object(store: ObjectStore, key: str, found: IncidentInput) -> _Object:
    """As it was audited, else as the store has it now."""
    planned = found.versions.get(key)
    if planned is not None:
        return _Object(key, planned.etag, planned.size_bytes)
    stat = store.head(key)
    return _Object(key, stat.etag, stat.size_bytes)


def _answer(request: Request, store: ObjectStore, one: _Object) -> Response:
    head = store.read_range(one.key, 0, min(12, one.size_bytes), one.etag)
    if head[4:8] not in (b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip"):
        return Response("This file is not one that a browser plays.", 415, media_type="text/plain; charset=utf-8")
    tag = f'"{one.etag.strip(chr(34))}"'
    headers = {
        "accept-ranges": "bytes",
        "etag": tag,
        "content-disposition": "inline",
        "cache-control": "private, no-store",
    }
    asked = request.headers.get("range")
    if_range = request.headers.get("if-range")
    part = _part(asked, one.size_bytes) if asked and (if_range is None or if_range == tag) else None
    if asked and part == (0, 0):
        return Response(status_code=416, headers={**headers, "content-range": f"bytes */{one.size_bytes}"})
    start, end = part or (0, one.size_bytes)
    headers["content-length"] = str(end - start)
    if part is not None:
        headers["content-range"] = f"bytes {start}-{end - 1}/{one.size_bytes}"
    return StreamingResponse(_pieces(store, one, start, end), 206 if part else 200, headers=headers, media_type="video/mp4")


def _part(asked: str, size: int) -> tuple[int, int] | None:
    """``[start, end)`` of one range; (0, 0): it cannot be satisfied; None: not one that we understand, so all is sent."""
    match = _RANGE.fullmatch(asked.strip())
    if match is None or match.group(1) == match.group(2) == "":
        return None
    first, last = match.groups()
    if len(first) > 18 or len(last) > 18:
        return (0, 0)
    if first == "":
        length = min(int(last), size)
        return (size - length, size) if length else (0, 0)
    start, end = int(first), min(int(last) + 1, size) if last else size
    if last and int(last) < start:
        return None
    return (start, end) if start < size else (0, 0)


def _pieces(store: ObjectStore, one: _Object, start: int, end: int) -> Iterator[bytes]:
    """The bytes, a piece at a time; a fault of the store midway breaks the connection off, which a player reports."""
    while start < end:
        piece = store.read_range(one.key, start, min(_PIECE_BYTES, end - start), one.etag)
        if not piece:
            raise ObjectChangedError(f"{one.key} ends early")
        yield piece
        start += len(piece)
