"""The sample source: one day of a small fictional force, with real video and the truth about it.

``build`` makes the tree of a source; the text files in it and ``ground_truth.json`` are kept under version control, the
footage is made on the spot.
"""

from __future__ import annotations

from pathlib import Path

from sample_media.building import BuildSummary, build

SOURCE_DIR = Path(__file__).parent / "source"
GROUND_TRUTH = Path(__file__).parent / "ground_truth.json"

__all__ = ["GROUND_TRUTH", "SOURCE_DIR", "BuildSummary", "build"]
