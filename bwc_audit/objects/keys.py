"""Which keys may be asked of a source at all.

A key is relative to its source and ``/``-separated. It must not leave the source, whatever the store would make of it.
Does not know whether anything lies under the key.
"""

from __future__ import annotations

from bwc_audit.errors import ObjectForbiddenError


def checked_key(key: str, uri: str) -> str:
    """The key unchanged, or ``ObjectForbiddenError`` where it is empty, absolute, holds NUL, ``.`` or ``..`` parts."""
    parts = key.split("/")
    if not key or "\x00" in key or any(part in ("", ".", "..") for part in parts):
        raise ObjectForbiddenError(
            f"{key!r} is refused: a key stays inside its source {uri}; write it relative to that, without '..'"
        )
    return key
