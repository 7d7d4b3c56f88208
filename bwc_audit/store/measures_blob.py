"""The measures of one file as one compressed text of bytes, and back; nothing is lost on the way.

A version byte, then zlib over: the length of a JSON head (4 bytes, little-endian), the head (plain values, and the type
and shape of each array), and the arrays, each with the first bytes of all its numbers first, which compresses better.
A number takes the smallest type that holds its whole array exactly; ascending times are kept as their differences.
"""

from __future__ import annotations

import json
import struct
import zlib
from dataclasses import asdict, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bwc_audit.domain.measures import FrameGaps, Lengths, Measures, PictureMeasures, SoundEnvelope, SoundLevels
from bwc_audit.domain.times import Span
from bwc_audit.errors import StoreError

#: 2: other measures of a picture than in 1, which are not judged any more.
_VERSION = 2
_OLDER = (b"\x01",)
#: Far above any file's measures (every frame of an hour is 60 MB); a damaged blob must not fill the memory.
_MOST_BYTES = 512 * 1024 * 1024
_FLOATS = (np.float16, np.float32)
_INTS = (np.int8, np.int16, np.int32)
_PICTURE_ARRAYS = {"tile_detail": np.float32, "thumbnail": np.uint8}
_PLAIN = ("frames_damaged", "has_sound_track", "buffer_us", "step_us", "rotation_degrees", "is_mirrored")


def blob_of(measures: Measures) -> bytes:
    """The measures as bytes; equal measures give equal bytes."""
    arrays: dict[str, NDArray[Any]] = {"damaged": _pairs(measures.damaged)}
    plain: dict[str, Any] = {name: getattr(measures, name) for name in _PLAIN}
    plain["lengths"] = asdict(measures.lengths)
    for one in fields(FrameGaps):
        arrays[f"gaps.{one.name}"] = getattr(measures.gaps, one.name)
    plain["has_sound"] = measures.sound is not None
    if measures.sound is not None:
        for name in ("starts_us", "ends_us", "dbfs", "clipped_share"):
            arrays[f"sound.{name}"] = getattr(measures.sound, name)
        arrays["sound.examined"] = _pairs(measures.sound.examined)
        arrays["sound.failed"] = _pairs(measures.sound.failed)
    if measures.envelope is not None:
        plain["envelope_start_us"] = measures.envelope.start_us
        arrays["envelope"] = measures.envelope.levels
    for one in fields(PictureMeasures):
        _add_pictures(arrays, one.name, [getattr(picture, one.name) for picture in measures.pictures])
    parts = {name: _packed(array) for name, array in arrays.items()}
    head = json.dumps([plain, {name: part[0] for name, part in parts.items()}], separators=(",", ":")).encode()
    body = b"".join(part[1] for part in parts.values())
    return bytes([_VERSION]) + zlib.compress(struct.pack("<I", len(head)) + head + body, 6)


def measures_of(blob: bytes) -> Measures | None:
    """The measures kept in a blob; None: of an older form, what was decided from them then stands. Raises ``StoreError``
    where it is damaged or of a form this program does not know."""
    if blob[:1] in _OLDER:
        return None
    if blob[:1] != bytes([_VERSION]):
        raise StoreError(f"stored measures have form {blob[0] if blob else 'none'}; this program knows form {_VERSION}")
    try:
        content = _unpressed(blob[1:])
        (size,) = struct.unpack_from("<I", content)
        plain, parts = json.loads(content[4 : 4 + size])
        return _measures(plain, _arrays(parts, content[4 + size :]))
    except (zlib.error, struct.error, ValueError, KeyError, TypeError, IndexError, OverflowError) as error:
        raise StoreError(f"stored measures are damaged: {error}") from error


def _unpressed(pressed: bytes) -> bytes:
    reader = zlib.decompressobj()
    content = reader.decompress(pressed, _MOST_BYTES)
    if not reader.eof:
        raise ValueError("cut short, or too long")
    return content


def _measures(plain: dict[str, Any], arrays: dict[str, NDArray[Any]]) -> Measures:
    sound = None
    if plain["has_sound"]:
        sound = SoundLevels(
            starts_us=arrays["sound.starts_us"],
            ends_us=arrays["sound.ends_us"],
            dbfs=arrays["sound.dbfs"],
            examined=_spans(arrays["sound.examined"]),
            failed=_spans(arrays["sound.failed"]),
            clipped_share=arrays["sound.clipped_share"],
        )
    # Measures of looks that were not deep have none, nor have those from before it was kept.
    envelope = SoundEnvelope(plain["envelope_start_us"], arrays["envelope"]) if "envelope" in arrays else None
    return Measures(
        lengths=Lengths(**plain["lengths"]),
        envelope=envelope,
        pictures=_pictures(arrays),
        damaged=_spans(arrays["damaged"]),
        sound=sound,
        gaps=FrameGaps(*(arrays[f"gaps.{one.name}"] for one in fields(FrameGaps))),
        **{name: plain[name] for name in _PLAIN},
    )


def _pairs(spans: tuple[Span, ...]) -> NDArray[np.int64]:
    return np.array([(span.start_us, span.end_us) for span in spans], np.int64).reshape(-1, 2)


def _spans(pairs: NDArray[Any]) -> tuple[Span, ...]:
    return tuple(Span(start, end) for start, end in pairs.tolist())


def _add_pictures(arrays: dict[str, NDArray[Any]], name: str, values: list[Any]) -> None:
    """One field of all pictures: numbers as an array, None as NaN; small pictures end to end, with their shapes."""
    if name in _PICTURE_ARRAYS:
        arrays[f"shapes.{name}"] = np.array([value.shape for value in values], np.int64).reshape(-1, 2)
        flat = [np.asarray(value, _PICTURE_ARRAYS[name]).ravel() for value in values]
        arrays[f"pictures.{name}"] = np.concatenate(flat) if flat else np.empty(0, _PICTURE_ARRAYS[name])
        return
    is_count = name in ("at_us", "end_us", "coded_bytes", "bytes_between", "is_key")
    numbers = values if is_count else [np.nan if value is None else value for value in values]
    arrays[f"pictures.{name}"] = np.array(numbers, np.int64 if is_count else np.float64)


def _pictures(arrays: dict[str, NDArray[Any]]) -> tuple[PictureMeasures, ...]:
    columns: list[list[Any]] = []
    for one in fields(PictureMeasures):
        column = arrays[f"pictures.{one.name}"]
        if one.name in _PICTURE_ARRAYS:
            columns.append(_cut(column, arrays[f"shapes.{one.name}"]))
        elif one.name == "is_key":
            columns.append(column.astype(bool).tolist())
        else:
            columns.append([None if value != value else value for value in column.tolist()])
    return tuple(PictureMeasures(*row) for row in zip(*columns, strict=True))


def _cut(flat: NDArray[Any], shapes: NDArray[Any]) -> list[NDArray[Any]]:
    ends: list[int] = np.cumsum(shapes[:, 0] * shapes[:, 1]).tolist()
    starts = [0, *ends][:-1]
    rows = zip(starts, ends, shapes.tolist(), strict=True)
    return [flat[start:end].reshape(shape) for start, end, shape in rows]


def _packed(array: NDArray[Any]) -> tuple[list[Any], bytes]:
    """``[type, type kept, is it differences, shape]`` and the bytes."""
    own = array.dtype
    is_rising = own == np.int64 and array.ndim == 1 and array.size > 1
    kept = np.diff(array, prepend=np.int64(0)) if is_rising else array
    for smaller in _FLOATS if own.kind == "f" else _INTS if own.kind == "i" else ():
        with np.errstate(over="ignore"):
            cast = kept.astype(smaller)
        if np.array_equal(cast.astype(own), kept, equal_nan=own.kind == "f"):
            kept = cast
            break
    ordered = kept.astype(kept.dtype.newbyteorder("<"), copy=False)
    columns = np.frombuffer(ordered.tobytes(), np.uint8).reshape(array.size, ordered.dtype.itemsize)
    return [own.str, ordered.dtype.str, is_rising, list(array.shape)], np.ascontiguousarray(columns.T).tobytes()


def _arrays(parts: dict[str, list[Any]], body: bytes) -> dict[str, NDArray[Any]]:
    arrays: dict[str, NDArray[Any]] = {}
    at = 0
    for name, (own, kept, is_rising, shape) in parts.items():
        width = np.dtype(kept).itemsize
        count = int(np.prod(shape)) if shape else 1
        columns = np.frombuffer(body, np.uint8, count * width, at).reshape(width, count)
        values = np.ascontiguousarray(columns.T).view(kept).reshape(shape).astype(own)
        arrays[name] = np.cumsum(values) if is_rising else values
        at += count * width
    return arrays
