"""What policy files, their layers, and books of them may hold: keys, and how content becomes values."""

from __future__ import annotations

from typing import Any

from pydantic import ConfigDict, TypeAdapter, with_config

from bwc_audit.domain import policy as policies
from bwc_audit.domain.policy import Clause, ExemptionRule, Policy
from bwc_audit.domain.policy_book import LAYERED_SECTIONS, LayerCondition
from bwc_audit.sources.policy_problems import SECTIONS

SCHEMA = "bwc-policy/1"
BOOK_SCHEMA = "bwc-policy-book/1"

_STRICT = ConfigDict(extra="forbid")
for _section in (
    Clause,
    policies.ExemptionCondition,
    ExemptionRule,
    policies.LongerRetention,
    *SECTIONS.values(),
    Policy,
    LayerCondition,
):
    with_config(_STRICT)(_section)

#: Reads and describes a policy pack; unknown settings are errors, so that a misspelt number is never ignored.
POLICY_ADAPTER: TypeAdapter[Policy] = TypeAdapter(Policy)
SECTION_ADAPTERS: dict[str, TypeAdapter[Any]] = {name: TypeAdapter(kind) for name, kind in SECTIONS.items()}
EXEMPTIONS: TypeAdapter[tuple[ExemptionRule, ...]] = TypeAdapter(tuple[ExemptionRule, ...])
CLAUSES: TypeAdapter[dict[str, Clause]] = TypeAdapter(dict[str, Clause])
CONDITION: TypeAdapter[LayerCondition] = TypeAdapter(LayerCondition)

#: Keys of a file beside those of a policy; of a layer, a book, and an edition in it.
FILE_KEYS = ("schema", "extends", "layers", "effective_from", "effective_to", "timezone")
LAYER_KEYS = ("name", "when", "clauses", "exemptions", *LAYERED_SECTIONS)
BOOK_KEYS = ("schema", "book_id", "version", "title", "timezone", "editions")
EDITION_KEYS = ("policy", "effective_from", "effective_to")
