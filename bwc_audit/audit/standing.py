"""Which rows of a source stand rejected: those refused when their file was read, and those that contradict another file's.

The second kind is found over all files, so it is not stored with one; this is the one place that finds it for ingest and
report. Of a period are the incidents of which a row was opened in it. What a run counted itself may differ where files
were renewed since.
"""

from __future__ import annotations

from dataclasses import replace

from sqlmodel import Session

from bwc_audit.domain.records import Incident, RejectedRow
from bwc_audit.domain.times import Span
from bwc_audit.sources.duplicates import with_unique_ids
from bwc_audit.store import incident_rows, orphans, source_rows


def standing_rejections(session: Session, source: str, period: Span | None = None) -> tuple[RejectedRow, ...]:
    """All rejections of the source by file and line; ``period`` None: incidents of all times."""
    records = source_rows.load_records(session, source, Span(0, 1), margin_us=0)
    incidents: list[Incident] = []
    for incident_id in orphans.doubled_in(session, source, period):
        incidents += incident_rows.load_incident(session, source, incident_id)[0]
    whole = with_unique_ids(replace(records, incidents=tuple(incidents)))
    return tuple(sorted(whole.rejected, key=lambda each: (each.row, each.field)))
