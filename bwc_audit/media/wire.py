"""What the decoding child and its parent say to each other: frames of bytes, and values as JSON with one block of bytes.

The parent believes nothing that a child sends, since a hostile file may have taken the child over. So nothing from it is
unpickled. Even an unpickler that knows only our own classes lets a sender set attributes of those classes and of enum
members in the parent; JSON read by the declared types of one dataclass can give nothing but such a value. Numbers, texts
and members are checked; whether they are true is not known here.
"""

from __future__ import annotations

import json
import socket
import struct
import types
from collections.abc import Callable, Hashable
from dataclasses import fields, is_dataclass
from enum import Enum
from functools import lru_cache
from typing import Any, Union, get_args, get_origin, get_type_hints

import numpy as np

_HEADER = struct.Struct(">cI")
_PREFIX = struct.Struct(">I")
#: Up to here a message goes out in one call.
_SMALL_BYTES = 4096
#: Databases hold no larger integer.
_INTEGER_LIMIT = 1 << 63
_ARRAY_KINDS = "biuf"
_ARRAY_DIMENSIONS = 3

Encoder = Callable[[Any, bytearray], Any]
Decoder = Callable[[Any, memoryview], Any]


class WireError(Exception):
    """The other side sent something that is no message of this protocol."""


def send_frame(connection: socket.socket, kind: bytes, *parts: bytes | bytearray | memoryview) -> None:
    """One message: its kind (one byte), its length, its bytes."""
    header = _HEADER.pack(kind, sum(len(part) for part in parts))
    if sum(map(len, parts)) < _SMALL_BYTES:
        connection.sendall(b"".join((header, *parts)))
        return
    connection.sendall(header)
    for part in parts:  # not joined: megabytes would be copied once more
        connection.sendall(part)


def receive_frame(connection: socket.socket, limits: dict[bytes, int]) -> tuple[bytes, bytearray]:
    """The next message. ``limits``: the longest allowed of each kind. Raises ``WireError``, ``EOFError``, ``OSError``."""
    kind, length = _HEADER.unpack(_exactly(connection, _HEADER.size))
    if length > limits.get(kind, -1):
        raise WireError(f"a message of kind {kind!r} and {length} bytes")
    return kind, _exactly(connection, length)


def packed(value: Any) -> bytes:
    """A frozen dataclass as bytes. Its fields: numbers, texts, bytes, enums, arrays, dataclasses; tuples, dicts of them."""
    blob = bytearray()
    text = json.dumps(_encoder(value.__class__)(value, blob), separators=(",", ":")).encode()
    return b"".join((_PREFIX.pack(len(text)), text, blob))


def unpacked(kind: Hashable, content: bytes | bytearray) -> Any:
    """The value of the dataclass ``kind``, checked against its declared types. Raises ``WireError`` for anything else."""
    try:
        (length,) = _PREFIX.unpack_from(content)
        behind = _PREFIX.size + length
        tree = json.loads(content[_PREFIX.size : behind])
        return _decoder(kind)(tree, memoryview(content)[behind:])
    except (ValueError, TypeError, LookupError, RecursionError, OverflowError, struct.error) as error:
        raise WireError(f"an answer that is no {kind}: {type(error).__name__}: {error}") from error


def _exactly(connection: socket.socket, length: int) -> bytearray:
    content = bytearray(length)
    view = memoryview(content)
    at = 0
    while at < length:
        got = connection.recv_into(view[at:])
        if not got:
            raise EOFError("the connection was closed")
        at += got
    return content


@lru_cache(maxsize=256)
def _encoder(kind: Any) -> Encoder:
    """How a value of the declared type becomes JSON; long content goes into the block of bytes."""
    if kind is bytes:
        return _encode_bytes
    if _is_array(kind):
        return _encode_array
    if isinstance(kind, type) and issubclass(kind, Enum):
        return lambda value, _: value.value
    if is_dataclass(kind):
        members = _members(kind, _encoder)
        return lambda value, blob: [encode(getattr(value, name), blob) for name, encode in members]
    origin, inner = get_origin(kind), get_args(kind)
    if origin is tuple:
        each = _encoder(inner[0])
        return lambda value, blob: [each(one, blob) for one in value]
    if origin is dict:
        held = _encoder(inner[1])
        return lambda value, blob: {key: held(one, blob) for key, one in value.items()}
    if origin in (Union, types.UnionType):
        some = _encoder(_optional(inner))
        return lambda value, blob: None if value is None else some(value, blob)
    return _encode_plain


@lru_cache(maxsize=256)
def _decoder(kind: Any) -> Decoder:
    """The reverse of ``_encoder``, which refuses what the type does not allow."""
    if kind is bytes:
        return lambda value, blob: bytes(_part(blob, *_whole_numbers(value, 2)))
    if _is_array(kind):
        return _decode_array(np.dtype(get_args(get_args(kind)[1])[0]))
    if isinstance(kind, type) and issubclass(kind, Enum):
        return lambda value, _: kind(value)
    if is_dataclass(kind):
        return _decode_members(kind)
    origin, inner = get_origin(kind), get_args(kind)
    if origin is tuple:
        each = _decoder(inner[0])
        return lambda value, blob: tuple([each(one, blob) for one in _of(list, value)])
    if origin is dict:
        held = _decoder(inner[1])
        return lambda value, blob: {str(key): held(one, blob) for key, one in _of(dict, value).items()}
    if origin in (Union, types.UnionType):
        some = _decoder(_optional(inner))
        return lambda value, blob: None if value is None else some(value, blob)
    return {int: _decode_int, float: _decode_float, str: _decode_str, bool: _decode_bool}[kind]


def _members(kind: Any, coder: Callable[[Any], Any]) -> list[tuple[str, Any]]:
    hints = get_type_hints(kind)
    return [(field.name, coder(hints[field.name])) for field in fields(kind)]


def _decode_members(kind: Any) -> Decoder:
    decoders = [decode for _, decode in _members(kind, _decoder)]

    def decode(value: Any, blob: memoryview) -> Any:
        if len(_of(list, value)) != len(decoders):
            raise ValueError(f"{len(value)} fields of {kind.__name__}")
        return kind(*[each(one, blob) for each, one in zip(decoders, value, strict=True)])

    return decode


def _is_array(kind: Any) -> bool:
    return get_origin(kind) is np.ndarray


def _optional(inner: tuple[Any, ...]) -> Any:
    (some,) = (each for each in inner if each is not types.NoneType)
    return some


def _encode_plain(value: Any, _: bytearray) -> Any:
    return value.item() if isinstance(value, np.generic) else value


def _encode_bytes(value: bytes, blob: bytearray) -> list[int]:
    blob += value
    return [len(blob) - len(value), len(value)]


def _encode_array(value: Any, blob: bytearray) -> list[Any]:
    return [value.dtype.str, list(value.shape), *_encode_bytes(value.tobytes(), blob)]


def _decode_array(declared: np.dtype[Any]) -> Decoder:
    if declared.kind not in _ARRAY_KINDS:
        raise TypeError(f"arrays of {declared} do not travel")

    def decode(value: Any, blob: memoryview) -> Any:
        name, shape, start, length = _of(list, value)
        sides = _whole_numbers(shape, len(_of(list, shape)))
        if name != declared.str or len(sides) > _ARRAY_DIMENSIONS:
            raise ValueError(f"an array {name!r} of {len(sides)} dimensions")
        part = _part(blob, *_whole_numbers([start, length], 2))
        return np.frombuffer(bytes(part), declared).reshape(sides)

    return decode


def _part(blob: memoryview, start: int, length: int) -> memoryview:
    if start + length > len(blob):
        raise ValueError("content behind the end of the message")
    return blob[start : start + length]


def _whole_numbers(value: Any, count: int) -> list[int]:
    numbers = [_decode_int(one, None) for one in _of(list, value)]
    if len(numbers) != count or any(one < 0 for one in numbers):
        raise ValueError(f"{value!r} is no place in the message")
    return numbers


def _of(kind: type[Any], value: Any) -> Any:
    if type(value) is not kind:
        raise TypeError(f"a {type(value).__name__} in place of a {kind.__name__}")
    return value


def _decode_int(value: Any, _: object) -> int:
    if not -_INTEGER_LIMIT <= _of(int, value) < _INTEGER_LIMIT:
        raise ValueError("an integer beyond 64 bits")
    return int(value)


def _decode_float(value: Any, _: object) -> float:
    return value if type(value) is float else float(_decode_int(value, None))


def _decode_str(value: Any, _: object) -> str:
    return str(_of(str, value))


def _decode_bool(value: Any, _: object) -> bool:
    return bool(_of(bool, value))
