"""What goes into a report, and what each page shows: one documented class for each template.

A template sees the fields of its class and nothing else. All texts are plain strings that the template escapes; only
``Markup`` (pictures rendered by this package) is put in as it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from markupsafe import Markup

from bwc_audit.domain.clock_days import ClockDay
from bwc_audit.domain.expiring import Expiring
from bwc_audit.domain.findings import FindingKind
from bwc_audit.domain.noise_rate import ReviewedNoise
from bwc_audit.domain.policy import Policy
from bwc_audit.domain.rates import RateBook, RateTable
from bwc_audit.domain.records import RejectedRow
from bwc_audit.domain.results import AssignmentResult, IncidentResult, PlacedSegment, Waiting
from bwc_audit.domain.runs import ObservedFinding, Run
from bwc_audit.domain.turned import Turned
from bwc_audit.domain.watermarks import Watermark
from bwc_audit.report.evidence import Effort, InspectionEvidence, SoundAgreement
from bwc_audit.report.evidence_views import FileEvidence


@dataclass(frozen=True, slots=True)
class PlacedStill:
    """One sampled frame: ``at_us`` in the world (corrected UTC), ``media_at_us`` from the first frame of the file."""

    at_us: int
    jpeg: bytes
    sha256: str
    media_at_us: int


@dataclass(frozen=True, slots=True)
class RunReportInput:
    """Everything one report is made of. ``stills`` by footage id.

    ``examined`` says for kinds of finding how much was examined for them (a whole phrase, say *412 recordings*);
    where a kind is not named, the report counts what it was given (assignments decided, segments of incidents).
    ``evidence`` by footage id: what a look into the file brought. ``agreements`` by incident id: its cameras compared by
    sound. ``effort``: what was looked at in the whole run, None: not recorded. ``clocks``, ``watermarks``, ``waiting``,
    ``expiring``: what the run knew of its sources. ``book``: all rates of the run, None for a part of one; ``noise``: what
    reviews had said of each kind of finding when the run was decided. ``turns``: what turned since the run before.
    """

    run: Run
    results: tuple[AssignmentResult, ...]
    incidents: tuple[IncidentResult, ...]
    segments: tuple[PlacedSegment, ...]
    observed: tuple[ObservedFinding, ...]
    rejected: tuple[RejectedRow, ...]
    rates: RateTable
    policy: Policy
    stills: Mapping[str, tuple[PlacedStill, ...]] = field(default_factory=dict)
    examined: Mapping[FindingKind, str] = field(default_factory=dict)
    evidence: Mapping[str, InspectionEvidence] = field(default_factory=dict)
    agreements: Mapping[str, tuple[SoundAgreement, ...]] = field(default_factory=dict)
    effort: Effort | None = None
    clocks: tuple[ClockDay, ...] = ()
    watermarks: tuple[Watermark, ...] = ()
    waiting: tuple[Waiting, ...] = ()
    expiring: tuple[Expiring, ...] = ()
    book: RateBook | None = None
    noise: tuple[ReviewedNoise, ...] = ()
    turns: tuple[Turned, ...] = ()


@dataclass(frozen=True, slots=True)
class PageFrame:
    """What every page has. ``csp`` allows exactly the style sheet in ``css``; ``footer`` names run and software."""

    title: str
    css: Markup
    csp: str
    footer: str


@dataclass(frozen=True, slots=True)
class Fact:
    """A label and its text, one line of a list of facts."""

    label: str
    text: str


@dataclass(frozen=True, slots=True)
class Banner:
    """The first line of a report. ``open_points``: what could not be examined, one sentence each."""

    is_complete: bool
    headline: str
    open_points: tuple[str, ...]
    more: str


@dataclass(frozen=True, slots=True)
class Tally:
    """One summary number; ``style`` is the CSS name of its outcome, or empty."""

    label: str
    count: str
    style: str
    note: str


@dataclass(frozen=True, slots=True)
class RateBar:
    """One rate. Positions are per cent 0..100 of the bar's width; None where nothing is drawn.

    ``low``/``high``: Wilson 95 % interval; ``band_low``/``band_high``: pending and unknown all bad, then all good.
    """

    name: str
    meaning: str
    share: str
    fraction: str
    interval: str
    band: str
    at: float | None
    low: float | None
    high: float | None
    band_low: float | None
    band_high: float | None


@dataclass(frozen=True, slots=True)
class RateRow:
    """The rates of one group: ``cells`` are share and interval of each rate, in the order of the columns."""

    key: str
    assignments: str
    decided: str
    cells: tuple[Fact, ...]


@dataclass(frozen=True, slots=True)
class RateGroups:
    """The groups of one key as a table, in the order of the keys; ``more`` says what is left out, or nothing."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[RateRow, ...]
    more: str


@dataclass(frozen=True, slots=True)
class FunnelView:
    """One funnel: its picture (empty: there is none to draw) and what it says."""

    title: str
    picture: Markup
    sentences: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class NoiseRow:
    """What reviews said of one kind of finding."""

    kind: str
    share: str
    interval: str
    basis: str
    sample_id: str


@dataclass(frozen=True, slots=True)
class WaterfallStep:
    """One row of the waterfall: ``left`` and ``width`` of its bar in per cent of all assignments."""

    label: str
    count: str
    left: float
    width: float
    style: str


@dataclass(frozen=True, slots=True)
class KindRow:
    """How often one kind was found, by severity, and ``among`` what."""

    kind: str
    count: int
    high: int
    medium: int
    low: int
    among: str


@dataclass(frozen=True, slots=True)
class KindGroup:
    """The kinds of one group; ``empty`` names all kinds of the group of which there is none, with what was examined."""

    title: str
    rows: tuple[KindRow, ...]
    empty: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FindingLine:
    """One finding in a list: what, where, the measured fact, and the page that shows it (empty: none)."""

    kind: str
    severity: str
    subject: str
    message: str
    note: str
    href: str


@dataclass(frozen=True, slots=True)
class ChangeGroup:
    """Findings that stand alike against the previous run."""

    title: str
    count: str
    lines: tuple[FindingLine, ...]


@dataclass(frozen=True, slots=True)
class Chip:
    """An outcome in words, with its CSS name."""

    label: str
    style: str


@dataclass(frozen=True, slots=True)
class IncidentLine:
    """One incident in the list of the run: ``strip`` is its mini timeline, ``strip_words`` where there is none."""

    incident_id: str
    href: str
    facts: str
    time: str
    strip: Markup
    strip_words: str
    chips: tuple[Chip, ...]
    note: str


@dataclass(frozen=True, slots=True)
class RejectedLine:
    """One row that was not accepted; ``place`` is file and line."""

    place: str
    field: str
    reason: str
    detail: str
    text: str


@dataclass(frozen=True, slots=True)
class StillView:
    """One still frame; ``source`` is a ``data:`` address."""

    source: Markup
    caption: str
    alternative: str


@dataclass(frozen=True, slots=True)
class ExplanationView:
    """One competing explanation with what speaks for it and against it."""

    title: str
    speaks_for: tuple[str, ...]
    speaks_against: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class EvidenceView:
    """One thing that can be looked up. ``time`` and ``sha256`` may be empty."""

    kind: str
    ref: str
    time: str
    sha256: str


@dataclass(frozen=True, slots=True)
class FindingCard:
    """One finding in full. ``anchor`` is its address inside the page; ``change`` says how it stands against the last run;
    ``gone``: *resolved* or *replaced*, empty while it is stated."""

    anchor: str
    kind: str
    severity: str
    style: str
    subject: str
    message: str
    is_borderline: bool
    gone: str
    change: str
    disposition: str
    clause: str
    clause_reference: str
    clause_note: str
    facts: tuple[Fact, ...]
    spans: tuple[Fact, ...]
    reliability: str
    explanations: tuple[ExplanationView, ...]
    evidence: tuple[EvidenceView, ...]
    not_examined: tuple[str, ...]
    stills: tuple[StillView, ...]


@dataclass(frozen=True, slots=True)
class OfficerView:
    """What became of one officer's assignment."""

    officer: str
    chip: Chip
    reason: str
    facts: tuple[Fact, ...]
    not_examined: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SegmentView:
    """One file placed at the incident. ``effort``: what was looked at; ``evidence`` None: nothing of its inside is known."""

    footage: str
    camera: str
    officer: str
    time: str
    clock: str
    examined: str
    stills: tuple[StillView, ...]
    effort: tuple[Fact, ...]
    evidence: FileEvidence | None


@dataclass(frozen=True, slots=True)
class IndexPage:
    """``index.html.j2``: the summary of a run."""

    page: PageFrame
    banner: Banner
    heading: str
    facts: tuple[Fact, ...]
    tallies: tuple[Tally, ...]
    rates: tuple[RateBar, ...]
    rates_note: str
    rate_groups: tuple[RateGroups, ...]
    funnels: tuple[FunnelView, ...]
    noise: tuple[NoiseRow, ...]
    noise_sentence: str
    waterfall: tuple[WaterfallStep, ...]
    kinds: tuple[KindGroup, ...]
    findings_sentence: str
    changes: tuple[ChangeGroup, ...]
    changes_sentence: str
    turns: tuple[Fact, ...]
    turn_lines: tuple[str, ...]
    incidents: tuple[IncidentLine, ...]
    incidents_sentence: str
    cards: tuple[FindingCard, ...]
    cards_sentence: str
    borderline: tuple[FindingLine, ...]
    borderline_sentence: str
    rejected: tuple[RejectedLine, ...]
    rejected_sentence: str
    inputs: tuple[Fact, ...]
    inputs_sentence: str
    effort: tuple[Fact, ...]
    effort_sentence: str
    not_examined: tuple[str, ...]
    not_examined_sentence: str
    expiring: tuple[Fact, ...]
    expiring_sentence: str
    clocks: tuple[Fact, ...]
    clocks_sentence: str
    watermarks: tuple[Fact, ...]
    waiting_sentence: str


@dataclass(frozen=True, slots=True)
class IncidentPage:
    """``incident.html.j2``: one incident with the picture of its timeline.

    ``picture`` holds the timeline in three widths, ``sound`` the strips of sound levels; the style sheet shows the one
    that fits. ``agreements``: cameras compared by sound, a sentence each.
    """

    page: PageFrame
    banner: Banner
    heading: str
    facts: tuple[Fact, ...]
    picture: Markup
    picture_sentence: str
    sound: Markup
    sound_sentences: tuple[str, ...]
    agreements: tuple[str, ...]
    officers: tuple[OfficerView, ...]
    officers_sentence: str
    cards: tuple[FindingCard, ...]
    cards_sentence: str
    borderline: tuple[FindingCard, ...]
    borderline_sentence: str
    replaced: tuple[FindingCard, ...]
    resolved: tuple[FindingCard, ...]
    segments: tuple[SegmentView, ...]
    segments_sentence: str
