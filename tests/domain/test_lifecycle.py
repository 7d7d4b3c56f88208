"""How findings stand against earlier runs, line by line, and what holds for any two runs."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bwc_audit.domain.findings import Finding, FindingKind, Severity, Window
from bwc_audit.domain.lifecycle import RunBasis, finding_id_of, observe, weight_in_run
from bwc_audit.domain.runs import Change, FindingState, ObservedFinding
from bwc_audit.domain.times import SECOND_US, Span

BASIS = RunBasis("policy-1", "1", {"I1": frozenset({("A", 0, 60 * SECOND_US)})})
WINDOW = Window(Span(0, 100), "on_scene", "cleared")
LATE = Finding(
    FindingKind.LATE_ACTIVATION,
    "arrival",
    Severity.MEDIUM,
    "late",
    "I1",
    "7",
    window=WINDOW,
    spans=(Span(0, 90),),
    seconds_us=90,
)
NONE = replace(LATE, kind=FindingKind.NO_FOOTAGE, message="none")


def seen(finding: Finding, state: FindingState = FindingState.OPEN, disposition: str | None = None) -> ObservedFinding:
    """A finding as an earlier run saw it."""
    gone = {FindingState.RESOLVED: Change.RESOLVED, FindingState.REPLACED: Change.REPLACED}
    change = gone.get(state, Change.APPEARED)
    return ObservedFinding(finding_id_of(finding.fingerprint), "before", finding, state, change, disposition=disposition)


def compare(
    findings: list[Finding],
    before: list[ObservedFinding],
    *,
    basis: RunBasis = BASIS,
    earlier: RunBasis | None = BASIS,
    withheld: bool = False,
) -> tuple[ObservedFinding, ...]:
    """This run's observations of ``findings``, after an earlier run saw ``before``."""
    return observe(
        findings,
        {one.finding.fingerprint: one for one in before},
        run_id="now",
        basis=basis,
        previous_basis=lambda run_id: earlier if run_id == "before" else None,
        is_withheld=lambda _: withheld,
    )


def only(observed: tuple[ObservedFinding, ...]) -> tuple[str, str, str | None]:
    """(state, change, cause) of the one observation."""
    (one,) = observed
    return one.state.value, one.change.value, one.cause


def test_a_finding_nobody_saw_before_appears() -> None:
    assert only(compare([LATE], [])) == ("open", "appeared", None)


def test_the_same_measure_is_unchanged() -> None:
    assert only(compare([LATE], [seen(LATE)])) == ("open", "unchanged", None)


@pytest.mark.parametrize("withheld", [False, True])
def test_the_same_fact_under_another_clause_replaces_it_and_is_not_counted_twice(withheld: bool) -> None:
    renamed = replace(LATE, clause="arrival-2027")
    before = seen(LATE, disposition="technical_fault")
    stated = {one.finding.clause: one for one in compare([renamed], [before], withheld=withheld)}
    assert stated["arrival-2027"].change is Change.APPEARED
    assert stated["arrival-2027"].cause == (
        f"stated before as {before.finding_id}, under another clause of the policy; what was decided there: technical fault"
    )
    assert (stated["arrival"].state, stated["arrival"].change) == (FindingState.REPLACED, Change.REPLACED)
    assert stated["arrival"].cause == (f"stated as {finding_id_of(renamed.fingerprint)}, under another clause of the policy")


def test_a_replaced_finding_is_not_replaced_again_and_reopens_under_its_own_clause() -> None:
    renamed = replace(LATE, clause="arrival-2027")
    before = [seen(LATE, FindingState.REPLACED), seen(renamed)]
    assert [one.finding.clause for one in compare([renamed], before)] == ["arrival-2027"]
    back = {one.finding.clause: one for one in compare([LATE], before)}
    assert (back["arrival"].change, back["arrival"].cause) == (Change.REOPENED, "stated again after it had been replaced")
    assert back["arrival-2027"].change is Change.REPLACED


def test_of_two_stretches_of_a_run_the_one_that_says_replaced_outweighs_the_one_that_says_resolved() -> None:
    said = [seen(LATE, state) for state in (FindingState.OPEN, FindingState.RESOLVED, FindingState.REPLACED)]
    assert [one.state.value for one in sorted(said, key=weight_in_run)] == ["resolved", "replaced", "open"]


def test_what_a_reviewer_decided_stays_with_a_finding_that_is_stated_again() -> None:
    longer = replace(LATE, seconds_us=91)
    for now in (LATE, longer):
        (one,) = compare([now], [seen(LATE, disposition="explained")])
        assert (one.state, one.disposition) == (FindingState.OPEN, "explained")


def test_words_explanations_and_evidence_make_no_change() -> None:
    reworded = replace(LATE, message="other words", footage_ids=("A",), uncertainty_us=5, margin_us=6)
    assert only(compare([reworded], [seen(LATE)])) == ("open", "unchanged", None)


@pytest.mark.parametrize(
    ("what", "cause"),
    [
        ({"spans": (Span(0, 80),)}, "a record it rests on changed"),
        ({"seconds_us": 91}, "a record it rests on changed"),
        ({"is_borderline": True}, "a record it rests on changed"),
        ({"severity": Severity.HIGH}, "a record it rests on changed"),
        ({"window": replace(WINDOW, span=Span(0, 101))}, "the recorded times of the incident changed"),
        ({"window": replace(WINDOW, is_substituted=True)}, "the recorded times of the incident changed"),
    ],
)
def test_another_measure_is_a_change(what: dict[str, object], cause: str) -> None:
    changed = replace(LATE, **what)  # type: ignore[arg-type]  # any one field
    assert changed.fingerprint == LATE.fingerprint
    assert only(compare([changed], [seen(LATE)])) == ("open", "changed", cause)


def test_what_is_no_longer_stated_is_resolved_with_its_last_content() -> None:
    (gone,) = compare([], [seen(LATE, disposition="explained")])
    assert (gone.state, gone.change, gone.run_id) == (FindingState.RESOLVED, Change.RESOLVED, "now")
    assert (gone.finding, gone.disposition) == (LATE, "explained")
    assert gone.cause == "a record it rests on changed"


def test_what_was_resolved_before_is_not_resolved_again() -> None:
    assert compare([], [seen(LATE, FindingState.RESOLVED)]) == ()


def test_what_was_resolved_and_is_stated_again_reopens() -> None:
    again = compare([LATE], [seen(LATE, FindingState.RESOLVED)])
    assert only(again) == ("open", "reopened", "stated again after it had been resolved")


def test_what_this_run_could_not_judge_stays_open() -> None:
    (kept,) = compare([], [seen(LATE, disposition="noted")], withheld=True)
    assert (kept.state, kept.change, kept.disposition) == (FindingState.OPEN, Change.UNCHANGED, "noted")
    assert kept.cause == "kept as it was: the sources for it are not complete in this run"
    assert compare([], [seen(LATE, FindingState.RESOLVED)], withheld=True) == ()


@pytest.mark.parametrize(
    ("now", "cause"),
    [
        (replace(BASIS, policy_hash="policy-2"), "another policy or version of it"),
        (replace(BASIS, inspector_version="2"), "inspector version 1 became 2"),
        (replace(BASIS, footage={"I1": BASIS.footage["I1"] | {("B", 5, 9)}}), "new segment B"),
        (replace(BASIS, footage={}), "segment A no longer there"),
        (
            replace(BASIS, footage={"I1": frozenset({("A", -2_500_000, 57_500_000)})}),
            "segment A placed anew (-2.5 s at its start)",
        ),
        (replace(BASIS, footage=dict(BASIS.footage) | {"I2": frozenset({("C", 1, 2)})}), "a record it rests on changed"),
        (
            RunBasis("policy-2", "2", {"I1": frozenset({("B", 0, 1)})}),
            "another policy or version of it; inspector version 1 became 2; new segment B; segment A no longer there",
        ),
    ],
)
def test_every_cause_is_named(now: RunBasis, cause: str) -> None:
    assert only(compare([], [seen(LATE)], basis=now)) == ("resolved", "resolved", cause)
    assert only(compare([replace(LATE, seconds_us=1)], [seen(LATE)], basis=now)) == ("open", "changed", cause)


def test_a_closer_look_is_a_cause_for_what_pictures_show_and_for_nothing_else() -> None:
    black = Finding(FindingKind.BLACK_VIDEO, "usability", Severity.LOW, "black", incident_id="I1", seconds_us=5)
    now = replace(BASIS, is_deep=True)
    changed = only(compare([replace(black, seconds_us=6)], [seen(black)], basis=now))
    assert changed == ("open", "changed", "its videos were looked at more densely")
    assert "densely" not in str(only(compare([replace(LATE, seconds_us=1)], [seen(LATE)], basis=now)))


def test_an_earlier_run_that_is_not_known_gives_no_invented_cause() -> None:
    assert only(compare([], [seen(LATE)], earlier=None)) == ("resolved", "resolved", "the earlier run's basis is not known")


def test_a_finding_without_incident_has_no_footage_to_blame() -> None:
    clock = Finding(FindingKind.CLOCK_OFFSET, "clock", Severity.LOW, "off", device_id="CAM7")
    assert only(compare([], [seen(clock)], basis=replace(BASIS, footage={}))) == (
        "resolved",
        "resolved",
        "a record it rests on changed",
    )


def test_two_kinds_of_one_assignment_are_two_findings() -> None:
    observed = compare([NONE], [seen(LATE)])
    assert {(one.finding.kind.value, one.change.value) for one in observed} == {
        ("no_footage", "appeared"),
        ("late_activation", "resolved"),
    }


FINDINGS = st.lists(
    st.builds(
        lambda kind, incident, officer, seconds: Finding(
            kind, "clause", Severity.LOW, "said", incident, officer, seconds_us=seconds
        ),
        st.sampled_from([FindingKind.NO_FOOTAGE, FindingKind.LATE_ACTIVATION]),
        st.sampled_from(["I1", "I2", None]),
        st.sampled_from(["7", "8", None]),
        st.integers(0, 2),
    ),
    unique_by=lambda one: one.fingerprint,
    max_size=8,
)
SEEN = FINDINGS.flatmap(
    lambda found: st.lists(st.sampled_from(FindingState), min_size=len(found), max_size=len(found)).map(
        lambda states: [seen(one, state) for one, state in zip(found, states, strict=True)]
    )
)


@given(FINDINGS, SEEN, st.booleans())
def test_nothing_is_lost_and_nothing_said_twice(found: list[Finding], before: list[ObservedFinding], withheld: bool) -> None:
    observed = compare(found, before, withheld=withheld)
    prints = [one.finding.fingerprint for one in observed]
    open_before = {one.finding.fingerprint for one in before if one.state is FindingState.OPEN}
    assert len(prints) == len(set(prints))
    assert set(prints) == {one.fingerprint for one in found} | open_before
    stated = {one.fingerprint for one in found}
    for one in observed:
        is_kept = one.finding.fingerprint in stated or withheld
        assert one.state is (FindingState.OPEN if is_kept else FindingState.RESOLVED)
        assert (one.change is Change.RESOLVED) == (one.state is FindingState.RESOLVED)
        assert one.run_id == "now"
        if one.change in (Change.CHANGED, Change.RESOLVED, Change.REOPENED):
            assert one.cause


@given(FINDINGS)
def test_the_same_again_is_all_unchanged_and_a_fixed_point(found: list[Finding]) -> None:
    first = compare(found, [])
    again = compare(found, [replace(one, run_id="before") for one in first])
    assert {one.change for one in first} <= {Change.APPEARED}
    assert {(one.change, one.cause) for one in again} <= {(Change.UNCHANGED, None)}
    assert [one.finding for one in again] == [one.finding for one in first]


@given(FINDINGS, st.randoms(use_true_random=False))
def test_order_of_findings_does_not_show(found: list[Finding], dice: object) -> None:
    shuffled = list(found)
    dice.shuffle(shuffled)  # type: ignore[attr-defined]  # a random.Random
    assert compare(found, []) == compare(shuffled, [])
