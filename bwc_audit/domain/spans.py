"""Sets of time as lists of spans: joined, cut out of each other, and cut to limits. Which clock they are in is not known.

All of it is one pass over sorted lists, since lists of spans come from files and may be long.
"""

from __future__ import annotations

from collections.abc import Iterable

from bwc_audit.domain.times import Span


def joined(spans: Iterable[Span], within_us: int = 0) -> list[Span]:
    """The spans in order, those that overlap or lie no further than ``within_us`` apart as one."""
    found: list[Span] = []
    for span in sorted(spans):
        if found and span.start_us - found[-1].end_us <= within_us:
            found[-1] = Span(found[-1].start_us, max(found[-1].end_us, span.end_us))
        else:
            found.append(span)
    return found


def without(spans: Iterable[Span], removed: Iterable[Span]) -> list[Span]:
    """What is left of ``spans`` when ``removed`` is cut out, in order; what lies in two of the spans is in one of the rest.

    Spans that touch stay apart. Neither needs an order; ``removed`` may overlap.
    """
    cuts, left = joined(removed), []
    place, done_us = 0, None
    for span in sorted(spans):
        at_us = span.start_us if done_us is None else max(span.start_us, done_us)
        done_us = max(at_us, span.end_us)
        while place < len(cuts) and cuts[place].end_us <= at_us:
            place += 1
        while place < len(cuts) and cuts[place].start_us < span.end_us and at_us < span.end_us:
            if cuts[place].start_us > at_us:
                left.append(Span(at_us, cuts[place].start_us))
            at_us = cuts[place].end_us
            if at_us < span.end_us:  # else the same cut may reach into the next span
                place += 1
        if at_us < span.end_us:
            left.append(Span(at_us, span.end_us))
    return left


def within(spans: Iterable[Span], limits: Iterable[Span]) -> list[Span]:
    """The parts of ``spans`` (disjoint) that lie inside ``limits`` (disjoint), in order."""
    bounds, cut, place = sorted(limits), [], 0
    for span in sorted(spans):
        while place < len(bounds) and bounds[place].end_us <= span.start_us:
            place += 1
        reach = place
        while reach < len(bounds) and bounds[reach].start_us < span.end_us:
            cut.append(Span(max(span.start_us, bounds[reach].start_us), min(span.end_us, bounds[reach].end_us)))
            reach += 1
        place = max(place, reach - 1)
    return cut
