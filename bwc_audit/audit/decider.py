"""The child process of ``deciders``: ``python -m bwc_audit.audit.decider DESCRIPTOR``.

Works out one chunk after the other, waits until it is its turn, and records it. Where the program that started it is gone
it ends, and what was not its turn yet is not recorded.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

from bwc_audit.audit.allocation import without_cycle_search
from bwc_audit.audit.children import serve
from bwc_audit.audit.deciders import WORKED_OUT
from bwc_audit.audit.recording import record, work_out
from bwc_audit.audit.setup import opened_again
from bwc_audit.domain.chunks import Chunk
from bwc_audit.domain.rate_columns import RatePart


def _deciding(given: Any, parent: Any) -> Callable[[Chunk], RatePart]:
    settings, book, mapping, run, basis = given
    audit = opened_again(settings, book, mapping)

    @without_cycle_search()
    def decide(chunk: Chunk) -> RatePart:
        worked_out = work_out(audit, run, chunk)
        parent.send(WORKED_OUT)
        parent.recv()  # it is this chunk's turn
        return record(audit, run, worked_out, basis)

    return decide


if __name__ == "__main__":
    serve(int(sys.argv[1]), _deciding)
