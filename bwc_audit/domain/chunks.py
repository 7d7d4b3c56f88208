"""Chunks of days: how a long period is decided piece by piece with the same answers as in one piece.

Every incident, recording and device check belongs to exactly one chunk, by its time. To judge what belongs to it, a chunk
looks a while beyond its ends at its neighbours' incidents, since a recording is filed under the first window it touches;
what does not belong to it is left to its neighbours. Nothing beyond the ends of the period is looked at that a run in one
piece would not look at.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace

import numpy as np

from bwc_audit.domain.clock_findings import is_of_camera
from bwc_audit.domain.coverage import Bool, Int
from bwc_audit.domain.findings import Finding
from bwc_audit.domain.placed_segments import of_incidents
from bwc_audit.domain.results import Decision
from bwc_audit.domain.segment_table import NO_NUMBER
from bwc_audit.domain.times import DAY_US, Span

#: Segments this far outside a stretch of days can still touch its windows (an assignment lasts 24 hours at most, a segment
#: 8, a clock may be a zone off), be neighbours in numbering, or explain an absence.
SEGMENT_MARGIN_US = 2 * DAY_US
#: Device logs: a clock is believed for a week from its last check; docks and switches before and after tell what happened.
EVENT_MARGIN_US = 14 * DAY_US
#: A recording touches windows of incidents that began up to a day before it (the longest assignment judged, 24 h) and lasts
#: a few hours at most.
HALO_US = 2 * DAY_US


@dataclass(frozen=True, slots=True)
class Chunk:
    """One stretch of the period of a run. ``is_first`` and ``is_last``: what lies outside the period belongs to it."""

    ordinal: int
    span: Span
    period: Span

    @property
    def is_first(self) -> bool:
        return self.span.start_us == self.period.start_us

    @property
    def is_last(self) -> bool:
        return self.span.end_us == self.period.end_us

    @property
    def is_only(self) -> bool:
        return self.is_first and self.is_last

    @property
    def sight(self) -> Span:
        """The chunk and what it has to look at beyond its ends, within the period."""
        return Span(
            max(self.period.start_us, self.span.start_us - HALO_US), min(self.period.end_us, self.span.end_us + HALO_US)
        )

    def holds(self, time_us: int) -> bool:
        """Whether a moment belongs to this chunk; outside the period, to the chunk at that end."""
        return (self.is_first or time_us >= self.span.start_us) and (self.is_last or time_us < self.span.end_us)

    def holds_recordings(self, start_us: Int, uploaded_us: Int) -> Bool:
        """Which recordings belong to this chunk: by their start, or by their upload (``NO_NUMBER``: not stated) where they
        lie far outside the period, as of a clock that is months off and that only the chunks around its true time can
        correct."""
        lowest_us, highest_us = self.period.start_us - SEGMENT_MARGIN_US, self.period.end_us + SEGMENT_MARGIN_US
        is_near = (start_us >= lowest_us) & (start_us < highest_us)
        time_us = np.where(is_near | (uploaded_us == NO_NUMBER), start_us, uploaded_us)
        is_held = np.ones(len(time_us), np.bool_)
        if not self.is_first:
            is_held &= time_us >= self.span.start_us
        if not self.is_last:
            is_held &= time_us < self.span.end_us
        return is_held


def chunks_of(period: Span, days: int) -> tuple[Chunk, ...]:
    """The period in stretches of ``days`` times 24 h, the last one shorter. Raises ``ValueError`` below one day."""
    if days < 1:
        raise ValueError(f"a chunk lasts a day at least, not {days}")
    starts = range(period.start_us, period.end_us, days * DAY_US)
    return tuple(
        Chunk(ordinal, Span(start_us, min(start_us + days * DAY_US, period.end_us)), period)
        for ordinal, start_us in enumerate(starts)
    )


def own_part(decision: Decision, chunk: Chunk, incident_ids: Collection[str]) -> Decision:
    """What of a decision over ``chunk.sight`` belongs to the chunk: all of ``incident_ids``, which are its own, and findings
    that name no incident by their own time. A finding without either belongs to every chunk. Findings about a camera's clock
    are made for a chunk alone, and kept. A chunk that is the whole period decides nothing else, but it sees recordings that
    belong to calls before and after it."""
    if chunk.is_only:
        return replace(decision, findings=own_findings(decision.findings, chunk, incident_ids))
    return replace(
        decision,
        results=tuple(one for one in decision.results if one.incident_id in incident_ids),
        incidents=tuple(one for one in decision.incidents if one.incident_id in incident_ids),
        findings=own_findings(decision.findings, chunk, incident_ids),
        segments=of_incidents(decision.segments, incident_ids),
        clocks=tuple(one for one in decision.clocks if chunk.holds(one.true_start_us)),
        waiting=tuple(one for one in decision.waiting if one.incident_id in incident_ids),
    )


def own_findings(findings: Iterable[Finding], chunk: Chunk, incident_ids: Collection[str]) -> tuple[Finding, ...]:
    """The findings that belong to a chunk, as in ``own_part``."""

    def is_own(finding: Finding) -> bool:
        if finding.incident_id is not None:
            return finding.incident_id in incident_ids
        if chunk.is_only or is_of_camera(finding):
            return True
        time_us = own_time_us(finding)
        return time_us is None or chunk.holds(time_us)

    return tuple(one for one in findings if is_own(one))


def own_time_us(finding: Finding) -> int | None:
    """By what time a finding without incident belongs to a chunk: that of its first evidence that has one (the row of its
    recording, the dock's check), else where its spans begin."""
    first = next((item.at_us for item in finding.evidence if item.at_us is not None), None)
    if first is not None:
        return first
    return min((span.start_us for span in finding.spans), default=None)
