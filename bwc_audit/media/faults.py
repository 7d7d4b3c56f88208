"""What PyAV and FFmpeg raise, in the project's terms."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager

import av.error

from bwc_audit.domain.inspection import UnreadableReason
from bwc_audit.errors import MediaUnreadableError
from bwc_audit.media.source import RangeFile


@contextmanager
def translated(source: RangeFile) -> Iterator[None]:
    """Turns what PyAV raises into ``MediaUnreadableError``; a fault of the store comes first and passes as itself."""
    try:
        yield
    except (av.error.FFmpegError, OSError, ValueError, MemoryError, OverflowError) as error:
        if source.fault is not None:
            raise source.fault from error
        raise MediaUnreadableError(_reason_of(error), _said_by(error)) from error
    if source.fault is not None:
        raise source.fault


def _said_by(error: BaseException) -> str:
    """Its own words only: PyAV adds the last line that FFmpeg logged, which may be about the file before."""
    said = error.strerror if isinstance(error, (av.error.FFmpegError, OSError)) else None
    return said or str(error) or type(error).__name__


def _reason_of(error: BaseException) -> UnreadableReason:
    if isinstance(error, MemoryError):
        return UnreadableReason.MEMORY
    if isinstance(error, (av.error.DecoderNotFoundError, av.error.PatchWelcomeError)):
        return UnreadableReason.CODEC_UNSUPPORTED
    if isinstance(error, (av.error.InvalidDataError, av.error.EOFError)):
        return UnreadableReason.NOT_MEDIA
    if isinstance(error, OSError) and error.errno == errno.ENOMEM:
        return UnreadableReason.MEMORY
    return UnreadableReason.IO_ERROR
