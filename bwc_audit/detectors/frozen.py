"""Which samples repeat one picture exactly: a stuck encoder, as against a still scene with its sensor noise.

Inside a group of pictures an encoder repeats a still scene as exactly as a stuck one: it skips the noise, and the frames
between the key frames cost next to nothing in both. Key frames are coded afresh, so two of them decide. Of one picture
they *agree* when they differ by at most ``frozen_key_difference`` (measured: 0 to 0.25 once a rate control has settled;
of a still scene 0.38 and more with a noise of 0.6 luma steps in AV1, 1.1 with 1 elsewhere), or when a share
``frozen_equal_share`` of their blocks is the same to the last pixel (HEVC, whose key frames of one picture differed by
0.3 to 0.75: 0.11 to 0.61; a noise of 0.2 steps or more: at most 0.01, in VP9 0). And all the while the frames between
must be *idle*: at most ``frozen_idle_share`` of a key frame (0.01 % to 0.6 % were seen, 2 % in a small picture of constant
quality; a noise that VP9 coded so well that key frames differed by 0.18 cost it 9 %). Sizes alone never conclude anything.

An encoder takes some seconds to settle on a picture that stops: key frames differ less and less (2.1, 1.3, 1.0, 0.5) and
grow meanwhile by 5 % to 65 % each, since the same picture gets more bits; under noise, after the first two, they stay as
they are (within 3.5 % where the frames between are idle). Two such *settling* steps count as agreement. A run that is
sure is drawn back over the fading series before it, never over a level one: a sensor's noise stays as it is.

Where a run holds fewer than two key frames, exact repetition of at least ``frozen_pairs`` pairs decides, and the
confidence is low: a still scene whose noise the encoder removed altogether cannot be told from a stuck encoder then. Not
told from a still scene, and not claimed: key frames that go on differing with no block alike (an intra refresh, AV1 when
it changes its mind). A sensor with noise of 0.3 steps or less in a scene where nothing moves can look stuck: at CRF 35,
and in AV1.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum, auto

from bwc_audit.domain.measures import PictureMeasures
from bwc_audit.domain.policy import UsabilityRules

#: Of the pairs inside one group of pictures, this share must repeat exactly: an encoder refines the first after a change.
_EXACT_SHARE = 0.75
#: Going back over a fading series, each difference, or what the frames between cost, is above the next by this factor.
_FADING, _FADING_BYTES = 1.2, 1.5
#: In the first seconds of a stuck picture the frames between cost at most so many times what is idle (3.8 was seen).
_SETTLING_COST = 5.0
#: So many settling steps stand for two key frames that agree: one may come from the start of a file.
_SETTLING_STEPS = 2


class _Pair(Enum):
    """What a sample is to the ones before it. ``REPEATS`` and ``RECODED``: nothing speaks against one picture."""

    REPEATS = auto()
    RECODED = auto()
    AGREES = auto()
    SETTLES = auto()
    NOISE = auto()
    OTHER = auto()


@dataclass(slots=True)
class _Run:
    """Samples ``first`` to the present that may show one picture. ``key``: the last key frame among them.
    ``level``: how much the last two key frames differed, 0: not known."""

    first: int
    key: PictureMeasures | None = None
    level: float = 0.0
    agreeing: int = 0
    settling: int = 0
    exact: int = 0
    inner: int = 0
    is_noisy: bool = False

    def add(self, pair: _Pair, sample: PictureMeasures, rules: UsabilityRules) -> None:
        """The next sample, which goes on with the picture."""
        self.agreeing += pair is _Pair.AGREES
        self.settling += pair is _Pair.SETTLES
        is_exact = sample.difference is not None and sample.difference <= rules.frozen_difference
        self.exact += is_exact
        self.inner += is_exact or not sample.is_key
        if sample.is_key:
            self.key = sample
            self.level = 0.0 if pair is _Pair.RECODED else _compared(sample, rules)

    def is_sure(self, rules: UsabilityRules) -> bool:
        """Key frames that agree; or none that could, and exact repetition."""
        if self.agreeing or self.settling >= _SETTLING_STEPS:
            return True
        return not self.is_noisy and self.exact >= max(rules.frozen_pairs, _EXACT_SHARE * self.inner)


def frozen_runs(samples: Sequence[PictureMeasures], rules: UsabilityRules) -> Iterator[tuple[int, int]]:
    """Runs ``(first, last)`` of sample numbers that repeat one picture, of any length, disjoint, in order."""
    behind = 0
    for sure_first, last in _sure_runs(samples, rules):
        first = max(behind, _settling_from(samples, sure_first, rules))
        if last - first >= rules.frozen_pairs:
            yield first, last
            behind = last + 1


def _sure_runs(samples: Sequence[PictureMeasures], rules: UsabilityRules) -> Iterator[tuple[int, int]]:
    run = _Run(0)
    for number, sample in enumerate(samples):
        pair = _pair(sample, run, rules)
        if pair not in (_Pair.NOISE, _Pair.OTHER):
            run.add(pair, sample, rules)
            continue
        is_noisy = pair is _Pair.NOISE
        run.is_noisy = run.is_noisy or is_noisy
        if run.is_sure(rules):
            yield run.first, number - 1
        level = _compared(sample, rules) if is_noisy else 0.0
        run = _Run(number, key=sample if sample.is_key else None, level=level, is_noisy=is_noisy)
    if samples and run.is_sure(rules):
        yield run.first, len(samples) - 1


def _pair(sample: PictureMeasures, run: _Run, rules: UsabilityRules) -> _Pair:
    """What the sample is to the run before it."""
    if sample.difference is None or sample.difference > rules.frozen_recode_difference:
        return _Pair.OTHER
    if not sample.is_key:
        return _Pair.REPEATS if _repeats(sample, run, rules) else _Pair.OTHER
    if run.key is None or not _has_key_near(sample, rules):
        return _Pair.RECODED
    if not _is_idle(sample, sample, rules):
        return _Pair.NOISE
    if is_one_picture(sample, rules):
        return _Pair.AGREES
    has_grown = sample.coded_bytes > run.key.coded_bytes * (1 + rules.frozen_growth_share)
    has_faded = not run.level or _compared(sample, rules) < run.level
    return _Pair.SETTLES if has_grown and has_faded else _Pair.NOISE


def _repeats(sample: PictureMeasures, run: _Run, rules: UsabilityRules) -> bool:
    """May a sample that is no key frame go on with the picture? It may differ by a key frame that was not sampled, if
    the frames around it are idle; that speaks neither for a stuck picture nor against it."""
    if sample.difference is not None and sample.difference <= rules.frozen_key_difference:
        return True
    return run.key is not None and _is_idle(sample, run.key, rules)


def is_one_picture(sample: PictureMeasures, rules: UsabilityRules) -> bool:
    """Is a key frame the same picture as what it was compared with? To be believed where the frames between are idle."""
    compared = _compared(sample, rules)
    if compared > rules.frozen_recode_difference:
        return False
    if compared <= rules.frozen_key_difference:
        return True
    # Where all frames are key frames (MJPEG), coarse coding alone makes up to a third of the blocks alike.
    return sample.bytes_between > 0 and sample.equal_share >= rules.frozen_equal_share


def _is_idle(sample: PictureMeasures, key: PictureMeasures, rules: UsabilityRules, times: float = 1.0) -> bool:
    return sample.bytes_between <= times * rules.frozen_idle_share * key.coded_bytes


def _has_key_near(sample: PictureMeasures, rules: UsabilityRules) -> bool:
    """Was it compared with a key frame of the same scene? Not where samples were added between after the comparison."""
    return sample.key_difference is not None and sample.key_difference <= rules.frozen_recode_difference


def _compared(sample: PictureMeasures, rules: UsabilityRules) -> float:
    """The difference to the key frame before, of a key frame of one scene, else to the sample before; 255: to nothing."""
    if sample.key_difference is not None and _has_key_near(sample, rules):
        return sample.key_difference
    return 255.0 if sample.difference is None else sample.difference


def _settling_from(samples: Sequence[PictureMeasures], first: int, rules: UsabilityRules) -> int:
    """The first sample of the fading series that leads to the sure run beginning at ``first``."""
    least, least_bytes = 0.0, 0
    while first > 0:
        sample = samples[first]
        compared = _compared(sample, rules)
        if compared > rules.frozen_recode_difference or (
            sample.is_key and not _is_idle(sample, sample, rules, _SETTLING_COST)
        ):
            return first
        if sample.is_key:
            is_same = is_one_picture(sample, rules)
        else:  # it may differ by a key frame that was not sampled, and then as much as the key frame behind it
            is_same = compared <= least * _FADING and sample.bytes_between <= least_bytes * _FADING_BYTES
        if compared > rules.frozen_key_difference and not is_same:
            has_faded = compared >= least * _FADING or sample.bytes_between > least_bytes * _FADING_BYTES
            if not sample.is_key or not has_faded:
                # What differs as much as the series at its beginning may be a still scene's noise: it stays out.
                return first + (least > 0)
            least, least_bytes = compared, sample.bytes_between
        first -= 1
    return first
