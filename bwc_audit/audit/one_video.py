"""Looking into one video outside any run: by its address, with what a sidecar beside it says."""

from __future__ import annotations

from dataclasses import dataclass

from bwc_audit.audit.setup import store_at
from bwc_audit.config import Settings
from bwc_audit.domain.inspection import Inspection, InspectionRequest
from bwc_audit.domain.records import RejectedRow, Segment
from bwc_audit.errors import ConfigurationError, ObjectMissingError, ObjectStoreError
from bwc_audit.media.isolated import inspect_many
from bwc_audit.objects.contract import ObjectStore
from bwc_audit.sources.listing import FileRole, SourceFile
from bwc_audit.sources.mapping import load_mapping
from bwc_audit.sources.policy_files import load_policy
from bwc_audit.sources.read_source import read_file


@dataclass(frozen=True, slots=True)
class LookedInto:
    """One video with its sidecar: ``segment`` None where there is none or it was ``rejected``."""

    uri: str
    inspection: Inspection
    segment: Segment | None
    rejected: tuple[RejectedRow, ...]


def look_into_video(settings: Settings, address: str, *, is_deep: bool = False) -> LookedInto:
    """Inspect a file or ``s3://bucket/key`` in a child process, as the night does.

    Raises ``ConfigurationError`` for an address that names no object, ``ObjectStoreError`` and its kinds for the store.
    """
    folder, _, name = address.rpartition("/")
    if not name or name in (".", ".."):
        raise ConfigurationError(f"{address!r} names no file: give a video file or s3://bucket/key")
    store = store_at(settings, folder or ("/" if address.startswith("/") else "."))
    store.head(name)
    segment, rejected = _sidecar(store, name)
    request = InspectionRequest(
        object_key=name,
        expected_duration_us=segment.duration_us if segment else None,
        buffer_us=segment.pre_event_buffer_us if segment else None,
        is_deep=is_deep,
    )
    outcome = next(
        outcome
        for _, outcome in inspect_many(
            store,
            [request],
            load_policy(settings.policy).usability,
            workers=1,
            seconds_limit=settings.inspect_seconds,
            memory_limit_bytes=settings.inspect_memory_mb << 20,
        )
    )
    if isinstance(outcome, ObjectStoreError):
        raise outcome
    return LookedInto(address, outcome, segment, rejected)


def _sidecar(store: ObjectStore, video: str) -> tuple[Segment | None, tuple[RejectedRow, ...]]:
    key = video.rpartition(".")[0] + ".json"
    try:
        stat = store.head(key)
    except ObjectMissingError:
        return None, ()
    tables = load_mapping().tables_for("footage/sidecar.json")
    rows = read_file(store, SourceFile(stat, FileRole.SIDECAR, tables, video, identity=""))
    segments = [record for record in rows.records if isinstance(record, Segment)]
    return (segments[0] if segments else None), rows.rejected
