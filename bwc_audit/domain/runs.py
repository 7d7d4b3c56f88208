"""Audit runs as values: what was asked, what came out, and how each finding stands against the run before.

A run is a snapshot *as of* a moment; it is never changed afterwards.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from bwc_audit.domain.findings import Finding
from bwc_audit.domain.times import Span

#: Among the counts of a run: how many things could not be examined.
UNEXAMINED = "not_examined"

#: Counted by a nightly run where there are any: assignments of the month before its period that are pending.
LEFT_PENDING = "left_pending"


class RunKind(StrEnum):
    NIGHTLY = "nightly"
    INCIDENT = "incident"
    BACKFILL = "backfill"


class RunStatus(StrEnum):
    """``incomplete``: decided, but something could not be examined. ``failed``: nothing was decided."""

    RUNNING = "running"
    COMPLETE = "complete"
    INCOMPLETE = "incomplete"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class RunRequest:
    """What a run is asked to do. ``incident_id`` only for a re-run of one incident, with ``requester`` and ``reason``."""

    kind: RunKind
    source: str
    period: Span
    as_of_us: int
    timezone: str
    policy_id: str
    policy_version: str
    policy_hash: str
    incident_id: str | None = None
    requester: str | None = None
    reason: str | None = None
    is_deep: bool = False


@dataclass(frozen=True, slots=True)
class Run:
    """One run as stored. ``counts``: rows accepted and rejected for each table, files, videos examined, bytes read.

    ``not_examined`` lists what could not be examined, one sentence each (of very many of one kind the rest as a number); not
    empty means *incomplete*.
    """

    run_id: str
    request: RunRequest
    status: RunStatus
    started_us: int
    finished_us: int | None = None
    software_version: str = ""
    inspector_version: str = ""
    inputs_hash: str = ""
    counts: dict[str, int] = field(default_factory=dict)
    not_examined: tuple[str, ...] = ()

    @property
    def unexamined(self) -> int:
        """How many things could not be examined."""
        return self.counts.get(UNEXAMINED, len(self.not_examined))


class Change(StrEnum):
    """How a finding stands against the previous run that looked at the same incident or recording. ``replaced``: the same
    fact stands under another clause of the policy, as a finding of its own."""

    APPEARED = "appeared"
    CHANGED = "changed"
    UNCHANGED = "unchanged"
    RESOLVED = "resolved"
    REPLACED = "replaced"
    REOPENED = "reopened"


class FindingState(StrEnum):
    """``resolved``: what it stated is gone. ``replaced``: it is not; another finding states it, under another clause."""

    OPEN = "open"
    RESOLVED = "resolved"
    REPLACED = "replaced"


@dataclass(frozen=True, slots=True)
class ObservedFinding:
    """A finding as one run saw it. A *resolved* or *replaced* one carries the content of its last observation.

    ``cause`` says in words why it changed; ``disposition`` is the latest decision of a reviewer, if any.
    """

    finding_id: str
    run_id: str
    finding: Finding
    state: FindingState
    change: Change
    cause: str | None = None
    disposition: str | None = None
