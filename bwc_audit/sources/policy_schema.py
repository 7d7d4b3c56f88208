"""The JSON Schemas of policy files and of books of them."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from pydantic import TypeAdapter

from bwc_audit.domain.policy_book import LAYERED_SECTIONS, LayerCondition
from bwc_audit.sources.policy_content import BOOK_SCHEMA, POLICY_ADAPTER, SCHEMA
from bwc_audit.sources.policy_problems import SECTIONS

_REFERENCE = "#/$defs/"
_DAY: dict[str, Any] = {"type": "string", "format": "date"}
_ZONE: dict[str, Any] = {"type": "string", "description": "IANA zone in which effective days begin; else the agency's"}


def policy_schema() -> dict[str, Any]:
    """Of a policy file. One that extends another needs to name only what it sets."""
    schema = POLICY_ADAPTER.json_schema()
    definitions = schema["$defs"]
    for name, kind in SECTIONS.items():
        definitions[_change(name)] = {
            **{key: deepcopy(value) for key, value in definitions[kind.__name__].items() if key != "required"},
            "description": f"Settings of {name} that a file or layer changes; the others stay as they are below it.",
        }
    definitions["LayerCondition"] = TypeAdapter(LayerCondition).json_schema()
    definitions["Layer"] = _layer(schema["properties"])
    whole = {name: deepcopy(schema["properties"][name]) for name in SECTIONS}
    needed = [name for name in schema["required"] if name in SECTIONS]
    for name in SECTIONS:
        schema["properties"][name] = {"$ref": _REFERENCE + _change(name)}
    schema["properties"] |= {
        "schema": {"const": SCHEMA},
        "extends": {"type": "string", "description": "A pack's id, or a file beside this one"},
        "layers": {"type": "array", "items": {"$ref": _REFERENCE + "Layer"}},
        "effective_from": _DAY | {"description": "First day on which it holds"},
        "effective_to": _DAY | {"description": "First day on which it no longer holds"},
        "timezone": _ZONE,
    }
    schema["required"] = ["schema", "policy_id", "version", "title"]
    schema["if"] = {"not": {"required": ["extends"]}}
    schema["then"] = {"required": needed, "allOf": [{"properties": whole}]}
    return schema


def _change(section: str) -> str:
    return f"{SECTIONS[section].__name__}Change"


def _layer(properties: dict[str, Any]) -> dict[str, Any]:
    sections = {name: {"$ref": _REFERENCE + _change(name)} for name in LAYERED_SECTIONS}
    shared = {name: deepcopy(properties[name]) for name in ("clauses", "exemptions")}
    when = {"$ref": _REFERENCE + "LayerCondition"}
    return {
        "type": "object",
        "additionalProperties": False,
        "description": "What differs for the units, call types and priorities named; later layers win.",
        "properties": {"name": {"type": "string"}, "when": when, **sections, **shared},
        "required": ["name", "when"],
    }


def book_schema() -> dict[str, Any]:
    """Of a book: editions in the order of time, without gap or overlap."""
    edition = {
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "policy": {"type": "string", "description": "A pack's id, or a file beside this one"},
            "effective_from": _DAY | {"description": "First day on which it holds; the first edition needs none"},
            "effective_to": _DAY | {"description": "First day on which it no longer holds; else until the next begins"},
        },
        "required": ["policy"],
    }
    text = {"type": "string"}
    return {
        "type": "object",
        "additionalProperties": False,
        "description": "Which policy holds when: editions in the order of time, without gap or overlap.",
        "properties": {
            "schema": {"const": BOOK_SCHEMA},
            "book_id": text,
            "version": text,
            "title": text,
            "timezone": _ZONE,
            "editions": {"type": "array", "minItems": 1, "items": edition},
        },
        "required": ["schema", "book_id", "version", "title", "editions"],
    }
