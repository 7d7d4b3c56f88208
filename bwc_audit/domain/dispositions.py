"""What people say of a finding: decisions, second reviews, responses, and entries taken back. Only ever added.

Where a finding stands is worked out from all its entries; nothing is overwritten. Every entry has a place, 1 for the first:
who adds one says which place they saw last, so that nobody decides over what they have not read. Whether the decision was
right is not known here.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from bwc_audit.domain.findings import ExplanationKind, Severity


class EntryKind(StrEnum):
    DECISION = "decision"
    SECOND_REVIEW = "second_review"
    RESPONSE = "response"
    UNDO = "undo"


class DecisionWord(StrEnum):
    """What a decision may say. ``open`` reopens the matter."""

    OPEN = "open"
    CONFIRMED = "confirmed"
    EXPLAINED = "explained"
    TECHNICAL_FAULT = "technical_fault"
    DATA_ERROR = "data_error"
    NOT_ON_SCENE = "not_on_scene"
    COACHING = "coaching"
    REFERRED = "referred"


#: What a second review may say.
AGREES, DISAGREES = "agrees", "disagrees"

#: What a decision of a kind may give as its reason; those not named take none. *Explained* must give one.
REASON_CODES: Mapping[str, tuple[str, ...]] = {
    DecisionWord.EXPLAINED: (*(str(kind) for kind in ExplanationKind), "exempt", "safety", "other"),
    DecisionWord.TECHNICAL_FAULT: ("camera", "battery", "dock", "storage", "overlay_clock", "other"),
    DecisionWord.DATA_ERROR: ("cad_times", "roster", "holder", "metadata", "clock", "other"),
}


class SecondReview(StrEnum):
    """Which decisions a second person must look at."""

    NONE = "none"
    HIGH = "high"
    ALL = "all"


@dataclass(frozen=True, slots=True)
class Disposition:
    """One entry. ``decision``: the word of a decision, *agrees* or *disagrees* of a second review, else the kind.

    ``place`` counts the entries of the finding from 1; ``undoes``: the place of the entry that an undo takes back."""

    fingerprint: str
    decision: str
    reason_code: str | None
    comment: str
    reviewer: str
    at_us: int
    kind: EntryKind = EntryKind.DECISION
    place: int = 1
    undoes: int | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a finding stands. ``decided`` None: nobody decided, or it was taken back. ``second``: the latest second review
    of that decision. ``undone``: places of entries taken back."""

    entries: tuple[Disposition, ...]
    decided: Disposition | None
    second: Disposition | None
    undone: frozenset[int]

    @property
    def word(self) -> str:
        return DecisionWord.OPEN.value if self.decided is None else self.decided.decision

    @property
    def is_open(self) -> bool:
        return self.word == DecisionWord.OPEN

    @property
    def place(self) -> int:
        """The place of the last entry, 0 where there is none."""
        return self.entries[-1].place if self.entries else 0

    def waits_for_second(self, rule: SecondReview, severity: Severity) -> bool:
        """Whether somebody else must still look at the decision, or disagreed with it."""
        is_wanted = rule is SecondReview.ALL or (rule is SecondReview.HIGH and severity is Severity.HIGH)
        return is_wanted and not self.is_open and (self.second is None or self.second.decision != AGREES)


def standing_of(entries: Sequence[Disposition]) -> Standing:
    """Where a finding stands after these entries, in the order of their places."""
    undone = frozenset(one.undoes for one in entries if one.kind is EntryKind.UNDO and one.undoes is not None)
    counted = [one for one in entries if one.place not in undone]
    decided = next((one for one in reversed(counted) if one.kind is EntryKind.DECISION), None)
    seconds = [one for one in counted if one.kind is EntryKind.SECOND_REVIEW and decided and one.place > decided.place]
    return Standing(tuple(entries), decided, seconds[-1] if seconds else None, undone)


def problem_with(entry: Disposition, standing: Standing) -> str:
    """Why this entry cannot be added, in words for its author; empty: it can."""
    if not entry.reviewer.strip():
        return "An entry needs a name."
    if len(entry.comment) > 10_000:
        return "A comment has at most 10,000 characters."
    match entry.kind:
        case EntryKind.DECISION:
            return _problem_with_decision(entry)
        case EntryKind.SECOND_REVIEW:
            return _problem_with_second(entry, standing)
        case EntryKind.RESPONSE:
            return "" if entry.comment.strip() else "A response needs words."
        case EntryKind.UNDO:
            return _problem_with_undo(entry, standing)


def _problem_with_decision(entry: Disposition) -> str:
    if entry.decision not in set(DecisionWord):
        return "Choose what was decided."
    codes: Collection[str] = REASON_CODES.get(entry.decision, ())
    if entry.decision == DecisionWord.EXPLAINED and not entry.reason_code:
        return "An explained finding needs a reason."
    if entry.reason_code and entry.reason_code not in codes:
        return "This reason does not go with that decision."
    if entry.reason_code == "other" and not entry.comment.strip():
        return "Another reason needs a comment that says which."
    return ""


def _problem_with_second(entry: Disposition, standing: Standing) -> str:
    if entry.decision not in (AGREES, DISAGREES):
        return "Say whether you agree."
    if standing.decided is None or standing.is_open:
        return "There is no decision to look at a second time."
    if standing.decided.reviewer == entry.reviewer:
        return "A second review is by somebody else than who decided."
    return "Disagreement needs words." if entry.decision == DISAGREES and not entry.comment.strip() else ""


def _problem_with_undo(entry: Disposition, standing: Standing) -> str:
    meant = next((one for one in standing.entries if one.place == entry.undoes), None)
    if meant is None or meant.kind is EntryKind.UNDO or meant.place in standing.undone:
        return "There is no such entry to take back."
    if meant.reviewer != entry.reviewer:
        return "An entry is taken back by who made it; add your own instead."
    return ""
