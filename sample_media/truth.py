"""What the audit must conclude about the sample day, as its authors stated it scene by scene (``bwc-ground-truth/1``).

Only collected and counted here; nothing is computed by the rules of the audit.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable

from bwc_audit.domain.results import Bucket, Outcome
from bwc_audit.domain.times import iso_utc
from sample_media.day import Day
from sample_media.force import CAMERAS, HELD, OFFICERS
from sample_media.records import good_rows
from sample_media.story import AS_OF, DATE, ZONE, Attendance, Expected

Json = dict[str, object]


def ground_truth(day: Day) -> Json:
    """The whole statement, ready for JSON; lists are sorted so that the order of scenes does not show."""
    judged = [told for told in day.attendances if told.outcome is not None]
    findings = [_finding(told) for told in day.expected]
    return {
        "schema": "bwc-ground-truth/1",
        "policy": "uk_generic",
        "timezone": ZONE.key,
        "date": DATE,
        "as_of": AS_OF,
        "assignments": sorted((_assignment(told) for told in judged), key=_by("incident_id", "officer_id")),
        "findings": sorted(findings, key=_by("kind", "incident_id", "officer_id", "device_id", "recording_id")),
        "rejected": _rejected(day),
        "waterfall": {
            bucket.value: sum(told.reason == bucket.value for told in judged if told.outcome is Outcome.EXCLUDED)
            for bucket in Bucket
        },
        "counts": _counts(day, judged),
    }


def _by(*names: str) -> Callable[[Json], tuple[str, ...]]:
    """Sort key over named fields, null first."""
    return lambda row: tuple(str(row[name] or "") for name in names)


def _assignment(told: Attendance) -> Json:
    return {
        "incident_id": told.call.incident_id,
        "officer_id": told.officer_id,
        "outcome": told.outcome,
        "reason": told.reason,
    }


def _finding(told: Expected) -> Json:
    spans = None
    if told.spans is not None:
        spans = [{"start": iso_utc(start), "end": iso_utc(end)} for start, end in told.spans]
    return {
        "kind": told.kind.value,
        "incident_id": told.incident_id,
        "officer_id": told.officer_id,
        "device_id": told.device_id,
        "recording_id": told.recording_id,
        "is_borderline": told.is_borderline,
        "spans": spans,
        "seconds": told.seconds,
        "tolerance_s": told.tolerance_s,
        "story": told.story,
    }


def _rejected(day: Day) -> list[Json]:
    """Bad rows stand after the good ones; line 1 is the header. A file rejected as a whole has line 0 and no field."""
    rows: list[Json] = []
    seen: Counter[str] = Counter()
    for bad in day.bad_rows:
        seen[bad.file] += 1
        line = 1 + good_rows(day, bad.file) + seen[bad.file]
        rows.append({"file": bad.file, "line": line, "field": bad.field, "reason": bad.reason.value})
    for footage in day.footage:
        if footage.paper == "empty":
            sidecar = footage.object_key.removesuffix(".mp4") + ".json"
            rows.append({"file": sidecar, "line": 0, "field": "", "reason": "empty_file"})
    for file, (_, reason) in day.bad_files.items():
        rows.append({"file": file, "line": 0, "field": "", "reason": reason.value})
    return sorted(rows, key=lambda row: (str(row["file"]), f"{row['line']:>6}"))


def _counts(day: Day, judged: list[Attendance]) -> Json:
    outcomes = Counter(told.outcome.value for told in judged if told.outcome is not None)
    accepted = [footage for footage in day.footage if footage.paper in ("sidecar", "manifest")]
    is_stored = [footage.shot or footage.copy_of or footage.placeholder is not None for footage in day.footage]
    return {
        "incidents": len(day.calls),
        "assignment_rows": len(day.attendances),
        "assignments": len(judged),
        "segments": len(accepted),
        "video_objects": sum(bool(stored) for stored in is_stored),
        "officers": len(OFFICERS),
        "devices": len(CAMERAS),
        "holders": len(HELD),
        "device_events": len(day.events),
        "exemptions": len(day.exemptions),
        "rejected": len(_rejected(day)),
        "findings": sum(not told.is_borderline for told in day.expected),
        "borderline": sum(told.is_borderline for told in day.expected),
        "outcomes": {outcome.value: outcomes[outcome.value] for outcome in Outcome},
    }


def ground_truth_text(day: Day) -> str:
    """``ground_truth.json`` as it is committed."""
    return json.dumps(ground_truth(day), indent=1, ensure_ascii=False) + "\n"
