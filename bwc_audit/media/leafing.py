"""Pages of small pictures of what a deep look went over, one picture a second: for leafing through."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from bwc_audit.domain.inspection import Sheet
from bwc_audit.domain.spans import without
from bwc_audit.domain.times import SECOND_US, Span
from bwc_audit.media.contact_sheet import TILE_WIDTH, ContactPage, Picture, TileState, contact_pages
from bwc_audit.media.decoding import SampledFrame
from bwc_audit.media.look import Look
from bwc_audit.media.plan import frames_inside
from bwc_audit.media.reel import Reel
from bwc_audit.media.stills import small_picture

#: Pages of one file: ten minutes. The reviewer of a longer window has its stills, and the video itself.
_MOST_PAGES = 10


@dataclass(slots=True)
class Leaves:
    """Small pictures of the first frame of each second, kept as a deep look comes by them: at most 26 MB."""

    _wanted: frozenset[int]
    _kept: dict[int, Picture] = field(default_factory=dict)

    def keep(self, frame: SampledFrame) -> None:
        """Keep the frame's picture if it stands for a second."""
        if frame.number in self._wanted and frame.number not in self._kept:
            self._kept[frame.number] = small_picture(frame.picture, TILE_WIDTH)

    def sheets(self, reel: Reel, spans: Sequence[Span], look: Look) -> tuple[Sheet, ...]:
        """Pages over the spans, in order, at most ten. What was damaged or not looked at is drawn as such."""
        sheets: list[Sheet] = []
        for span in spans:
            unseen = [part for part in without([span], look.spans) if part.length_us >= SECOND_US]
            frames = self._frames(reel, span, look)
            for page in contact_pages(frames, span, (reel.video.width, reel.video.height), unseen=unseen):
                if len(sheets) == _MOST_PAGES:
                    return tuple(sheets)
                sheets.append(_sheet(page))
        return tuple(sheets)

    def _frames(self, reel: Reel, span: Span, look: Look) -> Iterator[tuple[int, Picture | None]]:
        damaged_us = {one.start_us for one in look.damaged}
        for number in sorted(self._wanted.intersection(frames_inside(reel.table, span))):
            at_us = int(reel.table.times_us[number])
            if number in self._kept or at_us in damaged_us:
                yield at_us, self._kept.get(number)


def leaves_for(reel: Reel, spans: Sequence[Span]) -> Leaves:
    """For the spans (united, media time): one frame for each second that holds any."""
    numbers = set()
    for span in spans:
        for at_us in range(span.start_us, min(span.end_us, span.start_us + _MOST_PAGES * 60 * SECOND_US), SECOND_US):
            number = reel.table.frame_at(at_us)
            if number is not None and reel.table.times_us[number] < min(at_us + SECOND_US, span.end_us):
                numbers.add(number)
    return Leaves(frozenset(numbers))


def _sheet(page: ContactPage) -> Sheet:
    states = Counter(tile.state for tile in page.tiles)
    return Sheet(
        span=page.span,
        jpeg=page.jpeg,
        sha256=page.sha256,
        seconds=len(page.tiles),
        damaged=states[TileState.DAMAGED] + states[TileState.DAMAGED_IN_PART],
        without_frame=states[TileState.NO_FRAME],
        not_looked_at=states[TileState.NOT_LOOKED_AT],
    )
