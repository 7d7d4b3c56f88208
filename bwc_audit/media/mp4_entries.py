"""Sample entries of an MP4 track (``stsd``): which codec, what its decoder needs first, and the facts a track claims.

Names are FFmpeg's, and the decoder's first bytes are those that FFmpeg would hand to it. An entry that is not known here
gets the codec ``""``: that says nothing about whether it can be decoded. ISO/IEC 14496-12 section 8.5.2, 14496-14,
14496-15, and the QuickTime File Format Specification for sound entries of version 1 and 2.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Literal

from bwc_audit.media.boxes import Box, box_of, first_boxes

Kind = Literal["video", "audio"]

ENCRYPTED = frozenset({b"encv", b"enca"})
_VIDEO = {
    **dict.fromkeys((b"avc1", b"avc3"), "h264"),
    **dict.fromkeys((b"hvc1", b"hev1"), "hevc"),
    **dict.fromkeys((b"jpeg", b"mjpa"), "mjpeg"),
    b"mp4v": "mpeg4",
    b"av01": "av1",
    b"vp08": "vp8",
    b"vp09": "vp9",
}
_SOUND = {
    b"mp4a": "aac",
    b"alac": "alac",
    b"ac-3": "ac3",
    b"ec-3": "eac3",
    b"Opus": "opus",
    b"fLaC": "flac",
    b".mp3": "mp3",
    b"ulaw": "pcm_mulaw",
    b"alaw": "pcm_alaw",
}
#: Object types of an elementary stream descriptor (mp4ra.org); any other one is unknown here.
_OBJECT_TYPES = {
    0x20: "mpeg4",
    0x21: "h264",
    0x23: "hevc",
    **dict.fromkeys((0x40, 0x66, 0x67, 0x68), "aac"),
    **dict.fromkeys((0x60, 0x61, 0x62, 0x63, 0x64, 0x65), "mpeg2video"),
    **dict.fromkeys((0x69, 0x6B), "mp3"),
    0x6A: "mpeg1video",
    0x6C: "mjpeg",
    0xA5: "ac3",
    0xA6: "eac3",
}
_CONFIGURATION = {"h264": b"avcC", "hevc": b"hvcC", "av1": b"av1C"}
_AAC_RATES = (96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000, 7350)


@dataclass(frozen=True, slots=True)
class SampleEntry:
    """The first sample entry of a track. ``frame_bytes``: bytes of one moment of uncompressed sound; 0: not that."""

    kind: Kind
    codec: str = ""
    extradata: bytes = b""
    width: int = 0
    height: int = 0
    sample_rate: int = 0
    channels: int = 0
    frame_bytes: int = 0


def entry_boxes(content: bytes, stsd: Box) -> list[Box]:
    """The entries that the table really holds, as boxes."""
    found: list[Box] = []
    start = stsd.body + 8
    while start < stsd.end and len(found) < 1024:  # as many as FFmpeg takes
        box = box_of(content[start : min(start + 16, stsd.end)], start, stsd.end)
        if box is None or box.end > stsd.end:
            break
        found.append(box)
        start = box.end
    return found


def read_entry(content: bytes, box: Box, kind: Kind, table_version: int) -> SampleEntry:
    """What one sample entry says. ``table_version``: that of ``stsd``, on which the form of sound entries depends."""
    if kind == "video":
        return _video_entry(content, box)
    return _sound_entry(content, box, table_version)


def data_reference(content: bytes, box: Box) -> int:
    """Which data reference the entry's samples lie in, counted from 1."""
    return struct.unpack_from(">H", content, box.start + 14)[0] if box.length >= 16 else 1


def _video_entry(content: bytes, box: Box) -> SampleEntry:
    if box.length < 86:
        return SampleEntry("video")
    width, height = struct.unpack_from(">HH", content, box.start + 32)
    children = first_boxes(content, box.start + 86, box.end)
    codec = _VIDEO.get(box.type, "")
    extradata = b""
    if box.type == b"mp4v" and b"esds" in children:
        codec, extradata = _elementary_stream(content, children[b"esds"])
    configuration = children.get(_CONFIGURATION.get(codec, b""))
    if configuration is not None:
        extradata = content[configuration.body : configuration.end]
    return SampleEntry("video", codec, extradata, width, height)


def _sound_entry(content: bytes, box: Box, table_version: int) -> SampleEntry:
    if box.length < 36:
        return SampleEntry("audio")
    version, channels, bits = struct.unpack_from(">H6xHH", content, box.start + 16)
    rate = struct.unpack_from(">I", content, box.start + 32)[0] >> 16
    children_start, flags = box.start + 36, 0
    if table_version == 0 and version == 1:
        children_start = box.start + 52
    elif table_version == 0 and version == 2 and box.length >= 72:
        exact_rate, channels, bits, flags = struct.unpack_from(">dI4xII", content, box.start + 40)
        rate = int(exact_rate) if 0 < exact_rate < 2**31 else 0
        children_start = box.start + 72
    children = first_boxes(content, children_start, box.end)
    if b"wave" in children:
        children |= first_boxes(content, children[b"wave"].body, children[b"wave"].end)
    codec = _SOUND.get(box.type) or _uncompressed(box.type, bits, flags)
    extradata = b""
    if box.type == b"mp4a" and b"esds" in children:
        codec, extradata = _elementary_stream(content, children[b"esds"])
    elif codec == "alac" and b"alac" in children:
        extradata = content[children[b"alac"].start : children[b"alac"].end]
    elif codec == "opus" and b"dOps" in children:
        extradata = _opus_head(content[children[b"dOps"].body : children[b"dOps"].end])
    if codec == "aac":
        rate, channels = _aac_facts(extradata, rate, channels)
    frame_bytes = _frame_bytes(codec, bits, channels)
    return SampleEntry("audio", codec, extradata, sample_rate=rate, channels=channels, frame_bytes=frame_bytes)


def _uncompressed(type_: bytes, bits: int, flags: int) -> str:
    """Sample formats of QuickTime's uncompressed sound; ``flags`` of ``lpcm``: 1 float, 2 big endian, 4 signed."""
    if type_ == b"lpcm" and flags & 5 == 4 and bits in (16, 24, 32):
        return f"pcm_s{bits}{'be' if flags & 2 else 'le'}"
    if type_ == b"lpcm" and flags & 1 and bits in (32, 64):
        return f"pcm_f{bits}{'be' if flags & 2 else 'le'}"
    if type_ in (b"sowt", b"twos"):
        order = "le" if type_ == b"sowt" else "be"
        return "pcm_s8" if bits == 8 else f"pcm_s{bits}{order}" if bits in (16, 24, 32) else ""
    return ""


def _frame_bytes(codec: str, bits: int, channels: int) -> int:
    if not codec.startswith("pcm_"):
        return 0
    return (1 if codec in ("pcm_mulaw", "pcm_alaw") else bits // 8) * channels


def _opus_head(stated: bytes) -> bytes:
    """``dOps`` in the form that decoders take: little endian, and version 1 (RFC 7845, section 5.1)."""
    if len(stated) < 11:
        return b""
    channels, skip, rate, gain = struct.unpack_from(">BHIh", stated, 1)
    return b"OpusHead" + struct.pack("<BBHIh", 1, channels, skip, rate, gain) + stated[10:]


def _elementary_stream(content: bytes, esds: Box) -> tuple[str, bytes]:
    """Codec and decoder configuration of an ``esds`` (ISO/IEC 14496-1, section 7.2.6)."""
    at, end = esds.body + 4, esds.end
    codec = ""
    while at < end:
        tag, at, length = _descriptor(content, at, end)
        if tag == 3 and at + 3 <= end:  # stream number and flags, then what the flags announce
            flags = content[at + 2]
            at += 3 + 2 * (flags >> 7)
            if flags & 0x40 and at < end:
                at += 1 + content[at]
            at += 2 * (flags >> 5 & 1)
        elif tag == 4 and at + 13 <= end:
            codec = _OBJECT_TYPES.get(content[at], "")
            at += 13
        elif tag == 5:
            return codec, content[at : min(at + length, end)]
        else:
            at += length
    return codec, b""


def _descriptor(content: bytes, at: int, end: int) -> tuple[int, int, int]:
    """Tag, start of the body, and its length, which takes one to four bytes of seven bits."""
    tag, length = content[at], 0
    at += 1
    for _ in range(4):
        if at >= end:
            break
        byte = content[at]
        at += 1
        length = length << 7 | byte & 0x7F
        if byte < 0x80:
            break
    return tag, at, length


def _aac_facts(extradata: bytes, rate: int, channels: int) -> tuple[int, int]:
    """Rate and channels of an AudioSpecificConfig (ISO/IEC 14496-3, section 1.6.2.1); the entry's where it is none."""
    if len(extradata) < 2:
        return rate, channels
    bits = int.from_bytes(extradata[:8].ljust(8, b"\0"), "big")
    taken = 5 if bits >> 59 != 31 else 11
    index = bits >> (60 - taken) & 0xF
    taken += 4
    if index == 15:
        rate = bits >> (40 - taken) & 0xFFFFFF
        taken += 24
    elif index < len(_AAC_RATES):
        rate = _AAC_RATES[index]
    configured = bits >> (60 - taken) & 0xF
    return rate, {7: 8}.get(configured, configured) or channels
