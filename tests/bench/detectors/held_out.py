"""The clips that nothing was set by: other places, other seeds, other encoder settings."""

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
_PIECES = (("movflags", "+frag_keyframe+empty_moov"),)

BASE = Coding("h264-216-2s", width=384, height=216, fps=12, gop_s=2, crf=24, mux=_FRONT)
B = Coding("h264-mkv-b2-1s", container="mkv", fps=24, gop_s=1, crf=30, b_frames=2)
HEVC = Coding("hevc-mkv-4s", codec="libx265", container="mkv", fps=20, gop_s=4, crf=24)
VP9 = Coding("vp9-mkv-2s", codec="libvpx-vp9", container="mkv", gop_s=2, kbit=700, sound="libopus")
AV1 = Coding("av1-mp4-2s", codec="libsvtav1", gop_s=2, crf=38)
MPEG4 = Coding("mpeg4-mov-05s", codec="mpeg4", container="mov", fps=20, gop_s=0.5, kbit=1200)
TS = Coding("h264-ts-8s", container="ts", width=384, height=216, fps=12, gop_s=8, crf=22)
MJPEG = Coding("mjpeg-mov", codec="mjpeg", container="mov", fps=12, qp=4)
FRAGS = Coding("h264-frag-4s", fps=20, gop_s=4, crf=27, mux=_PIECES)
FAST = Coding("h264-60fps-05s", fps=60, gop_s=0.5, crf=29)
VFR = Coding("h264-vfr-mkv-2s", container="mkv", fps=24, gop_s=2, crf=23, is_variable=True)
HD = Coding("h264-720-4s", width=1280, height=720, fps=15, gop_s=4, kbit=3000, mux=_FRONT)
EXACT = Coding("h264-qp-2s", gop_s=2, qp=30, options=(("x264-params", "no-deblock=1"),))
POOR = Coding("h264-270-400k-8s", width=480, height=270, fps=20, gop_s=8, kbit=400)
OPEN = Coding("h264-open-b3-2s", fps=25, gop_s=2, crf=28, b_frames=3, options=(("x264-params", "open-gop=1"),))
REFRESH = Coding("h264-refresh", gop_s=4, crf=26, options=(("x264-params", "intra-refresh=1"),), mux=_FRONT)
CRUSHED = Coding("h264-crf33-4s", width=384, height=216, fps=20, gop_s=4, crf=33)

SHOP, PATH, CORRIDOR, CAR_PARK = Scene.SHOP, Scene.PATH, Scene.CORRIDOR, Scene.CAR_PARK
PARKED, PLASTER, SKY, LAMP = Scene.PARKED, Scene.PLASTER, Scene.SKY, Scene.LAMP

_LINES = (
    # nothing is wrong
    shot(PATH, BASE),
    shot(SHOP, HEVC),
    shot(CORRIDOR, FAST),
    shot(CAR_PARK, BASE),
    shot(CAR_PARK, POOR, noise=6.0),
    shot(LAMP, B),
    shot(LAMP, HD, length_s=30.0),
    shot(PARKED, BASE, noise=1.2),
    shot(PARKED, B, noise=5.0),
    shot(PARKED, HEVC, noise=1.5, length_s=120.0),
    shot(PARKED, CRUSHED, noise=1.0, length_s=120.0),
    shot(PARKED, POOR, noise=2.0),
    shot(PARKED, VP9, noise=2.0),
    shot(PARKED, AV1, noise=2.0),
    shot(PARKED, MPEG4, noise=1.5),
    shot(PARKED, MJPEG, noise=1.0, has_clock=False),
    shot(PARKED, TS, noise=2.0, length_s=90.0),
    shot(PARKED, REFRESH, noise=2.5),
    shot(PLASTER, BASE),
    shot(PLASTER, CRUSHED),
    shot(SKY, BASE),
    shot(SKY, VP9),
    shot(SHOP, VFR),
    shot(CAR_PARK, VFR, hand(22.0)),
    # what only looks wrong
    shot(PATH, B, flash(9.0), flash(33.0, "white"), fade(21.0)),
    shot(CORRIDOR, TS, fade(13.0), fade(28.0), hand(38.0)),
    shot(SHOP, BASE, hand(11.0, 1.1), hand(27.0, 2.0), hand(36.0, 1.5)),
    shot(PATH, VP9, pan(12.0, 2.0), pan(24.0, 1.0), pan(37.0, 2.5)),
    shot(SHOP, FRAGS, fog(0.0, 48.0)),
    shot(PATH, FAST, rain(3.0, 45.0)),
    shot(CORRIDOR, BASE, dropped(13.0), dropped(31.0)),
    shot(CORRIDOR, B, quiet(0.0, 48.0)),
    shot(CAR_PARK, FRAGS, quiet(8.0, 41.0), flash(25.0)),
    shot(PATH, HEVC, buffer(30.0), length_s=60.0),
    shot(SHOP, AV1, buffer(15.0)),
    shot(PATH, MJPEG, no_sound(0.0, 0.5)),
    shot(PATH, BASE, fixed(0.0, 48.0, "dashboard", 0.45)),
    shot(SHOP, B, fixed(0.0, 48.0, "frame", 0.3)),
    shot(PARKED, BASE, fixed(13.0, 29.0, "leaf", 0.5), noise=2.0),
    shot(SHOP, BASE, fixed(14.0, 33.0, "wall", 0.45)),
    # black
    shot(PATH, BASE, black(0.0, 13.5, "noisy")),
    shot(SHOP, TS, black(19.0, 33.0)),
    shot(CAR_PARK, B, black(31.0, 48.0, "cap")),
    shot(CORRIDOR, VP9, black(12.0, 26.0, "noisy"), black(36.0, 40.5)),
    shot(PATH, HD, black(8.0, 20.0, "cap"), length_s=28.0),
    shot(LAMP, BASE, black(18.0, 31.0, "noisy")),
    shot(CORRIDOR, FAST, black(20.0, 27.0, "noisy")),
    shot(PATH, BASE, black(33.4, 47.1), around=(3, 6), length_s=60.0),
    # frozen
    shot(PATH, BASE, frozen(14.0, 29.0)),
    shot(SHOP, EXACT, frozen(18.0, 30.0, "all"), frozen(37.0, 43.0)),
    shot(CORRIDOR, B, frozen(0.0, 12.0)),
    shot(CAR_PARK, BASE, frozen(33.0, 48.0)),
    shot(SHOP, HEVC, frozen(9.0, 33.0)),
    shot(PATH, VP9, frozen(13.0, 29.0), frozen(38.0, 43.0)),
    shot(CORRIDOR, AV1, frozen(15.0, 31.0)),
    shot(PATH, POOR, frozen(10.0, 40.0)),
    shot(CORRIDOR, TS, frozen(12.0, 38.0)),
    shot(PARKED, BASE, frozen(15.0, 31.0), noise=4.0),
    shot(SHOP, MPEG4, frozen(17.0, 31.0), frozen(37.0, 44.0)),
    shot(PATH, REFRESH, frozen(14.0, 32.0)),
    shot(SHOP, BASE, frozen(15.0, 32.0), around=(6, 3), length_s=60.0),
    # covered
    shot(PATH, BASE, covered(9.0, 24.0)),
    shot(SHOP, OPEN, covered(0.0, 13.0, "finger"), covered(28.0, 33.5)),
    shot(CORRIDOR, FRAGS, covered(21.0, 37.0, "cloth", 0.93)),
    shot(PATH, VP9, covered(31.0, 48.0, "finger", 0.96)),
    shot(CAR_PARK, BASE, covered(13.0, 26.0)),
    shot(SHOP, B, covered(14.0, 29.0, "cloth", 0.65)),
    shot(CORRIDOR, HEVC, covered(9.0, 24.0, "finger", 0.75), covered(34.0, 40.0, "finger")),
    # covered in part
    shot(PATH, BASE, covered(15.0, 34.0, "thumb", 0.35)),
    shot(SHOP, HEVC, covered(8.0, 22.0, "jacket", 0.5), covered(31.0, 44.0, "cloth", 0.45)),
    shot(CORRIDOR, B, covered(12.0, 31.0, "jacket", 0.4)),
    shot(PATH, VP9, covered(17.0, 33.0, "finger", 0.55)),
    shot(PARKED, BASE, covered(14.0, 30.0, "thumb", 0.5), noise=2.0),
    # blurred
    shot(PATH, BASE, blurred(11.0, 27.0)),
    shot(SHOP, AV1, blurred(0.0, 15.0, "grease"), blurred(29.0, 36.0, "much")),
    shot(CORRIDOR, B, blurred(22.0, 48.0, "much")),
    shot(CAR_PARK, BASE, blurred(11.0, 28.0, "much")),
    # once in a long recording
    shot(SHOP, BASE, covered(14.0, 29.0), around=(3, 4)),
    shot(SHOP, POOR, covered(17.0, 34.0, "jacket", 0.5), around=(4, 3)),
    shot(PATH, OPEN, blurred(12.0, 27.0), around=(3, 4)),
    shot(CORRIDOR, BASE, uniform(17.0, 30.0, "grey"), around=(4, 3)),
    # uniform, bars
    shot(PATH, BASE, uniform(12.0, 27.0, "green")),
    shot(SHOP, MPEG4, uniform(0.0, 12.0, "bars"), uniform(29.0, 34.0, "grey")),
    shot(CORRIDOR, HEVC, uniform(27.0, 48.0, "white")),
    # damage
    shot(PATH, BASE, damaged(13.0, 26.0)),
    shot(SHOP, B, damaged(11.0, 24.0, "keys"), damaged(35.0, 40.0)),
    shot(CORRIDOR, HEVC, damaged(13.0, 29.0)),
    shot(PATH, FRAGS, damaged(14.0, 29.0)),
    shot(SHOP, BASE, corrupt(11.0, 26.0, "blocks"), corrupt(35.0, 41.0, "grey")),
    shot(PATH, B, corrupt(17.0, 31.0, "smear")),
    # short ones
    shot(PATH, BASE, black(8.0, 12.5, "noisy"), frozen(19.0, 25.5), covered(33.0, 38.0)),
    shot(SHOP, OPEN, frozen(7.0, 15.0), black(23.0, 27.0), covered(35.0, 41.5, "finger")),
    shot(CORRIDOR, VP9, covered(10.0, 15.5), frozen(21.0, 29.0), black(36.0, 42.0, "noisy")),
    shot(CAR_PARK, B, black(7.0, 11.5, "cap"), frozen(18.0, 27.0), muted(33.0, 39.5)),
    shot(PATH, MPEG4, uniform(9.0, 14.0, "blue"), blurred(22.0, 30.0, "much"), frozen(37.0, 43.0)),
    shot(SHOP, FAST, gap(8.0, 12.0), muted(19.0, 23.5), clipped(29.0, 37.0), black(40.0, 44.5, "noisy")),
    # turned
    shot(PATH, BASE, turned(21.0, 48.0, "180")),
    shot(SHOP, B, turned(17.0, 48.0, "90")),
    shot(CORRIDOR, BASE, turned(14.0, 31.0, "flip")),
    # times
    shot(PATH, BASE, gap(19.0, 24.5)),
    shot(SHOP, FRAGS, gap(16.0, 29.0)),
    shot(CAR_PARK, VFR, gap(21.0, 34.0)),
    shot(CORRIDOR, B, gap(17.0, 31.0)),
    # sound
    shot(PATH, BASE, muted(13.0, 31.0)),
    shot(SHOP, B, muted(35.0, 48.0), muted(11.0, 16.5)),
    shot(CAR_PARK, VP9, buffer(12.0), muted(22.0, 36.0)),
    shot(PATH, MJPEG, no_sound(0.0, 48.0)),
    shot(SHOP, FRAGS, no_sound(0.0, 14.0)),
    shot(CORRIDOR, BASE, no_sound(33.0, 48.0)),
    shot(PATH, HEVC, clipped(11.0, 28.0)),
    shot(SHOP, AV1, clipped(31.0, 44.0), muted(9.0, 21.0)),
    # the file, and several at once
    shot(PATH, BASE, cut()),
    shot(SHOP, B, cut()),
    shot(PATH, OPEN, black(7.0, 18.0), frozen(27.0, 41.0), muted(9.0, 29.0)),
    shot(SHOP, BASE, covered(5.0, 18.0), hand(23.0), gap(31.0, 37.0), flash(41.0)),
    shot(CORRIDOR, FRAGS, frozen(7.0, 20.0), black(20.0, 33.0, "noisy"), no_sound(35.0, 48.0)),
)

HELD_OUT = recipes(Half.HELD_OUT, _LINES)
