"""Command that reads and records what people say of a finding: ``dispose``."""

from __future__ import annotations

import getpass
from typing import Annotated

import typer

from bwc_audit.audit.dispositions import EntryRefused, Seen, SeenTooLittle, dispose
from bwc_audit.audit.setup import now_us, open_audit
from bwc_audit.cli.showing import note, print_table, say
from bwc_audit.config import load_settings
from bwc_audit.domain.dispositions import (
    AGREES,
    DISAGREES,
    REASON_CODES,
    DecisionWord,
    Disposition,
    EntryKind,
    Standing,
    standing_of,
)
from bwc_audit.domain.phrases import said_day_time
from bwc_audit.errors import ConfigurationError
from bwc_audit.store.database import reading
from bwc_audit.store.dispositions import find_finding, load_standings

_CODES = "; ".join(f"{word}: {', '.join(codes)}" for word, codes in REASON_CODES.items())


def add_to(app: typer.Typer) -> None:
    """Register the command of this module."""
    app.command(
        "dispose",
        epilog="Example: `bwc-audit dispose F-52b95f28e68e --decision explained --reason safety --comment 'Log 31'`",
    )(dispose_finding)


def dispose_finding(
    finding: Annotated[str, typer.Argument(help="A finding's id, as `bwc-audit findings` shows it.")],
    decision: Annotated[DecisionWord | None, typer.Option(help="What you decide; `open` reopens the matter.")] = None,
    reason: Annotated[str | None, typer.Option(help=f"Why: {_CODES}.")] = None,
    second: Annotated[
        str | None, typer.Option(metavar=f"{AGREES}|{DISAGREES}", help="A second review of somebody else's decision.")
    ] = None,
    undo: Annotated[int | None, typer.Option(min=1, help="Take back your entry at this place.")] = None,
    comment: Annotated[str, typer.Option(help="In your own words.")] = "",
    after: Annotated[
        int, typer.Option(min=0, help="The place of the last entry that you read; needed where there are any.")
    ] = 0,
) -> None:
    """Show what people said of a finding, or add an entry: a decision, a second review, or taking one back.

    Entries are only ever added, under your account on this computer (`os:NAME`). One made after what you read is not decided
    over: exit code 3.
    """
    audit = open_audit(load_settings())
    with reading(audit.engine) as session:
        known = find_finding(session, finding)
        if known is None:
            raise ConfigurationError(f"no finding {finding} is stored; `bwc-audit findings` lists those of a run")
        standing = load_standings(session, [known.fingerprint]).get(known.fingerprint, standing_of(()))
    entry = _entry(decision, reason, second, undo, comment)
    if entry is not None and after > standing.place:
        raise ConfigurationError(f"{finding} has {len(standing.entries)} entries: there is none at {after} yet")
    if entry is not None:
        try:
            standing = dispose(audit.engine, Seen(known.fingerprint, after), entry)
        except SeenTooLittle as refused:
            _print(finding, refused.standing)
            note(f"read these entries; then the same with --after {refused.standing.place}")
            raise
        except EntryRefused as refused:
            raise ConfigurationError(str(refused)) from refused
    _print(finding, standing)


def _entry(
    decision: DecisionWord | None, reason: str | None, second: str | None, undo: int | None, comment: str
) -> Disposition | None:
    """The entry that is asked for; None: only to be shown. Raises ``ConfigurationError`` for more than one."""
    asked = {EntryKind.DECISION: decision, EntryKind.SECOND_REVIEW: second, EntryKind.UNDO: undo}
    kinds = [kind for kind, value in asked.items() if value is not None]
    if not kinds:
        if reason or comment:
            raise ConfigurationError("a reason or comment belongs to --decision, --second or --undo")
        return None
    if len(kinds) > 1:
        raise ConfigurationError("one entry at a time: --decision, --second or --undo")
    kind = kinds[0]
    if reason and kind is not EntryKind.DECISION:
        raise ConfigurationError("a reason belongs to --decision")
    return Disposition(
        fingerprint="",
        decision=str(kind) if kind is EntryKind.UNDO else str(asked[kind]),
        reason_code=reason,
        comment=comment.strip(),
        reviewer=f"os:{getpass.getuser()}",
        at_us=now_us(),
        kind=kind,
        undoes=undo,
    )


def _print(finding: str, standing: Standing) -> None:
    say(f"{finding}: {standing.word.replace('_', ' ')}, {len(standing.entries)} entries")
    if not standing.entries:
        note("nobody has said anything of it")
        return
    rows = [
        (
            str(one.place),
            said_day_time(one.at_us),
            one.reviewer,
            one.kind.value.replace("_", " ") + (" (taken back)" if one.place in standing.undone else ""),
            f"takes back {one.undoes}" if one.undoes else one.decision.replace("_", " "),
            one.reason_code or "",
            one.comment,
        )
        for one in standing.entries
    ]
    print_table("", ("place", "at", "who", "entry", "said", "reason", "comment"), rows, right=("place",), sentence="comment")
