"""A deep look in plain words: clock, sound, defects, contact sheets, and how much was looked at.

Facts and their support, never a verdict; what could not be said comes with its reason. Whether two cameras heard the
same sounds says something about their clocks; it does not prove that they stood in one place, and no sentence says so.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from zoneinfo import ZoneInfo

from markupsafe import Markup

from bwc_audit.domain.inspection import Defect
from bwc_audit.domain.results import PlacedSegment
from bwc_audit.domain.times import SECOND_US, Span
from bwc_audit.report.contexts import Fact
from bwc_audit.report.evidence import BurnedInClock, ClockReading, Effort, InspectionEvidence, SheetPage, SoundAgreement
from bwc_audit.report.evidence_views import DefectLine, FileEvidence, ReadingLine, SheetView
from bwc_audit.report.file_names import sheet_name
from bwc_audit.report.words import DEFECT, INFORMATION, humanised, number, plural
from bwc_audit.report.zone_times import clock, length, moment, stretch

_MOST_READINGS = 12
_MOST_DEFECTS = 200
_MOST_PREVIEWS = 3
_WHY_NO_MATCH = {
    "silent": "one of them has no sound to compare",
    "too_short": "they have too little sound in common",
    "different": "no difference of their clocks makes their sounds agree: they may have heard different things",
    "ambiguous": "their sounds repeat, so that several differences fit alike",
    "soundless": "one of them has no sound track",
    "not_heard": "the sound of one of them was not listened to closely",
    "unreadable": "one of them could not be looked into",
    "contradicted": "the differences found between the cameras of this incident do not add up, so that one of them is wrong",
    "too_many": "there are too many recordings to compare each with each",
}


def file_evidence(segment: PlacedSegment, evidence: InspectionEvidence, zone: ZoneInfo) -> FileEvidence:
    """Everything that a deep look says about one file, placed in the world where the file is placed."""
    return FileEvidence(
        clock=clock_sentence(evidence.clock),
        readings=_readings(evidence.clock, segment, zone),
        defects=tuple(defect_line(defect, segment, zone) for defect in evidence.defects[:_MOST_DEFECTS]),
        defects_sentence=_defects_sentence(evidence),
        sheets=_sheets(segment, evidence, zone),
        sheets_sentence=sheets_sentence(evidence.pages, segment),
    )


def effort_facts(effort: Effort, *, is_deep: bool) -> tuple[Fact, ...]:
    """What was looked at, in numbers: bytes, requests, frames, seconds, the longest distance and the share unseen."""
    way = "every frame of the window" if is_deep else "samples, denser where something changes"
    return Fact("Way of looking", way), *total_facts(effort)


def total_facts(effort: Effort) -> tuple[Fact, ...]:
    """The numbers of one file or of many."""
    step = f"{exact(effort.longest_step_us)} between two samples" if effort.longest_step_us else "not recorded"
    return (
        Fact("Read", f"{megabytes(effort.bytes_read)} in {plural(effort.requests, 'request')}"),
        Fact("Frames", f"{number(effort.frames)} decoded and judged, over {length(effort.picture_us)} of picture"),
        Fact("Sound", f"{length(effort.sound_us)} listened to" if effort.sound_us else "none listened to"),
        Fact("Longest distance", step),
        Fact("Unseen", _unseen_words(effort)),
    )


def between_sentence(effort: Effort) -> str:
    """What no frame shows though samples speak for it; empty where every frame was decoded."""
    if not effort.between_us:
        return ""
    share = percent(effort.between_us / max(effort.picture_us, effort.between_us))
    return (
        f"{length(effort.between_us)} of the {length(effort.picture_us)} of picture looked at ({share}) lie between two "
        "sampled frames and were not decoded, as planned: there the samples on both sides and the sizes of the coded frames "
        "are believed, and damage to the file that changes no size is not seen."
    )


def _unseen_words(effort: Effort) -> str:
    if effort.asked_us is None:
        return "not known"
    if not effort.asked_us:
        return "nothing was asked for"
    asked = f"of the {length(effort.asked_us)} asked for"
    if not effort.unseen_us:
        return f"nothing {asked}"
    return f"{exact(effort.unseen_us)} {asked} ({percent(effort.unseen_us / effort.asked_us)})"


def percent(share: float) -> str:
    """``4.0 %``; what is not nothing is never said to be 0.0."""
    return "under 0.1 %" if 0 < share < 0.0005 else f"{100 * share:.1f} %"


def added_up(efforts: Sequence[Effort]) -> Effort:
    """The sum over files; what was asked for is not known where it is not known of one of them."""
    asked = [one.asked_us for one in efforts if one.asked_us is not None]
    return Effort(
        bytes_read=sum(one.bytes_read for one in efforts),
        requests=sum(one.requests for one in efforts),
        frames=sum(one.frames for one in efforts),
        picture_us=sum(one.picture_us for one in efforts),
        sound_us=sum(one.sound_us for one in efforts),
        longest_step_us=max((one.longest_step_us for one in efforts), default=0),
        asked_us=sum(asked) if efforts and len(asked) == len(efforts) else None,
        unseen_us=sum(one.unseen_us for one in efforts),
        between_us=sum(one.between_us for one in efforts),
    )


def clock_sentence(read: BurnedInClock | None) -> str:
    """What the burned-in clock says, with its support, or why nothing can be said."""
    if read is None:
        return "The burned-in clock was not looked for."
    support = f"{read.agreed} of {plural(len(read.readings), 'reading')} agree"
    tried = f"looked for at {plural(read.tried, 'place')}"
    if read.why_not:
        found = f"; {plural(len(read.readings), 'reading')}" if read.readings else ""
        return f"The burned-in clock could not be read: {read.why_not} ({tried}{found})."
    if read.is_not_set:
        return f"The burned-in clock says that its time is not set; {support} ({tried})."
    if read.is_stuck:
        return f"The burned-in clock stands still; {support} ({tried})."
    parts = [_offset_words(read)]
    parts += [f"it jumps by {signed(step_us)} at {into(at_us)} of the file" for at_us, step_us in read.jumps]
    if read.drift_ppm is not None:
        parts.append(f"it {'gains' if read.drift_ppm > 0 else 'loses'} {abs(read.drift_ppm):.0f} ppm within the file")
    return f"The burned-in clock {'; '.join(part for part in parts if part)}; {support} ({tried})."


def _offset_words(read: BurnedInClock) -> str:
    if read.offset_us is None:
        return "does not keep one offset to the metadata"
    within = f", ±{exact(read.uncertainty_us)}" if read.uncertainty_us else ""
    if abs(read.offset_us) <= max(read.uncertainty_us, SECOND_US // 2):
        return f"agrees with the metadata{within.replace(', ', ' within ')}"
    return f"reads {length(abs(read.offset_us))} {'ahead of' if read.offset_us > 0 else 'behind'} the metadata{within}"


def agreement_sentence(pair: SoundAgreement, cameras: Mapping[str, str]) -> str:
    """What comparing two files by sound says; ``cameras``: camera by footage id."""
    one = f"camera {cameras.get(pair.one, '?')} ({pair.one})"
    other = f"camera {cameras.get(pair.other, '?')} ({pair.other})"
    if pair.lag_us is None:
        why = _WHY_NO_MATCH.get(pair.why_not, pair.why_not or "the reason is not recorded")
        return f"{one[0].upper()}{one[1:]} and {other}: no answer from their sounds, because {why}."
    heard = f"{one[0].upper()}{one[1:]} and {other} heard the same sounds"
    support = f"±{exact(pair.uncertainty_us)}; {pair.agreeing} of {plural(pair.tried, 'stretch', 'stretches')} agree"
    if pair.peak_ratio:
        support += f", and the next best difference fits {pair.peak_ratio:.1f} times worse"
    if abs(pair.lag_us) <= pair.uncertainty_us:
        return f"{heard}, and their clocks agree ({support})."
    ahead, behind = (pair.other, pair.one) if pair.lag_us > 0 else (pair.one, pair.other)
    return f"{heard}; the clock of {ahead} is {exact(abs(pair.lag_us))} ahead of that of {behind} ({support})."


def defect_line(defect: Defect, segment: PlacedSegment, zone: ZoneInfo) -> DefectLine:
    """One defect of a file, in the world and inside the file; a point defect has no length."""
    start_us = segment.span.start_us + defect.start_us
    end_us = segment.span.start_us + defect.end_us
    is_point = defect.end_us <= defect.start_us
    return DefectLine(
        kind=DEFECT.get(defect.kind, humanised(defect.kind)),
        is_information=defect.kind in INFORMATION,
        time=clock(start_us, zone) if is_point else stretch(Span(start_us, end_us), zone),
        media=into(defect.start_us) if is_point else f"{into(defect.start_us)} – {into(defect.end_us)}",
        length="" if is_point else exact(defect.end_us - defect.start_us),
        confidence=f"{100 * defect.confidence:.0f} %",
    )


def sheets_sentence(pages: Sequence[SheetPage], segment: PlacedSegment) -> str:
    """What the pages hold, and what of it is empty, with the reason."""
    if not pages:
        return "No contact sheet was made."
    seconds = sum(page.seconds for page in pages)
    empty = {
        "damaged": sum(page.damaged for page in pages),
        "without any frame": sum(page.without_frame for page in pages),
        "not looked at": sum(page.not_looked_at for page in pages),
    }
    said = ", ".join(f"{number(count)} {name}" for name, count in empty.items() if count)
    text = f"{plural(seconds, 'second')} on {plural(len(pages), 'page')}, one picture each"
    text += f"; of these seconds {said}." if said else "; none is empty."
    if any(page.world_start_us not in (None, segment.span.start_us) for page in pages):
        text += " The clock times printed on the pages were made with an earlier placement; those on this page hold."
    return text


def exact(length_us: int) -> str:
    """A length that is not rounded to seconds below a minute: ``3.2 s``, ``0.033 s``; ``length`` from there on."""
    size_us = abs(length_us)
    if size_us >= 60 * SECOND_US or not size_us % SECOND_US:
        return length(length_us)
    digits = 1 if size_us >= SECOND_US // 10 else 3
    return f"{length_us / SECOND_US:.{digits}f} s".replace("-", "−")


def into(media_us: int) -> str:
    """Media time to the millisecond, ``0:25:00.033``: a deep look finds ends to one frame."""
    sign, rest_ms = ("−", -media_us // 1000) if media_us < 0 else ("", media_us // 1000)
    hours, rest_ms = divmod(rest_ms, 3_600_000)
    return f"{sign}{hours}:{rest_ms // 60_000:02d}:{rest_ms // 1000 % 60:02d}.{rest_ms % 1000:03d}"


def signed(length_us: int) -> str:
    return f"{'+' if length_us > 0 else '−'}{exact(abs(length_us))}"


def megabytes(count: int) -> str:
    return f"{count / 1e6:,.1f} MB".replace(",", "\u202f")


def _defects_sentence(evidence: InspectionEvidence) -> str:
    looked = f"{plural(evidence.effort.frames, 'frame')} and {length(evidence.effort.sound_us)} of sound"
    if not evidence.defects:
        share = evidence.effort.unseen_share
        unseen = "how much was not seen is not known" if share is None else f"{percent(share)} of the time was not seen"
        return f"Nothing unusual among {looked}" + ("." if share == 0 else f"; {unseen}.")
    more = len(evidence.defects) - _MOST_DEFECTS
    return f"The first {_MOST_DEFECTS} of {number(len(evidence.defects))}." if more > 0 else ""


def _readings(read: BurnedInClock | None, segment: PlacedSegment, zone: ZoneInfo) -> tuple[ReadingLine, ...]:
    if read is None:
        return ()
    step = max(1, -(-len(read.readings) // _MOST_READINGS))
    return tuple(_reading(one, segment, zone) for one in read.readings[::step])


def _reading(one: ClockReading, segment: PlacedSegment, zone: ZoneInfo) -> ReadingLine:
    device_us = segment.span.start_us + segment.offset_us + one.at_us
    return ReadingLine(
        media=into(one.at_us),
        text=one.text,
        means=moment(one.utc_us, zone) if one.utc_us is not None else "no time",
        device=moment(device_us, zone),
        difference=signed(one.utc_us - device_us) if one.utc_us not in (None, device_us) else "none",
    )


def _sheets(segment: PlacedSegment, evidence: InspectionEvidence, zone: ZoneInfo) -> tuple[SheetView, ...]:
    marked = [d for d in evidence.defects if d.kind not in INFORMATION and d.end_us > d.start_us]
    chosen = [
        index
        for index, page in enumerate(evidence.pages)
        if page.damaged
        or page.without_frame
        or any(d.start_us < page.span.end_us and page.span.start_us < d.end_us for d in marked)
    ] or [0]
    shown = set(chosen[:_MOST_PREVIEWS])
    return tuple(_sheet(index, page, segment, zone, is_shown=index in shown) for index, page in enumerate(evidence.pages))


def _sheet(index: int, page: SheetPage, segment: PlacedSegment, zone: ZoneInfo, *, is_shown: bool) -> SheetView:
    start_us = segment.span.start_us
    placed = stretch(Span(start_us + page.span.start_us, start_us + page.span.end_us), zone)
    notes = {"damaged": page.damaged, "without frame": page.without_frame, "not looked at": page.not_looked_at}
    preview = Markup("")
    if is_shown and page.preview:
        preview = Markup("data:image/jpeg;base64,{}").format(base64.b64encode(page.preview).decode("ascii"))
    return SheetView(
        href=f"../sheets/{sheet_name(segment.footage_id, index, page.sha256)}",
        caption=placed,
        note=", ".join(f"{count} {name}" for name, count in notes.items() if count),
        sha256=page.sha256,
        preview=preview,
        alternative=f"Contact sheet of {segment.footage_id}, {placed}: {plural(page.seconds, 'second')}",
    )
