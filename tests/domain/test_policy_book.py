"""Which policy holds for whom and when, and what an assignment is judged by."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bwc_audit.domain.findings import FindingKind
from bwc_audit.domain.policy import ExemptionCondition, ExemptionRule, LongerRetention, Policy, Reference
from bwc_audit.domain.policy_book import Edition, Layer, LayerCondition, PolicyBook, with_layers
from bwc_audit.domain.results import AssignmentResult
from tests.domain.worlds import UK, World, at

NORTH = Layer("north", LayerCondition(units=("north",)), {"coverage": {"gap_s": 30.0}})
DOMESTIC = Layer(
    "domestic", LayerCondition(call_types=("DOMESTIC",)), {"coverage": {"gap_s": 10.0}, "severity": {"high_s": 200.0}}
)
URGENT = Layer("urgent north", LayerCondition(units=("north",), priorities=("1",)), {"upload": {"grace_s": 7200.0}})


def under(world: World, book: PolicyBook) -> World:
    """The world judged by a book."""
    world.policy = book  # type: ignore[assignment]  # ``match`` takes either
    return world


def evening(**more: Any) -> World:
    """One officer, one call of five minutes at 20:00, recorded from 100 s after arrival to its end."""
    return World().officer("101").incident(**more).attended("101").recorded("101", 70, 330)


def test_later_layers_win_and_say_what_they_set() -> None:
    book = PolicyBook.of(UK, (NORTH, DOMESTIC, URGENT))
    both = book.rules_for("north", "DOMESTIC", "2", 0)
    assert (both.coverage.gap_s, both.severity.high_s, both.upload.grace_s) == (10.0, 200.0, UK.upload.grace_s)
    assert both.provenance["coverage.gap_s"] == "domestic"
    set_by = book.rules_for("north", "THEFT", "1", 0).provenance
    assert (set_by["coverage.gap_s"], set_by["upload.grace_s"]) == ("north", "urgent north")
    assert book.rules_for(None, "THEFT", None, 0) is UK


def test_the_longest_wait_is_that_of_any_edition_and_layer() -> None:
    assert PolicyBook.of(UK, (URGENT,)).longest_wait_s() == 5 * 86_400
    slow = Layer("slow", LayerCondition(units=("south",)), {"upload": {"dock_wait_s": 864_000.0}})
    assert PolicyBook.of(UK, (URGENT, slow)).longest_wait_s() == 11 * 86_400
    patient = replace(UK, upload=replace(UK.upload, grace_s=432_000.0))
    book = PolicyBook("b", "1", "", (Edition(patient, effective_to="2026-01-01", to_us=5), Edition(UK, from_us=5)))
    assert book.longest_wait_s() == 6 * 86_400


@pytest.mark.parametrize("call_type", ["DOMESTIC", "domestic", "Domestic"])
def test_case_does_not_matter_to_layers_and_scope(call_type: str) -> None:
    """As it never did to exemptions and tests: dispatchers write both, and one file must not mean two things."""
    book = PolicyBook.of(UK, (NORTH, DOMESTIC))
    assert book.rules_for("North", call_type, None, 0).coverage.gap_s == 10.0
    scopes = ({"excluded_call_types": ("Domestic",)}, {"call_types": ("THEFT",)}, {"call_types": ("Domestic",)})
    assert [
        evening(call_type=call_type, priority="1a").under(scope={**scope, "priorities": ("1A",)}).result().outcome.value
        for scope in scopes
    ] == ["excluded", "excluded", "findings"]


def test_each_resolution_has_a_hash_of_its_own_and_equal_ones_have_one() -> None:
    book = PolicyBook.of(UK, (NORTH, DOMESTIC))
    asked = [("north", "DOMESTIC"), ("north", "THEFT"), ("south", "DOMESTIC"), ("south", "THEFT")]
    found = [book.rules_for(unit, call_type, None, 0) for unit, call_type in asked]
    assert len({one.policy_hash for one in found}) == 3  # whatever the unit, the layer by call type wins
    assert found[0] == found[2]
    assert {one.policy_id for one in found} == {"uk_generic"}
    assert book.rules_for("north", "DOMESTIC", "3", 5) is found[0]
    assert [one.policy_hash for one in book.resolved()] == sorted({one.policy_hash for one in found})


@given(
    st.lists(
        st.tuples(st.sampled_from([(), ("a",), ("a", "b")]), st.sampled_from([(), ("X",)]), st.integers(0, 9)), max_size=6
    ),
    st.sampled_from([None, "a", "b"]),
    st.sampled_from([None, "X", "Y"]),
)
def test_rules_are_the_layers_that_fit_applied_in_order(
    drawn: list[tuple[tuple[str, ...], tuple[str, ...], int]], unit: str | None, call_type: str | None
) -> None:
    layers = tuple(
        Layer(f"L{place}", LayerCondition(units, types), {"coverage": {"gap_s": float(gap)}})
        for place, (units, types, gap) in enumerate(drawn)
    )
    fitting = [gap for units, types, gap in drawn if (not units or unit in units) and (not types or call_type in types)]
    found = PolicyBook.of(UK, layers).rules_for(unit, call_type, None, 0)
    assert found.coverage.gap_s == (fitting[-1] if fitting else UK.coverage.gap_s)
    assert found == with_layers(UK, tuple(one for one in layers if one.when.holds(unit, call_type, None)))


def test_the_hash_of_one_plain_policy_is_the_books_and_any_layer_or_day_changes_it() -> None:
    plain = PolicyBook.of(UK)
    assert plain.policy_hash == UK.policy_hash
    hashes = {
        plain.policy_hash,
        PolicyBook.of(UK, (NORTH,)).policy_hash,
        replace(plain, editions=(Edition(UK, effective_from="2025-01-01", from_us=at(-10)),)).policy_hash,
        PolicyBook.of(UK, (replace(NORTH, when=LayerCondition(units=("south",))),)).policy_hash,
    }
    assert len(hashes) == 4


def change_at(second: float) -> PolicyBook:
    """A book that allows a late start of 200 s from this second of the evening on, and 30 s before."""
    lenient = replace(UK, version="next", coverage=replace(UK.coverage, activation_grace_s=200.0))
    editions = (Edition(UK, to_us=at(second)), Edition(lenient, from_us=at(second)))
    return PolicyBook("force", "1", "Force", editions)


@pytest.mark.parametrize(("second", "version"), [(-301, "next"), (-300, "next"), (-299, "2026-11")])
def test_the_edition_of_the_incidents_opening_applies(second: float, version: str) -> None:
    book = change_at(second)
    [result] = under(evening(), book).decided().results  # opened at -300
    assert result.policy is not None
    assert result.policy.startswith(f"uk_generic/{version}@")


def test_one_run_that_spans_a_change_judges_each_incident_by_its_own_day() -> None:
    world = evening().incident("I2", opened=3000).attended("101", 3300, 3600, "I2").recorded("101", 3370, 3630, "R2")
    decision = under(world, change_at(1000)).decided()
    late = [finding for finding in decision.findings if finding.kind is FindingKind.LATE_ACTIVATION]
    assert [(one.incident_id, one.is_borderline) for one in late] == [("I1", False)]
    assert [one.policy for one in late] == [UK.reference]
    assert {one.incident_id: one.policy for one in decision.results}["I2"] != UK.reference


def test_outside_all_editions_nothing_is_judged() -> None:
    book = PolicyBook("force", "1", "Force", (Edition(UK, from_us=at(-299)),))
    [result] = under(evening(), book).decided().results
    assert (result.outcome, result.reason) == ("unknown", "no_policy_in_force")


def test_two_units_of_one_run_are_measured_against_their_own_limits() -> None:
    world = evening().attended("102")
    world.officer("102")
    world.officers[-1] = replace(world.officers[-1], unit="south")
    world.recorded("102", 70, 330, "R2")
    lenient = Layer("south", LayerCondition(units=("south",)), {"coverage": {"activation_grace_s": 200.0, "join_s": 5.0}})
    decision = under(world, PolicyBook.of(UK, (lenient,))).decided()
    late = [finding for finding in decision.findings if finding.kind is FindingKind.LATE_ACTIVATION]
    assert [one.officer_id for one in late] == ["101"]
    assert {one.officer_id: one.outcome for one in decision.results} == {"101": "findings", "102": "covered"}


@pytest.mark.parametrize(("grace_s", "outcome"), [(99_899, "findings"), (99_900, "findings"), (99_901, "pending")])
def test_the_upload_grace_of_a_layer_makes_its_assignments_wait(grace_s: float, outcome: str) -> None:
    world = World(as_of_us=at(100_200)).officer("101").incident().attended("101", 0, 300).recorded("101", 5000, 5100)
    waits = Layer("waits", LayerCondition(call_types=("DOMESTIC",)), {"upload": {"grace_s": grace_s}})
    [result] = under(world, PolicyBook.of(UK, (waits,))).decided().results
    assert result.outcome == outcome


def exempting(**more: object) -> Policy:
    """The policy with one rule, ``hospital``."""
    rule = ExemptionRule("hospital", "scope", ExemptionCondition(tags=("Hospital",)))
    return replace(UK, exemptions=(replace(rule, **more),))  # type: ignore[arg-type]  # fields of the rule


def judged(policy: Policy, **incident: Any) -> AssignmentResult:
    world = evening(**incident)
    world.policy = policy
    return world.result()


def test_a_rule_exempts_the_whole_assignment_and_is_named() -> None:
    result = judged(exempting(), tags=("hospital",))
    assert (result.outcome, result.reason, result.exempted_by) == ("excluded", "fully_exempt", ("hospital",))
    other = judged(exempting(), tags=("market",))
    assert (other.outcome, other.exempted_by) == ("findings", ())


@pytest.mark.parametrize(
    ("when", "is_exempt"),
    [
        ({"call_types": ("domestic",)}, True),
        ({"call_types": ("THEFT",)}, False),
        ({"areas": ("A&E", "Ward")}, True),
        ({"dispositions": ("STRIP SEARCH",)}, True),
        ({"priorities": ("1",)}, False),
        ({"units": ("North",)}, True),
        ({"areas": ("a&e",), "priorities": ("2",)}, True),
        ({"areas": ("a&e",), "priorities": ("1",)}, False),
        ({}, False),
    ],
)
def test_every_list_that_is_named_must_fit(when: dict[str, tuple[str, ...]], is_exempt: bool) -> None:
    policy = exempting(when=ExemptionCondition(**when))
    incident = {"area": "A&E", "call_disposition_code": "Strip search", "priority": "2"}
    assert (judged(policy, **incident).reason == "fully_exempt") is is_exempt


@pytest.mark.parametrize(
    ("sides", "required_s"),
    [
        ({"start": Reference.ON_SCENE, "start_after_s": 100.0}, 100),
        ({"end": Reference.ON_SCENE, "end_after_s": 100.0}, 200),
        ({"end": Reference.DISPATCHED}, 300),
        ({"start": Reference.CLEARED, "start_after_s": -60.0}, 240),
        ({"start": Reference.EN_ROUTE}, 300),  # not recorded: nothing is cut
    ],
)
def test_a_rule_may_cut_part_of_the_window(sides: dict[str, object], required_s: int) -> None:
    result = judged(exempting(**sides), tags=("hospital",))
    assert result.required_us == required_s * 1_000_000


NEAR = replace(UK, window=replace(UK.window, start=(Reference.NEAR_SCENE,), near_scene_m=200.0, near_scene_s=30.0))


@pytest.mark.parametrize(("dispatched", "start"), [(-120, -30), (-31, -30), (-30, -30), (-29, -29), (None, -30), (10, 0)])
def test_a_distance_before_arrival_is_stood_for_by_seconds_but_not_before_the_way_began(
    dispatched: float | None, start: float
) -> None:
    world = World(policy=NEAR).officer("101").incident().attended("101", 0, 300, dispatched=dispatched)
    window = world.result().window
    assert window is not None
    assert (window.span.start_us, window.start_reference, window.is_substituted) == (at(start), "near_scene", True)


def test_retention_is_the_longest_of_the_categories() -> None:
    longer = (LongerRetention(("Arrest",), 90.0), LongerRetention(("complaint", "force"), 1095.0))
    rules = replace(UK.retention, longer=longer)
    found = [rules.days_of(named) for named in ((), ("traffic",), ("ARREST",), ("arrest", "Force"))]
    assert found == [31.0, 31.0, 90.0, 1095.0]
