"""Child processes that work for this program: each a module of its own, started with one end of a pipe.

Python runs one thread of its own at a time, so a second core needs a second process. What a child raises is raised here.
"""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable, Generator, Sequence
from contextlib import suppress
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from typing import Any

from bwc_audit.errors import BwcAuditError, StoreError

#: A child ends after so many answers and another takes its place: Python and its libraries hand back less memory than they
#: took, so that one which works through ten years would come to need half as much again as one that works through a year.
ANSWERS_OF_A_CHILD = 3


class Child:
    """A process that works, and the pipe to it. ``program``: the module that it runs; ``given``: what it is told first;
    ``locks``: descriptors that it holds as long as it lives."""

    def __init__(self, program: str, given: Any, locks: tuple[int, ...] = ()) -> None:
        self._connection, theirs = Pipe()
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-m", program, str(theirs.fileno())],
                pass_fds=[theirs.fileno(), *locks],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                start_new_session=True,
            )
        self.send(given)

    def send(self, what: Any) -> None:
        """Hand it something. Raises ``StoreError`` where it is dead."""
        try:
            self._connection.send(what)
        except OSError as error:
            raise self._death() from error

    def receive(self) -> Any:
        """What it says next. Raises what it raised, or ``StoreError`` where it is dead."""
        try:
            said = self._connection.recv()
        except (EOFError, OSError) as error:
            raise self._death() from error
        if isinstance(said, BaseException):
            raise said
        return said

    def end(self) -> None:
        """End the process and wait for it: it is idle, or nobody wants what it works out."""
        self._connection.close()
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()

    def _death(self) -> StoreError:
        code = self._process.wait()
        how = signal.Signals(-code).name if code < 0 else f"exit status {code}"
        return StoreError(f"a process that decides chunks of days ended ({how}): start again; a run goes on from there")


def answers_in_turn(
    start: Callable[[], Child], asked: Sequence[Any], count: int, take: Callable[[Child], Any] = Child.receive
) -> Generator[Any, None, None]:
    """What ``count`` children say to each of what is asked, in its order, while the others work on what comes next.

    ``start``: one of them; ``take``: how its answer is had. Raises what a child raised, or ``StoreError`` where one died.
    None works longer than for ``ANSWERS_OF_A_CHILD``; they end with the iteration, however that ends.
    """
    children: list[Child] = []
    try:
        for one in asked[:count]:
            children.append(start())
            children[-1].send(one)
        for place in range(len(asked)):
            child = children[place % count]
            said = take(child)
            if place + count < len(asked):
                if (place // count + 1) % ANSWERS_OF_A_CHILD == 0:
                    child.end()
                    child = children[place % count] = start()
                child.send(asked[place + count])
            yield said
    finally:
        for child in children:
            child.end()


def serve(descriptor: int, opened: Callable[[Any, Connection[Any, Any]], Callable[[Any], Any]]) -> None:
    """The child's side: answer whatever comes through the pipe until it closes, as it does where the program is gone.

    ``opened``: from what the child is told first, and the pipe, how it answers; faults of the audit are handed back.
    """
    with Connection(descriptor) as parent, suppress(EOFError, BrokenPipeError, ConnectionResetError):
        answer = opened(parent.recv(), parent)
        while True:
            asked = parent.recv()
            try:
                said = answer(asked)
            except BwcAuditError as error:
                said = error
            parent.send(said)
