"""Custody, label and retention facts: footage rows and stored videos against one another.

Some kinds are judged for every recording of the period, some only for recordings that touch a required window; see
``docs/decisions.md`` sections 6 and 7. Nothing here looks at a picture.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from bwc_audit.domain.coverage import NO_TIME, Bool, Int
from bwc_audit.domain.findings import Evidence, Finding, FindingKind, Window
from bwc_audit.domain.groups import Groups, distinct, is_among
from bwc_audit.domain.inspection import DefectKind, Inspection, InspectionStatus
from bwc_audit.domain.matching import NEAREST_WITHIN_US, Matching
from bwc_audit.domain.phrases import said_day_time, said_length
from bwc_audit.domain.placement import Placement, Placements
from bwc_audit.domain.policy import Policy
from bwc_audit.domain.records import LONGEST_SEGMENT_US
from bwc_audit.domain.retention import ends_soon, kept_until_us
from bwc_audit.domain.segment_table import NO_NUMBER
from bwc_audit.domain.severity import OF_KIND
from bwc_audit.domain.sight import Sight
from bwc_audit.domain.times import DAY_US, SECOND_US, Span, us_of_seconds


@dataclass(frozen=True, slots=True)
class Repeats:
    """Placements that share something with an earlier one, whatever a policy says: by what they share, pairs of indices (the
    later, the first), in order of the later."""

    pairs: tuple[tuple[str, tuple[tuple[int, int], ...]], ...]

    @staticmethod
    def of(placements: Placements) -> Repeats:
        """Of all placements, so that the edge of the period hides nothing."""
        starts_us = placements.table.media_started_us[placements.segment]
        device = placements.device.code
        shared = (
            ("the same footage id", *_hashed(placements.listed("footage_id"))),
            ("the same content (SHA-256)", *_hashed(placements.listed("sha256"))),
            ("the same camera and start", starts_us * 1_000_003 + device, lambda at: (int(device[at]), int(starts_us[at]))),
        )
        return Repeats(tuple((what, tuple(_repeated(hashes, key_of))) for what, hashes, key_of in shared))


def _hashed(keys: Sequence[Hashable]) -> tuple[Int, Callable[[int], Hashable]]:
    return np.fromiter(map(hash, keys), np.int64, len(keys)), keys.__getitem__


def custody_findings(matching: Matching, sight: Sight, repeats: Repeats) -> Iterator[Finding]:
    """All findings of this module, in no particular order. ``repeats``: of the placements of the matching."""
    start_us, is_touching = matching.placements.start_us, matching.windows_of.has_members()
    is_in_scope = (start_us >= matching.period.start_us) & (start_us < matching.period.end_us) | is_touching
    elsewhere = [index for index in matching.elsewhere if matching.said_with(index)]  # it is said there
    is_touching[elsewhere] = is_in_scope[elsewhere] = True
    in_scope, touching = np.flatnonzero(is_in_scope), np.flatnonzero(is_touching)
    yield from _metadata_missing(matching)
    yield from _duplicates(matching, is_in_scope, repeats)
    yield from _sequence_gaps(matching, is_in_scope)
    for policy, indices in matching.by_policy(in_scope):
        yield from _object_missing(matching, policy, indices)
        yield from _late_uploads(matching, policy, indices)
    for policy, indices in matching.by_policy(touching):
        yield from _short_buffers(matching, policy, indices)
        yield from _retention_risks(matching, policy, indices)
    yield from _category_missing(matching, is_in_scope)
    yield from _incident_labels(matching, touching)
    for index, seen in sight.of_placement.looked.items():
        if seen.inspection is not None:
            yield from _file_findings(matching, index, matching.placements[index], seen.inspection)


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
    judged = matching.first_call(index)
    window: Window | None = judged.window if judged else None
    return Finding(
        kind=kind,
        clause=clause,
        severity=OF_KIND[kind],
        message=message,
        incident_id=judged.attendance.incident_id if judged else None,
        officer_id=placement.officer_id,
        device_id=placement.device_id,
        recording_id=placement.recording_id,
        footage_ids=(placement.footage_id,),
        window=window,
        spans=spans,
        seconds_us=seconds_us,
        evidence=(_row(placement), *more_evidence),
        policy=matching.policy_of(index).reference,
    )


def _row(placement: Placement) -> Evidence:
    return Evidence("footage", str(placement.row), placement.start_us, placement.sha256)


def _object_missing(matching: Matching, policy: Policy, indices: Int) -> Iterator[Finding]:
    table, segment = matching.placements.table, matching.placements.segment[indices]
    waited_us = matching.as_of_us - matching.placements.end_us[indices]
    is_outstanding = (table.uploaded_us[segment] == NO_NUMBER) & (waited_us < us_of_seconds(policy.upload.grace_s))
    is_kept = table.deleted_us[segment] == NO_NUMBER
    for index in indices[~matching.videos.is_stored[indices] & is_kept & ~is_outstanding].tolist():
        placement = matching.placements[index]
        key = placement.segment.object_key
        named = f"the video {key}" if key else "no video"
        yield _finding(
            matching,
            index,
            FindingKind.OBJECT_MISSING,
            policy.custody.clause,
            f"The metadata of {placement.footage_id} name {named}; "
            f"the store did not hold it as of {said_day_time(matching.as_of_us)}.",
            seconds_us=placement.segment.duration_us,
            spans=(Span(placement.start_us, placement.end_us),),
        )


def _metadata_missing(matching: Matching) -> Iterator[Finding]:
    rejected = defaultdict(list)
    for row in matching.records.rejected:
        rejected[row.row.file.rsplit(".", 1)[0]].append(row)
    for video in matching.videos.unnamed:
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


def _duplicates(matching: Matching, is_in_scope: Bool, repeats: Repeats) -> Iterator[Finding]:
    """The later row of each set that shares a footage id, a hash, or device and start; one finding a row, of those in
    scope."""
    placements = matching.placements
    stated: set[int] = set()
    for what, pairs in repeats.pairs:
        for index, earlier_index in pairs:
            if not is_in_scope[index] or index in stated:
                continue
            stated.add(index)
            earlier = placements[earlier_index]
            yield _finding(
                matching,
                index,
                FindingKind.DUPLICATE,
                matching.policy_of(index).custody.clause,
                f"{placements[index].footage_id} has {what} as {earlier.footage_id} ({earlier.row}).",
                more_evidence=(_row(earlier),),
            )


def _repeated(hashes: Int, key_of: Callable[[int], Hashable]) -> Iterator[tuple[int, int]]:
    """Places of keys that occurred before, each with the place of the first; None is no key. ``hashes``: equal where keys
    are."""
    order = np.argsort(hashes, kind="stable")
    is_same = hashes[order[1:]] == hashes[order[:-1]]
    first: dict[Hashable, int] = {}
    for place in np.sort(order[np.append(is_same, False) | np.append(False, is_same)]).tolist() if len(hashes) else ():
        key = key_of(place)
        earlier = first.setdefault(key, place)
        if earlier != place and key is not None:
            yield place, earlier


def _late_uploads(matching: Matching, policy: Policy, indices: Int) -> Iterator[Finding]:
    rules, grace_us = policy.upload, us_of_seconds(policy.upload.grace_s)
    uploaded_us = matching.placements.table.uploaded_us[matching.placements.segment[indices]]
    is_known = uploaded_us != NO_NUMBER
    delays_us = np.where(is_known, uploaded_us, 0) - matching.placements.end_us[indices]
    is_late = is_known & (delays_us > grace_us)
    for index, delay_us in zip(indices[is_late].tolist(), delays_us[is_late].tolist(), strict=True):
        yield _finding(
            matching,
            index,
            FindingKind.LATE_UPLOAD,
            rules.clause,
            f"{matching.placements[index].footage_id} was uploaded {said_length(delay_us)} after it ended; "
            f"policy allows {said_length(grace_us)}.",
            seconds_us=delay_us,
        )


def _sequence_gaps(matching: Matching, is_in_scope: Bool) -> Iterator[Finding]:
    """Holes in a device's numbering before a recording in scope. All placements count as neighbours but those that are here
    for their upload alone: what lies between them and the period was not read, and is not missing."""
    placements = matching.placements
    number, device = placements.table.sequence_no[placements.segment], placements.device
    numbered = np.flatnonzero(number != NO_NUMBER)
    order = numbered[np.lexsort((numbered, number[numbered], device.code[numbered]))]
    before, after = order[:-1], order[1:]
    is_hole = (device.code[before] == device.code[after]) & (number[after] - number[before] > 1) & is_in_scope[after]
    is_hole &= placements.start_us[before] >= matching.period.start_us - NEAREST_WITHIN_US
    for earlier_index, index in zip(before[is_hole].tolist(), after[is_hole].tolist(), strict=True):
        earlier, later = placements[earlier_index], placements[index]
        before_no, after_no = int(number[earlier_index]), int(number[index])
        missing = after_no - before_no - 1
        numbers = f"{before_no} ({earlier.footage_id}) and {after_no} ({later.footage_id})"
        yield _finding(
            matching,
            index,
            FindingKind.SEQUENCE_GAP,
            matching.policy_of(index).custody.clause,
            f"Camera {later.device_id} numbers its files: {missing} between {numbers} "
            f"{'is' if missing == 1 else 'are'} not in the records.",
            more_evidence=(_row(earlier),),
        )


def _category_missing(matching: Matching, is_in_scope: Bool) -> Iterator[Finding]:
    """Said of the first segment of a recording, where that is in scope, if no segment carries a category."""
    placements, categories = matching.placements, matching.placements.table.categories
    recording = placements.recording
    is_labelled = np.zeros(len(recording.values), np.bool_)
    has_any = categories.where(bool(entered) for entered in categories.values)[placements.segment]
    is_labelled[recording.code[has_any]] = True
    for index in _firsts(recording.code, np.flatnonzero(~is_labelled[recording.code])):
        if not is_in_scope[index]:
            continue
        rules = matching.policy_of(index).labelling
        if rules.is_category_required:
            message = f"Recording {recording[index]} carries no category."
            yield _finding(matching, index, FindingKind.CATEGORY_MISSING, rules.clause, message)


def _firsts(recording: Int, indices: Int) -> list[int]:
    """The first segment of each recording among the indices (ascending)."""
    _, first = np.unique(recording[indices], return_index=True)
    return [int(index) for index in indices[first]]


def _incident_labels(matching: Matching, indices: Int) -> Iterator[Finding]:
    """``indices``: the placements that touch a window, here or of a call beside, ascending."""
    recording = matching.placements.recording
    touched, entered, is_fitting = _labels(matching)
    beside = _calls_beside(matching)
    has_label = np.zeros(len(recording.values), np.bool_)
    has_label[entered.keys_with_members()] = True
    for index in _firsts(recording.code, indices[~(has_label & is_fitting)[recording.code[indices]]]):
        rules, code = matching.policy_of(index).labelling, int(recording.code[index])
        here = {matching.measured[window].attendance.incident_id for window in touched.get(code, ())}
        fitting = ", ".join(sorted(here | beside.get(code, frozenset())))
        if code not in entered and rules.is_incident_id_required:
            message = f"Recording {recording[index]} carries no incident id; by officer and time it belongs to {fitting}."
            yield _finding(matching, index, FindingKind.INCIDENT_ID_MISSING, rules.clause, message)
        elif code in entered:
            tags = matching.placements.table.incident_ids
            names = sorted({name for place in entered[code] for name in tags[place]})
            if not beside.get(code, frozenset()).isdisjoint(names):
                continue
            message = (
                f"Recording {recording[index]} carries the incident id {', '.join(names)}; "
                f"by officer and time it belongs to {fitting}."
            )
            yield _finding(matching, index, FindingKind.INCIDENT_ID_WRONG, rules.clause, message)


def _calls_beside(matching: Matching) -> dict[int, frozenset[str]]:
    """By recording the incidents that are not decided here, whose windows it touches."""
    found: dict[int, frozenset[str]] = defaultdict(frozenset)
    for index, calls in matching.elsewhere.items():
        found[int(matching.placements.recording.code[index])] |= {call.attendance.incident_id for call in calls}
    return found


def _labels(matching: Matching) -> tuple[Groups, Groups, Bool]:
    """By recording: the windows that it touches; those of its segments (places in the table) that touch one and carry an
    incident id; whether an id that they carry is of an incident that they touch."""
    placements = matching.placements
    recording, recordings = placements.recording.code, len(placements.recording.values)
    index, window = matching.windows_of.pairs()
    known = matching.measured.columns.incident
    number, incident = {name: place for place, name in enumerate(known.values)}, known.code[window]
    tagged, tag = placements.tags()
    is_touching = matching.windows_of.has_members()
    is_touching[list(matching.elsewhere)] = True
    is_touching = is_touching[tagged]
    tagged, tag = tagged[is_touching], tag.taken(np.flatnonzero(is_touching))
    entered = np.array([number.get(name, -1) for name in tag.values], np.int64)[tag.code]
    stride = len(number) + 1
    is_same = is_among(recording[tagged] * stride + entered, distinct(recording[index] * stride + incident))
    is_fitting = np.zeros(recordings, np.bool_)
    is_fitting[recording[tagged[is_same & (entered >= 0)]]] = True
    return (
        Groups.of(recording[index], window, recordings),
        Groups.of(recording[tagged], placements.segment[tagged], recordings),
        is_fitting,
    )


def _short_buffers(matching: Matching, policy: Policy, indices: Int) -> Iterator[Finding]:
    rules, placements, device = policy.buffer, matching.placements, matching.placements.device
    configured = {one.device_id: one.configured_buffer_us for one in matching.records.devices}
    usual_us = us_of_seconds(rules.expected_s)
    set_us = map(configured.get, device.values)
    expected = np.array([usual_us if one is None else one for one in set_us], np.int64)[device.code]
    activated_us = placements.activated_us[indices]
    is_known = activated_us != NO_TIME
    measured = np.maximum(np.where(is_known, activated_us, 0) - placements.start_us[indices], 0)
    is_first = placements.table.segment_no[placements.segment] <= 1  # also where it is not stated
    is_first &= placements.start_us == placements.first_us()
    is_short = is_known & is_first[indices] & (measured < expected[indices] * rules.minimum_share)
    of_device = Groups.of(device.code, np.arange(len(placements)), len(device.values)) if is_short.any() else None
    for index, measured_us in zip(indices[is_short].tolist(), measured[is_short].tolist(), strict=True):
        placement, expected_us = placements[index], int(expected[index])
        neighbours = of_device[int(device.code[index])] if of_device else ()
        if placement.activated_us is None or _follows_closely(matching, neighbours, index, expected_us):
            continue
        yield _finding(
            matching,
            index,
            FindingKind.SHORT_BUFFER,
            rules.clause,
            f"Recording {placement.recording_id} holds {said_length(measured_us)} before its activation, "
            f"{said_length(expected_us)} are configured: the camera was off or asleep until then.",
            seconds_us=measured_us,
            spans=(Span(placement.activated_us - expected_us, placement.start_us),),
        )


def _follows_closely(matching: Matching, of_device: Sequence[int], index: int, expected_us: int) -> bool:
    """Whether the device's previous recording ended so shortly before, or ran on, that there was no time to fill the buffer.

    ``of_device``: the indices of the device's placements, ascending."""
    placement = matching.placements[index]
    activated_us = placement.activated_us or placement.start_us
    return any(
        other.recording_id != placement.recording_id and other.end_us >= activated_us - expected_us
        for other in _placements_before(matching, of_device, index)
    )


def _placements_before(matching: Matching, of_device: Sequence[int], position: int) -> Iterator[Placement]:
    """Its placements that started no earlier than the longest segment lasts, latest first; they are in time order."""
    for place in range(bisect_left(of_device, position) - 1, -1, -1):
        other = matching.placements[of_device[place]]
        if matching.placements[position].start_us - other.start_us > LONGEST_SEGMENT_US:
            return
        yield other


def _retention_risks(matching: Matching, policy: Policy, indices: Int) -> Iterator[Finding]:
    rules = policy.retention
    until = kept_until_us(matching.placements, indices, rules)
    near = ends_soon(until, matching.as_of_us, rules)
    for index, until_us in zip(indices[near].tolist(), until[near].tolist(), strict=True):
        left_us = until_us - matching.as_of_us
        when = f"in {left_us / DAY_US:.1f} days" if left_us > 0 else "since"
        yield _finding(
            matching,
            index,
            FindingKind.RETENTION_RISK,
            rules.clause,
            f"{matching.placements[index].footage_id} may be deleted {when} ({said_day_time(until_us)}).",
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
