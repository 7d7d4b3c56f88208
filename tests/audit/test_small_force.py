"""The small source that other tests bend is clean as it stands."""

from __future__ import annotations

from bwc_audit.config import Settings
from tests.audit.nights import run_night
from tests.audit.small_force import SmallForce


def test_a_clean_evening_is_complete_and_covered(force: SmallForce, settings: Settings) -> None:
    force.call("I1", "20:00", "7", "8")
    force.recorded("I1", "7", "20:00")
    force.recorded("I1", "8", "20:00")
    night = run_night(settings)
    assert (night.run.status, night.run.not_examined) == ("complete", ())
    assert [night.outcome("I1", "7"), night.outcome("I1", "8")] == ["covered", "covered"]
    assert night.kinds() == []
    assert night.rejections() == []
    assert night.videos_examined == 2
