"""How the findings of a chunk stand against what earlier runs of the source said."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from sqlmodel import Session

from bwc_audit.audit.withheld import Withheld
from bwc_audit.domain.chunks import Chunk
from bwc_audit.domain.inspection import INSPECTOR_VERSION
from bwc_audit.domain.lifecycle import RunBasis, observe
from bwc_audit.domain.records import Records
from bwc_audit.domain.results import Decision, PlacedSegment
from bwc_audit.domain.runs import ObservedFinding, RunRequest
from bwc_audit.domain.segment_table import SegmentTable
from bwc_audit.store import runs


def observe_chunk(
    session: Session, run_id: str, request: RunRequest, decision: Decision, records: Records, chunk: Chunk
) -> tuple[ObservedFinding, ...]:
    incident_ids = None if request.incident_id is None else {request.incident_id}
    previous = runs.previous_observations(
        session,
        request.source,
        period=chunk.span,
        incident_ids=incident_ids,
        fingerprints={finding.fingerprint for finding in decision.findings},
    )
    known: dict[str, RunBasis | None] = {}

    def basis_of(earlier_id: str) -> RunBasis | None:
        if earlier_id not in known:
            known[earlier_id] = _basis_of_run(session, earlier_id)
        return known[earlier_id]

    return observe(
        decision.findings,
        previous,
        run_id=run_id,
        basis=RunBasis(request.policy_hash, INSPECTOR_VERSION, DecidedFootage(decision.segments), request.is_deep),
        previous_basis=basis_of,
        is_withheld=Withheld(decision.results, SegmentTable.of(records.segments).recording_ids(), records.rejected).covers,
    )


def _basis_of_run(session: Session, run_id: str) -> RunBasis | None:
    run = runs.load_run(session, run_id)
    if run is None:
        return None
    return RunBasis(run.request.policy_hash, run.inspector_version, StoredFootage(session, run_id), run.request.is_deep)


class DecidedFootage(Mapping[str, frozenset[tuple[str, int, int]]]):
    """The footage of a decision by incident, worked out when it is first asked for: only what changed is compared."""

    def __init__(self, segments: Sequence[PlacedSegment]) -> None:
        self._segments = segments
        self._known: dict[str, frozenset[tuple[str, int, int]]] | None = None

    def _found(self) -> dict[str, frozenset[tuple[str, int, int]]]:
        if self._known is None:
            self._known = _footage(self._segments)
        return self._known

    def __getitem__(self, incident_id: str) -> frozenset[tuple[str, int, int]]:
        return self._found()[incident_id]

    def __iter__(self) -> Iterator[str]:
        return iter(self._found())

    def __len__(self) -> int:
        return len(self._found())


class StoredFootage(Mapping[str, frozenset[tuple[str, int, int]]]):
    """The footage of a stored run by incident, each read when it is asked for: only what changed is compared."""

    def __init__(self, session: Session, run_id: str) -> None:
        self._session, self._run_id = session, run_id
        self._read: dict[str, frozenset[tuple[str, int, int]]] = {}

    def __getitem__(self, incident_id: str) -> frozenset[tuple[str, int, int]]:
        if incident_id not in self._read:
            segments = runs.load_segments(self._session, self._run_id, incident_id=incident_id)
            self._read[incident_id] = _footage(segments).get(incident_id, frozenset())
        return self._read[incident_id]

    def __iter__(self) -> Iterator[str]:
        return iter(_footage(runs.load_segments(self._session, self._run_id)))

    def __len__(self) -> int:
        return sum(1 for _ in self)


def _footage(segments: Sequence[PlacedSegment]) -> dict[str, frozenset[tuple[str, int, int]]]:
    found: dict[str, set[tuple[str, int, int]]] = {}
    for one in segments:
        found.setdefault(one.incident_id, set()).add((one.footage_id, one.span.start_us, one.span.end_us))
    return {incident_id: frozenset(rows) for incident_id, rows in found.items()}
