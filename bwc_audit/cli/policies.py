"""Commands about policies: ``policy list``, ``show``, ``validate``, ``compare``."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from bwc_audit.audit.compare import compare_policies, period_request
from bwc_audit.audit.setup import day_period, open_audit
from bwc_audit.cli.running import find_run, given_day
from bwc_audit.cli.showing import Format, note, one_line, percent, print_json, print_table, say
from bwc_audit.config import load_settings
from bwc_audit.domain.comparison import Comparison, Side
from bwc_audit.domain.rates import Rate
from bwc_audit.domain.runs import RunRequest
from bwc_audit.domain.times import Span
from bwc_audit.errors import ConfigurationError
from bwc_audit.report.comparison_document import comparison_document, side_reference
from bwc_audit.report.comparison_page import change_of, headline, said_moves, said_result, said_sides, said_why, signed
from bwc_audit.report.policy_words import clause_rows, exemption_rows, in_force, layer_rows, setting_rows
from bwc_audit.report.write import write_comparison
from bwc_audit.sources.policy_content import SCHEMA
from bwc_audit.sources.policy_files import load_book, load_policy, shipped_policies

PolicyName = Annotated[str, typer.Argument(help="A shipped pack, or a YAML file.")]


def add_to(app: typer.Typer) -> None:
    """Register the commands of this module."""
    policy = typer.Typer(help="Policy packs: what must be recorded, and every threshold.", no_args_is_help=True)
    policy.command("list", epilog="Example: `bwc-audit policy list`")(policy_list)
    policy.command("show", epilog="Example: `bwc-audit policy show uk_generic`")(policy_show)
    policy.command("validate", epilog="Example: `bwc-audit policy validate our-force.yaml`")(policy_validate)
    policy.command("compare", epilog="Example: `bwc-audit policy compare uk_generic stricter.yaml --run latest`")(
        policy_compare
    )
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
    print_table("", ("section", "setting", "value", "set by"), setting_rows(policy))
    if policy.exemptions:
        say()
        print_table("Exemptions by rule", ("code", "clause", "when", "time"), exemption_rows(policy))
    if len(book.editions) > 1 or book.editions[0].layers:
        say()
        print_table("Layers and editions", ("in force", "policy", "layer", "for", "sets"), layer_rows(book))
    say()
    print_table("Clauses", ("clause", "text", "reference", "note"), clause_rows(policy))


def policy_validate(path: Annotated[str, typer.Argument(help="A YAML file (policy or book), or a shipped pack.")]) -> None:
    """Check a policy file; every error is told, with file, line, column, field and what is allowed. Exit code 2."""
    book = load_book(path, load_settings().timezone)
    say(f"{book.book_id} {book.version} is valid, hash {book.policy_hash[:12]}")
    for edition in book.editions if len(book.editions) > 1 else ():
        say(f"  {in_force(edition)}: {edition.policy.reference}, {len(edition.layers)} layers")


def policy_compare(
    first: Annotated[str, typer.Argument(metavar="A", help="A shipped pack, or a YAML file.")],
    second: Annotated[str, typer.Argument(metavar="B", help="Another one.")],
    from_: Annotated[str | None, typer.Option("--from", help="First day of the period, YYYY-MM-DD.")] = None,
    to: Annotated[str | None, typer.Option(help="Last day of the period, YYYY-MM-DD.")] = None,
    run: Annotated[str | None, typer.Option(help="The period of a run: its id, or `latest`, as of its moment.")] = None,
    out: Annotated[Path | None, typer.Option(help="Write an HTML page to this file as well.")] = None,
    limit: Annotated[int, typer.Option(min=0, help="Rows of each list in the table; JSON holds all.")] = 20,
    format_: Annotated[Format, typer.Option("--format", help="How the answer is written.")] = Format.TABLE,
) -> None:
    """Replay a stored period under two policies, side by side, without touching media or any stored result.

    Without period: that of the latest run. Shows rates, waterfalls, and what moves, with the numbers that differ.
    """
    request = _replayed_request(from_, to, run)
    audit = open_audit(load_settings())
    books = [load_book(name, audit.settings.timezone) for name in (first, second)]
    comparison = compare_policies(audit, books[0], books[1], request)
    if out is not None:
        write_comparison(comparison, out, request.timezone)
        note(f"page: {out}")
    if format_ is Format.JSON:
        print_json(comparison_document(comparison))
    else:
        _print_comparison(comparison, limit)
    for name, side in (("A", comparison.first), ("B", comparison.second)):
        for what in side.not_examined.said[:5]:
            note(f"{name}: not examined: {one_line(what)}")
        if side.unseen_us:
            note(f"{name} asks for {side.unseen_us / 1e6:.0f} s of stored video that nobody has looked at")


def _replayed_request(from_: str | None, to: str | None, run: str | None) -> RunRequest:
    if run is not None and (from_ is not None or to is not None):
        raise ConfigurationError("--run already says from when to when: leave out --from and --to")
    if from_ is None and to is None:
        return find_run(run or "latest").request
    if from_ is None or to is None:
        raise ConfigurationError("--from and --to go together: --from 2025-05-01 --to 2025-05-31")
    start, end = given_day("--from", from_), given_day("--to", to)
    if end < start:
        raise ConfigurationError(f"--to {to} lies before --from {from_}")
    audit = open_audit(load_settings())
    first, last = day_period(audit.settings, start), day_period(audit.settings, end)
    return period_request(audit, Span(first.start_us, last.end_us))


def _print_comparison(comparison: Comparison, limit: int) -> None:
    first, second = comparison.first, comparison.second
    say(f"A {side_reference(first)}  {first.title}")
    say(f"B {side_reference(second)}  {second.title}")
    say(headline(comparison))
    say()
    rates = [(name, *pair) for name, *pair in _rate_rows(first, second)]
    print_table("Rates", ("rate", "A", "", "B", "", "B - A"), rates, right=("A", "B", "B - A"))
    say()
    print_table("Assignments", ("", "A", "B", "B - A"), _count_rows(first, second), right=("A", "B", "B - A"))
    say()
    print_table("Findings", ("kind", "A", "B", "B - A"), _kind_rows(first, second), right=("A", "B", "B - A"))
    say()
    settings = [(one.setting, one.first, one.first_clause, one.second, one.second_clause) for one in comparison.settings]
    print_table("Settings that differ", ("setting", "A", "clause", "B", "clause"), settings)
    say()
    moves = f": {', '.join(said_moves(comparison))}" if comparison.moves else ""
    rows = [
        (
            one.first.incident_id,
            one.first.officer_id,
            said_result(one.first),
            said_result(one.second),
            "; ".join(said_why(one.why)),
        )
        for one in comparison.assignments[:limit]
    ]
    print_table(
        f"Moved assignments{moves}", ("incident", "officer", "under A", "under B", "because of"), rows, sentence="because of"
    )
    _say_rest(len(comparison.assignments), limit)
    say()
    found = [
        (
            one.move.value,
            one.said.kind.value,
            one.said.incident_id or one.said.recording_id or "–",
            one.said.officer_id or "–",
            *said_sides(one),
            "; ".join(said_why(one.why)),
        )
        for one in comparison.findings[:limit]
    ]
    columns = ("move", "kind", "incident", "officer", "under A", "under B", "because of")
    print_table("Moved findings", columns, found, sentence="because of")
    _say_rest(len(comparison.findings), limit)


def _say_rest(count: int, limit: int) -> None:
    if count > limit:
        say(f"and {count - limit} more; --limit shows more, --format json all")


def _rate_rows(first: Side, second: Side) -> list[tuple[str, ...]]:
    def rates(side: Side) -> dict[str, Rate]:
        return {rate.name: rate for group in side.rates.groups if group.key == "all" for rate in group.rates}

    def fraction(rate: Rate) -> str:
        return f"{rate.k:.0f}/{rate.n:.0f}{' s' if rate.unit == 'seconds' else ''}"

    after = rates(second)
    return [
        (
            name.replace("_", " "),
            percent(one.share),
            fraction(one),
            percent(after[name].share),
            fraction(after[name]),
            change_of(one, after[name]),
        )
        for name, one in rates(first).items()
    ]


def _count_rows(first: Side, second: Side) -> list[tuple[str, str, str, str]]:
    after, outcomes = dict(second.rates.waterfall), dict(second.outcomes)
    pairs = [("all", first.rates.assignments, second.rates.assignments)]
    pairs += [(f"- {bucket.value.replace('_', ' ')}", n, after[bucket]) for bucket, n in first.rates.waterfall]
    pairs.append(("in scope", first.rates.in_scope, second.rates.in_scope))
    pairs += [(outcome.value, n, outcomes[outcome]) for outcome, n in first.outcomes if outcome.value != "excluded"]
    exempt, exempt_after = dict(first.exempt), dict(second.exempt)
    pairs += [
        (f"time cut by rule {code}", exempt.get(code, 0), exempt_after.get(code, 0))
        for code in sorted(exempt | exempt_after)
    ]
    return [(label, str(one), str(other), signed(other - one)) for label, one, other in pairs]


def _kind_rows(first: Side, second: Side) -> list[tuple[str, str, str, str]]:
    before, after = dict(first.findings), dict(second.findings)
    return [
        (kind.value, str(before.get(kind, 0)), str(after.get(kind, 0)), signed(after.get(kind, 0) - before.get(kind, 0)))
        for kind in [*before, *(kind for kind in after if kind not in before)]
    ]
