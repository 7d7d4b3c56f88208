"""What JSON documents have in common: times, lengths, intervals, windows, and how a policy is named.

Times are ISO 8601 UTC, lengths seconds; null means that a value is not known or does not apply. ``policy`` reads
``id/version@hash`` with the hash's first 12 digits. Typed dictionaries, so that schemas can be generated from them.
"""

from __future__ import annotations

from collections.abc import Sequence

from typing_extensions import TypedDict  # pydantic reads typing.TypedDict only from Python 3.12 on

from bwc_audit.domain.findings import Window
from bwc_audit.domain.runs import RunRequest
from bwc_audit.domain.times import SECOND_US, Span, iso_utc


class SpanDocument(TypedDict):
    start: str
    end: str


class WindowDocument(TypedDict):
    start: str
    end: str
    start_reference: str
    end_reference: str


def policy_reference(request: RunRequest) -> str:
    """``uk_generic/2026-11@0123456789ab``: policy, version, and the first digits of its hash."""
    return f"{request.policy_id}/{request.policy_version}@{request.policy_hash[:12]}"


def iso_or_null(at_us: int | None) -> str | None:
    """ISO 8601 UTC of microseconds UTC; null where there is no time."""
    return None if at_us is None else iso_utc(at_us)


def seconds_or_null(length_us: int | None) -> float | None:
    """Seconds of microseconds; null where there is no length."""
    return None if length_us is None else length_us / SECOND_US


def span_document(span: Span) -> SpanDocument:
    """One interval, its end excluded."""
    return {"start": iso_utc(span.start_us), "end": iso_utc(span.end_us)}


def span_documents(spans: Sequence[Span]) -> list[SpanDocument]:
    """Intervals in their order."""
    return [span_document(span) for span in spans]


def window_document(window: Window | None) -> WindowDocument | None:
    """A required window with what opened and closed it; null where there is none."""
    if window is None:
        return None
    return {
        "start": iso_utc(window.span.start_us),
        "end": iso_utc(window.span.end_us),
        "start_reference": window.start_reference,
        "end_reference": window.end_reference,
    }
