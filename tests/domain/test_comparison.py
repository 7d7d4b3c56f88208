"""What moves from one policy to another, and by which numbers."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from bwc_audit.domain.comparison import Comparison, Move, compare
from bwc_audit.domain.comparison_part import Replayed
from bwc_audit.domain.comparison_why import differences
from bwc_audit.domain.decide import basis_of, decide, facts_of
from bwc_audit.domain.findings import Finding, FindingGroup, FindingKind
from bwc_audit.domain.matching import match
from bwc_audit.domain.policy import ExemptionCondition, ExemptionRule, Policy, Reference
from bwc_audit.domain.policy_book import PolicyBook
from bwc_audit.domain.times import HOUR_US, SECOND_US, Span
from tests.domain.worlds import EVENING_US, UK, World

PERIOD = Span(EVENING_US - 6 * HOUR_US, EVENING_US + 6 * HOUR_US)


def replayed(world: World, policy: Policy) -> Replayed:
    book = PolicyBook.of(policy)
    matching = match(world.records(), book, PERIOD, world.as_of_us, world.inspections)
    return Replayed.whole(book, facts_of(matching, basis_of(matching, world.inspections)))


def compared(world: World, second: Policy, first: Policy = UK) -> Comparison:
    return compare("source", replayed(world, first), replayed(world, second))


def late(seconds: float = 200) -> World:
    """An officer who activates so late, trusted clocks."""
    return World().officer("101").incident().attended("101", 0, 600).recorded("101", seconds - 30, 630)


def stricter(**settings: Any) -> Policy:
    return replace(UK, coverage=replace(UK.coverage, **settings))


def test_nothing_moves_under_the_same_policy() -> None:
    found = compared(late(), UK)
    assert (found.moves, [*found.assignments], [*found.findings], found.settings) == ((), [], [], ())
    assert found.first == found.second


def test_a_larger_grace_lets_a_finding_vanish_and_says_which_number_did_it() -> None:
    found = compared(late(200), stricter(activation_grace_s=250.0, gap_s=90.0))
    [moved] = found.findings
    assert (moved.move, moved.said.kind, moved.second) == (Move.VANISHES, "late_activation", None)
    assert (moved.first_us, moved.second_us) == (200 * SECOND_US, 200 * SECOND_US)
    [why] = moved.why
    assert (why.setting, why.first, why.second, why.first_clause) == ("coverage.activation_grace_s", "30", "250", "arrival")
    assert found.moves == (("findings", "covered", 1),)
    [assignment] = found.assignments
    assert {one.setting for one in assignment.why} == {"coverage.activation_grace_s", "coverage.gap_s"}


@pytest.mark.parametrize(("grace_s", "is_moved"), [(109.0, False), (110.0, True), (111.0, True)])
def test_a_finding_that_sinks_into_the_uncertainty_vanishes_from_the_count(grace_s: float, is_moved: bool) -> None:
    world = late(171)  # the clocks may be off by 60 s and a second: firm while the excess is more than 61 s
    found = compared(world, stricter(activation_grace_s=grace_s))
    assert (found.count(Move.VANISHES) == 1) is is_moved


def test_another_start_of_the_window_is_named_and_the_measured_time_differs() -> None:
    second = replace(UK, window=replace(UK.window, start=(Reference.DISPATCHED,)))
    found = compared(late(200), second)
    [moved] = found.findings
    assert moved.move is Move.CHANGES
    assert (moved.first_us, moved.second_us) == (200 * SECOND_US, 320 * SECOND_US)
    assert [one.setting for one in moved.why] == ["window.start"]


def test_what_nobody_recorded_of_an_incident_may_be_due_to_the_window_too() -> None:
    world = World().officer("101").officer("102").incident()
    for line, officer_id in enumerate(("101", "102"), 2):
        world.attended(officer_id, 0, 600, dispatched=-300, line=line).recorded(officer_id, -5, 630, f"R{line}")
    earlier = replace(UK.window, start=(Reference.DISPATCHED, *UK.window.start))
    found = compared(world, replace(stricter(gap_s=45.0), window=earlier))
    [moved] = [one for one in found.findings if one.said.kind is FindingKind.INCIDENT_UNCOVERED]
    assert (moved.move, {one.setting for one in moved.why}) == (Move.APPEARS, {"window.start", "coverage.gap_s"})


def test_an_exclusion_is_explained_by_its_bucket() -> None:
    out = replace(UK, scope=replace(UK.scope, excluded_call_types=("DOMESTIC",), minimum_on_scene_s=61.0))
    found = compared(late(), out)
    [assignment] = found.assignments
    assert [one.setting for one in assignment.why] == ["scope.excluded_call_types"]
    [moved] = found.findings
    assert (moved.move, moved.second_us) == (Move.VANISHES, None)
    assert found.moves == (("findings", "excluded", 1),)


def test_a_rule_that_exempts_is_named_with_its_count() -> None:
    rule = ExemptionRule("home", "scope", ExemptionCondition(call_types=("DOMESTIC",)))
    found = compared(late(), replace(UK, exemptions=(rule,), coverage=replace(UK.coverage, gap_s=5.0)))
    assert (found.first.exempt, found.second.exempt) == ((), (("home", 1),))
    [assignment] = found.assignments
    assert [(one.setting, one.first) for one in assignment.why] == [("exemptions.home", "no such rule")]


def test_both_directions_mirror_each_other() -> None:
    second = stricter(activation_grace_s=250.0)
    there, back = compared(late(), second), compared(late(), UK, first=second)
    assert there.count(Move.VANISHES) == back.count(Move.APPEARS) == 1
    assert there.first.rates == back.second.rates
    assert [(after, before, n) for before, after, n in there.moves] == list(back.moves)


def test_what_is_taken_over_from_the_first_replay_changes_nothing() -> None:
    world = late()
    book = PolicyBook.of(stricter(activation_grace_s=250.0))
    first = replayed(world, UK).facts.matching
    like = match(world.records(), book, PERIOD, world.as_of_us, world.inspections, first)
    alone = match(world.records(), book, PERIOD, world.as_of_us, world.inspections)
    assert decide(like, {}).findings == decide(alone, {}).findings
    assert decide(like, {}).results == decide(alone, {}).results


@pytest.mark.parametrize(
    "other",
    [
        stricter(activation_grace_s=250.0, gap_s=5.0),
        stricter(join_s=20.0),
        replace(UK, window=replace(UK.window, start=(Reference.DISPATCHED,))),
        replace(UK, buffer=replace(UK.buffer, expected_s=300.0), labelling=replace(UK.labelling, clause="custody")),
        replace(UK, upload=replace(UK.upload, grace_s=60.0)),
        replace(UK, clock=replace(UK.clock, offset_s=1.0, trusted_s=5.0)),
        replace(UK, usability=replace(UK.usability, minimum_s=1.0)),
        replace(UK, scope=replace(UK.scope, minimum_on_scene_s=700.0)),
    ],
)
def test_a_basis_of_another_policy_changes_no_answer(other: Policy) -> None:
    world = late().incident("I2", "THEFT").attended("102", 900, 1200, "I2").officer("102")
    world.recorded("102", 870, 1000, "R2", categories=(), incident_ids=())
    world.recorded("102", 1010, 1250, "R3")
    first = match(world.records(), UK, PERIOD, world.as_of_us, {})
    like = match(world.records(), other, PERIOD, world.as_of_us, {}, first)
    shared = decide(like, {}, is_brief=True, basis=basis_of(like, {}, basis_of(first, {})))
    alone = decide(match(world.records(), other, PERIOD, world.as_of_us, {}), {}, is_brief=True)
    assert shared.findings == alone.findings
    assert shared.results == alone.results


def test_clocks_that_are_believed_otherwise_place_recordings_anew() -> None:
    world = World().officer("101", checked=False).incident().attended("101", 0, 600).recorded("101", 170, 630)
    trusting = replace(UK, clock=replace(UK.clock, untrusted_s=10.0))
    first = replayed(world, UK)
    like = match(world.records(), trusting, PERIOD, world.as_of_us, {}, first.facts.matching)
    assert {place.clock.tolerance_us for place in like.placements} == {10 * SECOND_US}


def test_a_brief_decision_differs_only_by_what_absences_are_shown_with_and_by_its_segments() -> None:
    world = World().officer("101").incident().attended("101", 0, 600).recorded("101", 300, 600)
    world.recorded("101", 5000, 6000, "R2")
    matching = world.matched()
    whole, brief = decide(matching, {}), decide(matching, {}, is_brief=True)
    assert [one.kind for one in whole.findings if one.explanations and one.footage_ids and one.evidence] == [
        FindingKind.LATE_ACTIVATION
    ]
    assert [_unshown(one) for one in whole.findings] == list(brief.findings)
    assert (whole.results, brief.segments) == (brief.results, ())


def _unshown(finding: Finding) -> Finding:
    if finding.kind.group is not FindingGroup.COVERAGE:
        return finding
    return replace(finding, explanations=(), footage_ids=(), evidence=())


def test_differences_name_clauses_as_reasons_and_not_as_settings() -> None:
    other = replace(UK, buffer=replace(UK.buffer, clause="custody", expected_s=120.0))
    [one] = differences(UK, other)
    assert (one.setting, one.first, one.first_clause, one.second, one.second_clause) == (
        *("buffer.expected_s", "30", "buffer"),
        *("120", "custody"),
    )
