"""The process in which one hostile file after another is opened: imports first, then all rights given up, then a loop.

Started by ``isolated`` as ``python -m bwc_audit.media.child FD``; asks its parent for bytes over one socket and sends
its answer over the same. It never holds a store or credentials. A fault inside the code that inspects is reported as
``crashed`` with its text; a death by signal is seen by the parent.
"""

from __future__ import annotations

import errno
import json
import os
import pickle
import socket
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bwc_audit.domain.inspection import Inspection, InspectionRequest
    from bwc_audit.domain.policy import InspectionRules
    from bwc_audit.objects.contract import ObjectStat, ObjectStore

#: Where the socket is moved, so that no descriptor above it is needed; below it lie three on ``/dev/null``.
_SOCKET = 3
_OPENCV_NO_MEMORY = -4
#: Exit status of a child that had no memory left even to say so.
OUT_OF_MEMORY = 75


def main(descriptor: int) -> None:
    """Serve until the parent closes the connection.

    Receives the import path, the rules and the memory limit; says what is in force; then receives tasks, each answered by
    an ``Inspection`` or by having given up since the store failed. The parent is trusted, so its messages are pickles.
    """
    from bwc_audit.media.broker import ANSWER, GAVE_UP, READY, BrokeredStore, receive_from_parent
    from bwc_audit.media.wire import packed, send_frame

    connection = _only_descriptor(descriptor)
    try:
        _, setup = receive_from_parent(connection)
        path, rules, memory_limit_bytes = pickle.loads(setup)  # noqa: S301  # from the parent
        sys.path[:] = path
        _import_all()
        from bwc_audit.media.confinement import confine

        in_force = confine(memory_limit_bytes, _SOCKET + 1)
        send_frame(connection, READY, json.dumps(in_force).encode())
        while True:
            _, task = receive_from_parent(connection)
            request, stat = pickle.loads(task)  # noqa: S301  # from the parent
            inspection = answer(BrokeredStore(connection, stat), request, stat, rules)
            if inspection is None:
                send_frame(connection, GAVE_UP, b"")
            else:
                send_frame(connection, ANSWER, packed(inspection))
    except (EOFError, BrokenPipeError, ConnectionResetError):
        return
    except MemoryError:  # while taking a task or packing its answer
        sys.exit(OUT_OF_MEMORY)


def answer(store: ObjectStore, request: InspectionRequest, stat: ObjectStat, rules: InspectionRules) -> Inspection | None:
    """Look into one object; whatever goes wrong on the way is an outcome, None for a fault of the store."""
    from bwc_audit.domain.inspection import Inspection, InspectionStatus, UnreadableReason
    from bwc_audit.errors import ObjectStoreError
    from bwc_audit.media.inspect import inspect_object

    try:
        return inspect_object(store, request, rules, stat=stat)
    except ObjectStoreError:
        return None
    except (EOFError, BrokenPipeError, ConnectionResetError):
        raise  # the parent is gone
    except Exception as error:  # noqa: BLE001  # the outermost edge of this process: recorded as crashed, never lost
        if _is_of_memory(error):
            reason, detail = UnreadableReason.MEMORY, "the memory limit was reached"
        else:
            reason, detail = UnreadableReason.CRASHED, f"{type(error).__name__}: {error}"
    return Inspection(request.object_key, InspectionStatus.UNREADABLE, reason, detail[:1000])


def _is_of_memory(error: Exception) -> bool:
    """Python, FFmpeg and OpenCV each say it in their own way."""
    import cv2

    if isinstance(error, cv2.error):
        return error.code == _OPENCV_NO_MEMORY
    return isinstance(error, MemoryError) or (isinstance(error, OSError) and error.errno == errno.ENOMEM)


def _only_descriptor(descriptor: int) -> socket.socket:
    """The socket as the only open descriptor besides three on ``/dev/null``; faults of starting still reach stderr."""
    null = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1):
        os.dup2(null, standard)
    connection = socket.socket(fileno=descriptor)
    if descriptor != _SOCKET:
        os.dup2(descriptor, _SOCKET, inheritable=False)
        connection.close()
        connection = socket.socket(fileno=_SOCKET)
    os.closerange(_SOCKET + 1, 1024)
    return connection


def _import_all() -> None:
    """Load all that an inspection needs: no file can be opened afterwards."""
    import av
    import av.subtitles.stream  # PyAV would load it at the first file
    import cv2
    import numpy as np
    import numpy.ma  # numpy would load it for the first median

    from bwc_audit.detectors.overlay_glyphs import shipped_bank
    from bwc_audit.media.inspect import inspect_object  # noqa: F401

    shipped_bank()  # the one file of the program that an inspection reads; kept from here on
    # OpenBLAS takes its buffer at the first product this large; inside the limit it would end the process where it cannot.
    np.ones((256, 256), np.float32) @ np.ones((256, 256), np.float32)
    cv2.setNumThreads(1)
    av.logging.set_level(av.logging.PANIC)
    os.dup2(0, 2)


if __name__ == "__main__":
    main(int(sys.argv[1]))
