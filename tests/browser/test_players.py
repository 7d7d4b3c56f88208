"""Cameras side by side over a local S3: a seek starts within a second, players stay in step, a lost video says so."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from bwc_audit.audit.people import add_account
from bwc_audit.audit.setup import now_us
from bwc_audit.domain.people import Role
from bwc_audit.embedded_s3 import EmbeddedS3, upload_tree
from tests.audit.nights import night_settings, run_night
from tests.audit.small_force import CLIP_S, SmallForce
from tests.browser.conftest import Desk, Served, serving
from tests.media.clips import FPS, street, tone, write_clip
from tests.web.conftest import PASSWORD

Opened = Callable[..., Desk]
_READY = "() => [...document.querySelectorAll('.player:not(.away) video')].every(v => v.readyState >= 2 && !v.seeking)"
#: Seconds of the world that each playing camera shows.
_SHOWN = """() => JSON.parse(document.getElementById('scene').textContent).players.flatMap(one => {
  const figure = [...document.querySelectorAll('[data-player]')].find(each => each.dataset.player === one.id);
  const video = figure.querySelector('video');
  return figure.classList.contains('away') || video.paused || video.seeking ? [] : [one.start / 1000 + video.currentTime];
})"""

_CHOOSE = """(bar, after) => {
  const scene = JSON.parse(document.getElementById('scene').textContent), starts = scene.players.map(one => one.start);
  const first = Math.min(scene.lanes.start, ...starts);
  const last = Math.max(scene.lanes.end, ...scene.players.map(one => one.start + one.length));
  bar.value = String(1000 * (Math.max(...starts) + 1000 * after - first) / (last - first));
  bar.dispatchEvent(new Event('input'));
}"""


@pytest.fixture
def served(s3_server: EmbeddedS3, s3_bucket: str, tmp_path: Path) -> Iterator[Served]:
    """Two officers, two cameras that record 30 s together, in a bucket."""
    clip = write_clip(tmp_path / "clip.mp4", street(CLIP_S), tone(CLIP_S, from_s=10), g=FPS * 2).read_bytes()
    force = SmallForce(tmp_path / "source", clip)
    force.call("I1", "20:00", "7", "8", seconds=300)
    force.recorded("I1", "7", "20:00")
    force.recorded("I1", "8", "20:01")
    upload_tree(force.root, s3_server.client(), s3_bucket, "night")
    given = {"s3_endpoint_url": s3_server.endpoint_url, "s3_access_key": s3_server.access_key}
    settings = night_settings(f"s3://{s3_bucket}/night", tmp_path / "state", s3_secret_key=s3_server.secret_key, **given)
    audit = run_night(settings).audit
    add_account(audit.engine, "reviewer", Role.REVIEWER, now_us(), password=PASSWORD)
    with serving(audit) as running:
        yield running


def test_a_seek_starts_within_a_second_and_cameras_stay_in_step(desk: Opened) -> None:
    one = desk("reviewer")
    page = one.page
    one.go("/incidents/I1")
    assert page.evaluate("() => [...document.querySelectorAll('video')].map(v => v.readyState)") == [0, 0]
    taken = [_seek(page, after_s) for after_s in (20, 5, 28, 12)]
    print("seconds from choosing a second to its picture:", [round(each, 3) for each in taken])
    assert max(taken) < 1.0

    _seek(page, 5)
    page.get_by_role("button", name="Play").click()
    page.wait_for_function(f"() => ({_SHOWN})().length === 2")
    page.wait_for_timeout(1500)
    apart = []
    for rate in ("1", "4"):
        page.get_by_label("Speed").select_option(rate)
        page.wait_for_timeout(600)
        for _ in range(4):
            page.wait_for_timeout(200)
            shown = page.evaluate(_SHOWN)
            apart += [max(shown) - min(shown)] if len(shown) == 2 else []
    print("seconds between the cameras:", [round(each, 3) for each in apart])
    assert len(apart) >= 4
    assert max(apart) < 0.1


def test_a_video_that_is_lost_says_so_and_the_others_play_on(
    desk: Opened, served: Served, s3_server: EmbeddedS3, s3_bucket: str
) -> None:
    one = desk("reviewer")
    s3_server.client().delete_object(Bucket=s3_bucket, Key="night/footage/V-I1-8.mp4")
    one.go("/incidents/I1")
    one.page.get_by_role("button", name="Next recording").click()
    expect(one.page.get_by_text("The video is not in the store any more.")).to_be_visible()
    one.page.get_by_role("button", name="Play").click()
    one.page.wait_for_function(f"() => ({_SHOWN})().length === 1")


def _seek(page: Page, after_s: float) -> float:
    """Choose a moment after the second camera began on the time bar; seconds until every camera that records shows it."""
    began_s = time.perf_counter()
    page.locator("[data-scrub]").evaluate(_CHOOSE, after_s)
    page.wait_for_function(_READY)
    return time.perf_counter() - began_s
