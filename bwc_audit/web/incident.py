"""The page of one incident: timeline, what was found, frames, the video itself, and what people said.

A supervisor sees the officers of their unit only, and how many others are left out; an incident without any of them is to
them as one that does not exist.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from fastapi import Request
from fastapi.responses import Response
from markupsafe import Markup

from bwc_audit.audit.incident_input import (
    IncidentInput,
    PlacedPicture,
    incident_input,
    kept_picture,
    with_inside,
)
from bwc_audit.domain.findings import Finding
from bwc_audit.domain.people import Right
from bwc_audit.domain.results import PlacedSegment
from bwc_audit.domain.runs import Run
from bwc_audit.domain.times import SECOND_US
from bwc_audit.report import incident_page
from bwc_audit.report.cards import shows, spread
from bwc_audit.report.contexts import FindingCard, IncidentPage, RunReportInput
from bwc_audit.report.scenes import scenes_of
from bwc_audit.report.timeline import Scene
from bwc_audit.report.words import plural
from bwc_audit.report.zone_times import clock, length, moment, zone_of
from bwc_audit.web.addresses import footage_href, incident_href, incident_part_href
from bwc_audit.web.guard import Asking, NotThere, Pages, Visitor
from bwc_audit.web.lanes import Lanes, lanes_of
from bwc_audit.web.showing import shown
from bwc_audit.web.sight import footage_of, run_of, seen_by
from bwc_audit.web.video import Playable, playable_of

pages = Pages()

_MOST_FRAMES, _MOST_FRAMES_OF_CARD, _USUAL_FPS = 24, 8, 25.0


@dataclass(frozen=True, slots=True)
class FrameView:
    """One frame of the strip. ``at_ms``: in the world."""

    href: str
    at_ms: int
    caption: str
    alternative: str


@dataclass(frozen=True, slots=True)
class PlayerView:
    """One recording. ``src`` empty: it cannot be played here, and ``why`` says why. Times in milliseconds of the world."""

    footage_id: str
    label: str
    src: str
    why: str
    start_ms: int
    length_ms: int
    fps: float
    frames: tuple[FrameView, ...]
    frames_more: str
    sheets: tuple[FrameView, ...]


@dataclass(frozen=True, slots=True)
class CardView:
    """One finding: its card, its public id for the panel, the second that matters (milliseconds; None: no time), a video at
    that second for browsers without scripts (empty: there is none), and the frames that show it."""

    card: FindingCard
    finding_id: str
    at_ms: int | None
    href: str
    frames: tuple[FrameView, ...]


@dataclass(frozen=True, slots=True)
class IncidentView:
    """``incident.html``. ``told``: the report's own page; ``scene``: lanes and players as JSON for the scripts."""

    told: IncidentPage
    left_out: str
    cards: tuple[CardView, ...]
    borderline: tuple[CardView, ...]
    replaced: tuple[CardView, ...]
    resolved: tuple[CardView, ...]
    players: tuple[PlayerView, ...]
    players_sentence: str
    scene: Markup
    runs: tuple[tuple[str, str, bool], ...]
    rerun_href: str
    files_href: str
    may_watch: bool


@dataclass(frozen=True, slots=True)
class FilesView:
    """``incident_files.html`` and ``incident_files_piece.html``: what looking into the files brought."""

    told: IncidentPage
    back: str


@pages.page("/incidents/{incident_id:path}/files", Right.FINDINGS)
def files(request: Request, asking: Asking, incident_id: str, run: str = "") -> Any:
    """The inside of the files, which the page loads after itself; a page of its own without scripts."""
    chosen, _ = run_of(asking, incident_id, run)
    found, _ = seen_by(asking.person, incident_input(asking.site.audit, chosen.run_id, incident_id))
    report = with_inside(asking.site.audit, found)
    asking.note(Right.FINDINGS, "viewed", "incident", incident_id, once=True)
    told = incident_page.incident_page(_scene_of(report, incident_id), report, with_picture=False)
    template = "incident_files_piece.html" if "hx-request" in request.headers else "incident_files.html"
    back = incident_href(incident_id, chosen.run_id)
    return shown(request, template, f"Files of incident {incident_id}", FilesView(told, back), run=chosen)


@pages.page("/incidents/{incident_id:path}/footage/{footage_id:path}/frames/{number}", Right.WATCH)
def frame(asking: Asking, incident_id: str, footage_id: str, number: int, run: str = "") -> Any:
    """One sampled frame."""
    return _picture(asking, incident_id, footage_id, number, run, is_sheet=False)


@pages.page("/incidents/{incident_id:path}/footage/{footage_id:path}/sheets/{number}", Right.WATCH)
def sheet(asking: Asking, incident_id: str, footage_id: str, number: int, run: str = "") -> Any:
    """One page of small pictures of a deep look."""
    return _picture(asking, incident_id, footage_id, number, run, is_sheet=True)


@pages.page("/incidents/{incident_id:path}", Right.FINDINGS)
def incident(request: Request, asking: Asking, incident_id: str, run: str = "") -> Any:
    """One incident as a run saw it, by default the latest that did. Its address fits all those above, so it is last."""
    chosen, others = run_of(asking, incident_id, run)
    found = seen_by(asking.person, incident_input(asking.site.audit, chosen.run_id, incident_id))
    asking.note(Right.FINDINGS, "viewed", "incident", incident_id)
    context = _view(asking, incident_id, chosen, others, *found)
    return shown(request, "incident.html", f"Incident {incident_id}", context, run=chosen)


def _picture(asking: Visitor, incident_id: str, footage_id: str, number: int, run: str, *, is_sheet: bool) -> Any:
    found = footage_of(asking, incident_id, footage_id, run)
    jpeg = kept_picture(asking.site.audit, found, number, is_sheet=is_sheet)
    if jpeg is None:
        raise NotThere
    asking.note(Right.WATCH, "watched", "footage", footage_id, once=True)
    return Response(jpeg, media_type="image/jpeg", headers={"cache-control": "private, max-age=3600"})


def _view(
    asking: Visitor, incident_id: str, run: Run, others: Sequence[Run], found: IncidentInput, left_out: int
) -> IncidentView:
    report, zone = found.report, zone_of(run.request.timezone)
    scene = _scene_of(report, incident_id)
    told = incident_page.incident_page(scene, report)
    may_watch = asking.person.may(Right.WATCH)
    players = tuple(_player(one, found, scene, run, may_watch) for one in scene.segments)
    lanes = lanes_of(scene, found.device_events)
    return IncidentView(
        told=told,
        left_out=f"Not shown: {plural(left_out, 'officer')} of other units." if left_out else "",
        cards=_cards(told.cards, scene, found, may_watch),
        borderline=_cards(told.borderline, scene, found, may_watch),
        replaced=_cards(told.replaced, scene, found, may_watch),
        resolved=_cards(told.resolved, scene, found, may_watch),
        players=players,
        players_sentence="" if players else told.segments_sentence,
        scene=_scene_json(lanes, players),
        runs=tuple(
            (incident_href(incident_id, one.run_id), _run_words(one, zone), one.run_id == run.run_id) for one in others
        ),
        rerun_href=incident_part_href(incident_id, "re-run") if asking.person.may(Right.RERUN) else "",
        files_href=incident_part_href(incident_id, "files", run.run_id),
        may_watch=may_watch,
    )


def _run_words(one: Run, zone: ZoneInfo) -> str:
    return f"{moment(one.started_us, zone)}, {one.request.kind}"


def _scene_of(report: RunReportInput, incident_id: str) -> Scene:
    zone = zone_of(report.run.request.timezone)
    scene = next((one for one in scenes_of(report, zone) if one.incident_id == incident_id), None)
    if scene is None:
        raise NotThere
    return scene


def _cards(cards: Sequence[FindingCard], scene: Scene, found: IncidentInput, may_watch: bool) -> tuple[CardView, ...]:
    by_anchor = {f"f-{one.finding.fingerprint}": one for one in scene.observed}
    views = []
    for card in cards:
        one = by_anchor[card.anchor]
        at_us = second_that_matters(one.finding, scene.segments)
        frames = _frames_of(one.finding, scene, found) if may_watch else ()
        href = _video_at(one.finding, scene, found, at_us) if may_watch and at_us is not None else ""
        views.append(CardView(card, one.finding_id, None if at_us is None else at_us // 1000, href, frames))
    return tuple(views)


def second_that_matters(finding: Finding, segments: Sequence[PlacedSegment]) -> int | None:
    """When what was found begins: its first stretch, else the first of its files, else the window; None: it has no time."""
    if finding.spans:
        return min(span.start_us for span in finding.spans)
    starts = [one.span.start_us for one in segments if one.footage_id in finding.footage_ids]
    return min(starts) if starts else finding.window.span.start_us if finding.window is not None else None


def _frames_of(finding: Finding, scene: Scene, found: IncidentInput) -> tuple[FrameView, ...]:
    """The frames that lie inside what was found."""
    run_id = found.report.run.run_id
    views = [
        _frame(_footage_href(segment, f"frames/{number}", run_id), still, segment, scene)
        for segment in scene.segments
        if segment.footage_id in finding.footage_ids
        for number, still in enumerate(found.stills.get(segment.footage_id, ()))
        if shows(still.at_us, finding)
    ]
    return tuple(spread(views, _MOST_FRAMES_OF_CARD))


def _video_at(finding: Finding, scene: Scene, found: IncidentInput, at_us: int) -> str:
    """The recording of the finding, else of its officer, that is nearest to a second."""
    can = [one for one in scene.segments if playable_of(one, found.marks.get(one.object_key or "")).is_playable]
    own = [one for one in can if one.footage_id in finding.footage_ids]
    own = own or [one for one in can if finding.officer_id in (None, one.officer_id)]
    if not own:
        return ""
    nearest = min(own, key=lambda one: max(one.span.start_us - at_us, at_us - one.span.end_us, 0))
    into_s = min(max(0, at_us - nearest.span.start_us), nearest.span.length_us) / SECOND_US
    return f"{_footage_href(nearest, 'video', found.report.run.run_id)}#t={into_s:.2f}"


def _footage_href(segment: PlacedSegment, part: str, run_id: str) -> str:
    return footage_href(segment.incident_id, segment.footage_id, part, run_id)


def _player(segment: PlacedSegment, found: IncidentInput, scene: Scene, run: Run, may_watch: bool) -> PlayerView:
    mark = found.marks.get(segment.object_key or "")
    playable = playable_of(segment, mark) if may_watch else Playable(False, "Your role does not include footage.")
    stills = found.stills.get(segment.footage_id, ()) if may_watch else ()
    sheets = found.sheets.get(segment.footage_id, ()) if may_watch else ()
    chosen = spread(list(enumerate(stills)), _MOST_FRAMES)
    who = f"officer {segment.officer_id}" if segment.officer_id else "nobody"
    return PlayerView(
        footage_id=segment.footage_id,
        label=f"Camera {segment.device_id}, {who}",
        src=_footage_href(segment, "video", run.run_id) if playable.is_playable else "",
        why=playable.why,
        start_ms=segment.span.start_us // 1000,
        length_ms=segment.span.length_us // 1000,
        fps=(mark.fps if mark is not None else None) or _USUAL_FPS,
        frames=tuple(_frame(_footage_href(segment, f"frames/{n}", run.run_id), one, segment, scene) for n, one in chosen),
        frames_more=f"{len(chosen)} of {len(stills)} frames shown" if len(chosen) < len(stills) else "",
        sheets=tuple(
            _frame(_footage_href(segment, f"sheets/{n}", run.run_id), one, segment, scene) for n, one in enumerate(sheets)
        ),
    )


def _frame(href: str, one: PlacedPicture, segment: PlacedSegment, scene: Scene) -> FrameView:
    at = clock(one.at_us, scene.zone)
    return FrameView(
        href, one.at_us // 1000, f"{at} · {length(one.media_at_us)} in", f"Frame of {segment.footage_id} at {at}"
    )


def _scene_json(lanes: Lanes, players: Sequence[PlayerView]) -> Markup:
    document = {
        "lanes": lanes.document(),
        "players": [
            {"id": one.footage_id, "src": one.src, "start": one.start_ms, "length": one.length_ms, "fps": one.fps}
            for one in players
        ],
    }
    text = json.dumps(document, ensure_ascii=True).replace("<", "\\u003c").replace("&", "\\u0026")
    return Markup(text)  # noqa: S704  # JSON without any character that ends a script block
