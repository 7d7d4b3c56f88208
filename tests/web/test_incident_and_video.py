"""The incident page, its frames and its video: by range, of the version that was audited, on record."""

from __future__ import annotations

import json
import re
import shutil
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from fastapi.testclient import TestClient

from bwc_audit.domain.times import HOUR_US, Span, us_of
from bwc_audit.objects.folder import FolderStore
from bwc_audit.web.app import make_app
from bwc_audit.web.lanes import offsets_of
from bwc_audit.web.site import Site
from tests.web.conftest import Browser

Opened = Callable[..., Browser]
INCIDENT = "20250524-0067"
VIDEO = f"/incidents/{INCIDENT}/footage/X60A10114-01305/video"


def scene_in(page: str) -> dict[str, object]:
    document: dict[str, object] = json.loads(page.split('id="scene">')[1].split("</script>")[0])
    return document


def test_the_page_holds_lanes_players_and_the_second_that_matters(browser: Opened) -> None:
    page = browser("reviewer").get(f"/incidents/{INCIDENT}").text
    scene = scene_in(page)
    lanes = scene["lanes"]
    assert isinstance(lanes, dict)
    styles = {item["style"] for item in lanes["items"]}
    assert {"required", "gap", "covered", "moment"} <= styles
    assert [minutes for _, minutes in lanes["offsets"]] == [60]
    assert len(scene["players"]) == 4  # type: ignore[arg-type]
    assert re.search(r'data-seek="17481\d+"', page)


def test_times_of_lanes_follow_a_change_of_clocks() -> None:
    london = ZoneInfo("Europe/London")
    change_us = us_of(datetime(2025, 10, 26, 1, tzinfo=UTC))
    night = Span(change_us - HOUR_US, change_us + HOUR_US)
    (_, before), (at_ms, after) = offsets_of(night, london)
    assert (before, at_ms, after) == (60, change_us // 1000, 0)


def test_every_incident_of_the_night_opens(browser: Opened) -> None:
    one = browser("auditor")
    listed = one.get("/incidents").text
    ids = re.findall(r'href="/incidents/([^"]+)">', listed)
    assert len(ids) == 33
    for incident_id in ids:
        answer = one.get(f"/incidents/{incident_id}")
        assert answer.status_code == 200
        scene_in(answer.text)


@pytest.mark.parametrize(
    ("asked", "status", "start", "length"),
    [
        (None, 200, 0, None),
        ("bytes=0-", 206, 0, None),
        ("bytes=100-199", 206, 100, 100),
        ("bytes=-500", 206, -500, 500),
        ("bytes=10-999999999", 206, 10, None),
        ("bytes=5-2", 200, 0, None),
        ("lines=1-2", 200, 0, None),
    ],
)
def test_video_comes_by_range(
    browser: Opened, site: Site, asked: str | None, status: int, start: int, length: int | None
) -> None:
    answer = browser("reviewer").client.get(VIDEO, headers={"range": asked} if asked else {})
    whole = _bytes_of(site)
    first = start if start >= 0 else len(whole) + start
    expected = whole[first : None if length is None else first + length]
    assert (answer.status_code, answer.content) == (status, expected)
    assert answer.headers["content-type"] == "video/mp4"
    if status == 206:
        assert answer.headers["content-range"] == f"bytes {first}-{first + len(expected) - 1}/{len(whole)}"


def _bytes_of(site: Site) -> bytes:
    (path,) = Path(site.audit.source.uri).rglob("X60A10114_221457.mp4")
    return path.read_bytes()


@pytest.mark.parametrize("asked", ["bytes=999999999-", "bytes=-0"])
def test_a_range_beyond_the_end_is_said(browser: Opened, asked: str) -> None:
    answer = browser("reviewer").client.get(VIDEO, headers={"range": asked})
    assert answer.status_code == 416
    assert answer.headers["content-range"].startswith("bytes */")


def test_a_range_of_another_version_is_answered_with_the_whole(browser: Opened) -> None:
    one = browser("reviewer").client
    tag = one.get(VIDEO).headers["etag"]
    assert one.get(VIDEO, headers={"range": "bytes=0-9", "if-range": tag}).status_code == 206
    assert one.get(VIDEO, headers={"range": "bytes=0-9", "if-range": '"another"'}).status_code == 200


def test_watching_is_on_record_once_for_many_ranges(browser: Opened) -> None:
    one = browser("reviewer")
    for start in (0, 1000, 2000):
        one.client.get(VIDEO, headers={"range": f"bytes={start}-{start + 9}"})
    log = browser("auditor").get("/access-log.csv?subject=X60A10114-01305").text
    assert log.count("watched") == 1


def test_frames_are_pictures_and_others_are_not_there(browser: Opened) -> None:
    one = browser("reviewer")
    base = f"/incidents/{INCIDENT}/footage/X60A10114-01305/frames"
    answer = one.get(f"{base}/0")
    assert (answer.status_code, answer.content[:3]) == (200, b"\xff\xd8\xff")
    assert one.get(f"{base}/999").status_code == 404
    assert one.get(f"/incidents/{INCIDENT}/footage/X60A10104-00001/frames/0").status_code == 404


def test_with_a_lost_store_the_page_opens_and_says_that_the_video_cannot_be_reached(
    browser: Opened, site: Site, tmp_path: Path
) -> None:
    source = tmp_path / "source"
    shutil.copytree(site.audit.source.uri, source)
    (moved,) = source.rglob("X60A10114_221457.mp4")

    class Elsewhere(FolderStore):
        uri = site.audit.source.uri

    lost = Site(replace(site.audit, source=Elsewhere(source)), site.key, site.now_us)
    one = Browser(TestClient(make_app(lost), follow_redirects=False))
    one.sign_in("reviewer")
    moved.write_bytes(moved.read_bytes() + b"more")
    assert one.get(VIDEO).text == "The file in the store is not the one that was audited: it was replaced since."
    moved.unlink()
    answer = one.get(VIDEO)
    assert (answer.status_code, answer.text) == (404, "The video is not in the store any more.")
    shutil.rmtree(source)
    assert one.get(VIDEO).status_code in (404, 503)
    assert one.get(f"/incidents/{INCIDENT}").status_code == 200


def test_two_policies_are_compared_to_the_end(browser: Opened) -> None:
    one = browser("auditor")
    fields = {"first": "in-use", "second": "engineering", "from": "2025-05-24", "to": "2025-05-24"}
    assert one.post("/policies/what-if", **{**fields, "second": "../../etc/passwd"}).status_code == 422
    assert one.post("/policies/what-if", **{**fields, "to": "2025-09-01"}).status_code == 422
    job = one.post("/policies/what-if", **fields).headers["location"]
    deadline = time.monotonic() + 120
    while 'hx-trigger="every 2s"' in one.get(job).text:
        assert time.monotonic() < deadline
        time.sleep(0.2)
    assert "Rates side by side" in one.get(f"{job}/comparison").text
    assert one.client.get(f"{job}/comparison.json").json()["schema"] == "bwc-policy-comparison/1"


def test_a_run_compared_with_itself_differs_in_nothing(browser: Opened) -> None:
    one = browser("auditor")
    run_id = re.findall(r'href="/runs/([0-9TZ]+-[0-9a-f]+)"', one.get("/runs").text)[0]
    page = one.get(f"/runs/compare?a={run_id}&b={run_id}").text
    assert "All 54 assignments judged by both have the same outcome." in page
    assert "Nothing: the same policy, versions and files." in page
    assert "10 rows" in one.get(f"/runs/{run_id}").text


def test_an_officers_page_says_what_cannot_be_told_from_chance_and_ranks_nobody(browser: Opened) -> None:
    one = browser("auditor")
    page = one.get("/officers/104").text
    assert "Only 4 decided assignments" in page
    assert "cannot be told from chance" in page
    assert "104: 3 of 4" in page
    listed = one.get("/officers").text
    names = re.findall(r'href="/officers/([^"]+)">', listed)
    assert names == sorted(names)
    assert " %" not in listed.split("<main")[1]


def test_a_database_that_is_gone_is_said_and_nothing_is_shown(browser: Opened, site: Site) -> None:
    one = browser("reviewer")
    Path(site.audit.settings.state_dir / "audit.db").write_bytes(b"not a database" * 1000)
    site.audit.engine.dispose()
    answer = one.get("/findings")
    assert answer.status_code == 503
    assert "Nothing was changed" in answer.text
