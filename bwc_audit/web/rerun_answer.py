"""What a re-run changed, as a page that can be opened at any time: read from the runs, not from the memory of a server."""

from __future__ import annotations

from dataclasses import dataclass

from bwc_audit.audit.rerun import RunDiff, rerun_diff
from bwc_audit.domain.runs import Run
from bwc_audit.report.cards import finding_line
from bwc_audit.report.contexts import Fact
from bwc_audit.report.words import CHANGE, plural
from bwc_audit.report.zone_times import moment
from bwc_audit.store import runs
from bwc_audit.store.answers import DECIDED
from bwc_audit.store.database import reading
from bwc_audit.web.addresses import incident_href
from bwc_audit.web.guard import NotThere, Visitor


@dataclass(frozen=True, slots=True)
class ChangeLine:
    """One finding of the re-run. ``tag``: how it stands against the run before; ``note``: the cause."""

    tag: str
    kind: str
    severity: str
    subject: str
    message: str
    note: str
    href: str


@dataclass(frozen=True, slots=True)
class RerunDiffPage:
    """``rerun_diff.html``: what a re-run changed."""

    heading: str
    back: str
    before_href: str
    verdict: str
    is_unchanged: bool
    facts: tuple[Fact, ...]
    basis: tuple[str, ...]
    basis_sentence: str
    outcomes: tuple[tuple[str, str, str, bool], ...]
    changes: tuple[ChangeLine, ...]
    changes_sentence: str
    not_examined: tuple[str, ...]
    left_out: str


def rerun_answer(asking: Visitor, run_id: str) -> tuple[RerunDiffPage, Run]:
    """The page of a re-run that came to a decision, within the sight of who asks. Raises ``NotThere``."""
    with reading(asking.site.engine) as session:
        run = runs.load_run(session, run_id)
        if run is None or run.request.incident_id is None or run.status not in DECIDED:
            raise NotThere
        results = runs.load_results(session, run_id, incident_id=run.request.incident_id)
    theirs = {one.officer_id for one in results if asking.person.may_see_unit(one.unit)}
    if asking.person.unit is not None and not theirs:
        raise NotThere
    return _diff_page(asking, rerun_diff(asking.site.audit, run), theirs), run


def _diff_page(asking: Visitor, diff: RunDiff, theirs: set[str]) -> RerunDiffPage:
    run, person, zone = diff.run, asking.person, asking.site.zone
    incident_id = run.request.incident_id or ""
    outcomes = tuple(one for one in diff.outcomes if person.unit is None or one.officer_id in theirs)
    observed = tuple(one for one in diff.observed if person.unit is None or one.finding.officer_id in theirs)
    left_out = len(diff.outcomes) - len(outcomes)
    changes = [(one, finding_line(one)) for one in observed]
    return RerunDiffPage(
        heading=f"Re-run of incident {incident_id}",
        back=incident_href(incident_id, run.run_id),
        before_href=incident_href(incident_id, diff.before.run_id) if diff.before else "",
        verdict=_verdict(diff, is_part=person.unit is not None),
        is_unchanged=diff.is_unchanged,
        facts=(
            Fact("Asked by", run.request.requester or ""),
            Fact("Reason", run.request.reason or ""),
            Fact("Began", moment(run.started_us, zone)),
            Fact("Ended", moment(run.finished_us, zone) if run.finished_us is not None else "not recorded"),
            Fact("Run", run.run_id),
            Fact("Run before", diff.before.run_id if diff.before else "none holds this incident"),
        ),
        basis=diff.basis,
        basis_sentence="" if diff.basis else _basis_sentence(diff),
        outcomes=tuple(
            (one.officer_id, one.before or "not there", one.now or "not there", one.before != one.now) for one in outcomes
        ),
        changes=tuple(
            ChangeLine(
                tag=CHANGE[one.change],
                kind=line.kind,
                severity=line.severity,
                subject=line.subject,
                message=line.message,
                note=one.cause or "",
                href=incident_href(incident_id, run.run_id, one.finding.fingerprint),
            )
            for one, line in changes
        ),
        changes_sentence="" if changes else f"No finding, before or now, among {plural(len(outcomes), 'assignment')}.",
        not_examined=run.not_examined if person.unit is None else (),
        left_out=f"Not shown: {plural(left_out, 'officer')} of other units." if left_out else "",
    )


def _verdict(diff: RunDiff, *, is_part: bool) -> str:
    if diff.before is None:
        return "No earlier run holds this incident, so there is nothing to compare with."
    if diff.is_unchanged:
        return "The same answer as before."
    return "The incident as a whole has another answer than before." if is_part else "The answer is not the same as before."


def _basis_sentence(diff: RunDiff) -> str:
    return "" if diff.before is None else "It rested on the same policy, programs and files as the run before."
