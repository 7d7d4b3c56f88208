"""From reviews to published rates: how often findings of a kind are noise, and how often something is missed.

The sample is one of incidents, the rate one of findings: a ratio of two weighted sums over the reviewed incidents. An
incident of a stratum with N incidents of which m were reviewed weighs N / m. The variance is the stratified one of a ratio,
with finite population correction (W. G. Cochran, *Sampling Techniques*, 3rd ed. 1977, section 6.11):
``v = sum N² (1 - m/N) / m · s² / X²`` with ``s²`` the variance of ``y - R x`` in a stratum and ``X`` the weighted number of
findings; where m is 1, ``(y - R x)²`` stands for it. The interval is Wilson's at the effective number (``proportions``).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import inf

from bwc_audit.domain.findings import FindingKind
from bwc_audit.domain.proportions import FEW_CLUSTERS, Z_95, effective_interval, t_95
from bwc_audit.domain.review_sample import Stratum
from bwc_audit.domain.reviews import Standing, Verdict


@dataclass(frozen=True, slots=True)
class ReviewedShare:
    """One published rate, 0..1; None where nothing could be told. ``drawn``: findings (or incidents) in the sample;
    ``told`` of them with a clear verdict, ``hits`` of those noise (or missed), ``cannot_tell`` further ones.

    ``band_low``/``band_high``: all that is not told counted one way, then the other.
    """

    drawn: int
    told: int
    hits: int
    cannot_tell: int
    share: float | None
    low: float | None
    high: float | None
    band_low: float | None
    band_high: float | None


@dataclass(frozen=True, slots=True)
class SampleResult:
    """What a sample says so far. ``noise`` by kind of finding; ``missed``: of incidents without findings, those in which
    anything was missed (key None), and by kind. ``unrepresented``: incidents in strata of which none was reviewed."""

    drawn: int
    reviewed: int
    unrepresented: int
    noise: Mapping[FindingKind, ReviewedShare]
    missed: Mapping[FindingKind | None, ReviewedShare]


@dataclass(frozen=True, slots=True)
class ReviewedNoise:
    """The noise rate of one kind as it is stored with a run: from which sample, how many findings of it were judged
    (``reviewed``, those that cannot be told included), and the share with its interval."""

    kind: FindingKind
    sample_id: str
    reviewed: int
    noise: int
    cannot_tell: int
    share: float | None
    low: float | None
    high: float | None


def reviewed_noise(sample_id: str, result: SampleResult) -> tuple[ReviewedNoise, ...]:
    """What a sample says of each kind of which at least one finding was judged."""
    return tuple(
        ReviewedNoise(kind, sample_id, one.told + one.cannot_tell, one.hits, one.cannot_tell, one.share, one.low, one.high)
        for kind, one in result.noise.items()
        if one.told + one.cannot_tell
    )


@dataclass(frozen=True, slots=True)
class _Tally:
    """What one drawn incident holds of what is counted: all, those told, hits, those that cannot be told."""

    stratum: str
    is_reviewed: bool
    all: int
    told: int = 0
    hits: int = 0
    cannot_tell: int = 0


def sample_result(standings: Sequence[Standing], strata: Sequence[Stratum]) -> SampleResult:
    """The rates of a sample from how its incidents stand."""
    seen = Counter(one.incident.stratum for one in standings if one.is_reviewed)
    kinds = sorted({finding.kind for one in standings for finding in one.incident.findings})
    missed = sorted({review.kind for one in standings for review in one.of_incident if review.kind is not None})
    return SampleResult(
        drawn=len(standings),
        reviewed=sum(seen.values()),
        unrepresented=sum(stratum.size for stratum in strata if not seen[stratum.name]),
        noise={kind: _share([_noise(one, kind) for one in standings], strata) for kind in kinds},
        missed={kind: _share([_missed(one, kind) for one in standings], strata) for kind in (None, *missed)},
    )


def _noise(one: Standing, kind: FindingKind) -> _Tally:
    mine = [finding.fingerprint for finding in one.incident.findings if finding.kind is kind]
    verdicts = Counter(one.of_findings[name].verdict for name in mine if name in one.of_findings)
    noise = verdicts[Verdict.NOISE]
    return _tally(one, len(mine), noise + verdicts[Verdict.CONFIRMED], noise, verdicts[Verdict.CANNOT_TELL])


def _missed(one: Standing, kind: FindingKind | None) -> _Tally:
    if one.incident.findings:
        return _tally(one, 0, 0, 0, 0)
    verdicts = {review.verdict for review in one.of_incident}
    is_told = bool(verdicts & {Verdict.NOTHING_MISSED, Verdict.MISSED})
    is_hit = any(review.verdict is Verdict.MISSED and kind in (None, review.kind) for review in one.of_incident)
    return _tally(one, 1, is_told, is_hit, bool(verdicts) and not is_told)


def _tally(one: Standing, count: int, told: int, hits: int, cannot_tell: int) -> _Tally:
    if not one.is_reviewed:
        return _Tally(one.incident.stratum, False, count)
    return _Tally(one.incident.stratum, True, count, told, hits, cannot_tell)


def _share(tallies: Sequence[_Tally], strata: Sequence[Stratum]) -> ReviewedShare:
    reviewed = [one for one in tallies if one.is_reviewed]
    weight = _weights(reviewed, strata)
    told = sum(weight[one.stratum] * one.told for one in reviewed)
    hits = sum(weight[one.stratum] * one.hits for one in reviewed)
    share = hits / told if told else None
    low, high = (None, None) if share is None else _interval(share, told, reviewed, strata, weight)
    band_low, band_high = _band(tallies, strata)
    return ReviewedShare(
        drawn=sum(one.all for one in tallies),
        told=sum(one.told for one in reviewed),
        hits=sum(one.hits for one in reviewed),
        cannot_tell=sum(one.cannot_tell for one in reviewed),
        share=share,
        low=low,
        high=high,
        band_low=band_low,
        band_high=band_high,
    )


def _weights(tallies: Sequence[_Tally], strata: Sequence[Stratum]) -> dict[str, float]:
    """Incidents of the frame for each incident counted, by stratum."""
    counted = Counter(one.stratum for one in tallies)
    return {stratum.name: stratum.size / counted[stratum.name] for stratum in strata if counted[stratum.name]}


def _interval(
    share: float, told: float, reviewed: Sequence[_Tally], strata: Sequence[Stratum], weight: Mapping[str, float]
) -> tuple[float, float]:
    equal = _equal_number(told, reviewed, weight)
    variance, freedom = _variance(share, told, reviewed, strata)
    spread = share * (1 - share)
    effective = equal
    if variance > 0 and spread > 0 and freedom:
        effective = spread / variance * (Z_95 / t_95(freedom)) ** 2
        if sum(one.told > 0 for one in reviewed) < FEW_CLUSTERS:
            effective = min(effective, equal)
    return effective_interval(share, effective)


def _equal_number(told: float, reviewed: Sequence[_Tally], weight: Mapping[str, float]) -> float:
    """Kish's number of equally weighted incidents with such findings (those of one incident share its fate), over the part
    of all findings of which nothing is known: not looked at, or looked at in vain."""
    squares = sum((weight[one.stratum] * one.told) ** 2 for one in reviewed)
    unseen = 1 - sum(one.told for one in reviewed) / sum(weight[one.stratum] * one.all for one in reviewed)
    return told * told / squares / unseen if unseen > 1e-12 else inf


def _variance(share: float, told: float, reviewed: Sequence[_Tally], strata: Sequence[Stratum]) -> tuple[float, int]:
    residuals: dict[str, list[float]] = defaultdict(list)
    for one in reviewed:
        residuals[one.stratum].append(one.hits - share * one.told)
    total, freedom = 0.0, 0
    for stratum in strata:
        found = residuals[stratum.name]
        if not found or len(found) == stratum.size:
            continue
        count = len(found)
        middle = sum(found) / count if count > 1 else 0.0
        spread = sum((one - middle) ** 2 for one in found) / max(1, count - 1)
        total += stratum.size**2 * (1 - count / stratum.size) / count * spread
        freedom += max(1, count - 1)
    return total / (told * told), freedom


def _band(tallies: Sequence[_Tally], strata: Sequence[Stratum]) -> tuple[float | None, float | None]:
    weigh = _weighing(_weights(tallies, strata))
    whole = sum(weigh(one, one.all) for one in tallies)
    if not whole:
        return None, None
    return (
        sum(weigh(one, one.hits) for one in tallies) / whole,
        sum(weigh(one, one.all - one.told + one.hits) for one in tallies) / whole,
    )


def _weighing(weight: Mapping[str, float]) -> Callable[[_Tally, int], float]:
    return lambda one, count: weight[one.stratum] * count
