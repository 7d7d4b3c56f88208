"""Sound levels to spans of silence and of missing sound.

Digital silence is a level below ``silence_dbfs``; a quiet room (about -63 dBFS) is far above it. Silence at the very
start is how a pre-event buffer shows, and is ``silent_lead_in``: up to the buffer the metadata state (with tolerance),
or up to ``lead_in_unknown_s`` where they state none. A silence that lasts from the first to the last sound of a file
with unknown buffer is muted as a whole, since no buffer reaches to the end of a recording.
Whether somebody pressed mute, or a setting did, is not known here.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bwc_audit.domain.inspection import Defect, DefectKind
from bwc_audit.domain.policy import UsabilityRules
from bwc_audit.domain.times import SECOND_US, Span, us_of_seconds

#: What no level can go below: full scale over a 24-bit step squared and then some; stands for exact zeros.
FLOOR_DBFS = -200.0
#: Blocks this near each other are one: packet times are rounded to the container's ticks.
_JOIN_US = 100_000
#: Sound may begin this late (encoder priming, first packet) and still begin at the start.
_START_US = 500_000
#: A lead-in shorter than this is the encoder's own.
_LEAST_LEAD_IN_US = 1_000_000


@dataclass(frozen=True, slots=True, eq=False)
class SoundLevels:
    """Levels of decoded blocks in media time, ascending. ``failed``: spans whose packets could not be decoded.

    ``examined``: the spans of media time that were asked for; outside them nothing is known.
    """

    starts_us: NDArray[np.int64]
    ends_us: NDArray[np.int64]
    dbfs: NDArray[np.float64]
    examined: tuple[Span, ...]
    failed: tuple[Span, ...] = ()


def level_dbfs(samples: NDArray[np.generic]) -> float:
    """RMS level over all channels, dB relative to full scale; ``FLOOR_DBFS`` for exact silence or no samples."""
    values = samples.astype(np.float64, copy=False).ravel()
    if samples.dtype.kind in "iu":
        bits = samples.dtype.itemsize * 8
        values = (values - (2 ** (bits - 1) if samples.dtype.kind == "u" else 0)) / 2 ** (bits - 1)
    power = float(np.mean(values * values)) if values.size else 0.0
    return max(FLOOR_DBFS, 10 * float(np.log10(power))) if power > 0 else FLOOR_DBFS


def sound_defects(levels: SoundLevels, video_end_us: int, buffer_us: int | None, rules: UsabilityRules) -> list[Defect]:
    """``silent_lead_in``, ``audio_muted`` and ``audio_missing`` inside ``examined``, clipped to ``[0, video_end_us)``."""
    silent = _joined(_spans(levels, levels.dbfs < rules.silence_dbfs), _JOIN_US)
    heard = _joined(_spans(levels, np.ones(levels.dbfs.shape, dtype=bool)), _JOIN_US)
    examined = _clipped(levels.examined, video_end_us)
    absent = without(examined, [*heard, *levels.failed])
    defects: list[Defect] = []
    lead_in_end = _lead_in_end(absent, silent, levels, video_end_us, buffer_us, rules)
    if lead_in_end >= _LEAST_LEAD_IN_US:
        measures = {"seconds": round(lead_in_end / SECOND_US, 3)}
        defects.append(Defect(DefectKind.SILENT_LEAD_IN, 0, lead_in_end, 1.0, measures))
    lead_in = [Span(0, lead_in_end)] if lead_in_end > 0 else []
    minimum_us = us_of_seconds(rules.audio_minimum_s)
    for span in without(within(silent, examined), lead_in):
        if span.length_us >= minimum_us:
            measures = {"level_dbfs": round(_level_in(levels, span), 2)}
            defects.append(Defect(DefectKind.AUDIO_MUTED, span.start_us, span.end_us, 1.0, measures))
    for span in without(absent, lead_in):
        if span.length_us >= minimum_us:
            defects.append(Defect(DefectKind.AUDIO_MISSING, span.start_us, span.end_us, 1.0, {"tracks": 1.0}))
    return sorted(defects, key=lambda defect: (defect.start_us, defect.kind))


def _lead_in_end(
    absent: list[Span],
    silent: list[Span],
    levels: SoundLevels,
    video_end_us: int,
    buffer_us: int | None,
    rules: UsabilityRules,
) -> int:
    """Where the silence (or the lack of sound) that begins the file ends, as far as it counts as lead-in; 0: none."""
    quiet = _joined(sorted([*absent, *silent]), _START_US)
    first = next((span for span in quiet if span.start_us <= _START_US and span.end_us > 0), None)
    if first is None:
        return 0
    if buffer_us is None:
        last_sound_us = int(levels.ends_us[-1]) if levels.ends_us.size else 0
        if first.end_us >= min(last_sound_us, video_end_us) - _JOIN_US:
            return 0
        return min(first.end_us, us_of_seconds(rules.lead_in_unknown_s))
    if first.end_us <= buffer_us + us_of_seconds(rules.lead_in_tolerance_s):
        return first.end_us
    return buffer_us


def without(spans: Iterable[Span], removed: Iterable[Span]) -> list[Span]:
    """What is left of ``spans`` when ``removed`` is cut out of them."""
    left = list(spans)
    for cut in removed:
        pieces: list[Span] = []
        for span in left:
            if span.start_us < min(span.end_us, cut.start_us):
                pieces.append(Span(span.start_us, min(span.end_us, cut.start_us)))
            if max(span.start_us, cut.end_us) < span.end_us:
                pieces.append(Span(max(span.start_us, cut.end_us), span.end_us))
        left = pieces
    return left


def within(spans: Iterable[Span], limits: Sequence[Span]) -> list[Span]:
    """The parts of ``spans`` that lie inside one of ``limits`` (disjoint)."""
    cut = ((max(s.start_us, limit.start_us), min(s.end_us, limit.end_us)) for s in spans for limit in limits)
    return [Span(start_us, end_us) for start_us, end_us in cut if end_us > start_us]


def _clipped(spans: Iterable[Span], end_us: int) -> list[Span]:
    return within(spans, [Span(0, end_us)]) if end_us > 0 else []


def _spans(levels: SoundLevels, chosen: NDArray[np.bool_]) -> list[Span]:
    pairs = zip(levels.starts_us[chosen].tolist(), levels.ends_us[chosen].tolist(), strict=True)
    return [Span(start, end) for start, end in pairs if end > start]


def _joined(spans: Iterable[Span], within_us: int) -> list[Span]:
    joined: list[Span] = []
    for span in spans:
        if joined and span.start_us - joined[-1].end_us <= within_us:
            joined[-1] = Span(joined[-1].start_us, max(joined[-1].end_us, span.end_us))
        else:
            joined.append(span)
    return joined


def _level_in(levels: SoundLevels, span: Span) -> float:
    inside = (levels.starts_us < span.end_us) & (levels.ends_us > span.start_us)
    return float(levels.dbfs[inside].max()) if inside.any() else FLOOR_DBFS
