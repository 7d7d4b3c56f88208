"""What is wrong with the content of a policy, all of it at once, each at its path and with what is allowed there.

Judged before any value is built, so that a negative grace and a misspelt key of one file are told together.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields
from difflib import get_close_matches
from typing import Any, get_type_hints

from pydantic import TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from bwc_audit.domain.policy import Policy
from bwc_audit.errors import ConfigurationError
from bwc_audit.sources.yaml_marks import MarkedYaml, Path, Problem

#: Path, what is said, and whether it points at the value rather than at the key.
Told = tuple[Path, str, bool]

SECTIONS: dict[str, type[Any]] = {
    name: kind for name, kind in get_type_hints(Policy).items() if hasattr(kind, "__slots__") and name != "policy_id"
}

#: Settings that are levels on a scale that has its zero in the middle or at the top.
_MAY_BE_NEGATIVE = ("dbfs", "_db")
#: Settings that are a part of a whole: 0 to 1.
_SHARES = ("_share", "minimum_confidence", "rotated_likeness")
_SIGNED = ("start_after_s", "end_after_s")


class PolicyFileError(ConfigurationError):
    """A policy file is wrong. ``problems``: each with its place; the text holds them all, a line each."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = problems


def in_file_order(marked: MarkedYaml, told: Iterable[Told]) -> tuple[Problem, ...]:
    """Each once, in the order of the file; of two that point at one setting, the first."""
    found: dict[Path, Problem] = {}
    for path, said, at_value in told:
        found.setdefault(path, marked.problem(path, said, at_value=at_value))
    return tuple(sorted(found.values(), key=lambda one: (one.place is None, one.place, one.field)))


def told_by(adapter: TypeAdapter[Any], content: object, kind: Any = Policy, above: Path = ()) -> Iterator[Told]:
    """Problems of types and names, as the policy's own types find them. ``kind``: what the content becomes."""
    try:
        adapter.validate_python(content)
    except ValidationError as error:
        for one in error.errors():
            yield _told(one, kind, above)


def _told(error: ErrorDetails, kind: Any, above: Path) -> Told:
    loc = error["loc"]
    path = (*above, *loc)
    match error["type"]:
        case "unexpected_keyword_argument" | "extra_forbidden":
            return path, unknown_key(str(loc[-1]), known_at(loc, kind)), False
        case "missing" | "missing_argument":
            return path, "is missing", False
        case "enum":
            return path, _one_of(error), True
    return path, f"{_asked(error)}; it is {_said(error['input'])}", True


def _asked(error: ErrorDetails) -> str:
    plain = {
        "float_parsing": "must be a number",
        "float_type": "must be a number",
        "finite_number": "must be a finite number",
        "int_parsing": "must be a whole number",
        "int_type": "must be a whole number",
        "int_from_float": "must be a whole number",
        "bool_parsing": "must be true or false",
        "bool_type": "must be true or false",
        "string_type": "must be text (put it into quotes)",
        "tuple_type": "must be a list, in brackets",
        "dict_type": "must be a mapping of settings",
        "dataclass_type": "must be a mapping of settings",
    }
    return plain.get(error["type"], error["msg"][0].lower() + error["msg"][1:])


def _one_of(error: ErrorDetails) -> str:
    allowed = str(error.get("ctx", {}).get("expected", "")).replace("'", "").replace(" or ", ", ").split(", ")
    return f"{_said(error['input'])} is none of {', '.join(allowed)}{_meant(str(error['input']), allowed)}"


def unknown_key(name: str, known: Iterable[str]) -> str:
    """What is said of a key that does not exist."""
    listed = sorted(known)
    return f"there is no such setting{_meant(name, listed)}; known here: {', '.join(listed)}"


def _meant(name: str, known: Iterable[str]) -> str:
    close = get_close_matches(name, list(known), n=1)
    return f"; did you mean {close[0]}?" if close else ""


def known_at(path: Path, kind: Any = Policy) -> tuple[str, ...]:
    """The keys that may stand beside the last part of a path inside a ``kind``."""
    kind = _inner(kind)
    for part in path[:-1]:
        if isinstance(part, int):
            continue
        hints = get_type_hints(kind) if hasattr(kind, "__dataclass_fields__") else {}
        kind = _inner(hints.get(part))
    return tuple(field.name for field in fields(kind)) if hasattr(kind, "__dataclass_fields__") else ()


def _inner(kind: Any) -> Any:
    for one in (kind, *getattr(kind, "__args__", ())):
        if hasattr(one, "__dataclass_fields__"):
            return one
    return None


def _said(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}…"


def out_of_range(content: Mapping[str, Any], above: Path = ()) -> Iterator[Told]:
    """Numbers that no setting may have, and what is no number where one is asked for, in all sections and exemptions."""
    for section, kind in SECTIONS.items():
        settings = content.get(section)
        if not isinstance(settings, Mapping):
            continue
        for name, value in settings.items():
            yield from _number(kind, str(name), value, (*above, section, str(name)))
        for index, one in enumerate(_items(settings.get("longer"))):
            yield from _number(None, "keep_days", one.get("keep_days"), (*above, section, "longer", index, "keep_days"))
    for index, rule in enumerate(_items(content.get("exemptions"))):
        when = rule.get("when")
        if isinstance(when, Mapping) and not any(when.values()):
            yield (*above, "exemptions", index, "when"), "must name at least one thing, or it would exempt everything", False


def _items(value: object) -> list[Mapping[str, Any]]:
    return [one if isinstance(one, Mapping) else {} for one in value] if isinstance(value, list) else []


def _number(kind: type[Any] | None, name: str, value: object, path: Path) -> Iterator[Told]:
    wanted = get_type_hints(kind).get(name) if kind else float
    if wanted not in (float, int) or not isinstance(value, int | float):
        return
    if isinstance(value, bool):
        yield path, f"must be a number; it is {'true' if value else 'false'}", True
    elif not math.isfinite(value):
        yield path, f"must be a finite number; it is {value}", True
    elif value < 0 and not name.endswith((*_MAY_BE_NEGATIVE, *_SIGNED)):
        yield path, f"must not be negative; it is {value:g}, allowed is 0 or more", True
    elif name.endswith(_SHARES) and value > 1:
        yield path, f"is a share; it is {value:g}, allowed is 0 to 1", True


def without_clause(content: Mapping[str, Any], clauses: Iterable[str], above: Path = ()) -> Iterator[Told]:
    """Sections and exemptions that rest on a clause which is not there."""
    known = sorted(map(str, clauses))
    named = [
        ((*above, section, str(name)), value)
        for section in SECTIONS
        if isinstance(content.get(section), Mapping)
        for name, value in content[section].items()
        if str(name).endswith("clause")
    ]
    named += [
        ((*above, "exemptions", n, "clause"), rule.get("clause")) for n, rule in enumerate(_items(content.get("exemptions")))
    ]
    for path, value in named:
        if isinstance(value, str) and value not in known:
            yield path, f"there is no clause {value!r}{_meant(value, known)}; the clauses are {', '.join(known)}", True


def contradictory(content: Mapping[str, Any], above: Path = ()) -> Iterator[Told]:
    """Settings of which each may stand by itself, but not together."""
    window, severity, codes = content.get("window"), content.get("severity"), set[str]()
    if isinstance(window, Mapping):
        for side in ("start", "end"):
            if side in window and not window[side]:
                yield (*above, "window", side), "needs at least one reference", True
        references = [*(window.get("start") or ()), *(window.get("end") or ())] if _are_lists(window) else []
        if "near_scene" in references and not (window.get("near_scene_s") and window.get("near_scene_m")):
            said = "near_scene needs near_scene_m (the distance) and near_scene_s (what stands for it without positions)"
            yield (*above, "window", "start"), said, True
    if isinstance(severity, Mapping):
        medium, high = severity.get("medium_s", 60), severity.get("high_s", 300)
        if isinstance(medium, int | float) and isinstance(high, int | float) and high < medium:
            yield (*above, "severity", "high_s"), f"must not be below medium_s ({medium:g}); it is {high:g}", True
    for index, rule in enumerate(_items(content.get("exemptions"))):
        code = str(rule.get("code"))
        if code in codes:
            yield (*above, "exemptions", index, "code"), f"{code!r} is taken by a rule before it", True
        codes.add(code)


def _are_lists(window: Mapping[str, Any]) -> bool:
    return all(isinstance(window.get(side, []), list) for side in ("start", "end"))
