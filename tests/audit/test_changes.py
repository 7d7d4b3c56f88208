"""What a finding does from night to night, and what is said about why."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
import yaml

from bwc_audit.audit.dispositions import Seen, dispose
from bwc_audit.config import Settings
from bwc_audit.domain.dispositions import Disposition
from bwc_audit.store import run_notes
from bwc_audit.store.database import reading
from tests.audit.nights import Night, night_settings, run_night
from tests.audit.small_force import SmallForce


def changes(night: Night) -> dict[str, tuple[str, str, str | None]]:
    """Kind to (state, change, cause) of all it observed."""
    return {one.finding.kind.value: (one.state.value, one.change.value, one.cause) for one in night.observed}


def under(settings: Settings, tmp_path: Path, version: str, **sections: dict[str, object]) -> Settings:
    """The settings with another version of the shipped policy."""
    from importlib import resources

    pack = yaml.safe_load((resources.files("bwc_audit") / "policies" / "uk_generic.yaml").read_text(encoding="utf-8"))
    pack["version"] = version
    for name, numbers in sections.items():
        pack[name].update(numbers)
    path = tmp_path / f"{version}.yaml"
    path.write_text(yaml.safe_dump(pack))
    return settings.model_copy(update={"policy": str(path)})


def test_a_late_upload_resolves_and_its_loss_reopens(force: SmallForce, settings: Settings) -> None:
    force.call("I1", "20:00", "7")
    force.call("I2", "22:00", "7")
    force.recorded("I2", "7", "22:00")
    first = run_night(settings)
    assert changes(first) == {"no_footage": ("open", "appeared", None)}
    assert first.outcome("I1", "7") == "findings"

    key = force.recorded("I1", "7", "20:00")
    second = run_night(settings)
    assert changes(second) == {"no_footage": ("resolved", "resolved", "new segment V-I1-7")}
    assert second.outcome("I1", "7") == "covered"
    assert (second.run.counts["findings"], second.plan.reused, second.videos_examined) == (0, 1, 1)

    third = run_night(settings)
    assert changes(third) == {}

    force.remove(key)
    fourth = run_night(settings)
    assert changes(fourth) == {"no_footage": ("open", "reopened", "stated again after it had been resolved")}
    assert fourth.ingested.files_forgotten == 1
    assert {one.finding_id for night in (first, second, fourth) for one in night.observed} == {
        first.finding("no_footage").finding_id
    }


def test_a_part_of_the_footage_changes_the_finding_it_leaves(force: SmallForce, settings: Settings) -> None:
    force.call("I1", "20:00", "7", seconds=600)
    first = run_night(settings)
    assert changes(first) == {}  # nothing was loaded at all: that is not known to be an absence
    assert first.outcome("I1", "7") == "unknown: footage_not_loaded"

    force.recorded("I1", "7", "20:00")
    second = run_night(settings)
    assert changes(second) == {"early_deactivation": ("open", "appeared", None)}
    before_s = second.finding("early_deactivation").finding.seconds_us / 1e6

    force.recorded("I1b", "7", "20:03", incident_ids=["I1"])
    third = run_night(settings)
    assert changes(third)["early_deactivation"] == ("open", "changed", "new segment V-I1b-7")
    after_s = third.finding("early_deactivation").finding.seconds_us / 1e6
    assert (before_s, after_s) == (520.0, 340.0)


def test_another_policy_is_the_cause_of_what_it_changes(force: SmallForce, settings: Settings, tmp_path: Path) -> None:
    force.call("I1", "20:00", "7", seconds=300)
    force.recorded("I1", "7", "20:00")
    first = run_night(settings)
    assert changes(first) == {"early_deactivation": ("open", "appeared", None)}
    assert first.finding("early_deactivation").finding.severity == "medium"

    cause = "another policy or version of it"
    harsher = run_night(under(settings, tmp_path, "harsher", severity={"high_s": 100}))
    assert changes(harsher) == {"early_deactivation": ("open", "changed", cause)}
    assert harsher.finding("early_deactivation").finding.severity == "high"

    milder = run_night(under(settings, tmp_path, "milder", coverage={"deactivation_grace_s": 1000}))
    assert changes(milder) == {"early_deactivation": ("resolved", "resolved", cause)}
    assert milder.outcome("I1", "7") == "covered"
    assert run_night(settings).finding("early_deactivation").change == "reopened"


def test_a_clock_correction_is_the_cause_of_what_it_moves(force: SmallForce, settings: Settings) -> None:
    force.call("I1", "20:00", "7", seconds=300)
    force.recorded("I1", "7", "20:00")
    run_night(settings)
    force.events[1]["value"] = "20"  # the dock found the clock 20 s ahead
    force.write_csv("events/device_events.csv", force.events)
    night = run_night(settings)
    assert changes(night) == {"early_deactivation": ("open", "changed", "segment V-I1-7 placed anew (-20.0 s at its start)")}
    assert night.finding("early_deactivation").finding.seconds_us == 240 * 10**6


def test_what_becomes_pending_keeps_its_finding_open(force: SmallForce, settings: Settings) -> None:
    force.call("I1", "20:00", "7")
    force.call("I2", "22:00", "8")
    force.recorded("I2", "8", "22:00")
    first = run_night(settings)
    assert changes(first) == {"no_footage": ("open", "appeared", None)}

    force.events = [event for event in force.events if event["device_id"] != "CAM7"]
    force.write_csv("events/device_events.csv", force.events)
    night = run_night(settings)
    assert night.outcome("I1", "7") == "pending: device_not_docked"
    kept = "kept as it was: the sources for it are not complete in this run"
    assert changes(night) == {"no_footage": ("open", "unchanged", kept)}
    assert night.run.counts["findings"] == 1

    force.docked("CAM7", force.moment("06:00:00", days=1))
    assert changes(run_night(settings)) == {"no_footage": ("open", "unchanged", None)}


def test_pending_ripens_with_time_alone(force: SmallForce, tmp_path: Path) -> None:
    force.call("I1", "20:00", "7")
    force.call("I2", "22:00", "8")
    force.recorded("I2", "8", "22:00")
    morning = force.moment("07:00:00", days=1)
    early = run_night(night_settings(force.root, tmp_path / "state", as_of=morning))
    assert (early.outcome("I1", "7"), early.kinds()) == ("pending: upload_grace", [])
    assert early.outcome("I2", "8") == "covered"
    later = run_night(night_settings(force.root, tmp_path / "state", as_of=morning + timedelta(days=1)))
    assert (later.outcome("I1", "7"), later.kinds()) == ("findings", ["no_footage"])
    assert later.plan.reused == 1


KEPT = "kept as it was: the sources for it are not complete in this run"


def test_records_that_cannot_be_read_resolve_nothing(force: SmallForce, settings: Settings) -> None:
    force.call("I1", "20:00", "7", "8")
    force.recorded("I1", "7", "20:00", incident_ids=[])
    assert run_night(settings).kinds() == ["incident_id_missing", "no_footage"]
    force.write("cad/assignments.csv", b"incident_id,on_scene_at\nI1,2025-05-24T20:00:00Z\n")
    night = run_night(settings)
    assert night.results == ()
    assert changes(night) == dict.fromkeys(("incident_id_missing", "no_footage"), ("open", "unchanged", KEPT))
    force.write_records()
    assert changes(run_night(settings)) == dict.fromkeys(("incident_id_missing", "no_footage"), ("open", "unchanged", None))


def test_records_that_are_gone_resolve_nothing(force: SmallForce, settings: Settings) -> None:
    force.call("I1", "20:00", "7", "8")
    force.recorded("I1", "7", "20:00", incident_ids=[])
    run_night(settings)
    (force.root / "cad/assignments.csv").unlink()
    (force.root / "cad/incidents.csv").unlink()
    night = run_night(settings)
    assert changes(night) == dict.fromkeys(("incident_id_missing", "no_footage"), ("open", "unchanged", KEPT))


def test_an_assignment_that_was_withdrawn_resolves_its_finding(force: SmallForce, settings: Settings) -> None:
    force.call("I1", "20:00", "7", "8")
    force.recorded("I1", "7", "20:00")
    assert run_night(settings).kinds() == ["no_footage"]
    del force.assignments[1]
    force.write_records()
    assert changes(run_night(settings)) == {"no_footage": ("resolved", "resolved", "a record it rests on changed")}


def test_metadata_that_are_gone_resolve_nothing_about_the_recording(force: SmallForce, settings: Settings) -> None:
    force.call("I1", "20:00", "7")
    force.call("I2", "22:00", "7")
    force.recorded("I2", "7", "22:00")
    key = force.recorded("I1", "7", "20:00", b"no video at all", incident_ids=[])
    assert run_night(settings).kinds() == ["incident_id_missing", "unreadable"]
    force.write(key.replace(".mp4", ".json"), b"")
    assert changes(run_night(settings)) == {
        "incident_id_missing": ("open", "unchanged", KEPT),
        "unreadable": ("open", "unchanged", KEPT),
        "metadata_missing": ("open", "appeared", None),
        "no_footage": ("open", "appeared", None),
    }


def test_a_video_that_could_not_be_fetched_resolves_nothing_about_it(
    force: SmallForce, settings: Settings, tmp_path: Path
) -> None:
    force.call("I1", "20:00", "7")
    key = force.recorded("I1", "7", "20:00", b"no video at all")
    assert run_night(settings).kinds() == ["unreadable"]
    (tmp_path / "outside.mp4").write_bytes(b"other")
    (force.root / key).unlink()
    (force.root / key).symlink_to(tmp_path / "outside.mp4")
    assert changes(run_night(settings)) == {"unreadable": ("open", "unchanged", KEPT)}


def test_a_device_log_that_cannot_be_read_resolves_no_clock_finding(force: SmallForce, settings: Settings) -> None:
    force.call("I1", "20:00", "7")
    force.recorded("I1", "7", "20:00")
    force.events[1] |= {"at": "2025-05-24T23:00:00Z", "value": "45"}
    force.write_csv("events/device_events.csv", force.events)
    assert "clock_offset" in run_night(settings).kinds()
    assert {change for _, change, _ in changes(run_night(settings)).values()} == {"unchanged"}
    force.write("events/device_events.csv", b"device,when\n")
    assert changes(run_night(settings))["clock_offset"] == ("open", "unchanged", KEPT)


def test_a_clock_checked_the_next_morning_is_no_news_the_second_time(force: SmallForce, settings: Settings) -> None:
    force.call("I1", "20:00", "7")
    force.recorded("I1", "7", "20:00")
    force.events[1]["value"] = "45"
    force.write_csv("events/device_events.csv", force.events)
    assert changes(run_night(settings))["clock_offset"] == ("open", "appeared", None)
    assert changes(run_night(settings))["clock_offset"] == ("open", "unchanged", None)


def test_a_stray_video_appears_once_whatever_day_is_audited(force: SmallForce, settings: Settings) -> None:
    force.call("I1", "20:00", "7")
    force.recorded("I1", "7", "20:00")
    stray = force.write("footage/stray.mp4", force.clip)
    assert changes(run_night(settings)) == {"metadata_missing": ("open", "appeared", None)}
    the_next_day = date(2025, 5, 25)
    assert changes(run_night(settings, the_next_day)) == {"metadata_missing": ("open", "unchanged", None)}
    stray.unlink()
    assert [state for state, _, _ in changes(run_night(settings, the_next_day)).values()] == ["resolved"]
    assert changes(run_night(settings)) == {}


@pytest.mark.parametrize("next_day", [False, True], ids=["taken over", "decided anew"])
def test_what_somebody_decided_on_does_not_expire_on_the_next_night(
    force: SmallForce, settings: Settings, next_day: bool
) -> None:
    """A file whose retention ends in days bears on a finding, until a reviewer settles it."""
    force.call("I1", "20:00", "7")
    force.recorded("I1", "7", "20:00", sha256="0" * 64)
    late = settings.model_copy(update={"as_of": datetime(2025, 6, 20, tzinfo=UTC)})
    first = run_night(late)
    finding = first.finding("hash_mismatch")
    assert _expiring(first) == {finding.finding_id}
    entry = Disposition("", "data_error", "metadata", "", "R. Viewer", 1)
    dispose(first.audit.engine, Seen(finding.finding.fingerprint, 0), entry)
    second = run_night(late.model_copy(update={"as_of": datetime(2025, 6, 21, tzinfo=UTC)}) if next_day else late)
    assert (second.run.status, _expiring(second)) == (first.run.status, set())


def _expiring(night: Night) -> set[str | None]:
    with reading(night.audit.engine) as session:
        return {one.finding_id for one in run_notes.load_expiring(session, night.run.run_id)}
