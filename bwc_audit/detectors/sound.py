"""Sound levels to spans of silence, of missing and of clipped sound. A block without a level (NaN) is sound, not measured.

Digital silence is a level below ``silence_dbfs``; a quiet room (about -63 dBFS) is far above it. Silence at the very
start is how a pre-event buffer shows, and is ``silent_lead_in``: up to the buffer the metadata state (with tolerance),
or up to ``lead_in_unknown_s`` where they state none. A silence that lasts from the first to the last sound of a file
with unknown buffer is muted as a whole, since no buffer reaches to the end of a recording.
Whether somebody pressed mute, or a setting did, is not known here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from bwc_audit.domain.inspection import Defect, DefectKind
from bwc_audit.domain.measures import SoundLevels
from bwc_audit.domain.policy import UsabilityRules
from bwc_audit.domain.spans import joined, within, without
from bwc_audit.domain.times import SECOND_US, Span, us_of_seconds

#: What no level can go below: full scale over a 24-bit step squared and then some; stands for exact zeros.
FLOOR_DBFS = -200.0
#: From here on a sample is at full scale: a lossy codec lets clipped tops swing by a hundredth.
_FULL_SCALE = 0.99
#: Blocks this near each other are one: packet times are rounded to the container's ticks.
_JOIN_US = 100_000
#: Sound may begin this late (encoder priming, first packet) and still begin at the start.
_START_US = 500_000
#: A lead-in shorter than this is the encoder's own.
_LEAST_LEAD_IN_US = 1_000_000
#: Overdriven speech is overdriven only while somebody speaks.
_PAUSE_US = 3 * SECOND_US
#: Condensed blocks: their greatest length, the limits that none of them crosses, and how far packet times are rounded.
_BLOCK_US, _SIDES, _TICKS_US = 500_000, (-100.0, -90.0, -80.0, -70.0), 1_000

Floats = NDArray[np.float64]

__all__ = ["FLOOR_DBFS", "SoundLevels", "block_levels", "condensed", "level_dbfs", "sound_defects", "unit_samples"]


def level_dbfs(samples: NDArray[np.generic]) -> float:
    """RMS level over all channels, dB relative to full scale; ``FLOOR_DBFS`` for exact silence or no samples."""
    dbfs, _ = block_levels(unit_samples(samples.reshape(1, -1)))
    return float(dbfs[0])


def unit_samples(samples: NDArray[np.generic]) -> NDArray[np.float32]:
    """Samples of any form as -1..1; what is no number is no sound."""
    values = samples.astype(np.float32, copy=False)
    if samples.dtype.kind in "iu":
        half = np.float32(2 ** (samples.dtype.itemsize * 8 - 1))
        return (values - half if samples.dtype.kind == "u" else values) / half
    return values if np.isfinite(values).all() else np.nan_to_num(values, nan=0.0, posinf=1.0, neginf=-1.0)


def block_levels(values: NDArray[np.float32]) -> tuple[Floats, Floats]:
    """Of blocks of one length (``blocks x samples`` of all channels together, -1..1): RMS level, dB relative to full scale
    (``FLOOR_DBFS`` for exact silence), and share of samples at full scale (0-1)."""
    if not values.shape[1]:
        return np.full(len(values), FLOOR_DBFS), np.zeros(len(values))
    power = np.einsum("ij,ij->i", values, values).astype(np.float64) / values.shape[1]
    dbfs = 10 * np.log10(np.maximum(power, 10 ** (FLOOR_DBFS / 10)))
    clipped = np.zeros(len(values))
    loud = np.flatnonzero(np.maximum(values.max(axis=1), -values.min(axis=1)) >= _FULL_SCALE)
    clipped[loud] = np.mean(np.abs(values[loud]) >= _FULL_SCALE, axis=1)
    return dbfs, clipped


def sound_defects(levels: SoundLevels, video_end_us: int, buffer_us: int | None, rules: UsabilityRules) -> list[Defect]:
    """``silent_lead_in``, ``audio_muted`` and ``audio_missing`` inside ``examined``, clipped to ``[0, video_end_us)``."""
    is_silent = levels.dbfs < rules.silence_dbfs
    sounding = joined(_spans(levels, ~is_silent))
    # What lies between two silent blocks is silence as well where it is a rounding, not where it is a short beep.
    silent = without(joined(_spans(levels, is_silent), _JOIN_US), sounding)
    heard = joined(_spans(levels, np.ones(levels.dbfs.shape, dtype=bool)), _JOIN_US)
    examined = _clipped(levels.examined, video_end_us)
    absent = without(examined, [*heard, *levels.failed])
    defects: list[Defect] = []
    quiet = without(joined([*absent, *silent], _JOIN_US), sounding)
    lead_in_end = _lead_in_end(quiet, levels, video_end_us, buffer_us, rules)
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
    defects += _clipped_spans(levels, examined, rules)
    return sorted(defects, key=lambda defect: (defect.start_us, defect.kind))


def condensed(levels: SoundLevels) -> SoundLevels:
    """The levels in blocks of up to half a second, in half decibels, so that hours of sound take little room.

    Neighbouring blocks become one where both are on the same side of -100, -90, -80 and -70 dBFS, so that the ends of
    silence stay exact there; the loudest level counts, and the mean share of clipped samples. Blocks with no level
    (NaN: not decoded) stay as they are.
    """
    has_shares = levels.clipped_share.size == levels.dbfs.size
    shares = levels.clipped_share if has_shares else np.zeros(levels.dbfs.size)
    side = np.digitize(np.nan_to_num(levels.dbfs, nan=1_000.0), _SIDES)
    rows: list[list[float]] = []
    last_side = -1
    columns = (levels.starts_us.tolist(), levels.ends_us.tolist(), levels.dbfs.tolist(), shares.tolist(), side.tolist())
    for start, end, level, share, this_side in zip(*columns, strict=True):
        is_next = (
            rows and this_side == last_side and abs(start - rows[-1][1]) <= _TICKS_US and end - rows[-1][0] <= _BLOCK_US
        )
        if is_next and not np.isnan(level):
            rows[-1][1:] = [end, max(rows[-1][2], level), rows[-1][3] + share, rows[-1][4] + 1]
        else:
            rows.append([start, end, level, share, 1])
        last_side = this_side
    table = np.array(rows, np.float64).reshape(-1, 5)
    return replace(
        levels,
        starts_us=table[:, 0].astype(np.int64),
        ends_us=table[:, 1].astype(np.int64),
        dbfs=np.round(table[:, 2] * 2) / 2,
        clipped_share=np.round(table[:, 3] / table[:, 4], 3) if has_shares else levels.clipped_share,
    )


def _clipped_spans(levels: SoundLevels, examined: Sequence[Span], rules: UsabilityRules) -> Iterator[Defect]:
    """``audio_clipped``: spans of at least the minimum in which enough blocks hold enough samples at full scale.

    A span begins and ends with a clipped block; between two of them at most three seconds may pass.
    """
    if levels.clipped_share.size != levels.dbfs.size:
        return
    is_clipped = levels.clipped_share >= rules.clipped_share
    for span in within(joined(_spans(levels, is_clipped), _PAUSE_US), examined):
        if span.length_us < us_of_seconds(rules.audio_minimum_s):
            continue
        inside = (levels.starts_us < span.end_us) & (levels.ends_us > span.start_us)
        clipped_us = float(np.sum((levels.ends_us - levels.starts_us)[inside & is_clipped]))
        share = min(1.0, clipped_us / span.length_us)
        if share >= rules.clipped_blocks_share:
            measures = {"clipped_blocks_share": round(share, 3)}
            measures["clipped_share"] = round(float(np.mean(levels.clipped_share[inside & is_clipped])), 4)
            yield Defect(DefectKind.AUDIO_CLIPPED, span.start_us, span.end_us, round(0.5 + 0.5 * share, 3), measures)


def _lead_in_end(
    quiet: Sequence[Span], levels: SoundLevels, video_end_us: int, buffer_us: int | None, rules: UsabilityRules
) -> int:
    """Where the silence (or the lack of sound) that begins the file ends, as far as it counts as lead-in; 0: none."""
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


def _clipped(spans: Iterable[Span], end_us: int) -> list[Span]:
    return within(spans, [Span(0, end_us)]) if end_us > 0 else []


def _spans(levels: SoundLevels, chosen: NDArray[np.bool_]) -> list[Span]:
    pairs = zip(levels.starts_us[chosen].tolist(), levels.ends_us[chosen].tolist(), strict=True)
    return [Span(start, end) for start, end in pairs if end > start]


def _level_in(levels: SoundLevels, span: Span) -> float:
    inside = (levels.starts_us < span.end_us) & (levels.ends_us > span.start_us)
    known = levels.dbfs[inside & ~np.isnan(levels.dbfs)]
    return float(known.max()) if known.size else FLOOR_DBFS
