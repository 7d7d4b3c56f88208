"""Footage through the application: ranges, the version that was audited, what is said where there is none, who may, and the
record of it. The incident page opens whatever has become of the store."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from bwc_audit.audit.people import add_account
from bwc_audit.audit.setup import now_us
from bwc_audit.domain.people import Role
from bwc_audit.domain.results import PlacedSegment
from bwc_audit.store import runs
from bwc_audit.store.access_log import load_accesses
from bwc_audit.store.database import reading
from bwc_audit.store.footage_marks import FootageMark
from bwc_audit.web.app import make_app
from bwc_audit.web.byte_ranges import NoSuchPart, Part, part_asked
from bwc_audit.web.site import Site
from bwc_audit.web.video import playable_of
from tests.audit.nights import night_settings, run_night
from tests.audit.small_force import CLIP_S, SmallForce
from tests.media.clips import FPS, street, tone, write_clip
from tests.web.conftest import PASSWORD, UNIT, Browser, Clock

Opened = Callable[..., Browser]
INCIDENT, FOOTAGE = "20250524-0067", "X60A10114-01305"
PAGE = f"/incidents/{INCIDENT}"
VIDEO = f"{PAGE}/footage/{FOOTAGE}/video"
#: An incident with officers of the supervisor's unit and of others.
MIXED = "20250524-0040"


@pytest.mark.parametrize(
    ("header", "part"),
    [
        (None, None),
        ("bytes=0-9", Part(0, 10)),
        ("bytes=90-", Part(90, 100)),
        ("bytes=90-500", Part(90, 100)),
        ("bytes=-7", Part(93, 100)),
        ("bytes=-500", Part(0, 100)),
        ("Bytes = 5 - 5", Part(5, 6)),
        ("bytes=0-1,5-6", None),
        ("bytes=9-3", None),
        ("bytes=-", None),
        ("lines=0-9", None),
        ("bytes=" + 50 * "9" + "-", None),
    ],
)
def test_the_part_that_is_asked_for(header: str | None, part: Part | None) -> None:
    assert part_asked(header, 100, '"v1"', None) == part


def test_a_part_behind_the_end_there_is_none_and_another_version_is_sent_whole() -> None:
    for header in ("bytes=100-", "bytes=99999999999999999999-", "bytes=-0"):
        with pytest.raises(NoSuchPart):
            part_asked(header, 100, '"v1"', None)
    assert part_asked("bytes=0-9", 100, '"v1"', '"v1"') == Part(0, 10)
    assert part_asked("bytes=0-9", 100, '"v1"', '"v2"') is None


def test_a_video_is_sent_by_range_as_it_lies_in_the_store(browser: Opened, site: Site) -> None:
    one, content = browser("reviewer"), _object(site).read_bytes()
    whole = one.get(VIDEO)
    assert (whole.status_code, whole.content) == (200, content)
    assert whole.headers["content-type"] == "video/mp4"
    assert whole.headers["x-content-type-options"] == "nosniff"
    tag = whole.headers["etag"]

    part = one.client.get(VIDEO, headers={"range": "bytes=1000-1999", "if-range": tag})
    assert (part.status_code, part.content) == (206, content[1000:2000])
    assert part.headers["content-range"] == f"bytes 1000-1999/{len(content)}"
    assert one.client.get(VIDEO, headers={"range": "bytes=-10"}).content == content[-10:]
    assert one.client.get(VIDEO, headers={"range": "bytes=0-9", "if-range": '"older"'}).status_code == 200

    beyond = one.client.get(VIDEO, headers={"range": f"bytes={len(content)}-"})
    assert (beyond.status_code, beyond.headers["content-range"]) == (416, f"bytes */{len(content)}")
    head = one.client.head(VIDEO, headers={"range": "bytes=0-99"})
    assert (head.status_code, head.content, head.headers["content-length"]) == (206, b"", "100")


def test_looking_is_on_record_once_in_ten_minutes(browser: Opened, site: Site, clock: Clock) -> None:
    one = browser("reviewer")
    one.client.head(VIDEO)
    one.client.get(VIDEO, headers={"range": "bytes=999999999-"})
    assert _watched(site) == 0, "nothing of it was shown"
    for _ in range(3):
        one.client.get(VIDEO, headers={"range": "bytes=0-9"})
    assert _watched(site) == 1
    clock.pass_minutes(11)
    one.client.get(VIDEO, headers={"range": "bytes=0-9"})
    assert _watched(site) == 2


def test_who_may_not_watch_gets_no_byte_and_what_is_not_there_is_not_found(browser: Opened) -> None:
    assert browser("administrator").get(VIDEO).status_code == 403
    assert browser().get(VIDEO).status_code == 303
    reviewer = browser("reviewer")
    for path in (
        f"/incidents/20250524-0064/footage/{FOOTAGE}/video",  # of another incident
        f"{PAGE}/footage/nothing/video",
        f"{PAGE}/footage/{FOOTAGE}/frames/999",
        f"{PAGE}/footage/{FOOTAGE}/frames/-1",
        f"{VIDEO}?run=no-such-run",
        "/incidents/nothing",
    ):
        assert reviewer.get(path).status_code == 404, path
    frame = reviewer.get(f"{PAGE}/footage/{FOOTAGE}/frames/0")
    assert (frame.headers["content-type"], frame.content[:2]) == ("image/jpeg", b"\xff\xd8")


def test_a_replaced_a_refused_and_a_lost_video_are_told_apart_and_the_page_opens(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "clip.mp4", street(CLIP_S), tone(CLIP_S, from_s=10), g=FPS * 2).read_bytes()
    force = SmallForce(tmp_path / "source", clip)
    force.call("I1", "20:00", "7")
    key = force.recorded("I1", "7", "20:00")
    audit = run_night(night_settings(force.root, tmp_path / "state")).audit
    add_account(audit.engine, "reviewer", Role.REVIEWER, now_us(), password=PASSWORD)
    one = Browser(TestClient(make_app(Site(audit, "k" * 40)), follow_redirects=False))
    assert one.sign_in("reviewer").status_code == 303
    video, path = "/incidents/I1/footage/V-I1-7/video", force.root / key
    assert one.get(video).status_code == 200

    path.write_bytes(path.read_bytes() + b"more")
    changed = one.get(video)
    path.unlink()
    path.symlink_to("/etc/hostname")  # a link out of the source is refused
    refused = one.get(video)
    path.unlink()
    missing = one.client.head(video)
    page = one.get("/incidents/I1")
    audit.engine.dispose()
    assert (changed.status_code, "replaced since" in changed.text) == (409, True)
    assert (refused.status_code, "refuses access" in refused.text) == (502, True)
    assert str(force.root) not in changed.text + refused.text
    assert missing.status_code == 404
    assert (page.status_code, video in page.text) == (200, True)


def test_a_supervisor_sees_the_lanes_findings_and_files_of_their_unit_only(browser: Opened, site: Site) -> None:
    with reading(site.engine) as session:
        night = runs.load_runs(session)[0]
        results = runs.load_results(session, night.run_id, incident_id=MIXED)
        placed = runs.load_segments(session, night.run_id, incident_id=MIXED)
    own = {one.officer_id for one in results if one.unit == UNIT}
    assert own
    assert len(own) < len(results)
    supervisor = browser("supervisor")
    page = supervisor.get(f"/incidents/{MIXED}").text
    assert len(results) - len(own) == 1
    assert "Not shown: 1 officer of other units" in page
    for one in placed:
        is_own = one.officer_id in own
        assert (one.footage_id in page) == is_own
        frame = supervisor.get(f"/incidents/{MIXED}/footage/{one.footage_id}/frames/0")
        assert frame.status_code == (200 if is_own else 404)
    for result in results:
        assert (f"Officer {result.officer_id}" in page) == (result.officer_id in own)


@pytest.mark.parametrize(
    ("mark", "is_playable", "why"),
    [
        (None, True, ""),
        (FootageMark("mov,mp4", "h264", "aac", 25.0), True, ""),
        (FootageMark("webm", "vp9", "opus", 25.0), True, ""),
        (FootageMark("avi", "mjpeg", None, 25.0), False, "(avi)"),
        (FootageMark("mpegts", "h264", "aac", 25.0), False, "(mpegts)"),
        (FootageMark("matroska", "h264", "aac", 25.0), False, "(matroska)"),
        (FootageMark("mov,mp4", "prores", "pcm_s16le", 25.0), False, "(prores)"),
        (FootageMark(reason="empty"), False, "empty"),
    ],
)
def test_what_no_browser_plays_is_said_instead_of_shown_broken(
    site: Site, mark: FootageMark | None, is_playable: bool, why: str
) -> None:
    told = playable_of(_segment(site), mark)
    assert (told.is_playable, why in told.why) == (is_playable, True)


def _segment(site: Site) -> PlacedSegment:
    with reading(site.engine) as session:
        night = runs.load_runs(session)[0]
        placed = runs.load_segments(session, night.run_id, incident_id=INCIDENT)
    return next(one for one in placed if one.footage_id == FOOTAGE)


def _object(site: Site) -> Path:
    return Path(site.audit.source.uri) / str(_segment(site).object_key)


def _watched(site: Site) -> int:
    with reading(site.engine) as session:
        entries, _ = load_accesses(session, account_id="reviewer", subject_id=FOOTAGE)
    return sum(one.action == "watched" for one in entries)
