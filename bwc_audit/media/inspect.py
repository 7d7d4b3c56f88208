"""Looking into one object, from its bytes to measures, and from those to defects: sniff, index, pictures, sound, hash.

A defect of the file is an outcome and never an exception. A fault of the store (missing, forbidden, changed, network) is
raised, because then nothing was learned about the file. What could not be examined is listed in ``not_examined``; damage
in frames that were not sampled stays unseen.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from bwc_audit.detectors.judge import weigh
from bwc_audit.detectors.timing import frame_gaps
from bwc_audit.domain.inspection import (
    AudioFacts,
    ContainerFacts,
    Defect,
    DefectKind,
    Examined,
    Inspection,
    InspectionRequest,
    InspectionStatus,
    Sheet,
    Still,
    UnreadableReason,
    VideoFacts,
)
from bwc_audit.domain.measures import Lengths, Measures
from bwc_audit.domain.policy import InspectionRules
from bwc_audit.domain.times import SECOND_US, Span
from bwc_audit.errors import MediaUnreadableError
from bwc_audit.media.clock_reading import CLOCK_FRAMES, ClockReader
from bwc_audit.media.decoding import DecodeLog, SampledFrame
from bwc_audit.media.leafing import leaves_for
from bwc_audit.media.listen import Heard, Listening, decoded_us, heard_spans, listen, listening_to, sound_extent
from bwc_audit.media.look import Budget, Look, look_at
from bwc_audit.media.plan import even_frames, frames_near, united
from bwc_audit.media.reel import Reel, opened
from bwc_audit.media.sniff import Sniffed, sniff
from bwc_audit.media.source import RangeFile, sha256_of
from bwc_audit.media.stills import of_defects, spread, still_of
from bwc_audit.objects.contract import ObjectStat, ObjectStore


@dataclass(slots=True)
class _Notes:
    """What one inspection gathers on its way, so that an unreadable file still tells what was learned before."""

    container: ContainerFacts | None = None
    video: VideoFacts | None = None
    audio: AudioFacts | None = None
    measures: Measures | None = None
    defects: tuple[Defect, ...] = ()
    look: Look | None = None
    clock: ClockReader = field(default_factory=ClockReader)
    sheets: tuple[Sheet, ...] = ()
    stills: tuple[Still, ...] = ()
    not_examined: list[str] = field(default_factory=list)
    is_partial: bool = False
    audio_us: int = 0
    index_bytes: int = 0
    sha256: str | None = None
    measured_px: tuple[int, int] | None = None

    def say_size(self, width: int, height: int) -> None:
        """The size of the pictures themselves, which is believed; what the file claims need not be so."""
        if self.video is not None and self.measured_px is None:
            self.measured_px = width, height
            self.video = replace(self.video, width=width, height=height)

    def miss(self, what: str) -> None:
        """Something that was planned could not be examined."""
        self.not_examined.append(what)
        self.is_partial = True


def inspect_object(
    store: ObjectStore,
    request: InspectionRequest,
    rules: InspectionRules,
    *,
    stat: ObjectStat | None = None,
    now: Callable[[], float] = time.perf_counter,
) -> Inspection:
    """Look into ``request.object_key``. ``stat``: the object as it was listed; every read is bound to that version.

    ``now`` counts seconds. Never raises for a defect of the file: the status is then ``unreadable`` with its reason, or
    ``partial``. Raises ``ObjectStoreError`` and its kinds when the store fails.
    """
    began_s = now()
    stat = store.head(request.object_key) if stat is None else stat
    source = RangeFile(store, request.object_key, stat.size_bytes, etag=stat.etag)
    notes = _Notes()
    reason: UnreadableReason | None = None
    detail = ""
    try:
        _look_into(source, request, rules, notes)
    except MediaUnreadableError as error:
        reason, detail = UnreadableReason(error.reason), error.detail
    if request.is_hashed and stat.size_bytes:
        notes.sha256 = sha256_of(source)
    if any(one.kind is DefectKind.TRUNCATED for one in notes.defects):
        notes.miss("the file ends before what it says it holds")
    status = InspectionStatus.PARTIAL if notes.is_partial else InspectionStatus.COMPLETE
    return Inspection(
        object_key=request.object_key,
        status=status if reason is None else InspectionStatus.UNREADABLE,
        reason=reason,
        detail=detail,
        container=notes.container,
        video=notes.video,
        audio=notes.audio,
        examined=_examined(source, notes, now() - began_s),
        defects=notes.defects,
        stills=notes.stills,
        not_examined=tuple(notes.not_examined),
        sha256=notes.sha256,
        measures=notes.measures,
        readings=tuple(notes.clock.readings),
        clock_tried=notes.clock.tried,
        sheets=notes.sheets,
    )


def _look_into(source: RangeFile, request: InspectionRequest, rules: InspectionRules, notes: _Notes) -> None:
    sniffed = sniff(source)
    notes.container = ContainerFacts(sniffed.format, source.size_bytes, None, sniffed.moov)

    def note(sound: AudioFacts | None) -> None:
        notes.audio = sound

    with opened(source, sniffed, note) as reel:
        notes.container = ContainerFacts(sniffed.format, source.size_bytes, reel.index.claimed_us, sniffed.moov)
        notes.video, notes.index_bytes = reel.video, source.bytes_read
        spans = united(request.spans, max(1, reel.table.end_us)) or united([Span(0, max(1, reel.table.end_us))], 1 << 62)
        for doubt in reel.index.doubts:
            notes.miss(f"index: {doubt}")
        _note_outside(request, reel, notes)
        even = even_frames(reel.table, spans, rules.sampling, request.focus_us)
        listening = _listening(reel, spans, rules, request, even, notes)
        pictures = _Pictures(reel, spans, request, even, notes)
        look = pictures.look(rules)
        heard = None if listening is None else _sound(listening, rules, notes)
        measures = _measures(reel, sniffed, request, look, heard)
        defects = weigh(measures, rules.usability).defects
        pictures.show(look, defects)
        notes.measures, notes.defects = measures, defects


class _Pictures:
    """The look at the pictures of one file, and what is kept of them: stills (those asked for, or spread over the file and
    one of each visual defect), frames that show a clock, the contact sheets of a deep look."""

    def __init__(
        self, reel: Reel, spans: tuple[Span, ...], request: InspectionRequest, even: list[int], notes: _Notes
    ) -> None:
        self._reel, self._spans, self._request, self._even, self._notes = reel, spans, request, even, notes
        self._stills: dict[int, Still] = {}
        self._clock_frames = set(spread(even, CLOCK_FRAMES))
        self._planned = set(frames_near(reel.table, request.stills_at_us) if request.stills_at_us else spread(even))
        self._leaves = leaves_for(reel, spans if request.is_deep else ())

    def look(self, rules: InspectionRules) -> Look:
        """Sample the spans. Raises ``MediaUnreadableError`` and ``ObjectStoreError``."""
        budget = _budget(self._reel.source, rules, is_deep=self._request.is_deep)
        look = look_at(self._reel, self._spans, rules, budget, self._keep, even=self._even, is_deep=self._request.is_deep)
        self._notes.look = look
        for what in look.missed:
            self._notes.miss(what)
        return look

    def show(self, look: Look, defects: tuple[Defect, ...]) -> None:
        """Leave what people will see of the look; the frames of it that were not decoded yet are. Raises as ``look``."""
        self._notes.sheets = self._leaves.sheets(self._reel, self._spans if self._request.is_deep else (), look)
        if not self._request.stills_at_us:
            self._planned |= set(of_defects(self._reel.table, look.pictures, defects))
        for frame in self._reel.frames(self._planned - self._stills.keys(), DecodeLog()):
            if not frame.is_corrupt:
                self._keep(frame)
        self._notes.stills = tuple(self._stills[number] for number in sorted(self._stills))

    def _keep(self, frame: SampledFrame) -> None:
        self._notes.say_size(frame.picture.width, frame.picture.height)
        self._leaves.keep(frame)
        if frame.number in self._clock_frames:
            self._clock_frames.discard(frame.number)
            self._notes.clock.read(frame)
        if frame.number in self._planned and frame.number not in self._stills:
            still = still_of(frame.picture, frame.at_us)
            if still is not None:
                self._stills[frame.number] = still


def _budget(source: RangeFile, rules: InspectionRules, *, is_deep: bool) -> Budget:
    sampling = rules.sampling
    seconds = sampling.deep_budget_s if is_deep else sampling.budget_s
    until_s = time.process_time() + seconds
    most_bytes = source.bytes_read + sampling.budget_bytes
    return Budget(
        lambda: source.bytes_read > most_bytes or time.process_time() > until_s,
        f"the budget of {seconds:.0f} s of processor time and {sampling.budget_bytes / 1e6:.0f} MB",
    )


def _listening(
    reel: Reel,
    spans: tuple[Span, ...],
    rules: InspectionRules,
    request: InspectionRequest,
    even: list[int],
    notes: _Notes,
) -> Listening | None:
    """What sound to decode, some of it to be read along with the frames ``even``; None where there is no track, nothing
    can be known of it, or only the clock is wanted."""
    track = reel.sound_track
    if track is None or request.is_clock_look:
        return None
    if not track.sample_rate:
        notes.miss("sound: no decoder for the track")
        return None
    heard = heard_spans(spans, rules.usability.lead_in_unknown_s, reel.table.end_us)
    beside_us = reel.table.times_us[even].tolist()
    listening = listening_to(reel, track, heard, rules, is_deep=request.is_deep, beside_us=beside_us)
    reel.tracks.expect(track, listening.foreseen())
    return listening


def _sound(listening: Listening, rules: InspectionRules, notes: _Notes) -> Heard | None:
    """What was heard; None where nothing can be known of it."""
    try:
        found = listen(listening, rules)
    except MediaUnreadableError as error:
        notes.miss(f"sound: {error}")
        return None
    levels = found.levels
    notes.audio_us = decoded_us(levels)
    if levels.failed:
        failed_s = sum(span.length_us for span in levels.failed) / SECOND_US
        notes.miss(f"sound: {len(levels.failed)} packets ({failed_s:.1f} s) could not be decoded")
    return found


def _measures(reel: Reel, sniffed: Sniffed, request: InspectionRequest, look: Look, heard: Heard | None) -> Measures:
    table = reel.table
    begin_us, end_us = sound_extent(reel)
    lengths = Lengths(
        held_us=table.end_us,
        video_end_us=table.end_us,
        claimed_us=table.claimed_us,
        missing_frames=table.missing_frames,
        missing_bytes=max(sniffed.missing_bytes, reel.index.missing_bytes),
        expected_us=request.expected_duration_us,
        audio_start_us=begin_us,
        audio_end_us=end_us,
    )
    return Measures(
        lengths=lengths,
        pictures=look.pictures,
        damaged=look.damaged,
        frames_damaged=len(look.damaged),
        sound=None if heard is None else heard.levels,
        envelope=None if heard is None else heard.envelope,
        has_sound_track=reel.sound_track is not None,
        gaps=frame_gaps(table.times_us),
        buffer_us=request.buffer_us,
        step_us=look.step_us,
        rotation_degrees=reel.video_track.rotation_degrees,
        is_mirrored=reel.video_track.is_mirrored,
    )


def _note_outside(request: InspectionRequest, reel: Reel, notes: _Notes) -> None:
    for span in request.spans:
        if span.start_us >= reel.table.end_us:
            notes.miss(f"pictures: {span.start_us / SECOND_US:.1f} s lies outside the video")


def _examined(source: RangeFile, notes: _Notes, elapsed_s: float) -> Examined:
    look = notes.look
    spans = () if look is None else look.spans
    return Examined(
        bytes_read=source.bytes_read,
        frames_sampled=0 if look is None else look.frames,
        longest_step_us=0 if look is None else look.longest_step_us,
        audio_us=notes.audio_us,
        elapsed_s=elapsed_s,
        spans=spans,
        requests=source.requests,
        seconds_examined_us=sum(span.length_us for span in spans),
        index_bytes=notes.index_bytes,
    )
