"""Safe file names for incident pages, whatever an incident is called.

A plain identifier (capitals, digits, hyphen, underscore) keeps its name. Every other is reduced to such signs and
told apart by a dot and 12 digits of its SHA-256, so no two incidents share a page, not even where case is ignored.
A page of small pictures is named after its recording, its number, and 12 digits of the picture's own SHA-256.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata

_PLAIN = re.compile(r"[A-Z0-9][A-Z0-9_-]{0,79}")
_RESERVED = re.compile(r"(CON|PRN|AUX|NUL|COM\d|LPT\d)")

#: Every name that ``page_name`` can give.
PAGE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,79}(\.[0-9a-f]{12})?\.html")
#: Every name that ``sheet_name`` can give.
SHEET_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,59}-p\d{2,4}\.[0-9a-f]{12}\.jpg")


def page_name(incident_id: str) -> str:
    """The file name of an incident's page, without folder; matches ``PAGE_NAME``."""
    if _PLAIN.fullmatch(incident_id) and not _RESERVED.fullmatch(incident_id):
        return f"{incident_id}.html"
    digest = hashlib.sha256(incident_id.encode("utf-8", "surrogatepass")).hexdigest()
    return f"{_slug(incident_id) or 'incident'}.{digest[:12]}.html"


def sheet_name(footage_id: str, ordinal: int, sha256: str) -> str:
    """The file name of a contact sheet page, without folder; matches ``SHEET_NAME`` where ``sha256`` is hexadecimal."""
    return f"{_slug(footage_id) or 'recording'}-p{ordinal + 1:02d}.{sha256[:12]}.jpg"


def _slug(name: str) -> str:
    """At most 60 plain signs that remind of ``name``."""
    ascii_only = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    return re.sub(r"[^A-Za-z0-9_]+", "-", ascii_only).strip("-_")[:60].strip("-_")
