"""What a run could not examine, so that people can read it: each thing once; of many of one kind the first by name, the
rest by number. Which thing it was in an assignment is said there, of each.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

import numpy as np

from bwc_audit.domain.coverage import Int

#: Said of a whole period, not of a part of it.
NO_FOOTAGE_READ = "no footage metadata were read for the period"
NO_ASSIGNMENTS_READ = "no assignments were read for the period: nothing could be judged"

#: So many things of one kind are named; a month of which nobody looked at any video has a hundred thousand.
MOST_NAMED = 500


@dataclass(frozen=True, slots=True)
class Unexamined:
    """``said``: sentences, ascending, the last of a kind counting those that are not named; ``count``: how many things."""

    said: tuple[str, ...]
    count: int


@dataclass(slots=True)
class _Kind:
    """Things of which the same is said. ``marks``: a number for each, part by part (the same thing has the same number)."""

    named: list[str] = field(default_factory=list)
    marks: list[Int] = field(default_factory=list)

    def add(self, sentences: Collection[str]) -> None:
        self.named = sorted({*self.named, *sorted(sentences)[:MOST_NAMED]})[:MOST_NAMED]
        self.marks.append(np.fromiter(map(hash, sentences), np.int64, len(sentences)))

    @property
    def count(self) -> int:
        marks = np.sort(np.concatenate(self.marks))  # np.unique takes ten times as long
        return int(np.count_nonzero(np.diff(marks)) + min(1, marks.size))


def unexamined_in_all(parts: Iterable[Collection[str]]) -> Unexamined:
    """What the parts of a run could not examine, one of them held at a time; of the period as a whole only what all say.

    Of a kind are sentences that end alike behind ``name: ``."""
    kinds: dict[str, _Kind] = defaultdict(_Kind)
    of_period = {NO_FOOTAGE_READ: 0, NO_ASSIGNMENTS_READ: 0}
    count = 0
    for part in parts:
        count += 1
        by_kind: dict[str, list[str]] = defaultdict(list)
        for sentence in dict.fromkeys(part):
            if sentence in of_period:
                of_period[sentence] += 1
            else:
                by_kind[sentence.partition(": ")[2] or sentence].append(sentence)
        for what, sentences in by_kind.items():
            kinds[what].add(sentences)
    said = [sentence for sentence, times in of_period.items() if times == count > 0]
    total = len(said)
    for what, kind in kinds.items():
        total += kind.count
        said += kind.named
        if (rest := kind.count - len(kind.named)) > 0:
            said.append(f"{rest:,} more: {what}")
    return Unexamined(tuple(sorted(said)), total)
