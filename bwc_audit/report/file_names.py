"""Safe file names for incident pages, whatever an incident is called.

A plain identifier (capitals, digits, hyphen, underscore) keeps its name. Every other is reduced to such signs and
told apart by a dot and 12 digits of its SHA-256, so no two incidents share a page, not even where case is ignored.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata

_PLAIN = re.compile(r"[A-Z0-9][A-Z0-9_-]{0,79}")
_RESERVED = re.compile(r"(CON|PRN|AUX|NUL|COM\d|LPT\d)")

#: Every name that ``page_name`` can give.
PAGE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,79}(\.[0-9a-f]{12})?\.html")


def page_name(incident_id: str) -> str:
    """The file name of an incident's page, without folder; matches ``PAGE_NAME``."""
    if _PLAIN.fullmatch(incident_id) and not _RESERVED.fullmatch(incident_id):
        return f"{incident_id}.html"
    ascii_only = unicodedata.normalize("NFKD", incident_id).encode("ascii", "ignore").decode()
    slug = re.sub(r"[^A-Za-z0-9_]+", "-", ascii_only).strip("-_")[:60] or "incident"
    return f"{slug}.{hashlib.sha256(incident_id.encode('utf-8', 'surrogatepass')).hexdigest()[:12]}.html"
