"""Which earlier findings a run could not judge, so that their absence from it resolves nothing.

A finding is resolved only by a run that looked at the same assignment, recording or device log with sufficient sources. An
incident or a recording that is not in the records any more (a file that could not be read, an export that went missing) was
not looked at. Whether a record was withdrawn on purpose is not known here; a reviewer says so in a disposition.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from bwc_audit.domain.findings import ABSENCE_KINDS, Finding, FindingGroup, FindingKind
from bwc_audit.domain.records import RejectedRow
from bwc_audit.domain.results import AssignmentResult, Outcome
from bwc_audit.sources.listing import FOOTAGE_FOLDER

#: Judged anew by every run from the whole listing: what vanishes here is mended.
_ALWAYS_JUDGED = frozenset({FindingKind.METADATA_MISSING, FindingKind.DUPLICATE})

#: Told by the records of a recording alone: no video has to be looked into for them.
_OF_RECORDS = frozenset(
    {
        FindingKind.OBJECT_MISSING,
        FindingKind.LATE_UPLOAD,
        FindingKind.CATEGORY_MISSING,
        FindingKind.INCIDENT_ID_MISSING,
        FindingKind.INCIDENT_ID_WRONG,
        FindingKind.SEQUENCE_GAP,
        FindingKind.SHORT_BUFFER,
        FindingKind.RETENTION_RISK,
    }
)


class Withheld:
    """What a decision rested on, as far as earlier findings need it: its results, the recordings it knew, and whether rows
    of CAD, roster or device logs were rejected. ``recordings``: their ids."""

    __slots__ = ("_has_rejections", "_incidents", "_officers", "_recordings", "_undecided", "_undecided_in", "_unseen")

    def __init__(
        self, results: Sequence[AssignmentResult], recordings: Collection[str], rejected: Iterable[RejectedRow]
    ) -> None:
        undecided = [result for result in results if result.outcome in (Outcome.PENDING, Outcome.UNKNOWN)]
        self._undecided = {(result.incident_id, result.officer_id) for result in undecided}
        self._undecided_in = {result.incident_id for result in undecided}
        self._unseen = {(result.incident_id, result.officer_id) for result in results if result.not_examined}
        self._officers = {(result.incident_id, result.officer_id) for result in results}
        self._incidents = {result.incident_id for result in results}
        self._recordings = recordings
        self._has_rejections = any(not row.row.file.startswith(FOOTAGE_FOLDER) for row in rejected)

    def covers(self, finding: Finding) -> bool:
        """Whether an earlier finding could not be judged."""
        if finding.kind in _ALWAYS_JUDGED:
            return False
        if self._is_out_of_sight(finding):
            return True
        if finding.kind is FindingKind.INCIDENT_UNCOVERED:
            return finding.incident_id in self._undecided_in
        if finding.kind in _OF_RECORDS:
            return False
        who = (finding.incident_id, finding.officer_id)
        return who in (self._undecided if finding.kind in ABSENCE_KINDS else self._unseen)

    def _is_out_of_sight(self, finding: Finding) -> bool:
        """Its incident, its recording or (where rows were rejected) its officer or device log is not in the records."""
        if finding.incident_id is not None and finding.incident_id not in self._incidents:
            return True
        if finding.recording_id is not None and finding.recording_id not in self._recordings:
            return True
        if not self._has_rejections:
            return False
        if finding.kind.group is FindingGroup.CLOCK:
            return True
        is_assigned = finding.incident_id is not None and finding.officer_id is not None
        return is_assigned and (finding.incident_id, finding.officer_id) not in self._officers
