"""What the pages say, to whom they listen, and that nothing in them runs or calls out."""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import fields, replace
from html.parser import HTMLParser
from zoneinfo import ZoneInfo

import pytest
from jinja2 import meta, nodes

from bwc_audit.domain.findings import ExplanationKind, FindingGroup, FindingKind, Severity
from bwc_audit.domain.inspection import DefectKind
from bwc_audit.domain.rates import rate_table
from bwc_audit.domain.results import Bucket, Outcome, PendingReason, UnknownReason
from bwc_audit.domain.runs import Change, RunKind, RunStatus
from bwc_audit.report import words
from bwc_audit.report.contexts import RunReportInput
from bwc_audit.report.incident_page import incident_page
from bwc_audit.report.index_page import index_page
from bwc_audit.report.rendering import TEMPLATES, environment, render
from bwc_audit.report.scenes import scenes_of
from tests.report import report_builders as night

LONDON = ZoneInfo("Europe/London")
BUSY = "CAD-0612-0417"


def index_of(report: RunReportInput) -> str:
    return str(render(index_page(report, scenes_of(report, LONDON), LONDON)))


def incident_of(report: RunReportInput, incident_id: str) -> str:
    scene = next(scene for scene in scenes_of(report, LONDON) if scene.incident_id == incident_id)
    return str(render(incident_page(scene, report)))


class Tags(HTMLParser):
    """Collects tags with their attributes, and the visible text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self.text += " "

    def handle_data(self, data: str) -> None:
        self.text += data


def text_of(html: str) -> str:
    return re.sub(r"\s+", " ", Tags(re.sub(r"<style>.*?</style>", "", html, flags=re.S)).text)


def all_pages(report: RunReportInput) -> list[str]:
    return [index_of(report), *(incident_of(report, scene.incident_id) for scene in scenes_of(report, LONDON))]


@pytest.mark.parametrize("context", TEMPLATES)
def test_template_uses_exactly_the_fields_of_its_context(context: type) -> None:
    env, waiting, used = environment(), [TEMPLATES[context]], set[str]()
    assert env.loader is not None
    while waiting:
        tree = env.parse(env.loader.get_source(env, waiting.pop())[0])
        imported = {node.target for node in tree.find_all(nodes.Import)}
        used |= meta.find_undeclared_variables(tree) - imported
        waiting += [node.template.as_const() for node in tree.find_all(nodes.Extends)]
        waiting += [node.template.as_const() for node in tree.find_all(nodes.Include)]
    assert used == {field.name for field in fields(context)}


def test_pages_request_nothing_and_run_nothing() -> None:
    for html in all_pages(night.a_night()):
        tags = Tags(html).tags
        assert {tag for tag, _ in tags}.isdisjoint({"script", "link", "iframe", "object", "form", "base"})
        for _, attributes in tags:
            assert not any(name.startswith("on") or name == "style" for name in attributes)
            assert (attributes.get("src") or "data:image/jpeg;base64,").startswith("data:image/jpeg;base64,")
            assert not re.match(r"[a-z]+:", attributes.get("href") or "")
        assert "url(http" not in html
        assert "@import" not in html


def test_content_security_policy_allows_exactly_this_style() -> None:
    html = index_of(night.a_night())
    style = re.search(r"<style>(.*?)</style>", html, flags=re.S)
    assert style is not None
    digest = base64.b64encode(hashlib.sha256(style[1].encode()).digest()).decode()
    policy = next(a["content"] for tag, a in Tags(html).tags if tag == "meta" and a.get("http-equiv"))
    assert policy == (f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; base-uri 'none'; form-action 'none'")


def test_every_text_of_the_sources_is_escaped() -> None:
    evil = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>"
    finding = replace(
        night.late_activation(), message=evil, clause=evil, device_id=evil, not_examined=(evil,), footage_ids=(evil,)
    )
    evidence = tuple(replace(item, type=evil, ref=evil, sha256=evil) for item in finding.evidence)
    explanations = tuple(replace(item, speaks_for=(evil,), speaks_against=(evil,)) for item in finding.explanations)
    finding = replace(finding, incident_id=evil, officer_id=evil, evidence=evidence, explanations=explanations)
    report = night.a_night()
    results = tuple(replace(r, incident_id=evil, officer_id=evil, unit=evil, not_examined=(evil,)) for r in report.results)
    segments = tuple(
        replace(s, incident_id=evil, footage_id=evil, device_id=evil, officer_id=evil, not_examined=(evil,))
        for s in report.segments
    )
    dirty = replace(
        report,
        run=replace(report.run, run_id=evil, not_examined=(evil,), counts={evil: 1}, software_version=evil),
        results=results,
        segments=segments,
        incidents=(replace(report.incidents[3], incident_id=evil, call_type=evil, area=evil, priority=evil),),
        observed=(night.observed(finding, cause=evil, disposition=evil),),
        rejected=tuple(replace(row, field=evil, detail=evil, text=evil) for row in report.rejected),
        stills={evil: report.stills["bwv-1042-a"]},
    )
    for html in all_pages(dirty):
        assert "<script" not in html
        assert "<img src=x" not in html
        assert "<script>alert(1)</script>" in text_of(html)
        assert all("onerror" not in attributes for _, attributes in Tags(html).tags)


def test_first_line_says_incomplete_and_what_was_not_examined() -> None:
    text = text_of(index_of(night.a_night()))
    first = text.split("Nightly audit")[0]
    assert "INCOMPLETE: 1 part of the input could not be examined." in first
    assert "footage/bwv-5120-a.mp4: access denied, so whether it exists is not known" in first


@pytest.mark.parametrize(
    ("status", "open_points", "headline"),
    [
        (
            RunStatus.COMPLETE,
            (),
            "Complete: everything this run was given was examined (12 assignments, 9 files at incidents).",
        ),
        (RunStatus.COMPLETE, ("cad/x.csv: unreadable",), "INCOMPLETE: 1 part of the input could not be examined."),
        (RunStatus.INCOMPLETE, (), "INCOMPLETE: the run does not say what could not be examined."),
        (RunStatus.FAILED, (), "INCOMPLETE: this run failed and decided nothing: the run does not say"),
        (RunStatus.RUNNING, ("a", "b"), "INCOMPLETE: this run has not ended: 2 parts of the input"),
    ],
)
def test_headline_by_status(status: RunStatus, open_points: tuple[str, ...], headline: str) -> None:
    report = replace(night.a_night(), run=replace(night.run(not_examined=open_points), status=status))
    assert headline in text_of(index_of(report))


def test_long_list_of_open_points_is_cut_on_top_and_whole_below() -> None:
    points = tuple(f"part {index} was not read" for index in range(9))
    text = text_of(index_of(replace(night.a_night(), run=night.run(not_examined=points))))
    assert "and 4 more, listed under “What was not examined”" in text
    assert text.count("part 4 was not read") == 2
    assert text.count("part 8 was not read") == 1


def test_empty_run_never_looks_clean() -> None:
    text = text_of(index_of(night.a_quiet_night()))
    assert "Nothing was decided: this run was given no assignment in its period." in text
    assert "Complete" not in text
    assert "No findings among 0 decided of 0 assignments; 0 of 0 files at incidents looked into." in text
    assert "No incident lies in this period (how many rows were read is not recorded)." in text
    assert "The run recorded no counts of what it read." in text
    assert text.count("nothing to measure: no decided assignment") == 5


def test_absent_kinds_say_among_how_many_they_are_absent() -> None:
    text = text_of(index_of(night.a_night()))
    assert "None among 6 decided assignments: recording ended before the window closed" in text
    assert "None among 8 files looked into: covered view, frozen picture" in text
    named = replace(night.a_night(), examined={FindingKind.DUPLICATE: "412 recordings of the period"})
    assert "None among 412 recordings of the period: duplicate recording." in text_of(index_of(named))


def test_summary_numbers_and_borderline_not_counted() -> None:
    text = text_of(index_of(night.a_night()))
    for tally in ("12 Assignments", "8 In scope", "3 Covered", "3 With findings", "1 Pending", "1 Unknown", "4 Excluded"):
        assert tally in text
    assert "6 Open findings" in text
    assert "A clock error of 22 s could account for it." in text
    page = text_of(incident_of(night.a_night(), "CAD-0612-0455"))
    assert "borderline, not counted" in page


def test_change_against_the_run_before_with_cause() -> None:
    text = text_of(index_of(night.a_night()))
    assert "6 findings changed against the run before; 2 unchanged." in text
    assert "segment bwv-2077-c was uploaded since; 14 min less" in text
    assert "Resolved since the run before" in text_of(incident_of(night.a_night(), "CAD-0612-0455"))


def test_a_fact_under_another_clause_is_neither_resolved_nor_a_change_of_its_own() -> None:
    report = night.a_night()
    (gone,) = [one for one in report.observed if one.change is Change.RESOLVED]
    renamed = night.observed(gone.finding, Change.REPLACED, cause="stated as F-0123456789ab, under another clause")
    report = replace(report, observed=(*(one for one in report.observed if one is not gone), renamed))
    text = text_of(index_of(report))
    assert "5 findings changed against the run before; 2 unchanged; 1 replaced under another clause." in text
    assert "Replaced under another clause 1" in text
    page = text_of(incident_of(report, "CAD-0612-0455"))
    assert "Replaced since the run before" in page
    assert "resolved" not in (text + page).lower().replace("while unresolved", "")


def test_every_incident_has_a_line_and_a_page_even_when_it_was_never_read() -> None:
    report = night.a_night()
    stray = night.turned_away("CAD-LOST", "1", Bucket.CANCELLED)
    stray = replace(stray, outcome=Outcome.UNKNOWN, reason=str(UnknownReason.INCIDENT_NOT_LOADED))
    results = (*report.results, stray)
    with_stray = replace(report, results=results, rates=rate_table(results))
    assert [scene.incident_id for scene in scenes_of(with_stray, LONDON)][-1] == "CAD-LOST"
    assert "incident record not read" in text_of(index_of(with_stray))
    page = text_of(incident_of(with_stray, "CAD-LOST"))
    assert "INCOMPLETE: not everything about this incident could be examined." in page
    assert "The incident itself was never read from the dispatch source." in page


def test_finding_card_states_fact_clause_window_margin_and_explanations() -> None:
    page = text_of(incident_of(night.a_night(), BUSY))
    for part in (
        "Activated 94 s after arrival on scene; the policy allows 30 s.",
        "Recording starts at the latest on arrival and goes on until the officer leaves the incident.",
        "College of Policing, Body-worn video guidance, “Starting and stopping”. Verify with the current text.",
        "21:14:05–21:52:00, from arrival on scene to clear",
        "to closing of the incident (a substitute: the first choice of the policy is not recorded)",
        "Holds for clock errors within ±1 min 4 s. The clocks compared may differ by up to ±1 min 1 s.",
        "device log: power on at 20:15:31 UTC",
        "device log of X60A2077 was not delivered for this period",
        "Explained by the officer: camera restarted on the way.",
        "Changed: segment bwv-2077-c was uploaded since; 14 min less",
    ):
        assert part in page


def test_not_found_names_the_source_and_the_moment() -> None:
    page = text_of(incident_of(night.a_night(), "CAD-0612-0502"))
    assert "Looked for in s3://evidence/north, as of 14 Jun 2026, 07:30:00 BST" in page


def test_still_frames_stand_with_the_finding_they_show() -> None:
    html = incident_of(night.a_night(), BUSY)
    card = html[html.index("Black picture</h3>") : html.index('id="borderline"')]
    assert card.count("data:image/jpeg;base64,") == 3
    assert "21:33:29 · 18 min 20 s into bwv-1042-a" in text_of(card)
    assert html[: html.index('<div class="sheets">')].count("data:image/jpeg;base64,") == 7


def test_pending_and_unknown_state_no_absence() -> None:
    page = text_of(incident_of(night.a_night(), "CAD-0612-0533"))
    assert "A camera that the officer held has not been docked since." in page
    assert "not judged: device not docked" in page
    assert "gap " not in page
    assert "Not recorded" not in page


def test_unknown_clause_is_said_to_be_unknown() -> None:
    finding = replace(night.late_activation(), clause="gone")
    report = replace(night.a_night(), observed=(night.observed(finding),))
    assert "Clause “gone” is not part of this policy." in text_of(incident_of(report, BUSY))


def test_rejected_rows_show_where_and_why() -> None:
    text = text_of(index_of(night.a_night()))
    assert "2 rows or files were not accepted besides 34 accepted rows" in text
    assert "cad/assignments.csv:7 on_scene_at time without zone no zone 2026-06-12 20:14" in text


def test_rerun_of_an_incident_names_requester_and_reason() -> None:
    run = night.run()
    request = replace(run.request, kind=RunKind.INCIDENT, incident_id=BUSY, requester="auditor 7", reason="court order")
    text = text_of(index_of(replace(night.a_night(), run=replace(run, request=request))))
    assert "Re-run of one incident" in text
    assert "Requested by auditor 7" in text
    assert "Reason court order" in text


def test_every_value_has_words_and_none_accuses() -> None:
    tables = (
        (words.DEFECT, DefectKind),
        (words.GROUP, FindingGroup),
        (words.SEVERITY, Severity),
        (words.OUTCOME, Outcome),
        (words.BUCKET, Bucket),
        (words.EXPLANATION, ExplanationKind),
        (words.CHANGE, Change),
        (words.RUN_KIND, RunKind),
    )
    for table, values in tables:
        assert set(table) == set(values)
    # Kinds of defect that are no kind of finding yet have their words already.
    assert set(FindingKind) <= set(words.KIND) <= {*FindingKind, *DefectKind}
    assert set(words.INFORMATION) <= set(words.KIND_MARK) <= {*FindingKind, *DefectKind}
    for reason in (*Bucket, *PendingReason, *UnknownReason):
        sentence = words.outcome_sentence(
            replace(night.turned_away("x", "y", Bucket.CANCELLED), outcome=Outcome.EXCLUDED, reason=str(reason))
        )
        assert not sentence.startswith("Reason as recorded")
    said = " ".join(all_pages(night.a_night())).lower()
    for word in ("violation", "fail", "guilty", "sustained", "unfounded", "exonerated", "misconduct", "offend", "culprit"):
        assert word not in said


def test_file_that_had_not_to_be_seen_leaves_the_incident_complete() -> None:
    report = night.a_night()
    quiet = "CAD-0612-0455"
    idle = night.recorded(
        quiet,
        "tagged-1",
        "X60A9",
        "9999",
        "21:10:00",
        "21:20:00",
        role="tagged",
        inspection_status=None,
        not_examined=("tagged-1: touches no required window, not looked into",),
    )
    clean = replace(night.run(not_examined=()), status=RunStatus.COMPLETE)
    report = replace(report, run=clean, segments=(*report.segments, idle))
    page = text_of(incident_of(report, quiet))
    assert "Complete: everything that was found about this incident was examined (1 assignment, 2 files)." in page
    assert "not looked into; touches no required window, not looked into; tagged with this incident by hand" in page
    assert "1 file at incidents that touch no required window: not looked into, as planned." in text_of(index_of(report))


def test_file_matched_to_an_officer_stands_in_that_officers_lane() -> None:
    report = night.a_night()
    pool = next(segment for segment in report.segments if segment.device_id == "POOL07")
    results = tuple(replace(r, footage_ids=(pool.footage_id,)) if r.officer_id == "5120" else r for r in report.results)
    page = text_of(incident_of(replace(report, results=results), BUSY))
    assert "Camera POOL07" in page
    assert "Other cameras" not in page


@pytest.mark.parametrize(
    ("counts", "line"),
    [
        ({"rows_rejected": 2}, "Rows 2 rejected"),
        ({"rows_accepted": 1200, "rows_rejected": 0}, "Rows 1\u202f200 accepted, 0 rejected"),
        ({"bytes_read": 48_300_000, "videos_examined": 6}, "Bytes read 48.3 MB Videos examined 6"),
    ],
)
def test_counts_of_input_are_said_as_they_are(counts: dict[str, int], line: str) -> None:
    assert line in re.sub("[ \n]+", " ", Tags(index_of(replace(night.a_night(), run=night.run(counts=counts)))).text)
