"""One decoding child as its parent sees it: started, given tasks, served with bytes, ended.

Knows what a child's death or silence looks like; whether that is held against the file is decided in ``isolated``.
"""

from __future__ import annotations

import contextlib
import json
import os
import pickle
import signal
import socket
import subprocess
import sys
import time

from bwc_audit.domain.inspection import Inspection, InspectionRequest, UnreadableReason
from bwc_audit.domain.policy import InspectionRules
from bwc_audit.errors import ConfigurationError
from bwc_audit.media.broker import ANSWER, FROM_CHILD, GAVE_UP, READY, SETUP, TASK, WANTED, Broker
from bwc_audit.media.child import OUT_OF_MEMORY
from bwc_audit.media.wire import WireError, receive_frame, send_frame, unpacked
from bwc_audit.objects.contract import ObjectStat

#: A child that has not come up by then never will: imports take half a second, ten on a crowded machine.
START_S = 60.0
#: All a child gets of this process's environment, besides the import path: no credentials, no proxies.
_KEPT = ("PATH", "LANG", "LC_ALL", "LC_CTYPE", "LD_LIBRARY_PATH", "SYSTEMROOT", "TMPDIR")
_SETTINGS = {
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "PYTHONDONTWRITEBYTECODE": "1",
    "PYTHONUTF8": "1",
    "MALLOC_ARENA_MAX": "1",
}


class ChildDeathError(Exception):
    """The child died, or said what no child says. ``reason``: what that means for its file."""

    def __init__(self, detail: str, reason: UnreadableReason = UnreadableReason.CRASHED) -> None:
        super().__init__(detail)
        self.reason = reason


class ChildProcess:
    """A process and the socket to it. ``is_spent``: not to be given another file."""

    def __init__(self, rules: InspectionRules, memory_limit_bytes: int) -> None:
        self.is_spent = False
        self._setup = pickle.dumps((list(sys.path), rules, memory_limit_bytes))
        self._connection, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "bwc_audit.media.child", str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                env=_environment(),
                start_new_session=True,
            )

    def start(self, seconds: float) -> tuple[str, ...]:
        """Wait until it is confined; what is in force. Raises ``ConfigurationError`` where it does not come up."""
        deadline_s = time.monotonic() + seconds
        try:
            self._connection.settimeout(seconds)
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # its death is seen, and named, below
                send_frame(self._connection, SETUP, self._setup)
            _, content = self._receive(deadline_s, READY)
        except (ChildDeathError, OSError) as error:
            raise ConfigurationError(
                f"the process that opens footage does not come up ({error}); set more memory for it, or run doctor"
            ) from error
        return tuple(str(each) for each in json.loads(content))

    def examine(self, request: InspectionRequest, stat: ObjectStat, broker: Broker, deadline_s: float) -> Inspection | None:
        """Its answer for one file, None where it gave up since the store failed.

        Raises ``TimeoutError`` past ``deadline_s`` (monotonic seconds) and ``ChildDeathError``; then it is spent.
        """
        self.is_spent = True
        try:
            self._connection.settimeout(max(0.001, deadline_s - time.monotonic()))
            send_frame(self._connection, TASK, pickle.dumps((request, stat)))
            while True:
                kind, content = self._receive(deadline_s, WANTED, ANSWER, GAVE_UP)
                if kind != WANTED:
                    break
                broker.answer(self._connection, content)
            inspection = _inspection(content, request) if kind == ANSWER else None
        except (BrokenPipeError, ConnectionResetError) as error:
            raise self._death() from error
        except WireError as error:
            raise ChildDeathError(f"the child broke the protocol: {error}") from error
        self.is_spent = inspection is not None and inspection.reason in (UnreadableReason.MEMORY, UnreadableReason.CRASHED)
        return inspection

    def end(self) -> None:
        """End the process, now, and wait for it."""
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()
        with contextlib.suppress(OSError):
            self._connection.shutdown(socket.SHUT_RDWR)
        self._connection.close()

    def _receive(self, deadline_s: float, *expected: bytes) -> tuple[bytes, bytearray]:
        left_s = deadline_s - time.monotonic()
        if left_s <= 0:
            raise TimeoutError
        self._connection.settimeout(left_s)
        try:
            return receive_frame(self._connection, {kind: FROM_CHILD[kind] for kind in expected})
        except WireError as error:
            raise ChildDeathError(f"the child broke the protocol: {error}") from error
        except (EOFError, ConnectionResetError) as error:
            raise self._death() from error

    def _death(self) -> ChildDeathError:
        try:
            code = self._process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            return ChildDeathError("the child closed its connection")
        if code == OUT_OF_MEMORY:
            return ChildDeathError("the memory limit was reached", UnreadableReason.MEMORY)
        return ChildDeathError(f"the child died: {signal.Signals(-code).name if code < 0 else f'exit status {code}'}")


def _inspection(content: bytes | bytearray, request: InspectionRequest) -> Inspection:
    inspection = unpacked(Inspection, content)
    if not isinstance(inspection, Inspection) or inspection.object_key != request.object_key:
        raise WireError("an answer about another object")
    return inspection


def _environment() -> dict[str, str]:
    kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
    return {**kept, **_SETTINGS, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
