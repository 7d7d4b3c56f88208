"""What can go wrong with the audit itself, split by who must act.

A defect of the evidence (a black picture, a truncated file, a rejected row) is data and never an exception.
An exception means that some part of the audit could not be done; whoever catches it records *incomplete*.
"""

from __future__ import annotations


class BwcAuditError(Exception):
    """Root of the tree: the audit could not be done. The text says what, where, and the mend."""


class ConfigurationError(BwcAuditError):
    """A setting, option or policy file is wrong. The operator must change it."""


class SourceError(BwcAuditError):
    """A source file as a whole cannot be read (not its rows: those are kept as rejected rows)."""


class ObjectStoreError(BwcAuditError):
    """The object store failed: a fault of network or service, worth a retry."""


class ObjectMissingError(ObjectStoreError):
    """The store answered that the object or bucket is not there."""


class ObjectForbiddenError(ObjectStoreError):
    """The store refused access; whether the object exists is unknown."""


class ObjectChangedError(ObjectStoreError):
    """The object is no longer the version that was listed: what was read of it so far belongs to another file."""


class MediaUnreadableError(BwcAuditError):
    """A video cannot be examined. ``reason`` is one of the fixed reasons of ``bwc-inspection/1``."""

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(f"{reason}: {detail}" if detail else reason)
        self.reason = reason
        self.detail = detail


class StoreError(BwcAuditError):
    """The database is locked, behind its migrations, or broke an invariant."""
