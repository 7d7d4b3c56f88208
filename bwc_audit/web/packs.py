"""The policy packs that the program ships, by id."""

from __future__ import annotations

from functools import cache

from bwc_audit.sources.policy_files import load_book, shipped_policies


@cache
def shipped_packs() -> tuple[tuple[str, str], ...]:
    """(id, title) of each, by id."""
    return tuple((name, load_book(name, "UTC").base.title) for name in shipped_policies())
