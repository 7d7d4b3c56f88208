"""What-if: a stored period under two policies, side by side. Nothing is looked into, and nothing is written.

Decided in chunks of days, as a back-fill is, so that memory follows the chunk and what moves. Rows of a chunk are loaded
once, and matched anew only as far as the two policies ask for something else; what was seen in videos is
taken as it is kept and judged by each policy's own limits. What a policy asks for in videos and nobody looked at is counted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from bwc_audit.audit.allocation import without_cycle_search
from bwc_audit.audit.children import Child, answers_in_turn
from bwc_audit.audit.chunked import Gathered, chunks_for, gather, own_places
from bwc_audit.audit.deciders import deciders_for
from bwc_audit.audit.judging import judged
from bwc_audit.audit.setup import Audit
from bwc_audit.domain.absences import SpansOf
from bwc_audit.domain.chunks import Chunk, own_findings
from bwc_audit.domain.comparison import Comparison, joined
from bwc_audit.domain.comparison_part import Part, Replayed, part_of
from bwc_audit.domain.decide import Basis, basis_of, facts_of, not_examined_of
from bwc_audit.domain.inspection import Inspection, InspectionRequest
from bwc_audit.domain.looking import RequiredParts
from bwc_audit.domain.matching import Matching, match
from bwc_audit.domain.policy import UsabilityRules
from bwc_audit.domain.policy_book import PolicyBook
from bwc_audit.domain.runs import RunKind, RunRequest
from bwc_audit.domain.times import Span
from bwc_audit.domain.unseen import unseen_us
from bwc_audit.domain.video_table import VideoTable
from bwc_audit.store import inspections
from bwc_audit.store.database import reading

#: Fewer incidents than this are compared before a child process is up.
_WORTH_CHILDREN = 40_000


@dataclass(frozen=True, slots=True)
class _Rows:
    """What both replays of a chunk share."""

    gathered: Gathered
    kept: Mapping[str, Inspection]
    request: RunRequest


def compare_policies(audit: Audit, first: PolicyBook, second: PolicyBook, request: RunRequest) -> Comparison:
    """Replay the period of the request, as of its moment, under both books. The request's own policy does not matter."""
    books = first, second
    chunks = chunks_for(audit, request)
    if (count := deciders_for(audit, chunks, _WORTH_CHILDREN)) > 1:
        parts = _side_by_side(audit, books, request, chunks, count)
    else:
        parts = [compare_chunk(audit, books, request, chunk) for chunk in chunks]
    return joined(request.source, request.period, request.as_of_us, books, parts)


def _side_by_side(
    audit: Audit, books: tuple[PolicyBook, PolicyBook], request: RunRequest, chunks: Sequence[Chunk], count: int
) -> list[Part]:
    """The chunks compared in ``count`` child processes. Raises what a child raised, or ``StoreError`` where one died."""
    given = audit.settings, audit.mapping, books, request
    return list(answers_in_turn(lambda: Child("bwc_audit.audit.comparer", given), chunks, count))


def period_request(audit: Audit, period: Span) -> RunRequest:
    """A request over a period as of now, for what no run has to be named."""
    return audit.request(RunKind.BACKFILL, period)


@without_cycle_search()
def compare_chunk(audit: Audit, books: tuple[PolicyBook, PolicyBook], request: RunRequest, chunk: Chunk) -> Part:
    """Both replays of one chunk, compared."""
    with reading(audit.engine) as session:
        gathered = gather(session, request, chunk)
        videos = VideoTable.of(gathered.records.objects)
        versions = dict(zip(videos.object_key, videos.etag, strict=True))
        kept = inspections.latest_inspections(session, request.source, versions)
    rows = _Rows(gathered, kept, request)
    one, shared = _replay(rows, books[0], None)
    other, _ = _replay(rows, books[1], shared)
    known = {text: text for text in one.not_examined}  # mostly the same a hundred thousand times over
    return part_of(one, replace(other, not_examined=tuple(known.get(text, text) for text in other.not_examined)))


def _replay(rows: _Rows, book: PolicyBook, like: Basis | None) -> tuple[Replayed, Basis]:
    request, gathered = rows.request, rows.gathered
    seen = _judged(rows.kept, book.base.usability)
    sight = gathered.chunk.sight
    matching = match(gathered.records, book, sight, request.as_of_us, seen, like.matching if like else None)
    shared = basis_of(matching, seen, like, is_own=gathered.chunk.holds)
    facts = facts_of(matching, shared)
    not_examined = not_examined_of(matching, facts.sight, request.period)
    unseen = _unseen(matching, seen, gathered.chunk)
    return _own(Replayed.whole(book, facts, not_examined, unseen), gathered, request.incident_id), shared


def _own(whole: Replayed, gathered: Gathered, incident_id: str | None) -> Replayed:
    """What of a replay belongs to its chunk, or to the one incident that was asked for."""
    wanted = gathered.incident_ids if incident_id is None else {incident_id}
    names = whole.facts.matching.judged.columns.incident
    others = own_findings(whole.others, gathered.chunk, wanted)
    if incident_id is not None:
        others = tuple(one for one in others if one.incident_id == incident_id)
    return replace(whole, is_own=names.where(name in wanted for name in names.values), others=others)


def _judged(kept: Mapping[str, Inspection], rules: UsabilityRules) -> dict[str, Inspection]:
    return {key: judged(inspection, rules) for key, inspection in kept.items()}


def _unseen(matching: Matching, seen: Mapping[str, Inspection], chunk: Chunk) -> int:
    """Time inside required windows, in stored videos that belong to the chunk, that nobody has looked at."""
    if not seen and not matching.records.objects:
        return 0
    required, sampling = RequiredParts.of(matching), matching.policy.sampling
    is_own = np.isin(required.placement, own_places(matching, chunk))
    is_looked_into = np.array([key in seen for key in required.keys], np.bool_) if seen else np.zeros_like(is_own)
    lengths_us = required.pieces.total_us(len(required.keys))
    spans = SpansOf.of(required.pieces, len(required.keys))
    asked = (
        InspectionRequest(required.keys[place], spans.at(place))
        for place in np.flatnonzero(is_own & is_looked_into).tolist()
    )
    rest_us = (unseen_us(one, seen[one.object_key], sampling) or 0 for one in asked)
    return int(lengths_us[is_own & ~is_looked_into].sum()) + sum(rest_us)
