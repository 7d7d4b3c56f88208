"""Outcomes to tables in Markdown, for the terminal and for ``docs/detectors.md``. Says of each aim whether it is met."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tests.bench.detectors.recipe import Half
from tests.bench.detectors.scoring import (
    Edges,
    Outcome,
    Share,
    Verdict,
    alarms,
    calibration,
    edge_errors,
    missed,
    precision,
    recall,
)

_INFORMATION = ("silent_lead_in", "rotated_view")
_LONG_AIM, _SHORT_AIM, _EDGE_AIM_S, _FRAME_AIM, _CPU_AIM = 1.0, 0.95, 0.5, 1.0, 2.5


@dataclass(frozen=True, slots=True)
class Results:
    """All outcomes of one run."""

    outcomes: tuple[Outcome, ...]

    def of(self, plan: str, limits: str, half: str | None = None) -> list[Outcome]:
        """Outcomes of one plan and set of limits; ``half`` None: both."""
        return [o for o in self.outcomes if o.plan == plan and o.limits == limits and half in (None, o.half)]

    @property
    def plans(self) -> list[str]:
        return list(dict.fromkeys(outcome.plan for outcome in self.outcomes))


def tables(results: Results) -> str:
    """Everything, halves apart."""
    parts = [_aims(results), _costs(results)]
    for plan in results.plans:
        for half in Half:
            parts.append(f"### {plan}, {half}\n\n{_kinds(results, plan, half)}")
    plan = results.plans[0]
    parts.append(f"### How far a confidence can be trusted ({plan})\n\n{_trust(results, plan)}")
    parts += [f"### What went wrong ({plan})\n\n{_wrong(results, plan)}"]
    return "\n\n".join(parts) + "\n"


def _row(*cells: object) -> str:
    return "| " + " | ".join(str(cell) for cell in cells) + " |"


def _share(share: Share) -> str:
    if share.interval is None:
        return "–"
    return f"{share.k}/{share.n} = {share.k / share.n:.3f} ({share.interval[0]:.2f}–{share.interval[1]:.2f})"


def _edges(edges: Edges | None, unit: str = "s") -> str:
    return "–" if edges is None else f"{edges.median_s:.2f} {unit} / {edges.p90_s:.2f} {unit}"


def _kinds_of(outcomes: Sequence[Outcome]) -> list[str]:
    return sorted(
        {label.kind for o in outcomes for label in o.labels} | {claim.kind for o in outcomes for claim in o.claims}
    )


def _kinds(results: Results, plan: str, half: str) -> str:
    shipped, short = results.of(plan, "shipped", half), results.of(plan, "short", half)
    in_frames = plan == "deep"
    rows = [
        "| kind | recall ≥ 10 s | recall 3–10 s | precision | precision, minimum 3 s | ends: median / 90 % |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for kind in _kinds_of([*shipped, *short]):
        ends = edge_errors(short, kind, in_frames=in_frames)
        rows.append(
            _row(
                f"`{kind}`",
                _share(recall(shipped, kind, is_long=True)),
                _share(recall(short, kind, is_long=False)),
                _share(precision(shipped, kind)),
                _share(precision(short, kind)),
                _edges(ends, "frames" if in_frames else "s"),
            )
        )
    part = recall(shipped, "obstructed_view", is_long=True, is_optional=True)
    rows.append(_row("`obstructed_view`, part of the picture", _share(part), "–", "not counted", "not counted", "–"))
    return "\n".join(rows)


def _aims(results: Results) -> str:
    rows = ["### Aims", "", "| plan | half | aim | measured | |", "| --- | --- | --- | --- | --- |"]
    for plan in results.plans:
        for half in Half:
            rows += [
                _row(plan, half, aim, measured, _met(is_met)) for aim, measured, is_met in _measured(results, plan, half)
            ]
    if {"adaptive", "uniform10"} <= set(results.plans):
        ratio = _cpu(results, "uniform10") / max(1e-9, _cpu(results, "adaptive"))
        rows.append(_row("adaptive", "both", "CPU: uniform10 ÷ adaptive ≥ 2.5", f"{ratio:.2f}", _met(ratio >= _CPU_AIM)))
    return "\n".join(rows)


def _met(is_met: bool | None) -> str:
    if is_met is None:
        return "not measured"
    return "aim met" if is_met else "**aim missed**"


def _reaches(share: Share, aim: float) -> bool | None:
    return None if share.value is None else share.value >= aim


def _measured(results: Results, plan: str, half: str) -> list[tuple[str, str, bool | None]]:
    shipped, short = results.of(plan, "shipped", half), results.of(plan, "short", half)
    near = [outcome for outcome in shipped if outcome.near_misses]
    wrong = len(alarms(near, Verdict.FALSE))
    brief_wrong = len(alarms([outcome for outcome in short if outcome.near_misses], Verdict.FALSE))
    kinds = [kind for kind in _kinds_of(shipped) if kind not in _INFORMATION]
    long = _summed([recall(shipped, kind, is_long=True) for kind in kinds])
    brief = _summed([recall(short, kind, is_long=False) for kind in kinds])
    lines: list[tuple[str, str, bool | None]] = [
        (
            "no false alarm on near-misses",
            f"{wrong} in {len(near)} clips; minimum 3 s: {brief_wrong}",
            wrong == 0 if near else None,
        ),
        ("recall 1.0, ≥ 10 s", _share(long), _reaches(long, _LONG_AIM)),
        ("recall ≥ 0.95, 3–10 s", _share(brief), _reaches(brief, _SHORT_AIM)),
    ]
    if plan == "deep":
        frames = edge_errors(short, in_frames=True)
        is_met = None if frames is None else frames.median_s <= _FRAME_AIM
        lines.append(("median error of ends ≤ 1 frame", _edges(frames, "frames"), is_met))
    else:
        ends = edge_errors(short)
        lines.append(("median error of ends ≤ 0.5 s", _edges(ends), None if ends is None else ends.median_s <= _EDGE_AIM_S))
    return lines


def _summed(shares: Sequence[Share]) -> Share:
    return Share(sum(share.k for share in shares), sum(share.n for share in shares))


def _cpu(results: Results, plan: str) -> float:
    return sum(outcome.cpu_s for outcome in results.of(plan, "shipped"))


def _costs(results: Results) -> str:
    rows = [
        "### Cost",
        "",
        "| plan | footage | CPU | CPU a minute of footage | frames looked at | bytes read | unreadable or failed |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for plan in results.plans:
        outcomes = results.of(plan, "shipped")
        minutes = sum(outcome.seconds for outcome in outcomes) / 60
        sampled = sum(o.sampled for o in outcomes) / max(1, sum(o.frames for o in outcomes))
        read = sum(o.bytes_read for o in outcomes) / max(1, sum(o.size_bytes for o in outcomes))
        failed = sum(bool(outcome.failure) for outcome in outcomes)
        cpu_s = _cpu(results, plan)
        rows.append(
            _row(
                plan, f"{minutes:.0f} min", f"{cpu_s:.1f} s", f"{1000 * cpu_s / max(minutes, 1e-9):.0f} ms",
                f"{sampled:.2%}", f"{read:.1%}", failed,
            )
        )  # fmt: skip
    return "\n".join(rows)


def _trust(results: Results, plan: str) -> str:
    rows = [
        "| confidence | right, shipped minimum | right, minimum 3 s |",
        "| --- | --- | --- |",
    ]
    pairs = zip(calibration(results.of(plan, "shipped")), calibration(results.of(plan, "short")), strict=True)
    rows += [_row(f"{low:.2f}–{high:.2f}", _share(one), _share(other)) for (low, high, one), (_, _, other) in pairs]
    return "\n".join(rows)


def _wrong(results: Results, plan: str) -> str:
    shipped, short = results.of(plan, "shipped"), results.of(plan, "short")
    lines = [f"- `{o.name}`: {o.failure}" for o in shipped if o.failure]
    seen: set[tuple[str, str, int]] = set()
    for outcome, claim, one in alarms([*shipped, *short], Verdict.FALSE, Verdict.OTHERWISE):
        place = (outcome.name, claim.kind, round(claim.start_s))
        if place in seen:
            continue
        seen.add(place)
        limits = "" if outcome.limits == "shipped" else ", minimum 3 s"
        told = f"`{claim.kind}` {claim.start_s:.1f}–{claim.end_s:.1f} s, confidence {claim.confidence:.2f}"
        tags = f"; near-miss: {', '.join(outcome.near_misses)}" if outcome.near_misses else ""
        lines.append(f"- `{outcome.name}`: {one}: {told}{limits}{tags}")
    for outcome, label in [*missed(shipped), *((o, m) for o, m in missed(short) if m.length_s < 10)]:
        lines.append(f"- `{outcome.name}`: not found: `{label.kind}` {label.start_s:.1f}–{label.end_s:.1f} s")
    return "\n".join(lines) or "Nothing."
