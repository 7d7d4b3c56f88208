"""A source that is a folder on disk.

The ETag of a file is ``<size>-<mtime in ns>``: cheap, and changed by every ordinary write; a writer that restores size
and modification time exactly goes unseen (content hashes are the business of custody checks, not of listing).
Links are followed only inside the root. A linked folder that leaves the root stops the listing, because skipping it
would make its footage look absent; a linked file that leaves it, or leads nowhere, is listed with the ETag
``unfollowed-link`` and refused when read.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from bwc_audit.errors import (
    ConfigurationError,
    ObjectChangedError,
    ObjectForbiddenError,
    ObjectMissingError,
    ObjectStoreError,
)
from bwc_audit.objects.contract import ObjectStat
from bwc_audit.objects.keys import checked_key

UNFOLLOWED_LINK = "unfollowed-link"


@dataclass(frozen=True, slots=True)
class FolderStore:
    """Read-only view of one folder tree. ``root`` must exist when it is first used, not when this is built."""

    root: Path

    def __post_init__(self) -> None:
        object.__setattr__(self, "root", Path(os.path.abspath(self.root)))

    @property
    def uri(self) -> str:
        return str(self.root)

    def list_objects(self, prefix: str = "") -> Iterator[ObjectStat]:
        """All files whose key starts with ``prefix``, in ascending order of key.

        Raises ``ConfigurationError`` when the root is no folder, ``ObjectForbiddenError`` where a folder may not be read.
        """
        if not self.root.is_dir():
            raise ConfigurationError(f"source folder {self.root} is not there or is no folder; mend the source setting")
        yield from self._walk(Path(os.path.realpath(self.root)), "", prefix)

    def head(self, key: str) -> ObjectStat:
        path = self._path(key)
        return _stat_of(key, self._regular(key, path))

    def read_range(self, key: str, start: int, length: int, etag: str | None = None) -> bytes:
        return self.read_ranges(key, [(start, length)], etag)[0]

    def read_ranges(self, key: str, ranges: Sequence[tuple[int, int]], etag: str | None = None) -> list[bytes]:
        """One after the other from one open file: a disk does not answer faster when asked by several."""
        for start, length in ranges:
            if start < 0 or length < 0:
                raise ValueError(f"range [{start}, +{length}) is negative")
        path = self._path(key)
        self._regular(key, path)
        try:
            with path.open("rb", buffering=0) as file:
                read = [_read_fully(file.fileno(), start, length) for start, length in ranges]
                status = os.fstat(file.fileno())  # after reading: a write in between has changed it
        except OSError as fault:
            raise _translated(fault, key, self.uri) from fault
        if etag is not None and etag != _etag_of(status):
            raise ObjectChangedError(f"{self.uri}/{key} has been written to since it was listed; list the source again")
        return read

    def read_all(self, key: str, limit_bytes: int) -> bytes:
        content = self.read_range(key, 0, limit_bytes + 1)
        if len(content) > limit_bytes:
            raise ObjectStoreError(f"{self.uri}/{key} is larger than {limit_bytes} bytes and was not read whole")
        return content

    def _path(self, key: str) -> Path:
        """The real path of a key, inside the real root."""
        lexical = self.root / checked_key(key, self.uri)
        real_root = os.path.realpath(self.root)
        try:
            real = os.path.realpath(lexical, strict=True)
        except OSError as fault:
            raise _translated(fault, key, self.uri) from fault
        if not Path(real).is_relative_to(real_root):
            raise ObjectForbiddenError(f"{self.uri}/{key} is refused: it is a link that leaves the source folder")
        return Path(real)

    def _regular(self, key: str, path: Path) -> os.stat_result:
        try:
            status = path.stat()
        except OSError as fault:
            raise _translated(fault, key, self.uri) from fault
        if not stat.S_ISREG(status.st_mode):
            raise ObjectMissingError(f"{self.uri}/{key} is no regular file")
        return status

    def _walk(self, folder: Path, key_prefix: str, wanted: str) -> Iterator[ObjectStat]:
        try:
            with os.scandir(folder) as listing:
                entries = [(entry, self._is_folder(entry, key_prefix)) for entry in listing]
        except OSError as fault:
            raise _translated(fault, key_prefix.rstrip("/") or ".", self.uri) from fault
        named = sorted((_name_of(entry) + ("/" if is_folder else ""), entry, is_folder) for entry, is_folder in entries)
        for name, entry, is_folder in named:
            key = key_prefix + name
            if is_folder:
                if not entry.is_symlink() and (key.startswith(wanted) or wanted.startswith(key)):
                    yield from self._walk(Path(entry.path), key, wanted)
            elif key.startswith(wanted):
                listed = self._listed(entry, key)
                if listed is not None:
                    yield listed

    def _is_folder(self, entry: os.DirEntry[str], key_prefix: str) -> bool:
        try:
            if not entry.is_dir():
                return False
        except OSError:  # a link that leads to itself: shown as a file that cannot be opened
            return False
        real_root = os.path.realpath(self.root)
        if entry.is_symlink() and not Path(os.path.realpath(entry.path)).is_relative_to(real_root):
            raise ObjectForbiddenError(
                f"{self.uri}/{key_prefix}{entry.name} is a link to a folder outside the source and is not followed; "
                "copy or mount that folder inside the source, or make it a source of its own"
            )
        return True

    def _listed(self, entry: os.DirEntry[str], key: str) -> ObjectStat | None:
        try:
            link = entry.stat(follow_symlinks=False)
            if not entry.is_symlink():
                return _stat_of(key, link) if stat.S_ISREG(link.st_mode) else None
            try:
                return self.head(key)
            except (ObjectMissingError, ObjectForbiddenError):
                return ObjectStat(key, 0, UNFOLLOWED_LINK, link.st_mtime_ns // 1000)
        except FileNotFoundError:
            return None  # removed between the listing and the look: not there any more
        except OSError as fault:
            raise _translated(fault, key, self.uri) from fault


def _name_of(entry: os.DirEntry[str]) -> str:
    """The name as text that any store can hold; bytes that are not UTF-8 become ``\\xNN`` (and cannot be opened)."""
    return os.fsencode(entry.name).decode("utf-8", "backslashreplace")


def _stat_of(key: str, status: os.stat_result) -> ObjectStat:
    return ObjectStat(key, status.st_size, _etag_of(status), status.st_mtime_ns // 1000)


def _etag_of(status: os.stat_result) -> str:
    return f"{status.st_size}-{status.st_mtime_ns}"


def _read_fully(descriptor: int, start: int, length: int) -> bytes:
    parts: list[bytes] = []
    while length > 0:
        part = os.pread(descriptor, min(length, 1 << 24), start)
        if not part:
            break
        parts.append(part)
        start += len(part)
        length -= len(part)
    return parts[0] if len(parts) == 1 else b"".join(parts)


def _translated(fault: OSError, key: str, uri: str) -> ObjectStoreError:
    where = f"{uri}/{key}"
    if isinstance(fault, (FileNotFoundError, NotADirectoryError)) or fault.errno in (errno.ELOOP, errno.ENAMETOOLONG):
        return ObjectMissingError(f"{where} is not there")
    if isinstance(fault, PermissionError):
        return ObjectForbiddenError(f"{where} may not be read by this user; grant read permission on it and above")
    return ObjectStoreError(f"{where} could not be read: {fault.strerror or fault}")
