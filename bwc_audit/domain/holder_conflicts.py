"""Holder rows that contradict each other: one camera held by two officers at once, named with their rows.

Only recordings that name no officer and start in such an overlap belong to nobody; everything else is decided as usual.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from bwc_audit.domain.identity import Roster
from bwc_audit.domain.phrases import said_moment
from bwc_audit.domain.records import Holding, RowRef
from bwc_audit.domain.times import Span

#: Later than any time: the end of a holding that is still going on.
_NEVER_US = 2**62


@dataclass(frozen=True, slots=True)
class HolderConflict:
    """Two officers and one camera at once. ``span`` is cut to the period that was asked for."""

    device_id: str
    officers: tuple[str, str]
    span: Span
    rows: tuple[RowRef, RowRef]

    def said(self) -> str:
        """One sentence, with the rows to mend."""
        one, other = self.officers
        first, second = self.rows
        time = f"from {said_moment(self.span.start_us)} to {said_moment(self.span.end_us)}"
        return (
            f"camera {self.device_id} is held by officers {one} and {other} at once {time} "
            f"({first}, {second}): a recording of then that names no officer is nobody's"
        )


def holder_conflicts(holdings: Iterable[Holding], roster: Roster, period: Span) -> tuple[HolderConflict, ...]:
    """All overlaps of two officers on one camera that touch the period, by camera, then time. One officer twice is none."""
    by_device: dict[str, list[Holding]] = defaultdict(list)
    for holding in holdings:
        if holding.held_from_us < period.end_us and _end_us(holding) > period.start_us:
            by_device[holding.device_id].append(holding)
    return tuple(
        conflict
        for device_id in sorted(by_device)
        if len(by_device[device_id]) > 1
        for conflict in _of_device(device_id, by_device[device_id], roster, period)
    )


def _of_device(device_id: str, holdings: list[Holding], roster: Roster, period: Span) -> Iterator[HolderConflict]:
    running: list[Holding] = []
    for holding in sorted(holdings, key=lambda one: (one.held_from_us, one.row, one.officer_id)):
        running = [one for one in running if _end_us(one) > holding.held_from_us]
        for earlier in running:
            officers = (_name(earlier, roster), _name(holding, roster))
            start_us = max(holding.held_from_us, period.start_us)
            end_us = min(_end_us(earlier), _end_us(holding), period.end_us)
            if officers[0] != officers[1] and start_us < end_us:
                yield HolderConflict(device_id, officers, Span(start_us, end_us), (earlier.row, holding.row))
        running.append(holding)


def _end_us(holding: Holding) -> int:
    return _NEVER_US if holding.held_to_us is None else holding.held_to_us


def _name(holding: Holding, roster: Roster) -> str:
    officer = roster.resolve(holding.officer_id)
    return officer.officer_id if officer else holding.officer_id
