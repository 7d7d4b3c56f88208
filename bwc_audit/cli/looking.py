"""The command ``inspect``: look at one video and say what is wrong with it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated

import typer

from bwc_audit.audit.one_video import LookedInto, burned_in_clock, look_into_video, said_clock
from bwc_audit.cli.showing import note, one_line, print_json, print_table, say
from bwc_audit.config import load_settings
from bwc_audit.domain.inspection import Defect, Inspection, InspectionStatus
from bwc_audit.domain.times import SECOND_US, at_of
from bwc_audit.errors import ConfigurationError
from bwc_audit.media.document import inspection_document


def add_to(app: typer.Typer) -> None:
    """Register the command of this module."""
    app.command(epilog="Example: `bwc-audit inspect clip.mp4 --json`")(inspect)


def inspect(
    address: Annotated[str, typer.Argument(metavar="FILE_OR_URI", help="A video file, or s3://bucket/key.")],
    started_at: Annotated[
        str | None, typer.Option(help="When the picture starts, ISO 8601 with zone; a sidecar says it otherwise.")
    ] = None,
    deep: Annotated[bool, typer.Option("--deep", help="Look at every frame.")] = False,
    json_: Annotated[bool, typer.Option("--json", help="Print bwc-inspection/1 and nothing else.")] = False,
) -> None:
    """Look at one video and print what is wrong with it, with what a sidecar beside it says about it.

    Exit code 2 where the address names no video, 3 where the video could not be examined wholly.
    """
    start = _moment(started_at)
    looked = look_into_video(load_settings(), address, is_deep=deep)
    if start is None and looked.segment is not None:
        start = at_of(looked.segment.media_started_us)
    for remark in looked.remarks:
        note(remark)
    clock = burned_in_clock(looked.inspection, start)
    if json_:
        print_json(inspection_document(looked.inspection, looked.uri, clock))
    else:
        _print(looked, start)
        say(f"  {said_clock(looked.inspection, clock)}")
        _print_defects(looked.inspection, start)
    if looked.inspection.status is not InspectionStatus.COMPLETE:
        raise typer.Exit(3)


def _moment(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        at = datetime.fromisoformat(text)
    except ValueError as error:
        raise ConfigurationError(f"--started-at {text!r} is no ISO 8601 time") from error
    if at.tzinfo is None:
        raise ConfigurationError(f"--started-at {text!r} needs a zone, for example 2025-05-24T20:09:32Z")
    return at


def _print(looked: LookedInto, start: datetime | None) -> None:
    seen = looked.inspection
    reason = f" ({seen.reason.replace('_', ' ')}) {seen.detail}" if seen.reason else ""
    say(f"{one_line(looked.uri)}: {seen.status.value}{reason}")
    if seen.container:
        length = (
            f"{seen.container.duration_us / SECOND_US:.2f} s"
            if seen.container.duration_us is not None
            else "no length stated"
        )
        say(
            f"  {seen.container.format}, {seen.container.size_bytes} bytes, {length}, moov {seen.container.moov}",
        )
    if seen.video:
        rate = "variable rate" if seen.video.is_variable_rate else "constant rate"
        say(
            f"  picture: {seen.video.codec} {seen.video.width}x{seen.video.height}, {seen.video.frames} frames, "
            f"{seen.video.average_fps:.2f} a second, {rate}"
        )
    if seen.audio:
        channels = f"{seen.audio.channels} channel{'' if seen.audio.channels == 1 else 's'}"
        say(f"  sound: {seen.audio.codec}, {seen.audio.sample_rate} Hz, {channels}")
    elif seen.video:
        say("  sound: none")
    looked_at = seen.examined
    say(
        f"  examined: {looked_at.frames_sampled} frames, at most {looked_at.longest_step_us / SECOND_US:.2f} s apart, "
        f"{looked_at.audio_us / SECOND_US:.1f} s of sound decoded, {looked_at.bytes_read} bytes read in "
        f"{looked_at.requests} requests"
    )
    for what in seen.not_examined:
        say(f"  not examined: {one_line(what)}")


def _print_defects(seen: Inspection, start: datetime | None) -> None:
    if not seen.defects:
        say("  nothing wrong in what was examined" if seen.reason is None else "  nothing could be said about the picture")
        return
    say()
    rows = [_row(defect, start) for defect in seen.defects]
    print_table("", ("what", "from", "to", "confidence", "in the world", "measures"), rows, right=("from", "to"))


def _said_at(at: datetime) -> str:
    return at.isoformat(sep=" ", timespec="seconds").replace("+00:00", "Z")


def _row(defect: Defect, start: datetime | None) -> tuple[str, ...]:
    world = "" if start is None else _said_at(start + timedelta(microseconds=defect.start_us))
    measures = ", ".join(f"{name} {value:g}" for name, value in defect.measures.items())
    return (
        defect.kind.value.replace("_", " "),
        f"{defect.start_us / SECOND_US:.2f} s",
        f"{defect.end_us / SECOND_US:.2f} s",
        f"{defect.confidence:.2f}",
        world,
        measures,
    )
