"""What-if: a stored period under two policies, side by side. Nothing is looked into, and nothing is written.

Rows are loaded once, and matched anew only as far as the two policies ask for something else; what was seen in videos is
taken as it is kept and judged by each policy's own limits. What a policy asks for in videos and nobody looked at is counted.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from bwc_audit.audit.allocation import without_cycle_search
from bwc_audit.audit.chunked import gather, in_scope
from bwc_audit.audit.judging import judged
from bwc_audit.audit.setup import Audit
from bwc_audit.domain.comparison import Comparison, Replayed, compare
from bwc_audit.domain.decide import Basis, basis_of, decide
from bwc_audit.domain.inspection import Inspection, InspectionRequest
from bwc_audit.domain.looking import RequiredParts
from bwc_audit.domain.matching import Matching, match
from bwc_audit.domain.policy import UsabilityRules
from bwc_audit.domain.policy_book import PolicyBook
from bwc_audit.domain.records import Records
from bwc_audit.domain.runs import RunKind, RunRequest
from bwc_audit.domain.times import Span
from bwc_audit.domain.unseen import unseen_us
from bwc_audit.store import inspections
from bwc_audit.store.database import reading


@dataclass(frozen=True, slots=True)
class _Basis:
    """What both replays share."""

    records: Records
    kept: Mapping[str, Inspection]
    request: RunRequest


@without_cycle_search()
def compare_policies(audit: Audit, first: PolicyBook, second: PolicyBook, request: RunRequest) -> Comparison:
    """Replay the period of the request, as of its moment, under both books. The request's own policy does not matter."""
    with reading(audit.engine) as session:
        records = gather(session, request).records
        versions = {video.object_key: video.etag for video in records.objects}
        kept = inspections.latest_inspections(session, request.source, versions)
    basis = _Basis(records, kept, request)
    one, shared = _replay(basis, first, None)
    other, _ = _replay(basis, second, shared)
    return compare(request.source, one, other)


def period_request(audit: Audit, period: Span) -> RunRequest:
    """A request over a period as of now, for what no run has to be named."""
    return audit.request(RunKind.BACKFILL, period)


def _replay(basis: _Basis, book: PolicyBook, like: Basis | None) -> tuple[Replayed, Basis]:
    request = basis.request
    seen = _judged(basis.kept, book.base.usability)
    matching = match(basis.records, book, request.period, request.as_of_us, seen, like.matching if like else None)
    shared = basis_of(matching, seen, like)
    decision = in_scope(decide(matching, seen, is_brief=True, basis=shared), request.incident_id)
    return Replayed(book, matching, replace(decision, segments=()), _unseen(matching, seen)), shared


def _judged(kept: Mapping[str, Inspection], rules: UsabilityRules) -> dict[str, Inspection]:
    return {key: judged(inspection, rules) for key, inspection in kept.items()}


def _unseen(matching: Matching, seen: Mapping[str, Inspection]) -> int:
    """Time inside required windows, in stored videos, that nobody has looked at."""
    if not seen and not matching.records.objects:
        return 0
    required, sampling = RequiredParts.of(matching), matching.policy.sampling
    if not seen:
        return int((required.pieces.end_us - required.pieces.start_us).sum())
    spans = required.pieces.spans_by_window()
    asked = (InspectionRequest(key, spans[place]) for place, key in enumerate(required.keys))
    return sum(unseen_us(one, seen.get(one.object_key), sampling) or 0 for one in asked)
