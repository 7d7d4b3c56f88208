"""Where each thing has its page. An id may hold any character, a slash too; only here does it become part of an address."""

from __future__ import annotations

from urllib.parse import quote, urlencode


def incident_href(incident_id: str, run_id: str = "", fingerprint: str = "") -> str:
    """The page of an incident; as a run saw it, at a finding."""
    place = f"#f-{_part(fingerprint)}" if fingerprint else ""
    return f"/incidents/{_part(incident_id)}{_query(run=run_id)}{place}"


def incident_part_href(incident_id: str, part: str, run_id: str = "") -> str:
    """What lies below the page of an incident: ``files``, ``re-run``."""
    return f"/incidents/{_part(incident_id)}/{part}{_query(run=run_id)}"


def footage_href(incident_id: str, footage_id: str, part: str, run_id: str) -> str:
    """One file as evidence at an incident: its ``video``, ``frames/3`` or ``sheets/0``."""
    return f"/incidents/{_part(incident_id)}/footage/{_part(footage_id)}/{part}{_query(run=run_id)}"


def finding_href(finding_id: str) -> str:
    """The page of a finding."""
    return f"/findings/{_part(finding_id)}"


def findings_href(**filters: str) -> str:
    """The list of findings, narrowed."""
    return f"/findings{_query(**filters)}"


def run_href(run_id: str) -> str:
    """The page of a run."""
    return f"/runs/{_part(run_id)}"


def sample_href(sample_id: str) -> str:
    """The page of a review sample."""
    return f"/samples/{_part(sample_id)}"


def sample_review_href(sample_id: str, pick: int) -> str:
    """Where verdicts on one drawn incident are recorded; ``pick``: its place in the order to review in, from 1."""
    return f"{sample_href(sample_id)}/review/{pick}"


def rerun_href(run_id: str) -> str:
    """What a re-run changed."""
    return f"/reruns/{_part(run_id)}"


def people_href(by: str, name: str, run_id: str = "") -> str:
    """The page of an ``officer`` or ``unit``, in the period of a run."""
    return f"/{by}s/{_part(name)}{_query(run=run_id)}"


def policy_href(name: str) -> str:
    """The page of a policy: a pack, ``in-use``, or the hash of one that a run was decided by."""
    return f"/policies/{_part(name)}"


def _part(text: str) -> str:
    return quote(text, safe="")


def _query(**values: str) -> str:
    given = {name: value for name, value in values.items() if value}
    return f"?{urlencode(given)}" if given else ""
