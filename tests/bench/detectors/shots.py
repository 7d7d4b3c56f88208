"""Short words for the tables of recipes: one trouble a call, one clip a line."""

from __future__ import annotations

from tests.bench.detectors.recipe import Coding, Half, Recipe, Scene, Trouble, What

#: (scene, coding, troubles, what else the recipe says)
Line = tuple[Scene, Coding, tuple[Trouble, ...], dict[str, object]]


def shot(scene: Scene, coding: Coding, *troubles: Trouble, **more: object) -> Line:
    """One clip; ``more`` are further fields of the recipe."""
    return scene, coding, troubles, more


def recipes(half: Half, lines: tuple[Line, ...]) -> tuple[Recipe, ...]:
    """The lines of one half as recipes."""
    return tuple(Recipe(half, scene, coding, troubles, **more) for scene, coding, troubles, more in lines)  # type: ignore[arg-type]


def black(start_s: float, end_s: float, how: str = "dead") -> Trouble:
    """``dead``: exact black; ``noisy``: with read-out noise; ``cap``: a trace of light."""
    return Trouble(What.BLACK, start_s, end_s, how)


def frozen(start_s: float, end_s: float, how: str = "picture") -> Trouble:
    """``picture``: the burned-in clock goes on; ``all``: it stands too."""
    return Trouble(What.FROZEN, start_s, end_s, how)


def covered(start_s: float, end_s: float, how: str = "cloth", share: float = 1.0) -> Trouble:
    """``cloth`` or ``finger`` over ``share`` of the picture from the left, ``thumb`` (dark) from a lower corner, ``jacket``
    (its cloth in folds) from below, with a slanting edge."""
    return Trouble(What.COVERED, start_s, end_s, how, share)


def fixed(start_s: float, end_s: float, how: str, share: float) -> Trouble:
    """Something without detail that belongs to the scene: ``dashboard`` below, ``frame`` of a door at the left, ``leaf`` of
    a door that swings in from the right, ``wall`` that the wearer turns to. All have a sharp edge."""
    return Trouble(What.FIXED, start_s, end_s, how, share)


def blurred(start_s: float, end_s: float, how: str = "focus") -> Trouble:
    """``focus``, ``much`` (far out of focus) or ``grease`` on the lens."""
    return Trouble(What.BLURRED, start_s, end_s, how)


def uniform(start_s: float, end_s: float, how: str) -> Trouble:
    """``grey``, ``green``, ``blue``, ``white`` or ``bars``; without noise, as a failing sensor gives it."""
    return Trouble(What.UNIFORM, start_s, end_s, how)


def corrupt(start_s: float, end_s: float, how: str) -> Trouble:
    """``grey``, ``smear`` or ``blocks``: damage that was coded into the picture, so that the file decodes cleanly."""
    return Trouble(What.CORRUPT, start_s, end_s, how)


def turned(start_s: float, end_s: float, how: str) -> Trouble:
    """``90``, ``180`` degrees, or ``flip`` (mirrored)."""
    return Trouble(What.TURNED, start_s, end_s, how)


def gap(start_s: float, end_s: float) -> Trouble:
    return Trouble(What.GAP, start_s, end_s)


def muted(start_s: float, end_s: float) -> Trouble:
    return Trouble(What.MUTED, start_s, end_s)


def clipped(start_s: float, end_s: float) -> Trouble:
    return Trouble(What.CLIPPED, start_s, end_s)


def no_sound(start_s: float, end_s: float) -> Trouble:
    """From 0: the track begins late; to the end: it ends early; both: there is none."""
    return Trouble(What.NO_SOUND, start_s, end_s)


def damaged(start_s: float, end_s: float, how: str = "all") -> Trouble:
    """Bytes of ``all`` frames, or of ``keys`` only, are overwritten in the file."""
    return Trouble(What.DAMAGED, start_s, end_s, how)


def cut() -> Trouble:
    return Trouble(What.CUT, 0.0, 0.0)


def flash(at_s: float, how: str = "black") -> Trouble:
    return Trouble(What.FLASH, at_s, at_s + 0.4, how)


def fade(at_s: float) -> Trouble:
    """To black and back in three seconds."""
    return Trouble(What.FADE, at_s, at_s + 3.0)


def hand(at_s: float, seconds: float = 1.6) -> Trouble:
    return Trouble(What.HAND, at_s, at_s + seconds)


def pan(at_s: float, seconds: float = 1.5) -> Trouble:
    return Trouble(What.PAN, at_s, at_s + seconds)


def fog(start_s: float, end_s: float) -> Trouble:
    return Trouble(What.FOG, start_s, end_s)


def rain(start_s: float, end_s: float) -> Trouble:
    return Trouble(What.RAIN, start_s, end_s)


def dropped(at_s: float) -> Trouble:
    """One or a few frames are missing: a fifth of a second."""
    return Trouble(What.DROPPED, at_s, at_s + 0.2)


def quiet(start_s: float, end_s: float) -> Trouble:
    """Nobody speaks: noise of -63 dBFS."""
    return Trouble(What.QUIET, start_s, end_s)


def buffer(seconds: float) -> Trouble:
    """The pre-event buffer: picture without sound, as the metadata state."""
    return Trouble(What.BUFFER, 0.0, seconds)
