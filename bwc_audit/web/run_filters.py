"""The filters of the history of runs: each with its SQL and the words that say it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from bwc_audit.domain.runs import RunKind, RunStatus
from bwc_audit.report.words import RUN_KIND
from bwc_audit.store import run_list
from bwc_audit.store.known_names import Named
from bwc_audit.store.run_list import Clause
from bwc_audit.web.filters import Asked, Filter, applied, start_us

_STATUS = {
    RunStatus.COMPLETE: "complete",
    RunStatus.INCOMPLETE: "incomplete: something was not examined",
    RunStatus.FAILED: "failed: nothing was decided",
    RunStatus.RUNNING: "running",
}

FILTERS: Mapping[str, Filter] = {
    "kind": Filter(
        "Kind",
        lambda value, _asked: run_list.is_of("kind", value),
        lambda value, _asked: f"of kind “{RUN_KIND[RunKind(value)]}”",
        {str(kind): RUN_KIND[kind] for kind in RunKind},
    ),
    "status": Filter(
        "State",
        lambda value, _asked: run_list.is_of("status", value),
        lambda value, _asked: f"that are {value}",
        {str(status): words for status, words in _STATUS.items()},
    ),
    "policy": Filter(
        "Policy",
        lambda value, _asked: run_list.is_of("policy_id", value),
        lambda value, _asked: f"under the policy {value}",
        named=Named.POLICY,
    ),
    "from": Filter(
        "Period from",
        lambda value, asked: run_list.is_between(start_us(value, asked), None),
        lambda value, _asked: f"about {value} or later",
        kind="date",
    ),
    "to": Filter(
        "Period to",
        lambda value, asked: run_list.is_between(None, start_us(value, asked, days=1)),
        lambda value, _asked: f"about {value} or earlier",
        kind="date",
    ),
    "text": Filter(
        "Text",
        lambda value, _asked: run_list.has_text(value),
        lambda value, _asked: f"with “{value}” in the id, the incident, who asked, or why",
    ),
}


@dataclass(frozen=True, slots=True)
class NarrowedRuns:
    """The history, narrowed; newest first."""

    values: Mapping[str, str]
    clauses: tuple[Clause, ...]
    sentence: str

    def query(self, **more: str) -> str:
        """The address's query for the same list, with these values replaced."""
        return urlencode({name: value for name, value in {**self.values, **more}.items() if value})


def narrowed_runs(given: Mapping[str, str], asked: Asked) -> NarrowedRuns:
    """The runs that somebody asked for. Raises ``WrongFilter``."""
    values, clauses, words = applied(FILTERS, given, asked)
    sentence = f"Runs {', '.join(words)}" if words else "All runs"
    return NarrowedRuns(values, tuple(clauses), f"{sentence}, newest first")
