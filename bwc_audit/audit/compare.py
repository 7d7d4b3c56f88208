"""What-if: a stored period under two policies, side by side. Nothing is looked into, and nothing is written.

Decided in chunks of days, as a back-fill is, so that memory follows the chunk and what moves. Rows of a chunk are loaded
once, and matched anew only as far as the two policies ask for something else; what was seen in videos is
taken as it is kept and judged by each policy's own limits. What a policy asks for in videos and nobody looked at is counted.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bwc_audit.audit.allocation import without_cycle_search
from bwc_audit.audit.chunked import Gathered, chunks_for, gather, in_scope, own_places
from bwc_audit.audit.judging import judged
from bwc_audit.audit.setup import Audit
from bwc_audit.domain.chunks import Chunk, own_part
from bwc_audit.domain.comparison import Comparison, Part, Replayed, joined, part_of
from bwc_audit.domain.decide import Basis, basis_of, decide
from bwc_audit.domain.inspection import Inspection, InspectionRequest
from bwc_audit.domain.looking import RequiredParts
from bwc_audit.domain.matching import Matching, match
from bwc_audit.domain.policy import UsabilityRules
from bwc_audit.domain.policy_book import PolicyBook
from bwc_audit.domain.runs import RunKind, RunRequest
from bwc_audit.domain.times import Span
from bwc_audit.domain.unseen import unseen_us
from bwc_audit.store import inspections
from bwc_audit.store.database import reading


@dataclass(frozen=True, slots=True)
class _Rows:
    """What both replays of a chunk share."""

    gathered: Gathered
    kept: Mapping[str, Inspection]
    request: RunRequest


def compare_policies(audit: Audit, first: PolicyBook, second: PolicyBook, request: RunRequest) -> Comparison:
    """Replay the period of the request, as of its moment, under both books. The request's own policy does not matter."""
    books = first, second
    parts = [_compared(audit, books, request, chunk) for chunk in chunks_for(audit, request)]
    return joined(request.source, request.period, request.as_of_us, books, parts)


def period_request(audit: Audit, period: Span) -> RunRequest:
    """A request over a period as of now, for what no run has to be named."""
    return audit.request(RunKind.BACKFILL, period)


@without_cycle_search()
def _compared(audit: Audit, books: tuple[PolicyBook, PolicyBook], request: RunRequest, chunk: Chunk) -> Part:
    """Both replays of one chunk, compared."""
    with reading(audit.engine) as session:
        gathered = gather(session, request, chunk)
        versions = {video.object_key: video.etag for video in gathered.records.objects}
        kept = inspections.latest_inspections(session, request.source, versions)
    rows = _Rows(gathered, kept, request)
    one, shared = _replay(rows, books[0], None)
    other, _ = _replay(rows, books[1], shared)
    return part_of(one, other)


def _replay(rows: _Rows, book: PolicyBook, like: Basis | None) -> tuple[Replayed, Basis]:
    request, gathered = rows.request, rows.gathered
    seen = _judged(rows.kept, book.base.usability)
    sight = gathered.chunk.sight
    matching = match(gathered.records, book, sight, request.as_of_us, seen, like.matching if like else None)
    shared = basis_of(matching, seen, like, is_own=gathered.chunk.holds)
    whole = decide(matching, seen, is_brief=True, basis=shared, of_period=request.period)
    decision = own_part(in_scope(whole, request.incident_id), gathered.chunk, gathered.incident_ids)
    return Replayed(book, matching, decision, _unseen(matching, seen, gathered.chunk)), shared


def _judged(kept: Mapping[str, Inspection], rules: UsabilityRules) -> dict[str, Inspection]:
    return {key: judged(inspection, rules) for key, inspection in kept.items()}


def _unseen(matching: Matching, seen: Mapping[str, Inspection], chunk: Chunk) -> int:
    """Time inside required windows, in stored videos that belong to the chunk, that nobody has looked at."""
    if not seen and not matching.records.objects:
        return 0
    required, sampling = RequiredParts.of(matching), matching.policy.sampling
    own = frozenset(own_places(matching, chunk))
    spans = required.pieces.spans_by_window()
    asked = (
        InspectionRequest(key, spans[place])
        for place, (key, index) in enumerate(zip(required.keys, required.placement.tolist(), strict=True))
        if index in own
    )
    return sum(unseen_us(one, seen.get(one.object_key), sampling) or 0 for one in asked)
