"""Until when each recording is kept: as its metadata state, else the policy's days for its categories after its start."""

from __future__ import annotations

import numpy as np

from bwc_audit.domain.coverage import NO_TIME, Int
from bwc_audit.domain.placement import Placements
from bwc_audit.domain.policy import RetentionRules
from bwc_audit.domain.segment_table import NO_NUMBER
from bwc_audit.domain.times import DAY_US


def kept_until_us(placements: Placements, indices: Int, rules: RetentionRules) -> Int:
    """For each of these recordings when its file may be deleted, microseconds UTC; ``NO_TIME``: it was deleted already."""
    table, segment = placements.table, placements.segment[indices]
    usual_us = np.array([round(rules.days_of(entered) * DAY_US) for entered in table.categories.values], np.int64)
    by_policy = placements.start_us[indices] + usual_us[table.categories.code[segment]]
    stated = table.retention_until_us[segment]
    until_us = np.where(stated == NO_NUMBER, by_policy, stated)
    return np.where(table.deleted_us[segment] == NO_NUMBER, until_us, NO_TIME)


def ends_soon(until_us: Int, as_of_us: int, rules: RetentionRules) -> Int:
    """Places of those that may be deleted within ``warning_days`` of *as of*, or may be already; ascending."""
    limit_us = as_of_us + round(rules.warning_days * DAY_US)
    return np.flatnonzero((until_us != NO_TIME) & (until_us <= limit_us))
