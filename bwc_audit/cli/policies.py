"""Commands about policies: ``policy list``, ``show``, ``validate``."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

import typer

from bwc_audit.cli.showing import Format, note, print_json, print_table, say
from bwc_audit.config import load_settings
from bwc_audit.domain.policy import Policy
from bwc_audit.domain.policy_book import Edition, PolicyBook
from bwc_audit.sources.policy_files import SCHEMA, load_book, load_policy, shipped_policies

PolicyName = Annotated[str, typer.Argument(help="A shipped pack, or a YAML file.")]


def add_to(app: typer.Typer) -> None:
    """Register the commands of this module."""
    policy = typer.Typer(help="Policy packs: what must be recorded, and every threshold.", no_args_is_help=True)
    policy.command("list", epilog="Example: `bwc-audit policy list`")(policy_list)
    policy.command("show", epilog="Example: `bwc-audit policy show uk_generic`")(policy_show)
    policy.command("validate", epilog="Example: `bwc-audit policy validate our-force.yaml`")(policy_validate)
    app.add_typer(policy, name="policy")


def policy_list() -> None:
    """List the shipped policy packs."""
    packs = [load_policy(name) for name in shipped_policies()]
    rows = [(pack.policy_id, pack.version, pack.title, pack.policy_hash[:12]) for pack in packs]
    print_table("", ("policy", "version", "title", "hash"), rows)


def policy_show(
    name: PolicyName,
    unit: Annotated[str | None, typer.Option(help="As it holds for this unit.")] = None,
    call_type: Annotated[str | None, typer.Option(help="As it holds for this call type.")] = None,
    priority: Annotated[str | None, typer.Option(help="As it holds for this priority.")] = None,
    format_: Annotated[Format, typer.Option("--format", help="How the answer is written.")] = Format.TABLE,
) -> None:
    """Show a pack: every number with the clause it rests on, and which file or layer set it.

    With `--unit`, `--call-type` or `--priority`: with the layers that hold there. Of a book, the latest edition.
    """
    book = load_book(name, load_settings().timezone)
    policy = book.rules_for(unit, call_type, priority, book.editions[-1].from_us)
    if format_ is Format.JSON:
        document = asdict(policy)
        print_json({"schema": SCHEMA, **{key: value for key, value in document.items() if value or key != "provenance"}})
        note(f"hash {policy.policy_hash}")
        return
    say(f"{policy.title} ({policy.policy_id} {policy.version}, {policy.policy_hash[:12]})")
    say()
    print_table("", ("section", "setting", "value", "set by"), list(_settings(policy)))
    if policy.exemptions:
        say()
        rules = [
            (rule.code, rule.clause, _said(_condition(asdict(rule.when))), _cut(asdict(rule))) for rule in policy.exemptions
        ]
        print_table("Exemptions by rule", ("code", "clause", "when", "time"), rows=rules)
    if len(book.editions) > 1 or book.editions[0].layers:
        say()
        print_table("Layers and editions", ("in force", "policy", "layer", "for", "sets"), list(_layers(book)))
    say()
    clauses = [(name, clause.text, clause.reference, clause.note) for name, clause in policy.clauses.items()]
    print_table("Clauses", ("clause", "text", "reference", "note"), clauses)


def _settings(policy: Policy) -> list[tuple[str, str, str, str]]:
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


def _layers(book: PolicyBook) -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = []
    for edition in book.editions:
        rows.append((_in_force(edition), edition.policy.reference, "", "everybody", ""))
        for layer in edition.layers:
            set_here = [f"{section}.{name}" for section, settings in layer.changes.items() for name in settings]
            set_here += [f"exemption {rule.code}" for rule in layer.exemptions]
            rows.append(("", "", layer.name, _said(_condition(asdict(layer.when))), ", ".join(set_here)))
    return rows


def _in_force(edition: Edition) -> str:
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


def policy_validate(path: Annotated[str, typer.Argument(help="A YAML file (policy or book), or a shipped pack.")]) -> None:
    """Check a policy file; every error is told, with file, line, column, field and what is allowed. Exit code 2."""
    book = load_book(path, load_settings().timezone)
    say(f"{book.book_id} {book.version} is valid, hash {book.policy_hash[:12]}")
    for edition in book.editions if len(book.editions) > 1 else ():
        say(f"  {_in_force(edition)}: {edition.policy.reference}, {len(edition.layers)} layers")
