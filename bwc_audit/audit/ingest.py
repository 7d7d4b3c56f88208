"""Ingest: pull metadata and records of the source into the database, incrementally.

A file is read again only when it, its mapping or the video beside it changed. Its rows are replaced in one transaction, so
that a run never sees half a file. What was refused is kept with file, line, field and reason.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace

from sqlmodel import Session

from bwc_audit.audit.setup import Audit, now_us
from bwc_audit.domain.record_columns import RecordColumns
from bwc_audit.domain.records import RejectedRow
from bwc_audit.sources.read_source import (
    FileRows,
    SourceFile,
    SourceListing,
    joined,
    list_source_files,
    read_file,
    read_parts,
)
from bwc_audit.store.database import reading, writing
from bwc_audit.store.input_marks import keep_input_mark
from bwc_audit.store.source_files import (
    FileMark,
    forget_files,
    known_files,
    replace_file_parts,
    replace_video_objects,
    set_file_mark,
)

#: Files whose rows go into one transaction.
_FILES_A_COMMIT = 200

#: Larger files are written while they are read, each in a transaction of its own.
_LARGE_BYTES = 8 << 20

#: Files read at a time; they wait for the store, not for a core.
_READERS = 8

Progress = Callable[[str, int, int], None]


def silent(_what: str, _done: int, _total: int) -> None:
    """Reports progress to nobody."""


@dataclass(frozen=True, slots=True)
class IngestSummary:
    """What an ingest was given, read, left alone and refused. ``not_read``: files of which nothing or not all was read."""

    videos: int = 0
    files_listed: int = 0
    files_read: int = 0
    files_unchanged: int = 0
    files_forgotten: int = 0
    files_ignored: int = 0
    rows_accepted: int = 0
    rows_rejected: int = 0
    rejected_by_reason: dict[str, int] = field(default_factory=dict)
    not_read: tuple[str, ...] = ()

    def counts(self) -> dict[str, int]:
        """The numbers, under the names they have in a run."""
        return {
            "videos": self.videos,
            "files_listed": self.files_listed,
            "files_read": self.files_read,
            "files_unchanged": self.files_unchanged,
            "files_forgotten": self.files_forgotten,
            "files_ignored": self.files_ignored,
            "rows_accepted_now": self.rows_accepted,
            "rows_rejected_now": self.rows_rejected,
        }


def ingest(audit: Audit, on_progress: Progress = silent) -> IngestSummary:
    """Bring the database up to date with the source. Raises ``ObjectStoreError`` where the source cannot be listed or
    fails midway (what was committed until then stays, and is not read again), ``StoreError`` for the database."""
    listing = list_source_files(audit.source, audit.mapping)
    with reading(audit.engine) as session:
        known = known_files(session, listing.uri)
    changed = [file for file in listing.files if known.get(file.key) != FileMark(file.identity, file.stat.size_bytes)]
    gone = known.keys() - {file.key for file in listing.files}
    small = [file for file in changed if file.stat.size_bytes <= _LARGE_BYTES]
    read: list[FileRows] = []
    for first in range(0, len(small), _FILES_A_COMMIT):
        batch = _read(audit, small[first : first + _FILES_A_COMMIT])
        with writing(audit.engine) as session:
            for file, rows in batch:
                _store(session, listing.uri, file, [rows])
        read += [_counted([rows]) for _, rows in batch]
        on_progress("reading records", len(read), len(changed))
    for file in changed:
        if file.stat.size_bytes > _LARGE_BYTES:
            with writing(audit.engine) as session:
                read.append(_store(session, listing.uri, file, read_parts(audit.source, file)))
            on_progress("reading records", len(read), len(changed))
    with writing(audit.engine) as session:
        forgotten = forget_files(session, listing.uri, gone)
        replace_video_objects(session, listing.uri, listing.videos)
        keep_input_mark(session, listing.uri)
    return _summary(listing, read, forgotten)


def _read(audit: Audit, files: Sequence[SourceFile]) -> list[tuple[SourceFile, FileRows]]:
    """Files with their rows, in their order; read side by side, because a sidecar costs a round trip each."""
    with ThreadPoolExecutor(_READERS) as readers:
        return list(zip(files, readers.map(lambda file: read_file(audit.source, file), files), strict=True))


def _store(session: Session, source: str, file: SourceFile, parts: Iterable[FileRows]) -> FileRows:
    """Write a file part by part as it is read; what is left of the parts is what they counted and refused.

    Its mark is the identity of its reading in place of the store's own; a file that could not be fetched gets one that
    nothing equals, so that the next ingest tries it again.
    """
    counted: list[FileRows] = []

    def contents() -> Iterator[tuple[Sequence[RecordColumns], Sequence[RejectedRow]]]:
        for part in parts:
            yield part.columns, part.rejected
            counted.append(_counted([part]))

    stat = replace(file.stat, etag=file.identity)
    file_id = replace_file_parts(session, source, stat, contents(), read_at_us=now_us())
    whole = _counted(counted)
    if whole.must_be_read_again:
        set_file_mark(session, source, file_id, "")
    return whole


def _counted(parts: Sequence[FileRows]) -> FileRows:
    return replace(joined(parts), columns=())


def _summary(listing: SourceListing, read: Sequence[FileRows], forgotten: int) -> IngestSummary:
    reasons = Counter(one.reason.value for rows in read for one in rows.rejected)
    return IngestSummary(
        videos=len(listing.videos),
        files_listed=len(listing.files),
        files_read=len(read),
        files_unchanged=len(listing.files) - len(read),
        files_forgotten=forgotten,
        files_ignored=len(listing.ignored),
        rows_accepted=sum(rows.rows_accepted for rows in read),
        rows_rejected=sum(reasons.values()),
        rejected_by_reason=dict(sorted(reasons.items())),
        not_read=tuple(rows.key for rows in read if not rows.is_complete),
    )
