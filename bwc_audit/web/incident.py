"""The page of one incident: timeline, what was found, frames, the video itself, and what people said.

A supervisor sees the officers of their unit only, and how many others are left out; an incident without any of them is to
them as one that does not exist.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

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
from bwc_audit.domain.people import Right
from bwc_audit.domain.results import PlacedSegment
from bwc_audit.domain.runs import Run
from bwc_audit.report import incident_page
from bwc_audit.report.contexts import FindingCard, IncidentPage, RunReportInput
from bwc_audit.report.scenes import scenes_of
from bwc_audit.report.timeline import Scene
from bwc_audit.report.words import plural
from bwc_audit.report.zone_times import clock, length, moment, zone_of
from bwc_audit.web.guard import Asking, NotThere, Pages, Visitor
from bwc_audit.web.lanes import Lanes, lanes_of
from bwc_audit.web.showing import shown
from bwc_audit.web.sight import footage_of, run_of, seen_by
from bwc_audit.web.video import Playable, playable_of

pages = Pages()

_MOST_FRAMES = 24


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
    frames: tuple[FrameView, ...]
    frames_more: str
    sheets: tuple[FrameView, ...]


@dataclass(frozen=True, slots=True)
class CardView:
    """One finding: its card, its public id for the panel, and the second that matters (milliseconds; None: no time)."""

    card: FindingCard
    finding_id: str
    at_ms: int | None


@dataclass(frozen=True, slots=True)
class IncidentView:
    """``incident.html``. ``told``: the report's own page; ``scene``: lanes and players as JSON for the scripts."""

    told: IncidentPage
    left_out: str
    cards: tuple[CardView, ...]
    borderline: tuple[CardView, ...]
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


@pages.page("/incidents/{incident_id}", Right.FINDINGS)
def incident(request: Request, asking: Asking, incident_id: str, run: str = "") -> Any:
    """One incident as a run saw it, by default the latest that did."""
    chosen, others = run_of(asking, incident_id, run)
    found = seen_by(asking.person, incident_input(asking.site.audit, chosen.run_id, incident_id))
    asking.note(Right.FINDINGS, "viewed", "incident", incident_id)
    context = _view(asking, incident_id, chosen, others, *found)
    return shown(request, "incident.html", f"Incident {incident_id}", context, run=chosen)


@pages.page("/incidents/{incident_id}/files", Right.FINDINGS)
def files(request: Request, asking: Asking, incident_id: str, run: str = "") -> Any:
    """The inside of the files, which the page loads after itself; a page of its own without scripts."""
    chosen, _ = run_of(asking, incident_id, run)
    found, _ = seen_by(asking.person, incident_input(asking.site.audit, chosen.run_id, incident_id))
    report = with_inside(asking.site.audit, found)
    asking.note(Right.FINDINGS, "viewed", "incident", incident_id, once=True)
    told = incident_page.incident_page(_scene_of(report, incident_id), report, with_picture=False)
    template = "incident_files_piece.html" if "hx-request" in request.headers else "incident_files.html"
    back = f"/incidents/{quote(incident_id, safe='')}?run={quote(chosen.run_id)}"
    return shown(request, template, f"Files of incident {incident_id}", FilesView(told, back), run=chosen)


@pages.page("/incidents/{incident_id}/footage/{footage_id}/frames/{number}", Right.WATCH)
def frame(asking: Asking, incident_id: str, footage_id: str, number: int, run: str = "") -> Any:
    """One sampled frame."""
    return _picture(asking, incident_id, footage_id, number, run, is_sheet=False)


@pages.page("/incidents/{incident_id}/footage/{footage_id}/sheets/{number}", Right.WATCH)
def sheet(asking: Asking, incident_id: str, footage_id: str, number: int, run: str = "") -> Any:
    """One page of small pictures of a deep look."""
    return _picture(asking, incident_id, footage_id, number, run, is_sheet=True)


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
        left_out=f"{plural(left_out, 'officer')} of other units are not shown." if left_out else "",
        cards=_cards(told.cards, scene),
        borderline=_cards(told.borderline, scene),
        resolved=_cards(told.resolved, scene),
        players=players,
        players_sentence="" if players else told.segments_sentence,
        scene=_scene_json(lanes, players),
        runs=tuple(
            (f"?run={quote(one.run_id)}", f"{moment(one.started_us, zone)}, {one.request.kind}", one.run_id == run.run_id)
            for one in others
        ),
        rerun_href=f"/incidents/{quote(incident_id)}/re-run" if asking.person.may(Right.RERUN) else "",
        files_href=f"/incidents/{quote(incident_id, safe='')}/files?run={quote(run.run_id)}",
        may_watch=may_watch,
    )


def _scene_of(report: RunReportInput, incident_id: str) -> Scene:
    zone = zone_of(report.run.request.timezone)
    scene = next((one for one in scenes_of(report, zone) if one.incident_id == incident_id), None)
    if scene is None:
        raise NotThere
    return scene


def _cards(cards: Sequence[FindingCard], scene: Scene) -> tuple[CardView, ...]:
    by_anchor = {f"f-{one.finding.fingerprint}": one for one in scene.observed}
    views = []
    for card in cards:
        one = by_anchor[card.anchor]
        spans = one.finding.spans or ((one.finding.window.span,) if one.finding.window else ())
        views.append(CardView(card, one.finding_id, min(s.start_us for s in spans) // 1000 if spans else None))
    return tuple(views)


def _player(segment: PlacedSegment, found: IncidentInput, scene: Scene, run: Run, may_watch: bool) -> PlayerView:
    base = f"/incidents/{quote(scene.incident_id)}/footage/{quote(segment.footage_id)}"
    query = f"?run={quote(run.run_id)}"
    playable = (
        playable_of(segment, found.marks.get(segment.object_key or ""))
        if may_watch
        else Playable(False, "Your role does not include footage.")
    )
    stills = found.stills.get(segment.footage_id, ()) if may_watch else ()
    sheets = found.sheets.get(segment.footage_id, ()) if may_watch else ()
    chosen = _spread(list(enumerate(stills)))
    who = f"officer {segment.officer_id}" if segment.officer_id else "nobody"
    return PlayerView(
        footage_id=segment.footage_id,
        label=f"Camera {segment.device_id}, {who}",
        src=f"{base}/video{query}" if playable.is_playable else "",
        why=playable.why,
        start_ms=segment.span.start_us // 1000,
        length_ms=segment.span.length_us // 1000,
        frames=tuple(_frame(f"{base}/frames/{n}{query}", one, segment, scene) for n, one in chosen),
        frames_more=f"{len(chosen)} of {len(stills)} frames shown" if len(chosen) < len(stills) else "",
        sheets=tuple(_frame(f"{base}/sheets/{n}{query}", one, segment, scene) for n, one in enumerate(sheets)),
    )


def _frame(href: str, one: PlacedPicture, segment: PlacedSegment, scene: Scene) -> FrameView:
    at = clock(one.at_us, scene.zone)
    return FrameView(
        href, one.at_us // 1000, f"{at} · {length(one.media_at_us)} in", f"Frame of {segment.footage_id} at {at}"
    )


def _spread(numbered: list[tuple[int, PlacedPicture]]) -> list[tuple[int, PlacedPicture]]:
    if len(numbered) <= _MOST_FRAMES:
        return numbered
    return [numbered[n * (len(numbered) - 1) // (_MOST_FRAMES - 1)] for n in range(_MOST_FRAMES)]


def _scene_json(lanes: Lanes, players: Sequence[PlayerView]) -> Markup:
    document = {
        "lanes": lanes.document(),
        "players": [
            {"id": one.footage_id, "src": one.src, "start": one.start_ms, "length": one.length_ms} for one in players
        ],
    }
    text = json.dumps(document, ensure_ascii=True).replace("<", "\\u003c").replace("&", "\\u0026")
    return Markup(text)  # noqa: S704  # JSON without any character that ends a script block
