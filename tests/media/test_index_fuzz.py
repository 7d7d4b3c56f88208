"""Damaged and hostile indexes: whatever the bytes are, the outcome is an index with arrays that fit, or a reason; soon.

``make test-all`` (marker ``heavy``) runs 10,000 cases; any number: ``survive(content, path)`` for bytes of one's own.
"""

from __future__ import annotations

import struct
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bwc_audit.errors import MediaUnreadableError
from bwc_audit.media.index import read_index
from bwc_audit.media.sniff import sniff
from bwc_audit.media.source import RangeFile
from bwc_audit.media.track_index import MediaIndex
from bwc_audit.objects.folder import FolderStore

from . import clips as make
from .making_mp4 import box, top_level

MOST_SECONDS = 1.0
MOST_BYTES = 300e6
FORMS: dict[str, dict[str, Any]] = {
    "plain.mp4": {},
    "reordered.mp4": {"preset": "fast", "bf": 2},
    "fragments.mp4": {"movflags": "frag_keyframe+empty_moov"},
    "listed.mp4": {"movflags": "dash+frag_keyframe+global_sidx"},
    "quick.mov": {"c:v": "mjpeg", "pix_fmt": "yuvj420p", "c:a": "pcm_s16le"},
}
#: Values that counts and lengths fail on.
NASTY = (0, 1, 2, 7, 8, 9, 16, 0x7F, 0xFF, 0xFFFF, 10**6, 2**24, 2**30, 2**31 - 1, 2**31, 2**32 - 1)

#: One change of the bytes: what is done, where (as a share of the whole), and a number for it.
Change = tuple[str, float, int]
CHANGES = st.lists(
    st.tuples(
        st.sampled_from(["flip", "word", "cut", "swap", "double", "drop", "name"]),
        st.floats(0, 1, exclude_max=True),
        st.one_of(st.sampled_from(NASTY), st.integers(0, 2**32 - 1)),
    ),
    min_size=1,
    max_size=12,
)


def mutated(content: bytes, changes: list[Change]) -> bytes:
    """The bytes with the changes made one after another."""
    written = bytearray(content)
    for what, share, number in changes:
        if len(written) < 16:
            break
        at = int(share * (len(written) - 8))
        if what == "flip":
            written[at] ^= 1 << number % 8
        elif what == "word":
            struct.pack_into(">I", written, at - at % 4, number)
        elif what == "cut":
            del written[at:]
        elif what == "swap":
            written[at : at + 4], written[at + 4 : at + 8] = written[at + 4 : at + 8], written[at : at + 4]
        elif what == "double":
            length = number % 512
            written[at:at] = written[at : at + length]
        elif what == "drop":
            del written[at : at + number % 64]
        else:
            places = [place for place in range(len(written) - 3) if written[place : place + 4] in _TYPES]
            if places:
                place = places[at % len(places)]
                written[place : place + 4] = _TYPES[number % len(_TYPES)]
    return bytes(written)


_TYPES = b"moov trak mdia minf stbl stts ctts stss stsz stz2 stsc stco co64 elst edts mvex moof traf trun sidx free".split()


def survive(content: bytes, path: Path) -> MediaIndex | None:
    """Read the index of these bytes: None where they are refused with a reason. Anything else is an error."""
    path.write_bytes(content)
    source = RangeFile(FolderStore(path.parent), path.name, len(content))
    started = time.process_time()
    try:
        index = read_index(source, sniff(source))
    except MediaUnreadableError:
        return None
    finally:
        assert time.process_time() - started < MOST_SECONDS
        assert source.fault is None
    for track in index.tracks:
        numbers = (track.offsets, track.sizes, track.dts, track.pts, track.durations)
        assert {column.dtype for column in numbers} == {np.dtype(np.int64)}
        assert {column.shape for column in (*numbers, track.is_key, track.is_shown)} == {(track.dts.size,)}
        assert not track.sizes.size or int(track.sizes.min()) >= 0
        assert track.time_base > 0
    assert index.missing_bytes >= 0
    return index


@pytest.fixture(scope="session")
def indexes(clips: Callable[..., Path]) -> dict[str, bytes]:
    """Small files of each form with their media taken out, so that every change meets a table."""
    found = {}
    for name, options in FORMS.items():
        path = clips(f"fuzz_{name}", lambda path, o=options: make.write_clip(path, make.street(2), make.tone(2), **o))
        boxes = [(type_, body[:40] if type_ == b"mdat" else body) for type_, body in top_level(path.read_bytes())]
        found[name] = b"".join(box(type_, body) for type_, body in boxes)
    return found


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=st.sampled_from(list(FORMS)), changes=CHANGES)
def test_damaged_indexes(indexes: dict[str, bytes], tmp_path: Path, name: str, changes: list[Change]) -> None:
    survive(mutated(indexes[name], changes), tmp_path / name)


def test_undamaged_indexes_are_read(indexes: dict[str, bytes], tmp_path: Path) -> None:
    for name, content in indexes.items():
        index = survive(content, tmp_path / name)
        assert index is not None
        assert [track.dts.size > 20 for track in index.tracks] == [True, True]


@pytest.mark.heavy
@settings(max_examples=10_000, deadline=None, suppress_health_check=list(HealthCheck))
@given(name=st.sampled_from(list(FORMS)), changes=CHANGES)
def test_many_damaged_indexes(indexes: dict[str, bytes], tmp_path: Path, name: str, changes: list[Change]) -> None:
    content = mutated(indexes[name], changes)
    tracemalloc.start()
    try:
        survive(content, tmp_path / name)
        assert tracemalloc.get_traced_memory()[1] < MOST_BYTES
    finally:
        tracemalloc.stop()
