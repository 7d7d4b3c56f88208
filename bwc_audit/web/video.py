"""The video itself, by range, from the store through the application: no copy is kept, and each view is on record.

What a file is, was found when it was looked into, else its own first bytes say; only what browsers play is handed out. The
store is asked for the version that was audited: one that was replaced since is refused rather than shown as evidence.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from fastapi import Request
from fastapi.responses import PlainTextResponse, Response, StreamingResponse

from bwc_audit.audit.incident_input import FootageInput
from bwc_audit.domain.people import Right
from bwc_audit.domain.results import PlacedSegment
from bwc_audit.errors import (
    BwcAuditError,
    ObjectChangedError,
    ObjectForbiddenError,
    ObjectMissingError,
)
from bwc_audit.objects.contract import ObjectStore
from bwc_audit.store.footage_marks import FootageMark
from bwc_audit.web.byte_ranges import NoSuchPart, Part, part_asked
from bwc_audit.web.guard import Asking, NotThere, Pages
from bwc_audit.web.sight import footage_of

pages = Pages()

_log = logging.getLogger(__name__)
_PIECE_BYTES = 1024 * 1024
_MP4, _WEBM = "video/mp4", "video/webm"
_TYPES = {"mov,mp4": _MP4, "webm": _WEBM}
#: hevc and mpeg4 play in some browsers only; the player says so where they do not.
_PLAYED_CODECS = ("h264", "av1", "vp8", "vp9", "mpeg4", "hevc")
_MP4_BOXES = (b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip")
_EBML = b"\x1a\x45\xdf\xa3"


@dataclass(frozen=True, slots=True)
class Playable:
    """Whether a browser can be given the file; ``why`` not."""

    is_playable: bool
    why: str = ""


@dataclass(frozen=True, slots=True)
class _Object:
    """``content_type`` empty: its first bytes have to tell."""

    key: str
    etag: str
    size_bytes: int
    content_type: str


def playable_of(segment: PlacedSegment, mark: FootageMark | None) -> Playable:
    """What is known without asking the store."""
    if segment.object_key is None:
        return Playable(False, "No video of this recording is in the store.")
    if mark is None:
        return Playable(True)
    if mark.container is None:
        return Playable(False, f"The file cannot be read: {mark.reason}.") if mark.reason else Playable(True)
    if mark.container not in _TYPES:
        return Playable(False, f"A browser cannot play this kind of file ({mark.container}).")
    if mark.picture and mark.picture not in _PLAYED_CODECS:
        return Playable(False, f"A browser cannot play this codec ({mark.picture}).")
    return Playable(True)


@pages.stream("/incidents/{incident_id:path}/footage/{footage_id:path}/video", Right.WATCH)
def video(request: Request, asking: Asking, incident_id: str, footage_id: str, run: str = "") -> Any:
    """The bytes of a video, all of them or a range (RFC 9110, section 14); or a sentence that says why there are none."""
    found = footage_of(asking, incident_id, footage_id, run)
    key, playable = found.segment.object_key, playable_of(found.segment, found.mark)
    if key is None:
        raise NotThere
    if not playable.is_playable:
        return _words(playable.why, 415)
    store = asking.site.audit.source
    try:
        answer = _answer(request, store, _object(store, key, found))
    except BwcAuditError as error:
        _log.warning("footage %s: %s", footage_id, error)  # its text names addresses, which are not for the page
        return _words(why_not(error), status_of(error))
    if request.method == "GET" and answer.status_code in (200, 206):  # before its first byte goes out
        asking.note(Right.WATCH, "watched", "footage", footage_id, once=True)
    return answer


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


def _object(store: ObjectStore, key: str, found: FootageInput) -> _Object:
    """As it was audited, else as the store has it now."""
    content_type = _TYPES.get(found.mark.container or "", "") if found.mark else ""
    if found.version is not None and found.version.etag:
        return _Object(key, found.version.etag, found.version.size_bytes, content_type)
    stat = store.head(key)
    return _Object(key, stat.etag, stat.size_bytes, content_type)


def _answer(request: Request, store: ObjectStore, one: _Object) -> Response:
    tag = f'"{one.etag.strip(chr(34))}"'
    headers = {
        "accept-ranges": "bytes",
        "etag": tag,
        "content-disposition": "inline",
        "cache-control": "private, no-store",
    }
    try:
        part = part_asked(request.headers.get("range"), one.size_bytes, tag, request.headers.get("if-range"))
    except NoSuchPart:
        return Response(status_code=416, headers={**headers, "content-range": f"bytes */{one.size_bytes}"})
    content_type = one.content_type or _told_by(store.read_range(one.key, 0, min(12, one.size_bytes), one.etag))
    if not content_type:
        return _words("This file is not one that a browser plays.", 415)
    wanted = part or Part(0, one.size_bytes)
    # The first piece before the head of the answer: what is wrong with the store can still be said.
    at_once = 1 if request.method == "HEAD" else _PIECE_BYTES
    first = store.read_range(one.key, wanted.start, min(at_once, wanted.length), one.etag)
    headers["content-length"] = str(wanted.length)
    if part is not None:
        headers["content-range"] = f"bytes {part.start}-{part.end - 1}/{one.size_bytes}"
    body = iter(()) if request.method == "HEAD" else _pieces(store, one, wanted, first)
    return StreamingResponse(body, 206 if part else 200, headers=headers, media_type=content_type)


def _told_by(head: bytes) -> str:
    if head[4:8] in _MP4_BOXES:
        return _MP4
    return _WEBM if head[:4] == _EBML else ""


def _pieces(store: ObjectStore, one: _Object, wanted: Part, first: bytes) -> Iterator[bytes]:
    """The bytes, a piece at a time; a fault of the store midway breaks the connection off, which a player reports."""
    at, piece = wanted.start, first
    while at < wanted.end:
        if not piece:
            raise ObjectChangedError(f"{one.key} ends early")
        yield piece
        at += len(piece)
        if at < wanted.end:
            piece = store.read_range(one.key, at, min(_PIECE_BYTES, wanted.end - at), one.etag)


def _words(sentence: str, status: int) -> Response:
    return PlainTextResponse(sentence, status, headers={"cache-control": "no-store"})
