"""Where a burned-in clock may stand, and how it may write its date. What is not listed here is not read."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class DateOrder(StrEnum):
    """Which comes first in ``05/04/2025``. ``either``: left open, both are handed on."""

    DAY_FIRST = "day_first"
    MONTH_FIRST = "month_first"
    EITHER = "either"


@dataclass(frozen=True, slots=True)
class OverlayLayout:
    """A strip of the picture to look in, in shares (0-1) of its height and width, and the order of its dates."""

    name: str
    top: float
    bottom: float
    left: float = 0.0
    right: float = 1.0
    date_order: DateOrder = DateOrder.EITHER

    def __post_init__(self) -> None:
        if not (0 <= self.top < self.bottom <= 1 and 0 <= self.left < self.right <= 1):
            raise ValueError(f"layout {self.name}: not a part of the picture")


@dataclass(frozen=True, slots=True)
class OverlayPlace:
    """Where a clock was found: rows ``[top, bottom)`` of its digits, columns ``[left, right)``, the second line's rows.

    In pixels of the picture as it is looked at: the frame itself up to 1200 rows, shrunk by a whole number above.
    It fits later frames of the same size only."""

    top: int
    bottom: int
    left: int
    right: int
    is_light: bool
    second_top: int | None = None
    second_bottom: int | None = None


#: Both strips over the whole width hold the four corners; 15 % of 720 rows take two lines of 40 pixels.
SHIPPED_LAYOUTS = (OverlayLayout("top", 0.0, 0.15), OverlayLayout("bottom", 0.85, 1.0))
