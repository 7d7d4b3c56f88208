"""Review samples to read: which there are, what was drawn and how, how far the review is, and what it says of the audit.

They are drawn on the command line; nothing is changed here. A sample is of a whole run, over all units.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from fastapi import Request

from bwc_audit.audit.review_samples import SampleView, sample_view
from bwc_audit.domain.findings import FindingKind
from bwc_audit.domain.noise_rate import ReviewedShare, SampleResult
from bwc_audit.domain.people import Right
from bwc_audit.domain.review_sample import Allocation, Frame
from bwc_audit.domain.reviews import FindingToReview, Review, Standing, Verdict
from bwc_audit.report.contexts import Fact
from bwc_audit.report.words import KIND, number, plural
from bwc_audit.report.zone_times import moment
from bwc_audit.store import review_samples as stored
from bwc_audit.store.database import reading
from bwc_audit.store.review_samples import ReviewSample
from bwc_audit.web.addresses import finding_href, incident_href, run_href, sample_href, sample_review_href
from bwc_audit.web.guard import Asking, NotThere, Pages, Visitor
from bwc_audit.web.runs import stored_run
from bwc_audit.web.showing import Linked, When, shown, when
from bwc_audit.web.site import Site

pages = Pages()

_MOST_LISTED, _MOST_DRAWN = 100, 500

FRAME = {
    Frame.ALL: "all incidents of the run",
    Frame.COVERED: "incidents that were decided without a counted finding",
    Frame.FINDINGS: "incidents with a counted finding",
}
ALLOCATION = {
    Allocation.PROPORTIONAL: "in proportion to their size",
    Allocation.NEYMAN: "by size times spread",
    Allocation.EQUAL: "the same to each",
}
VERDICT = {
    Verdict.CONFIRMED: "confirmed",
    Verdict.NOISE: "noise: the measured fact is wrong",
    Verdict.NOTHING_MISSED: "nothing missed",
    Verdict.MISSED: "missed",
    Verdict.CANNOT_TELL: "cannot be told",
}


@dataclass(frozen=True, slots=True)
class SampleLine:
    """One sample of the list."""

    sample_id: str
    href: str
    drawn: When
    drawn_by: str
    run: Linked
    frame: str
    strata: str
    seed: str
    size: str
    reviewed: str
    is_done: bool


@dataclass(frozen=True, slots=True)
class SamplesPage:
    """``samples.html``: newest first."""

    lines: tuple[SampleLine, ...]
    sentence: str


@dataclass(frozen=True, slots=True)
class ShareRow:
    """What the review says of one kind. ``band``: all that is not told counted one way, then the other."""

    kind: str
    hits: str
    share: str
    interval: str
    band: str
    untold: str


@dataclass(frozen=True, slots=True)
class VerdictLine:
    """One finding of a drawn incident, or the incident itself where it has none (``href`` empty); ``said``: the latest
    verdict, empty: none yet."""

    label: str
    href: str
    fact: str
    said: str
    note: str


@dataclass(frozen=True, slots=True)
class DrawnLine:
    """One drawn incident. ``pick``: its place in the order to review in, from 1; ``review_href``: where verdicts on it are
    recorded, empty: not by this visitor."""

    pick: int
    incident: Linked
    review_href: str
    stratum: str
    is_reviewed: bool
    verdicts: tuple[VerdictLine, ...]


@dataclass(frozen=True, slots=True)
class SamplePage:
    """``sample.html``. ``progress``: how far the review is; ``holes``: what it does not speak of, empty: nothing; ``next``:
    where the review goes on, None: it is complete, or not this visitor's."""

    heading: str
    sample_id: str
    run: Linked
    facts: tuple[Fact, ...]
    is_done: bool
    progress: str
    holes: str
    next: Linked | None
    noise: tuple[ShareRow, ...]
    noise_sentence: str
    missed: tuple[ShareRow, ...]
    missed_sentence: str
    strata: tuple[tuple[str, str, str, str], ...]
    drawn: tuple[DrawnLine, ...]
    drawn_sentence: str


@pages.page("/samples", Right.RUNS)
def samples(request: Request, asking: Asking) -> Any:
    """The list."""
    with reading(asking.site.engine) as session:
        found = stored.load_samples(session, source=asking.site.audit.source.uri)
    lines = tuple(_line(asking, one) for one in found[:_MOST_LISTED])
    asking.note(Right.RUNS, "listed", "review samples", plural(len(found), "sample"), once=True)
    return shown(request, "samples.html", "Samples", SamplesPage(lines, _list_sentence(len(found))))


def _list_sentence(count: int) -> str:
    if not count:
        return (
            "None has been drawn over this source: how often findings are wrong, and what is missed, has not been measured. "
            "`bwc-audit sample draw` draws one."
        )
    first = f"the newest {_MOST_LISTED} of them; `bwc-audit sample list` has all" if count > _MOST_LISTED else "newest first"
    return f"{plural(count, 'sample')}, {first}."


def _line(asking: Visitor, sample: ReviewSample) -> SampleLine:
    done = sample_view(asking.site.audit, sample.sample_id).result
    return SampleLine(
        sample_id=sample.sample_id,
        href=sample_href(sample.sample_id),
        drawn=when(sample.drawn_us, asking.site),
        drawn_by=sample.drawn_by,
        run=Linked(sample.run_id, run_href(sample.run_id)),
        frame=FRAME[sample.frame],
        strata=_strata_words(sample),
        seed=sample.seed,
        size=f"{number(sample.size)} of {number(sample.frame_size)}",
        reviewed=f"{number(done.reviewed)} of {number(done.drawn)}",
        is_done=done.reviewed == done.drawn,
    )


@pages.page("/samples/{sample_id}", Right.RUNS)
def sample(request: Request, asking: Asking, sample_id: str) -> Any:
    """One sample."""
    with reading(asking.site.engine) as session:
        known = stored.load_sample(session, sample_id)
    if known is None:
        raise NotThere
    run = stored_run(asking, known.run_id)
    view = sample_view(asking.site.audit, sample_id)
    asking.note(Right.RUNS, "viewed", "review sample", sample_id)
    return shown(request, "sample.html", f"Review sample {sample_id}", _page(view, asking), run=run)


def next_pick(view: SampleView, after: int = 0) -> int | None:
    """The next drawn incident that is not reviewed, in the order to review in and round to its beginning; None: all are."""
    waiting = [pick for pick, one in enumerate(view.standings, 1) if not one.is_reviewed]
    return next((pick for pick in waiting if pick > after), waiting[0] if waiting else None)


def _page(view: SampleView, asking: Visitor) -> SamplePage:
    one, result, site = view.sample, view.result, asking.site
    is_done, following = result.reviewed == result.drawn, next_pick(view)
    may_review = asking.person.may(Right.DECIDE)
    lines = tuple(_drawn(each, pick, one, site, may_review) for pick, each in enumerate(view.standings[:_MOST_DRAWN], 1))
    counted = sum(bool(each.incident.findings) for each in view.standings)
    return SamplePage(
        heading=f"Review sample {one.sample_id}",
        sample_id=one.sample_id,
        run=Linked(one.run_id, run_href(one.run_id)),
        facts=_facts(one, site),
        is_done=is_done,
        progress=_progress(result, is_done=is_done),
        holes=_holes(result),
        next=(
            Linked(f"Review no. {number(following)}", sample_review_href(one.sample_id, following))
            if following is not None and may_review
            else None
        ),
        noise=tuple(_share(KIND[kind], share) for kind, share in result.noise.items()),
        noise_sentence=(
            "The share of findings whose measured fact was wrong, weighted by the strata."
            if result.noise
            else f"None of the {plural(result.drawn, 'drawn incident')} has a counted finding: nothing here says how often "
            "findings are wrong."
        ),
        missed=tuple(_share(_kind(kind), share) for kind, share in result.missed.items()) if counted < result.drawn else (),
        missed_sentence=(
            "The share of incidents without a counted finding in which something was missed, weighted by the strata."
            if counted < result.drawn
            else "Every drawn incident has a counted finding: nothing here says what is missed."
        ),
        strata=_strata(view),
        drawn=lines,
        drawn_sentence=(
            f"The first {number(len(lines))} of {number(result.drawn)}; `bwc-audit sample show {one.sample_id}` lists all."
            if len(lines) < result.drawn
            else "In the order to review in. Findings are those that the run of the sample counted."
        ),
    )


def _facts(one: ReviewSample, site: Site) -> tuple[Fact, ...]:
    asked = "" if one.width is None else f", for an interval {100 * one.width:.3g} points wide"
    if one.width is not None and one.expected is not None:
        asked += f" about an expected {100 * one.expected:.3g} %"
    return (
        Fact("Drawn", f"{moment(one.drawn_us, site.zone)}, by {one.drawn_by}"),
        Fact("Frame", f"{FRAME[one.frame]}: {plural(one.frame_size, 'incident')}"),
        Fact("Size", f"{plural(one.size, 'incident')}{asked}"),
        Fact("Strata", _strata_words(one)),
        Fact("Shared out", ALLOCATION[one.allocation] if one.strata_by else "without strata"),
        Fact("Seed", one.seed),
        Fact("Algorithm", one.algorithm),
        Fact("SHA-256 of the draw", one.digest),
    )


def _strata_words(one: ReviewSample) -> str:
    return "by " + ", ".join(name.replace("_", " ") for name in one.strata_by) if one.strata_by else "none"


def _progress(result: SampleResult, *, is_done: bool) -> str:
    told = f"{number(result.reviewed)} of {plural(result.drawn, 'drawn incident')} reviewed"
    return f"Complete: {told}" if is_done else f"Provisional: {told}"


def _holes(result: SampleResult) -> str:
    if not result.unrepresented:
        return ""
    lie = "incident lies" if result.unrepresented == 1 else "incidents lie"
    return f"{number(result.unrepresented)} {lie} in strata of which none was reviewed: no rate here speaks of them."


def _kind(kind: FindingKind | None) -> str:
    return "Anything" if kind is None else KIND[kind]


def _share(kind: str, one: ReviewedShare) -> ShareRow:
    return ShareRow(
        kind=kind,
        hits=f"{number(one.hits)} of {number(one.told)}",
        share=_percent(one.share),
        interval=_range(one.low, one.high),
        band=_range(one.band_low, one.band_high),
        untold=f"{number(one.cannot_tell)} of {number(one.drawn)}",
    )


def _percent(share: float | None) -> str:
    return "not known" if share is None else f"{100 * share:.1f} %"


def _range(low: float | None, high: float | None) -> str:
    return "not known" if low is None or high is None else f"{100 * low:.1f} – {100 * high:.1f} %"


def _strata(view: SampleView) -> tuple[tuple[str, str, str, str], ...]:
    """(name, incidents, drawn, reviewed) of each."""
    reviewed = [one.incident.stratum for one in view.standings if one.is_reviewed]
    return tuple(
        (one.name or "all", number(one.size), number(one.drawn), number(reviewed.count(one.name))) for one in view.strata
    )


def _drawn(standing: Standing, pick: int, sample: ReviewSample, site: Site, may_review: bool) -> DrawnLine:
    incident = standing.incident
    return DrawnLine(
        pick=pick,
        incident=Linked(incident.incident_id, incident_href(incident.incident_id, sample.run_id)),
        review_href=sample_review_href(sample.sample_id, pick) if may_review else "",
        stratum=incident.stratum or "all",
        is_reviewed=standing.is_reviewed,
        verdicts=verdict_lines(standing, site),
    )


def verdict_lines(standing: Standing, site: Site) -> tuple[VerdictLine, ...]:
    """What was said of each finding of a drawn incident, or of the incident itself where it has none."""
    findings = standing.incident.findings
    if not findings:
        return (_of_incident(standing.of_incident, site),)
    return tuple(_of_finding(one, standing.of_findings.get(one.fingerprint), site) for one in findings)


def _of_finding(finding: FindingToReview, review: Review | None, site: Site) -> VerdictLine:
    said, note = ("", "") if review is None else (VERDICT[review.verdict], _note(review, site))
    return VerdictLine(KIND[finding.kind], finding_href(finding.finding_id), finding.message, said, note)


def _of_incident(reviews: Sequence[Review], site: Site) -> VerdictLine:
    label = "No counted finding"
    if not reviews:
        return VerdictLine(label, "", "", "", "")
    kinds = ", ".join(KIND[one.kind].lower() for one in reviews if one.kind is not None)
    said = VERDICT[reviews[-1].verdict] + (f": {kinds}" if kinds else "")
    return VerdictLine(label, "", "", said, _note(reviews[-1], site))


def _note(review: Review, site: Site) -> str:
    comment = f": {review.comment}" if review.comment else ""
    return f"{review.reviewer}, {moment(review.at_us, site.zone)}{comment}"
