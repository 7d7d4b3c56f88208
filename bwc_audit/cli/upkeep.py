"""Commands for whoever keeps the installation: ``db``, ``doctor``; and ``policy``, which stands between them."""

from __future__ import annotations

import typer

from bwc_audit.audit.doctor import diagnose
from bwc_audit.cli import policies
from bwc_audit.cli.showing import note, print_table, say
from bwc_audit.config import load_settings
from bwc_audit.store.check import check as check_database
from bwc_audit.store.database import open_database
from bwc_audit.store.database import upgrade as upgrade_database


def add_to(app: typer.Typer) -> None:
    """Register the commands of this module."""
    db = typer.Typer(help="The database: migrations, and checks of what is stored.", no_args_is_help=True)
    db.command(epilog="Example: `bwc-audit db upgrade`")(upgrade)
    db.command(epilog="Example: `bwc-audit db check`")(check)
    app.add_typer(db, name="db")
    policies.add_to(app)
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
