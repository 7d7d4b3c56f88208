"""Review samples: drawn from the incidents of a stored run, reviewed, and summed up. What is drawn is never changed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from sqlmodel import Session

from bwc_audit.audit.setup import Audit, now_us
from bwc_audit.domain.findings import FindingKind
from bwc_audit.domain.noise_rate import SampleResult, sample_result
from bwc_audit.domain.review_frame import frame_of
from bwc_audit.domain.review_sample import ALGORITHM, Allocation, Draw, Frame, Stratum, draw, size_for_width
from bwc_audit.domain.reviews import DrawnIncident, FindingToReview, Review, Standing, Verdict, standings, why_not
from bwc_audit.domain.runs import FindingState, ObservedFinding, Run
from bwc_audit.domain.shifts import shifts_of
from bwc_audit.errors import BwcAuditError, ConfigurationError
from bwc_audit.store import review_samples as stored
from bwc_audit.store import runs
from bwc_audit.store.database import reading, writing
from bwc_audit.store.observations import load_counted
from bwc_audit.store.rates import load_rates
from bwc_audit.store.review_samples import FramedIncident, ReviewSample


@dataclass(frozen=True, slots=True)
class SampleRequest:
    """What is to be drawn. Either ``size`` incidents, or as many as an interval ``width`` wide (0..1) needs where a share
    comes out as ``expected``."""

    seed: str
    size: int | None = None
    width: float | None = None
    expected: float = 0.5
    by: tuple[str, ...] = ()
    frame: Frame = Frame.ALL
    allocation: Allocation = Allocation.PROPORTIONAL


@dataclass(frozen=True, slots=True)
class SampleView:
    """A sample with everything that is known of it. ``frame``: every incident; ``standings``: those drawn, in the order to
    review in."""

    sample: ReviewSample
    strata: tuple[Stratum, ...]
    standings: tuple[Standing, ...]
    result: SampleResult
    frame: tuple[FramedIncident, ...] = ()


@dataclass(frozen=True, slots=True)
class Said:
    """What a reviewer says of a drawn incident: of one finding (``finding``: its public id or fingerprint), of all of its
    findings (None), or of an incident without any (with the ``kinds`` that were missed)."""

    verdict: Verdict
    finding: str | None = None
    kinds: tuple[FindingKind, ...] = ()


class ReviewedMeanwhile(BwcAuditError):  # noqa: N818  # what happened, not a fault
    """Somebody else recorded a verdict on the incident since its author looked; nothing was stored."""


def draw_sample(audit: Audit, run: Run, request: SampleRequest, drawn_by: str) -> tuple[ReviewSample, bool]:
    """Draw a sample from a run and store it; (the sample, whether it is new). Drawing again changes nothing.

    Raises ``ConfigurationError`` for a request that cannot be met."""
    with reading(audit.engine) as session:
        drawn = _draw(session, audit, run, request)
    width, expected = (request.width, request.expected) if request.width is not None else (None, None)
    sample = ReviewSample(
        sample_id=_sample_id(run.run_id, request, drawn),
        run_id=run.run_id,
        frame=request.frame,
        strata_by=request.by,
        allocation=request.allocation,
        seed=request.seed,
        width=width,
        expected=expected,
        algorithm=ALGORITHM,
        frame_size=len(drawn.frame),
        size=len(drawn.picks),
        digest=drawn.digest,
        drawn_us=now_us(),
        drawn_by=drawn_by,
    )
    with writing(audit.engine) as session:
        is_new = stored.store_sample(session, sample, drawn)
        return (sample if is_new else _sample_named(session, sample.sample_id)), is_new


def sample_view(audit: Audit, sample_id: str, *, with_frame: bool = False) -> SampleView:
    """Everything known of a sample. Raises ``ConfigurationError`` where there is none of this id."""
    with reading(audit.engine) as session:
        sample = _sample_named(session, sample_id)
        strata, standing = _standings(session, sample)
        frame = stored.load_frame(session, sample_id) if with_frame else ()
    return SampleView(sample, strata, standing, sample_result(standing, strata), frame)


def result_of_sample(session: Session, sample: ReviewSample) -> SampleResult:
    """What the reviews of a sample say so far."""
    strata, standing = _standings(session, sample)
    return sample_result(standing, strata)


def record_reviews(
    audit: Audit,
    sample_id: str,
    incident_id: str,
    said: Sequence[Said],
    *,
    reviewer: str,
    comment: str = "",
    seen: int | None = None,
) -> tuple[Review, ...]:
    """Add verdicts on a drawn incident: all of them, or none. ``seen``: how many verdicts on it their author knew of, None:
    it does not matter. Returns what was added.

    Raises ``ConfigurationError`` where one does not fit, ``ReviewedMeanwhile`` where there are others than those seen."""
    if not reviewer.strip():
        raise ConfigurationError("a review needs a reviewer: it is recorded with it")
    with writing(audit.engine) as session:
        sample = _sample_named(session, sample_id)
        drawn = {one.incident_id: one for one in _drawn(session, sample)}
        if incident_id not in drawn:
            raise ConfigurationError(
                f"{incident_id!r} was not drawn in {sample_id}: `bwc-audit sample show {sample_id}` lists what was"
            )
        if seen is not None and stored.count_reviews(session, sample_id, incident_id, is_held=True) != seen:
            raise ReviewedMeanwhile("Somebody else recorded a verdict while you were looking. Nothing of yours was stored.")
        at_us = now_us()
        reviews = tuple(
            review for one in said for review in _reviews(drawn[incident_id], one, reviewer.strip(), comment, at_us)
        )
        stored.append_reviews(session, sample_id, reviews)
    return reviews


def _reviews(incident: DrawnIncident, said: Said, reviewer: str, comment: str, at_us: int) -> tuple[Review, ...]:
    meant = [one for one in incident.findings if said.finding in (None, one.finding_id, one.fingerprint)]
    fingerprint = said.finding if said.finding is not None and not meant else None
    if (problem := why_not(incident, fingerprint, said.verdict, said.kinds)) is not None:
        raise ConfigurationError(problem)
    if meant:
        return tuple(
            Review(incident.incident_id, one.fingerprint, said.verdict, one.kind, reviewer, at_us, comment) for one in meant
        )
    missed: Sequence[FindingKind | None] = tuple(dict.fromkeys(said.kinds)) or (None,)
    return tuple(Review(incident.incident_id, None, said.verdict, kind, reviewer, at_us, comment) for kind in missed)


def _draw(session: Session, audit: Audit, run: Run, request: SampleRequest) -> Draw:
    if (request.size is None) == (request.width is None):
        raise ConfigurationError("say either how many incidents to draw, or how wide the interval may be")
    book = load_rates(session, run.run_id, ())
    shifts = book.shifts if book else shifts_of(audit.settings.shifts)
    with_findings = {one.finding.incident_id for one in _counted(session, run.run_id) if one.finding.incident_id is not None}
    incidents, results = runs.load_incidents(session, run.run_id), runs.load_results(session, run.run_id)
    try:
        entries = frame_of(
            request.frame, incidents, results, with_findings, request.by, ZoneInfo(run.request.timezone), shifts
        )
        if not entries:
            raise ConfigurationError(f"run {run.run_id} holds no incident of the frame {request.frame!s}: nothing to draw")
        size = request.size
        if request.width is not None:
            size = size_for_width(len(entries), request.width, request.expected)
        return draw(entries, size or 0, request.seed, request.allocation)
    except ValueError as error:
        raise ConfigurationError(str(error)) from error


def _sample_id(run_id: str, request: SampleRequest, drawn: Draw) -> str:
    content = json.dumps([run_id, str(request.frame), list(request.by), request.width, request.expected, drawn.digest])
    return f"RS-{hashlib.sha256(content.encode()).hexdigest()[:12]}"


def _sample_named(session: Session, sample_id: str) -> ReviewSample:
    sample = stored.load_sample(session, sample_id)
    if sample is None:
        raise ConfigurationError(f"there is no review sample {sample_id!r}: `bwc-audit sample list` lists them")
    return sample


def _standings(session: Session, sample: ReviewSample) -> tuple[tuple[Stratum, ...], tuple[Standing, ...]]:
    strata = stored.load_strata(session, sample.sample_id)
    return strata, standings(_drawn(session, sample), stored.load_reviews(session, sample.sample_id))


def _drawn(session: Session, sample: ReviewSample) -> tuple[DrawnIncident, ...]:
    """The drawn incidents in the order to review in, each with the findings that the run of the sample counted."""
    found: dict[str, list[FindingToReview]] = {}
    drawn = stored.load_frame(session, sample.sample_id, is_drawn=True)
    for one in load_counted(session, sample.run_id, [each.incident_id for each in drawn]):
        fact = one.finding
        shown = FindingToReview(fact.fingerprint, one.finding_id, fact.kind, fact.officer_id, fact.message)
        found.setdefault(fact.incident_id or "", []).append(shown)
    return tuple(DrawnIncident(one.incident_id, one.stratum, tuple(found.get(one.incident_id, ()))) for one in drawn)


def _counted(session: Session, run_id: str) -> tuple[ObservedFinding, ...]:
    """Open findings that are not borderline: what the run published."""
    return runs.load_observed(session, run_id, state=FindingState.OPEN, include_borderline=False)
