"""Layers of a policy file: settings that hold for the units, call types and priorities that a layer names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bwc_audit.domain.policy import Clause, ExemptionRule
from bwc_audit.domain.policy_book import LAYERED_SECTIONS, MEASURING_SECTIONS, Layer, LayerCondition
from bwc_audit.sources.policy_content import CLAUSES, CONDITION, EXEMPTIONS, LAYER_KEYS, SECTION_ADAPTERS
from bwc_audit.sources.policy_problems import (
    SECTIONS,
    Told,
    contradictory,
    in_file_order,
    out_of_range,
    told_by,
    unknown_key,
    without_clause,
)
from bwc_audit.sources.yaml_marks import MarkedYaml, Problem
from bwc_audit.sources.yaml_marks import Path as YamlPath


def layers_of(marked: MarkedYaml, content: Mapping[str, Any]) -> tuple[tuple[Layer, ...], tuple[Problem, ...]]:
    """The layers that a file itself has over ``content`` (with what it extends merged in), and what is wrong with them."""
    raw = marked.content.get("layers")
    if raw is None:
        return (), ()
    if not isinstance(raw, list) or not all(isinstance(one, dict) for one in raw):
        return (), (marked.problem(("layers",), "must be a list of layers, each with name and when", at_value=True),)
    layers: list[Layer] = []
    told: list[Told] = []
    names: set[str] = set()
    for index, one in enumerate(raw):
        layer, its_problems = layer_of(one, content, ("layers", index))
        told += its_problems
        if layer.name in names:
            told.append((("layers", index, "name"), f"{layer.name!r} is the name of a layer before it", True))
        names.add(layer.name)
        layers.append(layer)
    return tuple(layers), in_file_order(marked, told)


def layer_of(raw: Mapping[str, Any], below: Mapping[str, Any], above: YamlPath = ()) -> tuple[Layer, tuple[Told, ...]]:
    """One layer over the content below it, with what is wrong with it."""
    told: list[Told] = []
    kept = ("changes",)
    for key in raw:
        if key in MEASURING_SECTIONS or key == "custody":
            told.append(((*above, key), "is one for the whole policy; a layer cannot change it", False))
        elif key not in (*LAYER_KEYS, *kept):
            told.append(((*above, str(key)), unknown_key(str(key), LAYER_KEYS), False))
    if not isinstance(raw.get("name"), str) or not raw["name"]:
        told.append(((*above, "name"), "a layer needs a name, as text; it is shown with what it sets", False))
    condition = raw.get("when") if isinstance(raw.get("when"), Mapping) else {}
    if not any((condition or {}).values()):
        told.append(((*above, "when"), "must name units, call_types or priorities", False))
    told += told_by(CONDITION, condition, LayerCondition, (*above, "when"))
    clauses = raw.get("clauses", {})
    told += told_by(CLAUSES, clauses, dict[str, Clause], (*above, "clauses"))
    exemptions = raw.get("exemptions", [])
    told += told_by(EXEMPTIONS, exemptions, tuple[ExemptionRule, ...], (*above, "exemptions"))
    changed = {name: raw[name] for name in LAYERED_SECTIONS if name in raw}
    merged = {
        name: {**below.get(name, {}), **settings} if isinstance(settings, Mapping) else settings
        for name, settings in changed.items()
    }
    for name, settings in merged.items():
        told += told_by(SECTION_ADAPTERS[name], settings, SECTIONS[name], (*above, name))
    named = [*clause_names(below), *(clauses if isinstance(clauses, Mapping) else ())]
    whole = {**merged, "exemptions": exemptions}
    told += [*out_of_range(whole, above), *contradictory(whole, above), *without_clause(whole, named, above)]
    told = [one for one in told if _is_of_layer(one[0][len(above) :], changed)]  # the content below tells its own
    if told:
        return Layer(str(raw.get("name")), LayerCondition()), tuple(told)
    built = {name: SECTION_ADAPTERS[name].validate_python(settings) for name, settings in merged.items()}
    changes = {name: {key: getattr(built[name], key) for key in settings} for name, settings in changed.items()}
    layer = Layer(
        raw["name"],
        CONDITION.validate_python(condition),
        changes,
        EXEMPTIONS.validate_python(exemptions),
        CLAUSES.validate_python(clauses),
    )
    return layer, ()


def clause_names(content: Mapping[str, Any]) -> list[str]:
    """The names of its clauses; none where they are no mapping, which is told elsewhere."""
    clauses = content.get("clauses")
    return list(clauses) if isinstance(clauses, Mapping) else []


def _is_of_layer(path: YamlPath, changed: Mapping[str, Any]) -> bool:
    """Whether a problem at this path was made by the layer itself."""
    settings = changed.get(str(path[0]))
    return len(path) < 2 or not isinstance(settings, Mapping) or path[1] in settings
