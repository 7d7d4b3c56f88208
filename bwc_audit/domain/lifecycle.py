"""How the findings of a run stand against those of earlier runs: appeared, changed, unchanged, resolved, replaced,
reopened.

A finding is compared by fingerprint. A resolved finding is one that an earlier run saw open and this run, looking at the
same incident or recording with sufficient sources, no longer states. Borderline observations take part like any other: a
finding that sinks into the uncertainty is *changed*, not gone. Nor is one *resolved* whose fact is stated under another
clause of the policy: it is *replaced*.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from bwc_audit.domain.findings import Finding, FindingGroup
from bwc_audit.domain.runs import Change, FindingState, ObservedFinding
from bwc_audit.domain.times import SECOND_US

_STANDING = {FindingState.RESOLVED: 0, FindingState.REPLACED: 1, FindingState.OPEN: 2}


@dataclass(frozen=True, slots=True)
class RunBasis:
    """What a run rested on, as far as it can change an answer: policy, inspector, and footage by id with its place."""

    policy_hash: str
    inspector_version: str
    footage: Mapping[str, frozenset[tuple[str, int, int]]]
    """For each incident id: ``(footage_id, start_us, end_us)`` of its segments in corrected time."""
    is_deep: bool = False
    """Every frame of its videos was looked at, rather than samples."""


def observe(
    findings: Iterable[Finding],
    previous: Mapping[str, ObservedFinding],
    *,
    run_id: str,
    basis: RunBasis,
    previous_basis: Callable[[str], RunBasis | None],
    is_withheld: Callable[[Finding], bool],
) -> tuple[ObservedFinding, ...]:
    """This run's findings with their change, and the earlier open ones that it does not state (*resolved*, *replaced*).

    ``previous``: the last observation for each fingerprint in this run's scope. ``previous_basis``: the basis of an
    earlier run by its id. ``is_withheld``: true where this run could not judge a finding (its assignment is pending or
    unknown now), so that its absence resolves nothing and it stays as it was; unless the same fact is stated under another
    clause of a policy, which replaces it.
    """
    current = {finding.fingerprint: finding for finding in findings}
    restated = {finding.subject: finding for finding in current.values()}
    replaced = {
        before.finding.subject: before
        for fingerprint, before in previous.items()
        if before.state is FindingState.OPEN and fingerprint not in current
    }
    observed: list[ObservedFinding] = []
    for fingerprint, finding in sorted(current.items()):
        before = previous.get(fingerprint)
        change = _change(finding, before)
        cause = _cause(finding, before, basis, previous_basis) if change is Change.CHANGED else None
        if change is Change.REOPENED:
            cause = f"stated again after it had been {before.state}" if before else None
        if change is Change.APPEARED and finding.subject in replaced:
            cause = _told_before(replaced[finding.subject])
        said = before.disposition if before else None
        observed.append(ObservedFinding(finding_id_of(fingerprint), run_id, finding, FindingState.OPEN, change, cause, said))
    for fingerprint, before in sorted(previous.items()):
        if fingerprint in current or before.state is not FindingState.OPEN:
            continue
        other = restated.get(before.finding.subject)
        observed.append(
            _gone(before, run_id, basis, previous_basis, is_withheld) if other is None else _replaced(before, run_id, other)
        )
    return tuple(observed)


def weight_in_run(observed: ObservedFinding) -> tuple[int, bool, int, int, str]:
    """What decides between two observations of one finding in one run, made from different stretches of its period: a stated
    one over one called replaced, that over one called resolved, then the one with more measured seconds, as within a
    stretch. Of a camera's clock the later one holds what the earlier said: a firm one, or one that speaks of more, is put
    in its place."""
    finding = observed.finding
    if finding.kind.group is FindingGroup.CLOCK:
        parts = len(finding.spans) + len(finding.footage_ids)
        return _STANDING[observed.state], not finding.is_borderline, finding.seconds_us, parts, ""
    return _STANDING[observed.state], True, finding.seconds_us, 0, finding.message


def finding_id_of(fingerprint: str) -> str:
    """The short public id of a finding: ``F-`` and the first 12 digits of its fingerprint."""
    return f"F-{fingerprint[:12]}"


def _change(finding: Finding, before: ObservedFinding | None) -> Change:
    if before is None:
        return Change.APPEARED
    if before.state is not FindingState.OPEN:
        return Change.REOPENED
    return Change.UNCHANGED if _measured(finding) == _measured(before.finding) else Change.CHANGED


def _measured(finding: Finding) -> tuple[object, ...]:
    return (finding.spans, finding.seconds_us, finding.is_borderline, finding.severity, finding.window)


def _told_before(before: ObservedFinding) -> str:
    """Where the same fact stood under another clause, and what somebody decided there."""
    decided = f"; what was decided there: {before.disposition.replace('_', ' ')}" if before.disposition else ""
    return f"stated before as {before.finding_id}, under another clause of the policy{decided}"


def _replaced(before: ObservedFinding, run_id: str, other: Finding) -> ObservedFinding:
    """The same fact is stated under another clause: two findings of it would count it twice."""
    cause = f"stated as {finding_id_of(other.fingerprint)}, under another clause of the policy"
    return ObservedFinding(
        before.finding_id, run_id, before.finding, FindingState.REPLACED, Change.REPLACED, cause, before.disposition
    )


def _gone(
    before: ObservedFinding,
    run_id: str,
    basis: RunBasis,
    previous_basis: Callable[[str], RunBasis | None],
    is_withheld: Callable[[Finding], bool],
) -> ObservedFinding:
    if is_withheld(before.finding):
        cause = "kept as it was: the sources for it are not complete in this run"
        return ObservedFinding(
            before.finding_id, run_id, before.finding, FindingState.OPEN, Change.UNCHANGED, cause, before.disposition
        )
    cause = _cause(before.finding, before, basis, previous_basis)
    return ObservedFinding(
        before.finding_id, run_id, before.finding, FindingState.RESOLVED, Change.RESOLVED, cause, before.disposition
    )


def _cause(
    finding: Finding,
    before: ObservedFinding | None,
    basis: RunBasis,
    previous_basis: Callable[[str], RunBasis | None],
) -> str:
    earlier = previous_basis(before.run_id) if before else None
    if before is None or earlier is None:
        return "the earlier run's basis is not known"
    causes: list[str] = []
    if earlier.policy_hash != basis.policy_hash:
        causes.append("another policy or version of it")
    if earlier.inspector_version != basis.inspector_version:
        causes.append(f"inspector version {earlier.inspector_version} became {basis.inspector_version}")
    if earlier.is_deep != basis.is_deep and finding.kind.group is FindingGroup.USABILITY:
        causes.append(f"its videos were looked at {'more' if basis.is_deep else 'less'} densely")
    causes += _footage_causes(finding.incident_id, basis, earlier)
    if not causes and finding.window != before.finding.window:
        causes.append("the recorded times of the incident changed")
    return "; ".join(causes) or "a record it rests on changed"


def _footage_causes(incident_id: str | None, basis: RunBasis, earlier: RunBasis) -> list[str]:
    if incident_id is None:
        return []
    now = {footage_id: (start, end) for footage_id, start, end in basis.footage.get(incident_id, frozenset())}
    then = {footage_id: (start, end) for footage_id, start, end in earlier.footage.get(incident_id, frozenset())}
    causes = [f"new segment {footage_id}" for footage_id in sorted(now.keys() - then.keys())]
    causes += [f"segment {footage_id} no longer there" for footage_id in sorted(then.keys() - now.keys())]
    for footage_id in sorted(now.keys() & then.keys()):
        if now[footage_id] != then[footage_id]:
            moved_s = (now[footage_id][0] - then[footage_id][0]) / SECOND_US
            causes.append(f"segment {footage_id} placed anew ({moved_s:+.1f} s at its start)")
    return causes
