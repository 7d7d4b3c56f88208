"""By which numbers two policies differ, and which of these bear on what moved.

Knows which settings decide which kind of finding, bucket or window; decides nothing of an assignment. Where no setting is
known to bear on a change, all that differ are named.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass

from bwc_audit.domain.findings import Finding, FindingGroup, FindingKind
from bwc_audit.domain.policy import Policy
from bwc_audit.domain.results import AssignmentResult, Bucket, Outcome


@dataclass(frozen=True, slots=True)
class Difference:
    """One setting that differs, with the clause it rests on, under the first policy and under the second."""

    setting: str
    first_clause: str
    first: str
    second_clause: str
    second: str


#: For each kind the settings that decide it once the window is fixed.
_OF_KIND: dict[FindingKind, tuple[str, ...]] = {
    FindingKind.LATE_ACTIVATION: ("coverage.activation_grace_s",),
    FindingKind.EARLY_DEACTIVATION: ("coverage.deactivation_grace_s",),
    FindingKind.RECORDING_GAP: ("coverage.gap_s", "coverage.join_s"),
    FindingKind.INCIDENT_UNCOVERED: ("coverage.gap_s", "coverage.join_s"),
    FindingKind.SHORT_BUFFER: ("buffer.expected_s", "buffer.minimum_share"),
    FindingKind.LATE_UPLOAD: ("upload.grace_s",),
    FindingKind.OBJECT_MISSING: ("upload.grace_s",),
    FindingKind.RETENTION_RISK: ("retention.keep_days", "retention.longer", "retention.warning_days"),
    FindingKind.INCIDENT_ID_MISSING: ("labelling.is_incident_id_required",),
    FindingKind.CATEGORY_MISSING: ("labelling.is_category_required",),
    FindingKind.DURATION_MISMATCH: ("usability.duration_tolerance_s",),
}
_SCOPE = ("scope.",)
_WINDOW = ("window.start", "window.end", "window.near_scene", "exemptions")
_OF_GROUP: dict[FindingGroup, tuple[str, ...]] = {
    FindingGroup.COVERAGE: ("upload.", "clock."),
    FindingGroup.USABILITY: ("usability.",),
    FindingGroup.CLOCK: ("clock.",),
}
_OF_BUCKET: dict[str, tuple[str, ...]] = {
    Bucket.TEST_OR_CALLBACK: ("scope.test_",),
    Bucket.OUT_OF_SCOPE: ("scope.call_types", "scope.excluded_call_types", "scope.priorities"),
    Bucket.BELOW_MINIMUM: ("scope.minimum_on_scene_s",),
    Bucket.INVALID_TIMES: ("scope.maximum_assignment_s", *_WINDOW),
}
_OF_OUTCOME = ("coverage.", "upload.", "clock.", "usability.")


def why_moved(
    differing: tuple[Difference, ...],
    finding: Finding | None,
    result: AssignmentResult | None,
    result_later: AssignmentResult | None,
) -> tuple[Difference, ...]:
    """The settings that differ and bear on the change, the nearest cause first; all that differ where none is known to."""
    for asked in _asked(finding, result, result_later):
        found = tuple(one for one in differing if one.setting.startswith(asked))
        if found:
            return found
    return differing


def _asked(
    finding: Finding | None, result: AssignmentResult | None, result_later: AssignmentResult | None
) -> Iterable[tuple[str, ...]]:
    """Sets of settings in the order in which they are asked whether they differ."""
    moved = _moved_window(result, result_later)
    buckets = [one.reason for one in (result, result_later) if one is not None and one.outcome is Outcome.EXCLUDED]
    if result is not None and result_later is not None and len(buckets) != 0 and result.reason != result_later.reason:
        cut = tuple(one for one in moved if one.startswith("exemptions.")) or moved
        exempt = {str(Bucket.FULLY_EXEMPT): cut}
        yield tuple(part for bucket in map(str, buckets) for part in (exempt | _OF_BUCKET).get(bucket, _SCOPE))
    if finding is None:
        is_open = Outcome.PENDING in {one.outcome for one in (result, result_later) if one is not None}
        if is_open:
            yield ("upload.",)
        yield (*_OF_OUTCOME, *moved)
        return
    own = (*_OF_KIND.get(finding.kind, ()), *moved)
    if finding.kind is FindingKind.INCIDENT_UNCOVERED:
        own = (*own, *_WINDOW, *_SCOPE)  # of everybody assigned; whose time moved is not asked
    if own:
        yield own
    yield (*_OF_GROUP.get(finding.kind.group, ()), *_WINDOW)
    yield ("severity.",)
    yield ("coverage.",)


def _moved_window(result: AssignmentResult | None, result_later: AssignmentResult | None) -> tuple[str, ...]:
    """The settings that moved the required time of an assignment, as far as it did move."""
    if result is None or result_later is None:
        return ()
    one, other = result.window, result_later.window
    codes = sorted({*result.exempted_by} ^ {*result_later.exempted_by})
    found = [f"exemptions.{code}" for code in codes]
    if one is None or other is None:
        return (*found, "window.")
    found += ["window.start", "window.near_scene"] if one.span.start_us != other.span.start_us else []
    found += ["window.end"] if one.span.end_us != other.span.end_us else []
    return tuple(found)


def differences(before: Policy, after: Policy) -> tuple[Difference, ...]:
    """All settings that differ, in the order of the policy; names of clauses are no settings."""
    found = []
    sections, sections_after = _sections(before), _sections(after)
    for section, settings in sections.items():
        for name, value in settings.items():
            other = sections_after[section][name]
            if value != other and not name.endswith("clause"):
                clauses = (_clause(each[section], name) for each in (sections, sections_after))
                found.append(_difference(f"{section}.{name}", value, other, *clauses))
    rules, rules_after = ({rule.code: asdict(rule) for rule in each.exemptions} for each in (before, after))
    for code in sorted(rules.keys() | rules_after.keys()):
        one, other = rules.get(code), rules_after.get(code)
        if one != other:
            named = (str(rule["clause"]) if rule else "" for rule in (one, other))
            found.append(_difference(f"exemptions.{code}", one, other, *named))
    return tuple(found)


def _sections(policy: Policy) -> dict[str, dict[str, object]]:
    left_out = ("policy_id", "version", "title", "exemptions", "clauses", "provenance")
    return {name: settings for name, settings in asdict(policy).items() if name not in left_out}


def _clause(section: Mapping[str, object], name: str) -> str:
    for prefix in ("activation", "deactivation", "gap"):
        if name.startswith(f"{prefix}_") and f"{prefix}_clause" in section:
            return str(section[f"{prefix}_clause"])
    return str(section.get("clause", section.get("gap_clause", "")))


def _difference(setting: str, value: object, other: object, clause: str, other_clause: str) -> Difference:
    return Difference(setting, clause, said_value(value), other_clause, said_value(other))


def said_value(value: object) -> str:
    """A setting as people write it."""
    if value is None:
        return "no such rule"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, Mapping):
        parts = (f"{name} {said_value(part)}" for name, part in value.items() if part and name not in ("code", "clause"))
        return ", ".join(parts) or "everything"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return ", ".join(map(said_value, value)) or "none named"
    return str(value)
