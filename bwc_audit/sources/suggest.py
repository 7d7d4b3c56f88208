"""A mapping for a file that nobody has mapped yet: names that sound alike, and values that look right.

A suggestion, never a decision: it is written out, with what is doubtful beside it, for a person to read and mend. It is
made so that it can be read as it stands: what a table must have and the file has not is filled with a stated stand-in.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from bwc_audit.sources.mapping import Encoding
from bwc_audit.sources.sniff import Look, Sniffed, sniff

#: Words that columns are called by, best first; compared as sets of words.
_NAMES: dict[str, dict[str, tuple[str, ...]]] = {
    "footage": {
        "footage_id": ("footage id", "evidence id", "video id", "clip id", "file id", "media id", "recording id", "id"),
        "object_key": ("object key", "filename on s3", "file name", "filename", "file path", "path"),
        "device_id": ("device id", "device serial", "camera id", "camera serial", "serial number", "device", "camera"),
        "device_model": ("device model", "camera model", "model"),
        "officer_id": ("officer id", "owner badge id", "badge id", "badge number", "badge", "officer", "owner", "user id"),
        "media_started_at": (
            "media started at",
            "created date record start",
            "record start",
            "recorded on",
            "start time",
            "start date",
            "start",
            "created",
        ),
        "duration_s": ("duration s", "duration seconds", "length seconds", "duration", "length"),
        "uploaded_at": ("uploaded at", "date uploaded", "uploaded on", "upload date", "upload time", "uploaded"),
        "size_bytes": ("size bytes", "file size bytes", "bytes"),
        "incident_ids": ("incident ids", "id external", "external id", "incident number", "case number", "cad number"),
        "categories": ("categories", "category"),
        "retention_until": ("retention until", "expires on", "expiry date", "delete on"),
        "deleted_at": ("deleted at", "date deleted", "deleted on"),
        "status": ("status",),
    },
    "incidents": {
        "incident_id": (
            "incident id",
            "event id",
            "incident number",
            "event number",
            "call number",
            "call no",
            "item",
            "cad id",
        ),
        "call_type": (
            "call type",
            "type text",
            "typetext",
            "nature of call",
            "type of call",
            "nature",
            "incident type",
            "event type",
            "type",
        ),
        "opened_at": (
            "opened at",
            "time create",
            "timecreate",
            "created",
            "call received",
            "received",
            "recvd",
            "rcvd",
            "opened",
            "date time",
            "call time",
        ),
        "closed_at": ("closed at", "time closed", "timeclosed", "closed"),
        "priority": ("priority", "prio", "pri"),
        "area": ("area", "district", "police district", "policedistrict", "beat", "division", "sector"),
        "call_disposition_code": ("call disposition code", "disposition"),
    },
    "assignments": {
        "incident_id": (
            "incident id",
            "event id",
            "incident number",
            "event number",
            "call number",
            "call no",
            "item",
            "cad id",
        ),
        "officer_id": (
            "officer id",
            "officer badge id",
            "badge id",
            "badge number",
            "badges",
            "badge",
            "officer",
            "officers",
        ),
        "unit_id": ("unit id", "unit number", "call sign", "callsign", "units", "unit"),
        "dispatched_at": (
            "dispatched at",
            "officer dispatched datetime",
            "time dispatch",
            "timedispatch",
            "dispatched",
            "dispatch",
            "disp",
        ),
        "en_route_at": ("en route at", "time enroute", "enroute", "en route", "enrt"),
        "on_scene_at": (
            "on scene at",
            "officer on scene datetime",
            "time arrive",
            "timearrive",
            "arrived",
            "arrival",
            "on scene",
            "at scene",
            "arrd",
        ),
        "cleared_at": (
            "cleared at",
            "officer cleared datetime",
            "time cleared",
            "timeclosed",
            "time closed",
            "cleared",
            "clear",
        ),
    },
}
_TIMES = frozenset(name for names in _NAMES.values() for name in names if name.endswith("_at") or name == "retention_until")
#: The times by which a table is read at all; the others are written as these are, or left out.
_LEADING = frozenset({"media_started_at", "opened_at", "dispatched_at", "on_scene_at"})
_END_NAMES = ("date record end", "record end", "end time", "end date", "end", "stopped")
_LIKENESS = 0.72


@dataclass(frozen=True, slots=True)
class Written:
    """How a file is written."""

    delimiter: str = ","
    encoding: Encoding = "utf-8"

    def lines(self) -> list[str]:
        """What a table of a mapping must say of it."""
        lines = [f"    delimiter: {_quoted(self.delimiter)}"] if self.delimiter != "," else []
        return [*lines, f"    encoding: {self.encoding}"] if self.encoding != "utf-8" else lines


@dataclass(slots=True)
class Suggestion:
    """A mapping as YAML text, and what a person must look at. ``lengths``: columns taken for lengths, not times of day."""

    tables: list[str] = field(default_factory=list)
    doubts: list[str] = field(default_factory=list)
    lengths: set[str] = field(default_factory=set)
    yaml: str = ""


@dataclass(frozen=True, slots=True)
class _Columns:
    looks: Mapping[str, Sniffed]

    def named_like(self, field_name: str, names: Sequence[str], taken: set[str]) -> str | None:
        """The column whose name is most like one of ``names`` and whose values could be that field."""
        scored = [
            (likeness(column, name) - 0.002 * place, column)
            for column, sniffed in self.looks.items()
            if column not in taken and _could_be(field_name, sniffed)
            for place, name in enumerate(names)
        ]
        best = max(scored, default=(0.0, ""))
        return best[1] if best[0] >= _LIKENESS else None


def suggest_mapping(
    header: Sequence[str],
    samples: Mapping[str, Sequence[object]],
    file_name: str,
    zone: str | None,
    written: Written,
) -> Suggestion:
    """A mapping of a file with these columns and sample values (both by column as written); no tables: nothing fits."""
    columns = _Columns({name: sniff(samples.get(name, ())) for name in header if name})
    made = Suggestion()
    head = [f"    files: [{_quoted('**/' + file_name)}]", *written.lines()]
    texts = [text for table in ("footage", "incidents", "assignments") if (text := _table(table, columns, head, made))]
    if any("table: footage" in text for text in texts):
        texts = [text for text in texts if "table: footage" in text]
        made.tables = ["footage"]
    if made.tables == ["assignments"]:
        made.doubts.append("no column looks like the time a call was opened: without incidents every result is `unknown`")
    times = [
        each for name, each in columns.looks.items() if each.look in (Look.TIME, Look.CLOCK) and name not in made.lengths
    ]
    made.doubts += [_as_days(name) for name in header if _is_count_of_days(name, samples.get(name, ()))]
    needs_zone = not all(each.has_offset for each in times)
    lines = [
        "schema: bwc-mapping/1",
        "name: suggested",
        f'title: "Suggested for {file_name}; read it before you rely on it"',
    ]
    if needs_zone:
        lines.append(
            f"timezone: {zone or 'UTC'}" + ("" if zone else "  # the times carry no offset: state the agency's zone")
        )
        if zone is None:
            made.doubts.append("the times carry no offset; UTC stands in the suggestion until you state the agency's zone")
    if times and all(each.is_minute_rounded for each in times):
        lines.append("precision: 1min")
    made.yaml = "\n".join([*lines, "tables:", *texts]) + "\n"
    return made


def _table(table: str, columns: _Columns, head: Sequence[str], made: Suggestion) -> str | None:
    taken: set[str] = set()
    found: dict[str, str] = {}
    combined: dict[str, str] = {}
    for name, names in _NAMES[table].items():
        column = columns.named_like(name, names, taken)
        if column is not None:
            found[name] = column
            taken.add(column)
        elif name in _TIMES and (pair := _date_and_clock(columns, names)):
            combined[name] = "{" + "} {".join(pair) + "}"
    extra: list[str] = []
    if not _is_whole(table, {**found, **combined}, columns, combined, extra, made):
        return None
    made.tables.append(table)
    time_format = _format_of(columns, found, combined, made)
    lines = [f"  - table: {table}", *head]
    lines += [f"    time_format: {_quoted(time_format)}"] if time_format else []
    lines += ["    columns:", *(f"      {_quoted(column)}: {name}" for name, column in found.items())] if found else []
    lines += ["    combined:", *(f"      {name}: {_quoted(text)}" for name, text in combined.items())] if combined else []
    return "\n".join([*lines, *extra])


def _is_whole(
    table: str, has: dict[str, str], columns: _Columns, combined: dict[str, str], extra: list[str], made: Suggestion
) -> bool:
    """Whether the table can be read, with stand-ins for what is missing."""
    if table == "footage":
        end = columns.named_like("media_started_at", _END_NAMES, {has.get("media_started_at", "")})
        if "media_started_at" not in has or "footage_id" not in has or not ("duration_s" in has or end):
            return False
        if end is not None:
            extra.append(f"    duration_between: [{_quoted(has['media_started_at'])}, {_quoted(end)}]")
        if "device_id" not in has:
            combined["device_id"] = "clip-{" + has["footage_id"] + "}"
            made.doubts.append("no column names the camera: each clip stands as a camera of its own")
        _tell_lengths(columns, has.get("duration_s"), extra, made)
        return True
    if "incident_id" not in has:
        return False
    if table == "incidents":
        if "opened_at" not in has:
            return False
        extra.append("    rows_may_repeat: true")
        if "call_type" not in has:
            extra.append("    constants: {call_type: unknown}")
            made.doubts.append("no column gives the type of call: all are `unknown`")
        return True
    if not has.keys() & {"dispatched_at", "on_scene_at", "cleared_at"}:
        return False
    if "officer_id" not in has:
        extra.append("    constants: {officer_id: unknown}")
        made.doubts.append("no column names the officer: every result will be `unknown: identity`")
    else:
        extra.append('    separators: {officer_id: "/,;|"}')
    return True


def _tell_lengths(columns: _Columns, column: str | None, extra: list[str], made: Suggestion) -> None:
    """How the lengths of clips are written, where it is not in seconds."""
    if column is None or not columns.looks[column].is_length:
        return
    made.lengths.add(column)
    extra.append("    lengths: {duration_s: clock}")
    if columns.looks[column].is_length_open:
        made.doubts.append(f"{column}: a length such as 05:06 was taken for minutes and seconds")


def _date_and_clock(columns: _Columns, names: Sequence[str]) -> tuple[str, str] | None:
    """A column of dates and one of times of day that are called like one of ``names`` (`Arrival Date`, `Arrival Time`)."""
    for name in names:
        word = name.split()[0]
        dates = [column for column, each in columns.looks.items() if each.look is Look.DATE and word in words_of(column)]
        clocks = [column for column, each in columns.looks.items() if each.look is Look.CLOCK and word in words_of(column)]
        if dates and clocks:
            return dates[0], clocks[0]
    return None


def _format_of(columns: _Columns, found: dict[str, str], combined: Mapping[str, str], made: Suggestion) -> str | None:
    """The one time format of a table, that of the first time it must have; None for ISO 8601. Takes columns that are written
    otherwise out of ``found``."""
    chosen: str | None = None
    is_chosen = False
    for template in combined.values():
        parts = [columns.looks[name] for name in re.findall(r"{([^{}]*)}", template) if name in columns.looks]
        if not is_chosen and len(parts) == 2 and parts[0].look is Look.DATE:
            _tell_open_day(parts[0], made)
            chosen, is_chosen = f"{parts[0].time_format} {parts[1].time_format}", True
    times = [name for name, column in found.items() if name in _TIMES and columns.looks[column].look is Look.TIME]
    for name in sorted(times, key=lambda each: each not in _LEADING):
        sniffed = columns.looks[found[name]]
        if not is_chosen:
            chosen, is_chosen = sniffed.time_format, True
        if sniffed.time_format == chosen:
            _tell_open_day(sniffed, made)
        else:
            made.doubts.append(f"{found.pop(name)}: written in another format than the other times, and left out")
    return chosen


def _is_count_of_days(column: str, values: Sequence[object]) -> bool:
    """Whether a column that is called like a time holds a spreadsheet's dates: days since 1900, from 1990 to 2100."""
    present = [str(value) for value in values if value is not None]
    is_called = any(
        likeness(column, one) >= _LIKENESS for names in _NAMES.values() for f in _TIMES & names.keys() for one in names[f]
    )
    return (
        bool(present)
        and is_called
        and all(re.fullmatch(r"\d{5}\.\d+", one) and 32874 <= float(one) < 73415 for one in present)
    )


def _as_days(column: str) -> str:
    return f"{column}: numbers such as a spreadsheet counts days; export dates and times as text"


def _tell_open_day(sniffed: Sniffed, made: Suggestion) -> None:
    doubt = f"day and month cannot be told apart in the sample; {sniffed.time_format} was taken"
    if sniffed.is_day_open and doubt not in made.doubts:
        made.doubts.append(doubt)


def _could_be(field_name: str, sniffed: Sniffed) -> bool:
    if field_name in _TIMES:
        return sniffed.look in (Look.TIME, Look.EMPTY)
    if field_name == "duration_s" and sniffed.is_length:
        return True
    if field_name in ("duration_s", "size_bytes"):
        return sniffed.look in (Look.NUMBER, Look.EMPTY)
    return sniffed.look not in (Look.TIME, Look.CLOCK, Look.DATE)


def words_of(name: str) -> set[str]:
    """The words of a column name, whatever parts them: ``createdDateRecord_Start`` has four."""
    parted = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", name)
    return {word for word in re.split(r"[^a-z0-9]+", parted.casefold()) if word}


def likeness(column: str, name: str) -> float:
    """0 to 1: how alike two names are, by their words and by their letters."""
    first, second = words_of(column), words_of(name)
    if not first or not second:
        return 0.0
    shared = len(first & second) / len(first | second)
    letters = difflib.SequenceMatcher(None, "".join(sorted(first)), "".join(sorted(second))).ratio()
    is_named = 0.75 if len(second) == 1 and name != "id" and second <= first else 0.0
    joined = 1.0 if "".join(re.findall(r"[a-z0-9]", column.casefold())) == name.replace(" ", "") else 0.0
    return max(shared, 0.9 * letters, is_named, joined)


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
