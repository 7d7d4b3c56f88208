"""The re-run of one incident: the same answer with requester and reason, or a difference with its cause."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from bwc_audit.audit.rerun import OutcomeChange, rerun_incident
from bwc_audit.audit.setup import open_audit
from bwc_audit.config import Settings
from bwc_audit.domain.runs import RunKind, RunStatus
from bwc_audit.errors import ConfigurationError, ObjectStoreError
from bwc_audit.store import planned, runs
from bwc_audit.store.database import reading
from tests.audit.nights import Night, row_counts, run_night
from tests.audit.small_force import SmallForce

#: Incidents of the sample night with every group of kinds among them.
INCIDENTS = ("20250524-0031", "20250524-0047", "20250524-0056", "20250524-0061", "20250524-0064", "20250524-0070")


def test_each_incident_gets_the_answer_of_the_night(folder_night: Night, after_the_night: Callable[..., Settings]) -> None:
    audit = open_audit(after_the_night())
    for incident_id in INCIDENTS:
        diff = rerun_incident(audit, incident_id, requester="A. Auditor", reason="complaint 2025/118")
        of_the_night = {one.finding.fingerprint for one in folder_night.observed if one.finding.incident_id == incident_id}
        assert {one.finding.fingerprint for one in diff.observed} == of_the_night, incident_id
        assert {one.change.value for one in diff.observed} <= {"unchanged", "changed"}
        assert all(one.cause for one in diff.observed if one.change == "changed")
        assert diff.before is not None
        assert diff.before.run_id == folder_night.run.run_id
        assert {(one.officer_id, one.before) for one in diff.outcomes} == {
            (one.officer_id, one.now) for one in diff.outcomes
        }
        assert {one.officer_id for one in diff.outcomes} == {
            one.officer_id for one in folder_night.results if one.incident_id == incident_id
        }
        assert diff.basis == ("videos were sampled more densely than by the night",)
        assert (diff.run.request.kind, diff.run.request.is_deep) == (RunKind.INCIDENT, True)
        assert (diff.run.request.requester, diff.run.request.reason) == ("A. Auditor", "complaint 2025/118")
        with reading(audit.engine) as session:
            plan = planned.load_plan(session, diff.run.run_id)
            assert all(one.request.is_deep or one.request.is_clock_look for one in plan)
            assert runs.load_run(session, diff.run.run_id) == diff.run


def test_asked_again_the_answer_is_the_same(force: SmallForce, settings: Settings) -> None:
    force.call("I1", "20:00", "7", "8", seconds=300)
    force.recorded("I1", "7", "20:00")
    run_night(settings)
    audit = open_audit(settings)
    first = rerun_incident(audit, "I1", requester="A", reason="a court asks")
    rows = row_counts(audit)
    again = rerun_incident(audit, "I1", requester="A", reason="a court asks again")
    assert first.is_unchanged
    assert again.is_unchanged
    assert again.basis == ()
    assert again.before == first.run
    assert row_counts(audit) == rows
    assert again.run.counts["videos_reused"] == 1


def test_a_late_upload_is_said_with_its_cause(force: SmallForce, settings: Settings) -> None:
    force.call("I1", "20:00", "7")
    force.call("I2", "22:00", "7")
    force.recorded("I2", "7", "22:00")
    night = run_night(settings)
    force.recorded("I1", "7", "20:00")
    diff = rerun_incident(open_audit(settings), "I1", requester="A", reason="footage came in")
    assert not diff.is_unchanged
    assert diff.before == night.run
    assert diff.outcomes == (OutcomeChange("7", "findings", "covered"),)
    assert [(one.finding.kind, one.change, one.cause) for one in diff.observed] == [
        ("no_footage", "resolved", "new segment V-I1-7")
    ]
    assert "files of the source were added, changed or removed" in diff.basis
    assert run_night(settings).kinds() == []


def test_the_first_run_of_an_incident_compares_with_nothing(force: SmallForce, settings: Settings) -> None:
    force.call("I1", "20:00", "7")
    force.recorded("I1", "7", "20:00")
    diff = rerun_incident(open_audit(settings), "I1", requester="A", reason="new")
    assert (diff.before, diff.basis, diff.is_unchanged) == (None, (), False)
    assert diff.outcomes == (OutcomeChange("7", None, "covered"),)


@pytest.mark.parametrize(("requester", "reason"), [("", "why"), ("A", ""), ("  ", "why"), ("A", "\t")])
def test_nobody_or_no_reason_is_refused(force: SmallForce, settings: Settings, requester: str, reason: str) -> None:
    force.call("I1", "20:00", "7")
    audit = open_audit(settings)
    with pytest.raises(ConfigurationError, match="requester and a reason"):
        rerun_incident(audit, "I1", requester=requester, reason=reason)
    with reading(audit.engine) as session:
        assert runs.load_runs(session) == ()


def test_an_unknown_incident_is_named(force: SmallForce, settings: Settings) -> None:
    force.call("I1", "20:00", "7")
    with pytest.raises(ConfigurationError, match="no incident 'I-404'"):
        rerun_incident(open_audit(settings), "I-404", requester="A", reason="why")


def test_a_source_that_fails_leaves_a_trace(force: SmallForce, settings: Settings, tmp_path: Path) -> None:
    force.call("I1", "20:00", "7")
    force.recorded("I1", "7", "20:00")
    run_night(settings)
    (force.root / "footage" / "elsewhere").symlink_to(tmp_path)  # a folder outside the source stops the listing
    audit = open_audit(settings)
    with pytest.raises(ObjectStoreError) as caught:
        rerun_incident(audit, "I1", requester="A", reason="why")
    with reading(audit.engine) as session:
        failed = runs.load_runs(session)[0]
    assert (failed.status, failed.not_examined) == (RunStatus.FAILED, (str(caught.value),))
    assert (failed.request.requester, failed.request.incident_id) == ("A", "I1")
