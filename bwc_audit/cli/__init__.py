"""The command line: thin commands over the use cases. Standard output carries results, standard error everything else.

Exit codes: 0 complete · 1 findings exist (only with ``--fail-on``) · 2 usage or configuration: what was typed or set names
nothing, or is wrong · 3 incomplete: something could not be examined, or the audit could not be done.
"""

from __future__ import annotations

import io
import os
import sys
import traceback
from typing import Annotated

import typer

import bwc_audit
from bwc_audit.cli import disposing, looking, reading, running, sampling, serving, sources_told, sourcing, upkeep
from bwc_audit.cli.showing import note, say
from bwc_audit.errors import BwcAuditError, ConfigurationError
from bwc_audit.sources.policy_problems import PolicyFileError

app = typer.Typer(
    name="bwc-audit",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
)
for _room in (running, reading, disposing, sampling, sources_told, looking, sourcing, upkeep, serving):
    _room.add_to(app)


def main() -> None:
    """The ``bwc-audit`` program."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a name that the terminal cannot write is no reason to stop
    try:
        app(prog_name="bwc-audit")
    except ConfigurationError as error:
        sys.exit(_said(error, 2))
    except BwcAuditError as error:
        sys.exit(_said(error, 3))
    except Exception as error:  # noqa: BLE001  # the outermost edge: a fault of the program is told, and never exit code 0 or 1
        sys.exit(_unforeseen(error))


def _version(is_asked: bool) -> None:
    if is_asked:
        say(f"bwc-audit {bwc_audit.__version__}")
        raise typer.Exit


@app.callback(epilog="Example: `bwc-audit demo` audits a sample night; `bwc-audit doctor` says what your own set-up lacks.")
def _root(
    _version_asked: Annotated[
        bool, typer.Option("--version", help="Print the version.", callback=_version, is_eager=True)
    ] = False,
) -> None:
    """Checks every incident against body-worn camera footage, and says what it could not see.

    Settings: `bwc-audit.toml` in the working folder, and environment variables `BWC_…` above it.

    Exit codes: 0 complete, 1 findings exist (only with `--fail-on`), 2 usage or configuration, 3 incomplete.
    """


def _said(error: BwcAuditError, code: int) -> int:
    note(str(error) if isinstance(error, PolicyFileError) else f"bwc-audit: {error}")  # its lines begin with the place
    return code


def _unforeseen(error: Exception) -> int:
    """A fault of the program itself: one line, and the whole trace for whoever mends it."""
    if sys.flags.dev_mode:
        note("".join(traceback.format_exception(error)))
    place = traceback.extract_tb(error.__traceback__)[-1]
    note(
        f"bwc-audit: a fault of this program, please report it: {type(error).__name__}: {error} "
        f"({place.name}, {os.path.basename(place.filename)}:{place.lineno}); PYTHONDEVMODE=1 shows the whole trace"
    )
    return 3
