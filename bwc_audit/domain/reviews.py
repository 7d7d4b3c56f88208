"""What reviewers say about the incidents of a sample: whether each finding holds, and whether something was missed.

About the audit, not about officers: *noise* means that the measured fact was wrong, whatever anybody did.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from bwc_audit.domain.findings import FindingKind


class Verdict(StrEnum):
    """Of a finding: ``confirmed``, ``noise``, ``cannot_tell``. Of an incident without findings: ``nothing_missed``,
    ``missed`` (with a kind), ``cannot_tell``."""

    CONFIRMED = "confirmed"
    NOISE = "noise"
    NOTHING_MISSED = "nothing_missed"
    MISSED = "missed"
    CANNOT_TELL = "cannot_tell"


@dataclass(frozen=True, slots=True)
class Review:
    """One verdict. ``fingerprint`` names the finding, None: the incident has none; ``kind`` is that of the finding, or of
    what was missed. Rows of one record (several kinds missed) share ``at_us``."""

    incident_id: str
    fingerprint: str | None
    verdict: Verdict
    kind: FindingKind | None
    reviewer: str
    at_us: int
    comment: str = ""


@dataclass(frozen=True, slots=True)
class FindingToReview:
    """A counted finding of a drawn incident."""

    fingerprint: str
    finding_id: str
    kind: FindingKind
    officer_id: str | None = None
    message: str = ""


@dataclass(frozen=True, slots=True)
class DrawnIncident:
    """One incident of a sample with the findings that the run counted in it."""

    incident_id: str
    stratum: str
    findings: tuple[FindingToReview, ...] = ()


@dataclass(frozen=True, slots=True)
class Standing:
    """How a drawn incident stands: the latest verdict on each finding, or on an incident without any the latest record."""

    incident: DrawnIncident
    of_findings: dict[str, Review]
    of_incident: tuple[Review, ...] = ()

    @property
    def is_reviewed(self) -> bool:
        """Everything that had to be said was said."""
        if self.incident.findings:
            return all(one.fingerprint in self.of_findings for one in self.incident.findings)
        return bool(self.of_incident)


def standings(drawn: Iterable[DrawnIncident], reviews: Sequence[Review]) -> tuple[Standing, ...]:
    """How every drawn incident stands, in the order of ``drawn``; ``reviews`` oldest first."""
    of_findings: dict[str, dict[str, Review]] = {}
    of_incident: dict[str, list[Review]] = {}
    for review in reviews:
        if review.fingerprint is not None:
            of_findings.setdefault(review.incident_id, {})[review.fingerprint] = review
        else:
            earlier = of_incident.get(review.incident_id, [])
            is_same_record = bool(earlier) and (earlier[-1].at_us, earlier[-1].reviewer) == (review.at_us, review.reviewer)
            of_incident[review.incident_id] = [*earlier, review] if is_same_record else [review]
    return tuple(
        Standing(one, of_findings.get(one.incident_id, {}), tuple(of_incident.get(one.incident_id, ()))) for one in drawn
    )


def why_not(incident: DrawnIncident, fingerprint: str | None, verdict: Verdict, kinds: Sequence[FindingKind]) -> str | None:
    """Why such a verdict cannot be recorded, in words; None: it can."""
    of_a_finding = verdict in (Verdict.CONFIRMED, Verdict.NOISE)
    of_none = verdict in (Verdict.MISSED, Verdict.NOTHING_MISSED)
    if of_none and incident.findings:
        return f"the run counted findings in {incident.incident_id}: say confirmed, noise or cannot_tell of each"
    if of_a_finding and not incident.findings:
        return f"the run counted no finding in {incident.incident_id}: say nothing_missed, missed or cannot_tell"
    if fingerprint is not None and all(one.fingerprint != fingerprint for one in incident.findings):
        return f"no such finding was counted in {incident.incident_id}"
    if (verdict is Verdict.MISSED) != bool(kinds):
        return "missed needs the kind of what was missed; no other verdict takes one"
    return None
