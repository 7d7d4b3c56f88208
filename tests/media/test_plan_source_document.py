"""The plan of samples, the file over ranged reads, and the published document."""

from __future__ import annotations

import io
import json
from itertools import pairwise
from pathlib import Path

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter

from bwc_audit.domain.inspection import Inspection, InspectionStatus, UnreadableReason
from bwc_audit.domain.times import SECOND_US, Span
from bwc_audit.media.document import InspectionDocument, inspection_document
from bwc_audit.media.plan import Visit, plan_visits, visits_at
from bwc_audit.media.source import BLOCK_BYTES, RangeFile, sha256_of
from bwc_audit.objects.folder import FolderStore

from .conftest import look

S = SECOND_US


def every(step_s: float, until_s: float) -> list[int]:
    return [round(n * step_s * S) for n in range(round(until_s / step_s))]


def test_dense_key_frames_serve_alone() -> None:
    visits = plan_visits(every(1, 10), 10 * S, [Span(2 * S, 6 * S)], S)
    assert visits == tuple(Visit(n * S) for n in range(2, 6))


def test_key_frames_denser_than_the_step_are_thinned() -> None:
    visits = plan_visits(every(0.25, 10), 10 * S, [Span(0, 10 * S)], S)
    assert [visit.key_us for visit in visits][:3] == [0, S, 2 * S]
    assert len(visits) <= 11


def test_sparse_key_frames_are_decoded_forward() -> None:
    visits = plan_visits([0, 4 * S], 8 * S, [Span(0, 8 * S)], S)
    assert visits == (
        Visit(0, (0, S, 2 * S, 3 * S)),
        Visit(4 * S, (4 * S, 5 * S, 6 * S, 7 * S)),
    )


def test_a_span_inside_one_group_begins_at_its_key_frame() -> None:
    assert plan_visits([0, 10 * S], 20 * S, [Span(4 * S, 6 * S)], S) == (Visit(0, (4 * S, 5 * S)),)


@pytest.mark.parametrize("span", [Span(20 * S, 30 * S), Span(-5 * S, -1)])
def test_nothing_is_planned_outside_the_video(span: Span) -> None:
    assert plan_visits(every(1, 10), 10 * S, [span], S) == ()
    assert plan_visits([], 10 * S, [span], S) == ()


def test_overlapping_spans_are_planned_once() -> None:
    spans = [Span(0, 6 * S), Span(3 * S, 8 * S)]
    assert plan_visits(every(1, 10), 10 * S, spans, S) == plan_visits(every(1, 10), 10 * S, [Span(0, 8 * S)], S)


@given(
    st.lists(st.integers(1, 12 * S), min_size=1, max_size=20),
    st.tuples(st.integers(0, 60 * S), st.integers(1, 60 * S)),
    st.sampled_from([S // 4, S, 2 * S]),
    st.booleans(),
)
def test_samples_lie_near_the_span_in_order_and_no_further_apart_than_the_step(
    groups: list[int], where: tuple[int, int], step_us: int, is_deep: bool
) -> None:
    keys, at = [0], 0
    for group in groups:
        at += group
        keys.append(at)
    end_us = at + 12 * S
    span = Span(where[0], where[0] + where[1])
    visits = plan_visits(keys, end_us, [span], step_us, is_deep=is_deep)
    assert [v.key_us for v in visits] == sorted({v.key_us for v in visits})
    times = sorted(t for v in visits for t in (v.wanted_us or (v.key_us,)))
    limit_us = step_us * 1.1 + 1
    if span.start_us < end_us:
        inside = [span.start_us, *times, min(span.end_us, end_us)]
        assert all(span.start_us <= t < min(span.end_us, end_us) for t in times)
        assert all(later - earlier <= limit_us for earlier, later in pairwise(inside))
    else:
        assert times == []


def test_times_are_grouped_under_their_key_frames() -> None:
    assert visits_at([0, 10, 20], [25, 3, 10]) == (Visit(0, (3,)), Visit(10, (10,)), Visit(20, (25,)))
    assert visits_at([5], [1]) == ()


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
    assert read["overlay_clock"] == {"readings": [], "offset_s": None, "drift_ppm": None, "jumps": []}
    assert any("burned-in clock" in what for what in read["not_examined"])
    assert (broken["status"], broken["reason"], broken["video"]) == ("unreadable", "timeout", None)
