"""Who may do what in the application: roles, rights, and whose units somebody may see. Everything not granted is refused.

Administrators keep accounts and see no officer's data; supervisors see their own unit; the public sees published numbers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Role(StrEnum):
    """What somebody is to the audit; an account has one."""

    REVIEWER = "reviewer"
    AUDITOR = "auditor"
    ACCOUNTABILITY_OFFICER = "accountability_officer"
    SUPERVISOR = "supervisor"
    ADMINISTRATOR = "administrator"
    PUBLIC = "public"


class Right(StrEnum):
    """One thing that somebody may do. ``SUMMARY``: rates and counts that name nobody; ``PEOPLE``: pages of officers and
    units; ``WATCH``: footage and frames; ``DECIDE``: dispositions; ``RESPOND``: an officer's or supervisor's answer."""

    SUMMARY = "summary"
    FINDINGS = "findings"
    WATCH = "watch"
    DECIDE = "decide"
    RESPOND = "respond"
    RERUN = "rerun"
    RUNS = "runs"
    PEOPLE = "people"
    POLICIES = "policies"
    COMPARE = "compare"
    EXPORT = "export"
    ACCESS_LOG = "access_log"
    ACCOUNTS = "accounts"


_READING = frozenset({Right.SUMMARY, Right.FINDINGS, Right.WATCH, Right.POLICIES})

RIGHTS: Mapping[Role, frozenset[Right]] = {
    Role.REVIEWER: _READING | {Right.DECIDE, Right.RESPOND, Right.RUNS, Right.EXPORT},
    Role.AUDITOR: _READING | {Right.RERUN, Right.RUNS, Right.PEOPLE, Right.COMPARE, Right.EXPORT, Right.ACCESS_LOG},
    Role.ACCOUNTABILITY_OFFICER: _READING
    | {Right.DECIDE, Right.RESPOND, Right.RERUN, Right.RUNS, Right.PEOPLE, Right.COMPARE, Right.EXPORT},
    Role.SUPERVISOR: _READING | {Right.RESPOND, Right.PEOPLE},
    Role.ADMINISTRATOR: frozenset({Right.SUMMARY, Right.POLICIES, Right.ACCESS_LOG, Right.ACCOUNTS}),
    Role.PUBLIC: frozenset({Right.SUMMARY}),
}


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who asks. ``unit``: the only unit whose officers a supervisor may see, None for roles that see all.
    ``scopes``: a token's limit, None: all rights of the role."""

    account_id: str
    name: str
    role: Role
    unit: str | None = None
    scopes: frozenset[Right] | None = None

    def may(self, right: Right) -> bool:
        """Whether the role has this right and the token, if one was shown, covers it."""
        return right in RIGHTS[self.role] and (self.scopes is None or right in self.scopes)

    def may_see_unit(self, unit: str | None) -> bool:
        """Whether officers of this unit (None: not known) may be seen; a supervisor without a unit sees nobody."""
        if self.role is not Role.SUPERVISOR:
            return self.may(Right.FINDINGS) or self.may(Right.PEOPLE)
        return self.unit is not None and unit == self.unit


#: Who has not signed in; may read nothing unless the installation is open to the public.
NOBODY = Person("", "not signed in", Role.PUBLIC, scopes=frozenset())
