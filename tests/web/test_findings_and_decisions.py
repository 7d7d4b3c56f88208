"""Lists, exports and what people say of findings: filtered alike everywhere, and never over what was not read."""

from __future__ import annotations

import csv
import html
import io
import re
from collections.abc import Callable
from dataclasses import replace
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from bwc_audit.domain.dispositions import DecisionWord, Disposition, EntryKind, problem_with, standing_of
from bwc_audit.domain.people import Person, Role
from bwc_audit.domain.runs import RunStatus
from bwc_audit.store import finding_list, runs
from bwc_audit.store.database import reading, writing
from bwc_audit.store.dispositions import append_disposition, load_standings
from bwc_audit.store.tables import FindingRow, RunResultRow, table_of
from bwc_audit.web.filters import Asked, WrongFilter, narrowed
from bwc_audit.web.site import Site
from tests.web.conftest import Browser

Opened = Callable[..., Browser]
_IDS = ("finding_id", "incident_id", "officer_id", "device_id", "recording_id")


def ids_in(page: str) -> list[str]:
    return re.findall(r'href="/findings/(F-[0-9a-f]{12})"', page)


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ("kind=no_footage", "of kind “No footage found”"),
        ("severity=high", "of high severity"),
        ("counted=borderline", "within the clock uncertainty"),
        ("unit=Response+A&state=open", "that are open, in unit Response A"),
        ("officer=104", "of officer 104"),
        ("text=20250524-0067", "with “20250524-0067” in an id or the fact"),
        ("from=2025-05-24&to=2025-05-24", "from 2025-05-24, to 2025-05-24, that day included"),
        ("change=appeared", "that the last run saw as “appeared”"),
        ("disposition=confirmed", "with disposition “confirmed”"),
        ("from=2025-05-25", "from 2025-05-25"),
    ],
)
def test_page_csv_and_json_hold_the_same_findings_and_the_page_says_which(
    browser: Opened, query: str, sentence: str
) -> None:
    one = browser("auditor")
    page = one.get(f"/findings?{query}").text
    assert sentence in page
    documents = one.client.get(f"/findings.json?{query}").json()
    rows = list(csv.DictReader(io.StringIO(one.get(f"/findings.csv?{query}").text)))
    assert [row["finding_id"] for row in rows] == [document["finding_id"] for document in documents] == ids_in(page)


def test_lists_narrow_as_asked(browser: Opened) -> None:
    one = browser("auditor")
    everything = one.client.get("/findings.json").json()
    assert len(everything) > 40
    high = one.client.get("/findings.json?severity=high").json()
    assert {item["severity"] for item in high} == {"high"}
    assert len(high) == sum(item["severity"] == "high" for item in everything)
    of_day = one.client.get("/findings.json?from=2025-05-24&to=2025-05-24").json()
    assert 0 < len(of_day) <= len(everything)
    assert one.client.get("/findings.json?from=2030-01-01").json() == []


@pytest.mark.parametrize("query", ["kind=nonsense", "from=24.5.2025", "order=worst", "page=0", "page=x", "state=shut"])
def test_a_filter_that_is_none_is_said_and_what_was_typed_stays(browser: Opened, query: str) -> None:
    answer = browser("reviewer").get(f"/findings?{query}&text=keep-me")
    assert answer.status_code == 422
    assert 'role="alert"' in answer.text
    assert 'value="keep-me"' in answer.text


@pytest.mark.parametrize("name", ["unit", "officer", "incident", "call_type", "run"])
def test_a_name_that_nothing_has_is_refused_everywhere_and_reads_nowhere_as_none(browser: Opened, name: str) -> None:
    one = browser("accountability_officer")
    for path in ("/findings", "/findings.json", "/findings.csv", "/findings/bulk"):
        answer = one.get(f"{path}?{name}=no-such-thing")
        assert answer.status_code == 422, path
        assert "none that you may see is called &#39;no-such-thing&#39;" in answer.text
        assert "</strong>: none" not in answer.text


def test_a_name_that_has_no_finding_is_known_and_its_list_is_empty(browser: Opened, site: Site) -> None:
    one = browser("auditor")
    with reading(site.engine) as session:
        finding, result = table_of(FindingRow).c, table_of(RunResultRow).c
        found, judged = (
            {column: set(session.connection().scalars(select(table[column]))) for column in ("officer_id", "incident_id")}
            for table in (finding, result)
        )
    for column, name in (("officer_id", "officer"), ("incident_id", "incident")):
        (clean, *_) = sorted(judged[column] - found[column])
        answer = one.get(f"/findings?{name}={clean}")
        assert (answer.status_code, ": none" in answer.text) == (200, True)


def test_a_supervisor_reads_the_same_of_a_foreign_name_as_of_one_that_nothing_has(browser: Opened) -> None:
    chief, own = browser("auditor"), browser("supervisor")
    (foreign, *_) = chief.client.get("/findings.json?unit=Response+C").json()
    for name, value in (("unit", "Response C"), ("officer", foreign["officer_id"]), ("incident", foreign["incident_id"])):
        assert chief.get(f"/findings?{name}={value}").status_code == 200
        hidden, unknown = own.get(f"/findings?{name}={value}"), own.get(f"/findings?{name}=xyzzy")
        assert (hidden.status_code, hidden.text.replace(value, "xyzzy")) == (422, unknown.text)
    assert own.get("/findings?unit=Response+A&officer=104").status_code == 200


def test_a_run_that_came_to_no_decision_says_nothing_of_its_findings(browser: Opened, site: Site) -> None:
    with writing(site.engine) as session:
        (night,) = runs.load_runs(session, 1)
        runs.open_run(session, night.request, started_us=night.started_us + 1, software_version="0", run_id="cut-short")
        runs.close_run(session, "cut-short", status=RunStatus.FAILED, finished_us=night.started_us + 2)
    answer = browser("auditor").get("/findings?run=cut-short")
    assert (answer.status_code, "cut-short is failed: it came to no decision" in answer.text) == (422, True)


def test_a_view_is_kept_for_its_account_and_forgotten(browser: Opened) -> None:
    one, other = browser("reviewer"), browser("auditor")
    one.post("/findings/views", name="Grave ones", query="severity=high&order=newest")
    assert 'href="/findings?severity=high&amp;order=newest">Grave ones' in one.get("/findings").text
    assert "Grave ones" not in other.get("/findings").text
    one.post("/findings/views", forget="Grave ones", query="")
    assert "Grave ones" not in one.get("/findings").text


@pytest.mark.parametrize(
    ("page", "query", "why"),
    [
        ("findings", "severity=dreadful", "Severity: 'dreadful' is none of"),
        ("findings", "unit=nowhere", "Unit: none that you may see is called 'nowhere'"),
        ("findings", "severty=high", "there is no filter 'severty'"),
        ("findings", "text=" + "x" * 2000, "it has more than 2000 characters"),
        ("incidents", "outcome=guilty", "is none of"),
        ("incidents", "run=nothing", "there is no run nothing"),
        ("incidents", "order=fame", "is no order"),
    ],
)
def test_a_view_of_a_list_that_cannot_be_shown_is_not_kept(browser: Opened, page: str, query: str, why: str) -> None:
    one = browser("reviewer")
    answer = one.post(f"/{page}/views", name="Broken one", query=query)
    assert (answer.status_code, "The view is not kept." in answer.text) == (422, True)
    assert why in html.unescape(answer.text)
    assert "Broken one" not in one.get(f"/{page}").text


def test_a_decision_is_recorded_shown_and_taken_back_by_its_author_only(browser: Opened) -> None:
    one, other = browser("reviewer"), browser("accountability_officer")
    finding_id = ids_in(one.get("/findings?kind=no_footage").text)[0]
    path = f"/findings/{finding_id}/dispositions"
    answer = one.post(path, entry="decision", decision="explained", reason_explained="device_off", place="0", comment="log")
    assert answer.status_code == 303
    page = one.get(f"/findings/{finding_id}").text
    assert "Disposition:</strong> Explained" in page
    assert finding_id in ids_in(one.get("/findings?disposition=explained").text)
    assert other.post(path, entry="undo", undoes="1", place="1").status_code == 422
    assert other.post(path, entry="second_review", decision="agrees", place="1").status_code == 303
    assert one.post(path, entry="second_review", decision="agrees", place="2").status_code == 422
    assert one.post(path, entry="undo", undoes="1", place="2").status_code == 303
    page = one.get(f"/findings/{finding_id}").text
    assert "Disposition:</strong> Open" in page
    assert "taken back" in page
    assert finding_id not in ids_in(one.get("/findings?disposition=explained").text)


def test_a_refused_form_keeps_what_was_typed(browser: Opened) -> None:
    one = browser("reviewer")
    finding_id = ids_in(one.get("/findings").text)[0]
    answer = one.post(
        f"/findings/{finding_id}/dispositions", entry="decision", decision="explained", place="0", comment="half a thought"
    )
    assert answer.status_code == 422
    assert "An explained finding needs a reason." in answer.text
    assert "half a thought</textarea>" in answer.text
    assert re.search(r'value="explained" required checked', answer.text)


def test_of_two_who_decide_at_once_the_second_sees_both_and_nothing_of_theirs_is_stored(browser: Opened) -> None:
    one, other = browser("reviewer"), browser("accountability_officer")
    finding_id = ids_in(one.get("/findings").text)[0]
    path = f"/findings/{finding_id}/dispositions"
    assert one.post(path, entry="decision", decision="confirmed", place="0").status_code == 303
    late = other.post(path, entry="decision", decision="data_error", place="0", comment="my own view")
    assert late.status_code == 409
    assert "decided: confirmed" in late.text
    assert "my own view</textarea>" in late.text
    assert "data error" not in one.get(f"/findings/{finding_id}").text
    assert other.post(path, entry="decision", decision="data_error", place="1").status_code == 303


def test_a_supervisor_responds_and_does_not_decide(browser: Opened) -> None:
    own = browser("supervisor")
    finding_id = ids_in(own.get("/findings").text)[0]
    path = f"/findings/{finding_id}/dispositions"
    assert own.post(path, entry="decision", decision="confirmed", place="0").status_code == 403
    assert own.post(path, entry="response", comment="", place="0").status_code == 422
    assert own.post(path, entry="response", comment="Officer 104: the dock was broken.", place="0").status_code == 303
    assert "the dock was broken" in browser("reviewer").get(f"/findings/{finding_id}").text


def test_one_decision_for_a_list_is_for_exactly_the_list_that_was_shown(browser: Opened) -> None:
    one, other = browser("reviewer"), browser("accountability_officer")
    page = one.get("/findings/bulk?kind=no_footage").text
    digest = page.split('name="digest" value="')[1].split('"')[0]
    first = ids_in(one.get("/findings?kind=no_footage").text)
    other.post(f"/findings/{first[0]}/dispositions", entry="decision", decision="referred", place="0")
    fields = {"decision": "technical_fault", "reason_technical_fault": "dock", "digest": digest}
    assert one.post("/findings/bulk?kind=no_footage", **fields).status_code == 409
    assert ids_in(one.get("/findings?disposition=technical_fault").text) == []
    digest = one.get("/findings/bulk?kind=no_footage").text.split('name="digest" value="')[1].split('"')[0]
    assert one.post("/findings/bulk?kind=no_footage", **{**fields, "digest": digest}).status_code == 303
    assert ids_in(one.get("/findings?disposition=technical_fault").text) == first


def test_looking_is_on_record_and_auditors_read_it(browser: Opened) -> None:
    one = browser("reviewer")
    finding_id = ids_in(one.get("/findings?officer=104").text)[0]
    one.get(f"/findings/{finding_id}")
    one.get("/findings.csv?officer=104")
    log = browser("auditor").get("/access-log?account=reviewer").text
    assert finding_id in log
    assert "Findings of officer 104, newest first" in log
    assert "exported" in log
    for path in ("/access-log", "/access-log.csv"):
        answer = browser("auditor").get(f"{path}?account=reveiwer")
        assert (answer.status_code, "Account: none is called" in answer.text) == (422, True)
        assert browser("auditor").get(f"{path}?account=public").status_code == 200


_entries = st.lists(
    st.tuples(
        st.sampled_from(["decision", "undo", "second_review", "response"]),
        st.sampled_from([str(word) for word in DecisionWord]),
        st.sampled_from(["ann", "bob"]),
        st.integers(1, 8),
    ),
    max_size=8,
)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=_entries)
def test_the_database_filters_by_the_decision_in_force_as_the_domain_has_it(
    site: Site, rows: list[tuple[str, str, str, int]]
) -> None:
    with reading(site.engine) as session:
        table = table_of(FindingRow).c
        known = set(load_standings(session, session.connection().scalars(select(table.fingerprint)).all()))
        free = [one for one in session.connection().scalars(select(table.fingerprint)) if one not in known]
    if not free:
        return
    standing = standing_of(())
    with writing(site.engine) as session:
        for kind, word, who, undoes in rows:
            decision = word if kind == "decision" else "agrees" if kind == "second_review" else kind
            reason = "other" if word == "explained" and kind == "decision" else None
            entry = Disposition(
                free[0], decision, reason, "words", who, 1, EntryKind(kind), standing.place + 1,
                undoes if kind == "undo" else None,
            )  # fmt: skip
            if not problem_with(entry, standing):
                append_disposition(session, entry)
                standing = standing_of((*standing.entries, entry))
    with reading(site.engine) as session:
        for word in DecisionWord:
            found = finding_list.list_findings(session, [finding_list.is_decided(word)], "newest", 1000)
            assert (free[0] in {one.fingerprint for one in found}) == (standing.word == word)


def test_standings_follow_their_entries() -> None:
    first = Disposition("f", "confirmed", None, "", "ann", 1)
    undo = replace(first, decision="undo", kind=EntryKind.UNDO, place=2, undoes=1)
    assert standing_of([first]).word == "confirmed"
    assert standing_of([first, undo]).word == "open"
    again = replace(first, decision="referred", place=3)
    assert standing_of([first, undo, again]).word == "referred"
    assert problem_with(replace(undo, place=3), standing_of([first, undo])) == "There is no such entry to take back."


def test_gravest_first_is_the_same_order_page_by_page_and_as_a_whole(site: Site) -> None:
    with reading(site.engine) as session:
        whole = [one.finding.severity for one in finding_list.all_listed(session, (), "severity")]
        prints = [one.finding.fingerprint for one in finding_list.all_listed(session, (), "severity")]
        paged = [
            one.fingerprint
            for offset in range(0, len(prints) + 7, 7)
            for one in finding_list.list_findings(session, (), "severity", 7, offset)
        ]
    assert paged == prints
    assert whole == sorted(whole, key=["high", "medium", "low"].index)
    assert len(set(whole)) > 1


def test_the_values_of_a_filter_are_those_that_occur(site: Site) -> None:
    row = table_of(FindingRow).c
    for column in ("unit", "call_type"):
        with reading(site.engine) as session:
            known = session.connection().scalars(select(row[column]).where(row[column].is_not(None))).all()
            assert finding_list.values_of(session, column) == tuple(sorted(set(known)))
            assert finding_list.values_of(session, column, 1) == (min(known),)


def test_a_text_is_looked_for_in_each_id_and_the_fact_and_across_none(site: Site) -> None:
    table = table_of(FindingRow).c
    with reading(site.engine) as session:
        rows = session.connection().execute(select(table.fingerprint, *(table[name] for name in _IDS))).all()
        for name in _IDS:
            told = next(getattr(row, name) for row in rows if getattr(row, name))
            found = finding_list.list_findings(session, [finding_list.has_text(told.lower())], "newest", 1000)
            assert {one.fingerprint for one in found} >= {row.fingerprint for row in rows if getattr(row, name) == told}, (
                name
            )
        row = next(row for row in rows if row.incident_id and row.officer_id)
        for across in (f"{row.incident_id}{row.officer_id}", f"{row.incident_id} {row.officer_id}"):
            assert finding_list.page_of_findings(session, [finding_list.has_text(across)], "newest", 50, 0) == (0, ())
        whole = finding_list.count_listed(session, ())
        assert finding_list.page_of_findings(session, (), "newest", 50, whole) == (whole, ())
        assert len(finding_list.page_of_findings(session, (), "newest", 50, whole - 1)[1]) == 1


def test_before_any_run_nothing_is_said_of_what_changed() -> None:
    asked = Asked(ZoneInfo("UTC"), "", lambda _what, _name: "")
    with pytest.raises(WrongFilter, match="no run has come to a decision"):
        narrowed({"change": "appeared"}, Person("ann", "Ann", Role.REVIEWER), asked)
