"""Editions of a policy: from which day to which day each is in force, and whether a book of them has a gap or an overlap."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from bwc_audit.domain.policy import Policy
from bwc_audit.domain.policy_book import MEASURING_SECTIONS, Edition, Layer
from bwc_audit.domain.times import us_of
from bwc_audit.sources.policy_problems import PolicyFileError
from bwc_audit.sources.yaml_marks import MarkedYaml, Problem
from bwc_audit.sources.yaml_marks import Path as YamlPath


def edition_of(policy: Policy, layers: tuple[Layer, ...], marked: MarkedYaml, path: YamlPath, timezone: str) -> Edition:
    """A policy with its layers, in force as ``marked`` says below ``path``; its days begin in the zone of the file, else in
    ``timezone``. Raises ``PolicyFileError``."""
    raw: Any = marked.content
    for part in path:
        raw = raw[part]
    zone, problems = _zone(marked, timezone)
    days: dict[str, date | None] = {}
    for key in ("effective_from", "effective_to"):
        days[key], problem = _day(raw.get(key))
        if problem:
            problems = (*problems, marked.problem((*path, key), problem, at_value=True))
    first, behind = days["effective_from"], days["effective_to"]
    if first and behind and behind <= first:
        said = f"must be after effective_from ({first}); it is {behind}"
        problems = (*problems, marked.problem((*path, "effective_to"), said, at_value=True))
    if problems or zone is None:
        raise PolicyFileError(problems)
    edition = Edition(policy, layers)
    if first is not None:
        edition = replace(edition, effective_from=first.isoformat(), from_us=_midnight(first, zone))
    if behind is not None:
        edition = replace(edition, effective_to=behind.isoformat(), to_us=_midnight(behind, zone))
    return edition


def _zone(marked: MarkedYaml, timezone: str) -> tuple[ZoneInfo | None, tuple[Problem, ...]]:
    name = marked.content.get("timezone", timezone)
    try:
        return ZoneInfo(str(name)), ()
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None, (marked.problem(("timezone",), f"{name!r} is no IANA time zone, such as Europe/London", at_value=True),)


def _day(value: object) -> tuple[date | None, str]:
    if value is None:
        return None, ""
    try:
        if isinstance(value, date) and not isinstance(value, datetime):
            return value, ""
        return date.fromisoformat(str(value)), ""
    except ValueError:
        return None, f"must be a day, such as 2025-07-01; it is {value!r}"


def _midnight(day: date, zone: ZoneInfo) -> int:
    return us_of(datetime(day.year, day.month, day.day, tzinfo=zone))


def in_turn(editions: list[Edition]) -> list[Edition]:
    """An edition without its own end holds until the next begins."""
    ended = [
        replace(one, effective_to=following.effective_from, to_us=following.from_us) if one.effective_to is None else one
        for one, following in pairwise(editions)
    ]
    return [*ended, editions[-1]]


def out_of_turn(marked: MarkedYaml, editions: list[Edition]) -> list[Problem]:
    """Gaps and overlaps of editions that follow one another, and measuring sections that differ."""
    problems = []
    for index, (one, following) in enumerate(pairwise(editions), start=1):
        path = ("editions", index, "effective_from")
        if following.effective_from is None:
            problems.append(marked.problem(path, "is missing: only the first edition may begin without a day"))
        elif following.from_us <= one.from_us:
            said = f"{following.effective_from} is not after the edition before ({one.effective_from or 'always'})"
            problems.append(marked.problem(path, said, at_value=True))
        elif following.from_us != one.to_us:
            what = "a gap: no policy would hold" if following.from_us > one.to_us else "an overlap: two policies would hold"
            days = sorted((str(one.effective_to), following.effective_from))
            problems.append(marked.problem(path, f"{what} from {days[0]} until {days[1]}", at_value=True))
    last = editions[-1].policy
    for index, edition in enumerate(editions[:-1]):
        differing = [name for name in MEASURING_SECTIONS if getattr(edition.policy, name) != getattr(last, name)]
        if differing:
            said = (
                f"its {' and '.join(differing)} differ from those of the last edition; how media and clocks are measured is "
                "one for the whole book"
            )
            problems.append(marked.problem(("editions", index, "policy"), said, at_value=True))
    return problems
