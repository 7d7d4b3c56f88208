"""Whether this installation can audit: each thing a night needs is tried, and what is wrong comes with its mend."""

from __future__ import annotations

import errno
import importlib
import importlib.metadata
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice

import av
import imageio_ffmpeg

from bwc_audit.audit.setup import store_at
from bwc_audit.config import Settings
from bwc_audit.errors import BwcAuditError, ConfigurationError
from bwc_audit.media.isolated import confinement_in_force
from bwc_audit.sources.mapping import load_mapping
from bwc_audit.sources.policy_files import load_book
from bwc_audit.store.database import open_database, require_current

#: Decoders that body-worn cameras need; PyAV's wheels carry them all.
_DECODERS = ("h264", "hevc", "mpeg4", "mjpeg", "vp9", "aac", "pcm_s16le", "opus")

_PACKAGES = ("prefect", "opencv-python", "av", "numpy", "boto3", "sqlmodel")


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """One thing that was tried. ``mend`` is empty where nothing is wrong, or ``found`` says it already."""

    what: str
    is_well: bool
    found: str
    mend: str = ""


def diagnose(settings: Settings) -> tuple[Diagnosis, ...]:
    """Try everything a night needs; never raises for what it finds."""
    tries: tuple[tuple[str, Callable[[], str]], ...] = (
        ("policy", lambda: _policy(settings)),
        ("mapping", lambda: load_mapping(settings.mapping).name),
        ("state folder", lambda: _state_folder(settings)),
        ("database", lambda: _database(settings)),
        ("source: list", lambda: _listed(settings)),
        ("source: read", lambda: _readable(settings)),
    )
    return (*(_tried(what, attempt) for what, attempt in tries), _confinement(settings), *_programs())


def _tried(what: str, attempt: Callable[[], str]) -> Diagnosis:
    try:
        return Diagnosis(what, True, attempt())
    except BwcAuditError as error:  # its text says what, where, and the mend
        return Diagnosis(what, False, str(error))
    except OSError as error:
        found = f"{error.filename}: {error.strerror}"
        return Diagnosis(what, False, found, "give this account the permission, or set BWC_STATE_DIR")


def _policy(settings: Settings) -> str:
    book = load_book(settings.policy, settings.timezone)
    return f"{book.book_id} {book.version} ({book.policy_hash[:12]})"


def _state_folder(settings: Settings) -> str:
    settings.state_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    if not os.access(settings.state_dir, os.W_OK | os.X_OK):
        raise PermissionError(errno.EACCES, "cannot be written", str(settings.state_dir))
    return str(settings.state_dir.absolute())


def _database(settings: Settings) -> str:
    engine = open_database(settings.effective_database_url)
    require_current(engine)
    return engine.url.render_as_string(hide_password=True)


def _listed(settings: Settings) -> str:
    store = store_at(settings, settings.require_source())
    if not list(islice(store.list_objects(), 1)):
        raise ConfigurationError(
            f"{store.uri} can be reached and holds nothing: check bucket and prefix in the source setting"
        )
    return f"{store.uri}: objects found"


def _readable(settings: Settings) -> str:
    store = store_at(settings, settings.require_source())
    for stat in islice(store.list_objects(), 1):
        return f"{len(store.read_range(stat.key, 0, 1024))} bytes of the first object"
    return "nothing to read"


def _confinement(settings: Settings) -> Diagnosis:
    """What holds the process that decodes footage; a child is started for it and ended."""
    what = "decoding child"
    try:
        found = "; ".join(confinement_in_force(settings.inspect_memory_mb << 20))
    except BwcAuditError as error:
        return Diagnosis(what, False, str(error))
    is_filtered = "system call filter" in found
    mend = "" if is_filtered else "use a kernel and a container profile that allow seccomp, or a host without network"
    return Diagnosis(what, is_filtered, found, mend)


def _programs() -> Iterator[Diagnosis]:
    missing = [name for name in _DECODERS if name not in av.codecs_available]
    found = f"PyAV {av.__version__}: " + (f"without {', '.join(missing)}" if missing else f"{len(_DECODERS)} decoders")
    yield Diagnosis("decoders", not missing, found, "install the av wheel of requirements.lock" if missing else "")
    yield Diagnosis("ffmpeg (sample media only)", True, imageio_ffmpeg.get_ffmpeg_version())
    for name in _PACKAGES:
        yield _package(name)


def _package(name: str) -> Diagnosis:
    """Installed, and (for OpenCV, which wants libraries of the system) really to be loaded."""
    try:
        found = importlib.metadata.version(name)
        if name == "opencv-python":
            importlib.import_module("cv2")
    except importlib.metadata.PackageNotFoundError:
        return Diagnosis(name, False, "not installed", "install requirements.lock, or run `make setup`")
    except ImportError as error:
        return Diagnosis(name, False, f"{found} does not load: {error}", "run `make setup`, which installs system libraries")
    return Diagnosis(name, True, found)
