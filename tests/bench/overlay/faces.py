"""The fonts that the glyph bank is made of, and those that only the benchmark knows. All are free; see ``LICENCES``."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import cv2

_ROOT = Path("/usr/share/fonts")
LICENCES = {
    "fonts-dejavu-core": "Bitstream Vera licence",
    "fonts-liberation": "OFL-1.1",
    "fonts-hack": "MIT and Bitstream Vera licence",
    "fonts-jetbrains-mono": "OFL-1.1",
    "fonts-firacode": "OFL-1.1",
    "fonts-open-sans": "Apache-2.0",
    "fonts-noto-core": "OFL-1.1",
    "fonts-noto-mono": "OFL-1.1",
    "fonts-mplus": "M+ licence",
    "fonts-b612": "OFL-1.1",
    "fonts-fantasque-sans": "OFL-1.1",
    "fonts-agave": "MIT",
    "fonts-spleen": "BSD-2-Clause",
    "fonts-ocr-a": "permissive",
    "fonts-ocr-b": "CC-BY-4.0",
    "fonts-courier-prime": "OFL-1.1",
    "fonts-anonymous-pro": "OFL-1.1",
    "fonts-roboto-unhinted": "Apache-2.0",
    "fonts-inconsolata": "OFL-1.1",
    "fonts-lato": "OFL-1.1",
    "fonts-oxygen": "OFL-1.1",
    "fonts-play": "OFL-1.1",
    "fonts-mononoki": "OFL-1.1",
    "fonts-cantarell": "OFL-1.1",
    "fonts-crosextra-carlito": "OFL-1.1",
    "fonts-go": "BSD-3-Clause",
}


@dataclass(frozen=True, slots=True)
class Face:
    """A font file, or one of the fonts inside OpenCV (``hershey`` set; version 5 draws them with outlines)."""

    name: str
    path: str = ""
    hershey: int | None = None


BANK_FILES = (
    "truetype/dejavu/DejaVuSansMono.ttf",
    "truetype/dejavu/DejaVuSansMono-Bold.ttf",
    "truetype/dejavu/DejaVuSans.ttf",
    "truetype/dejavu/DejaVuSans-Bold.ttf",
    "truetype/dejavu/DejaVuSansCondensed-Bold.ttf",
    "truetype/liberation/LiberationMono-Regular.ttf",
    "truetype/liberation/LiberationMono-Bold.ttf",
    "truetype/liberation/LiberationSans-Regular.ttf",
    "truetype/liberation/LiberationSans-Bold.ttf",
    "truetype/liberation/LiberationSansNarrow-Bold.ttf",
    "truetype/hack/Hack-Regular.ttf",
    "truetype/hack/Hack-Bold.ttf",
    "truetype/jetbrains-mono/JetBrainsMono-Regular.ttf",
    "truetype/jetbrains-mono/JetBrainsMono-Bold.ttf",
    "truetype/firacode/FiraCode-Regular.ttf",
    "truetype/firacode/FiraCode-Bold.ttf",
    "truetype/open-sans/OpenSans-Regular.ttf",
    "truetype/open-sans/OpenSans-Bold.ttf",
    "truetype/open-sans/OpenSans-CondBold.ttf",
    "truetype/noto/NotoSans-Regular.ttf",
    "truetype/noto/NotoSans-Bold.ttf",
    "opentype/mplus/Mplus1Code-Medium.otf",
    "opentype/mplus/Mplus1-Bold.otf",
    "opentype/mplus/MplusCode50-Medium.otf",
    "opentype/b612/B612Mono-Regular.otf",
    "opentype/b612/B612-Bold.otf",
    "truetype/fantasque-sans/Normal/TTF/FantasqueSansMono-Bold.ttf",
    "truetype/agave/agave-r-autohinted.ttf",
    "opentype/spleen/spleen-8x16.otf",
    "opentype/spleen/spleen-12x24.otf",
    "truetype/ocr-a/OCRA.ttf",
    "opentype/courier-prime/Courier Prime Bold.otf",
    "opentype/courier-prime/Courier Prime Code.otf",
    "truetype/anonymous-pro/Anonymous Pro B.ttf",
)
HELD_OUT_FILES = (
    "truetype/roboto/unhinted/RobotoTTF/Roboto-Regular.ttf",
    "truetype/roboto/unhinted/RobotoTTF/Roboto-Bold.ttf",
    "truetype/inconsolata/Inconsolata.otf",
    "truetype/lato/Lato-Regular.ttf",
    "truetype/lato/Lato-Bold.ttf",
    "truetype/oxygen/OxygenMono-Regular.ttf",
    "truetype/oxygen/Oxygen-Sans-Bold.ttf",
    "opentype/play/Play-Regular.otf",
    "truetype/mononoki/mononoki-Regular.ttf",
    "truetype/mononoki/mononoki-Bold.ttf",
    "opentype/cantarell/Cantarell-Bold.otf",
    "truetype/crosextra/Carlito-Bold.ttf",
    "fonts-go/Go-Mono.ttf",
    "fonts-go/Go-Mono-Bold.ttf",
    "opentype/ocr-b/OCRB.otf",
    "truetype/noto/NotoMono-Regular.ttf",
)
_STROKES = {
    "hershey-simplex": cv2.FONT_HERSHEY_SIMPLEX,
    "hershey-plain": cv2.FONT_HERSHEY_PLAIN,
}


def bank_faces() -> list[Face]:
    """The fonts the bank is made of; ``FileNotFoundError`` names the Debian packages that are wanted."""
    return _faces(BANK_FILES) + [Face(name, hershey=number) for name, number in _STROKES.items()]


def held_out_faces() -> list[Face]:
    """Fonts that no glyph of the bank comes from."""
    return _faces(HELD_OUT_FILES)


@lru_cache(maxsize=128)
def loaded(path: str) -> cv2.FontFace:
    return cv2.FontFace(path)


def _faces(files: tuple[str, ...]) -> list[Face]:
    missing = [name for name in files if not (_ROOT / name).is_file()]
    if missing:
        raise FileNotFoundError(f"fonts missing: {', '.join(missing)}; install {' '.join(LICENCES)}")
    return [Face(Path(name).stem, str(_ROOT / name)) for name in files]
