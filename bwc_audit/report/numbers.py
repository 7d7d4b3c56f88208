"""The numbers of a run as bars and rows: rates, waterfall, kinds of finding, counts of input.

Computes no rate; it places those of the rate table on a scale of 0..100 per cent and puts them into words.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from bwc_audit.domain.findings import FindingGroup, FindingKind, Severity
from bwc_audit.domain.rates import Rate, RateTable
from bwc_audit.domain.runs import ObservedFinding
from bwc_audit.domain.times import SECOND_US
from bwc_audit.report.contexts import Fact, KindGroup, KindRow, RateBar, RunReportInput, WaterfallStep
from bwc_audit.report.words import BUCKET, GROUP, KIND, RATE, humanised, number, plural
from bwc_audit.report.zone_times import length

#: Marks counts of bytes by their name.
_BYTES = "bytes"


def rate_bars(table: RateTable) -> tuple[RateBar, ...]:
    """The rates of the whole period, the group ``all``."""
    return tuple(rate_bar(rate) for group in table.groups if group.key == "all" for rate in group.rates)


def rates_note(table: RateTable) -> str:
    """What the denominators are, and what the band stands for."""
    return (
        f"Of {plural(table.assignments, 'assignment')}, {number(table.in_scope)} had to record; "
        f"{number(table.decided)} of them are decided, {number(table.pending)} pending, {number(table.unknown)} unknown. "
        "The light band shows how far a rate could move if all pending and unknown ones turned out one way or the other; "
        "the whiskers are the 95 % interval: Wilson’s over assignments; over incidents as clusters where time is measured."
    )


def waterfall_steps(table: RateTable) -> tuple[WaterfallStep, ...]:
    """From all assignments, bucket by bucket, to those in scope."""
    total = table.assignments
    steps = [WaterfallStep("All assignments", number(total), 0.0, 100.0 if total else 0.0, "total")]
    left = total
    for bucket, count in table.waterfall:
        left -= count
        steps.append(
            WaterfallStep(BUCKET[bucket], f"−{number(count)}" if count else "0", *_place(left, count, total), "out")
        )
    return (*steps, WaterfallStep("In scope", number(table.in_scope), *_place(0, table.in_scope, total), "total"))


def kind_groups(report: RunReportInput, counted: Sequence[ObservedFinding]) -> tuple[KindGroup, ...]:
    """Every kind of every group: with its numbers, or in a sentence that says among how many there is none."""
    by_kind = Counter(one.finding.kind for one in counted)
    by_severity = Counter((one.finding.kind, one.finding.severity) for one in counted)
    groups = []
    for group in FindingGroup:
        kinds = [kind for kind in FindingKind if kind.group is group]
        rows = tuple(
            KindRow(
                kind=KIND[kind],
                count=by_kind[kind],
                high=by_severity[kind, Severity.HIGH],
                medium=by_severity[kind, Severity.MEDIUM],
                low=by_severity[kind, Severity.LOW],
                among=_examined(kind, report),
            )
            for kind in kinds
            if by_kind[kind]
        )
        missing: dict[str, list[str]] = {}
        for kind in kinds:
            if not by_kind[kind]:
                missing.setdefault(_examined(kind, report), []).append(KIND[kind].lower())
        empty = tuple(f"None among {among}: {', '.join(names)}." for among, names in missing.items())
        groups.append(KindGroup(GROUP[group], rows, empty))
    return tuple(groups)


def input_facts(counts: Mapping[str, int]) -> tuple[Fact, ...]:
    """What was read: ``x_accepted`` and ``x_rejected`` share a line; other counts stand alone."""
    tables = {name.rsplit("_", 1)[0] for name in counts if name.endswith(("_accepted", "_rejected"))}
    facts = []
    for table in sorted(tables):
        words = ((word, counts.get(f"{table}_{word}")) for word in ("accepted", "rejected"))
        facts.append(Fact(humanised(table), ", ".join(f"{number(n)} {word}" for word, n in words if n is not None)))
    # What turned has a section of its own.
    alone = sorted(
        name for name in counts if not name.endswith(("_accepted", "_rejected")) and not name.startswith("turned_")
    )
    return (*facts, *(Fact(humanised(name), _count_text(name, counts[name])) for name in alone))


def _count_text(name: str, count: int) -> str:
    if _BYTES not in name or count < 10_000:
        return number(count)
    return f"{count / 1e6:,.1f} MB".replace(",", "\u202f")


def _examined(kind: FindingKind, report: RunReportInput) -> str:
    """How much was examined for a kind; what the lead of the run says, else what this report was given."""
    if kind in report.examined:
        return report.examined[kind]
    if kind.group is FindingGroup.COVERAGE:
        return plural(report.rates.decided, "decided assignment")
    if kind.group is FindingGroup.CLOCK:
        return plural(len({segment.device_id for segment in report.segments}), "camera") + " at incidents"
    if kind.group is FindingGroup.USABILITY:
        looked = {segment.footage_id for segment in report.segments if segment.inspection_status is not None}
        return plural(len(looked), "file") + " looked into"
    return plural(len({segment.footage_id for segment in report.segments}), "file") + " at incidents"


def _place(left: int, count: int, total: int) -> tuple[float, float]:
    if not total:
        return 0.0, 0.0
    return round(100 * left / total, 2), round(100 * count / total, 2)


def rate_bar(rate: Rate) -> RateBar:
    """One rate as a bar, in words and positions."""
    name, meaning = RATE.get(rate.name, (humanised(rate.name), ""))
    return RateBar(
        name=name,
        meaning=meaning,
        share=_percent(rate.share) if rate.share is not None else "–",
        fraction=_fraction(rate),
        interval=_range("95 % interval", rate.low, rate.high),
        band=_range("with pending and unknown", rate.band_low, rate.band_high),
        at=_position(rate.share),
        low=_position(rate.low),
        high=_position(rate.high),
        band_low=_position(rate.band_low),
        band_high=_position(rate.band_high),
    )


def _fraction(rate: Rate) -> str:
    if not rate.n:
        return "nothing to measure: no decided assignment"
    if rate.unit == "seconds":
        return f"{length(round(rate.k * SECOND_US))} of {length(round(rate.n * SECOND_US))}"
    return f"{number(round(rate.k))} of {number(round(rate.n))}"


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"


def _range(words: str, low: float | None, high: float | None) -> str:
    if low is None or high is None:
        return ""
    return f"{words} {100 * low:.1f}–{100 * high:.1f} %"


def _position(share: float | None) -> float | None:
    return None if share is None else round(100 * min(1.0, max(0.0, share)), 2)
