"""The clips by which thresholds may be set."""

from __future__ import annotations

from tests.bench.detectors.recipe import Coding, Half, Scene
from tests.bench.detectors.shots import (
    black,
    blurred,
    buffer,
    clipped,
    corrupt,
    covered,
    cut,
    damaged,
    dropped,
    fade,
    fixed,
    flash,
    fog,
    frozen,
    gap,
    hand,
    muted,
    no_sound,
    pan,
    quiet,
    rain,
    recipes,
    shot,
    turned,
    uniform,
)

_FRONT = (("movflags", "+faststart"),)
_PIECES = (("movflags", "+frag_keyframe+empty_moov+default_base_moof"),)

BASE = Coding("h264-1s", crf=26, mux=_FRONT)
B = Coding("h264-b3-2s", container="mov", fps=25, gop_s=2, crf=23, b_frames=3)
WIDE = Coding("h264-360-2s", width=640, height=360, fps=20, gop_s=2, kbit=1500)
LONG = Coding("h264-mkv-4s", container="mkv", fps=20, gop_s=4, crf=32)
HEVC = Coding("hevc-2s", codec="libx265", gop_s=2, crf=28, mux=_FRONT)
MPEG4 = Coding("mpeg4-avi-1s", codec="mpeg4", container="avi", kbit=800, sound="libmp3lame")
FRAGS = Coding("h264-frag-1s", crf=28, mux=_PIECES)
TS = Coding("h264-ts-2s", container="ts", gop_s=2, crf=26)
MJPEG = Coding("mjpeg-avi", codec="mjpeg", container="avi", fps=10, qp=6, sound="pcm_s16le")
OPEN = Coding("h264-open-4s", fps=20, gop_s=4, crf=24, b_frames=2, options=(("x264-params", "open-gop=1"),), mux=_FRONT)
VFR = Coding("h264-vfr-2s", fps=30, gop_s=1, crf=26, mux=_FRONT, is_variable=True)
HD = Coding("h264-720-1s", width=1280, height=720, fps=20, gop_s=1, kbit=6000)
EXACT = Coding("h264-qp-1s", qp=27, options=(("x264-params", "no-deblock=1"),), mux=_FRONT)
POOR = Coding("h264-360-400k-2s", width=640, height=360, fps=15, gop_s=2, kbit=400)
CRUSHED = Coding("h264-crf35-2s", gop_s=2, crf=35, mux=_FRONT)

STREET, DUSK, NIGHT, HALL = Scene.STREET, Scene.DUSK, Scene.NIGHT, Scene.HALL
DESK, WALL, SNOW, LAMP = Scene.DESK, Scene.WALL, Scene.SNOW, Scene.LAMP

_LINES = (
    # nothing is wrong
    shot(STREET, BASE),
    shot(HALL, B),
    shot(NIGHT, WIDE),
    shot(NIGHT, HEVC, noise=6.0),
    shot(LAMP, BASE),
    shot(LAMP, LONG, noise=5.0),
    shot(DESK, BASE, noise=1.0),
    shot(DESK, BASE, noise=6.0),
    shot(DESK, LONG, noise=1.5, length_s=120.0),
    shot(DESK, CRUSHED, noise=1.0, length_s=120.0),
    shot(DESK, POOR, noise=3.0),
    shot(DESK, MPEG4, noise=2.0),
    shot(DESK, MJPEG, noise=1.5),
    shot(DESK, HEVC, noise=1.0),
    shot(DESK, B, noise=3.0, has_clock=False),
    shot(DESK, HD, noise=2.0, length_s=24.0),
    shot(WALL, BASE),
    shot(WALL, POOR),
    shot(SNOW, BASE),
    shot(SNOW, CRUSHED),
    shot(STREET, VFR),
    shot(NIGHT, VFR, flash(20.0)),
    # what only looks wrong
    shot(STREET, BASE, flash(11.0), flash(30.0, "white"), fade(20.0)),
    shot(DUSK, LONG, fade(10.0), fade(30.0), hand(20.0)),
    shot(STREET, B, hand(9.0, 1.2), hand(25.0, 1.8), hand(39.0, 2.0)),
    shot(HALL, TS, pan(10.0), pan(22.0, 2.0), pan(35.0, 2.5)),
    shot(STREET, WIDE, fog(0.0, 48.0)),
    shot(DUSK, BASE, rain(5.0, 43.0), fog(5.0, 43.0)),
    shot(STREET, FRAGS, dropped(15.0), dropped(33.0)),
    shot(HALL, BASE, quiet(0.0, 48.0)),
    shot(NIGHT, BASE, quiet(10.0, 40.0), hand(30.0)),
    shot(STREET, BASE, buffer(20.0)),
    shot(DUSK, TS, buffer(30.0), length_s=60.0),
    shot(STREET, FRAGS, no_sound(0.0, 0.5)),
    shot(STREET, BASE, fixed(0.0, 48.0, "dashboard", 0.4)),
    shot(HALL, B, fixed(0.0, 48.0, "frame", 0.35)),
    shot(DESK, BASE, fixed(14.0, 30.0, "leaf", 0.45), noise=2.0),
    shot(HALL, BASE, fixed(15.0, 31.0, "wall", 0.5)),
    # black
    shot(STREET, BASE, black(0.0, 12.0)),
    shot(DUSK, B, black(18.0, 32.0, "noisy")),
    shot(NIGHT, LONG, black(30.0, 48.0, "cap")),
    shot(HALL, MPEG4, black(20.0, 24.0), black(33.0, 45.0, "noisy")),
    shot(STREET, HD, black(9.0, 21.0, "noisy"), length_s=28.0),
    shot(LAMP, BASE, black(15.0, 27.0, "noisy"), black(38.0, 43.5, "cap")),
    shot(STREET, BASE, black(21.3, 33.7, "noisy"), around=(5, 4), length_s=60.0),
    # frozen
    shot(STREET, BASE, frozen(12.0, 26.0)),
    shot(STREET, EXACT, frozen(20.0, 31.0, "all"), frozen(38.0, 43.0)),
    shot(HALL, B, frozen(0.0, 11.0)),
    shot(NIGHT, BASE, frozen(35.0, 48.0)),
    shot(DUSK, LONG, frozen(10.0, 34.0)),
    shot(HALL, HEVC, frozen(14.0, 28.0), frozen(36.0, 42.0)),
    shot(STREET, POOR, frozen(15.0, 30.0)),
    shot(STREET, TS, frozen(16.0, 30.0, "all")),
    shot(DESK, BASE, frozen(16.0, 30.0), noise=3.0),
    shot(HALL, MJPEG, frozen(16.0, 30.0), frozen(38.0, 44.0)),
    shot(STREET, MPEG4, frozen(16.0, 30.0)),
    shot(STREET, BASE, frozen(20.0, 36.0), around=(4, 5), length_s=60.0),
    # covered
    shot(STREET, BASE, covered(8.0, 22.0)),
    shot(HALL, OPEN, covered(0.0, 12.0, "finger"), covered(30.0, 36.0)),
    shot(DUSK, WIDE, covered(20.0, 36.0, "cloth", 0.92)),
    shot(STREET, FRAGS, covered(30.0, 48.0, "finger", 0.95)),
    shot(NIGHT, BASE, covered(14.0, 27.0)),
    shot(HALL, BASE, covered(12.0, 28.0, "cloth", 0.6)),
    shot(STREET, HEVC, covered(10.0, 25.0, "finger", 0.7), covered(33.0, 38.0, "finger")),
    # covered in part
    shot(STREET, BASE, covered(14.0, 32.0, "thumb", 0.3)),
    shot(HALL, B, covered(9.0, 24.0, "jacket", 0.45), covered(33.0, 45.0, "cloth", 0.4)),
    shot(DUSK, HEVC, covered(13.0, 29.0, "jacket", 0.6)),
    shot(STREET, TS, covered(16.0, 34.0, "finger", 0.5)),
    shot(DESK, BASE, covered(15.0, 33.0, "thumb", 0.45), noise=2.5),
    # blurred
    shot(STREET, BASE, blurred(10.0, 25.0)),
    shot(HALL, B, blurred(0.0, 14.0, "grease"), blurred(30.0, 36.0, "much")),
    shot(DUSK, WIDE, blurred(20.0, 48.0, "much")),
    shot(NIGHT, BASE, blurred(12.0, 30.0, "much")),
    # once in a long recording
    shot(STREET, BASE, blurred(13.0, 29.0), around=(3, 4)),
    shot(DUSK, WIDE, covered(16.0, 33.0, "thumb", 0.4), around=(4, 3)),
    # uniform, bars
    shot(STREET, BASE, uniform(10.0, 24.0, "grey")),
    shot(HALL, TS, uniform(0.0, 11.0, "bars"), uniform(30.0, 35.0, "blue")),
    shot(NIGHT, LONG, uniform(28.0, 48.0, "green")),
    # damage
    shot(STREET, BASE, damaged(12.0, 24.0)),
    shot(HALL, LONG, damaged(12.0, 24.0, "keys"), damaged(36.0, 40.0, "keys")),
    shot(DUSK, HEVC, damaged(14.0, 26.0)),
    shot(STREET, MPEG4, damaged(14.0, 28.0)),
    shot(STREET, BASE, corrupt(10.0, 24.0, "grey"), corrupt(34.0, 39.0, "blocks")),
    shot(HALL, B, corrupt(16.0, 30.0, "smear")),
    # short ones
    shot(STREET, BASE, black(7.0, 11.0), frozen(18.0, 24.0), covered(32.0, 39.0)),
    shot(HALL, B, frozen(8.0, 17.0), black(24.0, 28.5, "noisy"), covered(36.0, 42.0, "finger")),
    shot(DUSK, OPEN, covered(9.0, 14.0), frozen(20.0, 27.0), black(35.0, 41.0, "cap")),
    shot(NIGHT, WIDE, black(6.0, 10.0, "noisy"), frozen(17.0, 25.0), muted(32.0, 38.0)),
    shot(STREET, HEVC, uniform(8.0, 13.0, "green"), blurred(21.0, 28.0, "much"), frozen(36.0, 42.0)),
    shot(HALL, TS, gap(9.0, 13.5), muted(20.0, 24.0), clipped(30.0, 37.0), black(40.0, 45.0)),
    # turned
    shot(STREET, BASE, turned(20.0, 48.0, "180")),
    shot(HALL, LONG, turned(16.0, 48.0, "90")),
    shot(DUSK, BASE, turned(15.0, 30.0, "flip")),
    # times
    shot(STREET, BASE, gap(20.0, 26.0)),
    shot(HALL, FRAGS, gap(15.0, 28.0)),
    shot(NIGHT, VFR, gap(20.0, 33.0)),
    shot(STREET, TS, gap(18.0, 30.0)),
    # sound
    shot(STREET, BASE, muted(14.0, 30.0)),
    shot(HALL, B, muted(36.0, 48.0), muted(12.0, 17.0)),
    shot(NIGHT, LONG, buffer(10.0), muted(20.0, 34.0)),
    shot(STREET, MPEG4, no_sound(0.0, 48.0)),
    shot(HALL, BASE, no_sound(0.0, 13.0)),
    shot(DUSK, FRAGS, no_sound(34.0, 48.0)),
    shot(STREET, WIDE, clipped(10.0, 26.0)),
    shot(HALL, MJPEG, clipped(30.0, 42.0), muted(10.0, 22.0)),
    # the file, and several at once
    shot(STREET, BASE, cut()),
    shot(HALL, FRAGS, cut()),
    shot(STREET, B, black(6.0, 17.0), frozen(28.0, 40.0), muted(10.0, 30.0)),
    shot(DUSK, BASE, covered(6.0, 18.0), hand(24.0), gap(30.0, 35.0), flash(40.0)),
    shot(NIGHT, OPEN, frozen(8.0, 20.0), black(20.0, 32.0, "noisy"), no_sound(36.0, 48.0)),
)

TUNING = recipes(Half.TUNING, _LINES)
