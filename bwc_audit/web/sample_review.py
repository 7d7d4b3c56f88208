"""The page on which a reviewer says what the audit made of one drawn incident: each of its findings, or what was missed.

Verdicts are only ever added; the latest counts. They are about the audit, and change neither a finding nor a rate.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fastapi import Request
from fastapi.responses import RedirectResponse

from bwc_audit.audit.review_samples import ReviewedMeanwhile, Said, SampleView, record_reviews, sample_view
from bwc_audit.domain.findings import FindingGroup, FindingKind
from bwc_audit.domain.people import Right
from bwc_audit.domain.reviews import Standing, Verdict
from bwc_audit.domain.runs import Run
from bwc_audit.errors import ConfigurationError
from bwc_audit.report.words import KIND, number, plural
from bwc_audit.store import review_samples as stored
from bwc_audit.store.database import reading
from bwc_audit.web.addresses import incident_href, sample_href, sample_review_href
from bwc_audit.web.guard import Asking, Form, NotThere, Pages, Visitor
from bwc_audit.web.runs import stored_run
from bwc_audit.web.samples import VERDICT, VerdictLine, next_pick, verdict_lines
from bwc_audit.web.showing import Linked, shown

pages = Pages()

_OF_FINDING = (Verdict.CONFIRMED, Verdict.NOISE, Verdict.CANNOT_TELL)
_OF_NONE = (Verdict.NOTHING_MISSED, Verdict.MISSED, Verdict.CANNOT_TELL)
_NOTHING_CHOSEN = "Choose a verdict first: nothing was recorded."
_KINDS_WITHOUT = "Kinds were named that something was missed of, but the verdict is another one."


@dataclass(frozen=True, slots=True)
class ToSay:
    """One thing to say something of. ``field``: name of its choice in the form."""

    field: str
    about: VerdictLine
    choices: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class ReviewPage:
    """``sample_review.html``. ``seen``: how many verdicts on the incident there were; ``kinds``: what may have been missed,
    (heading, (field, label) of each), empty where the incident has findings; ``typed``: what a refused form held."""

    heading: str
    back: Linked
    incident: Linked
    progress: str
    stratum: str
    to_say: tuple[ToSay, ...]
    kinds: tuple[tuple[str, tuple[tuple[str, str], ...]], ...]
    seen: int
    action: str
    next: Linked | None
    typed: Mapping[str, str]
    problem: str


@dataclass(frozen=True, slots=True)
class _Found:
    view: SampleView
    run: Run
    pick: int
    seen: int

    @property
    def standing(self) -> Standing:
        return self.view.standings[self.pick - 1]


@pages.page("/samples/{sample_id}/review/{pick}", Right.DECIDE)
def review(request: Request, asking: Asking, sample_id: str, pick: str) -> Any:
    """One drawn incident. ``pick``: its place in the order to review in, from 1."""
    found = _find(asking, sample_id, pick)
    asking.note(Right.DECIDE, "viewed", "review sample", _subject(found))
    return _page(request, asking, found, {}, "")


@pages.action("/samples/{sample_id}/review/{pick}", Right.DECIDE)
def record(request: Request, asking: Asking, form: Form, sample_id: str, pick: str) -> Any:
    """Record what was chosen, and go on to the next incident that nobody has reviewed."""
    found = _find(asking, sample_id, pick)
    said, problem = _said(found.standing, form)
    if problem:
        return _page(request, asking, found, form, problem, 422)
    try:
        record_reviews(
            asking.site.audit,
            sample_id,
            found.standing.incident.incident_id,
            said,
            reviewer=asking.person.account_id,
            comment=form.get("comment", "").strip(),
            seen=_number(form.get("seen", "")),
        )
    except ConfigurationError as error:
        return _page(request, asking, found, form, str(error), 422)
    except ReviewedMeanwhile as late:
        again = _find(asking, sample_id, pick)
        return _page(request, asking, again, form, f"{late} Theirs is below: read it, then send yours again.", 409)
    asking.note(Right.DECIDE, "reviewed", "review sample", _subject(found))
    following = next_pick(sample_view(asking.site.audit, sample_id), found.pick)
    href = sample_href(sample_id) if following is None else sample_review_href(sample_id, following)
    return RedirectResponse(f"{href}?done=Recorded.", 303)


def _find(asking: Visitor, sample_id: str, pick: str) -> _Found:
    """The drawn incident. Raises ``Forbidden`` for who may not read whole runs, ``NotThere``."""
    asking.must(Right.RUNS)
    place = _number(pick)
    with reading(asking.site.engine) as session:
        known = stored.load_sample(session, sample_id)
    if known is None or not 0 < place <= known.size:
        raise NotThere
    view = sample_view(asking.site.audit, sample_id)
    with reading(asking.site.engine) as session:
        seen = stored.count_reviews(session, sample_id, view.standings[place - 1].incident.incident_id)
    return _Found(view, stored_run(asking, known.run_id), place, seen)


def _number(text: str) -> int:
    return int(text) if text.isdecimal() and len(text) < 9 else -1


def _subject(found: _Found) -> str:
    return f"{found.view.sample.sample_id} no. {found.pick}"


def _said(standing: Standing, form: Mapping[str, str]) -> tuple[tuple[Said, ...], str]:
    """What a form says, and what is wrong with it."""
    named = tuple(kind for kind in FindingKind if form.get(f"missed_{kind}"))
    said = []
    for field, finding_id in _fields(standing):
        chosen = form.get(field, "")
        if chosen in set(Verdict):
            verdict = Verdict(chosen)
            said.append(Said(verdict, finding_id, named if verdict is Verdict.MISSED else ()))
    if not said:
        return (), _NOTHING_CHOSEN
    if named and not any(one.verdict is Verdict.MISSED for one in said):
        return (), _KINDS_WITHOUT
    return tuple(said), ""


def _fields(standing: Standing) -> tuple[tuple[str, str | None], ...]:
    """(name of the choice in the form, public id of the finding) of everything to say something of."""
    findings = standing.incident.findings
    return tuple((f"verdict_{place}", one.finding_id) for place, one in enumerate(findings)) or (("verdict", None),)


def _page(
    request: Request, asking: Visitor, found: _Found, typed: Mapping[str, str], problem: str, status: int = 200
) -> Any:
    sample, standing, result = found.view.sample, found.standing, found.view.result
    incident = standing.incident
    choices = tuple((str(one), VERDICT[one]) for one in (_OF_FINDING if incident.findings else _OF_NONE))
    lines = verdict_lines(standing, asking.site)
    following = next_pick(found.view, found.pick)
    page = ReviewPage(
        heading=f"Incident {incident.incident_id}",
        back=Linked(f"Review sample {sample.sample_id}", sample_href(sample.sample_id)),
        incident=Linked(incident.incident_id, incident_href(incident.incident_id, sample.run_id)),
        progress=(
            f"No. {number(found.pick)} of {number(result.drawn)}; "
            f"{number(result.reviewed)} of {plural(result.drawn, 'drawn incident')} reviewed."
        ),
        stratum=incident.stratum,
        to_say=tuple(ToSay(field, line, choices) for (field, _), line in zip(_fields(standing), lines, strict=True)),
        kinds=() if incident.findings else _kinds(),
        seen=found.seen,
        action=sample_review_href(sample.sample_id, found.pick),
        next=(
            Linked(f"No. {number(following)}", sample_review_href(sample.sample_id, following))
            if following not in (None, found.pick)
            else None
        ),
        typed=dict(typed),
        problem=problem,
    )
    return shown(request, "sample_review.html", page.heading, page, status=status, run=found.run)


def _kinds() -> tuple[tuple[str, tuple[tuple[str, str], ...]], ...]:
    return tuple(
        (group.value.capitalize(), tuple((f"missed_{kind}", KIND[kind]) for kind in FindingKind if kind.group is group))
        for group in FindingGroup
    )
