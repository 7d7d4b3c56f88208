"""``python -m sample_media [--out DIR] [--processes N]``: builds the sample source."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from sample_media import build


def main() -> int:
    """Builds, and says what was built."""
    parser = argparse.ArgumentParser(prog="python -m sample_media", description="Builds the sample source.")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent, help="folder for source/ and ground_truth.json")
    parser.add_argument("--processes", type=int, default=2, help="how many clips are made at the same time")
    chosen = parser.parse_args()
    done = build(chosen.out, processes=chosen.processes, on_progress=_say)
    sys.stderr.write(
        f"{done.source}: {done.clips} clips, {done.built} built, {done.kept} kept, "
        f"{done.footage_bytes / 1e6:.1f} MB of footage, {done.elapsed_s:.1f} s\n"
    )
    return 0


def _say(number: int, total: int, name: str) -> None:
    sys.stderr.write(f"[{number}/{total}] {name}\n")


if __name__ == "__main__":
    sys.exit(main())
