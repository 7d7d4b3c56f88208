"""What the policy demands, as values. Every threshold of the audit lives here, with its unit in its name.

A policy is versioned and hashed; the hash is part of every run. Each section names the clause it rests on, and each
clause carries its text and reference. Numbers marked *engineering* in the shipped packs come from no published source.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from functools import cached_property, lru_cache


class Reference(StrEnum):
    """The recorded moment that opens or closes a required window. ``near_scene``: a stated distance before arrival."""

    DISPATCHED = "dispatched"
    EN_ROUTE = "en_route"
    ON_SCENE = "on_scene"
    CLEARED = "cleared"
    INCIDENT_OPENED = "incident_opened"
    INCIDENT_CLOSED = "incident_closed"
    NEAR_SCENE = "near_scene"


@lru_cache(maxsize=1024)  # a year of calls has few different sets of tags
def folded(names: tuple[str, ...]) -> frozenset[str]:
    """Names as they are compared: upper and lower case do not matter."""
    return frozenset(name.casefold() for name in names)


def meets(wanted: tuple[str, ...], values: Sequence[str | None]) -> bool:
    """Whether one of the values is wanted, in whatever case; where nothing is named, all are."""
    return not wanted or not folded(wanted).isdisjoint([one.casefold() for one in values if one is not None])


@dataclass(frozen=True, slots=True)
class Clause:
    """The words a section rests on: a short text, where it stands, and a note for whoever relies on it."""

    text: str
    reference: str
    note: str = "Verify with the current text."


@dataclass(frozen=True, slots=True)
class ScopeRules:
    """Which assignments must record at all. Empty lists of call types or priorities mean: all."""

    clause: str
    call_types: tuple[str, ...] = ()
    excluded_call_types: tuple[str, ...] = ()
    priorities: tuple[str, ...] = ()
    test_call_types: tuple[str, ...] = ("TEST", "CALLBACK")
    test_tags: tuple[str, ...] = ("test", "callback")
    minimum_on_scene_s: float = 60.0
    maximum_assignment_s: float = 86_400.0


@dataclass(frozen=True, slots=True)
class WindowRules:
    """Which references open and close the required window; each first choice is followed by its fallbacks.

    ``near_scene_m``: the distance that ``near_scene`` means, metres. ``near_scene_s``: seconds before arrival that stand for
    it where the position of the officer is not recorded (no source of this program records it), marked as a substitute;
    not before the officer set out or was dispatched."""

    clause: str
    start: tuple[Reference, ...] = (Reference.ON_SCENE,)
    end: tuple[Reference, ...] = (Reference.CLEARED, Reference.INCIDENT_CLOSED)
    near_scene_m: float = 0.0
    near_scene_s: float = 0.0


@dataclass(frozen=True, slots=True)
class CoverageRules:
    """When uncovered time becomes a finding; seconds."""

    activation_clause: str
    deactivation_clause: str
    gap_clause: str
    activation_grace_s: float = 30.0
    deactivation_grace_s: float = 30.0
    gap_s: float = 60.0
    join_s: float = 2.0


@dataclass(frozen=True, slots=True)
class ExemptionCondition:
    """What an incident must be for an exemption by rule: each list that is not empty must hold the incident's own value
    (of several tags, any one), compared without regard to case."""

    call_types: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    dispositions: tuple[str, ...] = ()
    areas: tuple[str, ...] = ()
    priorities: tuple[str, ...] = ()
    units: tuple[str, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether it asks for nothing, and would so exempt everything."""
        return not (self.call_types or self.tags or self.dispositions or self.areas or self.priorities or self.units)


@dataclass(frozen=True, slots=True)
class ExemptionRule:
    """Time in which nobody need record, by what the incident is. ``code`` names it in results.

    The time runs from ``start`` plus ``start_after_s`` to ``end`` plus ``end_after_s``; a side without a reference is the
    window's own. Where a named reference is not recorded, nothing is cut."""

    code: str
    clause: str
    when: ExemptionCondition
    start: Reference | None = None
    start_after_s: float = 0.0
    end: Reference | None = None
    end_after_s: float = 0.0


@dataclass(frozen=True, slots=True)
class BufferRules:
    """The pre-event buffer. ``expected_s`` serves where a device's own setting is unknown."""

    clause: str
    expected_s: float = 30.0
    minimum_share: float = 0.9


@dataclass(frozen=True, slots=True)
class ClockRules:
    """How far clocks are believed. A device clock is *trusted* when a dock checked it within ``check_days``.

    When an offset of one camera and day is applied that rests on anchors (engineering defaults): ``anchors_least`` of them
    must agree, and be ``anchor_share`` (0-1) of those of their kind. Tagged recordings agree within ``agree_s`` of their
    median; ``tagged_s``: how far activation lies from arrival besides; ``fit_share`` (0-1): how much of the recording must
    lie inside the call that its tag names, and how much of the call inside the recording, for a shift to be read from it.
    """

    clause: str
    trusted_s: float = 60.0
    untrusted_s: float = 120.0
    check_days: float = 7.0
    offset_s: float = 30.0
    jump_s: float = 30.0
    jump_ppm: float = 1000.0
    drift_ppm: float = 50.0
    drift_minimum_s: float = 2.0
    anchors_least: int = 3
    anchor_share: float = 0.8
    agree_s: float = 120.0
    tagged_s: float = 120.0
    fit_share: float = 0.5


@dataclass(frozen=True, slots=True)
class UploadRules:
    """When absence may be believed. ``dock_wait_s`` bounds how long an undocked device keeps results pending."""

    clause: str
    grace_s: float = 86_400.0
    dock_wait_s: float = 345_600.0


@dataclass(frozen=True, slots=True)
class LongerRetention:
    """Recordings of these categories are kept longer; days. Categories are compared without regard to case."""

    categories: tuple[str, ...]
    keep_days: float


@dataclass(frozen=True, slots=True)
class RetentionRules:
    """How long footage is kept where its metadata name no date, and from when on its end is announced; days.

    ``longer``: by category; of several that fit, the longest holds."""

    clause: str
    keep_days: float = 31.0
    warning_days: float = 7.0
    longer: tuple[LongerRetention, ...] = ()

    def days_of(self, categories: tuple[str, ...]) -> float:
        """How long a recording of these categories is kept."""
        named = {category.casefold() for category in categories}
        fitting = (one.keep_days for one in self.longer if named & {category.casefold() for category in one.categories})
        return max((self.keep_days, *fitting))


@dataclass(frozen=True, slots=True)
class LabellingRules:
    """What an officer must enter for a recording."""

    clause: str
    is_incident_id_required: bool = True
    is_category_required: bool = True


@dataclass(frozen=True, slots=True)
class CustodyRules:
    """Files complete, unaltered and accounted for."""

    clause: str


@dataclass(frozen=True, slots=True)
class SamplingRules:
    """Which frames are looked at, and how much may be spent on one file. Numbers here decide what is *seen*; the
    limits by which it is judged are ``UsabilityRules``, so that a changed limit never makes anyone read video again.

    ``step_s``: two samples inside what is asked for never lie further apart, and only where the sizes of coded frames say
    that nothing changed between them do they lie that far apart. ``near_step_s``: the same within
    ``near_reach_s`` of the ends of a required window and of dispatch records inside it. ``defect_step_s``: the same inside
    what looks defective, and inside what the sizes of coded frames single out. ``edge_step_s``: how exactly the ends of
    a defect are found. ``sound_step_s``: so often a piece of sound is decoded even where the sizes of packets tell that
    there is sound. ``is_adaptive``: False leaves out all but the even steps. A deep inspection looks at every frame.
    ``budget_bytes`` and ``budget_s`` (of processor time; ``deep_budget_s`` for a deep inspection) end the looking into one
    file; what is left unseen is stated.
    """

    clause: str
    step_s: float = 40.0
    near_step_s: float = 5.0
    near_reach_s: float = 10.0
    defect_step_s: float = 4.0
    edge_step_s: float = 0.1
    sound_step_s: float = 40.0
    is_adaptive: bool = True
    budget_bytes: float = 1e9
    budget_s: float = 60.0
    deep_budget_s: float = 240.0


@dataclass(frozen=True, slots=True)
class UsabilityRules:
    """From when on a picture or sound counts as unusable.

    Luma is 0-255 over the picture without the strips of the burned-in clock (``overlay_share`` of the height at the
    top and at the bottom); see ``detectors`` for each measure.
    ``frozen_difference``: luma by which pictures that repeat inside one group may differ; ``frozen_key_difference``: the
    same of two key frames, ``frozen_recode_difference``: of the first key frame in a run, which is coded anew.
    ``frozen_idle_share``: share of a key frame's bytes that the frames between may take while a picture is stuck;
    ``frozen_equal_share``: share of blocks from which on two key frames show one picture; ``frozen_growth_share``: share
    by which the key frames of a stuck picture grow while the encoder settles (all 0-1).
    ``lead_in_unknown_s`` bounds the silent lead-in where the metadata state no pre-event buffer.
    ``duration_tolerance_s``: how far a file's length may be from its metadata's, and from what its own index says.

    ``minimum_confidence`` (0-1): below it nothing is claimed; the span is said to be doubtful, and is not clean either.
    ``uniform_range``: luma between the darkest and the brightest hundredth, up to which a picture is one colour;
    ``uniform_stripe_deviation``: luma by which a test pattern's columns may deviate from being of one level each.
    ``blurred_edge_px``: width from which on even the sharpest edges count as out of focus, pixels of 320 across.
    ``corrupt_share`` (0-1): share of the picture that only a decoder's stopgap (exact mid-grey) fills;
    ``corrupt_smear_share`` (0-1): share of its height over which one row repeats down to the bottom; ``corrupt_grid_share``
    (0-1): how much of the blocks' grid stands out. ``corrupt_join_s``: damaged pictures no further apart are one span, since
    damage comes and goes from picture to picture.
    ``low_light_luma``: mean luma below which a picture with something in it is dark. ``rotated_likeness`` (0-1): how
    much the turned picture must be like the one before the turn, of two pictures at most ``rotated_apart_s`` apart.
    ``clipped_share`` (0-1): share of a block's samples
    at full scale from which on it is clipped; ``clipped_blocks_share`` (0-1): share of such blocks in a clipped span.
    ``obstructed_bright_luma``: mean luma from which on a smooth picture may be a wall or a sky as well as a cover, the more
    the brighter. ``obstructed_part_share`` (0-1): share of the picture from which on a cover of a part of the lens is told;
    ``obstructed_unusable_share`` (0-1): from which on the view counts as lost; ``obstructed_apart_s``: an open picture of
    the same scene must lie within this of the first or the last covered one.
    ``strip_difference``: luma by which a block of the clock strips changes when the clock in it runs on.
    """

    clause: str
    minimum_s: float = 10.0
    black_luma_p99: float = 24.0
    black_detail: float = 2.0
    frozen_difference: float = 0.02
    frozen_pairs: int = 3
    obstructed_detail: float = 3.5
    obstructed_share: float = 0.8
    timestamp_gap_s: float = 1.0
    silence_dbfs: float = -80.0
    audio_minimum_s: float = 10.0
    frozen_key_difference: float = 0.25
    frozen_recode_difference: float = 4.0
    frozen_idle_share: float = 0.03
    frozen_equal_share: float = 0.05
    frozen_growth_share: float = 0.04
    overlay_share: float = 0.12
    obstructed_night_luma: float = 40.0
    obstructed_light_detail: float = 12.0
    lead_in_tolerance_s: float = 2.0
    lead_in_unknown_s: float = 120.0
    duration_tolerance_s: float = 2.0
    minimum_confidence: float = 0.5
    uniform_range: float = 3.0
    uniform_stripe_deviation: float = 1.5
    blurred_edge_px: float = 5.0
    corrupt_share: float = 0.1
    corrupt_smear_share: float = 0.5
    corrupt_grid_share: float = 0.22
    corrupt_join_s: float = 5.0
    low_light_luma: float = 40.0
    rotated_likeness: float = 0.9
    rotated_apart_s: float = 0.5
    clipped_share: float = 0.02
    clipped_blocks_share: float = 0.25
    strip_difference: float = 12.0
    obstructed_bright_luma: float = 90.0
    obstructed_part_share: float = 0.2
    obstructed_unusable_share: float = 0.5
    obstructed_apart_s: float = 1.0


@dataclass(frozen=True, slots=True)
class InspectionRules:
    """What an inspection needs of a policy: what to look at, and how to judge it."""

    sampling: SamplingRules
    usability: UsabilityRules


@dataclass(frozen=True, slots=True)
class SoundMatchRules:
    """When the clocks of two cameras are compared by the sounds that both heard. Engineering defaults, measured by
    ``python -m tests.bench.sound_match``; an answer is evidence beside the clocks and decides nothing of an officer.

    ``window_s``: length of one window; ``most_windows`` of one recording are tried, the liveliest of evenly spread
    ones. ``silence_db``: a recording whose envelope stays below it is silent. ``least_activity``: mean square of the
    levels' movement (dB²) that a window needs. ``peak_ratio``: best lag over the best other one. ``agreeing``: windows
    that must find the best lag by themselves, within ``agree_s``; ``agreeing_share``: of those tried. ``uncertainty_s``:
    the least that is stated. ``search_s``: differences are looked for at least so far; further where the clocks' own
    tolerances reach further, up to ``most_search_s`` (memory and time grow with it).
    """

    window_s: float = 10.0
    most_windows: int = 48
    silence_db: float = -85.0
    least_activity: float = 0.5
    peak_ratio: float = 1.5
    agreeing: int = 3
    agreeing_share: float = 0.2
    agree_s: float = 0.1
    uncertainty_s: float = 0.1
    search_s: float = 120.0
    most_search_s: float = 600.0


@dataclass(frozen=True, slots=True)
class SeverityRules:
    """Steps by the measured seconds beyond what the clause allows: below the first *low*, then *medium*, *high*."""

    medium_s: float = 60.0
    high_s: float = 300.0


@dataclass(frozen=True)  # no slots: the hash is worked out once, and asked for with every finding
class Policy:
    """What one assignment is judged by. ``policy_hash`` changes with every number and every word.

    ``provenance``: for settings (``coverage.gap_s``) that another file or layer set, which one; the rest is the pack's own.
    """

    policy_id: str
    version: str
    title: str
    scope: ScopeRules
    window: WindowRules
    coverage: CoverageRules
    buffer: BufferRules
    clock: ClockRules
    upload: UploadRules
    retention: RetentionRules
    labelling: LabellingRules
    custody: CustodyRules
    sampling: SamplingRules
    usability: UsabilityRules
    severity: SeverityRules = field(default_factory=SeverityRules)
    sound_match: SoundMatchRules = field(default_factory=SoundMatchRules)
    exemptions: tuple[ExemptionRule, ...] = ()
    clauses: dict[str, Clause] = field(default_factory=dict)
    provenance: dict[str, str] = field(default_factory=dict)

    @property
    def inspection(self) -> InspectionRules:
        """The sections that an inspection needs."""
        return InspectionRules(self.sampling, self.usability)

    @cached_property
    def policy_hash(self) -> str:
        """SHA-256 over the canonical JSON of all settings and clause texts, hexadecimal."""
        return hash_of(asdict(self))

    @cached_property
    def reference(self) -> str:
        """``uk_generic/2026-11@0123456789ab``: pack, version, and the first digits of the hash."""
        return f"{self.policy_id}/{self.version}@{self.policy_hash[:12]}"


def hash_of(content: object) -> str:
    """SHA-256 over canonical JSON, hexadecimal."""
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(canonical.encode()).hexdigest()
