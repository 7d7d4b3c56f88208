"""What a run knew of its sources, in words: clocks of cameras, how far each source has told, what waits, what expires."""

from __future__ import annotations

from collections.abc import Sequence
from zoneinfo import ZoneInfo

from bwc_audit.domain.clock_days import ClockDay
from bwc_audit.domain.expiring import Expiring
from bwc_audit.domain.results import Waiting
from bwc_audit.domain.watermarks import Watermark, WatermarkKind
from bwc_audit.report.contexts import Fact, RunReportInput
from bwc_audit.report.words import ANCHOR, humanised, number, plural, reason_label
from bwc_audit.report.zone_times import length, moment

_MOST = 200
_MOST_DEVICES = 12


def expiring_facts(expiring: Sequence[Expiring], zone: ZoneInfo) -> tuple[Fact, ...]:
    """Each file and the open matter that it bears on, the soonest first."""
    return tuple(Fact(moment(one.until_us, zone), expiring_words(one)) for one in expiring[:_MOST])


def expiring_words(one: Expiring) -> str:
    """``R7 · no footage F-0123 · incident I1, officer 101``."""
    matter = humanised(one.matter).lower() + (f" {one.finding_id}" if one.finding_id else "")
    who = [f"incident {one.incident_id}" if one.incident_id else "", f"officer {one.officer_id}" if one.officer_id else ""]
    return " · ".join(part for part in (one.footage_id, matter, ", ".join(part for part in who if part)) if part)


def expiring_sentence(report: RunReportInput) -> str:
    """What the list holds, or what an empty one rests on."""
    days = f"{report.policy.retention.warning_days:g} days"
    if not report.expiring:
        return f"No file that an open finding or an undecided assignment bears on may be deleted within {days}."
    more = f" The first {_MOST} are listed." if len(report.expiring) > _MOST else ""
    return f"{plural(len(report.expiring), 'file')} may be deleted within {days}, or already, while something is open.{more}"


def clock_facts(clocks: Sequence[ClockDay], zone: ZoneInfo) -> tuple[Fact, ...]:
    """Each camera and day on which anchors say a shift: by how much, on what, and whether it was applied."""
    return tuple(Fact(f"{one.device_id}, {moment(one.start_us, zone)} on", clock_words(one)) for one in clocks[:_MOST])


def clock_words(one: ClockDay) -> str:
    """``1 h 00 min ahead · 4 anchors (tagged recordings), 0 against, spread 12 s · applied: …``."""
    side = "ahead" if one.offset_us > 0 else "behind"
    kinds = ", ".join(ANCHOR[kind] for kind in one.kinds)
    anchors = f"{plural(one.anchors, 'anchor')} ({kinds}), {one.against} against, spread {length(one.spread_us)}"
    applied = "applied" if one.is_applied else "not applied"
    return f"{length(abs(one.offset_us))} {side} · {anchors} · {applied}: {one.why}"


def clocks_sentence(report: RunReportInput) -> str:
    """How many cameras and days, and what stands beside."""
    if not report.clocks:
        return "No anchors say that a camera's times are shifted beyond what its dock measured."
    applied = sum(one.is_applied for one in report.clocks)
    return (
        f"{plural(len(report.clocks), 'day')} of a camera on which anchors say a shift; {number(applied)} applied. Each "
        "camera's own times are kept beside."
    )


def watermark_facts(watermarks: Sequence[Watermark], zone: ZoneInfo) -> tuple[Fact, ...]:
    """The sources, and the cameras that came in least far."""
    sources = [one for one in watermarks if one.device_id is None]
    devices = [one for one in watermarks if one.kind is WatermarkKind.DEVICE_FOOTAGE]
    devices.sort(key=lambda one: (one.until_us is not None, one.until_us or 0, one.device_id or ""))
    shown = [*sources, *devices[:_MOST_DEVICES]]
    facts = [
        Fact(watermark_label(one), "nothing read" if one.until_us is None else moment(one.until_us, zone)) for one in shown
    ]
    rest = len(devices) - _MOST_DEVICES
    return (*facts, *([Fact("Other cameras", f"{number(rest)}, all further")] if rest > 0 else []))


def watermark_label(one: Watermark) -> str:
    """What has been told until then."""
    labels = {
        WatermarkKind.CAD: "Dispatch records until",
        WatermarkKind.FOOTAGE: "Footage came in until",
        WatermarkKind.DEVICE_FOOTAGE: f"Footage of {one.device_id} until",
        WatermarkKind.DEVICE_LOG: f"Log of {one.device_id} until",
    }
    return labels[one.kind]


def waiting_words(waiting: Waiting, zone: ZoneInfo) -> str:
    """Until when a pending assignment waits."""
    if waiting.ripens_us is None:
        return f"Pending ({reason_label(waiting.reason)}): when it is decided depends on a delivery."
    return f"Pending ({reason_label(waiting.reason)}): decided at the latest {moment(waiting.ripens_us, zone)}."


def waiting_sentence(report: RunReportInput, zone: ZoneInfo) -> str:
    """What waits, and when the last of it is decided."""
    if not report.waiting:
        return "Nothing is pending."
    dated = [one.ripens_us for one in report.waiting if one.ripens_us is not None]
    undated = len(report.waiting) - len(dated)
    parts = [f"{plural(len(dated), 'assignment')} decided at the latest {moment(max(dated), zone)}"] if dated else []
    parts += [f"{plural(undated, 'assignment')} when a delivery comes in"] if undated else []
    return f"Pending: {'; '.join(parts)}."
