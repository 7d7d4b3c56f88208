"""Re-runs that go on beside everything else in this process: one of an incident at a time, few in all.

Each has a thread and a database connection of its own and outlives whoever asked; the run row is its lasting state. Where
this process ends first, the run is found without a program and recorded as interrupted by the next run that is opened.
How far re-runs of other processes are is not known here, only that they hold their run.
"""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass, field, replace

from bwc_audit.audit.liveness import is_held
from bwc_audit.audit.rerun import rerun_incident
from bwc_audit.audit.setup import Audit, open_audit
from bwc_audit.config import Settings
from bwc_audit.domain.runs import RunStatus
from bwc_audit.errors import BwcAuditError
from bwc_audit.store import runs
from bwc_audit.store.database import reading

_log = logging.getLogger(__name__)


class RerunRefused(BwcAuditError):  # noqa: N818  # what is so, not a fault
    """It cannot begin now; the text says why, for whoever asked."""


@dataclass(frozen=True, slots=True)
class RerunState:
    """How far one is. ``run_id`` empty: the records are being brought up to date first. ``total`` 0: not known.
    ``problem``: why it ended without an answer; empty: it goes on, or it has one."""

    incident_id: str
    requester: str
    what: str = "bringing the records up to date"
    done: int = 0
    total: int = 0
    run_id: str = ""
    is_ended: bool = False
    problem: str = ""


@dataclass(slots=True)
class RerunsBeside:
    """The re-runs of this process by incident, each with the latest that is known of it. ``most`` at a time: more would
    only wait for the same store and processors."""

    most: int = 2
    _states: dict[str, RerunState] = field(default_factory=dict)
    _threads: dict[str, threading.Thread] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def start(self, audit: Audit, incident_id: str, *, requester: str, reason: str) -> None:
        """Begin. Raises ``RerunRefused`` without a reason, where one of this incident is under way, or too many are."""
        if not reason.strip():
            raise RerunRefused("Say why it is to be examined again: the reason is recorded with the run.")
        _refuse_beside_others(audit, incident_id)
        with self._lock:
            under_way = [one for one in self._states.values() if not one.is_ended]
            if any(one.incident_id == incident_id for one in under_way):
                raise RerunRefused("A re-run of this incident is under way already.")
            if len(under_way) >= self.most:
                raise RerunRefused("As many re-runs as may be at a time are under way; try again when one has ended.")
            self._states[incident_id] = RerunState(incident_id, requester)
            work = (audit.settings, incident_id, requester, reason)
            thread = threading.Thread(target=self._work, args=work, name=f"re-run {incident_id}", daemon=True)
            self._threads[incident_id] = thread
            thread.start()

    def state_of(self, incident_id: str) -> RerunState | None:
        """How far the latest of this process is; None: it has none of this incident."""
        return self._states.get(incident_id)

    def wait(self, incident_id: str, timeout_s: float) -> None:
        """Until it has ended, or the time is over."""
        thread = self._threads.get(incident_id)
        if thread is not None:
            thread.join(timeout_s)

    def _work(self, settings: Settings, incident_id: str, requester: str, reason: str) -> None:
        problem = "It ended by a fault of this program, which its log tells."
        try:
            problem = self._answer(settings, incident_id, requester, reason)
        except BwcAuditError as error:
            problem = str(error)
        except Exception:  # noqa: BLE001  # a thread has nobody above it who would tell
            _log.exception("the re-run of %s", incident_id)
        finally:
            self._note(incident_id, is_ended=True, problem=problem)

    def _answer(self, settings: Settings, incident_id: str, requester: str, reason: str) -> str:
        audit = open_audit(settings)
        try:
            rerun_incident(
                audit,
                incident_id,
                requester=requester,
                reason=reason,
                on_progress=lambda what, done, total: self._note(incident_id, what=what, done=done, total=total),
                on_started=lambda run_id: self._note(incident_id, run_id=run_id, what="planning", done=0, total=0),
            )
        finally:
            audit.engine.dispose()
        return ""

    def _note(self, incident_id: str, **changes: str | int | bool) -> None:
        with self._lock:
            self._states[incident_id] = replace(self._states[incident_id], **changes)  # type: ignore[arg-type]


def _refuse_beside_others(audit: Audit, incident_id: str) -> None:
    """One that another process of this state folder works on counts as well."""
    with reading(audit.engine) as session:
        latest = runs.latest_rerun(session, audit.source.uri, incident_id)
    if latest is not None and latest.status is RunStatus.RUNNING and is_held(audit.settings.state_dir, latest.run_id):
        raise RerunRefused("A re-run of this incident is under way already.")
