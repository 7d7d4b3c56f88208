"""Whole files damaged at random, each case known by its seed and number: ``damaged(seeds, seed, number)`` gives it again.

The seeds are tiny clips of every container and codec that is read. Places of damage are drawn half from the whole file and
half from where containers keep lengths and counts, since a damaged picture alone seldom reaches further than its decoder.
"""

from __future__ import annotations

import random
import struct
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from . import clips as make

_H264 = {"c:v": "libx264", "preset": "ultrafast", "g": 5}
_HEVC = {"c:v": "libx265", "preset": "ultrafast", "g": 5, "x265-params": "log-level=error:pools=1", "tag:v": "hvc1"}
_AV1 = {"c:v": "libaom-av1", "cpu-used": 8, "g": 5, "crf": 50}
_VP9 = {"c:v": "libvpx-vp9", "deadline": "realtime", "cpu-used": 8, "g": 5}
_OPUS = {"c:a": "libopus", "b:a": "24k"}
_PCM = {"c:a": "pcm_s16le"}
_FRAGMENTS = "frag_keyframe+empty_moov+default_base_moof"
FORMS: dict[str, dict[str, Any]] = {
    "front.mp4": {**_H264, "movflags": "faststart"},
    "end.mp4": {**_H264, "preset": "fast", "bf": 2},
    "fragments.mp4": {**_H264, "movflags": _FRAGMENTS},
    "listed.mp4": {**_H264, "movflags": f"dash+{_FRAGMENTS}+global_sidx"},
    "hevc.mp4": _HEVC,
    "hevc_fragments.mp4": {**_HEVC, "movflags": _FRAGMENTS},
    "mpeg4.mp4": {"c:v": "mpeg4", "g": 5},
    "av1.mp4": {**_AV1, **_OPUS},
    "mjpeg.mov": {"c:v": "mjpeg", "pix_fmt": "yuvj420p", **_PCM},
    "h264.mkv": _H264,
    "hevc.mkv": {**_HEVC, **_OPUS, "tag:v": ""},
    "pcm.mkv": {"c:v": "mpeg4", "g": 5, **_PCM},
    "vp9.webm": {**_VP9, **_OPUS},
    "av1.webm": {**_AV1, **_OPUS},
    "mjpeg.avi": {"c:v": "mjpeg", "pix_fmt": "yuvj420p", **_PCM},
    "mpeg4.avi": {"c:v": "mpeg4", "g": 5, **_PCM},
    "h264.avi": {**_H264, "bf": 0, **_PCM},
    "h264.ts": _H264,
    "hevc.ts": {**_HEVC, "tag:v": ""},
}
#: Values that lengths and counts fail on.
_EXTREMES = (0, 1, 2, 7, 8, 15, 16, 0x7F, 0x80, 0xFF, 0xFFFF, 10**6, 2**24, 2**30, 2**31 - 1, 2**31, 2**32 - 2, 2**32 - 1)
_MP4_NAMES = (
    b"ftyp moov mvhd trak tkhd mdia mdhd hdlr minf dinf dref stbl stsd avc1 hvc1 av01 mp4a avcC hvcC esds stts ctts stss "
    b"stsz stsc stco co64 edts elst mvex trex moof mfhd traf tfhd tfdt trun sidx mfra tfra mfro mdat free"
).split()
_AVI_NAMES = b"RIFF LIST avih strh strf idx1 movi 00dc 01wb hdrl strl".split()
#: EBML, Segment, SeekHead, Info, Tracks, TrackEntry, Cluster, SimpleBlock, BlockGroup, Block, Cues, CodecPrivate, lacing.
_MKV_NAMES = tuple(
    bytes.fromhex(name)
    for names in ("1A45DFA3 18538067 114D9B74 1549A966 1654AE6B", "AE 1F43B675 A3 A0 A1 1C53BB6B 63A2 9C")
    for name in names.split()
)
_MKV_LENGTHS = (b"\x80", b"\xff", b"\1" + b"\xff" * 7, b"\1" + b"\xff" * 6 + b"\xfe", b"\1" + bytes(7), b"\x40\0")
_LURES = (b"file:///etc/passwd\0", b"http://127.0.0.1:9/x\0", b"concat:a|b\0", b"/etc/passwd\0", b"#EXTM3U\n")


def tiny_clips(folder: Path) -> dict[str, bytes]:
    """Every form as a clip of one second, 64 x 48, 15 frames/s, with sound."""
    found = {}
    for name, options in FORMS.items():
        scene = make.street(1).filter("scale", 64, 48)
        path = make.write_clip(folder / name, scene, make.tone(1), has_clock=False, **{"c:a": "aac", **options})
        found[name] = path.read_bytes()
    return found


def damaged(seeds: dict[str, bytes], seed: int, number: int) -> tuple[str, bytes]:
    """Name of the clip that case ``number`` is made from, and its bytes. The same arguments give the same case."""
    draw = random.Random(f"{seed}:{number}")  # damage, no secret
    name = draw.choice(sorted(seeds))
    content = bytearray(seeds[name])
    for _ in range(draw.choice((1, 1, 1, 2, 2, 3, 4, 8, 20))):
        if len(content) >= 16:
            draw.choice(_DAMAGES)(content, draw, seeds)
    return name, bytes(content)


def _place(content: bytearray, draw: random.Random) -> int:
    """Anywhere; or near the start or the end, where tables lie."""
    last = len(content) - 8
    reach = min(last, 2048)
    return draw.choice((draw.randint(0, last), draw.randint(0, reach), last - draw.randint(0, reach)))


def _flip(content: bytearray, draw: random.Random, _: dict[str, bytes]) -> None:
    for _flipped in range(draw.choice((1, 1, 8, 64))):
        content[_place(content, draw)] ^= 1 << draw.randrange(8)


def _noise(content: bytearray, draw: random.Random, _: dict[str, bytes]) -> None:
    at = _place(content, draw)
    length = min(draw.choice((1, 4, 32, 1024)), len(content) - at)
    content[at : at + length] = draw.randbytes(length)


def _zero(content: bytearray, draw: random.Random, _: dict[str, bytes]) -> None:
    at = _place(content, draw)
    length = min(draw.choice((1, 8, 188, 4096)), len(content) - at)
    content[at : at + length] = bytes(length)


def _cut(content: bytearray, draw: random.Random, _: dict[str, bytes]) -> None:
    del content[_place(content, draw) :]


def _drop(content: bytearray, draw: random.Random, _: dict[str, bytes]) -> None:
    at = _place(content, draw)
    del content[at : at + draw.choice((1, 2, 4, 188, 4096))]


def _double(content: bytearray, draw: random.Random, _: dict[str, bytes]) -> None:
    at = _place(content, draw)
    part = bytes(content[at : at + draw.choice((1, 4, 188, 4096, len(content)))])
    content[at:at] = part * draw.choice((1, 1, 3, 30 if len(part) < 5000 else 1))


def _splice(content: bytearray, draw: random.Random, seeds: dict[str, bytes]) -> None:
    """A part of another clip put in, or the rest of the file replaced by that of another."""
    other = seeds[draw.choice(sorted(seeds))]
    at, start = _place(content, draw), draw.randrange(len(other))
    if draw.random() < 0.5:
        content[at:] = other[start:]
    else:
        part = other[start : start + draw.choice((16, 188, 4096))]
        content[at : at + draw.choice((0, len(part)))] = part


def _extreme(content: bytearray, draw: random.Random, _: dict[str, bytes]) -> None:
    at = _place(content, draw)
    form = draw.choice((">H", ">I", "<I", ">Q", "<H"))
    value = draw.choice(_EXTREMES) % 256 ** struct.calcsize(form)
    struct.pack_into(form, content, at, value)


def _named(content: bytearray, draw: random.Random, names: Iterable[bytes]) -> int | None:
    """Where one of the names stands, drawn name by name so that rare ones are met as often as frequent ones."""
    there = [name for name in names if name in content]
    if not there:
        return None
    name = draw.choice(there)
    at = content.find(name, draw.randrange(len(content)))
    return at if at >= 0 else content.find(name)


def _length(content: bytearray, draw: random.Random, _: dict[str, bytes]) -> None:
    """The length before a box's name or behind a chunk's, or one of the first words of its body: counts and versions."""
    at = _named(content, draw, (*_MP4_NAMES, *_AVI_NAMES))
    if at is None:
        return _ebml_length(content, draw)
    word = at + draw.choice((-4, -4, 4, 8, 12, 16, 20))
    if 0 <= word <= len(content) - 4:
        struct.pack_into(draw.choice((">I", "<I")), content, word, draw.choice(_EXTREMES))
    return None


def _ebml_length(content: bytearray, draw: random.Random) -> None:
    at = _named(content, draw, _MKV_NAMES)
    if at is not None:
        word = at + next(len(name) for name in _MKV_NAMES if content.startswith(name, at))
        length = draw.choice(_MKV_LENGTHS)
        content[word : word + (len(length) if draw.random() < 0.8 else 1)] = length


def _rename(content: bytearray, draw: random.Random, _: dict[str, bytes]) -> None:
    """A box or chunk becomes another kind."""
    at = _named(content, draw, (*_MP4_NAMES, *_AVI_NAMES))
    if at is not None:
        content[at : at + 4] = draw.choice((*_MP4_NAMES, *_AVI_NAMES))


def _lure(content: bytearray, draw: random.Random, _: dict[str, bytes]) -> None:
    """An address or a path where a name might stand."""
    lure = draw.choice(_LURES)
    at = _place(content, draw)
    content[at : at + len(lure)] = lure


_Damage = Callable[[bytearray, random.Random, dict[str, bytes]], None]
_DAMAGES: tuple[_Damage, ...] = (
    *(_flip, _flip, _noise, _zero, _cut, _drop, _double, _splice),
    *(_extreme, _extreme, _length, _length, _length, _rename, _lure),
)
