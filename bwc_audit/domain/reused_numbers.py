"""Incident numbers that stood for another call in an earlier run: systems of dispatchers restart them, some every day.

Where both calls are in the sources they contradict each other, and neither is judged. Where a file took the place of the
older one nothing does, and what was found and decided of the one call stands under the number of the other.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from bwc_audit.domain.phrases import said_moment
from bwc_audit.domain.results import IncidentResult
from bwc_audit.domain.times import HOUR_US

#: A call whose opening moved by more is another call; corrections are of minutes, and zones of hours.
_ANOTHER_CALL_US = 14 * HOUR_US


def said_of_reused_numbers(incidents: Iterable[IncidentResult], earlier_us: Mapping[str, int]) -> tuple[str, ...]:
    """A sentence for each incident that was opened at another time when it was judged before (``earlier_us``: when, by id,
    microseconds UTC)."""
    return tuple(
        f"incident {one.incident_id} is a call of {said_moment(one.opened_us)} here and was one of "
        f"{said_moment(earlier_us[one.incident_id])} when it was judged before: what was found and decided of either stands "
        "under one number; numbers that restart need their date (`combined` in the mapping)"
        for one in incidents
        if abs(one.opened_us - earlier_us.get(one.incident_id, one.opened_us)) > _ANOTHER_CALL_US
    )
