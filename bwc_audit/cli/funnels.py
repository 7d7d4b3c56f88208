"""How ``rates --funnel`` is shown: which differences cannot be told from chance. Nobody is ranked or named unasked."""

from __future__ import annotations

from enum import StrEnum

from bwc_audit.audit.rates import rates_of_run
from bwc_audit.audit.setup import Audit
from bwc_audit.cli.showing import note, percent, print_csv, print_json, print_table, say
from bwc_audit.domain.funnel import FUNNEL_KEYS, Funnel, Place, funnel_of
from bwc_audit.domain.runs import Run
from bwc_audit.errors import ConfigurationError
from bwc_audit.report.funnel import funnel_document, funnel_picture, funnel_sentences
from bwc_audit.report.rendering import picture_style, render
from bwc_audit.report.tables import funnel_csv
from bwc_audit.store.database import reading


class RatesFormat(StrEnum):
    """Rows, or a picture of them."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"
    SVG = "svg"


def show_funnel(audit: Audit, run: Run, by: str, rate: str, format_: RatesFormat, *, with_keys: bool) -> None:
    """Print the funnel of a run. Raises ``ConfigurationError`` for what cannot be compared."""
    if with_keys and format_ not in (RatesFormat.JSON, RatesFormat.CSV):
        raise ConfigurationError("--labels names officers or units in --format json and csv only")
    if by not in FUNNEL_KEYS:
        raise ConfigurationError(f"--funnel {by}: a funnel compares {' or '.join(FUNNEL_KEYS)}")
    with reading(audit.engine) as session:
        groups = rates_of_run(session, audit, run, (by,)).book.groups[by]
    try:
        funnel = funnel_of(groups, by, rate)
    except ValueError as error:
        raise ConfigurationError(f"--rate {rate}: {error}") from error
    match format_:
        case RatesFormat.JSON:
            print_json(funnel_document(funnel, run, with_keys=with_keys))
        case RatesFormat.CSV:
            print_csv(funnel_csv(funnel_document(funnel, run, with_keys=with_keys)))
        case RatesFormat.SVG:
            _print_picture(funnel)
        case RatesFormat.TABLE:
            _print_table(funnel)
    note(f"run {run.run_id} ({run.status.value}): {len(funnel.points)} of {len(groups)} groups have a decided assignment")


def _print_picture(funnel: Funnel) -> None:
    picture = funnel_picture(funnel, picture_style())
    if picture is None:
        raise ConfigurationError("there is nothing to draw: no group has a decided assignment")
    say(str(render(picture)).rstrip("\n"))


def _print_table(funnel: Funnel) -> None:
    """How many lie where; which ones is no matter of a table that could be read from the top."""
    rows = [
        ("inside the 95 % limits: cannot be told from chance", str(funnel.count(Place.INSIDE))),
        ("outside the 95 % limits", str(funnel.count(Place.OUTSIDE_95))),
        ("outside the 99.8 % limits", str(funnel.count(Place.OUTSIDE_998))),
        ("without a decided assignment", str(funnel.empty)),
    ]
    title = f"{funnel.rate.replace('_', ' ')} by {funnel.by}, all together {percent(funnel.target)}"
    print_table(title, ("", "n"), rows, right=("n",))
    say()
    for sentence in funnel_sentences(funnel):
        say(sentence)
