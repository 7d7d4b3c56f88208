"""Commands of the application: ``web`` serves it, ``users`` keeps its local accounts and their tokens."""

from __future__ import annotations

import sys
from typing import Annotated

import typer
from sqlalchemy import Engine

from bwc_audit.audit.people import add_account, make_token, set_password, switch_account
from bwc_audit.audit.setup import Audit, now_us, open_audit
from bwc_audit.cli.showing import note, print_table, say
from bwc_audit.config import load_settings
from bwc_audit.domain.people import Right, Role
from bwc_audit.errors import ConfigurationError
from bwc_audit.store.database import open_database, reading, require_current
from bwc_audit.store.people import load_accounts


def add_to(app: typer.Typer) -> None:
    """Register the commands of this module."""
    app.command(epilog="Example: `bwc-audit web --port 8000`")(web)
    users = typer.Typer(help="Accounts of the application.", no_args_is_help=True)
    users.command("add", epilog="Example: `bwc-audit users add p.smith --role reviewer`")(users_add)
    users.command("list", epilog="Example: `bwc-audit users list`")(users_list)
    users.command("password", epilog="Example: `bwc-audit users password p.smith`")(users_password)
    users.command("disable", epilog="Example: `bwc-audit users disable p.smith`")(users_disable)
    users.command("enable", epilog="Example: `bwc-audit users enable p.smith`")(users_enable)
    users.command("token", epilog="Example: `bwc-audit users token p.smith --name export --scope findings`")(users_token)
    app.add_typer(users, name="users")


def web(
    host: Annotated[str, typer.Option(help="Address to listen on; behind a proxy, leave it.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on.", min=0, max=65535)] = 8000,
) -> None:
    """Serve the reviewers' application until it is interrupted."""
    serve(open_audit(load_settings()), host, port)


def serve(audit: Audit, host: str, port: int) -> None:
    """Serve the application over an opened audit until it is interrupted."""
    # Imported here: no other command needs a web server, and it takes a second to load.
    import uvicorn

    from bwc_audit.web.app import make_app
    from bwc_audit.web.site import Site, cookie_key

    app = make_app(Site(audit, cookie_key(audit.settings)))
    note(f"the application is at http://{host}:{port}/ (Ctrl-C ends it)")
    uvicorn.run(app, host=host, port=port, log_level="warning", access_log=False, server_header=False)


def users_add(
    name: Annotated[str, typer.Argument(help="Name to sign in with.")],
    role: Annotated[Role, typer.Option(help="What the person may do.")],
    full_name: Annotated[str, typer.Option(help="Name shown to others.")] = "",
    unit: Annotated[str | None, typer.Option(help="Unit of a supervisor.")] = None,
) -> None:
    """Make an account. The password is asked for, or read from standard input."""
    engine = _engine()
    account = add_account(engine, name, role, now_us(), name=full_name, unit=unit, password=_password())
    say(f"account {account.account_id}: {account.role}" + (f" of {account.unit}" if account.unit else ""))


def users_list() -> None:
    """List the accounts."""
    with reading(_engine()) as session:
        accounts = load_accounts(session)
    rows = [
        (one.account_id, one.name, one.role, one.unit or "", "active" if one.is_active else "disabled") for one in accounts
    ]
    print_table("", ("account", "name", "role", "unit", "state"), rows)


def users_password(name: Annotated[str, typer.Argument(help="Account.")]) -> None:
    """Set another password; the account's sessions end."""
    set_password(_engine(), name, _password(), now_us())
    say(f"password of {name} is set; its sessions have ended")


def users_disable(name: Annotated[str, typer.Argument(help="Account.")]) -> None:
    """Let an account no longer sign in; its sessions and tokens end to work."""
    switch_account(_engine(), name, now_us(), is_active=False)
    say(f"account {name} is disabled")


def users_enable(name: Annotated[str, typer.Argument(help="Account.")]) -> None:
    """Let an account sign in again."""
    switch_account(_engine(), name, now_us(), is_active=True)
    say(f"account {name} is enabled")


def users_token(
    account: Annotated[str, typer.Argument(help="Account for which it acts.")],
    name: Annotated[str, typer.Option(help="What it is for.")],
    scope: Annotated[list[Right], typer.Option(help="A right it may use; may be given again.")],
    days: Annotated[int, typer.Option(help="Days until it ends.", min=1, max=366)] = 90,
) -> None:
    """Make a token for the API; it is shown this once."""
    _, secret = make_token(_engine(), account, name, frozenset(scope), days, now_us())
    say(secret)


def _engine() -> Engine:
    engine = open_database(load_settings().effective_database_url)
    require_current(engine)
    return engine


def _password() -> str:
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\n")
    password: str = typer.prompt("Password", hide_input=True, confirmation_prompt=True)
    if not password:
        raise ConfigurationError("no password was given")
    return password
