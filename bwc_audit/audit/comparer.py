"""The child process of ``compare``, one chunk after the other: ``python -m bwc_audit.audit.comparer DESCRIPTOR``."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

from bwc_audit.audit.children import serve
from bwc_audit.audit.compare import compare_chunk
from bwc_audit.audit.setup import opened_again
from bwc_audit.domain.chunks import Chunk


def _comparing(given: Any, _parent: Any) -> Callable[[Chunk], Any]:
    settings, mapping, books, request = given
    audit = opened_again(settings, books[0], mapping)
    return lambda chunk: compare_chunk(audit, books, request, chunk)


if __name__ == "__main__":
    serve(int(sys.argv[1]), _comparing)
