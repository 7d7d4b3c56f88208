"""What the reading commands print about the small run into a pipe, with what differs from run to run taken out."""

from __future__ import annotations

import os
from unittest import mock

from typer.testing import CliRunner

from bwc_audit.cli import app
from tests.cli.small_run import SmallRun

#: Golden file to the command line that makes it.
TABLES: dict[str, tuple[str, ...]] = {
    "runs.txt": ("runs",),
    "findings.txt": ("findings", "--borderline"),
    "rates.txt": ("rates", "--by", "call_type"),
    "rates-funnel.txt": ("rates", "--funnel", "officer"),
    "policy-list.txt": ("policy", "list"),
    "policy-show.txt": ("policy", "show", "uk_generic"),
    "policy-compare.txt": ("policy", "compare", "uk_generic", "illinois", "--run", "latest"),
}


def table_text(run: SmallRun, arguments: tuple[str, ...]) -> str:
    """Standard output, then standard error, of one command."""
    with mock.patch.dict(os.environ, run.environment()):
        result = CliRunner().invoke(app, list(arguments), prog_name="bwc-audit", catch_exceptions=False)
    assert result.exit_code == 0, result.output
    text = f"{result.stdout}--- standard error ---\n{result.stderr}"
    return text.replace(run.run_id, "RUN-ID".ljust(len(run.run_id))).replace(str(run.source), "SOURCE")
