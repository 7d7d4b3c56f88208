"""Custody, label and retention facts: footage rows and stored videos against one another.

Some kinds are judged for every recording of the period, some only for recordings that touch a required window; see
``docs/decisions.md`` sections 6 and 7. Nothing here looks at a picture.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator
from itertools import pairwise

from bwc_audit.domain.findings import Evidence, Finding, FindingKind, Window
from bwc_audit.domain.inspection import DefectKind, Inspection, InspectionStatus
from bwc_audit.domain.matching import Judged, Matching
from bwc_audit.domain.phrases import said_day_time, said_length
from bwc_audit.domain.placement import Placement
from bwc_audit.domain.records import Segment
from bwc_audit.domain.severity import OF_KIND
from bwc_audit.domain.sight import Sight
from bwc_audit.domain.times import DAY_US, SECOND_US, Span, us_of_seconds


def custody_findings(matching: Matching, sight: Sight) -> Iterator[Finding]:
    """All findings of this module, in no particular order."""
    in_period = [
        (index, placement)
        for index, placement in enumerate(matching.placements)
        if matching.period.start_us <= placement.start_us < matching.period.end_us or index in matching.windows_of
    ]
    yield from _object_missing(matching, in_period)
    yield from _metadata_missing(matching)
    scope = frozenset(index for index, _ in in_period)
    yield from _duplicates(matching, scope)
    yield from _late_uploads(matching, in_period)
    yield from _sequence_gaps(matching, scope)
    yield from _category_missing(matching, in_period)
    touching = [(index, placement) for index, placement in in_period if index in matching.windows_of]
    yield from _incident_labels(matching, touching)
    yield from _short_buffers(matching, touching)
    yield from _retention_risks(matching, touching)
    for index, placement in touching:
        inspection = sight.of_placement[index].inspection
        if inspection is not None:
            yield from _file_findings(matching, index, placement, inspection)


def _first_window(matching: Matching, index: int) -> Judged | None:
    windows = matching.windows_of.get(index)
    return matching.measured[windows[0]] if windows else None


def _finding(
    matching: Matching,
    index: int,
    kind: FindingKind,
    clause: str,
    message: str,
    *,
    seconds_us: int = 0,
    spans: tuple[Span, ...] = (),
    more_evidence: tuple[Evidence, ...] = (),
) -> Finding:
    """A finding about one recording, under the earliest window it touches, if it touches any."""
    placement = matching.placements[index]
    judged = _first_window(matching, index)
    window: Window | None = judged.window if judged else None
    return Finding(
        kind=kind,
        clause=clause,
        severity=OF_KIND[kind],
        message=message,
        incident_id=judged.attendance.incident_id if judged else None,
        officer_id=placement.officer_id,
        device_id=placement.segment.device_id,
        recording_id=placement.recording_id,
        footage_ids=(placement.footage_id,),
        window=window,
        spans=spans,
        seconds_us=seconds_us,
        evidence=(_row(placement), *more_evidence),
        policy=matching.policy_of(index).reference,
    )


def _row(placement: Placement) -> Evidence:
    return Evidence("footage", str(placement.segment.row), placement.start_us, placement.segment.sha256)


def _object_missing(matching: Matching, rows: Iterable[tuple[int, Placement]]) -> Iterator[Finding]:
    stored = {video.object_key for video in matching.records.objects}
    for index, placement in rows:
        segment, policy = placement.segment, matching.policy_of(index)
        grace_us = us_of_seconds(policy.upload.grace_s)
        is_outstanding = segment.uploaded_us is None and matching.as_of_us - placement.end_us < grace_us
        if segment.object_key in stored or segment.deleted_us is not None or is_outstanding:
            continue
        named = f"the video {segment.object_key}" if segment.object_key else "no video"
        yield _finding(
            matching,
            index,
            FindingKind.OBJECT_MISSING,
            policy.custody.clause,
            f"The metadata of {placement.footage_id} name {named}; "
            f"the store did not hold it as of {said_day_time(matching.as_of_us)}.",
            seconds_us=segment.duration_us,
            spans=(Span(placement.start_us, placement.end_us),),
        )


def _metadata_missing(matching: Matching) -> Iterator[Finding]:
    named = {placement.segment.object_key for placement in matching.placements}
    rejected = defaultdict(list)
    for row in matching.records.rejected:
        rejected[row.row.file.rsplit(".", 1)[0]].append(row)
    for video in matching.records.objects:
        if video.object_key in named:
            continue
        reasons = rejected.get(video.object_key.rsplit(".", 1)[0], [])
        why = f" Its sidecar was rejected: {reasons[0].reason.replace('_', ' ')}." if reasons else ""
        yield Finding(
            kind=FindingKind.METADATA_MISSING,
            clause=matching.policy.custody.clause,
            severity=OF_KIND[FindingKind.METADATA_MISSING],
            message=f"No accepted metadata name the video {video.object_key} ({video.size_bytes} bytes).{why}",
            recording_id=video.object_key,
            evidence=(
                Evidence("object", video.object_key),
                *(Evidence("rejected_row", str(row.row)) for row in reasons),
            ),
        )


def _duplicates(matching: Matching, scope: frozenset[int]) -> Iterator[Finding]:
    """The later row of each set that shares a footage id, a hash, or device and start; one finding a row.

    All placements are compared, so that the edge of the period hides nothing; those in ``scope`` are stated."""
    tests: tuple[tuple[str, Callable[[Segment], Hashable | None]], ...] = (
        ("the same footage id", lambda segment: segment.footage_id),
        ("the same content (SHA-256)", lambda segment: segment.sha256),
        ("the same camera and start", lambda segment: (segment.device_id, segment.media_started_us)),
    )
    stated: set[int] = set()
    for what, key_of in tests:
        first: dict[Hashable, Placement] = {}
        for index, placement in enumerate(matching.placements):
            key = key_of(placement.segment)
            if key is None:
                continue
            earlier = first.setdefault(key, placement)
            if earlier is not placement and index in scope and index not in stated:
                stated.add(index)
                yield _finding(
                    matching,
                    index,
                    FindingKind.DUPLICATE,
                    matching.policy_of(index).custody.clause,
                    f"{placement.footage_id} has {what} as {earlier.footage_id} ({earlier.segment.row}).",
                    more_evidence=(_row(earlier),),
                )


def _late_uploads(matching: Matching, rows: Iterable[tuple[int, Placement]]) -> Iterator[Finding]:
    for index, placement in rows:
        uploaded_us, rules = placement.segment.uploaded_us, matching.policy_of(index).upload
        if uploaded_us is None or uploaded_us - placement.end_us <= us_of_seconds(rules.grace_s):
            continue
        delay_us = uploaded_us - placement.end_us
        yield _finding(
            matching,
            index,
            FindingKind.LATE_UPLOAD,
            rules.clause,
            f"{placement.footage_id} was uploaded {said_length(delay_us)} after it ended; "
            f"policy allows {said_length(us_of_seconds(rules.grace_s))}.",
            seconds_us=delay_us,
        )


def _sequence_gaps(matching: Matching, scope: frozenset[int]) -> Iterator[Finding]:
    """Holes in a device's numbering before a recording in ``scope``; all placements count as neighbours."""
    by_device: dict[str, list[tuple[int, int]]] = defaultdict(list)
    for index, placement in enumerate(matching.placements):
        if placement.segment.sequence_no is not None:
            by_device[placement.segment.device_id].append((placement.segment.sequence_no, index))
    for device_id, numbered in sorted(by_device.items()):
        for (before_no, before), (after_no, after) in pairwise(sorted(numbered)):
            missing = after_no - before_no - 1
            if missing <= 0 or after not in scope:
                continue
            earlier = matching.placements[before]
            later = matching.placements[after]
            numbers = f"{before_no} ({earlier.footage_id}) and {after_no} ({later.footage_id})"
            yield _finding(
                matching,
                after,
                FindingKind.SEQUENCE_GAP,
                matching.policy_of(after).custody.clause,
                f"Camera {device_id} numbers its files: {missing} between {numbers} "
                f"{'is' if missing == 1 else 'are'} not in the records.",
                more_evidence=(_row(earlier),),
            )


def _category_missing(matching: Matching, rows: Iterable[tuple[int, Placement]]) -> Iterator[Finding]:
    for recording_id, index, parts in _recordings(rows):
        rules = matching.policy_of(index).labelling
        if rules.is_category_required and not any(part.segment.categories for part in parts):
            yield _finding(
                matching,
                index,
                FindingKind.CATEGORY_MISSING,
                rules.clause,
                f"Recording {recording_id} carries no category.",
            )


def _incident_labels(matching: Matching, rows: Iterable[tuple[int, Placement]]) -> Iterator[Finding]:
    rows = list(rows)
    touched: dict[str, set[str]] = defaultdict(set)
    for index, placement in rows:
        for window in matching.windows_of[index]:
            touched[placement.recording_id].add(matching.measured[window].attendance.incident_id)
    for recording_id, index, parts in _recordings(rows):
        entered = {incident_id for part in parts for incident_id in part.segment.incident_ids}
        fitting, rules = ", ".join(sorted(touched[recording_id])), matching.policy_of(index).labelling
        if not entered and rules.is_incident_id_required:
            message = f"Recording {recording_id} carries no incident id; by officer and time it belongs to {fitting}."
            yield _finding(matching, index, FindingKind.INCIDENT_ID_MISSING, rules.clause, message)
        elif entered and not entered & touched[recording_id]:
            message = (
                f"Recording {recording_id} carries the incident id {', '.join(sorted(entered))}; "
                f"by officer and time it belongs to {fitting}."
            )
            yield _finding(matching, index, FindingKind.INCIDENT_ID_WRONG, rules.clause, message)


def _recordings(rows: Iterable[tuple[int, Placement]]) -> Iterator[tuple[str, int, list[Placement]]]:
    """Rows grouped by recording: (recording id, index of its first segment, its segments)."""
    parts: dict[str, list[tuple[int, Placement]]] = defaultdict(list)
    for index, placement in rows:
        parts[placement.recording_id].append((index, placement))
    for recording_id, found in sorted(parts.items()):
        yield recording_id, found[0][0], [placement for _, placement in found]


def _short_buffers(matching: Matching, rows: Iterable[tuple[int, Placement]]) -> Iterator[Finding]:
    configured = {device.device_id: device.configured_buffer_us for device in matching.records.devices}
    of_device: dict[str, list[int]] = defaultdict(list)
    for index, placement in enumerate(matching.placements):
        of_device[placement.segment.device_id].append(index)
    for index, placement in rows:
        segment = placement.segment
        if placement.activated_us is None or (segment.segment_no or 1) > 1:
            continue
        rules = matching.policy_of(index).buffer
        measured_us = placement.activated_us - placement.start_us
        expected_us = configured.get(segment.device_id) or us_of_seconds(rules.expected_s)
        if measured_us >= expected_us * rules.minimum_share:
            continue
        if _follows_closely(matching, of_device[segment.device_id], index, expected_us):
            continue
        yield _finding(
            matching,
            index,
            FindingKind.SHORT_BUFFER,
            rules.clause,
            f"Recording {placement.recording_id} holds {said_length(max(measured_us, 0))} before its activation, "
            f"{said_length(expected_us)} are configured: the camera was off or asleep until then.",
            seconds_us=max(measured_us, 0),
            spans=(Span(placement.activated_us - expected_us, placement.start_us),),
        )


def _follows_closely(matching: Matching, of_device: list[int], index: int, expected_us: int) -> bool:
    """Whether the device's previous recording ended so shortly before that there was no time to fill the buffer.

    ``of_device``: the indices of the device's placements, ascending."""
    placement = matching.placements[index]
    activated_us = placement.activated_us or placement.start_us
    return any(
        other.recording_id != placement.recording_id and activated_us - expected_us <= other.end_us <= activated_us
        for other in _placements_before(matching, of_device, index)
    )


def _placements_before(matching: Matching, of_device: list[int], position: int) -> Iterator[Placement]:
    """Its placements that started up to 8 h earlier (the longest segment accepted), latest first; they are in time order."""
    for place in range(bisect_left(of_device, position) - 1, -1, -1):
        other = matching.placements[of_device[place]]
        if matching.placements[position].start_us - other.start_us > 8 * 3600 * SECOND_US:
            return
        yield other


def _retention_risks(matching: Matching, rows: Iterable[tuple[int, Placement]]) -> Iterator[Finding]:
    for index, placement in rows:
        segment, rules = placement.segment, matching.policy_of(index).retention
        if segment.deleted_us is not None:
            continue
        until_us = segment.retention_until_us
        if until_us is None:
            until_us = placement.start_us + round(rules.days_of(segment.categories) * DAY_US)
        left_us = until_us - matching.as_of_us
        if left_us > rules.warning_days * DAY_US:
            continue
        when = f"in {left_us / DAY_US:.1f} days" if left_us > 0 else "since"
        yield _finding(
            matching,
            index,
            FindingKind.RETENTION_RISK,
            rules.clause,
            f"{placement.footage_id} may be deleted {when} ({said_day_time(until_us)}).",
            seconds_us=max(left_us, 0),
        )


def _file_findings(matching: Matching, index: int, placement: Placement, inspection: Inspection) -> Iterator[Finding]:
    clause, segment = matching.policy_of(index).custody.clause, placement.segment
    said = placement.footage_id
    if inspection.status is InspectionStatus.UNREADABLE:
        message = f"The video of {said} could not be read: {str(inspection.reason).replace('_', ' ')}."
        yield _finding(matching, index, FindingKind.UNREADABLE, clause, message, seconds_us=segment.duration_us)
    if segment.sha256 and inspection.sha256 and segment.sha256.lower() != inspection.sha256:
        hashes = f"{inspection.sha256[:16]}…, its metadata say {segment.sha256[:16]}…"
        message = f"The SHA-256 of the video of {said} is {hashes}"
        yield _finding(matching, index, FindingKind.HASH_MISMATCH, clause, message)
    defects = {defect.kind: defect for defect in inspection.defects}
    cut, mismatch = defects.get(DefectKind.TRUNCATED), defects.get(DefectKind.DURATION_MISMATCH)
    if cut is not None:
        lost_us = max(0, segment.duration_us - cut.start_us)
        message = f"The file of {said} breaks off after {said_length(cut.start_us)}; {said_length(lost_us)} are missing."
        yield _finding(matching, index, FindingKind.TRUNCATED, clause, message, seconds_us=lost_us)
    elif mismatch is not None:
        difference_us = us_of_seconds(mismatch.measures["difference_s"])
        found_s = (segment.duration_us + difference_us) / SECOND_US
        message = f"The metadata of {said} say {segment.duration_us / SECOND_US:.1f} s, the file holds {found_s:.1f} s."
        yield _finding(matching, index, FindingKind.DURATION_MISMATCH, clause, message, seconds_us=abs(difference_us))
