"""YAML with the place of every key and value, so that a problem can be pointed at: file, line and column from 1."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml

Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """Where something stands, as editors count."""

    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong in a file. ``field`` is its path with dots; empty: the file as a whole."""

    file: str
    place: Place | None
    field: str
    said: str

    def __str__(self) -> str:
        where = f"{self.file}:{self.place.line}:{self.place.column}" if self.place else self.file
        return f"{where}: {self.field}: {self.said}" if self.field else f"{where}: {self.said}"


@dataclass(frozen=True, slots=True)
class MarkedYaml:
    """The content of one file and where its parts stand. ``keys``: of a key, or an element of a list; ``values``: of what
    follows a key."""

    file: str
    content: dict[str, Any]
    keys: dict[Path, Place] = field(default_factory=dict)
    values: dict[Path, Place] = field(default_factory=dict)

    def problem(self, path: Path, said: str, *, at_value: bool = False) -> Problem:
        """A problem at the nearest place that the path has in this file."""
        return Problem(self.file, self._nearest(path, at_value=at_value), dotted(path), said)

    def _nearest(self, path: Path, *, at_value: bool) -> Place | None:
        first, second = (self.values, self.keys) if at_value else (self.keys, self.values)
        for length in range(len(path), -1, -1):
            found = first.get(path[:length]) or second.get(path[:length])
            if found is not None:
                return found
        return None


def dotted(path: Path) -> str:
    """``layers[0].coverage.gap_s``."""
    said = ""
    for part in path:
        said += f"[{part}]" if isinstance(part, int) else f".{part}" if said else part
    return said


def read_yaml(text: str, file: str) -> tuple[MarkedYaml | None, tuple[Problem, ...]]:
    """The marked content of a YAML mapping, or the problems that keep it from being one (a key given twice among them)."""
    loader = yaml.SafeLoader(text)
    try:
        node = loader.get_single_node()
        if not isinstance(node, yaml.MappingNode):
            return None, (Problem(file, Place(1, 1), "", "must be a YAML mapping of settings"),)
        marked = MarkedYaml(file, {})
        problems = tuple(_mark(node, (), marked, ()))
        content = loader.construct_document(node)
    except yaml.YAMLError as error:
        return None, (_unreadable(file, error),)
    except ValueError as error:  # PyYAML lets a date like 2025-02-30 through to its constructor
        return None, (Problem(file, None, "", f"a value cannot be read: {error}"),)
    finally:
        loader.dispose()
    return MarkedYaml(file, content, marked.keys, marked.values), problems


def _unreadable(file: str, error: yaml.YAMLError) -> Problem:
    mark = getattr(error, "problem_mark", None)
    said = getattr(error, "problem", None) or str(error)
    return Problem(file, Place(mark.line + 1, mark.column + 1) if mark else None, "", f"not YAML: {said}")


def _mark(node: yaml.Node, path: Path, marked: MarkedYaml, above: tuple[int, ...]) -> Iterator[Problem]:
    """Note the places below a node. ``above``: the nodes it lies in; an alias to one of them would never end."""
    if id(node) in above:
        raise yaml.YAMLError("an alias refers to what it lies in")
    marked.values[path] = _place(node)
    if isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            name = str(key.value)
            if name in seen:
                yield Problem(marked.file, _place(key), dotted((*path, name)), "is given twice; keep one of them")
            seen.add(name)
            marked.keys[*path, name] = _place(key)
            yield from _mark(value, (*path, name), marked, (*above, id(node)))
    elif isinstance(node, yaml.SequenceNode):
        for index, value in enumerate(node.value):
            yield from _mark(value, (*path, index), marked, (*above, id(node)))


def _place(node: yaml.Node) -> Place:
    return Place(node.start_mark.line + 1, node.start_mark.column + 1)
