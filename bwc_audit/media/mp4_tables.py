"""The sample table of one MP4 track (``stbl``) as arrays: place, size, time and key mark of each sample, in file order.

Vectorised, since 30 minutes hold some 140,000 samples. Tables that contradict each other give what all of them can
place, and a doubt in words: nothing is invented about a sample that a table leaves out, and the reader of the result must
say that it was in doubt. Edit lists are applied elsewhere. ISO/IEC 14496-12, sections 8.6 and 8.7.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from bwc_audit.domain.inspection import UnreadableReason
from bwc_audit.errors import MediaUnreadableError
from bwc_audit.media.boxes import Box
from bwc_audit.media.mp4_entries import SampleEntry
from bwc_audit.media.track_index import Claim, Int

#: Samples of all tracks together. Eight hours of 30 frames/s with 48 kHz AAC are 2.2 million; one costs up to 100 bytes
#: while it is worked on, and a child process has 400 MB with all its libraries.
MOST_SAMPLES = 2_500_000
#: A duration above this is a negative one in the field's own form (FFmpeg's bound); FFmpeg too takes it for one tick.
_LONGEST_SAMPLE = 2**32 - 1 - 480_000
#: FFmpeg disbelieves a whole table of offsets that holds one beyond this.
_LARGEST_OFFSET = 1 << 28
#: Uncompressed sound is indexed in blocks of so many moments, as FFmpeg does.
_BLOCK_MOMENTS = 1024

Table = Mapping[bytes, Box]


@dataclass(frozen=True, slots=True, eq=False)
class Samples:
    """Samples of one track in decoding order, before edit lists. Arrays of one length.

    ``dts`` is shifted back by ``shift``, so that no ``dts + shift + offset_ticks`` (the presentation time) needs a
    negative offset, as FFmpeg does.
    """

    offsets: Int
    sizes: Int
    dts: Int
    offset_ticks: Int
    durations: Int
    is_key: Claim
    shift: int = 0
    has_offsets: bool = False
    has_key_table: bool = True
    doubts: tuple[str, ...] = ()

    @property
    def count(self) -> int:
        return int(self.dts.size)


def no_samples(*doubts: str) -> Samples:
    """An empty table."""
    none = np.zeros(0, np.int64)
    return Samples(none, none, none, none, none, np.zeros(0, np.bool_), doubts=doubts)


def read_samples(content: bytes, table: Table, entry: SampleEntry, before: int = 0) -> Samples:
    """The samples of one ``stbl``, whose boxes are ``table``; ``before``: how many earlier tracks have.

    Raises ``MediaUnreadableError`` above ``MOST_SAMPLES``.
    """
    doubts: list[str] = []
    times = _rows(content, table, b"stts", 2, doubts)
    chunks = _chunk_offsets(content, table, doubts)
    runs = _rows(content, table, b"stsc", 3, doubts)
    if not chunks.size or not times.size or not runs.size:
        if chunks.size:  # a fragmented file has none of the three
            doubts.append("samples without a table of times or of places")
        return no_samples(*doubts)
    in_chunk = _samples_of_chunks(runs, chunks.size, doubts)
    if in_chunk is None:
        return no_samples(*doubts)
    if entry.frame_bytes and times.shape[0] == 1 and times[0, 1] == 1:
        return _uncompressed_blocks(chunks, in_chunk, entry, before, tuple(doubts))
    sizes = _sizes(content, table, int(in_chunk.sum()), before, doubts)
    in_chunk = np.diff(np.minimum(np.cumsum(in_chunk), sizes.size), prepend=0)
    durations = _durations(times, sizes.size, doubts)
    ticks, shift = _offset_ticks(content, table, sizes.size, doubts)
    return Samples(
        offsets=_places(chunks, in_chunk, sizes),
        sizes=sizes,
        dts=np.cumsum(durations) - durations - shift,
        offset_ticks=np.zeros(sizes.size, np.int64) if ticks is None else ticks,
        durations=durations,
        is_key=_key_marks(content, table, sizes.size, entry.kind == "audio", doubts),
        shift=shift,
        has_offsets=ticks is not None,
        has_key_table=_rows(content, table, b"stss", 1, []).size > 0,
        doubts=tuple(doubts),
    )


def check_count(count: int) -> None:
    """Raises ``MediaUnreadableError`` where a file claims more samples than are read."""
    if count > MOST_SAMPLES:
        raise MediaUnreadableError(UnreadableReason.MEMORY, f"the index claims {count} samples; {MOST_SAMPLES} are read")


def _rows(content: bytes, table: Table, type_: bytes, columns: int, doubts: list[str], *, word: str = ">u4") -> Int:
    """Rows of a table with a count before them, as many as the box really holds; no row where it is absent."""
    box = table.get(type_)
    if box is None or box.end - box.body < 8:
        return np.zeros((0, columns), np.int64)
    (claimed,) = struct.unpack_from(">I", content, box.body + 4)
    row_bytes = columns * np.dtype(word).itemsize
    held = min(claimed, (box.end - box.body - 8) // row_bytes)
    if held < claimed:
        doubts.append(f"{type_.decode()} claims {claimed} entries and holds {held}")
    rows = np.frombuffer(content, word, held * columns, box.body + 8)
    return rows.astype(np.int64).reshape(held, columns)


def _chunk_offsets(content: bytes, table: Table, doubts: list[str]) -> Int:
    if b"co64" in table:
        # An offset beyond 2**61 is in no file; bounded so that sums cannot run over.
        places = _rows(content, table, b"co64", 1, doubts, word=">u8")[:, 0]
        return np.where((places < 0) | (places > 2**61), 2**61, places)
    return _rows(content, table, b"stco", 1, doubts)[:, 0]


def _samples_of_chunks(runs: Int, chunks: int, doubts: list[str]) -> Int | None:
    """How many samples each chunk holds: ``stsc`` names the chunks where the number changes, counted from 1.

    None where it is in disorder: then no sample has a sure place, and a wrong one would look like damaged pictures.
    """
    first = runs[:, 0]
    if first[0] != 1 or bool(np.any(np.diff(first) <= 0)) or bool(np.any(runs[:, 1] < 1)):
        doubts.append("stsc is in disorder: no sample has a sure place")
        return None
    if first[-1] > chunks:
        doubts.append("stsc names chunks that are not there")
    first = np.minimum(first, chunks + 1)
    counts: Int = np.repeat(runs[:, 1], np.append(first[1:], chunks + 1) - first)
    return counts


def _sizes(content: bytes, table: Table, placed: int, before: int, doubts: list[str]) -> Int:
    """Sizes of the samples that have a place, from ``stsz`` or ``stz2``."""
    box = table.get(b"stsz") or table.get(b"stz2")
    if box is None or box.end - box.body < 12:
        doubts.append("no table of sizes")
        return np.zeros(0, np.int64)
    form, claimed = struct.unpack_from(">II", content, box.body + 4)
    bits = 32 if box.type == b"stsz" else form & 0xFF
    count = claimed
    if box.type == b"stsz" and form:
        check_count(before + min(count, placed))
        sizes = np.full(min(count, placed), form, np.int64)
    else:
        sizes = _listed_sizes(content[box.body + 12 : box.end], bits, claimed)
        check_count(before + sizes.size)
        count = sizes.size
        if count < claimed:
            doubts.append(f"{box.type.decode()} claims {claimed} samples and holds {count}")
    if count != placed:
        doubts.append(f"sizes of {count} samples, places for {placed}")
    return sizes[:placed]


def _listed_sizes(listed: bytes, bits: int, claimed: int) -> Int:
    if bits == 4:
        pairs = np.frombuffer(listed, np.uint8, min(len(listed), (claimed + 1) // 2))
        return np.stack([pairs >> 4, pairs & 15], axis=1).reshape(-1)[:claimed].astype(np.int64)
    if bits not in (8, 16, 32):
        return np.zeros(0, np.int64)
    return np.frombuffer(listed, f">u{bits // 8}", min(claimed, len(listed) * 8 // bits)).astype(np.int64)


def _places(chunks: Int, in_chunk: Int, sizes: Int) -> Int:
    """Where each sample lies: samples of a chunk follow each other."""
    before = np.cumsum(sizes) - sizes
    first = np.cumsum(in_chunk) - in_chunk
    is_used = in_chunk > 0
    starts: Int = np.repeat(chunks[is_used] - before[first[is_used]], in_chunk[is_used])
    return starts + before


def _durations(times: Int, count: int, doubts: list[str]) -> Int:
    """Run lengths of ``stts`` as one duration a sample. Where they end early the last one goes on, as in FFmpeg."""
    lengths, ticks = times[:, 0], times[:, 1]
    if bool(np.any(ticks > _LONGEST_SAMPLE)):
        doubts.append("stts holds negative durations")
        ticks = np.where(ticks > _LONGEST_SAMPLE, 1, ticks)
    total = int(lengths.sum())
    if total != count:
        doubts.append(f"times of {total} samples, sizes of {count}")
    kept = np.diff(np.minimum(np.cumsum(lengths), count), prepend=0)
    kept[-1] += count - int(kept.sum())
    return np.repeat(ticks, kept)


def _offset_ticks(content: bytes, table: Table, count: int, doubts: list[str]) -> tuple[Int | None, int]:
    """Presentation minus decoding time of each sample (None: no such table) and FFmpeg's shift against negative ones.

    Both versions are read as signed: files of version 0 with negative offsets exist. FFmpeg looks for the most negative
    one everywhere but in the last two entries.
    """
    rows = _rows(content, table, b"ctts", 2, doubts)
    if not rows.size:
        return None, 0
    lengths, ticks = rows[:, 0], rows[:, 1].astype(np.uint32).view(np.int32).astype(np.int64)
    is_valid = (lengths > 0) & (lengths < 2**31)
    inner = np.arange(lengths.size) < lengths.size - 2
    unbelievable = np.flatnonzero(is_valid & inner & (np.abs(ticks) > _LARGEST_OFFSET))
    if unbelievable.size:
        doubts.append("ctts holds offsets beyond belief")
        inner[int(unbelievable[0]) :] = False
    shift = max(0, -int(np.min(ticks[is_valid & inner], initial=0)))
    if unbelievable.size:
        return None, shift
    lengths, ticks = lengths[is_valid], ticks[is_valid]
    if int(lengths.sum()) != count:
        doubts.append(f"presentation offsets of {int(lengths.sum())} samples, sizes of {count}")
    kept = np.diff(np.minimum(np.cumsum(lengths), count), prepend=0)
    spread = np.zeros(count, np.int64)
    spread[: int(kept.sum())] = np.repeat(ticks, kept)
    return spread, shift


def _key_marks(content: bytes, table: Table, count: int, is_sound: bool, doubts: list[str]) -> Claim:
    """Sync samples: all where no table names them; also partial ones (``stps``) and those of a ``rap `` group."""
    if b"stss" not in table:
        return np.ones(count, np.bool_)
    marks = np.zeros(count, np.bool_)
    named = _rows(content, table, b"stss", 1, doubts)[:, 0]
    partial = _rows(content, table, b"stps", 1, doubts)[:, 0]
    if named.size and (bool(np.any(np.diff(named) <= 0)) or named[0] < 1 or named[-1] > count):
        doubts.append("stss does not fit the samples")
    for numbers in (named, partial):
        marks[numbers[(numbers >= 1) & (numbers <= count)] - 1] = True
    if not named.size and not partial.size:  # an empty table: only the first is sure
        marks[:1] = True
        marks |= is_sound
    return marks


def _uncompressed_blocks(chunks: Int, in_chunk: Int, entry: SampleEntry, before: int, doubts: tuple[str, ...]) -> Samples:
    """Sound with one "sample" a moment: blocks of ``_BLOCK_MOMENTS``, a shorter one at the end of each chunk."""
    blocks = -(-in_chunk // _BLOCK_MOMENTS)
    check_count(before + int(blocks.sum()))
    chunk = np.repeat(np.arange(chunks.size), blocks)
    within = np.arange(chunk.size) - np.repeat(np.cumsum(blocks) - blocks, blocks)
    durations = np.minimum(_BLOCK_MOMENTS, in_chunk[chunk] - within * _BLOCK_MOMENTS)
    return Samples(
        offsets=chunks[chunk] + within * (_BLOCK_MOMENTS * entry.frame_bytes),
        sizes=durations * entry.frame_bytes,
        dts=np.cumsum(durations) - durations,
        offset_ticks=np.zeros(chunk.size, np.int64),
        durations=durations,
        is_key=np.ones(chunk.size, np.bool_),
        doubts=doubts,
    )
