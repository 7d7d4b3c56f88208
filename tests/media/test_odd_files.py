"""Files that are right, or nearly, and seldom: trimmed, padded, joined. What is in them is found, and what is not is said."""

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
    assert seen.container is not None and seen.video is not None and seen.measures is not None
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
