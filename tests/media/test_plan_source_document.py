"""The plan of samples, the file over ranged reads, and the published document."""

from __future__ import annotations

import io
import json
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import jsonschema
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter

from bwc_audit.domain.inspection import Inspection, InspectionStatus, UnreadableReason
from bwc_audit.domain.policy import SamplingRules
from bwc_audit.domain.times import SECOND_US, Span
from bwc_audit.media.document import InspectionDocument, inspection_document
from bwc_audit.media.frame_table import FrameTable
from bwc_audit.media.plan import between, even_frames, filling, united
from bwc_audit.media.source import BLOCK_BYTES, RangeFile, sha256_of
from bwc_audit.objects.folder import FolderStore

from .conftest import look

S = SECOND_US


def table_of(keys_us: list[int], end_us: int, frame_us: int = S // 10) -> FrameTable:
    """A table with a frame every ``frame_us`` and the key frames nearest to the times asked for."""
    times = np.arange(0, end_us, frame_us, dtype=np.int64)
    numbers = np.unique(np.minimum(np.array(keys_us, dtype=np.int64) // frame_us, times.size - 1))
    places = np.arange(times.size, dtype=np.int64)
    return FrameTable(times, places, times[numbers], numbers, end_us, frame_us, None, Fraction(0))


def times_of(table: FrameTable, numbers: list[int]) -> list[int]:
    return [int(table.times_us[number]) for number in numbers]


def sampling(step_s: float, near_step_s: float = 2.0, near_reach_s: float = 0.0) -> SamplingRules:
    return SamplingRules("usable", step_s=step_s, near_step_s=near_step_s, near_reach_s=near_reach_s)


def every(step_s: float, until_s: float) -> list[int]:
    return [round(n * step_s * S) for n in range(round(until_s / step_s))]


def test_key_frames_serve_where_they_lie_densely_enough() -> None:
    table = table_of(every(1, 60), 60 * S)
    chosen = times_of(table, even_frames(table, [Span(0, 60 * S)], sampling(10)))
    assert chosen[:3] == [0, 10 * S, 20 * S]
    assert all(at_us % S == 0 for at_us in chosen[:-1])


def test_between_sparse_key_frames_other_frames_serve() -> None:
    table = table_of([0, 40 * S], 80 * S)
    chosen = times_of(table, even_frames(table, [Span(0, 80 * S)], sampling(10)))
    assert chosen[:5] == [0, 10 * S, 20 * S, 30 * S, 40 * S]


def test_the_ends_of_a_span_and_what_is_in_focus_are_sampled_more_finely() -> None:
    table = table_of(every(1, 120), 120 * S)
    rules = sampling(30, near_step_s=2, near_reach_s=6)
    plain = times_of(table, even_frames(table, [Span(0, 120 * S)], rules))
    focused = times_of(table, even_frames(table, [Span(0, 120 * S)], rules, [60 * S]))
    assert plain[:4] == [0, 2 * S, 4 * S, 6 * S]
    assert sum(50 * S < at < 70 * S for at in focused) > sum(50 * S < at < 70 * S for at in plain)


@pytest.mark.parametrize("span", [Span(20 * S, 30 * S), Span(-5 * S, -1)])
def test_nothing_is_planned_outside_the_video(span: Span) -> None:
    table = table_of(every(1, 10), 10 * S)
    assert even_frames(table, united([span], table.end_us), sampling(1)) == []


def test_overlapping_spans_are_planned_once() -> None:
    assert united([Span(3 * S, 8 * S), Span(0, 6 * S)], 10 * S) == (Span(0, 8 * S),)


@given(
    st.lists(st.integers(S // 2, 40 * S), min_size=1, max_size=12),
    st.tuples(st.integers(0, 60 * S), st.integers(S, 60 * S)),
    st.sampled_from([1.0, 10.0, 30.0]),
    st.sampled_from([0.0, 8.0]),
)
def test_samples_lie_in_the_span_in_order_and_no_further_apart_than_the_step(
    groups: list[int], where: tuple[int, int], step_s: float, near_reach_s: float
) -> None:
    keys, at = [0], 0
    for group in groups:
        at += group
        keys.append(at)
    table = table_of(keys, at + 12 * S)
    spans = united([Span(where[0], where[0] + where[1])], table.end_us)
    rules = sampling(step_s, near_reach_s=near_reach_s)
    times = times_of(table, even_frames(table, spans, rules))
    assert times == sorted(set(times))
    limit_us = max(step_s, 0.2) * S * 1.1 + 2 * table.usual_us
    for span in spans:
        inside = [span.start_us, *times, span.end_us]
        assert all(span.start_us - table.usual_us <= one < span.end_us for one in times)
        assert all(later - earlier <= limit_us for earlier, later in pairwise(inside))


def test_a_change_is_closed_in_on_by_key_frames_first_then_by_frames() -> None:
    table = table_of(every(1, 60), 60 * S)
    first = times_of(table, between(table, 0, 30 * S, S // 10))
    assert first
    assert all(0 < at < 30 * S and at % S == 0 for at in first)
    inside = times_of(table, between(table, 7 * S, 8 * S, S // 10))
    assert inside[0] == 7 * S + S // 10
    assert all(7 * S < at < 8 * S for at in inside)
    assert between(table, 7 * S, 7 * S + S // 10, S // 10) == []


def test_what_looks_defective_is_filled_with_samples() -> None:
    table = table_of(every(1, 60), 60 * S)
    times = [0, *times_of(table, filling(table, 0, 30 * S, 4 * S)), 30 * S]
    assert all(later - earlier <= 4 * S * 1.05 for earlier, later in pairwise(times))
    assert filling(table, 0, 4 * S, 4 * S) == []


@settings(max_examples=30, deadline=None)
@given(st.data())
def test_a_range_file_reads_like_a_file(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    content = bytes(range(256)) * (BLOCK_BYTES // 256 * 3) + b"the end"
    folder = tmp_path_factory.getbasetemp()
    path = folder / "bytes.bin"
    if not path.exists():
        path.write_bytes(content)
    ours = RangeFile(FolderStore(folder), "bytes.bin", len(content), cached_blocks=2)
    theirs = io.BytesIO(content)
    for _ in range(data.draw(st.integers(1, 8))):
        offset = data.draw(st.integers(0, len(content) + 10))
        length = data.draw(st.integers(0, 2 * BLOCK_BYTES))
        assert ours.seek(offset) == theirs.seek(offset)
        is_same = ours.read(length) == theirs.read(length)  # a bare assert would compare long texts
        assert is_same
    assert ours.seek(-7, io.SEEK_END) == len(content) - 7
    assert ours.read() == b"the end"


def test_bytes_are_counted_and_cached_blocks_are_not_read_again(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(bytes(BLOCK_BYTES * 20))
    source = RangeFile(FolderStore(tmp_path), "x", BLOCK_BYTES * 20)
    source.read_at(0, 10)
    source.read_at(100, 10)
    assert source.bytes_read == BLOCK_BYTES
    sha256_of(source)
    assert source.bytes_read == BLOCK_BYTES * 21


def test_the_document_is_what_its_schema_says(good: Path) -> None:
    schema = TypeAdapter(InspectionDocument).json_schema()
    read = inspection_document(look(good, expected_duration_us=20 * S), "file:///good.mp4")
    broken = inspection_document(
        Inspection("x.mp4", InspectionStatus.UNREADABLE, UnreadableReason.TIMEOUT, "too long"), "s3://b/x.mp4"
    )
    for document in (read, broken):
        jsonschema.validate(json.loads(json.dumps(document)), schema)
    assert read["schema"] == "bwc-inspection/1"
    assert read["status"] == "complete"
    assert read["reason"] is None
    assert read["container"]["duration_s"] == 12.0
    assert read["video"]["average_fps"] == 15.0
    assert read["audio"] == {"codec": "aac", "sample_rate": 16000, "channels": 1}
    assert [(d["kind"], d["start_s"], d["end_s"]) for d in read["defects"]] == [("duration_mismatch", 12.0, 20.0)]
    clock = read["overlay_clock"]
    assert (clock["readings"], clock["offset_s"], clock["agreed"]) == ([], None, 0)
    assert clock["tried"] >= 1
    assert (broken["status"], broken["reason"], broken["video"]) == ("unreadable", "timeout", None)
