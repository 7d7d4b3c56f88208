"""Commands for whoever keeps the installation: ``db``, ``policy``, ``doctor``."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from bwc_audit.audit.doctor import diagnose
from bwc_audit.cli.showing import Format, note, print_json, print_table, say
from bwc_audit.config import load_settings
from bwc_audit.sources.policy_files import SCHEMA, load_policy, shipped_policies
from bwc_audit.store.check import check as check_database
from bwc_audit.store.database import open_database
from bwc_audit.store.database import upgrade as upgrade_database


def add_to(app: typer.Typer) -> None:
    """Register the commands of this module."""
    db = typer.Typer(help="The database: migrations, and checks of what is stored.", no_args_is_help=True)
    db.command(epilog="Example: `bwc-audit db upgrade`")(upgrade)
    db.command(epilog="Example: `bwc-audit db check`")(check)
    app.add_typer(db, name="db")
    policy = typer.Typer(help="Policy packs: what must be recorded, and every threshold.", no_args_is_help=True)
    policy.command("list", epilog="Example: `bwc-audit policy list`")(policy_list)
    policy.command("show", epilog="Example: `bwc-audit policy show uk_generic`")(policy_show)
    policy.command("validate", epilog="Example: `bwc-audit policy validate our-force.yaml`")(policy_validate)
    app.add_typer(policy, name="policy")
    app.command(epilog="Example: `bwc-audit doctor`")(doctor)


def upgrade() -> None:
    """Bring the database to the newest revision."""
    before, now = upgrade_database(open_database(load_settings().effective_database_url))
    say(f"database at revision {now}" + ("" if before == now else f", from {before or 'nothing'}"))


def check() -> None:
    """Compare the database with this program's schema, and the stored rows with the rules they must keep."""
    problems = check_database(open_database(load_settings().effective_database_url))
    for problem in problems:
        say(str(problem))
    if problems:
        raise typer.Exit(3)
    say("schema and stored rows are as they must be")


def policy_list() -> None:
    """List the shipped policy packs."""
    packs = [load_policy(name) for name in shipped_policies()]
    rows = [(pack.policy_id, pack.version, pack.title, pack.policy_hash[:12]) for pack in packs]
    print_table("", ("policy", "version", "title", "hash"), rows)


def policy_show(
    name: Annotated[str, typer.Argument(help="A shipped pack, or a YAML file.")],
    format_: Annotated[Format, typer.Option("--format", help="How the answer is written.")] = Format.TABLE,
) -> None:
    """Show a pack: every number with the clause it rests on."""
    policy = load_policy(name)
    document = asdict(policy)
    if format_ is Format.JSON:
        print_json({"schema": SCHEMA, **document})
        note(f"hash {policy.policy_hash}")
        return
    say(f"{policy.title} ({policy.policy_id} {policy.version}, {policy.policy_hash[:12]})")
    rows = [
        (section, name, _said(value))
        for section, settings in document.items()
        if isinstance(settings, dict) and section != "clauses"
        for name, value in settings.items()
    ]
    say()
    print_table("", ("section", "setting", "value"), rows)
    say()
    clauses = [(name, clause.text, clause.reference, clause.note) for name, clause in policy.clauses.items()]
    print_table("Clauses", ("clause", "text", "reference", "note"), clauses)


def _said(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value)) or "(none)"
    return f"{value:g}" if isinstance(value, float) else str(value)


def policy_validate(path: Annotated[str, typer.Argument(help="A YAML file, or a shipped pack.")]) -> None:
    """Check a policy file; errors name the setting."""
    policy = load_policy(path)
    say(f"{policy.policy_id} {policy.version} is valid, hash {policy.policy_hash[:12]}")


def doctor() -> None:
    """Check storage, database, Prefect, codecs and permissions, and say what to mend."""
    checks = diagnose(load_settings())
    rows = [
        ("ok" if one.is_well else "MEND", one.what, f"{one.found}; {one.mend}" if one.mend else one.found) for one in checks
    ]
    print_table("", ("", "what", "found"), rows, sentence="found")
    if not all(one.is_well for one in checks):
        note("something is to be mended before a night can be relied on")
        raise typer.Exit(3)
