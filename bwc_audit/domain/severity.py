"""How grave a finding is: by what was measured beyond the clause, or by what kind of fact it is.

Severity orders the reading; it says nothing about anybody's fault.
"""

from __future__ import annotations

import numpy as np

from bwc_audit.domain.coverage import Int
from bwc_audit.domain.findings import FindingKind, Severity
from bwc_audit.domain.policy import SeverityRules
from bwc_audit.domain.times import us_of_seconds

#: Kinds without a measured excess. Engineering: evidence lost or doubtful is high, evidence at risk medium, labels low.
OF_KIND: dict[FindingKind, Severity] = {
    FindingKind.OBJECT_MISSING: Severity.HIGH,
    FindingKind.UNREADABLE: Severity.HIGH,
    FindingKind.HASH_MISMATCH: Severity.HIGH,
    FindingKind.METADATA_MISSING: Severity.MEDIUM,
    FindingKind.TRUNCATED: Severity.MEDIUM,
    FindingKind.DECODE_ERROR: Severity.MEDIUM,
    FindingKind.RETENTION_RISK: Severity.MEDIUM,
    FindingKind.AUDIO_CLIPPED: Severity.LOW,
    FindingKind.SEQUENCE_GAP: Severity.MEDIUM,
    FindingKind.DURATION_MISMATCH: Severity.MEDIUM,
    FindingKind.SHORT_BUFFER: Severity.LOW,
    FindingKind.DUPLICATE: Severity.LOW,
    FindingKind.LATE_UPLOAD: Severity.LOW,
    FindingKind.INCIDENT_ID_MISSING: Severity.LOW,
    FindingKind.INCIDENT_ID_WRONG: Severity.LOW,
    FindingKind.CATEGORY_MISSING: Severity.LOW,
}


#: The steps of severity by measured excess.
STEPS = (Severity.LOW, Severity.MEDIUM, Severity.HIGH)


def steps_of_excess(excess_us: Int, rules: SeverityRules) -> Int:
    """By time beyond what the clause allows, microseconds: places in ``STEPS``."""
    is_medium = excess_us >= us_of_seconds(rules.medium_s)
    return np.where(excess_us >= us_of_seconds(rules.high_s), 2, is_medium.astype(np.int64))


def severity_of_excess(excess_us: int, rules: SeverityRules) -> Severity:
    """The same of one excess."""
    return STEPS[int(steps_of_excess(np.array([excess_us], np.int64), rules)[0])]
