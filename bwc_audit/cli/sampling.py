"""Commands for reviewing the audit itself: ``sample draw``, ``list``, ``show``, ``record``, ``result``."""

from __future__ import annotations

import getpass
from collections.abc import Iterable
from typing import Annotated

import typer

from bwc_audit.audit.review_samples import Said, SampleRequest, SampleView, draw_sample, record_reviews, sample_view
from bwc_audit.audit.setup import open_audit
from bwc_audit.cli.running import find_run
from bwc_audit.cli.sample_document import sample_csv, sample_document
from bwc_audit.cli.showing import Format, SheetFormat, note, percent, print_csv, print_json, print_table, say
from bwc_audit.config import load_settings
from bwc_audit.domain.findings import FindingKind
from bwc_audit.domain.noise_rate import ReviewedShare
from bwc_audit.domain.phrases import said_day_time
from bwc_audit.domain.review_frame import STRATUM_KEYS
from bwc_audit.domain.review_sample import Allocation, Frame
from bwc_audit.domain.reviews import Standing, Verdict
from bwc_audit.store import review_samples as stored
from bwc_audit.store.database import reading

_SampleId = Annotated[str, typer.Argument(help="A sample's id, as `bwc-audit sample list` shows it.")]
_Reviewer = Annotated[str | None, typer.Option(help="Who looked; your account where not given.")]


def add_to(app: typer.Typer) -> None:
    """Register the commands of this module."""
    sample = typer.Typer(
        help="Review samples: incidents that people look at, so that the audit itself is measured.", no_args_is_help=True
    )
    sample.command("draw", epilog="Example: `bwc-audit sample draw --n 60 --seed 2026-11 --by unit,call_type`")(draw)
    sample.command("list", epilog="Example: `bwc-audit sample list`")(list_)
    sample.command("show", epilog="Example: `bwc-audit sample show RS-0123456789ab --format csv`")(show)
    sample.command("record", epilog="Example: `bwc-audit sample record RS-0123456789ab INC-1 --verdict nothing_missed`")(
        record
    )
    sample.command("result", epilog="Example: `bwc-audit sample result RS-0123456789ab`")(result)
    app.add_typer(sample, name="sample")


def draw(
    seed: Annotated[str, typer.Option(help="Any text; agree on it before anybody looks.")],
    n: Annotated[int | None, typer.Option("--n", min=1, help="How many incidents.")] = None,
    width: Annotated[
        float | None, typer.Option(help="Or how wide the 95 % interval of a share may be, say 0.1 for 10 points.")
    ] = None,
    expect: Annotated[float, typer.Option(help="The share that `--width` reckons with; 0.5 is the worst case.")] = 0.5,
    by: Annotated[str, typer.Option(help=f"Strata, any of: {', '.join(STRATUM_KEYS)}; separated by commas.")] = "",
    frame: Annotated[Frame, typer.Option(help="Which incidents may be drawn.")] = Frame.ALL,
    allocation: Annotated[
        Allocation, typer.Option(help="How strata share the sample: by size, by size and spread, alike.")
    ] = Allocation.PROPORTIONAL,
    run: Annotated[str, typer.Option("--run", help="A run's id, or `latest`.")] = "latest",
    format_: Annotated[SheetFormat, typer.Option("--format", help="How the answer is written.")] = SheetFormat.TABLE,
) -> None:
    """Draw a sample of a run's incidents. The same run, seed and options give the same sample, anywhere."""
    audit = open_audit(load_settings())
    fields = tuple(field.strip() for field in by.split(",") if field.strip())
    request = SampleRequest(seed, n, width, expect, fields, frame, allocation)
    sample, is_new = draw_sample(audit, find_run(run), request, getpass.getuser())
    _print(sample_view(audit, sample.sample_id, with_frame=True), format_)
    note("drawn and stored" if is_new else "drawn before: nothing was changed")


def list_() -> None:
    """List the samples, newest first."""
    audit = open_audit(load_settings())
    with reading(audit.engine) as session:
        samples = stored.load_samples(session)
    rows = []
    for sample in samples:
        done = sample_view(audit, sample.sample_id).result
        rows.append(
            (
                sample.sample_id,
                said_day_time(sample.drawn_us),
                sample.run_id,
                sample.frame.value,
                ", ".join(sample.strata_by) or "–",
                sample.seed,
                f"{sample.size}/{sample.frame_size}",
                f"{done.reviewed}/{done.drawn}",
            )
        )
    columns = ("sample", "drawn at", "run", "frame", "strata by", "seed", "drawn", "reviewed")
    print_table("", columns, rows, right=("drawn", "reviewed"))


def show(
    sample: _SampleId,
    format_: Annotated[SheetFormat, typer.Option("--format", help="How the answer is written.")] = SheetFormat.TABLE,
) -> None:
    """Show a sample: its strata and what is to be reviewed, in that order. JSON and CSV hold the whole frame."""
    audit = open_audit(load_settings())
    _print(sample_view(audit, sample, with_frame=True), format_)


def record(
    sample: _SampleId,
    incident: Annotated[str, typer.Argument(help="A drawn incident.")],
    verdict: Annotated[Verdict, typer.Option(help="What you saw.")],
    finding: Annotated[
        str | None, typer.Option(help="The finding it is about; without, all findings of the incident.")
    ] = None,
    kind: Annotated[
        list[FindingKind] | None, typer.Option(help="With `missed`: the kind of what was missed; may be repeated.")
    ] = None,
    comment: Annotated[str, typer.Option(help="In your own words.")] = "",
    reviewer: _Reviewer = None,
) -> None:
    """Record what a reviewer saw. Verdicts are only ever added; the latest counts.

    Of a finding: `confirmed`, `noise` (the measured fact is wrong), `cannot_tell`. Of an incident without findings:
    `nothing_missed`, `missed`, `cannot_tell`.
    """
    audit = open_audit(load_settings())
    said = Said(verdict, finding, tuple(kind or ()))
    added = record_reviews(audit, sample, incident, [said], reviewer=reviewer or getpass.getuser(), comment=comment)
    done = sample_view(audit, sample).result
    say(f"{len(added)} recorded; {done.reviewed} of {done.drawn} incidents reviewed")


def result(
    sample: _SampleId,
    format_: Annotated[Format, typer.Option("--format", help="How the answer is written.")] = Format.TABLE,
) -> None:
    """How often findings are noise and how often something is missed, with intervals for the whole frame.

    Exit code 3 while drawn incidents are not reviewed: the rates are provisional.
    """
    audit = open_audit(load_settings())
    view = sample_view(audit, sample, with_frame=format_ is Format.JSON)
    found = view.result
    if format_ is Format.JSON:
        print_json(sample_document(view))
    else:
        _print_shares("Noise among findings", "noise", ((kind.value, one) for kind, one in found.noise.items()))
        say()
        missed = ((kind.value if kind else "anything", one) for kind, one in found.missed.items())
        _print_shares("Missed in incidents without findings", "missed", missed)
    if found.unrepresented:
        note(f"{found.unrepresented} incidents lie in strata of which none was reviewed: nothing here speaks of them")
    if found.reviewed < found.drawn:
        note(f"provisional: {found.reviewed} of {found.drawn} drawn incidents are reviewed")
        raise typer.Exit(3)


def _print(view: SampleView, format_: SheetFormat) -> None:
    if format_ is SheetFormat.JSON:
        print_json(sample_document(view))
    elif format_ is SheetFormat.CSV:
        print_csv(sample_csv(view))
    else:
        sample = view.sample
        say(f"Sample {sample.sample_id} of run {sample.run_id}, seed {sample.seed}, digest {sample.digest[:12]}")
        say(f"{sample.size} of {sample.frame_size} incidents of the frame {sample.frame.value}, {sample.allocation.value}")
        say()
        rows = [(one.name or "–", str(one.size), str(one.drawn)) for one in view.strata]
        print_table(
            "Strata", (", ".join(sample.strata_by) or "all", "incidents", "drawn"), rows, right=("incidents", "drawn")
        )
        say()
        to_review = [row for standing in view.standings for row in _rows(standing)]
        print_table("To review", ("incident", "stratum", "finding", "kind", "verdict"), to_review)


def _rows(standing: Standing) -> Iterable[tuple[str, ...]]:
    incident = standing.incident
    for one in incident.findings:
        review = standing.of_findings.get(one.fingerprint)
        verdict = "–" if review is None else review.verdict.value
        yield incident.incident_id, incident.stratum or "–", one.finding_id, one.kind.value, verdict
    if not incident.findings:
        told = ", ".join(" ".join(filter(None, (one.verdict.value, one.kind))) for one in standing.of_incident)
        yield incident.incident_id, incident.stratum or "–", "none", "", told or "–"


def _print_shares(title: str, word: str, shares: Iterable[tuple[str, ReviewedShare]]) -> None:
    rows = [
        (
            name.replace("_", " "),
            f"{one.hits}/{one.told}",
            percent(one.share),
            "–" if one.low is None else f"{percent(one.low)} to {percent(one.high)}",
            f"{percent(one.band_low)} to {percent(one.band_high)}",
            str(one.cannot_tell),
        )
        for name, one in shares
    ]
    columns = ("kind", word, "share", "95 % interval", "untold all good to all bad", "cannot tell")
    print_table(title, columns, rows, right=(word, "share", "cannot tell"))
