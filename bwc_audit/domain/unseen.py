"""How much of the time that was asked for nobody saw, of one video, and how much of what samples speak for was not decoded.
What was seen there is no matter here."""

from __future__ import annotations

from bwc_audit.domain.inspection import Inspection, InspectionRequest
from bwc_audit.domain.policy import SamplingRules
from bwc_audit.domain.spans import joined, without
from bwc_audit.domain.times import SECOND_US, Span, us_of_seconds

#: A frame begins and ends where it will: rests so short say nothing.
_LEAST_US = SECOND_US


def asked_us(request: InspectionRequest, seen: Inspection | None = None) -> int | None:
    """Media time that the request asks for; the whole file where it names no spans, None where its length is not known."""
    spans = _asked(request, seen)
    return sum(span.length_us for span in spans) if spans else None


def unseen_us(request: InspectionRequest, seen: Inspection | None, sampling: SamplingRules) -> int | None:
    """How much of it no sample speaks for: all of it where the video was not looked into (``seen`` None) or is unreadable.

    A rest of up to half the finer step counts as seen: so near to an end of what is asked for the last sample may lie.
    Time in which the file holds no frames counts as seen, for it was looked at; it is a defect of its own. None as above.
    """
    asked = _asked(request, seen)
    if not asked:
        return None
    if seen is None:
        return sum(span.length_us for span in asked)
    rest = without(asked, [*seen.examined.spans, *_frameless(seen)])
    rest_us = max(_LEAST_US, us_of_seconds(sampling.near_step_s) // 2)
    return sum(span.length_us for span in rest if span.length_us > rest_us)


def between_us(seen: Inspection) -> int:
    """Media time that samples speak for without having been decoded: there the samples on both sides are believed, and the
    sizes of the coded frames. Damage to the bytes of a frame changes no size, so there it stays unseen. 0: every frame was
    decoded, or none."""
    if seen.video is None or seen.video.average_fps <= 0:
        return 0
    shown_us = round(seen.examined.frames_sampled * SECOND_US / seen.video.average_fps)
    rest_us = seen.examined.seconds_examined_us - shown_us
    return rest_us if rest_us > _LEAST_US else 0


def _frameless(seen: Inspection) -> list[Span]:
    if seen.measures is None:
        return []
    gaps = seen.measures.gaps
    ends = zip(gaps.starts_us.tolist(), gaps.ends_us.tolist(), strict=True)
    return [Span(start_us, end_us) for start_us, end_us in ends if start_us < end_us]


def _asked(request: InspectionRequest, seen: Inspection | None) -> list[Span]:
    if request.spans:
        return joined(request.spans)
    length_us = seen.measures.lengths.held_us if seen is not None and seen.measures is not None else 0
    return [Span(0, length_us)] if length_us > 0 else []
