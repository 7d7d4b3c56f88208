"""Review samples: which incidents people look at, so that the audit itself can be judged.

Drawn from incidents, never from videos, which cannot show what is missing. A pick depends on seed and incident id alone:

1. Every incident has a number: SHA-256 over ``bwc-review-sample/1``, the seed and its id, each as UTF-8 and each ended by a
   zero byte, read as 256 bits. The smaller numbers go first.
2. Each stratum gives its first incidents, as many as the allocation says.
3. The allocation is Webster's (Sainte-Laguë): seats one by one to the stratum whose weight over ``2 · seats + 1`` is
   largest, ties to the stratum whose name comes first, none beyond its size; where there are at least as many seats as
   strata, each has one first. All in whole numbers.

So the same seed gives the same sample on any machine and in any order of rows; a larger sample with the same seed
contains the smaller one; and an incident more in the frame changes at most a few picks.
"""

from __future__ import annotations

import hashlib
import heapq
import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import isqrt

from bwc_audit.domain.proportions import effective_interval

ALGORITHM = "bwc-review-sample/1"

#: Neyman weights are square roots, kept as whole numbers of this fraction.
_ROOT_SCALE = 10**6


class Frame(StrEnum):
    """Which incidents of a run may be drawn: all, those decided without a counted finding, or those with one."""

    ALL = "all"
    COVERED = "covered"
    FINDINGS = "findings"


class Allocation(StrEnum):
    """How a sample is shared out among strata: by size, by size times spread, or the same to each."""

    PROPORTIONAL = "proportional"
    NEYMAN = "neyman"
    EQUAL = "equal"


@dataclass(frozen=True, slots=True, order=True)
class FrameEntry:
    """One incident of the frame. ``has_finding``: the run counted a finding in it."""

    incident_id: str
    stratum: str = ""
    has_finding: bool = False


@dataclass(frozen=True, slots=True)
class Stratum:
    """One stratum: its incidents in the frame, and how many of them are drawn."""

    name: str
    size: int
    drawn: int


@dataclass(frozen=True, slots=True)
class Draw:
    """What was drawn: the frame in order of incident ids, the picks in the order in which to review them, the strata in
    order of their names, and the digest over all of it with the seed."""

    frame: tuple[FrameEntry, ...]
    picks: tuple[str, ...]
    strata: tuple[Stratum, ...]
    digest: str


def number_of(seed: str, incident_id: str) -> int:
    """The number of an incident under a seed, 0 to 2²⁵⁶ − 1. Raises ``ValueError`` for a zero byte in either."""
    if "\0" in seed or "\0" in incident_id:
        raise ValueError("neither a seed nor an incident id may hold a zero byte")
    parts = (ALGORITHM, seed, incident_id)
    text = b"".join(part.encode("utf-8", "surrogatepass") + b"\0" for part in parts)
    return int.from_bytes(hashlib.sha256(text).digest(), "big")


def draw(frame: Iterable[FrameEntry], size: int, seed: str, allocation: Allocation = Allocation.PROPORTIONAL) -> Draw:
    """A sample of ``size`` incidents (of all, where the frame holds fewer). Raises ``ValueError`` for an incident that
    occurs twice, and a size below 1."""
    entries = tuple(sorted(frame, key=lambda entry: entry.incident_id))
    if size < 1:
        raise ValueError("a sample needs at least one incident")
    if len({entry.incident_id for entry in entries}) < len(entries):
        raise ValueError("an incident stands in the frame twice")
    seats = allocate(strata_sizes(entries), size, weights_of(entries, allocation))
    numbered: dict[str, list[tuple[int, str]]] = defaultdict(list)
    for entry in entries:
        numbered[entry.stratum].append((number_of(seed, entry.incident_id), entry.incident_id))
    # Reviewed in the order of their numbers, so that a review broken off is a smaller random sample.
    drawn = sorted(one for name, ones in numbered.items() for one in sorted(ones)[: seats[name]])
    picks = tuple(incident_id for _, incident_id in drawn)
    strata = tuple(Stratum(name, len(numbered[name]), seats[name]) for name in sorted(numbered))
    return Draw(entries, picks, strata, _digest(entries, seed, allocation, picks))


def strata_sizes(entries: Iterable[FrameEntry]) -> dict[str, int]:
    """How many incidents each stratum holds."""
    return dict(Counter(entry.stratum for entry in entries))


def weights_of(entries: Iterable[FrameEntry], allocation: Allocation) -> dict[str, int]:
    """The weight of each stratum, a whole number of at least 1.

    Neyman's is size times the spread of what is to be measured, which nobody knows before the review; the spread of *has a
    finding* stands in for it: ``N sqrt(p (1 - p))`` with ``p = (k + 1/2) / (N + 1)``, so that no stratum counts as known.
    """
    found: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for entry in entries:
        found[entry.stratum][0] += 1
        found[entry.stratum][1] += entry.has_finding
    match allocation:
        case Allocation.EQUAL:
            return dict.fromkeys(found, 1)
        case Allocation.PROPORTIONAL:
            return {name: size for name, (size, _) in found.items()}
        case Allocation.NEYMAN:
            return {
                name: size * isqrt((2 * k + 1) * (2 * (size - k) + 1) * _ROOT_SCALE**2) // (size + 1)
                for name, (size, k) in found.items()
            }


def allocate(sizes: Mapping[str, int], seats: int, weights: Mapping[str, int]) -> dict[str, int]:
    """Seats of each stratum, together ``min(seats, all of them)``, none beyond its size."""
    given = dict.fromkeys(sizes, 0)
    left = min(seats, sum(sizes.values()))
    filled = sorted(name for name, size in sizes.items() if size)
    if left >= len(filled):
        given |= dict.fromkeys(filled, 1)
        left -= len(filled)
    queue = [_Claim(weights[name], given[name], name) for name in filled if given[name] < sizes[name]]
    heapq.heapify(queue)
    while left:
        claim = heapq.heappop(queue)
        given[claim.name] += 1
        left -= 1
        if given[claim.name] < sizes[claim.name]:
            heapq.heappush(queue, _Claim(claim.weight, given[claim.name], claim.name))
    return given


@dataclass(frozen=True, slots=True)
class _Claim:
    """What a stratum bids for the next seat: weight / (2 · seats + 1), compared without division."""

    weight: int
    seats: int
    name: str

    def __lt__(self, other: _Claim) -> bool:
        mine, theirs = self.weight * (2 * other.seats + 1), other.weight * (2 * self.seats + 1)
        return (-mine, self.name) < (-theirs, other.name)


def size_for_width(frame_size: int, width: float, expected: float = 0.5) -> int:
    """The smallest sample out of ``frame_size`` whose 95 % interval is at most ``width`` wide where the share comes out as
    ``expected`` (both 0..1; 0.5 is the worst case), with finite population correction.

    The interval is the one that results are given with: Wilson's at ``n (N - 1) / (N - n)`` trials. Raises ``ValueError``
    for a width that is none.
    """
    if not 0 < width < 1 or not 0 <= expected <= 1:
        raise ValueError("the width of an interval and an expected share lie between 0 and 1")
    low, high = 1, max(1, frame_size)
    while low < high:
        middle = (low + high) // 2
        if interval_width(middle, frame_size, expected) <= width:
            high = middle
        else:
            low = middle + 1
    return low


def interval_width(size: int, frame_size: int, expected: float) -> float:
    """Width of the interval of a simple sample without replacement."""
    if size >= frame_size:
        return 0.0
    low, high = effective_interval(expected, size * (frame_size - 1) / (frame_size - size))
    return high - low


def _digest(entries: Sequence[FrameEntry], seed: str, allocation: Allocation, picks: Sequence[str]) -> str:
    content = [
        ALGORITHM,
        seed,
        str(allocation),
        [[entry.incident_id, entry.stratum, entry.has_finding] for entry in entries],
        list(picks),
    ]
    return hashlib.sha256(json.dumps(content, separators=(",", ":")).encode()).hexdigest()
