"""Which cameras bear on one incident: all whose recordings, holders, log or clock its decision may look at.

Takes many too many rather than one too few, since nobody knows yet whose a recording is and when it was made: that follows
from the rows that are read because of this. What any of them proves is decided elsewhere.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from bwc_audit.domain.identity import Roster
from bwc_audit.domain.segment_table import recording_name
from bwc_audit.domain.times import Span


@dataclass(frozen=True, slots=True)
class Marks:
    """What ties files of recordings to officers, the incident and other files, one element each. ``is_tagged``: it may carry
    the id of the incident."""

    device_id: Sequence[str]
    officer_id: Sequence[str | None]
    footage_id: Sequence[str]
    recording_id: Sequence[str | None]
    sha256: Sequence[str | None]
    is_tagged: Sequence[bool]


class Held(NamedTuple):
    """Who held a camera when: microseconds UTC, ``to_us`` None: still."""

    device_id: str
    officer_id: str
    from_us: int
    to_us: int | None


class Meaning:
    """Who is meant by which spelling: the officer of the roster, else the spelling itself."""

    __slots__ = ("_known", "_roster")

    def __init__(self, roster: Roster) -> None:
        self._roster = roster
        self._known: dict[str, str] = {}

    def of(self, officer_id: str) -> str:
        """The one name for all spellings of an officer."""
        if officer_id not in self._known:
            officer = self._roster.resolve(officer_id)
            self._known[officer_id] = officer.officer_id if officer else officer_id
        return self._known[officer_id]

    def spelt(self, spellings: Iterable[str], officers: Collection[str]) -> list[str]:
        """Those of the spellings that mean one of these officers."""
        return [one for one in spellings if self.of(one) in officers]

    def is_known(self, officer_id: str) -> bool:
        """Whether the roster tells who is meant."""
        return self._roster.resolve(officer_id) is not None


def cameras_bearing(
    officers: Collection[str], held: Sequence[Held], marks: Marks, meaning: Meaning, around: Span
) -> frozenset[str]:
    """The cameras that bear on an incident of these officers (as ``meaning`` names them): those that they ever held
    (``held``: all holdings), and those of files that name one of them, or carry its id, or name nobody who can be told while
    their holder does not tell either; and all cameras that share files, or a recording, with one of these, to the end.
    ``around``: a recording that lies outside does not matter, whoever made it."""
    named = {one for one in marks.officer_id if one is not None}
    ours = {one for one in named if meaning.of(one) in officers}
    nobody = {None, *(one for one in named if not meaning.is_known(one))}
    found = {one.device_id for one in held if meaning.of(one.officer_id) in officers}
    told = _told_by_holder(held, meaning, around)
    rows = zip(marks.device_id, marks.officer_id, marks.is_tagged, strict=True)
    found.update(
        device_id
        for device_id, officer_id, is_tagged in rows
        if is_tagged or officer_id in ours or (officer_id in nobody and device_id not in told)
    )
    return _with_linked(found, _links(marks))


def _told_by_holder(held: Iterable[Held], meaning: Meaning, around: Span) -> set[str]:
    """The cameras that one officer held all that time, and nobody else ever: theirs is what names nobody."""
    holders: dict[str, set[str]] = defaultdict(set)
    throughout: set[str] = set()
    for one in held:
        holders[one.device_id].add(meaning.of(one.officer_id))
        if one.from_us <= around.start_us and (one.to_us is None or one.to_us >= around.end_us):
            throughout.add(one.device_id)
    return {device_id for device_id in throughout if len(holders[device_id]) == 1}


def _links(marks: Marks) -> Mapping[str, set[str]]:
    """Which cameras share a footage id, a recording or a content with which others."""
    links: dict[str, set[str]] = defaultdict(set)
    recordings = list(map(recording_name, marks.recording_id, marks.footage_id))
    for shared in (marks.footage_id, recordings, marks.sha256):
        first: dict[str | None, str] = {}
        others = map(first.setdefault, shared, marks.device_id)  # no Python is run for a single file
        for what, device_id, other in zip(shared, marks.device_id, others, strict=True):
            if other != device_id and what is not None:
                links[device_id].add(other)
                links[other].add(device_id)
    return links


def _with_linked(cameras: Collection[str], links: Mapping[str, set[str]]) -> frozenset[str]:
    found, todo = set(cameras), [one for one in cameras if one in links]
    while todo:
        more = links[todo.pop()] - found
        found |= more
        todo += more
    return frozenset(found)
