"""Tables of review samples: drawn once with their frame, never changed; reviews are only ever added."""

from __future__ import annotations

from typing import Any, ClassVar

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index

from bwc_audit.domain.review_sample import Allocation, Frame
from bwc_audit.domain.reviews import Verdict
from bwc_audit.store.columns import Stored, document, integer, not_negative, number, one_of, small, text


class ReviewSampleRow(Stored, table=True):
    """One sample: what was asked for, and the digest of what came out."""

    __tablename__ = "review_sample"
    __table_args__: ClassVar[Any] = (
        one_of("frame", Frame),
        one_of("allocation", Allocation),
        *not_negative("frame_size", "size"),
        CheckConstraint("size <= frame_size", name="size_within_frame"),
        Index(None, "run_id"),
    )

    sample_id: str = text("RS- and the first 12 digits of the digest", primary_key=True)
    run_id: str = text("audit run whose incidents are the frame", foreign_key="run.run_id")
    frame: str = text("all, covered or findings: which incidents of the run")
    strata_by: list[str] = document("fields that make the strata, in order; none: one stratum")
    allocation: str = text("proportional, neyman or equal")
    seed: str = text("any text")
    width: float | None = number("wanted width of the 95 % interval, 0..1; null: a size was asked for", default=None)
    expected: float | None = number("share the width was worked out for, 0..1; null: a size was asked for", default=None)
    algorithm: str = text("how picks are made")
    frame_size: int = integer("incidents in the frame")
    size: int = integer("incidents drawn")
    digest: str = text("SHA-256 over frame, strata, seed and picks")
    drawn_us: int = integer("microseconds UTC, clock of the audit")
    drawn_by: str = text("who drew it")


class ReviewFrameRow(Stored, table=True):
    """One incident of the frame of a sample."""

    __tablename__ = "review_frame"
    __table_args__: ClassVar[Any] = (*not_negative("pick"), Index(None, "sample_id", "pick"))

    sample_id: str = text("sample", primary_key=True, foreign_key="review_sample.sample_id")
    incident_id: str = text("incident", primary_key=True)
    stratum: str = text("stratum; empty: there is only one")
    pick: int | None = small("place among those drawn, from 0, the order to review in; null: not drawn", default=None)


class ReviewRow(Stored, table=True):
    """What a reviewer saw of one finding, or of one incident without findings; only ever added."""

    __tablename__ = "review"
    __table_args__: ClassVar[Any] = (
        one_of("verdict", Verdict),
        CheckConstraint("reviewer <> ''", name="reviewer_named"),
        CheckConstraint("verdict <> 'missed' OR kind IS NOT NULL", name="missed_kind_named"),
        CheckConstraint("verdict NOT IN ('confirmed', 'noise') OR fingerprint IS NOT NULL", name="finding_named"),
        CheckConstraint("verdict NOT IN ('missed', 'nothing_missed') OR fingerprint IS NULL", name="no_finding_named"),
        ForeignKeyConstraint(["sample_id", "incident_id"], ["review_frame.sample_id", "review_frame.incident_id"]),
        Index(None, "sample_id", "incident_id"),
    )

    review_id: int | None = small("own number, ascending in order of arrival", default=None, primary_key=True)
    sample_id: str = text("sample")
    incident_id: str = text("incident drawn")
    fingerprint: str | None = text("finding judged; null: the incident has none", default=None)
    verdict: str = text("confirmed, noise, nothing_missed, missed or cannot_tell")
    kind: str | None = text("kind of the finding judged, or that was missed; null: none", default=None)
    comment: str = text("the reviewer's words; empty: none")
    reviewer: str = text("who looked")
    at_us: int = integer("microseconds UTC, clock of the audit")
