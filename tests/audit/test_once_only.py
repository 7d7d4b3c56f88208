"""Unchanged footage is looked into once: counted at the store itself, over a second night and under another threshold."""

from __future__ import annotations

from pathlib import Path

import pytest

from bwc_audit.config import Settings
from tests.audit.nights import run_night
from tests.audit.s3_proxy import proxy
from tests.audit.small_force import SmallForce
from tests.audit.test_changes import under


@pytest.fixture
def force(force: SmallForce) -> SmallForce:
    """Two calls, both recorded."""
    for incident_id, clock in (("I1", "20:00"), ("I2", "22:00")):
        force.call(incident_id, clock, "7")
        force.recorded(incident_id, "7", clock)
    return force


def test_no_media_byte_is_read_twice_even_where_a_threshold_changes(in_s3: Settings, tmp_path: Path) -> None:
    with proxy(str(in_s3.s3_endpoint_url)) as between:
        settings = in_s3.model_copy(update={"s3_endpoint_url": between.endpoint})
        first = run_night(settings)
        assert sum(size for _, size in between.of(".mp4")) >= first.run.counts["bytes_read"] > 10_000
        assert (first.videos_examined, first.kinds()) == (2, [])

        between.answers.clear()
        second = run_night(settings)
        assert between.answers  # the listing was asked for
        assert between.of(".mp4") == []
        assert (second.plan.reused, second.run.counts["bytes_read"], second.run.counts["requests"]) == (2, 0, 0)

        between.answers.clear()
        stricter = run_night(under(settings, tmp_path, "stricter", usability={"black_luma_p99": 256, "black_detail": 1e6}))
        assert between.of(".mp4") == []
        assert stricter.kinds() == ["black_video", "black_video"]
        assert (stricter.plan.reused, stricter.run.counts["bytes_read"]) == (2, 0)

        denser = run_night(under(settings, tmp_path, "denser", sampling={"step_s": 20.0}))
        assert denser.videos_examined == 2
        assert between.of(".mp4") != []
