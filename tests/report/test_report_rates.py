"""Rates by group, funnels and noise on the first page: what they show, whom they do not name, and that nothing is silent."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest

from bwc_audit.domain.funnel import Place, funnel_of
from bwc_audit.domain.rates import Counts, Rate, RateGroup
from bwc_audit.report.funnel import HEIGHT, WIDTH, funnel_document, funnel_picture, funnel_sentences
from bwc_audit.report.rendering import picture_style, render
from tests.report import report_builders as night
from tests.report.test_report_pages import Tags, index_of, text_of


def section(html: str, name: str) -> str:
    """The part of the page below one heading."""
    found = re.search(rf'<section aria-labelledby="{name}">.*?</section>', html, re.DOTALL)
    assert found, f"no section {name}"
    return found[0]


def groups(*pairs: tuple[int, int]) -> list[RateGroup]:
    rates = [Rate("existence", "assignments", k, n, None, None, None, None) for k, n in pairs]
    return [RateGroup(f"officer-{place}", (rate,), Counts(int(rate.n), (), int(rate.n))) for place, rate in enumerate(rates)]


def test_funnels_of_the_page_name_no_officer() -> None:
    html = section(index_of(night.a_night()), "funnels")
    officers = {result.officer_id for result in night.results()}
    assert officers
    assert not any(re.search(rf"\b{re.escape(officer)}\b", text_of(html)) for officer in officers)
    assert "cannot be told from chance" in text_of(html)


def test_every_picture_says_what_it_shows_without_being_seen() -> None:
    html = section(index_of(night.a_night()), "funnels")
    pictures = [dict(attributes) for tag, attributes in Tags(html).tags if attributes.get("class") == "funnel"]
    assert pictures
    assert all(picture["role"] == "img" and picture["aria-label"] for picture in pictures)
    assert html.count("<desc>") == len(pictures)


def test_rates_by_group_stand_in_the_order_of_their_names() -> None:
    html = section(index_of(night.a_night()), "rates")
    for title in ("By unit", "By call type", "By shift", "By month"):
        assert f"<summary>{title}</summary>" in html
    book = night.a_night().book
    assert book is not None
    keys = [group.key for group in book.groups["unit"]]
    assert keys == sorted(keys)
    assert "By officer" not in html


def test_a_part_of_a_run_has_no_funnels() -> None:
    html = index_of(replace(night.a_night(), book=None))
    assert 'id="funnels"' not in html
    assert "<summary>" not in section(html, "rates")


def test_what_reviewers_said_is_shown_and_so_is_that_nobody_reviewed() -> None:
    told = text_of(section(index_of(night.a_night()), "noise"))
    assert "8.7 % 2.4–26.8 % 2 of 23, 1 cannot be told RS-5c0ffee5a4b1" in told
    silent = text_of(section(index_of(night.a_quiet_night()), "noise"))
    assert "has not been measured" in silent


def test_nothing_decided_is_said_instead_of_drawn() -> None:
    funnel = funnel_of(groups((0, 0), (0, 0)), "officer")
    assert funnel_picture(funnel) is None
    assert funnel_sentences(funnel) == ("No funnel: no officer has a decided assignment (2 without one).",)


@pytest.mark.parametrize(("seed", "widest"), [(1, 30), (2, 400), (3, 30_000)])
def test_all_marks_and_limits_lie_inside_the_picture(seed: int, widest: int) -> None:
    dice = np.random.default_rng(seed)
    sizes = dice.integers(1, widest, 60)
    funnel = funnel_of(groups(*zip(dice.binomial(sizes, 0.9).tolist(), sizes.tolist(), strict=True)), "officer")
    picture = funnel_picture(funnel)
    assert picture is not None
    for path in (picture.band_95, picture.band_998, picture.edges_95, picture.edges_998):
        places = [tuple(map(float, pair.split())) for pair in re.split("[MLZ]", path) if pair]
        assert places
        assert all(0 <= x <= WIDTH and 0 <= y <= HEIGHT for x, y in places)
    for mark in picture.marks:
        x, y = (float(number) for number in re.findall(r"^M(\S+) (-?[\d.]+)", mark.path)[0])
        assert -1 <= x <= WIDTH
        assert -1 <= y <= HEIGHT
    assert len({tick.label for tick in picture.x_ticks}) == len(picture.x_ticks) <= 11


def test_marks_differ_in_shape_by_where_they_lie() -> None:
    funnel = funnel_of(groups((40, 100), (74, 100), (83, 100), (8300, 10_000)), "officer")
    assert {point.place for point in funnel.points} == set(Place)
    picture = funnel_picture(funnel, picture_style())
    assert picture is not None
    commands = {mark.style: re.sub(r"[-\d. ]", "", mark.path) for mark in picture.marks}
    assert commands == {"inside": "MaaZ", "beyond": "MlllZ", "far": "MlhZ"}
    assert "prefers-color-scheme:dark" in str(render(picture))


def test_points_of_a_document_are_named_only_when_asked_for() -> None:
    funnel = funnel_of(groups((9, 9), (1, 9), (5, 9)), "officer")
    assert {point["key"] for point in funnel_document(funnel, night.run())["points"]} == {None}
    named = funnel_document(funnel, night.run(), with_keys=True)["points"]
    assert [point["key"] for point in named] == ["officer-0", "officer-1", "officer-2"]
