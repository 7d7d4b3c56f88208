"""Which absences the measured coverage of required windows states, for all windows at once: how large, by how much beyond
what the clause allows, and by how little a clock may be off for each to vanish.

An excess no larger than the clock uncertainty is *borderline*. Whether an absence may be stated at all is asked elsewhere,
and so is how it is worded.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bwc_audit.domain.coverage import NO_TIME, Bool, Int, SpanTable, of_each, ranges
from bwc_audit.domain.findings import FindingKind
from bwc_audit.domain.groups import distinct
from bwc_audit.domain.margins import Uncovered, early_margins_us, late_margins_us
from bwc_audit.domain.matching import Matching, limits_of_each
from bwc_audit.domain.severity import steps_of_excess
from bwc_audit.domain.times import Span

#: The kinds of one window, in the order in which they are stated.
KINDS = (
    FindingKind.NO_FOOTAGE,
    FindingKind.LATE_ACTIVATION,
    FindingKind.EARLY_DEACTIVATION,
    FindingKind.RECORDING_GAP,
)
_NO_FOOTAGE, _LATE, _EARLY, _GAP = range(len(KINDS))


@dataclass(frozen=True, slots=True, eq=False)
class SpansOf:
    """The spans of a table by window, found without looking at the others."""

    table: SpanTable
    edges: Int

    @staticmethod
    def of(table: SpanTable, windows: int) -> SpansOf:
        """``windows``: how many there are."""
        return SpansOf(table, np.searchsorted(table.window, np.arange(windows + 1)))

    def at(self, window: int) -> tuple[Span, ...]:
        """The spans of one window, in order of time."""
        own = slice(int(self.edges[window]), int(self.edges[window + 1]))
        return tuple(map(Span, self.table.start_us[own].tolist(), self.table.end_us[own].tolist()))

    def bounds(self, window: Int) -> tuple[Int, Int, Int]:
        """(place in ``window``, start, end) of the spans of these windows."""
        row, at = ranges(self.edges[window], self.edges[window + 1] - self.edges[window])
        return row, self.table.start_us[at], self.table.end_us[at]


@dataclass(frozen=True, slots=True, eq=False)
class Absences:
    """One element an absence, by window, then kind (place in ``KINDS``). ``margin_us`` is ``NO_TIME`` where no clock error
    could make it vanish. ``severity``: step (see ``severity``). ``spans``: by kind, the time of which it speaks."""

    window: Int
    kind: Int
    measured_us: Int
    excess_us: Int
    margin_us: Int
    severity: Int
    is_borderline: Bool
    spans: tuple[SpansOf, ...]

    def __len__(self) -> int:
        return len(self.window)

    def spans_at(self, row: int) -> tuple[Span, ...]:
        """The time of which one speaks."""
        return self.spans[int(self.kind[row])].at(int(self.window[row]))

    @staticmethod
    def of(matching: Matching) -> Absences:
        """All that the measures state, borderline ones included."""
        measures, count = matching.measures, len(matching.measured)
        limits = limits_of_each(matching.measured)
        gap_us, late_by, early_by = (
            of_each(one, count) for one in (limits.gap_us, limits.activation_grace_us, limits.deactivation_grace_us)
        )
        is_missing = measures.covered_us == 0
        stated = (
            np.flatnonzero(is_missing),
            *(
                np.flatnonzero(~is_missing & (margin_us > 0))
                for margin_us in (measures.late_margin_us, measures.early_margin_us, measures.gap_margin_us)
            ),
        )
        parts = (
            _no_footage(matching, stated[_NO_FOOTAGE]),
            _late(matching, stated[_LATE], late_by, gap_us),
            _early(matching, stated[_EARLY], early_by, gap_us),
            _gaps(matching, stated[_GAP], gap_us),
        )
        window, kind = np.concatenate(stated), np.repeat(np.arange(len(KINDS)), [len(rows) for rows in stated])
        order = np.lexsort((kind, window))
        measured_us, excess_us, margin_us = (np.concatenate(columns)[order] for columns in zip(*parts, strict=True))
        window = window[order]
        tables = (measures.gaps, measures.late_gaps, measures.early_gaps, measures.holes)
        return Absences(
            window=window,
            kind=kind[order],
            measured_us=measured_us,
            excess_us=excess_us,
            margin_us=margin_us,
            severity=_severities(matching, window, excess_us),
            is_borderline=(margin_us != NO_TIME) & (margin_us <= measures.uncertainty_us[window]),
            spans=tuple(SpansOf.of(table, count) for table in tables),
        )


_Columns = tuple[Int, Int, Int]


def _no_footage(matching: Matching, rows: Int) -> _Columns:
    """The smallest clock error that would bring a recording into a window without any is the margin."""
    measures = matching.measures
    margin_us = measures.nearest_us.copy()
    doubted = np.array(sorted(matching.shifted.placements_of), np.int64)
    margin_us[doubted] = measures.uncertainty_us[doubted]
    return measures.required_us[rows], measures.required_us[rows], margin_us[rows]


def _late(matching: Matching, rows: Int, grace_us: Int, gap_us: Int) -> _Columns:
    measures, late_us = matching.measures, matching.measures.lateness_us[rows]
    starts_us, gaps, late = matching.windows.start_us, measures.gaps, measures.late_gaps
    head = gaps.only(gaps.start_us == starts_us[gaps.window])
    rest = late.only(late.start_us > starts_us[late.window])
    uncovered = Uncovered(_longest_us(head, rows, len(starts_us)), _longest_us(rest, rows, len(starts_us)))
    margin_us = late_margins_us(
        matching.segments, matching.windows, rows, uncovered, measures.late_margin_us[rows], gap_us[rows]
    )
    return late_us, late_us - grace_us[rows], margin_us


def _longest_us(gaps: SpanTable, rows: Int, windows: int) -> Int:
    """Of these windows the longest of the gaps; 0: they have none."""
    found = np.zeros(windows, np.int64)
    np.maximum.at(found, gaps.window, gaps.end_us - gaps.start_us)
    return found[rows]


def _early(matching: Matching, rows: Int, grace_us: Int, gap_us: Int) -> _Columns:
    measures, early_us = matching.measures, matching.measures.early_us[rows]
    ends_us, early = matching.windows.end_us, measures.early_gaps
    is_tail = early.end_us == ends_us[early.window]
    parts = (_longest_us(early.only(one), rows, len(ends_us)) for one in (is_tail, ~is_tail))
    margin_us = early_margins_us(
        matching.segments, matching.windows, rows, Uncovered(*parts), measures.early_margin_us[rows], gap_us[rows]
    )
    return early_us, early_us - grace_us[rows], margin_us


def _gaps(matching: Matching, rows: Int, gap_us: Int) -> _Columns:
    holes, count = matching.measures.holes, len(matching.measured)
    longest_us = np.zeros(count, np.int64)
    np.maximum.at(longest_us, holes.window, holes.end_us - holes.start_us)
    return holes.total_us(count)[rows], (longest_us - gap_us)[rows], matching.measures.gap_margin_us[rows]


def _severities(matching: Matching, window: Int, excess_us: Int) -> Int:
    policies, found = matching.judged.policies, np.zeros(len(window), np.int64)
    code = matching.measured.policy[window]
    for place in distinct(code).tolist():
        own = code == place
        found[own] = steps_of_excess(excess_us[own], policies[place].severity)
    return found
