"""A stored period under two policies: the same answers as two nights would give, and nothing is written or opened."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from random import Random

import pytest

from bwc_audit.audit.compare import compare_policies, period_request
from bwc_audit.audit.setup import open_audit
from bwc_audit.config import Settings
from bwc_audit.domain.comparison import Comparison, Side
from bwc_audit.domain.findings import FindingKind
from bwc_audit.domain.rates import rate_table
from bwc_audit.domain.times import SECOND_US
from bwc_audit.report.comparison_document import comparison_document
from bwc_audit.sources.policy_files import load_book
from bwc_audit.store import policies, runs
from bwc_audit.store.database import reading
from tests.audit.nights import Night, run_night
from tests.audit.small_force import SmallForce
from tests.audit.stored_world import DAYS, PERIOD, audit_of, random_world, with_camera_off, with_chunks, with_deciders
from tests.audit.test_changes import under


def evening(force: SmallForce) -> None:
    """Three calls: recorded, not recorded, and one of 40 s."""
    force.call("I1", "20:00", "7")
    force.recorded("I1", "7", "20:00")
    force.call("I2", "21:00", "8")
    force.call("I3", "22:00", "7", seconds=40)


def compared(settings: Settings, first: str, second: str) -> Comparison:
    audit = open_audit(settings)
    with reading(audit.engine) as session:
        [run] = runs.load_runs(session, 1)
    return compare_policies(audit, load_book(first), load_book(second), run.request)


def same_as_night(side: Side, night: Night) -> bool:
    firm = [one.finding.kind for one in night.observed if not one.finding.is_borderline and one.state == "open"]
    counted = {kind: firm.count(kind) for kind in FindingKind if kind in firm}
    return side.rates == rate_table(night.results) and dict(side.findings) == counted


def test_each_side_says_what_a_night_under_it_would_say(force: SmallForce, settings: Settings, tmp_path: Path) -> None:
    evening(force)
    other = under(settings, tmp_path, "other", scope={"minimum_on_scene_s": 30}, coverage={"activation_grace_s": 0})
    first = run_night(settings)
    found = compared(settings, "uk_generic", other.policy)
    second = run_night(other)
    assert same_as_night(found.first, first)
    assert same_as_night(found.second, second)
    moved = {(one.first.incident_id, one.first.outcome, one.second.outcome) for one in found.assignments}
    assert moved == {("I3", "excluded", "findings")}
    assert found.first.unseen_us == 0


@pytest.mark.parametrize("other", ["new_jersey", "tempe_rate"])
def test_pieces_of_any_size_compare_to_the_same_document(tmp_path: Path, other: str) -> None:
    audit = audit_of(tmp_path, with_camera_off(random_world(Random(3)), Random(1), -3600 * SECOND_US))
    books = load_book("uk_generic"), load_book(other)
    asked = (*(with_chunks(audit, days) for days in (DAYS, 1, 4)), with_deciders(with_chunks(audit, 3), 2))
    whole, *pieces = (comparison_document(compare_policies(one, *books, period_request(one, PERIOD))) for one in asked)
    assert pieces == [whole, whole, whole]
    assert whole["findings"]
    assert whole["assignments"]


def test_nothing_is_stored_and_no_video_is_opened(
    force: SmallForce, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    evening(force)
    run_night(settings)
    for video in force.root.rglob("*.mp4"):
        video.unlink()
    before = {path: path.read_bytes() for path in settings.state_dir.rglob("*.db")}
    assert before
    found = compared(settings, "uk_generic", "illinois")
    assert {path: path.read_bytes() for path in settings.state_dir.rglob("*.db")} == before
    assert found.second.rates.assignments == 3


def test_time_that_only_one_policy_asks_for_in_a_video_counts_as_not_looked_at(
    force: SmallForce, settings: Settings, tmp_path: Path
) -> None:
    force.call("I1", "20:00", "7", seconds=60)
    force.recorded("I1", "7", "20:00")  # from 19:59:50 on
    run_night(settings)
    wider = under(settings, tmp_path, "wider", window={"start": ["incident_opened"]})
    found = compared(settings, "uk_generic", wider.policy)
    assert (found.first.unseen_us, found.second.unseen_us) == (0, 10_000_000)


def test_a_night_under_a_book_judges_by_day_and_keeps_what_it_judged_by(
    force: SmallForce, settings: Settings, tmp_path: Path
) -> None:
    evening(force)
    layered = tmp_path / "ours.yaml"
    layered.write_text(
        'schema: bwc-policy/1\nextends: uk_generic\npolicy_id: ours\nversion: "1"\ntitle: Ours\n'
        "exemptions:\n  - {code: home, clause: scope, when: {call_types: [DOMESTIC]}}\n",
        encoding="utf-8",
    )
    book = tmp_path / "book.yaml"
    book.write_text(
        'schema: bwc-policy-book/1\nbook_id: force\nversion: "1"\ntitle: Force\neditions:\n'
        "  - {policy: uk_generic}\n  - {policy: ours.yaml, effective_from: 2025-05-24}\n",
        encoding="utf-8",
    )
    night = run_night(settings.model_copy(update={"policy": str(book)}))
    assert {(one.reason, one.exempted_by) for one in night.results if one.incident_id != "I3"} == {
        ("fully_exempt", ("home",))
    }
    assert night.run.request.policy_id == "force"
    [policy] = {one.policy for one in night.results}
    assert policy is not None
    kept = load_book(str(book)).rules_for("north", "DOMESTIC", None, _us("2025-05-24T20:00:00"))
    assert policy == kept.reference
    with reading(night.audit.engine) as session:
        assert policies.policy_content(session, kept.policy_hash) is not None
        whole = policies.policy_content(session, night.run.request.policy_hash)
    assert whole is not None
    assert [one["effective_from"] for one in whole["book"]["editions"]] == [None, "2025-05-24"]


def _us(text: str) -> int:
    return round(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1e6)
