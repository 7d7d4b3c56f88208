"""Each clip is made once a session, in a folder of its own, and looked at through the folder store."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bwc_audit.domain.inspection import Defect, DefectKind, Inspection, InspectionRequest
from bwc_audit.domain.policy import InspectionRules, SamplingRules, UsabilityRules
from bwc_audit.media.inspect import inspect_object
from bwc_audit.objects.folder import FolderStore

from .clips import street, tone, write_clip

RULES = InspectionRules(SamplingRules(clause="usable"), UsabilityRules(clause="usable"))


def look(path: Path, **request: Any) -> Inspection:
    """Inspect one file with the default rules."""
    return inspect_object(FolderStore(path.parent), InspectionRequest(path.name, **request), RULES)


def defects(inspection: Inspection, kind: DefectKind) -> list[Defect]:
    return [defect for defect in inspection.defects if defect.kind is kind]


@pytest.fixture(scope="session")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """``clips(name, make)``: the path of the clip, made by ``make(path)`` when it is first asked for."""
    folder = tmp_path_factory.mktemp("clips")

    def clip(name: str, make: Callable[[Path], object]) -> Path:
        path = folder / name
        if not path.exists():
            make(path)
        return path

    return clip


@pytest.fixture(scope="session")
def good(clips: Callable[..., Path]) -> Path:
    """12 s of street with sound, ``moov`` at the end."""
    return clips("good.mp4", lambda path: write_clip(path, street(12), tone(12)))
