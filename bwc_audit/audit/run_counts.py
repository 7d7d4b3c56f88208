"""What a run says of itself beside its answers: what looking cost, and what could not be examined."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from zoneinfo import ZoneInfo

from sqlmodel import Session

from bwc_audit.domain.inspection import Inspection
from bwc_audit.domain.policy import SamplingRules
from bwc_audit.domain.runs import LEFT_PENDING, Run, RunKind
from bwc_audit.domain.times import DAY_US, SECOND_US, Span, at_of
from bwc_audit.domain.unseen import asked_us, between_us, unseen_us
from bwc_audit.store import runs, turns
from bwc_audit.store.planned import PlannedInspection
from bwc_audit.store.rejected import RejectedSum
from bwc_audit.store.run_chunks import StoredChunk

#: Counted for each chunk: rows rejected because their id stands twice.
ROWS_DOUBLED = "rows_doubled"


def left_pending(session: Session, run: Run, look_back: Span) -> dict[str, int]:
    """How many assignments are pending at which neither this nightly run looks back any more nor the usual one, whose period
    ``look_back`` is."""
    request = run.request
    if request.kind is not RunKind.NIGHTLY:
        return {}
    count = turns.count_left_pending(session, request.source, min(request.period.start_us, look_back.start_us))
    return {LEFT_PENDING: count} if count else {}


def effort(plan: Sequence[PlannedInspection], seen: Mapping[str, Inspection], sampling: SamplingRules) -> dict[str, int]:
    """What looking cost this run (nothing for what was known), how much picture and sound its answers rest on, how much
    of the time that had to be seen nobody saw, and how much of the picture lies between the frames that were decoded."""
    required = [one.request for one in plan if not one.request.is_clock_look]
    unseen = [unseen_us(asked, seen.get(asked.object_key), sampling) or 0 for asked in required]
    looked = [one for one in plan if one.request.object_key in seen]
    known = [seen[one.request.object_key].examined for one in looked]
    now = [examined for one, examined in zip(looked, known, strict=True) if one.state == "examined"]
    return {
        "bytes_read": sum(examined.bytes_read for examined in now),
        "requests": sum(examined.requests for examined in now),
        "frames_sampled": sum(examined.frames_sampled for examined in now),
        "picture_us": sum(examined.seconds_examined_us for examined in known),
        "sound_us": sum(examined.audio_us for examined in known),
        "asked_us": sum(asked_us(asked, seen.get(asked.object_key)) or 0 for asked in required),
        "unseen_us": sum(unseen),
        "between_samples_us": sum(between_us(seen[one.request.object_key]) for one in looked),
        "clock_looks": len(plan) - len(required),
    }


def empty_days(session: Session, run: Run, zone: ZoneInfo) -> tuple[str, ...]:
    """Days of a back-fill of several in which no incident was opened: nobody looks at each as at a night."""
    period = run.request.period
    days = range(-(-period.length_us // DAY_US))
    if run.request.kind is not RunKind.BACKFILL or len(days) < 2:
        return ()
    present = runs.days_with_incidents(session, run.run_id, period.start_us)
    if not present:
        return ()  # said of the whole period already
    return tuple(
        f"no assignments were read for {at_of(period.start_us + day * DAY_US + DAY_US // 2).astimezone(zone):%Y-%m-%d}: "
        "nothing of that day could be judged"
        for day in days
        if day not in present
    )


def added_up(chunks: Sequence[StoredChunk]) -> dict[str, int]:
    """The counts of all chunks; lengths in whole seconds, what nobody saw rounded up: a little is not nothing."""
    counts: dict[str, int] = {}
    for chunk in chunks:
        for name, number in chunk.counts.items():
            counts[name] = counts.get(name, 0) + number
    found = {name: number for name, number in counts.items() if not name.endswith("_us") and name != ROWS_DOUBLED}
    for what in ("picture", "sound", "asked"):
        found[f"{what}_seconds"] = counts.get(f"{what}_us", 0) // SECOND_US
    for what in ("unseen", "between_samples"):
        found[f"{what}_seconds"] = -(-counts.get(f"{what}_us", 0) // SECOND_US)
    return found | {"chunks": len(chunks)}


def failed_videos(plan: Sequence[PlannedInspection]) -> tuple[str, ...]:
    return tuple(
        f"{one.request.object_key}: {one.detail or 'not looked into before the run ended'}"
        for one in plan
        if one.state in ("planned", "failed")
    )


def rejections(rejected: RejectedSum, doubled: int) -> tuple[str, ...]:
    lines = rejected.lines + doubled
    said = [f"{file}: the file, or the rest of it, could not be read as records" for file in rejected.files]
    if lines:
        said.append(f"{lines} {'row' if lines == 1 else 'rows'} of the sources rejected and not judged")
    return tuple(said)
