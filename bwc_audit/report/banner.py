"""The first line of every page: complete or INCOMPLETE, and what could not be examined."""

from __future__ import annotations

from bwc_audit.domain.results import Outcome, PlacedSegment
from bwc_audit.domain.runs import Run, RunStatus
from bwc_audit.report.contexts import Banner, RunReportInput
from bwc_audit.report.timeline import Scene, is_of
from bwc_audit.report.words import number, plural

_MOST_POINTS = 5


def run_banner(report: RunReportInput) -> Banner:
    """Complete only where the status says so and nothing is listed as not examined; empty is not called complete."""
    run = report.run
    if run.status == RunStatus.COMPLETE and not run.not_examined:
        if not report.results:
            return Banner(False, "Nothing was decided: this run was given no assignment in its period.", (), "")
        files = plural(len({segment.footage_id for segment in report.segments}), "file")
        given = f"{plural(len(report.results), 'assignment')}, {files} at incidents"
        return Banner(True, f"Complete: everything this run was given was examined ({given}).", (), "")
    headline, points = status_headline(run), run.not_examined
    rest = run.unexamined - _MOST_POINTS
    more = f"and {number(rest)} more, listed under “What was not examined”" if rest > 0 else ""
    return Banner(False, headline, points[:_MOST_POINTS], more)


def status_headline(run: Run) -> str:
    """How a run stands, in a sentence: complete only where nothing is listed as not examined."""
    if run.status == RunStatus.COMPLETE and not run.not_examined:
        return "Complete: everything this run was given was examined."
    words = {
        RunStatus.RUNNING: "INCOMPLETE: this run has not ended",
        RunStatus.FAILED: "INCOMPLETE: this run failed and decided nothing",
    }
    headline = words.get(run.status, "INCOMPLETE")
    if run.not_examined:
        return f"{headline}: {plural(run.unexamined, 'part')} of the input could not be examined."
    return f"{headline}: the run does not say what could not be examined."


def incident_banner(scene: Scene, report: RunReportInput) -> Banner:
    """Whether everything of one incident was examined; its own open points, and the state of the run."""
    points: list[str] = []
    if scene.incident is None:
        points.append("The incident itself was never read from the dispatch source.")
    for result in scene.results:
        points += [f"Officer {result.officer_id}: {point}" for point in result.not_examined]
        if result.outcome in (Outcome.PENDING, Outcome.UNKNOWN):
            points.append(f"Officer {result.officer_id}: not decided ({result.outcome}).")
    points += file_points(scene)
    is_run_complete = report.run.status == RunStatus.COMPLETE and not report.run.not_examined
    unique = tuple(dict.fromkeys(points))
    rest = "" if is_run_complete else "The run as a whole is incomplete; see its summary."
    if unique:
        return Banner(False, "INCOMPLETE: not everything about this incident could be examined.", unique, rest)
    if not is_run_complete:
        return Banner(False, "All that was found about this incident was examined, but the run is INCOMPLETE.", (), rest)
    found = f"{plural(len(scene.results), 'assignment')}, {plural(len(scene.segments), 'file')}"
    return Banner(True, f"Complete: everything that was found about this incident was examined ({found}).", (), "")


def file_points(scene: Scene) -> list[str]:
    """What is missing about the files of an incident, one sentence each.

    A file that touches no required window of its officer is not looked into, and nothing is missing for it.
    """
    points = []
    for segment in scene.segments:
        reasons = "; ".join(reason.removeprefix(f"{segment.footage_id}: ") for reason in segment.not_examined)
        if segment.inspection_status is None and had_to_be_seen(segment, scene):
            points.append(f"File {segment.footage_id}: not looked into" + (f" ({reasons})." if reasons else "."))
        elif segment.inspection_status == "partial" or (segment.inspection_status == "complete" and reasons):
            points.append(f"File {segment.footage_id}: looked into in part" + (f" ({reasons})." if reasons else "."))
        elif segment.inspection_status == "unreadable":
            points.append(f"File {segment.footage_id}: could not be read" + (f" ({reasons})." if reasons else "."))
    return points


def had_to_be_seen(segment: PlacedSegment, scene: Scene) -> bool:
    """Whether a file touches the required window of an officer whose it is."""
    return any(
        result.window is not None
        and result.outcome is not Outcome.EXCLUDED
        and is_of(segment, result)
        and segment.span.start_us < result.window.span.end_us
        and result.window.span.start_us < segment.span.end_us
        for result in scene.results
    )
