"""A review sample as JSON (``bwc-review-sample/1``) and as a sheet of its frame."""

from __future__ import annotations

import csv
import io
from typing import Literal

from typing_extensions import TypedDict  # pydantic reads typing.TypedDict only from Python 3.12 on

from bwc_audit.audit.review_samples import SampleView
from bwc_audit.domain.findings import FindingKind
from bwc_audit.domain.noise_rate import ReviewedShare
from bwc_audit.domain.review_sample import Allocation, Frame
from bwc_audit.domain.reviews import FindingToReview, Review, Standing, Verdict
from bwc_audit.domain.times import iso_utc
from bwc_audit.report.tables import guarded


class StratumDocument(TypedDict):
    name: str
    size: int
    drawn: int


class FramedDocument(TypedDict):
    """One incident of the frame; ``pick`` null: not drawn."""

    incident_id: str
    stratum: str
    pick: int | None


class ReviewDocument(TypedDict):
    verdict: Verdict
    missed: FindingKind | None
    reviewer: str
    at: str
    comment: str


class ReviewedFindingDocument(TypedDict):
    """``review``: the latest verdict, null: none yet."""

    finding_id: str
    fingerprint: str
    kind: FindingKind
    review: ReviewDocument | None


class DrawnDocument(TypedDict):
    """One drawn incident, in the order to review in. ``reviews``: the latest record on an incident without findings."""

    incident_id: str
    stratum: str
    reviewed: bool
    findings: list[ReviewedFindingDocument]
    reviews: list[ReviewDocument]


class ReviewedShareDocument(TypedDict):
    """``kind`` null: any. ``told`` of ``drawn`` have a clear verdict, ``hits`` of those are noise or missed."""

    kind: FindingKind | None
    drawn: int
    told: int
    hits: int
    cannot_tell: int
    share: float | None
    low: float | None
    high: float | None
    band_low: float | None
    band_high: float | None


class SampleResultDocument(TypedDict):
    """``unrepresented``: incidents in strata of which none was reviewed."""

    drawn: int
    reviewed: int
    unrepresented: int
    noise: list[ReviewedShareDocument]
    missed: list[ReviewedShareDocument]


class SampleDocument(TypedDict):
    """``bwc-review-sample/1``: what was drawn from which frame by which seed, and what reviewers said so far.

    ``digest``: SHA-256 over algorithm, seed, allocation, frame and picks; the same frame and seed give it again anywhere.
    """

    schema: Literal["bwc-review-sample/1"]
    sample_id: str
    run_id: str
    frame_kind: Frame
    by: list[str]
    allocation: Allocation
    seed: str
    algorithm: str
    width: float | None
    expected: float | None
    size: int
    frame_size: int
    digest: str
    drawn_at: str
    drawn_by: str
    strata: list[StratumDocument]
    drawn: list[DrawnDocument]
    result: SampleResultDocument
    frame: list[FramedDocument]


def sample_document(view: SampleView) -> SampleDocument:
    """Everything that is known of a sample."""
    sample, result = view.sample, view.result
    return {
        "schema": "bwc-review-sample/1",
        "sample_id": sample.sample_id,
        "run_id": sample.run_id,
        "frame_kind": sample.frame,
        "by": list(sample.strata_by),
        "allocation": sample.allocation,
        "seed": sample.seed,
        "algorithm": sample.algorithm,
        "width": sample.width,
        "expected": sample.expected,
        "size": sample.size,
        "frame_size": sample.frame_size,
        "digest": sample.digest,
        "drawn_at": iso_utc(sample.drawn_us),
        "drawn_by": sample.drawn_by,
        "strata": [{"name": one.name, "size": one.size, "drawn": one.drawn} for one in view.strata],
        "drawn": [_drawn(one) for one in view.standings],
        "result": {
            "drawn": result.drawn,
            "reviewed": result.reviewed,
            "unrepresented": result.unrepresented,
            "noise": [_share(kind, one) for kind, one in result.noise.items()],
            "missed": [_share(kind, one) for kind, one in result.missed.items()],
        },
        "frame": [{"incident_id": one.incident_id, "stratum": one.stratum, "pick": one.pick} for one in view.frame],
    }


def sample_csv(view: SampleView) -> str:
    """The whole frame, an incident a line: id, stratum, whether and as which pick it was drawn, whether it was reviewed."""
    reviewed = {one.incident.incident_id for one in view.standings if one.is_reviewed}
    sheet = io.StringIO()
    writer = csv.writer(sheet, lineterminator="\n")
    writer.writerow(["incident_id", "stratum", "pick", "reviewed"])
    for one in view.frame:
        pick = "" if one.pick is None else one.pick
        is_reviewed = "" if one.pick is None else "true" if one.incident_id in reviewed else "false"
        writer.writerow([guarded(one.incident_id), guarded(one.stratum), pick, is_reviewed])
    return sheet.getvalue()


def _drawn(standing: Standing) -> DrawnDocument:
    incident = standing.incident
    return {
        "incident_id": incident.incident_id,
        "stratum": incident.stratum,
        "reviewed": standing.is_reviewed,
        "findings": [_finding(one, standing.of_findings.get(one.fingerprint)) for one in incident.findings],
        "reviews": [_review(one) for one in standing.of_incident],
    }


def _finding(finding: FindingToReview, review: Review | None) -> ReviewedFindingDocument:
    return {
        "finding_id": finding.finding_id,
        "fingerprint": finding.fingerprint,
        "kind": finding.kind,
        "review": None if review is None else _review(review),
    }


def _review(review: Review) -> ReviewDocument:
    return {
        "verdict": review.verdict,
        "missed": review.kind if review.verdict is Verdict.MISSED else None,
        "reviewer": review.reviewer,
        "at": iso_utc(review.at_us),
        "comment": review.comment,
    }


def _share(kind: FindingKind | None, one: ReviewedShare) -> ReviewedShareDocument:
    return {
        "kind": kind,
        "drawn": one.drawn,
        "told": one.told,
        "hits": one.hits,
        "cannot_tell": one.cannot_tell,
        "share": one.share,
        "low": one.low,
        "high": one.high,
        "band_low": one.band_low,
        "band_high": one.band_high,
    }
