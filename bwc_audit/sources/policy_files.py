"""Policy files: YAML packs with inheritance, layers and effective dates, checked as a whole and told by file, line, column.

A file extends a pack or another file; what it sets wins. Layers in it hold for the units, call types and priorities that
they name. A *book* file lists packs or files as editions, each in force from a day to a day.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from datetime import date, datetime
from importlib import resources
from itertools import pairwise
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import ConfigDict, TypeAdapter, with_config

from bwc_audit.domain import policy as policies
from bwc_audit.domain.policy import Clause, ExemptionRule, Policy
from bwc_audit.domain.policy_book import (
    LAYERED_SECTIONS,
    MEASURING_SECTIONS,
    Edition,
    Layer,
    LayerCondition,
    PolicyBook,
)
from bwc_audit.domain.times import us_of
from bwc_audit.errors import ConfigurationError
from bwc_audit.sources.policy_problems import (
    SECTIONS,
    Told,
    contradictory,
    out_of_range,
    told_by,
    unknown_key,
    without_clause,
)
from bwc_audit.sources.yaml_marks import MarkedYaml, Problem, read_yaml
from bwc_audit.sources.yaml_marks import Path as YamlPath

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
_SECTION_ADAPTERS: dict[str, TypeAdapter[Any]] = {name: TypeAdapter(kind) for name, kind in SECTIONS.items()}
_EXEMPTIONS: TypeAdapter[tuple[ExemptionRule, ...]] = TypeAdapter(tuple[ExemptionRule, ...])
_CLAUSES: TypeAdapter[dict[str, Clause]] = TypeAdapter(dict[str, Clause])
_CONDITION: TypeAdapter[LayerCondition] = TypeAdapter(LayerCondition)

#: Keys of a file beside those of a policy.
_FILE_KEYS = ("schema", "extends", "layers", "effective_from", "effective_to", "timezone")
_LAYER_KEYS = ("name", "when", "clauses", "exemptions", *LAYERED_SECTIONS)
_BOOK_KEYS = ("schema", "book_id", "version", "title", "timezone", "editions")
_EDITION_KEYS = ("policy", "effective_from", "effective_to")

#: What stands for the file where none names a setting.
PROGRAM_DEFAULT = "program default"

#: Files that extend one another are at most so many.
_DEEPEST = 8


class PolicyFileError(ConfigurationError):
    """A policy file is wrong. ``problems``: each with its place; the text holds them all, a line each."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = problems


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
    return PolicyBook(read.policy.policy_id, read.policy.version, read.policy.title, (_edition(read, marked, (), timezone),))


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
            layers=tuple(_layer({**raw["changes"], **raw}, one["policy"])[0] for raw in one["layers"]),
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
    own = {str(key): value for key, value in marked.content.items() if key not in _FILE_KEYS}
    parent = _parent(marked, folder, below)
    content = _merged(parent, own) if parent else own
    told = [
        *told_by(POLICY_ADAPTER, content),
        *out_of_range(content),
        *contradictory(content),
        *without_clause(content, _clause_names(content)),
    ]
    problems = _problems(marked, told)
    layers, layer_problems = _layers(marked, content)
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


def _problems(marked: MarkedYaml, told: list[Told]) -> tuple[Problem, ...]:
    """Each once, in the order of the file; of two that point at one setting, the first."""
    found: dict[YamlPath, Problem] = {}
    for path, said, at_value in told:
        found.setdefault(path, marked.problem(path, said, at_value=at_value))
    return tuple(sorted(found.values(), key=lambda one: (one.place is None, one.place, one.field)))


def _clause_names(content: Mapping[str, Any]) -> list[str]:
    clauses = content.get("clauses")
    return list(clauses) if isinstance(clauses, Mapping) else []


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


def _layers(marked: MarkedYaml, content: Mapping[str, Any]) -> tuple[tuple[Layer, ...], tuple[Problem, ...]]:
    raw = marked.content.get("layers")
    if raw is None:
        return (), ()
    if not isinstance(raw, list) or not all(isinstance(one, dict) for one in raw):
        return (), (marked.problem(("layers",), "must be a list of layers, each with name and when", at_value=True),)
    layers: list[Layer] = []
    told: list[Told] = []
    names: set[str] = set()
    for index, one in enumerate(raw):
        layer, its_problems = _layer(one, content, ("layers", index))
        told += its_problems
        if layer.name in names:
            told.append((("layers", index, "name"), f"{layer.name!r} is the name of a layer before it", True))
        names.add(layer.name)
        layers.append(layer)
    return tuple(layers), _problems(marked, told)


def _layer(raw: Mapping[str, Any], below: Mapping[str, Any], above: YamlPath = ()) -> tuple[Layer, tuple[Told, ...]]:
    """One layer over the content below it, with what is wrong with it."""
    told: list[Told] = []
    kept = ("changes",)
    for key in raw:
        if key in MEASURING_SECTIONS or key == "custody":
            told.append(((*above, key), "is one for the whole policy; a layer cannot change it", False))
        elif key not in (*_LAYER_KEYS, *kept):
            told.append(((*above, str(key)), unknown_key(str(key), _LAYER_KEYS), False))
    if not isinstance(raw.get("name"), str) or not raw["name"]:
        told.append(((*above, "name"), "a layer needs a name, as text; it is shown with what it sets", False))
    condition = raw.get("when") if isinstance(raw.get("when"), Mapping) else {}
    if not any((condition or {}).values()):
        told.append(((*above, "when"), "must name units, call_types or priorities", False))
    told += told_by(_CONDITION, condition, LayerCondition, (*above, "when"))
    clauses = raw.get("clauses", {})
    told += told_by(_CLAUSES, clauses, dict[str, Clause], (*above, "clauses"))
    exemptions = raw.get("exemptions", [])
    told += told_by(_EXEMPTIONS, exemptions, tuple[ExemptionRule, ...], (*above, "exemptions"))
    changed = {name: raw[name] for name in LAYERED_SECTIONS if name in raw}
    merged = {
        name: {**below.get(name, {}), **settings} if isinstance(settings, Mapping) else settings
        for name, settings in changed.items()
    }
    for name, settings in merged.items():
        told += told_by(_SECTION_ADAPTERS[name], settings, SECTIONS[name], (*above, name))
    named = [*_clause_names(below), *(clauses if isinstance(clauses, Mapping) else ())]
    whole = {**merged, "exemptions": exemptions}
    told += [*out_of_range(whole, above), *contradictory(whole, above), *without_clause(whole, named, above)]
    told = [one for one in told if _is_of_layer(one[0][len(above) :], changed)]  # the content below tells its own
    if told:
        return Layer(str(raw.get("name")), LayerCondition()), tuple(told)
    built = {name: _SECTION_ADAPTERS[name].validate_python(settings) for name, settings in merged.items()}
    changes = {name: {key: getattr(built[name], key) for key in settings} for name, settings in changed.items()}
    layer = Layer(
        raw["name"],
        _CONDITION.validate_python(condition),
        changes,
        _EXEMPTIONS.validate_python(exemptions),
        _CLAUSES.validate_python(clauses),
    )
    return layer, ()


def _is_of_layer(path: YamlPath, changed: Mapping[str, Any]) -> bool:
    """Whether a problem at this path was made by the layer itself."""
    settings = changed.get(str(path[0]))
    return len(path) < 2 or not isinstance(settings, Mapping) or path[1] in settings


def _edition(read: _Read, marked: MarkedYaml, path: YamlPath, timezone: str) -> Edition:
    """A policy in force as ``marked`` says below ``path``."""
    raw: Any = marked.content
    for part in path:
        raw = raw[part]
    zone, problems = _zone(marked, timezone)
    days: dict[str, date | None] = {}
    for key in ("effective_from", "effective_to"):
        days[key], problem = _day(raw.get(key))
        if problem:
            problems = (*problems, marked.problem((*path, key), problem, at_value=True))
    first, behind = days["effective_from"], days["effective_to"]
    if first and behind and behind <= first:
        said = f"must be after effective_from ({first}); it is {behind}"
        problems = (*problems, marked.problem((*path, "effective_to"), said, at_value=True))
    if problems or zone is None:
        raise PolicyFileError(problems)
    edition = Edition(read.policy, read.layers)
    if first is not None:
        edition = replace(edition, effective_from=first.isoformat(), from_us=_midnight(first, zone))
    if behind is not None:
        edition = replace(edition, effective_to=behind.isoformat(), to_us=_midnight(behind, zone))
    return edition


def _zone(marked: MarkedYaml, timezone: str) -> tuple[ZoneInfo | None, tuple[Problem, ...]]:
    name = marked.content.get("timezone", timezone)
    try:
        return ZoneInfo(str(name)), ()
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None, (marked.problem(("timezone",), f"{name!r} is no IANA time zone, such as Europe/London", at_value=True),)


def _day(value: object) -> tuple[date | None, str]:
    if value is None:
        return None, ""
    try:
        if isinstance(value, date) and not isinstance(value, datetime):
            return value, ""
        return date.fromisoformat(str(value)), ""
    except ValueError:
        return None, f"must be a day, such as 2025-07-01; it is {value!r}"


def _midnight(day: date, zone: ZoneInfo) -> int:
    return us_of(datetime(day.year, day.month, day.day, tzinfo=zone))


def _book(marked: MarkedYaml, folder: Path, timezone: str) -> PolicyBook:
    content = marked.content
    problems = [marked.problem((str(key),), unknown_key(str(key), _BOOK_KEYS)) for key in content if key not in _BOOK_KEYS]
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
            marked.problem((*path, str(key)), unknown_key(str(key), _EDITION_KEYS))
            for key in one
            if key not in _EDITION_KEYS
        ]
        try:
            editions.append(_edition(_edition_policy(marked, one, path, folder), marked, path, timezone))
        except PolicyFileError as error:
            problems += error.problems
    if not problems:
        editions = _in_turn(editions)
        problems += _out_of_turn(marked, editions)
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


def _in_turn(editions: list[Edition]) -> list[Edition]:
    """An edition without its own end holds until the next begins."""
    ended = [
        replace(one, effective_to=following.effective_from, to_us=following.from_us) if one.effective_to is None else one
        for one, following in pairwise(editions)
    ]
    return [*ended, editions[-1]]


def _out_of_turn(marked: MarkedYaml, editions: list[Edition]) -> list[Problem]:
    """Gaps and overlaps of editions that follow one another, and measuring sections that differ."""
    problems = []
    for index, (one, following) in enumerate(pairwise(editions), start=1):
        path = ("editions", index, "effective_from")
        if following.effective_from is None:
            problems.append(marked.problem(path, "is missing: only the first edition may begin without a day"))
        elif following.from_us <= one.from_us:
            said = f"{following.effective_from} is not after the edition before ({one.effective_from or 'always'})"
            problems.append(marked.problem(path, said, at_value=True))
        elif following.from_us != one.to_us:
            what = "a gap: no policy would hold" if following.from_us > one.to_us else "an overlap: two policies would hold"
            days = sorted((str(one.effective_to), following.effective_from))
            problems.append(marked.problem(path, f"{what} from {days[0]} until {days[1]}", at_value=True))
    last = editions[-1].policy
    for index, edition in enumerate(editions[:-1]):
        differing = [name for name in MEASURING_SECTIONS if getattr(edition.policy, name) != getattr(last, name)]
        if differing:
            said = (
                f"its {' and '.join(differing)} differ from those of the last edition; how media and clocks are measured is "
                "one for the whole book"
            )
            problems.append(marked.problem(("editions", index, "policy"), said, at_value=True))
    return problems
