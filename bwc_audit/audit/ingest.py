"""Ingest: pull metadata and records of the source into the database, incrementally.

A file is read again only when it, its mapping or the video beside it changed. Its rows are replaced in one transaction, so
that a run never sees half a file. What was refused is kept with file, line, field and reason.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from bwc_audit.audit.setup import Audit, now_us
from bwc_audit.objects.contract import ObjectStat
from bwc_audit.sources.read_source import FileRows, SourceFile, SourceListing, gather_records, list_source_files, read_file
from bwc_audit.store.database import reading, writing
from bwc_audit.store.source_rows import FileMark, forget_files, known_files, replace_file, replace_video_objects

#: Files whose rows go into one transaction.
_FILES_A_COMMIT = 200

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
        batch = []
        for place, file in enumerate(changed[first : first + _FILES_A_COMMIT], first + 1):
            batch.append((file, read_file(audit.source, file)))
            on_progress("reading records", place, len(changed))
        with writing(audit.engine) as session:
            for file, rows in batch:
                replace_file(session, listing.uri, _mark(file), gather_records([rows]), read_at_us=now_us())
        read += [replace(rows, records=()) for _, rows in batch]
    with writing(audit.engine) as session:
        forgotten = forget_files(session, listing.uri, gone)
        replace_video_objects(session, listing.uri, listing.videos)
    return _summary(listing, read, forgotten)


def _mark(file: SourceFile) -> ObjectStat:
    """The file as listed, with the identity of its reading in place of the store's own mark."""
    return replace(file.stat, etag=file.identity)


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
