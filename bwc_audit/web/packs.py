"""The policy packs that the program ships, by id."""

from __future__ import annotations

from functools import cache

from bwc_audit.sources.policy_files import load_book, shipped_policies

#: What the configured policy is called in forms and addresses; it may be a file of the agency's own.
IN_USE = "in-use"


@cache
def shipped_packs() -> tuple[tuple[str, str], ...]:
    """(id, title) of each, by id."""
    return tuple((name, load_book(name, "UTC").base.title) for name in shipped_policies())
