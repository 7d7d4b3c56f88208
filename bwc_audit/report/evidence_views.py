"""What the incident page shows of a deep look: parts of the context of ``incident.html.j2``."""

from __future__ import annotations

from dataclasses import dataclass

from markupsafe import Markup


@dataclass(frozen=True, slots=True)
class DefectLine:
    """One defect: when in the world, where in the file (``length`` empty: a point), how sure. ``is_information``: it is
    no defect, but says how the rest is to be read."""

    kind: str
    is_information: bool
    time: str
    media: str
    length: str
    confidence: str


@dataclass(frozen=True, slots=True)
class ReadingLine:
    """One reading of the burned-in clock beside the device clock of the metadata at the same frame."""

    media: str
    text: str
    means: str
    device: str
    difference: str


@dataclass(frozen=True, slots=True)
class SheetView:
    """One page of small pictures: the linked file, and a ``data:`` address of its preview (empty: link only)."""

    href: str
    caption: str
    note: str
    sha256: str
    preview: Markup
    alternative: str


@dataclass(frozen=True, slots=True)
class FileEvidence:
    """What a deep look says about one file."""

    clock: str
    readings: tuple[ReadingLine, ...]
    defects: tuple[DefectLine, ...]
    defects_sentence: str
    sheets: tuple[SheetView, ...]
    sheets_sentence: str
