"""Looking into one object, from its bytes to spans: sniff, table, plan, frames, measures, spans; then sound, hash, stills.

A defect of the file is an outcome and never an exception. A fault of the store (missing, forbidden, network) is raised,
because then nothing was learned about the file. What could not be examined is listed in ``not_examined``; damage in
frames that were not sampled stays unseen. The burned-in clock is not read by this version.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from bwc_audit.detectors.sound import sound_defects
from bwc_audit.detectors.timing import timestamp_gaps
from bwc_audit.domain.inspection import (
    CLOCK_NOT_READ,
    AudioFacts,
    ContainerFacts,
    Defect,
    DefectKind,
    Examined,
    Inspection,
    InspectionRequest,
    InspectionStatus,
    Still,
    UnreadableReason,
    VideoFacts,
)
from bwc_audit.domain.policy import InspectionRules, UsabilityRules
from bwc_audit.domain.times import SECOND_US, Span, us_of_seconds
from bwc_audit.errors import MediaUnreadableError
from bwc_audit.media.audio import sound_levels, sound_spans
from bwc_audit.media.container import (
    FrameTable,
    audio_facts,
    frame_table,
    is_seekable,
    opened,
    video_facts,
    video_of,
)
from bwc_audit.media.look import Look, look_at, stills_of
from bwc_audit.media.sniff import Sniffed, sniff
from bwc_audit.media.source import RangeFile, sha256_of
from bwc_audit.objects.contract import ObjectStore


@dataclass(slots=True)
class _Notes:
    """What one inspection gathers on its way, so that an unreadable file still tells what was learned before."""

    container: ContainerFacts | None = None
    video: VideoFacts | None = None
    audio: AudioFacts | None = None
    defects: list[Defect] = field(default_factory=list)
    stills: tuple[Still, ...] = ()
    not_examined: list[str] = field(default_factory=list)
    is_partial: bool = False
    frames_sampled: int = 0
    longest_step_us: int = 0
    audio_us: int = 0
    spans: tuple[Span, ...] = ()
    sha256: str | None = None

    def miss(self, what: str) -> None:
        """Something that was planned could not be examined."""
        self.not_examined.append(what)
        self.is_partial = True


def inspect_object(
    store: ObjectStore,
    request: InspectionRequest,
    rules: InspectionRules,
    *,
    now: Callable[[], float] = time.perf_counter,
) -> Inspection:
    """Look into ``request.object_key``. ``now`` counts seconds.

    Never raises for a defect of the file: the status is then ``unreadable`` with its reason, or ``partial``.
    Raises ``ObjectStoreError`` and its kinds when the store fails.
    """
    began_s = now()
    size_bytes = store.head(request.object_key).size_bytes
    source = RangeFile(store, request.object_key, size_bytes)
    notes = _Notes(not_examined=[CLOCK_NOT_READ])
    reason: UnreadableReason | None = None
    detail = ""
    try:
        _look_into(source, request, rules, notes)
    except MediaUnreadableError as error:
        reason, detail = UnreadableReason(error.reason), error.detail
    if request.is_hashed and size_bytes:
        notes.sha256 = sha256_of(source)
    status = InspectionStatus.PARTIAL if notes.is_partial else InspectionStatus.COMPLETE
    return Inspection(
        object_key=request.object_key,
        status=status if reason is None else InspectionStatus.UNREADABLE,
        reason=reason,
        detail=detail,
        container=notes.container,
        video=notes.video,
        audio=notes.audio,
        examined=Examined(
            bytes_read=source.bytes_read,
            frames_sampled=notes.frames_sampled,
            longest_step_us=notes.longest_step_us,
            audio_us=notes.audio_us,
            elapsed_s=now() - began_s,
            spans=notes.spans,
        ),
        defects=tuple(sorted(notes.defects, key=lambda d: (d.start_us, d.end_us, d.kind))),
        stills=notes.stills,
        not_examined=tuple(notes.not_examined),
        sha256=notes.sha256,
    )


def _look_into(source: RangeFile, request: InspectionRequest, rules: InspectionRules, notes: _Notes) -> None:
    sniffed = sniff(source)
    notes.container = ContainerFacts(sniffed.format, source.size_bytes, None, sniffed.moov)
    with opened(source, sniffed) as container:
        notes.container = ContainerFacts(sniffed.format, source.size_bytes, container.duration, sniffed.moov)
        notes.audio = audio_facts(container)
        stream = video_of(container)
        table = frame_table(container, source, sniffed)
        notes.video = video_facts(stream, table)
    if not table.keys_us.size:
        raise MediaUnreadableError(UnreadableReason.NO_VIDEO, "the video track holds no key frame")
    spans = request.spans or (Span(0, max(1, table.end_us)),)
    notes.defects += timestamp_gaps(table.times_us, rules.usability)
    _compare_lengths(table, sniffed, request, rules.usability, notes)
    look = look_at(source, sniffed, table, spans, rules, is_deep=request.is_deep)
    _note_look(look, notes)
    _listen(source, sniffed, table, spans, request.buffer_us, rules.usability, notes)
    notes.stills = stills_of(source, sniffed, table, look.samples, request.stills_at_us, notes.defects)


def _note_look(look: Look, notes: _Notes) -> None:
    notes.frames_sampled = look.frames
    notes.longest_step_us = look.longest_step_us
    notes.spans = look.spans
    notes.defects += look.defects
    for what in look.missed:
        notes.miss(what)


def _compare_lengths(
    table: FrameTable, sniffed: Sniffed, request: InspectionRequest, rules: UsabilityRules, notes: _Notes
) -> None:
    """``truncated``: the file ends before what it says it holds. ``duration_mismatch``: against the metadata."""
    tolerance_us = us_of_seconds(rules.duration_tolerance_s)
    reached_us = max(table.end_us, table.audio_end_us or 0)
    claimed_us = table.end_us if table.claimed_us is None else table.claimed_us
    is_short = claimed_us - reached_us > tolerance_us
    if table.missing_frames or sniffed.missing_bytes or is_short:
        measures = {
            "missing_frames": float(table.missing_frames),
            "missing_bytes": float(sniffed.missing_bytes),
            "claimed_s": claimed_us / SECOND_US,
            "held_s": table.end_us / SECOND_US,
        }
        end_us = max(claimed_us, table.end_us)
        notes.defects.append(Defect(DefectKind.TRUNCATED, table.end_us, end_us, 1.0, measures))
        notes.miss("the file ends before what it says it holds")
    if request.expected_duration_us is None:
        return
    difference_us = claimed_us - request.expected_duration_us
    if abs(difference_us) > tolerance_us:
        measures = {
            "container_s": claimed_us / SECOND_US,
            "expected_s": request.expected_duration_us / SECOND_US,
            "difference_s": difference_us / SECOND_US,
        }
        start_us, end_us = sorted((max(0, claimed_us), request.expected_duration_us))
        notes.defects.append(Defect(DefectKind.DURATION_MISMATCH, start_us, end_us, 1.0, measures))


def _listen(
    source: RangeFile,
    sniffed: Sniffed,
    table: FrameTable,
    spans: tuple[Span, ...],
    buffer_us: int | None,
    rules: UsabilityRules,
    notes: _Notes,
) -> None:
    """Sound of the spans: what is missing, what is silent."""
    if notes.audio is None:
        if table.end_us > 0:
            notes.defects.append(Defect(DefectKind.AUDIO_MISSING, 0, table.end_us, 1.0, {"tracks": 0.0}))
        return
    if notes.audio.sample_rate == 0:
        notes.miss("sound: no decoder for the track")
        return
    wanted = sound_spans(spans, rules.lead_in_unknown_s, table.end_us)
    try:
        with opened(source, sniffed) as container:
            stream = container.streams.audio[0]
            levels = sound_levels(container, stream, table.origin, wanted, is_seekable=is_seekable(sniffed))
    except MediaUnreadableError as error:
        notes.miss(f"sound: {error}")
        return
    notes.audio_us = int(np.sum(levels.ends_us - levels.starts_us))
    if levels.failed:
        failed_s = sum(span.length_us for span in levels.failed) / SECOND_US
        notes.miss(f"sound: {len(levels.failed)} packets ({failed_s:.1f} s) could not be decoded")
    notes.defects += sound_defects(levels, table.end_us, buffer_us, rules)
