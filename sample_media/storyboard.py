"""The sample day of a small force, from 05:38 to past midnight: early turn, late turn, night turn, paperwork."""

from __future__ import annotations

from sample_media import early_turn, late_turn, night_turn, paperwork
from sample_media.day import Day


def the_day() -> Day:
    """Tells the whole day anew."""
    day = Day()
    early_turn.tell(day)
    late_turn.tell(day)
    night_turn.tell(day)
    paperwork.tell(day)
    return day
