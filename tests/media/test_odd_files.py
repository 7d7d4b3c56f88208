"""Files that are right, or nearly, and seldom: trimmed, padded, joined. What is not looked at in them is said."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import ffmpeg
import imageio_ffmpeg
import pytest

from bwc_audit.domain.inspection import DefectKind, Inspection, InspectionStatus
from bwc_audit.domain.times import SECOND_US

from . import clips as make
from .conftest import defects, look
from .making_mp4 import box, rewritten, table, top_level

Clips = Callable[..., Path]


@pytest.fixture(scope="session")
def ten_seconds(clips: Clips) -> Callable[[str], Path]:
    """10 s of street with sound, a key frame each second, in any container."""
    return lambda suffix: clips(f"odd.{suffix}", lambda path: make.write_clip(path, make.street(10), make.tone(10)))


def copied(source: Path, path: Path, before: dict[str, Any], **after: Any) -> Path:
    """The coded pictures and sound as they are, in a new file."""
    job = ffmpeg.input(str(source), **before).output(str(path), c="copy", **after).global_args("-loglevel", "error", "-y")
    job.run(cmd=imageio_ffmpeg.get_ffmpeg_exe())
    return path


def held_us(seen: Inspection) -> int:
    assert seen.measures is not None
    return seen.measures.lengths.held_us


@pytest.mark.parametrize("suffix", ["mp4", "mov"])
def test_a_file_trimmed_by_its_edit_list_is_not_cut_short(clips: Clips, tmp_path: Path, suffix: str) -> None:
    """A trim without coding anew keeps the pictures since the key frame before, and an edit list leaves them out."""
    far = clips("odd_far.mp4", lambda path: make.write_clip(path, make.street(20), make.tone(20), g=150))
    seen = look(copied(far, tmp_path / f"trimmed.{suffix}", {"ss": 8}))
    assert seen.video is not None
    assert seen.measures is not None
    assert (held_us(seen), seen.measures.lengths.claimed_us, seen.video.frames) == (12_000_000, 12_000_000, 180)
    assert defects(seen, DefectKind.TRUNCATED) == []
    assert seen.status is InspectionStatus.PARTIAL
    assert seen.not_examined == ("index: video track 1: an edit list leaves out 8.0 s of the recorded pictures",)


def test_a_trimmed_file_ends_with_its_last_shown_picture(ten_seconds: Callable[[str], Path], tmp_path: Path) -> None:
    seen = look(copied(ten_seconds("mp4"), tmp_path / "trimmed.mp4", {"ss": 2.5}))
    assert (held_us(seen), seen.status, seen.not_examined) == (7_500_000, InspectionStatus.COMPLETE, ())


@pytest.mark.parametrize("place", ["middle", "end"])
def test_zeroes_in_a_transport_stream_hide_nothing(ten_seconds: Callable[[str], Path], tmp_path: Path, place: str) -> None:
    """Room that was taken beforehand and not written to."""
    content = ten_seconds("ts").read_bytes()
    at = len(content) // 2 // 188 * 188 if place == "middle" else len(content)
    path = tmp_path / "padded.ts"
    path.write_bytes(content[:at] + bytes(300_000) + content[at:])
    seen = look(path)
    assert seen.status is InspectionStatus.COMPLETE, seen.detail
    assert seen.video is not None
    assert (seen.video.frames, held_us(seen)) == (150, 10 * SECOND_US)


def test_joined_recordings_are_never_clean(ten_seconds: Callable[[str], Path], tmp_path: Path) -> None:
    """Both begin at the same time, and 20 s of pictures would pass for 10."""
    for suffix, back_s in (("ts", "9.9"), ("mkv", "9.9")):
        path = tmp_path / f"joined.{suffix}"
        path.write_bytes(2 * ten_seconds(suffix).read_bytes())
        seen = look(path)
        assert seen.video is not None
        assert (seen.video.frames, seen.status) == (300, InspectionStatus.PARTIAL)
        assert seen.not_examined == (
            f"index: the times of the pictures go back by {back_s} s inside the file, as of recordings that were joined: "
            "they lie over each other, and the length is not sure",
        )
        assert defects(seen, DefectKind.DECODE_ERROR) == []


def test_a_fragment_whose_times_go_back_is_told(clips: Clips, tmp_path: Path) -> None:
    """One fragment of 10.06 s (its last frame lasts as long as the sound), and itself once more."""
    options: dict[str, Any] = {"movflags": "empty_moov+default_base_moof", "frag_duration": 60_000_000}
    whole = clips("odd_fragment.mp4", lambda path: make.write_clip(path, make.street(10), make.tone(10), **options))
    boxes = top_level(whole.read_bytes())
    assert [type_ for type_, _ in boxes] == [b"ftyp", b"moov", b"moof", b"mdat", b"mfra"]
    path = tmp_path / "twice.mp4"
    path.write_bytes(b"".join(box(*boxes[place]) for place in (0, 1, 2, 3, 2, 3)))
    seen = look(path)
    assert seen.status is InspectionStatus.PARTIAL
    assert seen.not_examined == (
        "index: 10.1 s of pictures are left out: their fragments repeat earlier times or lie before the start",
    )


def test_pictures_of_one_time_have_no_sure_length(ten_seconds: Callable[[str], Path], tmp_path: Path) -> None:
    content = ten_seconds("mp4").read_bytes()
    path = tmp_path / "still.mp4"
    path.write_bytes(rewritten(content, {b"stts": lambda _: table("II", [(150, 0)]), b"edts": lambda _: b""}, track=0))
    seen = look(path)
    assert seen.status is InspectionStatus.PARTIAL
    assert seen.not_examined == ("index: 149 pictures have the time of another; the length is not sure",)


def test_frames_out_of_order_are_no_leap_back(ten_seconds: Callable[[str], Path], tmp_path: Path) -> None:
    path = make.write_clip(tmp_path / "reordered.mkv", make.street(10), make.tone(10), bf=3, preset="veryfast")
    assert (look(path).status, look(path).not_examined) == (InspectionStatus.COMPLETE, ())


@pytest.mark.parametrize("start_s", [3, 95_440])
def test_a_matroska_file_that_starts_late_is_not_cut_short(
    ten_seconds: Callable[[str], Path], tmp_path: Path, start_s: int
) -> None:
    """Its header then says when the last frame ends, not how long the file is; pieces of a longer recording are so."""
    path = copied(ten_seconds("mp4"), tmp_path / "late.mkv", {}, output_ts_offset=start_s)
    seen = look(path)
    assert seen.status is InspectionStatus.COMPLETE
    assert seen.measures is not None
    assert seen.measures.lengths.claimed_us == held_us(seen) == 10_064_000
    assert defects(seen, DefectKind.TRUNCATED) == []


def test_a_matroska_file_that_lacks_its_last_second_is_cut_short(ten_seconds: Callable[[str], Path], tmp_path: Path) -> None:
    whole = ten_seconds("mkv")
    path = tmp_path / "cut.mkv"
    path.write_bytes(whole.read_bytes()[:-50_000])
    seen = look(path)
    (cut,) = defects(seen, DefectKind.TRUNCATED)
    assert (cut.measures["missing_bytes"], cut.end_us) == (50_000, 10_064_000)
    assert seen.video is not None
    assert (seen.video.frames, held_us(seen)) == (135, 9_000_000)
    assert (seen.status, seen.not_examined) == (InspectionStatus.PARTIAL, ("the file ends before what it says it holds",))
    assert defects(look(whole), DefectKind.TRUNCATED) == []


def test_a_matroska_file_still_being_written_claims_nothing(ten_seconds: Callable[[str], Path], tmp_path: Path) -> None:
    path = copied(ten_seconds("mp4"), tmp_path / "live.mkv", {}, live=1)
    assert b"\x18\x53\x80\x67\x01" + b"\xff" * 7 in path.read_bytes()[:100]
    assert defects(look(path), DefectKind.TRUNCATED) == []


def test_joined_mp4_files_are_never_clean(ten_seconds: Callable[[str], Path], tmp_path: Path) -> None:
    """The second movie has an index of its own, which no player reads."""
    path = tmp_path / "joined.mp4"
    path.write_bytes(2 * ten_seconds("mp4").read_bytes())
    seen = look(path)
    assert (held_us(seen), seen.status) == (10 * SECOND_US, InspectionStatus.PARTIAL)
    assert seen.not_examined == ("index: a second moov, as of files that were joined: what only it names was not looked at",)
