"""From the measures of one file and the policy to its defects: the one place where that is decided.

Pure: the same measures and rules give the same answer, so that a changed rule needs no video. What was not sampled is
not known here. A span is claimed only inside what was examined, up to the display end of its last defective sample.

What looks defective and cannot be told from something harmless is *doubtful*: it is no defect and it is not clean
either. Whoever keeps the outcome says so among what was not examined.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from bwc_audit.detectors.sound import sound_defects
from bwc_audit.detectors.timing import gap_defects
from bwc_audit.detectors.turning import turns
from bwc_audit.detectors.visual import breaks_between, dark_spans, visual_defects
from bwc_audit.domain.inspection import DEFECT_TITLE, Defect, DefectKind
from bwc_audit.domain.measures import Lengths, Measures
from bwc_audit.domain.policy import UsabilityRules
from bwc_audit.domain.times import SECOND_US, Span, us_of_seconds

_SOUND_KINDS = frozenset(
    {DefectKind.AUDIO_MISSING, DefectKind.AUDIO_MUTED, DefectKind.AUDIO_CLIPPED, DefectKind.SILENT_LEAD_IN}
)


@dataclass(frozen=True, slots=True)
class Judgement:
    """``defects``: what is claimed. ``doubtful``: what looks so with less than ``minimum_confidence``, never claimed."""

    defects: tuple[Defect, ...]
    doubtful: tuple[Defect, ...] = ()


def judge(measures: Measures, rules: UsabilityRules) -> tuple[Defect, ...]:
    """The defects of one file, in order of time; see ``weigh`` for what stays doubtful."""
    return weigh(measures, rules).defects


def weigh(measures: Measures, rules: UsabilityRules) -> Judgement:
    """Defects and doubts of one file, each in order of start, end and kind; spans of one kind never touch."""
    breaks_us = breaks_between(measures.pictures, measures.step_us)
    found = [
        *visual_defects(measures.pictures, rules, breaks_us),
        *dark_spans(measures.pictures, rules, breaks_us),
        *turns(measures, rules),
        *decode_defects(measures.damaged, measures.step_us),
        *gap_defects(measures.gaps, rules),
        *length_defects(measures.lengths, rules),
        *_sound(measures, rules),
    ]
    found.sort(key=lambda defect: (defect.start_us, defect.end_us, defect.kind))
    certain = tuple(one for one in found if one.confidence >= rules.minimum_confidence)
    return Judgement(certain, tuple(one for one in found if one.confidence < rules.minimum_confidence))


def said_doubt(doubt: Defect) -> str:
    """A doubtful span as a remark on what was not examined."""
    span = f"{doubt.start_us / SECOND_US:.1f} s to {doubt.end_us / SECOND_US:.1f} s"
    what = "sound" if doubt.kind in _SOUND_KINDS else "pictures"
    title = DEFECT_TITLE[doubt.kind]
    return f"{what}: from {span} it cannot be told whether this is so or not: {title[0].lower()}{title[1:]}"


def decode_defects(damaged: Sequence[Span], step_us: int) -> Iterator[Defect]:
    """Damaged frames that follow each other within ``step_us`` are one defect."""
    run: list[Span] = []
    for frame in sorted(damaged):
        if run and frame.start_us - run[-1].start_us > step_us:
            yield _damage(run)
            run = []
        run.append(frame)
    if run:
        yield _damage(run)


def _damage(run: Sequence[Span]) -> Defect:
    end_us = max(frame.end_us for frame in run)
    return Defect(DefectKind.DECODE_ERROR, run[0].start_us, end_us, 1.0, {"frames": float(len(run))})


def length_defects(lengths: Lengths, rules: UsabilityRules) -> Iterator[Defect]:
    """``truncated``: the file ends before what it says it holds. ``duration_mismatch``: against the metadata."""
    tolerance_us = us_of_seconds(rules.duration_tolerance_s)
    reached_us = max(lengths.held_us, lengths.audio_end_us or 0)
    claimed_us = lengths.held_us if lengths.claimed_us is None else lengths.claimed_us
    if lengths.missing_frames or lengths.missing_bytes or claimed_us - reached_us > tolerance_us:
        measures = {
            "missing_frames": float(lengths.missing_frames),
            "missing_bytes": float(lengths.missing_bytes),
            "claimed_s": claimed_us / SECOND_US,
            "held_s": lengths.held_us / SECOND_US,
        }
        end_us = max(claimed_us, lengths.held_us, lengths.expected_us or 0)
        yield Defect(DefectKind.TRUNCATED, lengths.held_us, end_us, 1.0, measures)
    if lengths.expected_us is None:
        return
    difference_us = claimed_us - lengths.expected_us
    if abs(difference_us) > tolerance_us:
        measures = {
            "container_s": claimed_us / SECOND_US,
            "expected_s": lengths.expected_us / SECOND_US,
            "difference_s": difference_us / SECOND_US,
        }
        start_us, end_us = sorted((max(0, claimed_us), lengths.expected_us))
        yield Defect(DefectKind.DURATION_MISMATCH, start_us, end_us, 1.0, measures)


def _sound(measures: Measures, rules: UsabilityRules) -> Iterable[Defect]:
    end_us = measures.lengths.video_end_us
    if not measures.has_sound_track:
        return [Defect(DefectKind.AUDIO_MISSING, 0, end_us, 1.0, {"tracks": 0.0})] if end_us > 0 else []
    return [] if measures.sound is None else sound_defects(measures.sound, end_us, measures.buffer_us, rules)
