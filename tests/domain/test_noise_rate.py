"""From verdicts to published rates: weights, intervals, bands, and what is not known staying so."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bwc_audit.domain.findings import FindingKind
from bwc_audit.domain.noise_rate import SampleResult, reviewed_noise, sample_result
from bwc_audit.domain.proportions import wilson_interval
from bwc_audit.domain.review_sample import Stratum
from bwc_audit.domain.reviews import DrawnIncident, FindingToReview, Review, Verdict, standings, why_not

LATE, NONE_FOUND = FindingKind.LATE_ACTIVATION, FindingKind.NO_FOOTAGE


def drawn(name: str, *kinds: FindingKind, stratum: str = "") -> DrawnIncident:
    findings = tuple(FindingToReview(f"{name}/{n}", f"F-{name}{n}", kind) for n, kind in enumerate(kinds))
    return DrawnIncident(name, stratum, findings)


def of_finding(name: str, verdict: Verdict, number: int = 0, at_us: int = 1, kind: FindingKind = LATE) -> Review:
    return Review(name, f"{name}/{number}", verdict, kind, "R", at_us)


def of_incident(name: str, verdict: Verdict, kind: FindingKind | None = None, at_us: int = 1) -> Review:
    return Review(name, None, verdict, kind, "R", at_us)


def result(incidents: list[DrawnIncident], reviews: list[Review], sizes: dict[str, int]) -> SampleResult:
    counts = {name: sum(one.stratum == name for one in incidents) for name in sizes}
    strata = [Stratum(name, size, counts[name]) for name, size in sizes.items()]
    return sample_result(standings(incidents, reviews), strata)


def test_one_finding_an_incident_in_one_stratum_is_a_simple_sample() -> None:
    incidents = [drawn(f"I{n}", LATE) for n in range(40)]
    reviews = [of_finding(f"I{n}", Verdict.NOISE if n < 10 else Verdict.CONFIRMED) for n in range(40)]
    found = result(incidents, reviews, {"": 400})
    late = found.noise[LATE]
    assert (found.drawn, found.reviewed, found.unrepresented) == (40, 40, 0)
    assert (late.drawn, late.told, late.hits, late.cannot_tell, late.share) == (40, 40, 10, 0, 0.25)
    assert (late.band_low, late.band_high) == (0.25, 0.25)
    assert late.low is not None
    assert late.high is not None
    plain = wilson_interval(10, 40)
    corrected = wilson_interval(0.25 * 40 / 0.9, 40 / 0.9)  # a tenth of all was looked at
    assert plain[0] < late.low <= corrected[0]
    assert corrected[1] <= late.high < plain[1] + 0.01


def test_a_census_leaves_nothing_to_chance() -> None:
    incidents = [drawn(f"I{n}", LATE) for n in range(8)]
    reviews = [of_finding(f"I{n}", Verdict.NOISE if n < 2 else Verdict.CONFIRMED) for n in range(8)]
    late = result(incidents, reviews, {"": 8}).noise[LATE]
    assert (late.share, late.low, late.high) == (0.25, 0.25, 0.25)


def test_what_cannot_be_told_is_no_census() -> None:
    incidents = [drawn("A", LATE), drawn("B", LATE)]
    late = result(incidents, [of_finding("A", Verdict.CONFIRMED), of_finding("B", Verdict.CANNOT_TELL)], {"": 2}).noise[LATE]
    assert (late.share, late.low) == (0.0, 0.0)
    assert late.high == pytest.approx(wilson_interval(0, 2)[1])


def test_none_found_noisy_still_has_an_upper_end() -> None:
    incidents = [drawn(f"I{n}", LATE) for n in range(20)]
    late = result(incidents, [of_finding(f"I{n}", Verdict.CONFIRMED) for n in range(20)], {"": 10_000}).noise[LATE]
    assert (late.share, late.low) == (0.0, 0.0)
    assert late.high == pytest.approx(wilson_interval(0, 20)[1], abs=0.001)


def test_a_stratum_counts_by_its_size_not_by_what_was_drawn_of_it() -> None:
    """Ten of 900 and ten of 100: noise in half of the small one is a twentieth of all."""
    incidents = [drawn(f"{name}{n}", LATE, stratum=name) for name in "ab" for n in range(10)]
    reviews = [
        of_finding(one.incident_id, Verdict.NOISE if one.stratum == "b" and n % 2 else Verdict.CONFIRMED)
        for n, one in enumerate(incidents)
    ]
    assert result(incidents, reviews, {"a": 900, "b": 100}).noise[LATE].share == pytest.approx(0.05)


def test_what_cannot_be_told_is_in_neither_part_and_widens_the_band() -> None:
    incidents = [drawn(f"I{n}", LATE) for n in range(10)]
    verdicts = [Verdict.NOISE] * 2 + [Verdict.CONFIRMED] * 6 + [Verdict.CANNOT_TELL] * 2
    late = result(incidents, [of_finding(f"I{n}", one) for n, one in enumerate(verdicts)], {"": 100}).noise[LATE]
    assert (late.told, late.hits, late.cannot_tell, late.share) == (8, 2, 2, 0.25)
    assert (late.band_low, late.band_high) == (0.2, 0.4)


def test_what_is_not_reviewed_stays_unknown() -> None:
    nothing = result([drawn("A", LATE), drawn("B")], [], {"": 50})
    assert (nothing.reviewed, nothing.unrepresented) == (0, 50)
    for one in (nothing.noise[LATE], nothing.missed[None]):
        assert (one.drawn, one.told, one.share, one.low, one.high) == (1, 0, None, None, None)
        assert (one.band_low, one.band_high) == (0.0, 1.0)
    assert reviewed_noise("S", nothing) == ()


def test_an_incident_counts_when_all_its_findings_are_judged() -> None:
    both = drawn("A", LATE, NONE_FOUND)
    half = result([both], [of_finding("A", Verdict.CONFIRMED)], {"": 5})
    assert (half.reviewed, half.noise[LATE].told) == (0, 0)
    whole = result([both], [of_finding("A", Verdict.CONFIRMED), of_finding("A", Verdict.NOISE, 1)], {"": 5})
    assert (whole.reviewed, whole.noise[LATE].share, whole.noise[NONE_FOUND].share) == (1, 0.0, 1.0)


def test_the_latest_verdict_counts() -> None:
    reviews = [of_finding("A", Verdict.NOISE), of_finding("A", Verdict.CONFIRMED, at_us=2)]
    assert result([drawn("A", LATE)], reviews, {"": 5}).noise[LATE].share == 0.0


def test_misses_are_of_incidents_without_findings() -> None:
    incidents = [drawn("A", LATE), *(drawn(name) for name in "BCDE")]
    reviews = [
        of_finding("A", Verdict.CONFIRMED),
        of_incident("B", Verdict.NOTHING_MISSED),
        of_incident("C", Verdict.MISSED, LATE),
        of_incident("C", Verdict.MISSED, NONE_FOUND),
        of_incident("D", Verdict.NOTHING_MISSED),
        of_incident("D", Verdict.MISSED, LATE, at_us=2),
        of_incident("E", Verdict.CANNOT_TELL),
    ]
    missed = result(incidents, reviews, {"": 500}).missed
    assert {kind: (one.drawn, one.told, one.hits, one.cannot_tell) for kind, one in missed.items()} == {
        None: (4, 3, 2, 1),
        LATE: (4, 3, 2, 1),
        NONE_FOUND: (4, 3, 1, 1),
    }


def test_a_later_record_replaces_all_kinds_of_the_earlier() -> None:
    reviews = [
        of_incident("B", Verdict.MISSED, LATE),
        of_incident("B", Verdict.MISSED, NONE_FOUND),
        of_incident("B", Verdict.NOTHING_MISSED, at_us=2),
    ]
    assert result([drawn("B")], reviews, {"": 9}).missed[None].share == 0.0


def test_strata_of_which_none_was_reviewed_are_named() -> None:
    incidents = [drawn("A", stratum="a"), drawn("B", stratum="b")]
    found = result(incidents, [of_incident("A", Verdict.NOTHING_MISSED)], {"a": 3, "b": 40, "c": 7})
    assert found.unrepresented == 47


@pytest.mark.parametrize(
    ("kinds", "fingerprint", "verdict", "missed", "problem"),
    [
        ((LATE,), "A/0", Verdict.NOISE, (), None),
        ((LATE,), None, Verdict.CONFIRMED, (), None),
        ((LATE,), None, Verdict.CANNOT_TELL, (), None),
        ((), None, Verdict.CANNOT_TELL, (), None),
        ((), None, Verdict.NOTHING_MISSED, (), None),
        ((), None, Verdict.MISSED, (LATE,), None),
        ((LATE,), None, Verdict.NOTHING_MISSED, (), "counted findings in A"),
        ((LATE,), None, Verdict.MISSED, (LATE,), "counted findings in A"),
        ((), None, Verdict.NOISE, (), "counted no finding in A"),
        ((LATE,), "B/0", Verdict.NOISE, (), "no such finding"),
        ((), None, Verdict.MISSED, (), "needs the kind"),
        ((), None, Verdict.NOTHING_MISSED, (LATE,), "needs the kind"),
    ],
)
def test_verdicts_fit_their_incident(
    kinds: tuple[FindingKind, ...],
    fingerprint: str | None,
    verdict: Verdict,
    missed: tuple[FindingKind, ...],
    problem: str | None,
) -> None:
    told = why_not(drawn("A", *kinds), fingerprint, verdict, missed)
    assert (told is None) is (problem is None)
    assert problem is None or problem in (told or "")


def test_intervals_hold_the_truth_about_as_often_as_they_say() -> None:
    """Three strata of unequal size and noise, 300 samples of 90 incidents with one to three findings each."""
    dice = np.random.default_rng(7)
    sizes, noise = {"a": 1500, "b": 400, "c": 100}, {"a": 0.05, "b": 0.3, "c": 0.6}
    counts = {name: dice.integers(1, 4, size) for name, size in sizes.items()}
    wrong = {name: dice.binomial(counts[name], noise[name]) for name in sizes}
    truth = sum(int(one.sum()) for one in wrong.values()) / sum(int(one.sum()) for one in counts.values())
    held = 0
    for _ in range(300):
        incidents, reviews = [], []
        for name, size in sizes.items():
            for place in dice.choice(size, 30, replace=False):
                one = drawn(f"{name}{place}", *[LATE] * int(counts[name][place]), stratum=name)
                incidents.append(one)
                reviews += [
                    of_finding(one.incident_id, Verdict.NOISE if n < wrong[name][place] else Verdict.CONFIRMED, n)
                    for n in range(len(one.findings))
                ]
        late = result(incidents, reviews, sizes).noise[LATE]
        assert late.low is not None
        assert late.high is not None
        held += late.low <= truth <= late.high
    assert held / 300 >= 0.90


VERDICTS = st.lists(
    st.tuples(st.sampled_from("abc"), st.sampled_from([Verdict.NOISE, Verdict.CONFIRMED, Verdict.CANNOT_TELL])),
    min_size=1,
    max_size=30,
)


@given(VERDICTS, st.integers(0, 50))
def test_interval_and_band_hold_the_share(told: list[tuple[str, Verdict]], unseen: int) -> None:
    incidents = [drawn(f"I{n}", LATE, stratum=stratum) for n, (stratum, _) in enumerate(told)]
    reviews = [of_finding(f"I{n}", verdict) for n, (_, verdict) in enumerate(told)]
    sizes = {name: sum(stratum == name for stratum, _ in told) + unseen for name in {stratum for stratum, _ in told}}
    late = result(incidents, reviews, sizes).noise[LATE]
    assert late.band_low is not None
    assert late.band_high is not None
    assert 0 <= late.band_low <= late.band_high <= 1 + 1e-9
    if late.share is not None and late.low is not None and late.high is not None:
        assert 0 <= late.low <= late.share + 1e-12
        assert late.share - 1e-12 <= late.high <= 1
        assert late.band_low - 1e-9 <= late.share <= late.band_high + 1e-9
        if unseen == 0 and late.cannot_tell == 0:
            assert late.low == late.high == late.share
