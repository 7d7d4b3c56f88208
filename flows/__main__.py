"""``python -m flows NAME ARGUMENT=VALUE …``: runs one flow here and now, without a Prefect server.

Prints the id of each run, a line each, to standard output. Exit code 0: decided; 2: a setting or argument is
wrong; 3: the audit could not be done.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable

from bwc_audit.config import load_settings
from bwc_audit.errors import BwcAuditError, ConfigurationError

_NAMES = ("nightly", "backfill", "incident")


def _stay_local() -> None:
    """Without a server of its own the flow keeps everything below the state folder and talks to no network.

    Prefect keeps quiet: what goes wrong is said by the steps themselves, and its tracebacks bury that.
    """
    home = (load_settings().state_dir / "prefect").absolute()
    home.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    for name, value in {
        "PREFECT_HOME": str(home),
        "PREFECT_LOCAL_STORAGE_PATH": str(home / "storage"),
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "DO_NOT_TRACK": "1",
        "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "120",
        "PREFECT_LOGGING_LEVEL": "CRITICAL",
        "PREFECT_SERVER_LOGGING_LEVEL": "CRITICAL",
        "PREFECT_CLI_COLORS": "false",
    }.items():
        os.environ.setdefault(name, value)


def _flow_named(name: str) -> Callable[..., str | list[str]]:
    # Imported late: Prefect reads its settings when it is imported.
    from flows.incident import incident
    from flows.nightly import backfill, nightly

    flows: dict[str, Callable[..., str | list[str]]] = {"nightly": nightly, "backfill": backfill, "incident": incident}
    return flows[name]


def _told_fault(error: BwcAuditError) -> BwcAuditError | None:
    """The fault behind a ``PrivateError``, which was said when it happened; None for any other."""
    from flows.steps import PrivateError  # imports Prefect, as above

    return error.fault if isinstance(error, PrivateError) else None


def main(arguments: list[str]) -> int:
    """Run the named flow with ``key=value`` arguments."""
    if not arguments or arguments[0] not in _NAMES or any("=" not in one for one in arguments[1:]):
        print(f"usage: python -m flows {{{','.join(_NAMES)}}} [ARGUMENT=VALUE …]", file=sys.stderr)
        return 2
    given = dict(one.split("=", 1) for one in arguments[1:])
    try:
        _stay_local()
        run_ids = _flow_named(arguments[0])(**given)
    except BwcAuditError as error:
        fault = _told_fault(error)
        if fault is None:
            print(f"bwc-audit: {error}", file=sys.stderr)
        return 2 if isinstance(fault or error, ConfigurationError) else 3
    print("\n".join(run_ids if isinstance(run_ids, list) else [run_ids]))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
