"""Policy files: what they inherit, what is wrong in them and where, and which of them holds when."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bwc_audit.domain.policy import Reference
from bwc_audit.domain.times import us_of
from bwc_audit.errors import ConfigurationError
from bwc_audit.sources.policy_files import (
    PROGRAM_DEFAULT,
    book_of,
    load_book,
    load_policy,
    policy_of,
    shipped_policies,
)
from bwc_audit.sources.policy_problems import PolicyFileError

HEAD = 'schema: bwc-policy/1\nextends: uk_generic\npolicy_id: ours\nversion: "1"\ntitle: Ours\n'


def written(folder: Path, text: str, name: str = "ours.yaml") -> str:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return str(path)


def problems(path: str) -> list[str]:
    """What is said of a wrong file, without its folder."""
    with pytest.raises(ConfigurationError) as caught:
        load_book(path)
    return str(caught.value).replace(str(Path(path).parent) + "/", "").splitlines()


def test_a_file_inherits_every_number_it_does_not_set(tmp_path: Path) -> None:
    ours = load_policy(written(tmp_path, f"{HEAD}coverage: {{gap_s: 45}}\nclauses: {{own: {{text: T, reference: R}}}}\n"))
    theirs = load_policy("uk_generic")
    assert (ours.coverage.gap_s, ours.coverage.activation_grace_s) == (45.0, 30.0)
    assert ours.clauses.keys() == theirs.clauses.keys() | {"own"}
    assert (ours.policy_id, ours.title, ours.scope) == ("ours", "Ours", theirs.scope)
    set_by = ours.provenance
    assert "coverage.gap_s" not in set_by  # its own
    assert set_by["coverage.join_s"] == "uk_generic/2026-11"
    assert set_by["sampling.step_s"] == PROGRAM_DEFAULT


def test_inheritance_goes_through_several_files_beside_one_another(tmp_path: Path) -> None:
    (tmp_path / "below").mkdir()
    written(
        tmp_path, f"{HEAD}coverage: {{gap_s: 45, join_s: 1}}\nlayers:\n  - {{name: first, when: {{units: [a]}}}}\n", "a.yaml"
    )
    child = HEAD.replace("uk_generic", "../a.yaml").replace("ours", "child")
    path = written(tmp_path / "below", f"{child}coverage: {{join_s: 3}}\n", "b.yaml")
    book = load_book(path)
    assert (book.base.coverage.gap_s, book.base.coverage.join_s) == (45.0, 3.0)
    assert book.base.provenance["coverage.gap_s"] == "ours/1"
    assert [layer.name for layer in book.editions[0].layers] == ["first"]


def test_a_ring_of_files_is_noticed(tmp_path: Path) -> None:
    written(tmp_path, HEAD.replace("uk_generic", "b.yaml"), "a.yaml")
    path = written(tmp_path, HEAD.replace("uk_generic", "a.yaml"), "b.yaml")
    [said] = problems(path)
    assert said.startswith("a.yaml:2:10: extends: extends itself through b.yaml → ")


def test_several_errors_are_told_together_each_with_its_place(tmp_path: Path) -> None:
    text = HEAD + (
        "coverage:\n"
        "  activation_grace_s: -5\n"
        "  deactivaton_grace_s: 20\n"
        "  gap_s: long\n"
        "window: {start: [arrival]}\n"
        "buffer: {minimum_share: 1.5}\n"
        "usability: {minimum_s: .nan}\n"
        "labelling: {clause: labeling}\n"
    )
    said = problems(written(tmp_path, text))
    assert [line.split(": ")[0] for line in said] == [
        *("ours.yaml:7:23", "ours.yaml:8:3", "ours.yaml:9:10", "ours.yaml:10:18", "ours.yaml:11:25"),
        *("ours.yaml:12:24", "ours.yaml:13:21"),
    ]
    assert "coverage.activation_grace_s: must not be negative; it is -5, allowed is 0 or more" in said[0]
    assert "coverage.deactivaton_grace_s: there is no such setting; did you mean deactivation_grace_s?" in said[1]
    assert "coverage.gap_s: must be a number; it is 'long'" in said[2]
    assert "window.start[0]: 'arrival' is none of dispatched, en_route, on_scene" in said[3]
    assert "buffer.minimum_share: is a share; it is 1.5, allowed is 0 to 1" in said[4]
    assert "usability.minimum_s: must be a finite number" in said[5]
    assert "labelling.clause: there is no clause 'labeling'; did you mean labelling?" in said[6]


@pytest.mark.parametrize(("grace", "is_taken"), [("-1", False), ("-0.001", False), ("0", True), ("1", True), ("yes", False)])
def test_a_grace_is_a_number_of_at_least_zero(grace: str, is_taken: bool, tmp_path: Path) -> None:
    path = written(tmp_path, f"{HEAD}coverage: {{activation_grace_s: {grace}}}\n")
    if is_taken:
        assert load_policy(path).coverage.activation_grace_s == float(grace)
    else:
        [said] = problems(path)
        assert said.startswith("ours.yaml:6:32: coverage.activation_grace_s: must ")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("scope: {clause: scope, clause: scope}\n", "ours.yaml:6:24: scope.clause: is given twice"),
        ("scop: {clause: scope}\n", "ours.yaml:6:1: scop: there is no such setting; did you mean scope?"),
        ("window: {start: [near_scene]}\n", "ours.yaml:6:17: window.start: near_scene needs near_scene_m"),
        ("window: {end: []}\n", "ours.yaml:6:15: window.end: needs at least one reference"),
        ("severity: {medium_s: 400}\n", "ours.yaml:6:11: severity.high_s: must not be below medium_s (400)"),
        ("exemptions: [{code: a, clause: scope, when: {}}]\n", "ours.yaml:6:39: exemptions[0].when: must name at least one"),
        (
            "exemptions: [{code: a, clause: scope, when: {tags: [x]}}, {code: a, clause: scope, when: {tags: [y]}}]\n",
            "ours.yaml:6:66: exemptions[1].code: 'a' is taken",
        ),
        (
            "layers: [{name: n, when: {unit: [a]}}]\n",
            "ours.yaml:6:27: layers[0].when.unit: there is no such setting; did you",
        ),
        ("layers: [{when: {units: [a]}}]\n", "ours.yaml:6:10: layers[0].name: a layer needs a name"),
        ("layers: [{name: n, when: {}}]\n", "ours.yaml:6:20: layers[0].when: must name units, call_types or priorities"),
        (
            "layers: [{name: n, when: {units: [a]}, clock: {trusted_s: 1}}]\n",
            "ours.yaml:6:40: layers[0].clock: is one for the whole policy",
        ),
        (
            "layers: [{name: n, when: {units: [a]}, coverage: {gap_s: -1}}]\n",
            "ours.yaml:6:58: layers[0].coverage.gap_s: must not be negative",
        ),
        ("effective_from: 2025-02-30\n", "ours.yaml: a value cannot be read"),
        ("effective_from: soon\n", "ours.yaml:6:17: effective_from: must be a day, such as 2025-07-01"),
        (
            "effective_from: 2025-07-02\neffective_to: 2025-07-02\n",
            "ours.yaml:7:15: effective_to: must be after effective_from",
        ),
        ("timezone: Mars/Base\neffective_from: 2025-07-02\n", "ours.yaml:6:11: timezone: 'Mars/Base' is no IANA time zone"),
        ("coverage: [\n", "ours.yaml:7:1: not YAML:"),
        ("coverage: &a {gap_s: *a}\n", "ours.yaml: not YAML: an alias refers to what it lies in"),
        ("coverage: 3\n", "ours.yaml:6:11: coverage: must be a mapping of settings"),
    ],
)
def test_what_is_wrong_is_named_with_its_place(text: str, said: str, tmp_path: Path) -> None:
    [line] = problems(written(tmp_path, HEAD + text))
    assert line.startswith(said)


def test_a_missing_part_of_a_whole_policy_is_named(tmp_path: Path) -> None:
    said = problems(written(tmp_path, 'schema: bwc-policy/1\npolicy_id: bare\nversion: "1"\ntitle: Bare\n'))
    assert {line.split(": ")[1] for line in said} >= {"scope", "window", "coverage", "usability"}
    assert all(line.endswith(": is missing") for line in said)


BOOK = 'schema: bwc-policy-book/1\nbook_id: force\nversion: "3"\ntitle: Force\ntimezone: Europe/London\neditions:\n'


def editions(*rows: str) -> str:
    return BOOK + "".join(f"  - {{{row}}}\n" for row in rows)


def test_a_book_holds_from_midnight_of_its_zone(tmp_path: Path) -> None:
    written(tmp_path, HEAD)
    path = written(tmp_path, editions("policy: uk_generic", "policy: ours.yaml, effective_from: 2025-07-01"), "book.yaml")
    book = load_book(path, "America/New_York")  # the file names its own zone
    change_us = us_of(datetime(2025, 6, 30, 23, tzinfo=UTC))
    found = [book.rules_for(None, None, None, change_us + step).policy_id for step in (-1, 0, 1)]
    assert found == ["uk_generic", "ours", "ours"]
    assert book.is_in_force(0)
    assert (book.editions[0].effective_to, book.base.policy_id) == ("2025-07-01", "ours")


@pytest.mark.parametrize(
    ("second", "said"),
    [
        ("2025-06-30", "book.yaml:8:42: editions[1].effective_from: an overlap: two policies would hold from 2025-06-30"),
        ("2025-07-02", "book.yaml:8:42: editions[1].effective_from: a gap: no policy would hold from 2025-07-01 until"),
        ("2025-01-01", "book.yaml:8:42: editions[1].effective_from: 2025-01-01 is not after the edition before"),
    ],
)
def test_editions_leave_no_gap_and_do_not_overlap(second: str, said: str, tmp_path: Path) -> None:
    first = "policy: uk_generic, effective_from: 2025-01-01, effective_to: 2025-07-01"
    path = written(tmp_path, editions(first, f"policy: uk_generic, effective_from: {second}"), "book.yaml")
    [line] = problems(path)
    assert line.startswith(said)
    load_book(written(tmp_path, editions(first, "policy: uk_generic, effective_from: 2025-07-01"), "book.yaml"))


def test_editions_measure_alike(tmp_path: Path) -> None:
    written(tmp_path, f"{HEAD}clock: {{trusted_s: 30}}\n")
    path = written(tmp_path, editions("policy: uk_generic", "policy: ours.yaml, effective_from: 2025-07-01"), "book.yaml")
    [line] = problems(path)
    assert "editions[0].policy: its clock differ from those of the last edition" in line


def test_what_is_wrong_in_an_edition_is_told_with_its_own_file(tmp_path: Path) -> None:
    written(tmp_path, f"{HEAD}coverage: {{gap_s: -1}}\n")
    path = written(tmp_path, editions("policy: ours.yaml", "polcy: x", "policy: nothing.yaml"), "book.yaml")
    said = problems(path)
    assert any(line.startswith("ours.yaml:6:19: coverage.gap_s: must not be negative") for line in said)
    assert any("editions[1].polcy: there is no such setting; did you mean policy?" in line for line in said)
    assert any("nothing.yaml: No such file" in line for line in said)


def test_a_book_is_the_same_after_it_was_kept(tmp_path: Path) -> None:
    layer = "layers:\n  - name: night\n    when: {units: [n]}\n    window: {start: [dispatched]}\n"
    rule = "    exemptions: [{code: home, clause: scope, when: {areas: [a]}, end: on_scene}]\n"
    written(tmp_path, HEAD + layer + rule)
    path = written(tmp_path, editions("policy: uk_generic", "policy: ours.yaml, effective_from: 2025-07-01"), "book.yaml")
    book = load_book(path)
    kept = book_of(json.loads(json.dumps({"book": book.content})), "kept")
    assert kept.policy_hash == book.policy_hash
    found = kept.rules_for("n", None, None, 2**62)
    assert found == book.rules_for("n", None, None, 2**62)
    assert (found.window.start, found.exemptions[0].end) == ((Reference.DISPATCHED,), Reference.ON_SCENE)


def test_kept_content_that_is_no_policy_is_told_as_such() -> None:
    with pytest.raises(PolicyFileError, match=r"policy of run X: scope: is missing"):
        policy_of({"policy_id": "x"}, "policy of run X")


@pytest.mark.parametrize("name", shipped_policies())
def test_every_shipped_clause_has_words_a_source_and_the_advice_to_verify(name: str) -> None:
    policy = load_policy(name)
    used = {rules.clause for rules in (policy.scope, policy.window, policy.retention, policy.buffer)}
    used |= {policy.coverage.activation_clause, *(rule.clause for rule in policy.exemptions)}
    for clause in used:
        words = policy.clauses[clause]
        assert len(words.text) > 20
        is_engineering = "ngineering" in words.reference
        assert is_engineering or "erify" in words.note, clause


@pytest.mark.parametrize(
    ("name", "numbers"),
    [
        ("illinois", {"start": "en_route", "buffer": 30.0, "days": 90.0, "exempt": "off_on_request"}),
        ("new_jersey", {"start": "en_route", "buffer": 30.0, "days": 180.0, "longest": 1095.0}),
        ("minneapolis_two_blocks", {"start": "near_scene", "buffer": 30.0, "days": 90.0}),
        ("lapd_120s", {"start": "on_scene", "buffer": 120.0, "days": 31.0}),
        ("tempe_rate", {"start": "on_scene", "buffer": 30.0, "days": 31.0, "priorities": ("1", "2")}),
    ],
)
def test_shipped_packs_hold_what_their_texts_say(name: str, numbers: dict[str, object]) -> None:
    policy = load_policy(name)
    found: dict[str, object] = {
        "start": policy.window.start[0].value,
        "buffer": policy.buffer.expected_s,
        "days": policy.retention.keep_days,
        "longest": max((one.keep_days for one in policy.retention.longer), default=None),
        "exempt": next((rule.code for rule in policy.exemptions), None),
        "priorities": policy.scope.priorities,
    }
    assert {key: found[key] for key in numbers} == numbers
