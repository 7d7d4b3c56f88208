"""What becomes of each assignment, as columns: from its bucket, or from what its coverage states and what may not be stated.

An absence is withheld while sources are not complete, and stays open where no clock makes it firm. Findings of other kinds
are known here only by whose they are.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import numpy as np

from bwc_audit.domain.absences import KINDS, Absences
from bwc_audit.domain.coverage import NO_TIME, Bool, Int
from bwc_audit.domain.findings import FindingKind
from bwc_audit.domain.judgement import BUCKETS, UNDECIDABLE
from bwc_audit.domain.margins import holding_us
from bwc_audit.domain.matching import Matching
from bwc_audit.domain.results import Bucket, Outcome, PendingReason, UnknownReason
from bwc_audit.domain.sight import Sight
from bwc_audit.domain.times import us_of_seconds

OUTCOMES = tuple(Outcome)
REASONS: tuple[Bucket | PendingReason | UnknownReason, ...] = (*BUCKETS, *PendingReason, *UnknownReason)
_NONE = -1


@dataclass(frozen=True, slots=True, eq=False)
class Verdicts:
    """One element an attendance, in their order. ``outcome`` and ``reason``: places in ``OUTCOMES`` and ``REASONS`` (-1:
    none). Lengths as in ``AssignmentResult``; ``NO_TIME``: none, as -1 of the two claims."""

    outcome: Int
    reason: Int
    required_us: Int
    covered_us: Int
    usable_us: Int
    unexamined_us: Int
    lateness_us: Int
    uncertainty_us: Int
    is_on_time: Int
    is_whole_window: Int


def verdicts_of(
    matching: Matching,
    sight: Sight,
    absences: Absences,
    withheld: Mapping[int, PendingReason | UnknownReason],
    doubted: Collection[tuple[str | None, str | None]],
) -> Verdicts:
    """``withheld``: for windows in which an absence may not be stated, why not. ``doubted``: assignments (incident, officer)
    of which something else than an absence cannot be seen or relied on."""
    measures, rows = matching.measures, matching.measured.rows
    reason, claims = _reasons(matching, absences, withheld), _claims(matching, absences)
    is_open = reason != _NONE
    is_doubted = _is_doubted(matching, absences, withheld, doubted)
    has_footage = measures.covered_us > 0
    is_unseen = has_footage & (sight.unexamined_us == measures.covered_us)
    found = _unmeasured(matching)
    columns = {
        "outcome": _outcomes(reason, is_doubted),
        "reason": reason,
        "required_us": measures.required_us,
        "covered_us": measures.covered_us,
        "usable_us": np.where(is_unseen, NO_TIME, sight.usable_us),
        "unexamined_us": sight.unexamined_us,
        "lateness_us": np.where(has_footage, measures.lateness_us, NO_TIME),
        "uncertainty_us": measures.uncertainty_us,
        "is_on_time": np.where(is_open, _NONE, claims[0]),
        "is_whole_window": np.where(is_open, _NONE, claims[1]),
    }
    for name, values in columns.items():
        getattr(found, name)[rows] = values
    return found


def _unmeasured(matching: Matching) -> Verdicts:
    """The verdicts of all that was not measured, with room for the rest."""
    judged, count = matching.judged, len(matching.judged)
    is_out = judged.bucket != _NONE
    undecided = np.array([REASONS.index(one) for one in UNDECIDABLE], np.int64)
    is_pending = np.array([isinstance(one, PendingReason) for one in UNDECIDABLE], np.bool_)[judged.undecidable]
    open_as = np.where(is_pending, OUTCOMES.index(Outcome.PENDING), OUTCOMES.index(Outcome.UNKNOWN))
    has_length = judged.window.is_there & ~is_out
    none = np.full((5, count), NO_TIME)
    zero = np.zeros((2, count), np.int64)
    return Verdicts(
        outcome=np.where(is_out, OUTCOMES.index(Outcome.EXCLUDED), open_as),
        reason=np.where(is_out, judged.bucket, undecided[judged.undecidable]),
        required_us=np.where(has_length, judged.window.end_us - judged.window.start_us, 0),
        covered_us=zero[0],
        usable_us=none[0],
        unexamined_us=zero[1],
        lateness_us=none[1],
        uncertainty_us=none[2],
        is_on_time=np.full(count, _NONE),
        is_whole_window=np.full(count, _NONE),
    )


def _outcomes(reason: Int, is_doubted: Bool) -> Int:
    decided = np.where(is_doubted, OUTCOMES.index(Outcome.FINDINGS), OUTCOMES.index(Outcome.COVERED))
    is_unknown = np.array([isinstance(one, UnknownReason) for one in REASONS], np.bool_)[reason]
    undecided = np.where(is_unknown, OUTCOMES.index(Outcome.UNKNOWN), OUTCOMES.index(Outcome.PENDING))
    return np.where(reason == _NONE, decided, undecided)


def _claims(matching: Matching, absences: Absences) -> tuple[Bool, Bool]:
    """For each window, were it decided: whether the activation was in time, whether the whole of it was recorded."""
    firm = absences.window[~absences.is_borderline]
    is_late = (absences.kind == KINDS.index(FindingKind.LATE_ACTIVATION)) & ~absences.is_borderline
    on_time, whole = (matching.measures.covered_us > 0 for _ in "12")
    on_time[absences.window[is_late]] = False
    whole[firm] = False
    return on_time, whole


def _is_doubted(
    matching: Matching,
    absences: Absences,
    withheld: Mapping[int, PendingReason | UnknownReason],
    doubted: Collection[tuple[str | None, str | None]],
) -> Bool:
    """Windows of which something was not recorded, or cannot be seen or relied on."""
    found = np.zeros(len(matching.measured), np.bool_)
    found[absences.window[~absences.is_borderline]] = True
    found[list(withheld)] = False
    columns = matching.measured.columns
    incident_of, officer_of = (
        {name: code for code, name in enumerate(one.values)} for one in (columns.incident, columns.officer)
    )
    stride = len(officer_of)
    wanted = [
        incident_of[incident_id] * stride + officer_of[officer_id]
        for incident_id, officer_id in doubted
        if incident_id in incident_of and officer_id in officer_of
    ]
    found |= np.isin(columns.incident.code * stride + columns.officer.code, np.array(wanted, np.int64))
    return found


def _reasons(matching: Matching, absences: Absences, withheld: Mapping[int, PendingReason | UnknownReason]) -> Int:
    """Why a window with an absence stays open: its sources are not complete, a clock in a picture contradicts metadata so
    far that nothing of the absence is firm, or the absence is not firm and neither is that anything covers the window, or
    what covers it has a clock that is known to be so wrong that nothing else keeps the absence from being firm."""
    count = len(matching.measured)
    has_absence, has_firm = np.zeros((2, count), np.bool_)
    has_absence[absences.window] = True
    has_firm[absences.window[~absences.is_borderline]] = True
    reason = np.full(count, _NONE)
    for window, why in withheld.items():
        reason[window] = REASONS.index(why) if has_absence[window] else _NONE
    is_borderline = has_absence & ~has_firm & (reason == _NONE)
    is_held = _is_held(matching) & ~_is_beyond_any_usual_clock(matching, absences)
    is_contradicted = _is_contradicted(matching, absences, is_borderline)
    reason[is_borderline & ~is_held] = REASONS.index(UnknownReason.WITHIN_UNCERTAINTY)
    reason[is_borderline & is_contradicted] = REASONS.index(UnknownReason.CLOCK_CONTRADICTION)
    return reason


def _is_beyond_any_usual_clock(matching: Matching, absences: Absences) -> Bool:
    """Windows of which an absence would be firm by a clock that nobody ever checked, and is borderline only because the
    clock at hand is known to be worse than that."""
    usual_us = us_of_seconds(matching.checks.rules.untrusted_s) + matching.windows.precision_us
    found = np.zeros(len(matching.measured), np.bool_)
    found[absences.window[absences.margin_us > usual_us[absences.window]]] = True
    return found


def _is_held(matching: Matching) -> Bool:
    """For each measured window whether something covers it whatever the clocks may be off by."""
    measures = matching.measures
    held_us = holding_us(matching.placements_of, matching.windows, matching.placements)
    return np.asarray((measures.covered_us > 0) & (held_us > measures.uncertainty_us))


def _is_contradicted(matching: Matching, absences: Absences, is_asked: Bool) -> Bool:
    """Windows into which a recording may lie that by its metadata does not, or of which an absence would be firm if those
    that do were believed. Only those asked for are looked at."""
    found = np.zeros(len(is_asked), np.bool_)
    shown_of = matching.placements.shown
    for window in np.flatnonzero(is_asked).tolist() if shown_of or matching.shifted.placements_of else ():
        if window in matching.shifted.placements_of:
            found[window] = True
            continue
        touching = (shown_of.get(place) for place in matching.placements_of.get(window, ()))
        shift_us = max((abs(one) for shown in touching if shown for one in shown.shifts_us), default=0)
        usual_us = int(matching.measures.uncertainty_us[window]) - shift_us
        margins_us = absences.margin_us[absences.window == window]
        found[window] = shift_us > 0 and bool(np.any((margins_us != NO_TIME) & (margins_us > usual_us)))
    return found
