"""Which samples repeat one picture exactly: a stuck encoder, as against a still scene with its sensor noise.

Inside a group of pictures an encoder repeats a still scene nearly as exactly as a stuck one does (measured at 640 x 360
with x264: below 0.1 luma steps for both), so that those pairs alone say little. A key frame is coded afresh: of a
repeating picture two key frames differed by at most 0.14 (rate control), of a still scene with the least noise by at
least 0.54. So two key frames decide, against ``frozen_key_difference``. A key frame differs from the frame before it by
the coding alone (up to 3.1 with groups of 8 s), for which ``frozen_recode_difference`` allows.

An encoder takes some seconds to settle on a picture that stops: key frames then differ less and less (2.1, 1.3, 1.0,
0.5 were seen). Such a fading series belongs to the run, and a run that is sure is drawn back over it, never over a level
one: a sensor's noise stays as it is. An encoder so short of bits that it never settles leaves level differences above
the limit; that is not told from a still scene, and not claimed.

Where a run holds fewer than two key frames, exact repetition of at least ``frozen_pairs`` pairs decides, and the
confidence is low: a still scene whose noise the encoder removed altogether cannot be told from a stuck encoder then.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from bwc_audit.domain.measures import PictureMeasures
from bwc_audit.domain.policy import UsabilityRules

#: Of the pairs inside one group of pictures, this share must repeat exactly: an encoder refines the first after a change.
_EXACT_SHARE = 0.75
#: While an encoder settles, each difference is above the next by at least this factor; noise stays level.
_FADING = 1.2
#: So many steps of a fading series, and exact pairs besides, stand for two key frames that agree.
_FADING_STEPS = 2


@dataclass(slots=True)
class _Chain:
    """Samples ``first`` to the present that may show one picture. ``is_noisy``: two of its key frames showed noise.
    ``fading``: steps by which key frames came to differ less; ``level``: how much the last two differed."""

    first: int
    last_key: int | None = None
    pairs: int = 0
    exact: int = 0
    inner: int = 0
    agreeing: int = 0
    is_noisy: bool = False
    fading: int = 0
    level: float = 0.0

    def is_frozen(self, rules: UsabilityRules) -> bool:
        """Enough pairs, and key frames that agree; or no key frames that could, and exact repetition."""
        if self.pairs < rules.frozen_pairs:
            return False
        if self.agreeing or (self.fading >= _FADING_STEPS and self.exact >= _FADING_STEPS):
            return True
        return not self.is_noisy and self.exact >= max(rules.frozen_pairs, _EXACT_SHARE * self.inner)


def frozen_runs(samples: Sequence[PictureMeasures], rules: UsabilityRules) -> Iterator[tuple[int, int]]:
    """Runs ``(first, last)`` of sample numbers that repeat one picture, of any length, disjoint, in order."""
    pending: tuple[int, int] | None = None
    for core_first, last in _sure_runs(samples, rules):
        first = _settling_from(samples, core_first, rules)
        if pending is not None and first <= pending[1]:
            pending = (min(first, pending[0]), last)
            continue
        if pending is not None:
            yield pending
        pending = (first, last)
    if pending is not None:
        yield pending


def _sure_runs(samples: Sequence[PictureMeasures], rules: UsabilityRules) -> Iterator[tuple[int, int]]:
    """Runs in which every pair repeats, and enough of them to be sure."""
    if not samples:
        return
    chain = _Chain(0, last_key=0 if samples[0].is_key else None)
    for number in range(1, len(samples)):
        sample = samples[number]
        is_noisy = sample.is_key and _shows_noise(sample, chain, rules)
        if not is_noisy and _repeats(sample, chain, rules):
            _add(chain, number, sample, rules)
            continue
        chain.is_noisy = chain.is_noisy or is_noisy
        if chain.is_frozen(rules):
            yield chain.first, number - 1
        level = sample.key_difference or 0.0 if is_noisy else 0.0
        chain = _Chain(number, last_key=number if sample.is_key else None, is_noisy=is_noisy, level=level)
    if chain.is_frozen(rules):
        yield chain.first, len(samples) - 1


def _settling_from(samples: Sequence[PictureMeasures], first: int, rules: UsabilityRules) -> int:
    """The first sample of the fading series that leads to the sure run beginning at ``first``."""
    least = 0.0
    while first > 0:
        measured = samples[first].key_difference if samples[first].is_key else samples[first].difference
        if measured is None or measured > rules.frozen_recode_difference:
            return first
        if measured > rules.frozen_key_difference:
            if not samples[first].is_key or measured < least * _FADING:
                # What differs as much as the series at its beginning may be a still scene's noise: it stays out.
                return first + (least > 0)
            least = measured
        first -= 1
    return first


def _repeats(sample: PictureMeasures, chain: _Chain, rules: UsabilityRules) -> bool:
    """Does the sample go on with the chain's picture?"""
    if sample.difference is None:
        return False
    if not sample.is_key:
        return sample.difference <= rules.frozen_key_difference
    if chain.last_key is not None and sample.key_difference is not None:
        return sample.key_difference <= rules.frozen_key_difference or _fades(sample, chain)
    return sample.difference <= rules.frozen_recode_difference


def _shows_noise(sample: PictureMeasures, chain: _Chain, rules: UsabilityRules) -> bool:
    """Two key frames of the chain show the same scene, and not the same picture."""
    if chain.last_key is None or sample.key_difference is None:
        return False
    if _fades(sample, chain):
        return False
    return rules.frozen_key_difference < sample.key_difference <= rules.frozen_recode_difference


def _fades(sample: PictureMeasures, chain: _Chain) -> bool:
    """The key frame differs clearly less from the one before than that did from its own predecessor, in one scene."""
    return sample.key_difference is not None and 0 < sample.key_difference * _FADING <= chain.level


def _add(chain: _Chain, number: int, sample: PictureMeasures, rules: UsabilityRules) -> None:
    chain.pairs += 1
    is_exact = sample.difference is not None and sample.difference <= rules.frozen_difference
    if sample.is_key:
        if chain.last_key is not None and sample.key_difference is not None:
            is_fading = sample.key_difference > rules.frozen_key_difference
            chain.agreeing += not is_fading
            chain.fading += is_fading
            chain.level = sample.key_difference
        chain.last_key = number
        chain.exact += is_exact
        chain.inner += is_exact
    else:
        chain.inner += 1
        chain.exact += is_exact
