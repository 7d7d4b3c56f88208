"""Policy packs: YAML files, checked against the policy's own types, every section tied to a clause that exists."""

from __future__ import annotations

from importlib import resources
from pathlib import Path
from typing import Any

import yaml
from pydantic import ConfigDict, TypeAdapter, ValidationError, with_config

from bwc_audit.domain import policy as policies
from bwc_audit.domain.policy import Policy
from bwc_audit.domain.policy_book import PolicyBook
from bwc_audit.errors import ConfigurationError

SCHEMA = "bwc-policy/1"

_STRICT = ConfigDict(extra="forbid")
for _section in (
    policies.Clause,
    policies.ExemptionCondition,
    policies.ExemptionRule,
    policies.LongerRetention,
    policies.ScopeRules,
    policies.WindowRules,
    policies.CoverageRules,
    policies.BufferRules,
    policies.ClockRules,
    policies.UploadRules,
    policies.RetentionRules,
    policies.LabellingRules,
    policies.CustodyRules,
    policies.SamplingRules,
    policies.UsabilityRules,
    policies.SeverityRules,
    policies.SoundMatchRules,
    policies.Policy,
):
    with_config(_STRICT)(_section)

#: Reads and describes a policy pack; unknown settings are errors, so that a misspelt number is never ignored.
POLICY_ADAPTER: TypeAdapter[Policy] = TypeAdapter(Policy)


def shipped_policies() -> tuple[str, ...]:
    """Ids of the packs that come with the program, ascending."""
    folder = resources.files("bwc_audit") / "policies"
    return tuple(sorted(entry.name.removesuffix(".yaml") for entry in folder.iterdir() if entry.name.endswith(".yaml")))


def load_policy(name_or_path: str) -> Policy:
    """A shipped pack by its id, or a file. Raises ``ConfigurationError`` that names file, setting and mend."""
    path = Path(name_or_path)
    if path.suffix in (".yaml", ".yml"):
        return parse_policy(_read(path), str(path))
    if name_or_path not in shipped_policies():
        known = ", ".join(shipped_policies())
        raise ConfigurationError(f"no policy pack {name_or_path!r}: name one of {known}, or a .yaml file")
    text = (resources.files("bwc_audit") / "policies" / f"{name_or_path}.yaml").read_text(encoding="utf-8")
    return parse_policy(text, f"{name_or_path}.yaml")


def load_book(name_or_path: str, timezone: str = "UTC") -> PolicyBook:
    return PolicyBook.of(load_policy(name_or_path))


def parse_policy(text: str, where: str) -> Policy:
    """A policy from YAML text; ``where`` names it in errors."""
    try:
        content: Any = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ConfigurationError(f"{where}: not YAML: {error}") from error
    if not isinstance(content, dict) or content.pop("schema", None) != SCHEMA:
        raise ConfigurationError(f"{where}: the first line must be `schema: {SCHEMA}`")
    policy = policy_of(content, where)
    problems = "; ".join(_contradictions(policy))
    if problems:
        raise ConfigurationError(f"{where}: {problems}")
    return policy


def policy_of(content: dict[str, Any], where: str) -> Policy:
    """A policy from its content without the schema line, as ``dataclasses.asdict`` gives it."""
    try:
        return POLICY_ADAPTER.validate_python(content)
    except ValidationError as error:
        problems = "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors())
        raise ConfigurationError(f"{where}: {problems}") from error


def policy_schema() -> dict[str, Any]:
    """The JSON Schema of a policy pack."""
    schema = POLICY_ADAPTER.json_schema()
    schema["properties"]["schema"] = {"const": SCHEMA}
    schema["required"] = ["schema", *schema["required"]]
    return schema


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigurationError(f"policy file {path}: {error.strerror}") from error


def _contradictions(policy: Policy) -> list[str]:
    sections = ("scope", "window", "coverage", "buffer", "clock", "upload", "retention", "labelling", "custody")
    problems = []
    for section in (*sections, "sampling", "usability", "severity", "sound_match"):
        rules = getattr(policy, section)
        for name in rules.__slots__:
            value = getattr(rules, name)
            if name.endswith("clause") and value not in policy.clauses:
                problems.append(f"{section}.{name}: there is no clause {value!r}")
            if isinstance(value, float | int) and value < 0 and not name.endswith(("dbfs", "_db")):
                problems.append(f"{section}.{name}: {value} must not be negative")
    if not policy.window.start or not policy.window.end:
        problems.append("window: start and end need at least one reference each")
    return problems
