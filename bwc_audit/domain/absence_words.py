"""Absences in words: one sentence each, with what was measured and what the policy allows. Decides nothing."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bwc_audit.domain.absences import KINDS, Absences
from bwc_audit.domain.coverage import NO_TIME, Int, SpanTable
from bwc_audit.domain.findings import FindingKind
from bwc_audit.domain.matching import NEAREST_WITHIN_US, Matching
from bwc_audit.domain.phrases import said_day_time, said_length, said_time
from bwc_audit.domain.policy import CoverageRules, Reference

_REFERENCES = {
    Reference.DISPATCHED: "dispatch",
    Reference.EN_ROUTE: "setting out",
    Reference.ON_SCENE: "arrival",
    Reference.CLEARED: "clearing",
    Reference.INCIDENT_OPENED: "the opening of the incident",
    Reference.INCIDENT_CLOSED: "the closing of the incident",
    Reference.NEAR_SCENE: "coming near the scene",
}
_SAID_REFERENCES = tuple(_REFERENCES[reference] for reference in Reference)
#: Instead of a reference: the window is cut there.
_CUT = len(_SAID_REFERENCES)
#: Added to a reference: the window is in several pieces, and a length counts only what they ask for.
_PARTED = _CUT + 1


@dataclass(frozen=True, slots=True, eq=False)
class WordingColumns:
    """What the sentences need besides the measured length, one element an absence. ``at_us``: when it begins, or the end
    that it is measured to, or as of when nothing was found. ``beside``: unrecorded part of a lateness, number of gaps,
    distance of the nearest recording. ``reference``: place in ``Reference``, behind them all where an exemption is the
    edge; so much more where exemptions part the window."""

    at_us: Int
    beside: Int
    reference: Int

    @staticmethod
    def of(matching: Matching, absences: Absences) -> WordingColumns:
        """In the order of the absences."""
        measures, windows, count = matching.measures, matching.windows, len(matching.measured)
        index, rows, stated = absences.window, matching.measured.rows[absences.window], matching.judged.window
        start_us, end_us, holes = windows.start_us[index], windows.end_us[index], measures.holes
        first_us = np.zeros(count, np.int64)
        first_us[holes.window[::-1]] = holes.start_us[::-1]
        opened = np.where(start_us == stated.start_us[rows], stated.start_reference[rows], _CUT)
        closed = np.where(end_us == stated.end_us[rows], stated.end_reference[rows], _CUT)
        unrecorded_us, gaps = measures.late_gaps.total_us(count), _counts(holes, count)
        is_parted = np.bincount(matching.pieces.window, minlength=count)[index] > 1
        return WordingColumns(
            at_us=np.choose(absences.kind, (np.full(len(index), matching.as_of_us), start_us, end_us, first_us[index])),
            beside=np.choose(
                absences.kind, (measures.nearest_us[index], unrecorded_us[index], np.zeros_like(index), gaps[index])
            ),
            reference=np.where(absences.kind == KINDS.index(FindingKind.LATE_ACTIVATION), opened, closed)
            + _PARTED * is_parted,
        )


def _counts(table: SpanTable, windows: int) -> Int:
    return np.bincount(table.window, minlength=windows).astype(np.int64)


def clause_of(kind: FindingKind, rules: CoverageRules) -> str:
    """The clause that an absence of this kind is stated under."""
    match kind:
        case FindingKind.EARLY_DEACTIVATION:
            return rules.deactivation_clause
        case FindingKind.RECORDING_GAP | FindingKind.INCIDENT_UNCOVERED:
            return rules.gap_clause
    return rules.activation_clause


def worded(kind: FindingKind, measured_us: int, at_us: int, beside: int, reference: int, rules: CoverageRules) -> str:
    """The sentence of an absence of one officer; the numbers are those of ``Absences`` and ``WordingColumns``."""
    parted, reference = divmod(reference, _PARTED)
    length = said_length(measured_us) + (" of required time" if parted else "")
    match kind:
        case FindingKind.NO_FOOTAGE:
            return f"No footage found for the required {said_length(measured_us)}, as of {said_day_time(at_us)}. " + (
                f"No recording of this officer was found within {said_length(NEAREST_WITHIN_US)} of it."
                if beside == NO_TIME
                else f"The officer's nearest recording is {said_length(beside)} away."
            )
        case FindingKind.LATE_ACTIVATION:
            opened = "the end of an exemption" if reference == _CUT else _SAID_REFERENCES[reference]
            return (
                f"Activated {length} after {opened} ({said_time(at_us)}); "
                f"policy allows {rules.activation_grace_s:g} s.{_buffer_note(beside, measured_us)}"
            )
        case FindingKind.EARLY_DEACTIVATION:
            closed = "the start of an exemption" if reference == _CUT else _SAID_REFERENCES[reference]
            return (
                f"The last recording ends {length} before {closed} ({said_time(at_us)}); "
                f"policy allows {rules.deactivation_grace_s:g} s."
            )
    count = "A gap" if beside == 1 else f"{beside} gaps, together"
    return (
        f"{count} of {said_length(measured_us)} between recordings inside the required window, from "
        f"{said_time(at_us)}; policy allows {rules.gap_s:g} s."
    )


def _buffer_note(unrecorded_us: int, late_us: int) -> str:
    if unrecorded_us >= late_us:
        return ""
    return f" The pre-event buffer or another recording shows {said_length(late_us - unrecorded_us)} of it."


def worded_uncovered(officers: int, total_us: int, first_us: int) -> str:
    """The sentence of an incident that no camera covered."""
    return (
        f"No camera of the {officers} assigned officers recorded for {said_length(total_us)}, "
        f"from {said_time(first_us)}, while at least one of them had to."
    )
