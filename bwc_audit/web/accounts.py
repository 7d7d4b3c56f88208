"""Accounts, for administrators: made, changed, switched off. The last administrator cannot be switched off."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fastapi import Request
from fastapi.responses import RedirectResponse

from bwc_audit.audit import people
from bwc_audit.domain.people import Right, Role
from bwc_audit.errors import ConfigurationError
from bwc_audit.store.database import reading
from bwc_audit.store.people import load_account, load_accounts
from bwc_audit.web.guard import Asking, Form, NotThere, Pages, Visitor
from bwc_audit.web.showing import When, shown, when

pages = Pages()

_ROLES = tuple((str(role), str(role).replace("_", " ")) for role in Role)


@dataclass(frozen=True, slots=True)
class AccountLine:
    """One account. ``signs_in``: by password, or elsewhere."""

    account_id: str
    name: str
    role: str
    unit: str
    is_active: bool
    signs_in: str
    made: When


@dataclass(frozen=True, slots=True)
class AccountsPage:
    """``accounts.html``. ``typed``: what a refused form held."""

    lines: tuple[AccountLine, ...]
    roles: tuple[tuple[str, str], ...]
    typed: Mapping[str, str]
    problem: str


@pages.page("/accounts", Right.ACCOUNTS)
def accounts(request: Request, asking: Asking) -> Any:
    """All accounts."""
    return _page(request, asking, {}, "")


@pages.action("/accounts", Right.ACCOUNTS)
def add(request: Request, asking: Asking, form: Form) -> Any:
    """Make a local account."""
    try:
        role = Role(form.get("role", "")) if form.get("role") in set(Role) else None
        if role is None:
            raise ConfigurationError("choose a role")
        account = people.add_account(
            asking.site.engine,
            form.get("account", ""),
            role,
            asking.site.now_us(),
            name=form.get("name", ""),
            unit=form.get("unit", "").strip() or None,
            password=form.get("password", ""),
        )
    except ConfigurationError as error:
        return _page(request, asking, form, str(error), 422)
    asking.note(Right.ACCOUNTS, "added", "account", account.account_id)
    return RedirectResponse("/accounts?done=The+account+is+made.", 303)


@pages.action("/accounts/{account_id}", Right.ACCOUNTS)
def change(request: Request, asking: Asking, form: Form, account_id: str) -> Any:
    """Set a password, or switch an account on or off."""
    engine, now_us = asking.site.engine, asking.site.now_us()
    with reading(engine) as session:
        if load_account(session, account_id) is None:
            raise NotThere
    try:
        match form.get("do"):
            case "password":
                people.set_password(engine, account_id, form.get("password", ""), now_us)
                action = "set the password of"
            case "disable":
                _require_another_administrator(asking, account_id)
                people.switch_account(engine, account_id, now_us, is_active=False)
                action = "disabled"
            case "enable":
                people.switch_account(engine, account_id, now_us, is_active=True)
                action = "enabled"
            case _:
                raise ConfigurationError("nothing to do was chosen")
    except ConfigurationError as error:
        return _page(request, asking, {}, f"{account_id}: {error}", 422)
    asking.note(Right.ACCOUNTS, action, "account", account_id)
    return RedirectResponse("/accounts?done=Done.", 303)


def _require_another_administrator(asking: Visitor, account_id: str) -> None:
    with reading(asking.site.engine) as session:
        left = [
            one
            for one in load_accounts(session)
            if one.role is Role.ADMINISTRATOR and one.is_active and one.account_id != account_id
        ]
    if not left:
        raise ConfigurationError("the last administrator cannot be disabled")


def _page(request: Request, asking: Visitor, typed: Mapping[str, str], problem: str, status: int = 200) -> Any:
    with reading(asking.site.engine) as session:
        found = load_accounts(session)
    lines = tuple(
        AccountLine(
            one.account_id,
            one.name,
            one.role.replace("_", " "),
            one.unit or "",
            one.is_active,
            "by password" if one.subject is None else "elsewhere",
            when(one.created_us, asking.site),
        )
        for one in found
    )
    kept = {name: value for name, value in typed.items() if name != "password"}
    return shown(request, "accounts.html", "Accounts", AccountsPage(lines, _ROLES, kept, problem), status=status)
