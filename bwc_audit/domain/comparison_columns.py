"""What moved from one policy to another, as columns: a year of a large force may move by hundreds of thousands of findings.

Decides nothing. A finding or a result is built when somebody asks for one, with what a comparison tells of it: without rows,
recordings, spans and explanations.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bwc_audit.domain.absence_words import clause_of, worded, worded_uncovered
from bwc_audit.domain.absences import KINDS
from bwc_audit.domain.coverage import NO_TIME, Int
from bwc_audit.domain.findings import Finding, FindingKind, Window
from bwc_audit.domain.judgement import BUCKETS, JudgedTable
from bwc_audit.domain.policy import Policy, Reference
from bwc_audit.domain.results import AssignmentResult, Outcome
from bwc_audit.domain.severity import STEPS
from bwc_audit.domain.times import Span
from bwc_audit.domain.verdicts import OUTCOMES, REASONS, Verdicts

Texts = NDArray[np.bytes_]
Small = NDArray[np.int8]

#: The kinds that are compared as columns.
COMPARED = (*KINDS, FindingKind.INCIDENT_UNCOVERED)
#: How a policy stands to a finding.
NOT_STATED, BORDERLINE, STATED = range(3)

_REFERENCES = tuple(Reference)


def texts_of(names: list[str]) -> Texts:
    """Names as UTF-8, which sorts as they do."""
    return np.array([name.encode() for name in names], np.bytes_)


@dataclass(frozen=True, slots=True, eq=False)
class People:
    """Assignments, one element each: whose, of which incident. ``unit`` and ``call_type``: places in ``names``."""

    incident_id: Texts
    officer_id: Texts
    unit: Int
    call_type: Int
    names: tuple[str | None, ...]

    @staticmethod
    def of(judged: JudgedTable, rows: Int) -> People:
        """Those at these places."""
        columns, number = judged.columns, dict[str | None, int]()
        units = [number.setdefault(one.unit if one else None, len(number)) for one in columns.officers]
        types = [number.setdefault(one.call_type if one else None, len(number)) for one in columns.incidents]
        incident, officer = columns.incident.code[rows], columns.officer.code[rows]
        return People(
            incident_id=texts_of([columns.incident.values[code] for code in incident.tolist()]),
            officer_id=texts_of([columns.officer.values[code] for code in officer.tolist()]),
            unit=np.array(units, np.int64)[officer],
            call_type=np.array(types, np.int64)[incident],
            names=tuple(number),
        )


@dataclass(frozen=True, slots=True, eq=False)
class Standings:
    """How one policy stands to the assignments of ``People``. ``policy``: place in the part's policies; references are
    places in ``Reference``; ``exempted_by``: by place, of the few that a rule exempts."""

    outcome: Small
    reason: Small
    policy: Small | Int
    required_us: Int
    covered_us: Int
    start_us: Int
    end_us: Int
    start_reference: Small
    end_reference: Small
    is_substituted: NDArray[np.bool_]
    exempted_by: Mapping[int, tuple[str, ...]]

    @staticmethod
    def of(judged: JudgedTable, verdicts: Verdicts, rows: Int) -> Standings:
        """Of the assignments at these places."""
        window = judged.window
        codes = {row: codes for row, (_, codes) in judged.cut.items() if codes}
        exempt = {place: codes[row] for place, row in enumerate(rows.tolist()) if row in codes} if codes else {}
        return Standings(
            outcome=verdicts.outcome[rows].astype(np.int8),
            reason=verdicts.reason[rows].astype(np.int8),
            policy=judged.policy[rows],
            required_us=verdicts.required_us[rows],
            covered_us=verdicts.covered_us[rows],
            start_us=window.start_us[rows],
            end_us=window.end_us[rows],
            start_reference=window.start_reference[rows].astype(np.int8),
            end_reference=window.end_reference[rows].astype(np.int8),
            is_substituted=window.is_substituted[rows],
            exempted_by=exempt,
        )

    def result(self, place: int, people: People, policies: tuple[Policy, ...]) -> AssignmentResult:
        """What became of one assignment."""
        reason = int(self.reason[place])
        return AssignmentResult(
            incident_id=people.incident_id[place].decode(),
            officer_id=people.officer_id[place].decode(),
            outcome=OUTCOMES[self.outcome[place]],
            reason=None if reason < 0 else REASONS[reason],
            unit=people.names[people.unit[place]],
            call_type=people.names[people.call_type[place]],
            window=self._window(place),
            required_us=int(self.required_us[place]),
            covered_us=int(self.covered_us[place]),
            policy=policies[self.policy[place]].reference,
            exempted_by=self.exempted_by.get(place, ()),
        )

    def _window(self, place: int) -> Window | None:
        start_us = int(self.start_us[place])
        if start_us == NO_TIME:
            return None
        references = _REFERENCES[self.start_reference[place]], _REFERENCES[self.end_reference[place]]
        return Window(Span(start_us, int(self.end_us[place])), *references, bool(self.is_substituted[place]))


@dataclass(frozen=True, slots=True, eq=False)
class Statements:
    """How one policy stands to findings. ``measured_us``: also where it states none, ``NO_TIME``: it measures nothing.
    ``policy``: place in the part's policies, -1: none. ``at_us``, ``beside``, ``reference``: for the sentence."""

    state: Small
    severity: Small
    measured_us: Int
    margin_us: Int
    policy: Int
    at_us: Int
    beside: Int
    reference: Small

    @staticmethod
    def none(count: int) -> Statements:
        """Room for so many, none of them stated."""
        small, times = np.zeros((3, count), np.int8), np.full((5, count), NO_TIME)
        times[2], times[4] = -1, 0
        return Statements(small[0], small[1], times[0], times[1], times[2], times[3], times[4], small[2])

    def finding(
        self, place: int, kind: FindingKind, incident_id: str, officer_id: str | None, policies: tuple[Policy, ...]
    ) -> Finding | None:
        """The finding, if it is stated."""
        state, margin_us, measured_us = int(self.state[place]), int(self.margin_us[place]), int(self.measured_us[place])
        if state == NOT_STATED:
            return None
        policy, at_us, beside = policies[int(self.policy[place])], int(self.at_us[place]), int(self.beside[place])
        if kind is FindingKind.INCIDENT_UNCOVERED:
            message = worded_uncovered(beside, measured_us, at_us)
        else:
            message = worded(kind, measured_us, at_us, beside, int(self.reference[place]), policy.coverage)
        return Finding(
            kind=kind,
            clause=clause_of(kind, policy.coverage),
            severity=STEPS[self.severity[place]],
            message=message,
            incident_id=incident_id,
            officer_id=officer_id,
            seconds_us=measured_us,
            margin_us=None if margin_us == NO_TIME else margin_us,
            is_borderline=state == BORDERLINE,
            policy=policy.reference,
        )


@dataclass(frozen=True, slots=True, eq=False)
class MovedColumns:
    """Findings that moved. ``kind``: place in ``COMPARED``; ``move``: place in ``Move``; ``person``: place in the part's
    people, -1: an incident as a whole."""

    kind: Small
    move: Small
    person: Int
    incident_id: Texts
    officer_id: Texts
    first: Statements
    second: Statements

    def __len__(self) -> int:
        return len(self.kind)


def would_measure(judged: JudgedTable, verdicts: Verdicts, early_us: Int, longest_us: Int) -> Int:
    """What is measured of each assignment for each of ``KINDS``, also where nothing is stated; ``NO_TIME``: nothing. Shape
    (kinds, assignments)."""
    is_asked = judged.window.is_there & (verdicts.outcome != OUTCOMES.index(Outcome.EXCLUDED))
    missing_us = verdicts.required_us - verdicts.covered_us
    found = np.stack([missing_us, verdicts.lateness_us, early_us, longest_us])
    found[:, ~is_asked] = NO_TIME
    return found


def bucket_of(verdicts: Verdicts) -> Int:
    """The exclusion bucket of each assignment, -1: none."""
    is_out = verdicts.outcome == OUTCOMES.index(Outcome.EXCLUDED)
    return np.where(is_out & (verdicts.reason < len(BUCKETS)), verdicts.reason, -1)
