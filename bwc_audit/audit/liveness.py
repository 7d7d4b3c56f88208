"""Which running runs still have a program: whoever opens a run holds a lock file for it below the state folder.

The kernel drops the lock however the program ends, ``kill -9`` included. Of a run without a lock file here (opened by
another machine, or with another state folder) nothing is known; it counts as interrupted by its age alone.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterable
from pathlib import Path

from bwc_audit.errors import ConfigurationError

#: Run id to the open lock file of this program.
_HELD: dict[str, int] = {}


def hold_run(state_dir: Path, run_id: str) -> None:
    """Hold a run until ``release_run`` or the end of this program. To be called before the run is stored, so that nobody
    takes it for dead in between. Raises ``ConfigurationError`` where the state folder cannot be written."""
    path = _lock_path(state_dir, run_id)
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        fcntl.flock(descriptor, fcntl.LOCK_EX)
    except OSError as error:
        raise ConfigurationError(f"{path.parent}: cannot be written ({error.strerror}): set BWC_STATE_DIR") from error
    _HELD[run_id] = descriptor


def release_run(state_dir: Path, run_id: str) -> None:
    """Stop holding a run; nothing where this program does not hold it."""
    descriptor = _HELD.pop(run_id, None)
    if descriptor is not None:
        _lock_path(state_dir, run_id).unlink(missing_ok=True)
        os.close(descriptor)


def lock_of(run_id: str) -> int | None:
    """The descriptor by which this program holds the run, to be handed on to its children; None where it does not."""
    return _HELD.get(run_id)


def is_held(state_dir: Path, run_id: str) -> bool:
    """Whether a program of this state folder is working on the run now. Changes nothing."""
    try:
        descriptor = os.open(_lock_path(state_dir, run_id), os.O_RDWR)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return True
    else:
        return False
    finally:
        os.close(descriptor)


def interrupted_runs(state_dir: Path, run_ids: Iterable[str]) -> tuple[str, ...]:
    """Those of the runs that a program of this state folder opened and nobody holds any more."""
    return tuple(run_id for run_id in run_ids if _was_dropped(_lock_path(state_dir, run_id)))


def _was_dropped(path: Path) -> bool:
    try:
        descriptor = os.open(path, os.O_RDWR)
    except OSError:
        return False  # no lock file here: another machine's run
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    else:
        path.unlink(missing_ok=True)
        return True
    finally:
        os.close(descriptor)


def _lock_path(state_dir: Path, run_id: str) -> Path:
    return state_dir / "running" / f"{run_id}.lock"
