"""Pages of small pictures of what a deep look went over, one picture a second: for leafing through."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from bwc_audit.domain.inspection import Sheet
from bwc_audit.domain.times import SECOND_US, Span
from bwc_audit.media.contact_sheet import TILE_WIDTH, ContactPage, TileState, contact_pages
from bwc_audit.media.decoding import DecodeLog
from bwc_audit.media.look import Look
from bwc_audit.media.plan import left_of
from bwc_audit.media.reel import Reel
from bwc_audit.media.stills import small_picture

#: Pages of one file: ten minutes. The reviewer of a longer window has its stills, and the video itself.
_MOST_PAGES = 10


def sheets_of(reel: Reel, spans: Sequence[Span], look: Look) -> tuple[Sheet, ...]:
    """Pages over the spans, in order, at most ten; their frames are decoded once more, one a second."""
    sheets: list[Sheet] = []
    for span in spans:
        unseen = [part for part in left_of(span, look.spans) if part.length_us >= SECOND_US]
        for page in contact_pages(_frames(reel, span), span, (reel.video.width, reel.video.height), unseen=unseen):
            if len(sheets) == _MOST_PAGES:
                return tuple(sheets)
            sheets.append(_sheet(page))
    return tuple(sheets)


def _frames(reel: Reel, span: Span) -> Iterator[tuple[int, NDArray[np.uint8] | None]]:
    """One frame for each second of the span that holds any, None where it is damaged."""
    numbers: list[int] = []
    for at_us in range(span.start_us, min(span.end_us, span.start_us + _MOST_PAGES * 60 * SECOND_US), SECOND_US):
        number = reel.table.frame_at(at_us)
        if number is not None and reel.table.times_us[number] < min(at_us + SECOND_US, span.end_us):
            numbers.append(number)
    log = DecodeLog()
    for frame in reel.frames(numbers, log):
        yield frame.at_us, None if frame.is_corrupt else small_picture(frame.picture, TILE_WIDTH)


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
