"""The summary of a run: what it looked at, what it found, what changed, and what it could not say."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from zoneinfo import ZoneInfo

from markupsafe import Markup

from bwc_audit.domain.records import RejectedRow
from bwc_audit.domain.results import AssignmentResult, Outcome
from bwc_audit.domain.runs import Change, FindingState, ObservedFinding, RunKind
from bwc_audit.domain.turned import TURN_WORDS, Turn, Turned, said_turn
from bwc_audit.domain.turned import counted as counted_turns
from bwc_audit.report.banner import file_points, had_to_be_seen, run_banner
from bwc_audit.report.cards import by_weight, finding_card, finding_line, is_counted, reliability
from bwc_audit.report.contexts import (
    ChangeGroup,
    Chip,
    Fact,
    IncidentLine,
    IndexPage,
    RejectedLine,
    RunReportInput,
    Tally,
)
from bwc_audit.report.evidence_words import between_sentence, total_facts
from bwc_audit.report.file_names import page_name
from bwc_audit.report.numbers import input_facts, kind_groups, rate_bars, rates_note, waterfall_steps
from bwc_audit.report.rate_views import funnel_views, noise_rows, noise_sentence, rate_groups
from bwc_audit.report.rendering import page_frame, render
from bwc_audit.report.sources_section import (
    clock_facts,
    clocks_sentence,
    expiring_facts,
    expiring_sentence,
    waiting_sentence,
    watermark_facts,
)
from bwc_audit.report.strips import mini_timeline
from bwc_audit.report.timeline import Scene
from bwc_audit.report.words import CHANGE, OUTCOME, RUN_KIND, humanised, number, plural, reason_label
from bwc_audit.report.zone_times import moment, moment_utc, period

_MOST_REJECTED = 500
_MOST_LINES = 200
_MOST_TURNS = 40
_OUTCOME_ORDER = (Outcome.FINDINGS, Outcome.UNKNOWN, Outcome.PENDING, Outcome.COVERED, Outcome.EXCLUDED)
_TALLY = {Outcome.FINDINGS: "With findings"}
_CHANGE_ORDER = (Change.APPEARED, Change.REOPENED, Change.CHANGED, Change.REPLACED, Change.RESOLVED)


def index_page(report: RunReportInput, scenes: Sequence[Scene], zone: ZoneInfo) -> IndexPage:
    """The first page of the report of a run."""
    observed = sorted(report.observed, key=by_weight)
    counted = [one for one in observed if is_counted(one)]
    loose = [one for one in counted if one.finding.incident_id is None]
    near = [one for one in observed if one.finding.is_borderline and one.state == FindingState.OPEN]
    rejected = sorted(report.rejected, key=lambda row: (row.row, row.field))
    incidents = tuple(_incident_line(scene) for scene in scenes)
    points = _not_examined(report, scenes)
    return IndexPage(
        page=page_frame("Body-worn video audit", report.run),
        banner=run_banner(report),
        heading=RUN_KIND[report.run.request.kind],
        facts=_facts(report, zone),
        tallies=_tallies(report, len(scenes), counted),
        rates=rate_bars(report.rates),
        rates_note=rates_note(report.rates),
        rate_groups=rate_groups(report.book),
        funnels=funnel_views(report.book),
        noise=noise_rows(report.noise),
        noise_sentence=noise_sentence(report.noise),
        waterfall=waterfall_steps(report.rates),
        kinds=kind_groups(report, counted),
        findings_sentence=_findings_sentence(report, counted),
        changes=_changes(observed),
        changes_sentence=_changes_sentence(observed),
        turns=tuple(Fact(humanised(TURN_WORDS[turn]), number(count)) for turn, count in _turn_numbers(report)),
        turn_lines=_turn_lines(report.turns),
        incidents=incidents,
        incidents_sentence=_incidents_sentence(report, len(incidents)),
        cards=tuple(finding_card(one, report, zone) for one in loose[:_MOST_LINES]),
        cards_sentence=_loose_sentence(report, len(loose)),
        borderline=tuple(finding_line(one, reliability(one.finding)) for one in near),
        borderline_sentence="" if near else f"No borderline observation among {_decided(report)}.",
        rejected=tuple(_rejected(row) for row in rejected[:_MOST_REJECTED]),
        rejected_sentence=_rejected_sentence(report, len(rejected)),
        inputs=input_facts(report.run.counts),
        inputs_sentence="" if report.run.counts else "The run recorded no counts of what it read.",
        effort=() if report.effort is None else total_facts(report.effort),
        effort_sentence="" if report.effort else "The run does not record how much of the videos it looked at.",
        not_examined=points,
        not_examined_sentence=_not_examined_sentence(report, points),
        expiring=expiring_facts(report.expiring, zone),
        expiring_sentence=expiring_sentence(report),
        clocks=clock_facts(report.clocks, zone),
        clocks_sentence=clocks_sentence(report),
        watermarks=watermark_facts(report.watermarks, zone),
        waiting_sentence=waiting_sentence(report, zone),
    )


def _turn_numbers(report: RunReportInput) -> list[tuple[Turn, int]]:
    numbers = counted_turns(report.turns)
    return [(turn, numbers[turn]) for turn in Turn]


def _turn_lines(turns: Sequence[Turned]) -> tuple[str, ...]:
    """What became a finding, and what still waits; the rest are counted only."""
    named = [one for one in turns if one.turn in (Turn.TO_FINDINGS, Turn.STILL_PENDING)]
    more = [f"and {number(len(named) - _MOST_TURNS)} more"] if len(named) > _MOST_TURNS else []
    return (*(said_turn(one) for one in named[:_MOST_TURNS]), *more)


def _rejected(row: RejectedRow) -> RejectedLine:
    return RejectedLine(str(row.row), row.field, humanised(str(row.reason)).lower(), row.detail, row.text)


def _facts(report: RunReportInput, zone: ZoneInfo) -> tuple[Fact, ...]:
    run, request = report.run, report.run.request
    facts = [
        Fact("Period", f"{period(request.period, zone)} ({request.timezone})"),
        Fact("As of", f"{moment(request.as_of_us, zone)} ({moment_utc(request.as_of_us)})"),
        Fact("Source", request.source),
        Fact("Policy", f"{report.policy.title}: {request.policy_id}, version {request.policy_version}"),
        Fact("Policy hash", request.policy_hash),
        Fact("Run", run.run_id),
    ]
    if request.kind is RunKind.INCIDENT:
        facts.append(Fact("Incident", request.incident_id or "not named"))
        facts.append(Fact("Requested by", request.requester or "not named"))
        facts.append(Fact("Reason", request.reason or "not given"))
    if run.inputs_hash:
        facts.append(Fact("Inputs hash", run.inputs_hash))
    return tuple(facts)


def _tallies(report: RunReportInput, incidents: int, counted: list[ObservedFinding]) -> tuple[Tally, ...]:
    outcomes = Counter(result.outcome for result in report.results)
    total, excluded = len(report.results), outcomes[Outcome.EXCLUDED]
    named = {
        Outcome.COVERED: "recorded as the policy asks",
        Outcome.FINDINGS: "not recorded or not usable",
        Outcome.PENDING: "sources not complete yet",
        Outcome.UNKNOWN: "cannot be said",
        Outcome.EXCLUDED: "nothing to record",
    }
    return (
        Tally("Assignments", number(total), "", f"at {plural(incidents, 'incident')}"),
        Tally("In scope", number(total - excluded), "", "had to record"),
        *(
            Tally(_TALLY.get(outcome, OUTCOME[outcome]), number(outcomes[outcome]), str(outcome), note)
            for outcome, note in named.items()
        ),
        Tally("Open findings", number(len(counted)), "", "borderline ones not counted"),
    )


def _findings_sentence(report: RunReportInput, counted: list[ObservedFinding]) -> str:
    if not counted:
        return f"No findings among {_decided(report)}; {_files_sentence(report)}."
    return f"{plural(len(counted), 'open finding')}; {_decided(report)}; {_files_sentence(report)}."


def _decided(report: RunReportInput) -> str:
    return f"{number(report.rates.decided)} decided of {plural(report.rates.assignments, 'assignment')}"


def _files_sentence(report: RunReportInput) -> str:
    files = {segment.footage_id: segment.inspection_status is not None for segment in report.segments}
    return f"{number(sum(files.values()))} of {plural(len(files), 'file')} at incidents looked into"


def _loose_sentence(report: RunReportInput, count: int) -> str:
    if not count:
        return f"No such finding; {_files_sentence(report)}."
    return f"The first {_MOST_LINES} of {number(count)}; findings.csv has all." if count > _MOST_LINES else ""


def _changes(observed: list[ObservedFinding]) -> tuple[ChangeGroup, ...]:
    groups = []
    for change in _CHANGE_ORDER:
        mine = [one for one in observed if one.change == change]
        lines = tuple(finding_line(one, _cause(one)) for one in mine[:_MOST_LINES])
        if lines:
            more = f", the first {_MOST_LINES} listed" if len(mine) > len(lines) else ""
            groups.append(ChangeGroup(CHANGE[change], f"{number(len(mine))}{more}", lines))
    return tuple(groups)


def _cause(one: ObservedFinding) -> str:
    near = "borderline, not counted" if one.finding.is_borderline else ""
    return "; ".join(part for part in (one.cause, near) if part)


def _changes_sentence(observed: list[ObservedFinding]) -> str:
    same = sum(one.change == Change.UNCHANGED for one in observed)
    replaced = sum(one.change == Change.REPLACED for one in observed)
    if not observed:
        return "Neither this run nor the one before it has findings, so nothing could change."
    changed = len(observed) - same - replaced
    if all(one.change == Change.APPEARED for one in observed):
        return f"{plural(changed, 'finding')}, none of them known from an earlier run."
    if not changed and not replaced:
        return f"All {plural(same, 'finding')} stand as they did in the run before."
    told = f"{plural(changed, 'finding')} changed against the run before; {number(same)} unchanged"
    return f"{told}; {number(replaced)} replaced under another clause." if replaced else f"{told}."


def _incident_line(scene: Scene) -> IncidentLine:
    incident, strip = scene.incident, mini_timeline(scene)
    found = sum(is_counted(one) for one in scene.observed)
    near = sum(one.finding.is_borderline and one.state == FindingState.OPEN for one in scene.observed)
    known = [incident.call_type, incident.priority or "", incident.area or ""] if incident else ["incident record not read"]
    notes = [plural(found, "finding")] if found else []
    notes += [f"{near} borderline"] if near else []
    return IncidentLine(
        incident_id=scene.incident_id,
        href=f"incidents/{page_name(scene.incident_id)}",
        facts=" · ".join(part for part in known if part),
        time=moment(incident.opened_us, scene.zone) if incident else "time not known",
        strip=render(strip) if strip is not None else Markup(""),
        strip_words=_strip_words(scene),
        chips=_chips(scene.results),
        note=", ".join(notes) or "no findings",
    )


def _strip_words(scene: Scene) -> str:
    if any(result.outcome is not Outcome.EXCLUDED for result in scene.results):
        return "no required window is known"
    return "nothing had to be recorded"


def _chips(results: tuple[AssignmentResult, ...]) -> tuple[Chip, ...]:
    counts = Counter((result.outcome, result.reason) for result in results)
    ordered = sorted(counts, key=lambda key: (_OUTCOME_ORDER.index(key[0]), key[1] or ""))
    chips = []
    for outcome, reason in ordered:
        times = f"{counts[outcome, reason]} × " if counts[outcome, reason] > 1 else ""
        label = OUTCOME[outcome].lower() + (f": {reason_label(reason)}" if reason else "")
        chips.append(Chip(f"{times}{label}", str(outcome)))
    return tuple(chips) or (Chip("no officer assigned", "excluded"),)


def _incidents_sentence(report: RunReportInput, listed: int) -> str:
    if not listed:
        rows = report.run.counts.get("incidents_accepted", report.run.counts.get("incidents"))
        read = f"{plural(rows, 'incident')} read" if rows is not None else "how many rows were read is not recorded"
        return f"No incident lies in this period ({read})."
    return f"All {plural(listed, 'incident')} of the period, whatever became of them, in order of opening."


def _rejected_sentence(report: RunReportInput, count: int) -> str:
    accepted = sum(n for name, n in report.run.counts.items() if name.endswith("accepted"))
    among = f" besides {plural(accepted, 'accepted row')}" if accepted else ""
    if not count:
        return f"No row was rejected{among}."
    shown = f" The first {_MOST_REJECTED} are listed; run.json has all." if count > _MOST_REJECTED else ""
    return f"{plural(count, 'row')} or files were not accepted{among}; nothing of them entered a decision.{shown}"


def _not_examined(report: RunReportInput, scenes: Sequence[Scene]) -> tuple[str, ...]:
    """The run's own list first, then what assignments and files add to it."""
    points = list(report.run.not_examined)
    for scene in scenes:
        points += [
            f"Incident {scene.incident_id}, officer {result.officer_id}: {point}"
            for result in scene.results
            for point in result.not_examined
        ]
        points += [f"Incident {scene.incident_id}: {point}" for point in file_points(scene)]
    idle = {
        segment.footage_id
        for scene in scenes
        for segment in scene.segments
        if segment.inspection_status is None and not had_to_be_seen(segment, scene)
    }
    if idle:
        points.append(
            f"{plural(len(idle), 'file')} at incidents that touch no required window: not looked into, as planned."
        )
    if report.effort is not None and (between := between_sentence(report.effort)):
        points.append(between)
    return tuple(dict.fromkeys(points))


def _not_examined_sentence(report: RunReportInput, points: Sequence[str]) -> str:
    if points:
        return ""
    return f"Nothing is listed as not examined: {_decided(report)}; {_files_sentence(report)}."
