"""Policy files: YAML packs with inheritance, layers and effective dates, checked as a whole and told by file, line, column.

A file extends a pack or another file; what it sets wins. Layers in it hold for the units, call types and priorities that
they name. A *book* file lists packs or files as editions, each in force from a day to a day.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from importlib import resources
from pathlib import Path
from typing import Any

from bwc_audit.domain.policy import Policy
from bwc_audit.domain.policy_book import Edition, Layer, PolicyBook
from bwc_audit.errors import ConfigurationError
from bwc_audit.sources.policy_content import BOOK_KEYS, BOOK_SCHEMA, EDITION_KEYS, FILE_KEYS, POLICY_ADAPTER, SCHEMA
from bwc_audit.sources.policy_editions import edition_of, in_turn, out_of_turn
from bwc_audit.sources.policy_layers import clause_names, layer_of, layers_of
from bwc_audit.sources.policy_problems import (
    SECTIONS,
    PolicyFileError,
    contradictory,
    in_file_order,
    out_of_range,
    told_by,
    unknown_key,
    without_clause,
)
from bwc_audit.sources.yaml_marks import MarkedYaml, read_yaml
from bwc_audit.sources.yaml_marks import Path as YamlPath

#: What stands for the file where none names a setting.
PROGRAM_DEFAULT = "program default"

#: Files that extend one another are at most so many.
_DEEPEST = 8


@dataclass(frozen=True, slots=True)
class _Read:
    """A file with what it extends merged in: plain content, raw layers, and who set what."""

    marked: MarkedYaml
    content: dict[str, Any]
    layers: tuple[Layer, ...]
    policy: Policy


def shipped_policies() -> tuple[str, ...]:
    """Ids of the packs that come with the program, ascending."""
    folder = resources.files("bwc_audit") / "policies"
    return tuple(sorted(entry.name.removesuffix(".yaml") for entry in folder.iterdir() if entry.name.endswith(".yaml")))


def load_policy(name_or_path: str) -> Policy:
    """The force's policy of a shipped pack (by its id) or a file; of a book, of its latest edition."""
    return load_book(name_or_path).base


def load_book(name_or_path: str, timezone: str = "UTC") -> PolicyBook:
    """A shipped pack by its id, a policy file, or a book of them. ``timezone``: of the agency, in which a file's effective
    days begin where it names no other. Raises ``ConfigurationError`` that points at file, line and column, all at once."""
    text, file, folder = _found(name_or_path, Path())
    marked = _marked(text, file)
    if marked.content.get("schema") == BOOK_SCHEMA:
        return _book(marked, folder, timezone)
    read = _policy(marked, folder, ())
    return PolicyBook(
        read.policy.policy_id,
        read.policy.version,
        read.policy.title,
        (edition_of(read.policy, read.layers, marked, (), timezone),),
    )


def policy_of(content: dict[str, Any], where: str) -> Policy:
    """A policy from its content without the schema line, as ``dataclasses.asdict`` gives it. Of a kept book: the latest."""
    plain = {key: value for key, value in content.items() if key != "book"}
    problems = tuple(told_by(POLICY_ADAPTER, plain))
    if problems:
        raise PolicyFileError(tuple(MarkedYaml(where, plain).problem(path, said) for path, said, _ in problems))
    return POLICY_ADAPTER.validate_python(plain)


def book_of(content: dict[str, Any], where: str) -> PolicyBook:
    """What a run decided by, from its kept content: a book, or one policy."""
    kept = content.get("book")
    if kept is None:
        return PolicyBook.of(policy_of(content, where))
    editions = tuple(
        Edition(
            policy=policy_of(one["policy"], where),
            layers=tuple(layer_of({**raw["changes"], **raw}, one["policy"])[0] for raw in one["layers"]),
            effective_from=one["effective_from"],
            effective_to=one["effective_to"],
            from_us=one["from_us"],
            to_us=one["to_us"],
        )
        for one in kept["editions"]
    )
    return PolicyBook(kept["book_id"], kept["version"], kept["title"], editions)


def _found(name_or_path: str, folder: Path) -> tuple[str, str, Path]:
    """Text, name in errors, and the folder that its own references start from."""
    if Path(name_or_path).suffix in (".yaml", ".yml"):
        path = folder / name_or_path
        try:
            return path.read_text(encoding="utf-8"), str(path), path.parent
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigurationError(f"policy file {path}: {getattr(error, 'strerror', None) or error}") from error
    if name_or_path not in shipped_policies():
        known = ", ".join(shipped_policies())
        raise ConfigurationError(f"no policy pack {name_or_path!r}: name one of {known}, or a .yaml file")
    file = f"{name_or_path}.yaml"
    return (resources.files("bwc_audit") / "policies" / file).read_text(encoding="utf-8"), file, folder


def _marked(text: str, file: str) -> MarkedYaml:
    marked, problems = read_yaml(text, file)
    if marked is None or problems:
        raise PolicyFileError(problems)
    if marked.content.get("schema") not in (SCHEMA, BOOK_SCHEMA):
        said = f"the first line must be `schema: {SCHEMA}` (a policy) or `schema: {BOOK_SCHEMA}` (a book)"
        raise PolicyFileError((marked.problem(("schema",), said, at_value=True),))
    return marked


def _policy(marked: MarkedYaml, folder: Path, below: tuple[str, ...]) -> _Read:
    """The policy of a file. ``below``: the files that extend it, to notice a ring."""
    if marked.content["schema"] != SCHEMA:
        raise PolicyFileError((marked.problem(("schema",), "a book cannot be extended or be an edition", at_value=True),))
    own = {str(key): value for key, value in marked.content.items() if key not in FILE_KEYS}
    parent = _parent(marked, folder, below)
    content = _merged(parent, own) if parent else own
    told = [
        *told_by(POLICY_ADAPTER, content),
        *out_of_range(content),
        *contradictory(content),
        *without_clause(content, clause_names(content)),
    ]
    problems = in_file_order(marked, told)
    layers, layer_problems = layers_of(marked, content)
    if problems or layer_problems:
        raise PolicyFileError((*problems, *layer_problems))
    policy = POLICY_ADAPTER.validate_python({**content, "provenance": _with_defaults(content)})
    return _Read(marked, content, (*(parent.layers if parent else ()), *layers), policy)


def _with_defaults(content: Mapping[str, Any]) -> dict[str, str]:
    """Who set what, with the settings that no file names."""
    unnamed = {
        f"{section}.{field.name}": PROGRAM_DEFAULT
        for section, kind in SECTIONS.items()
        for field in fields(kind)
        if field.name not in content.get(section, {})
    }
    return {**unnamed, **content.get("provenance", {})}


def _parent(marked: MarkedYaml, folder: Path, below: tuple[str, ...]) -> _Read | None:
    name = marked.content.get("extends")
    if name is None:
        return None
    if not isinstance(name, str):
        raise PolicyFileError((marked.problem(("extends",), "must name a pack or a file", at_value=True),))
    try:
        text, file, its_folder = _found(name, folder)
    except ConfigurationError as error:
        raise PolicyFileError((marked.problem(("extends",), str(error), at_value=True),)) from error
    ring = (*below, marked.file)
    if file in ring or len(ring) > _DEEPEST:
        said = f"extends itself through {' → '.join((*ring, file))}" if file in ring else f"more than {_DEEPEST} files deep"
        raise PolicyFileError((marked.problem(("extends",), said, at_value=True),))
    return _policy(_marked(text, file), its_folder, ring)


def _merged(parent: _Read, own: Mapping[str, Any]) -> dict[str, Any]:
    """The parent's content with what a file sets: settings one by one, clauses by name, exemptions added."""
    merged = dict(parent.content)
    set_by = {**merged.get("provenance", {})}
    source = f"{parent.policy.policy_id}/{parent.policy.version}"
    for section in SECTIONS:
        for setting in merged.get(section, {}):
            set_by.setdefault(f"{section}.{setting}", source)
    for name, value in own.items():
        before = merged.get(name)
        if name in (*SECTIONS, "clauses") and isinstance(before, Mapping) and isinstance(value, Mapping):
            merged[name] = {**before, **value}
            for setting in value:
                set_by.pop(f"{name}.{setting}", None)
        elif name == "exemptions" and isinstance(before, list) and isinstance(value, list):
            merged[name] = [*before, *value]
        else:
            merged[name] = value
    for name in ("policy_id", "version", "title"):
        if name not in own:
            merged.pop(name, None)
    merged["provenance"] = set_by
    return merged


def _book(marked: MarkedYaml, folder: Path, timezone: str) -> PolicyBook:
    content = marked.content
    problems = [marked.problem((str(key),), unknown_key(str(key), BOOK_KEYS)) for key in content if key not in BOOK_KEYS]
    for key in ("book_id", "version", "title"):
        if not isinstance(content.get(key), str):
            problems.append(marked.problem((key,), "is missing, or is no text (put it into quotes)", at_value=True))
    listed = content.get("editions")
    if not isinstance(listed, list) or not listed or not all(isinstance(one, dict) for one in listed):
        problems.append(marked.problem(("editions",), "must list at least one edition, each with policy", at_value=True))
        raise PolicyFileError(tuple(problems))
    editions: list[Edition] = []
    for index, one in enumerate(listed):
        path: YamlPath = ("editions", index)
        problems += [
            marked.problem((*path, str(key)), unknown_key(str(key), EDITION_KEYS)) for key in one if key not in EDITION_KEYS
        ]
        try:
            read = _edition_policy(marked, one, path, folder)
            editions.append(edition_of(read.policy, read.layers, marked, path, timezone))
        except PolicyFileError as error:
            problems += error.problems
    if not problems:
        editions = in_turn(editions)
        problems += out_of_turn(marked, editions)
    if problems:
        raise PolicyFileError(tuple(problems))
    return PolicyBook(content["book_id"], content["version"], content["title"], tuple(editions))


def _edition_policy(marked: MarkedYaml, one: Mapping[str, Any], path: YamlPath, folder: Path) -> _Read:
    name = one.get("policy")
    try:
        if not isinstance(name, str):
            raise ConfigurationError("must name a pack or a file")
        text, file, its_folder = _found(name, folder)
    except ConfigurationError as error:
        raise PolicyFileError((marked.problem((*path, "policy"), str(error), at_value=True),)) from error
    return _policy(_marked(text, file), its_folder, (marked.file,))
