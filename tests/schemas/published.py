"""Every published JSON Schema, made from the model that the program itself uses.

Input schemas describe JSON and JSON Lines; a CSV cell holds the same value as text. What a mapping renames or completes
(zones, rounding, constants) happens before, so a foreign export need not fit them.
Output schemas leave objects open: a later version may add fields without a new number.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from bwc_audit.cli.rerun_document import RerunDocument
from bwc_audit.cli.sample_document import SampleDocument
from bwc_audit.cli.source_check_document import SourceCheckDocument
from bwc_audit.media.document import InspectionDocument
from bwc_audit.report.comparison_document import ComparisonDocument
from bwc_audit.report.finding_document import FindingDocument
from bwc_audit.report.funnel import FunnelDocument
from bwc_audit.report.rates_document import RatesDocument
from bwc_audit.report.result_document import ResultDocument
from bwc_audit.report.run_document import RunDocument
from bwc_audit.sources.mapping import Mapping
from bwc_audit.sources.policy_schema import book_schema, policy_schema
from bwc_audit.sources.rows import ROW_MODELS, split_list

FOLDER = Path(__file__).parents[2] / "schemas"

_DIALECT = "https://json-schema.org/draft/2020-12/schema"

_LEAST = {"array": "minItems", "string": "minLength"}

_ROW_TITLES = {
    "bwc-footage/1": "Footage: one segment, from a sidecar or a manifest row",
    "bwc-incident/1": "Incident: one call or stop of CAD or RMS",
    "bwc-assignment/1": "Assignment: one officer (or two-officer unit) on one incident",
    "bwc-officer/1": "Officer: one row of the roster",
    "bwc-device/1": "Device: one camera and its settings",
    "bwc-holder/1": "Holder: who held a camera, and when",
    "bwc-exemption/1": "Exemption: time in which an officer need not record",
    "bwc-device-event/1": "Device event: one entry of a device log",
}

_INPUT_NOTE = (
    "Times are ISO 8601 with Z or an offset, unless a mapping names the zone. Unknown fields are ignored and counted. "
    "Lists may be written as one text, separated by ; or |."
)


class RowSchema(GenerateJsonSchema):
    """Says what the row models take beside their own type: lists as one text, and numbers where text is asked for."""

    def function_before_schema(self, schema: core_schema.BeforeValidatorFunctionSchema) -> JsonSchemaValue:
        described = super().function_before_schema(schema)
        function: Any = schema["function"]["function"]
        return {"anyOf": [described, {"type": "string"}]} if function is split_list else described

    def str_schema(self, schema: core_schema.StringSchema) -> JsonSchemaValue:
        described = super().str_schema(schema)
        return {**described, "type": ["string", "number"]}


def published() -> dict[str, dict[str, Any]]:
    """File name to schema, all of them."""
    schemas = {name: _row_schema(name) for name in ROW_MODELS} | {name: make() for name, make in _OTHERS.items()}
    return {file_name(name): schema for name, schema in schemas.items()}


def file_name(name: str) -> str:
    """``bwc-footage/1`` lies in ``bwc-footage-1.json``."""
    return f"{name.replace('/', '-')}.json"


def text_of(schema: dict[str, Any]) -> str:
    """As written to disk."""
    return json.dumps(schema, ensure_ascii=False, indent=2) + "\n"


def load(name: str) -> dict[str, Any]:
    """A schema as it lies on disk."""
    loaded: dict[str, Any] = json.loads((FOLDER / file_name(name)).read_text(encoding="utf-8"))
    return loaded


def _row_schema(name: str) -> dict[str, Any]:
    model = ROW_MODELS[name]
    schema = model.model_json_schema(by_alias=True, schema_generator=RowSchema)
    for field in schema["properties"].values():
        if "minLength" in field and "anyOf" in field:  # a list that must not be empty: the bound belongs inside
            field["anyOf"] = [{**one, _LEAST[one["type"]]: field["minLength"]} for one in field["anyOf"]]
            del field["minLength"]
    return _headed(schema, name, _ROW_TITLES[name], f"{_words(model.__doc__)} {_INPUT_NOTE}")


def _policy() -> dict[str, Any]:
    schema = policy_schema()
    return _headed(
        schema,
        "bwc-policy/1",
        "Policy pack: what must be recorded, and every threshold",
        f"{_words(schema.get('description'))} Written as YAML; lengths in the unit of their name (_s seconds, _days days).",
    )


def _policy_book() -> dict[str, Any]:
    schema = book_schema()
    return _headed(schema, "bwc-policy-book/1", "Policy book: which policy holds when", schema["description"])


def _mapping() -> dict[str, Any]:
    schema = Mapping.model_json_schema(by_alias=True)
    return _headed(schema, "bwc-mapping/1", "Mapping: how a foreign export becomes rows", _words(schema.get("description")))


def _answer(name: str, title: str, model: Any, note: str = "") -> Callable[[], dict[str, Any]]:
    def make() -> dict[str, Any]:
        schema = TypeAdapter(model).json_schema(mode="serialization")
        return _headed(schema, name, title, f"{_words(schema.get('description'))} {note}".strip())

    return make


def _headed(schema: dict[str, Any], name: str, title: str, description: str) -> dict[str, Any]:
    schema = _tidied(schema)
    head = {
        "$schema": _DIALECT,
        "$id": f"urn:bwc-audit:schema:{name.replace('/', ':')}",
        "title": title,
        "description": description,
    }
    return head | {key: value for key, value in schema.items() if key not in head}


def _tidied(schema: Any) -> Any:
    """Without titles that only repeat a field's name, and with descriptions in plain words."""
    if isinstance(schema, list):
        return [_tidied(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    tidy: dict[str, Any] = {
        key: _words(part) if key == "description" and isinstance(part, str) else _tidied(part)
        for key, part in schema.items()
    }
    if isinstance(tidy.get("properties"), dict):
        for name, part in tidy["properties"].items():
            if part.get("title", "").lower() == name.replace("_", " ").strip().lower():
                del part["title"]
    return tidy


def _words(docstring: str | None) -> str:
    return " ".join((docstring or "").replace("``", "").split())


_OTHERS: dict[str, Callable[[], dict[str, Any]]] = {
    "bwc-policy/1": _policy,
    "bwc-policy-book/1": _policy_book,
    "bwc-mapping/1": _mapping,
    "bwc-inspection/1": _answer("bwc-inspection/1", "Inspection: what one video holds and lacks", InspectionDocument),
    "bwc-finding/1": _answer(
        "bwc-finding/1",
        "Findings: one array, as findings --format json prints it and findings.json of a report holds it",
        list[FindingDocument],
        "Times are ISO 8601 UTC, spans half-open, lengths seconds; null: not known, or does not apply.",
    ),
    "bwc-rates/1": _answer(
        "bwc-rates/1", "Rates of a run, as rates --format json prints them", RatesDocument, "Shares are 0..1."
    ),
    "bwc-funnel/1": _answer(
        "bwc-funnel/1", "Funnel: a rate against the number of assignments, as rates --funnel prints it", FunnelDocument
    ),
    "bwc-review-sample/1": _answer(
        "bwc-review-sample/1",
        "Review sample: what was drawn and reviewed, as sample show prints it",
        SampleDocument,
    ),
    "bwc-result/1": _answer(
        "bwc-result/1",
        "Results: one array, every assignment of a run with its outcome, as results.json of a report holds it",
        list[ResultDocument],
        "Times are ISO 8601 UTC, spans half-open, lengths seconds; null: not known, or does not apply.",
    ),
    "bwc-run/1": _answer("bwc-run/1", "Run: what one audit run rests on, as run.json of a report holds it", RunDocument),
    "bwc-policy-comparison/1": _answer(
        "bwc-policy-comparison/1",
        "Comparison: two policies over one stored period, as policy compare --format json prints it",
        ComparisonDocument,
    ),
    "bwc-rerun/1": _answer(
        "bwc-rerun/1", "Re-run: what changed for one incident, as incident --format json prints it", RerunDocument
    ),
    "bwc-source-check/1": _answer(
        "bwc-source-check/1",
        "Source check: what an ingest would make of one file, as sources check --format json prints it",
        SourceCheckDocument,
        "Times are ISO 8601 UTC.",
    ),
}
