"""A kept inspection under the limits in force now: decided anew from its measures, without any video."""

from __future__ import annotations

from dataclasses import replace

from bwc_audit.detectors.judge import said_doubt, weigh
from bwc_audit.domain.inspection import Inspection
from bwc_audit.domain.policy import UsabilityRules


def judged(inspection: Inspection, rules: UsabilityRules) -> Inspection:
    """The inspection with its defects as the rules see them, and what they leave in doubt among what was not examined.

    An unreadable file has no measures and stays as it is.
    """
    if inspection.measures is None:
        return inspection
    judgement = weigh(inspection.measures, rules)
    doubts = tuple(said_doubt(doubt) for doubt in judgement.doubtful)
    return replace(inspection, defects=judgement.defects, not_examined=(*inspection.not_examined, *doubts))
