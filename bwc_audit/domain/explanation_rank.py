"""In which order competing explanations are offered: by how directly a source speaks, never by a number.

The rule, in full: (1) the class of the evidence below; (2) within a class, fewer points against it; (3) the order of the
kinds in the list below; (4) the words, so that the order never depends on the order of the rows. It is an order of looking,
not of likelihood.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum

from bwc_audit.domain.findings import Explanation, ExplanationKind


class Strength(IntEnum):
    """How directly a source speaks. ``RECORDED``: a machine recorded it for that very camera and time; ``STATED``: a person
    or a register says so, or a machine for some time around; ``POSSIBLE``: nothing speaks against it, and little for it."""

    RECORDED = 1
    STATED = 2
    POSSIBLE = 3


_ORDER: tuple[tuple[ExplanationKind, Strength], ...] = (
    (ExplanationKind.CLOCK_CONTRADICTION, Strength.RECORDED),
    (ExplanationKind.OTHER_OFFICER, Strength.RECORDED),
    (ExplanationKind.DEVICE_OFF, Strength.RECORDED),
    (ExplanationKind.TAGGED_ELSEWHERE, Strength.STATED),
    (ExplanationKind.NEVER_ARRIVED, Strength.STATED),
    (ExplanationKind.PENDING_UPLOAD, Strength.STATED),
    (ExplanationKind.DELETED, Strength.STATED),
    (ExplanationKind.NO_CAMERA, Strength.STATED),
    (ExplanationKind.UNASSIGNED_DEVICE, Strength.POSSIBLE),
    (ExplanationKind.VIDEO_WITHOUT_METADATA, Strength.POSSIBLE),
)
_PLACE = {kind: place for place, (kind, _) in enumerate(_ORDER)}
_STRENGTH = dict(_ORDER)


def strength_of(kind: ExplanationKind) -> Strength:
    """The class of evidence that a kind of explanation rests on."""
    return _STRENGTH[kind]


def ranked(explanations: Iterable[Explanation]) -> tuple[Explanation, ...]:
    """In the order of looking; see the module."""
    return tuple(sorted(explanations, key=_key))


def _key(one: Explanation) -> tuple[Strength, int, int, tuple[str, ...], tuple[str, ...]]:
    return _STRENGTH[one.kind], len(one.speaks_against), _PLACE[one.kind], one.speaks_for, one.speaks_against
