"""Which policy holds for which assignment: editions by the day of the incident, layers by unit, call type and priority.

A *book* holds one or more *editions*, each in force for a span of days; an edition is the force's policy and the layers
over it, applied in order, later ones winning. What an assignment is judged by is a ``Policy`` of its own, with its own
hash and, setting by setting, the layer that set it.

How media and clocks are measured (``MEASURING_SECTIONS``) is one for the whole book: it says what can be seen, not what is
demanded of an officer, and a run measures everything once.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from bwc_audit.domain.policy import Clause, ExemptionRule, Policy, hash_of, meets

#: Sections that layers and editions share; the others may differ from assignment to assignment.
MEASURING_SECTIONS = ("clock", "sampling", "usability", "sound_match")

#: Sections that a layer may change.
LAYERED_SECTIONS = ("scope", "window", "coverage", "buffer", "upload", "retention", "labelling", "severity")

_ALWAYS_US = -(2**63)
_FOREVER_US = 2**63 - 1


@dataclass(frozen=True, slots=True)
class LayerCondition:
    """Whom a layer is for; an empty list asks for nothing. Upper and lower case do not matter."""

    units: tuple[str, ...] = ()
    call_types: tuple[str, ...] = ()
    priorities: tuple[str, ...] = ()

    def holds(self, unit: str | None, call_type: str | None, priority: str | None) -> bool:
        """Whether an assignment of this unit, call type and priority is meant; an unknown value fits no list."""
        asked = ((self.units, unit), (self.call_types, call_type), (self.priorities, priority))
        return all(meets(wanted, (value,)) for wanted, value in asked)


@dataclass(frozen=True, slots=True)
class Layer:
    """What differs for some assignments. ``changes``: section → setting → value, of the section's own types;
    ``exemptions`` are added to those below."""

    name: str
    when: LayerCondition
    changes: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    exemptions: tuple[ExemptionRule, ...] = ()
    clauses: Mapping[str, Clause] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Edition:
    """A policy with its layers, in force in ``[from_us, to_us)``. ``effective_from`` and ``effective_to`` are the first day
    it holds and the first it no longer does, as written (ISO dates of the agency); None: without end."""

    policy: Policy
    layers: tuple[Layer, ...] = ()
    effective_from: str | None = None
    effective_to: str | None = None
    from_us: int = _ALWAYS_US
    to_us: int = _FOREVER_US


@dataclass(frozen=True, slots=True)
class PolicyBook:
    """Editions in order of time, without gap or overlap. ``rules_for`` is the seam between policy and judgement."""

    book_id: str
    version: str
    title: str
    editions: tuple[Edition, ...]
    _resolved: dict[tuple[int, str | None, str | None, str | None], Policy] = field(
        default_factory=dict, compare=False, repr=False
    )
    _by_layers: dict[tuple[int, tuple[int, ...]], Policy] = field(default_factory=dict, compare=False, repr=False)

    @staticmethod
    def of(policy: Policy, layers: tuple[Layer, ...] = ()) -> PolicyBook:
        """A book with one edition that always holds."""
        return PolicyBook(policy.policy_id, policy.version, policy.title, (Edition(policy, layers),))

    @property
    def base(self) -> Policy:
        """The force's policy of the latest edition; its ``MEASURING_SECTIONS`` are those of all."""
        return self.editions[-1].policy

    @property
    def is_one_for_all(self) -> bool:
        """One edition without layers: the same policy for everybody, always."""
        return len(self.editions) == 1 and not self.editions[0].layers

    @property
    def policy_hash(self) -> str:
        """Hash of the policy where there is one only; else SHA-256 over all editions and layers."""
        only = self.editions[0]
        if self.is_one_for_all and only.effective_from is None and only.effective_to is None:
            return only.policy.policy_hash
        return hash_of(self.content)

    @property
    def content(self) -> dict[str, Any]:
        """All that the book says, as JSON can hold it."""
        return {
            "book_id": self.book_id,
            "version": self.version,
            "title": self.title,
            "editions": [
                {
                    "policy": asdict(one.policy),
                    "layers": [_layer_content(layer) for layer in one.layers],
                    "effective_from": one.effective_from,
                    "effective_to": one.effective_to,
                    "from_us": one.from_us,
                    "to_us": one.to_us,
                }
                for one in self.editions
            ],
        }

    @property
    def is_always_in_force(self) -> bool:
        """Whether an edition holds at any moment."""
        return self.editions[0].from_us == _ALWAYS_US and self.editions[-1].to_us == _FOREVER_US

    def longest_wait_s(self) -> float:
        """How long after an arrival its attendance may be pending by the rules of any edition and layer: as long as it may
        last, and then the longest wait for uploads."""
        waits = self._stated("upload", "grace_s") + self._stated("upload", "dock_wait_s")
        return max(waits) + max(self._stated("scope", "maximum_assignment_s"))

    def _stated(self, section: str, setting: str) -> list[float]:
        """All values of a setting, of editions and layers."""
        found = [getattr(getattr(one.policy, section), setting) for one in self.editions]
        changes = [layer.changes.get(section, {}) for one in self.editions for layer in one.layers]
        return found + [each[setting] for each in changes if setting in each]

    def is_in_force(self, at_us: int) -> bool:
        """Whether any edition holds at that moment."""
        return self.editions[0].from_us <= at_us < self.editions[-1].to_us

    def edition_at(self, at_us: int) -> int:
        """The index of the edition in force; before the first the first, after the last the last."""
        return max(0, bisect_right(self.editions, at_us, key=lambda edition: edition.from_us) - 1)

    def rules_for(self, unit: str | None, call_type: str | None, priority: str | None, at_us: int) -> Policy:
        """The policy that an assignment is judged by. Ask ``is_in_force`` first: outside all editions it is the nearest."""
        edition = 0 if len(self.editions) == 1 else self.edition_at(at_us)
        key = (edition, unit, call_type, priority)
        found = self._resolved.get(key)
        if found is None:
            layers = self.editions[edition].layers
            fitting = tuple(place for place, layer in enumerate(layers) if layer.when.holds(unit, call_type, priority))
            found = self._by_layers.get((edition, fitting))
            if found is None:
                found = with_layers(self.editions[edition].policy, tuple(layers[place] for place in fitting))
                self._by_layers[edition, fitting] = found
            self._resolved[key] = found
        return found

    def resolved(self) -> tuple[Policy, ...]:
        """The different policies handed out so far, by hash."""
        return tuple(
            sorted({one.policy_hash: one for one in self._resolved.values()}.values(), key=lambda one: one.policy_hash)
        )


def with_layers(policy: Policy, layers: tuple[Layer, ...]) -> Policy:
    """The policy with layers applied in their order, each setting marked with the layer that set it last."""
    for layer in layers:
        sections = {name: replace(getattr(policy, name), **settings) for name, settings in layer.changes.items()}
        set_here = {f"{name}.{setting}": layer.name for name, settings in layer.changes.items() for setting in settings}
        set_here |= {f"exemptions.{rule.code}": layer.name for rule in layer.exemptions}
        policy = replace(
            policy,
            **sections,
            exemptions=(*policy.exemptions, *layer.exemptions),
            clauses={**policy.clauses, **layer.clauses},
            provenance={**policy.provenance, **set_here},
        )
    return policy


def _layer_content(layer: Layer) -> dict[str, Any]:
    content = asdict(layer)
    content["changes"] = {
        section: {name: _plain(value) for name, value in settings.items()} for section, settings in layer.changes.items()
    }
    return content


def _plain(value: Any) -> Any:
    if isinstance(value, list | tuple):
        return [_plain(part) for part in value]
    return asdict(value) if hasattr(value, "__dataclass_fields__") else value
