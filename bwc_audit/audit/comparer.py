"""The child process of ``compare``: ``python -m bwc_audit.audit.comparer DESCRIPTOR``.

Compares one chunk after the other.
"""

from __future__ import annotations

import sys
from typing import Any

from bwc_audit.audit.children import connected
from bwc_audit.audit.compare import compare_chunk
from bwc_audit.audit.setup import Audit, store_at
from bwc_audit.domain.chunks import Chunk
from bwc_audit.domain.policy_book import PolicyBook
from bwc_audit.domain.runs import RunRequest
from bwc_audit.errors import BwcAuditError
from bwc_audit.store.database import open_database


def main(descriptor: int) -> None:
    """Compare the chunks that come through the pipe until it closes."""
    with connected(descriptor) as parent:
        settings, mapping, books, request = parent.recv()
        source = store_at(settings, settings.require_source())
        audit = Audit(settings, open_database(settings.effective_database_url), source, books[0], mapping)
        try:
            while True:
                _compare(parent, audit, books, request, parent.recv())
        except EOFError:
            return


def _compare(parent: Any, audit: Audit, books: tuple[PolicyBook, PolicyBook], request: RunRequest, chunk: Chunk) -> None:
    try:
        part = compare_chunk(audit, books, request, chunk)
    except BwcAuditError as error:
        parent.send(error)
    else:
        parent.send(part)


if __name__ == "__main__":
    main(int(sys.argv[1]))
