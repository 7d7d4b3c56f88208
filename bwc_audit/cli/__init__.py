"""The command line: thin commands over the use cases. Standard output carries results, standard error everything else.

Exit codes: 0 complete · 1 findings exist (only with ``--fail-on``) · 2 usage or configuration · 3 incomplete: something
could not be examined, or the audit could not be done.
"""

from __future__ import annotations

import sys

import typer

from bwc_audit.cli import looking, reading, running, upkeep
from bwc_audit.errors import BwcAuditError, ConfigurationError

app = typer.Typer(
    name="bwc-audit",
    help="Checks every incident against body-worn camera footage, and says what it could not see.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
)
for _room in (running, reading, looking, upkeep):
    _room.add_to(app)


def main() -> None:
    """The ``bwc-audit`` program."""
    try:
        app()
    except ConfigurationError as error:
        sys.exit(_said(error, 2))
    except BwcAuditError as error:
        sys.exit(_said(error, 3))


def _said(error: BwcAuditError, code: int) -> int:
    print(f"bwc-audit: {error}", file=sys.stderr)
    return code
