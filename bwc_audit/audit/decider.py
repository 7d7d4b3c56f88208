"""The child process of ``deciders``: ``python -m bwc_audit.audit.decider DESCRIPTOR``.

Works out one chunk after the other, waits until it is its turn, and records it. Where the program that started it is gone
it ends, and what was not its turn yet is not recorded.
"""

from __future__ import annotations

import sys
from typing import Any

from bwc_audit.audit.allocation import without_cycle_search
from bwc_audit.audit.children import connected
from bwc_audit.audit.deciders import WORKED_OUT
from bwc_audit.audit.recording import record, work_out
from bwc_audit.audit.setup import Audit, store_at
from bwc_audit.domain.chunks import Chunk
from bwc_audit.domain.runs import Run
from bwc_audit.errors import BwcAuditError
from bwc_audit.store.database import open_database


def main(descriptor: int) -> None:
    """Decide the chunks that come through the pipe until it closes."""
    with connected(descriptor) as parent:
        settings, book, mapping, run, basis = parent.recv()
        source = store_at(settings, settings.require_source())
        audit = Audit(settings, open_database(settings.effective_database_url), source, book, mapping)
        try:
            while True:
                _decide(parent, audit, run, parent.recv(), basis)
        except EOFError:
            return


def _decide(parent: Any, audit: Audit, run: Run, chunk: Chunk, basis: str) -> None:
    try:
        with without_cycle_search():
            worked_out = work_out(audit, run, chunk)
            parent.send(WORKED_OUT)
            parent.recv()
            part = record(audit, run, worked_out, basis)
    except BwcAuditError as error:
        parent.send(error)
    else:
        parent.send(part)


if __name__ == "__main__":
    main(int(sys.argv[1]))
