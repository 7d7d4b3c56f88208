"""Competing explanations of an absence, each with what speaks for it and against it.

An explanation is an invitation to look, ordered by how directly a source speaks for it (``explanation_rank``). None is
offered without at least one thing a reader can check; none of them withdraws the measured fact.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator

from bwc_audit.domain.clues import NAMED_AT_MOST, OFF_KINDS, Clues, overlapping
from bwc_audit.domain.explanation_rank import ranked
from bwc_audit.domain.findings import Explanation, ExplanationKind
from bwc_audit.domain.judgement import Judged
from bwc_audit.domain.matching import Matching
from bwc_audit.domain.phrases import said_day_time, said_length, said_moment, said_time
from bwc_audit.domain.placement import Placement
from bwc_audit.domain.times import DAY_US, Span, iso_utc


def explain(matching: Matching, clues: Clues, judged: Judged, spans: tuple[Span, ...]) -> tuple[Explanation, ...]:
    """Explanations for uncovered ``spans`` of one assignment, in the order of looking."""
    held = _held(matching, judged, spans)
    found = (
        *_clock_contradiction(matching, judged),
        *_tagged_elsewhere(clues, judged),
        *_other_officer(clues, judged, held, spans),
        *_unassigned_device(clues, spans),
        *_device_off(clues, held, spans),
        *_never_arrived(matching, clues, held, spans),
        *_deleted(matching, clues, judged, held),
        *_no_camera(matching, judged),
        *_pending_upload(matching, judged),
        *_video_without_metadata(clues),
    )
    return ranked(found)


def _clock_contradiction(matching: Matching, judged: Judged) -> Iterator[Explanation]:
    """Recordings that may lie in the window by another clock than the one that placed them; and those that touch it and
    whose clock in the picture disagrees with their metadata, or shows no time."""
    if judged.measured is None:
        return
    moved_in = matching.shifted.placements_of.get(judged.measured, ())
    touching = matching.placements_of.get(judged.measured, ())
    for index in sorted({*moved_in, *touching}):
        placement = matching.placements[index]
        yield from _by_its_picture(placement)
        if index in moved_in:
            yield from _by_its_own_clock(placement)


def _by_its_picture(placement: Placement) -> Iterator[Explanation]:
    shown = placement.shown
    if shown is None or not (shown.shifts_us or shown.is_untimed):
        return
    readings = f"{shown.clock.agreed} of {shown.clock.of} readings agree"
    said = f"the clock in the picture of recording {placement.recording_id} ({readings})"
    if shown.is_untimed:
        said += " was not set: it may lie elsewhere" if shown.clock.is_not_set else " stands still: it may lie elsewhere"
    for shift_us in shown.shifts_us:
        side = "ahead of" if shift_us > 0 else "behind"
        said += (
            f" is {said_length(abs(shift_us))} {side} its metadata: by it the recording runs from "
            f"{said_moment(placement.start_us + shift_us)} to {said_moment(placement.end_us + shift_us)}"
        )
    against = [f"its metadata place it at {said_moment(placement.start_us)}"]
    yield Explanation(ExplanationKind.CLOCK_CONTRADICTION, (said,), (*against, *_dock_measured(placement)))


def _by_its_own_clock(placement: Placement) -> Iterator[Explanation]:
    """Where it lay before an offset was taken out that rests on anchors."""
    day, moved_us = placement.clock.day, placement.clock.moved_us
    if day is None or not moved_us:
        return
    span = f"{said_moment(placement.start_us + moved_us)} to {said_moment(placement.end_us + moved_us)}"
    side = "ahead" if moved_us > 0 else "behind"
    yield Explanation(
        ExplanationKind.CLOCK_CONTRADICTION,
        (f"by its camera's own clock recording {placement.recording_id} runs from {span}",),
        (f"{day.anchors} anchors of that day say that this clock was {said_length(abs(moved_us))} {side}",),
    )


def _dock_measured(placement: Placement) -> tuple[str, ...]:
    return ("the dock measured this camera's clock",) if placement.clock.check else ()


def _tagged_elsewhere(clues: Clues, judged: Judged) -> Iterator[Explanation]:
    """Recordings tagged with this incident that lie elsewhere, the nearest first; the rest as a count with the last."""
    if judged.window is None:
        return
    window, officer_id = judged.window.span, judged.attendance.officer_id
    elsewhere = [
        placement
        for placement in clues.tagged.get(judged.attendance.incident_id, ())
        if not (placement.start_us < window.end_us and placement.end_us > window.start_us)
    ]
    elsewhere.sort(key=lambda one: (one.officer_id != officer_id, abs(one.start_us - window.start_us), one.footage_id))
    for place, placement in enumerate(elsewhere[:NAMED_AT_MOST]):
        shift_us = window.start_us - placement.start_us
        shift = f"{said_length(abs(shift_us))} {'slow' if shift_us > 0 else 'fast'}"
        said = [
            f"recording {placement.recording_id} carries this incident's id and starts at "
            f"{iso_utc(placement.start_us)}; it would fit if its clock were {shift}"
        ]
        if placement.deleted_us is not None:
            said.append(f"its video was deleted at {said_moment(placement.deleted_us)}")
        if place == NAMED_AT_MOST - 1 and len(elsewhere) > NAMED_AT_MOST:
            said.append(f"{len(elsewhere) - NAMED_AT_MOST} more recordings carry this incident's id and lie elsewhere")
        against = [] if placement.officer_id == officer_id else ["it belongs to another officer"]
        yield Explanation(ExplanationKind.TAGGED_ELSEWHERE, tuple(said), (*against, *_dock_measured(placement)))


def _other_officer(clues: Clues, judged: Judged, held: tuple[str, ...], spans: tuple[Span, ...]) -> Iterator[Explanation]:
    for device_id in held:
        placements = clues.by_device.get(device_id)
        for placement in overlapping(placements, spans) if placements else ():
            if placement.officer_id not in (None, judged.attendance.officer_id):
                yield Explanation(
                    ExplanationKind.OTHER_OFFICER,
                    (
                        f"recording {placement.recording_id} of camera {device_id}, held by this officer then, "
                        f"is filed under officer {placement.officer_id}",
                    ),
                    ("the metadata name the other officer",),
                )


def _unassigned_device(clues: Clues, spans: tuple[Span, ...]) -> Iterator[Explanation]:
    """All ownerless recordings of that time as one explanation, the nearest few by name: in a large force there are many."""
    span = Span(spans[0].start_us, spans[-1].end_us)
    count = clues.unassigned.count(span)
    if not count:
        return
    nearest = clues.unassigned.nearest(span, NAMED_AT_MOST)
    running = [
        f"recording {placement.recording_id} of camera {placement.device_id}, {_whose(placement)}, runs at that time"
        for placement in nearest
    ]
    rest = count - len(running)
    more = [f"{rest} more recordings that belong to nobody run at that time"] if rest > 0 else []
    yield Explanation(
        ExplanationKind.UNASSIGNED_DEVICE, (*running, *more), ("nothing ties them to this officer or incident",)
    )


def _whose(placement: Placement) -> str:
    return f"held by {' and '.join(placement.conflict)} at once" if placement.conflict else "assigned to nobody"


def _device_off(clues: Clues, held: tuple[str, ...], spans: tuple[Span, ...]) -> Iterator[Explanation]:
    for device_id in held:
        log = clues.switching.get(device_id)
        last = log.last(spans[0].start_us) if log else None
        if last is not None and last.event in OFF_KINDS:
            switched = f"{last.event.replace('_', ' ')} at {said_time(last.at_us)}"
            age_us = spans[0].start_us - last.at_us
            against = (f"that entry is {said_length(age_us)} older than the gap",) if age_us > DAY_US else ()
            yield Explanation(
                ExplanationKind.DEVICE_OFF,
                (f"camera {device_id}: {switched}, not switched on again before the gap",),
                against,
            )


def _never_arrived(
    matching: Matching, clues: Clues, held: tuple[str, ...], spans: tuple[Span, ...]
) -> Iterator[Explanation]:
    """The camera's own numbering skips across the gap, or it was docked after it and nothing came in then."""
    whole = Span(spans[0].start_us, spans[-1].end_us)
    for device_id in held:
        neighbours = clues.numbered[device_id].around(whole) if device_id in clues.numbered else None
        docking = _docked_without_upload(matching, clues, device_id, whole.end_us)
        if neighbours is not None:
            before, after = (one.sequence_no or 0 for one in neighbours)
            missing = after - before - 1
            if missing > 0:
                names = (
                    f"{before} ({neighbours[0].footage_id}) before the gap and {after} ({neighbours[1].footage_id}) after it"
                )
                said = f"of the numbers that camera {device_id} gives its files, {missing} between {names} "
                said += f"{'is' if missing == 1 else 'are'} not in the records"
                yield Explanation(ExplanationKind.NEVER_ARRIVED, (said, *docking))
        elif docking:
            against = ("a camera that recorded nothing looks the same",)
            yield Explanation(ExplanationKind.NEVER_ARRIVED, docking, against)


def _docked_without_upload(matching: Matching, clues: Clues, device_id: str, from_us: int) -> tuple[str, ...]:
    """A docking soon after the gap, if nothing came in from the camera within a day of it, although uploads from it were
    recorded in the days before. No further is looked: how much is read beyond must not matter."""
    docked_us = _next(clues.docked_us.get(device_id, ()), from_us)
    if docked_us is None or docked_us > from_us + DAY_US or docked_us > matching.as_of_us:
        return ()
    uploads_us = clues.uploaded_us.get(device_id, ())
    since_us = _next(uploads_us, docked_us)
    before = bisect_left(uploads_us, docked_us) - bisect_left(uploads_us, docked_us - 2 * DAY_US)
    if not before or (since_us is not None and since_us < docked_us + DAY_US):
        return ()
    return (
        f"camera {device_id} was docked at {said_moment(docked_us)}, and no upload from it within a day of that is recorded",
    )


def _next(times_us: tuple[int, ...], from_us: int) -> int | None:
    place = bisect_left(times_us, from_us)
    return times_us[place] if place < len(times_us) else None


def _deleted(matching: Matching, clues: Clues, judged: Judged, held: tuple[str, ...]) -> Iterator[Explanation]:
    """The time for which footage is kept is over; or recordings of that camera around then are known to be deleted."""
    if judged.window is None:
        return
    window, rules = judged.window.span, judged.policy.retention
    ended_us = window.end_us + round(rules.keep_days * DAY_US)
    said = []
    if ended_us <= matching.as_of_us:
        said.append(
            f"footage is kept {rules.keep_days:g} days where nothing else is stated: that ended at {said_day_time(ended_us)}"
        )
    around = Span(window.start_us - DAY_US, window.end_us + DAY_US)
    known = [device_id for device_id in held if device_id in clues.by_device]
    deleted = [one for each in known for one in clues.deleted[each].overlapping(around.start_us, around.end_us)]
    said += [
        f"recording {one.recording_id} of camera {one.device_id}, of a day around, was deleted at "
        f"{said_moment(one.deleted_us or 0)}"
        for one in deleted[:NAMED_AT_MOST]
    ]
    kept = sum(clues.by_device[each].count(around.start_us, around.end_us) for each in known) - len(deleted)
    against = (f"{kept} recordings of the same camera and a day around are still held",) if kept else ()
    if said:
        yield Explanation(ExplanationKind.DELETED, tuple(said), against)


def _no_camera(matching: Matching, judged: Judged) -> Iterator[Explanation]:
    if judged.window and not _held(matching, judged, (judged.window.span,)):
        yield Explanation(
            ExplanationKind.NO_CAMERA,
            ("the holder history names no camera for this officer at that time",),
            ("the roster says that a camera was issued",),
        )


def _pending_upload(matching: Matching, judged: Judged) -> Iterator[Explanation]:
    if judged.window is None:
        return
    undocked = matching.completeness.undocked(judged.attendance.officer_id, judged.window.span)
    if undocked:
        yield Explanation(
            ExplanationKind.PENDING_UPLOAD,
            (f"camera {', '.join(undocked)} has not been docked since",),
            ("the time allowed for uploads is over",),
        )


def _video_without_metadata(clues: Clues) -> Iterator[Explanation]:
    if clues.orphan_videos:
        count = len(clues.orphan_videos)
        shown = ", ".join(clues.orphan_videos[:NAMED_AT_MOST]) + (" …" if count > NAMED_AT_MOST else "")
        said = f"{count} video{'s' if count > 1 else ''} in the store without metadata could be from that time: {shown}"
        yield Explanation(ExplanationKind.VIDEO_WITHOUT_METADATA, (said,))


def _held(matching: Matching, judged: Judged, spans: tuple[Span, ...]) -> tuple[str, ...]:
    return matching.history.devices_of(judged.attendance.officer_id, spans[0].start_us, spans[-1].end_us)
