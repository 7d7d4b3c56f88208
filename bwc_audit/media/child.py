"""The process in which one hostile file after another is opened: limits first, then the codecs, then a loop.

Started by ``isolated`` as ``python -m bwc_audit.media.child FD``; talks over one socket with its parent. It imports no
more than inspection needs. A fault inside the code that inspects is reported as ``crashed`` with its text; a death by
signal is seen by the parent.
"""

from __future__ import annotations

import pickle
import resource
import sys
from multiprocessing.connection import Connection

#: What a child says when its imports are done, so that the time of its first file counts from there.
READY = "ready"


def main(descriptor: int) -> None:
    """Serve until the parent closes the connection.

    Receives the import path, then ``(store, rules, memory limit)``; says ``READY``; then receives requests, each
    answered by an ``Inspection`` or an ``ObjectStoreError``.
    """
    connection = Connection(descriptor)
    try:
        sys.path[:] = connection.recv()
        import av.subtitles.stream  # noqa: F401  # PyAV would load it at the first file, inside the limits
        import cv2

        cv2.setNumThreads(1)
        from bwc_audit.media.inspect import inspect_object  # noqa: F401  # loaded before the limits, not within them

        store, rules, memory_limit_bytes = connection.recv()
        limit_resources(memory_limit_bytes)
        connection.send(READY)
        while True:
            request = connection.recv()
            connection.send(_answer(store, request, rules))
    except (EOFError, BrokenPipeError, ConnectionResetError):
        return


def limit_resources(memory_limit_bytes: int) -> None:
    """Bound private writable memory (RLIMIT_DATA: unlike RLIMIT_AS it leaves reserved address space out), forbid files
    and core dumps."""
    resource.setrlimit(resource.RLIMIT_DATA, (memory_limit_bytes, memory_limit_bytes))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _answer(store: object, request: object, rules: object) -> object:
    from bwc_audit.domain.inspection import Inspection, InspectionStatus, UnreadableReason
    from bwc_audit.errors import ObjectStoreError
    from bwc_audit.media.inspect import inspect_object

    try:
        answer: object = inspect_object(store, request, rules)  # type: ignore[arg-type]  # what the parent pickled
        pickle.dumps(answer)
        return answer
    except ObjectStoreError as error:
        return type(error)(str(error))
    except MemoryError:
        reason, detail = UnreadableReason.MEMORY, "the memory limit was reached"
    except Exception as error:  # noqa: BLE001  # the outermost edge of this process: recorded as crashed, never lost
        reason, detail = UnreadableReason.CRASHED, f"{type(error).__name__}: {error}"
    key: str = request.object_key  # type: ignore[attr-defined]  # an InspectionRequest, as the parent pickled it
    return Inspection(key, InspectionStatus.UNREADABLE, reason, detail)


if __name__ == "__main__":
    main(int(sys.argv[1]))
