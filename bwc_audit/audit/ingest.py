"""Ingest: pull metadata and records of the source into the database, incrementally.

A file is read again only when it, its mapping or the video beside it changed. Its rows are replaced in one transaction, so
that a run never sees half a file. What was refused is kept with file, line, field and reason.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace

from bwc_audit.audit.setup import Audit, now_us
from bwc_audit.objects.contract import ObjectStat
from bwc_audit.sources.read_source import FileRows, SourceFile, SourceListing, gather_records, list_source_files, read_file
from bwc_audit.store.database import reading, writing
from bwc_audit.store.source_rows import FileMark, forget_files, known_files, replace_file, replace_video_objects

#: Files whose rows go into one transaction.
_FILES_A_COMMIT = 200

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
    read: list[FileRows] = []
    for first in range(0, len(changed), _FILES_A_COMMIT):
        batch = _read(audit, changed[first : first + _FILES_A_COMMIT])
        with writing(audit.engine) as session:
            for file, rows in batch:
                replace_file(session, listing.uri, _mark(file, rows), gather_records([rows]), read_at_us=now_us())
        on_progress("reading records", first + len(batch), len(changed))
        read += [replace(rows, records=()) for _, rows in batch]
    with writing(audit.engine) as session:
        forgotten = forget_files(session, listing.uri, gone)
        replace_video_objects(session, listing.uri, listing.videos)
    return _summary(listing, read, forgotten)


def _read(audit: Audit, files: Sequence[SourceFile]) -> list[tuple[SourceFile, FileRows]]:
    """Files with their rows, in their order; read side by side, because a sidecar costs a round trip each."""
    with ThreadPoolExecutor(_READERS) as readers:
        return list(zip(files, readers.map(lambda file: read_file(audit.source, file), files), strict=True))


def _mark(file: SourceFile, rows: FileRows) -> ObjectStat:
    """The file as listed, with the identity of its reading in place of the store's own mark; a file that could not be
    fetched gets a mark that nothing equals, so that the next ingest tries it again."""
    return replace(file.stat, etag="" if rows.must_be_read_again else file.identity)


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
