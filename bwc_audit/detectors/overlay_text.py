"""Characters of a line to a clock: which of them are a date, a time of day and a zone, by where each can only stand.

Every slot of a date or time takes digits only or one separator only, digits stand evenly apart, and what follows the
seconds must be understood when it could change the hour (AM, PM). Anything in doubt is no reading. Whether the clock is
right is not known here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np

from bwc_audit.detectors.overlay_glyphs import ALPHABET, Glyphs
from bwc_audit.detectors.overlay_layout import DateOrder
from bwc_audit.detectors.overlay_parts import DATES, DIGITS, MONTHS, TIMES, UNEVEN, Part, is_zulu, parts
from bwc_audit.domain.overlay_clock import wall_us_of

_UNSET_DAYS = ((1970, 1, 1), (2000, 1, 1), (1980, 1, 6), (1999, 12, 31))  # where clocks without power begin
_UNSET_WORDS = re.compile("NOT?SET|N[O0]TSET|TIMEN[O0]T|UNSET")
_YEARS = range(1970, 2100)

_SURELY_OTHER = 0.75  # from which a character behind the seconds is no blurred A or P


@dataclass(frozen=True, slots=True)
class Day:
    """``ways``: year, month, day as read, in order of belief; two where day and month may be exchanged."""

    ways: tuple[tuple[int, int, int], ...]


@dataclass(frozen=True, slots=True)
class ClockLine:
    """What one line says. ``left``, ``right``: columns of its first and last character. Any part may be missing."""

    text: str
    score: float
    left: float
    right: float
    day: Day | None = None
    seconds: int | None = None
    zone: str | None = None
    zone_minutes: int | None = None
    is_not_set: bool = False


def read_line(glyphs: Glyphs, order: DateOrder = DateOrder.EITHER) -> ClockLine | None:
    """The clock, or half of one, that a line shows; None: none, or none beyond doubt."""
    if len(glyphs.columns) < 6:
        return None
    unset = _unset(glyphs)
    if unset is not None:
        return unset
    date = max(parts(glyphs, DATES), key=lambda part: part.score, default=None)
    times = [part for part in parts(glyphs, TIMES) if date is None or not (part.first < date.end and date.first < part.end)]
    time = max(times, key=lambda part: (len(part.text), part.score), default=None)
    day = None if date is None else _day(date.text, order)
    if date is not None and day is None:
        return None
    if day is not None and day.ways[0] in (*_UNSET_DAYS, (0, 0, 0)):
        return _line(glyphs, [date], is_not_set=True)
    if time is None:
        return None if day is None else _line(glyphs, [date], day=day)
    joined = date is not None and _is_joined(glyphs, date, time)
    if date is not None and joined is None:
        return None
    seconds = _seconds(glyphs, time, has_t=joined is True)
    if seconds is None:
        return None
    zone, minutes, seconds = _zone(glyphs, time, seconds, has_t=joined is True)
    return _line(glyphs, [date, time], day=day, seconds=seconds, zone=zone, zone_minutes=minutes)


def walls_of(day: Day, seconds: int) -> list[int]:
    """Microseconds since 1970-01-01 00:00 of every way to read the date; the impossible ones left out."""
    walls = [wall_us_of(*way, seconds // 3600, seconds // 60 % 60, seconds % 60) for way in day.ways]
    return [wall for wall in walls if wall is not None]


def _line(
    glyphs: Glyphs,
    of: list[Part | None],
    *,
    day: Day | None = None,
    seconds: int | None = None,
    zone: str | None = None,
    zone_minutes: int | None = None,
    is_not_set: bool = False,
) -> ClockLine:
    found = sorted((part for part in of if part is not None), key=lambda part: part.first)
    text = " ".join(part.text for part in found) + (zone or "")
    left, right = glyphs.columns[found[0].first], glyphs.columns[found[-1].end - 1]
    score = min(part.score for part in found)
    return ClockLine(text, score, float(left), float(right), day, seconds, zone, zone_minutes, is_not_set)


def _day(text: str, order: DateOrder) -> Day | None:
    numbers = [int(part) for part in re.findall(r"\d+", text)]
    if text.startswith("0000") or numbers == [0, 0, 0]:
        return Day(((0, 0, 0),)) if not any(numbers) else None
    month = re.search("[A-Z]{3}", text)
    if month:
        ways = [(numbers[1], MONTHS.index(month.group()) + 1, numbers[0])]
    elif len(re.split(r"\D", text)[0]) == 4:
        ways = [(numbers[0], numbers[1], numbers[2])]
    else:
        ways = [(numbers[2], numbers[1], numbers[0]), (numbers[2], numbers[0], numbers[1])]
        ways = {DateOrder.DAY_FIRST: ways[:1], DateOrder.MONTH_FIRST: ways[1:]}.get(order, ways)
    possible = [way for way in ways if way[0] in _YEARS and wall_us_of(*way, 0, 0, 0) is not None]
    return Day(tuple(dict.fromkeys(possible))) if possible else None


def _is_joined(glyphs: Glyphs, date: Part, time: Part) -> bool | None:
    """Date and time belong together: True: by a T, False: by a space, None: not at all."""
    one, other = (date, time) if date.first < time.first else (time, date)
    between = range(one.end, other.first)
    away = float(glyphs.columns[other.first] - glyphs.columns[one.end - 1]) / max(date.pitch, time.pitch)
    if abs(date.pitch - time.pitch) > UNEVEN * date.pitch or away > 6:
        return None
    if one is date and len(between) == 1 and glyphs.probabilities[between[0], ALPHABET.index("T")] > 0.25:
        return True
    short = time.text[1] == ":" and one is date
    if short and (away > 2.4 or _ink_between(glyphs, date.end - 1, time.first, date.pitch) > 0.5):
        return None  # a lost first digit of the hour
    return False if len(between) == 0 and away > 1.15 else None


def _ink_between(glyphs: Glyphs, one: int, other: int, pitch: float) -> float:
    begin, end = glyphs.columns[one] + 0.65 * pitch, glyphs.columns[other] - 0.65 * pitch
    inside = glyphs.ink[int(begin) : max(int(begin) + 1, int(end))]
    return float(inside.mean()) if len(inside) else 0.0


def _seconds(glyphs: Glyphs, time: Part, *, has_t: bool) -> int | None:
    """Second of the day; None where it is none, or where an AM or PM may stand behind it and cannot be told."""
    hour, minute, second = (int(part) for part in time.text.split(":"))
    if hour > 23 or minute > 59 or second > 59:
        return None
    is_short = time.text[1] == ":"
    half = 0.0
    after = _after_fraction(glyphs, time)
    if 1 <= hour <= 12 and not has_t:
        half = _half_day(glyphs, after, time)
        if half not in (-1.0, 0.0, 1.0):
            return None
    if half == 0.0:
        return None if is_short else hour * 3600 + minute * 60 + second
    return (hour % 12 + (12 if half > 0 else 0)) * 3600 + minute * 60 + second


def _after_fraction(glyphs: Glyphs, time: Part) -> int:
    """The first character behind the seconds and a fraction of them."""
    at = time.end
    while at < min(len(glyphs.columns), time.end + 4):
        near = glyphs.columns[at] - glyphs.columns[at - 1] <= time.pitch * (1 + UNEVEN)
        of = glyphs.probabilities[at]
        if not near or not (of[ALPHABET.index(".")] > 0.5 if at == time.end else of[DIGITS].sum() > 0.7):
            break
        at += 1
    return at


def _half_day(glyphs: Glyphs, after: int, time: Part) -> float:
    """-1: AM, 1: PM, 0: neither stands there; 0.5: cannot be told."""
    near = [
        n
        for n in range(after, min(after + 2, len(glyphs.columns)))
        if glyphs.columns[n] - glyphs.columns[after - 1] <= 3.6 * time.pitch
    ]
    if not near:
        begin = int(glyphs.columns[after - 1] + 0.8 * time.pitch)
        behind = glyphs.ink[begin : begin + int(2.2 * time.pitch)]
        return 0.5 if len(behind) and float((behind > 0.4).mean()) > 0.15 else 0.0
    of = glyphs.probabilities[near[0]]
    morning, evening = float(of[ALPHABET.index("A")]), float(of[ALPHABET.index("P")])
    middle = float(glyphs.probabilities[near[1], ALPHABET.index("M")]) if len(near) > 1 else 0.0
    if morning + evening > 0.4 and middle > 0.3:
        return 1.0 if evening > 4 * morning else -1.0 if morning > 4 * evening else 0.5
    if morning + evening > 0.03 or (middle > 0.3 and len(near) > 1) or float(of.max()) < _SURELY_OTHER:
        return 0.5
    return 0.0


def _zone(glyphs: Glyphs, time: Part, seconds: int, *, has_t: bool) -> tuple[str | None, int | None, int]:
    """The zone named behind the time, its minutes east of UTC where it says them, and the second of the day."""
    at = _after_fraction(glyphs, time)
    if at >= len(glyphs.columns) or glyphs.columns[at] - glyphs.columns[at - 1] > 4 * time.pitch:
        return None, None, seconds
    near = glyphs.columns[at] - glyphs.columns[at - 1] <= 1.5 * time.pitch
    of = glyphs.probabilities[at]
    likely = [ALPHABET[int(row.argmax())] for row in glyphs.probabilities[at : at + 6]]
    following = glyphs.columns[at + 1] - glyphs.columns[at] if at + 1 < len(glyphs.columns) else np.inf
    if near and following > 1.2 * time.pitch and (likely[0] == "Z" or (has_t and is_zulu(glyphs, at))):
        return "Z", 0, seconds
    if max(of[ALPHABET.index("+")], of[ALPHABET.index("-")]) > 0.4:
        digits = "".join(likely[1:6]).replace(":", "")[:4]
        if re.fullmatch(r"(0\d|1[0-4])(00|15|30|45)", digits):
            sign = -1 if of[ALPHABET.index("-")] > of[ALPHABET.index("+")] else 1
            return ("-" if sign < 0 else "+") + digits, sign * (int(digits[:2]) * 60 + int(digits[2:])), seconds
        return None, None, seconds
    word = "".join(likely[:3])
    is_zone = re.fullmatch("UTC|GMT|BST|CET|[AECMPHN][SD]T", word) is not None
    return (word, 0 if word in ("UTC", "GMT") else None, seconds) if is_zone else (None, None, seconds)


def _unset(glyphs: Glyphs) -> ClockLine | None:
    """The line says in words or dashes that the time was not set."""
    best = glyphs.probabilities.argmax(axis=1)
    text = "".join(ALPHABET[n] for n in best)
    words = _UNSET_WORDS.search(text.replace("0", "O")) or re.search("--:--:--", text)
    if words is None:
        return None
    score = float(glyphs.probabilities.max(axis=1)[words.start() : words.end()].min())
    if score < 0.3:
        return None
    left, right = glyphs.columns[words.start()], glyphs.columns[words.end() - 1]
    return ClockLine(words.group(), score, float(left), float(right), is_not_set=True)
