"""A policy in rows of words: its numbers, layers, exemptions and clauses. Decides nothing."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from bwc_audit.domain.policy import Policy
from bwc_audit.domain.policy_book import Edition, PolicyBook


def exemption_rows(policy: Policy) -> list[tuple[str, str, str, str]]:
    """(code, clause, when, time cut) of every rule that exempts."""
    return [(rule.code, rule.clause, _said(_condition(asdict(rule.when))), _cut(asdict(rule))) for rule in policy.exemptions]


def clause_rows(policy: Policy) -> list[tuple[str, str, str, str]]:
    """(clause, text, reference, note) of a policy."""
    return [(name, clause.text, clause.reference, clause.note) for name, clause in policy.clauses.items()]


def setting_rows(policy: Policy) -> list[tuple[str, str, str, str]]:
    """(section, setting, value, set by) of every number and switch of a policy."""
    sections = {
        name: settings
        for name, settings in asdict(policy).items()
        if isinstance(settings, dict) and name not in ("clauses", "provenance")
    }
    return [
        (section, name, _said(value), policy.provenance.get(f"{section}.{name}", policy.policy_id))
        for section, settings in sections.items()
        for name, value in settings.items()
    ]


def layer_rows(book: PolicyBook) -> list[tuple[str, ...]]:
    """(in force, policy, layer, for whom, what it sets) of a book."""
    rows: list[tuple[str, ...]] = []
    for edition in book.editions:
        rows.append((in_force(edition), edition.policy.reference, "", "everybody", ""))
        for layer in edition.layers:
            set_here = [f"{section}.{name}" for section, settings in layer.changes.items() for name in settings]
            set_here += [f"exemption {rule.code}" for rule in layer.exemptions]
            rows.append(("", "", layer.name, _said(_condition(asdict(layer.when))), ", ".join(set_here)))
    return rows


def in_force(edition: Edition) -> str:
    """From which day to which an edition is in force."""
    return f"{edition.effective_from or 'always'} – {edition.effective_to or 'open'}"


def _condition(when: dict[str, Any]) -> list[str]:
    return [f"{name.replace('_', ' ')}: {' or '.join(values)}" for name, values in when.items() if values]


def _cut(rule: dict[str, Any]) -> str:
    def side(name: str) -> str:
        after = rule[f"{name}_after_s"]
        return f"{rule[name] or f'window {name}'}{f' {after:+g} s' if after else ''}"

    return f"{side('start')} to {side('end')}"


def _said(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dict):
        return ", ".join(f"{name} {_said(part)}" for name, part in value.items())
    if isinstance(value, list | tuple):
        return (
            "; ".join(map(_said, value))
            if any(isinstance(one, dict) for one in value)
            else ", ".join(map(str, value)) or "(none)"
        )
    return f"{value:g}" if isinstance(value, float) else str(value)
