"""Recordings that may lie elsewhere: where the clock in their picture, rather than their metadata, would place them, or
where they lay before an offset was taken out that rests on anchors.

Decides which required windows such a recording touches there, and which recordings that touch none are worth a short look
at their clock. Which of the two places is right is not known here.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from bwc_audit.domain.overlay_clock import WIDEST_ZONE_US
from bwc_audit.domain.placement import Placement, Placements
from bwc_audit.domain.time_index import TimeIndex
from bwc_audit.domain.times import Span


@dataclass(frozen=True, slots=True)
class Need:
    """A required window as far as recordings are looked for: whose it is, of which incident, when."""

    officer_id: str
    incident_id: str
    span: Span


@dataclass(frozen=True, slots=True)
class MovedIn:
    """What pictures' clocks move into one window, or into those of one incident, at most: ``places`` of recordings that
    overlap it by ``overlap_us`` together."""

    places: int = 0
    overlap_us: int = 0

    def and_more(self, overlaps_us: Sequence[int]) -> MovedIn:
        """This, and further places with their overlaps."""
        return MovedIn(self.places + len(overlaps_us), self.overlap_us + sum(overlaps_us))

    def undoes_us(self, gap_us: int) -> int:
        """The largest margin of an absence that it might undo. It shortens an absence by no more than it overlaps (twice
        that, to be on the safe side), and each place may split it into two that the policy allows (``gap_us``)."""
        return 2 * self.overlap_us + self.places * gap_us


@dataclass(frozen=True, slots=True)
class Shifted:
    """Pairs of window and recording (indices) that touch by the picture's clock and not by the metadata; ascending. A window
    is met by recordings of its officer, and by those of nobody that are tagged with its incident. ``moved_in``: by window,
    how much they would be. ``incidents``: those that any of them, or a tagged recording of another officer, would touch,
    with how much. ``moved_within``: by window, of recordings that touch it both now and before an offset was taken
    out that rests on anchors, how far away they lay then; positive: later."""

    windows_of: Mapping[int, tuple[int, ...]] = field(default_factory=dict)
    placements_of: Mapping[int, tuple[int, ...]] = field(default_factory=dict)
    moved_in: Mapping[int, MovedIn] = field(default_factory=dict)
    incidents: Mapping[str, MovedIn] = field(default_factory=dict)
    moved_within: Mapping[int, tuple[int, ...]] = field(default_factory=dict)


def shifts_of(placement: Placement) -> tuple[int, ...]:
    """By how much a recording may lie elsewhere: what the clock in its picture says, and the offset that anchors gave."""
    shown_us = placement.shown.shifts_us if placement.shown else ()
    return (*shown_us, placement.clock.moved_us) if placement.clock.moved_us else shown_us


def shifted_places(placement: Placement) -> tuple[Span, ...]:
    """Where a recording may lie instead, in the order of ``shifts_of``; empty: nowhere else."""
    return tuple(Span(placement.start_us + one, placement.end_us + one) for one in shifts_of(placement))


def shifted_into(needs: Sequence[Need], placements: Placements, touched: Mapping[int, tuple[int, ...]]) -> Shifted:
    """Recordings that the picture's clock, or an offset not taken out, moves into a window.

    ``touched``: for indices of placements the windows that they touch by their metadata.
    """
    windows_of: dict[int, list[int]] = defaultdict(list)
    placements_of: dict[int, list[int]] = defaultdict(list)
    moved_in: dict[int, MovedIn] = defaultdict(MovedIn)
    incidents: dict[str, MovedIn] = defaultdict(MovedIn)
    moved_within: dict[int, list[int]] = defaultdict(list)
    candidates = _Candidates.of(needs, range(len(needs)))
    for index in placements.moved():
        placement = placements[index]
        places, moved_us = shifted_places(placement), placement.clock.moved_us
        for window in touched.get(index, ()) if moved_us else ():
            if _overlap_us(Span(placement.start_us + moved_us, placement.end_us + moved_us), needs[window].span) > 0:
                moved_within[window].append(moved_us)
        for window in candidates.of_placement(placement):
            need = needs[window]
            overlaps_us = [overlap_us for place in places if (overlap_us := _overlap_us(place, need.span)) > 0]
            if not overlaps_us or window in touched.get(index, ()):
                continue
            incidents[need.incident_id] = incidents[need.incident_id].and_more(overlaps_us)
            if placement.officer_id in (None, need.officer_id):
                windows_of[index].append(window)
                placements_of[window].append(index)
                moved_in[window] = moved_in[window].and_more(overlaps_us)
    return Shifted(
        {index: tuple(found) for index, found in windows_of.items()},
        {window: tuple(found) for window, found in placements_of.items()},
        dict(moved_in),
        dict(incidents),
        {window: tuple(found) for window, found in moved_within.items()},
    )


def worth_a_look(
    needs: Sequence[Need], wanting: Sequence[int], placements: Placements, touched: Mapping[int, tuple[int, ...]]
) -> tuple[int, ...]:
    """Recordings (indices, ascending) that touch no window by their metadata, and could lie in one of the ``wanting``
    windows if their times were wrong by a zone, or (tagged with its incident) by any time."""
    by_officer: dict[str, list[Span]] = defaultdict(list)
    for window in wanting:
        by_officer[needs[window].officer_id].append(needs[window].span)
    wanted = {
        officer_id: TimeIndex((one.start_us, one.end_us, one) for one in found) for officer_id, found in by_officer.items()
    }
    incidents = {needs[window].incident_id for window in wanting}
    is_tagged = placements.tagged_with(incidents)
    is_touching = np.zeros(len(placements), np.bool_)
    is_touching[list(touched)] = True
    found = []
    for index in np.flatnonzero(~is_touching).tolist():
        near = wanted.get(placements.officer[index] or "")
        low, high = int(placements.start_us[index]) - WIDEST_ZONE_US, int(placements.end_us[index]) + WIDEST_ZONE_US
        if is_tagged[index] or (near is not None and any(near.overlapping(low, high))):
            found.append(index)
    return tuple(found)


def _overlap_us(one: Span, other: Span) -> int:
    return min(one.end_us, other.end_us) - max(one.start_us, other.start_us)


@dataclass(frozen=True, slots=True)
class _Candidates:
    """Windows by whom and by what they could be met."""

    by_officer: Mapping[str, Sequence[int]]
    by_incident: Mapping[str, Sequence[int]]

    @staticmethod
    def of(needs: Sequence[Need], windows: Iterable[int]) -> _Candidates:
        by_officer: dict[str, list[int]] = defaultdict(list)
        by_incident: dict[str, list[int]] = defaultdict(list)
        for window in windows:
            by_officer[needs[window].officer_id].append(window)
            by_incident[needs[window].incident_id].append(window)
        return _Candidates(by_officer, by_incident)

    def of_placement(self, placement: Placement) -> tuple[int, ...]:
        """Windows of its officer, and of the incidents that it is tagged with; ascending."""
        found = set(self.by_officer.get(placement.officer_id or "", ()))
        for incident_id in placement.segment.incident_ids:
            found.update(self.by_incident.get(incident_id, ()))
        return tuple(sorted(found))
