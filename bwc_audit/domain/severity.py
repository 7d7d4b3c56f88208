"""How grave a finding is: by what was measured beyond the clause, or by what kind of fact it is.

Severity orders the reading; it says nothing about anybody's fault.
"""

from __future__ import annotations

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


def severity_of_excess(excess_us: int, rules: SeverityRules) -> Severity:
    """By time beyond what the clause allows, microseconds."""
    if excess_us >= us_of_seconds(rules.high_s):
        return Severity.HIGH
    return Severity.MEDIUM if excess_us >= us_of_seconds(rules.medium_s) else Severity.LOW
