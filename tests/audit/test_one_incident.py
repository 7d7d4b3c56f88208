"""One incident, decided from the few rows that bear on it, is decided as from all rows around it and as in its year."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import pytest
from sqlmodel import Session

from bwc_audit.audit.chunked import in_scope
from bwc_audit.domain.chunks import SEGMENT_MARGIN_US
from bwc_audit.domain.decide import decide
from bwc_audit.domain.findings import Finding
from bwc_audit.domain.matching import match
from bwc_audit.domain.records import Exemption, Holding, Records, RowRef, Segment, StoredObject
from bwc_audit.domain.results import AssignmentResult
from bwc_audit.domain.times import DAY_US, HOUR_US, SECOND_US, Span
from bwc_audit.objects.contract import ObjectStat
from bwc_audit.sources.duplicates import with_unique_ids
from bwc_audit.store.database import open_database, reading, upgrade, writing
from bwc_audit.store.incident_rows import load_incident_records
from bwc_audit.store.orphans import footage_until
from bwc_audit.store.source_files import replace_file, replace_video_objects
from bwc_audit.store.source_rows import load_records
from tests.audit.stored_world import PERIOD as PERIOD_OF_WORLD
from tests.audit.stored_world import random_world, with_camera_off
from tests.bench.stored_year import SOURCE, store_year
from tests.bench.year import AS_OF_US, PERIOD, POLICY, make_year, records_of


def results_of(records: Records, period: Span, incident_id: str) -> list[AssignmentResult]:
    decision = decide(match(records, POLICY, period, AS_OF_US), {})
    return [result for result in decision.results if result.incident_id == incident_id]


def load(session: Session, period: Span, incident_id: str | None = None) -> Records:
    return load_records(session, SOURCE, period, margin_us=SEGMENT_MARGIN_US, incident_id=incident_id)


def load_few(session: Session, period: Span, incident_id: str) -> Records:
    return load_incident_records(session, SOURCE, incident_id, period, margin_us=SEGMENT_MARGIN_US)


@pytest.mark.parametrize("number", [20, 51, 77])
def test_one_incident_has_the_results_of_the_year(tmp_path: Path, number: int) -> None:
    engine = open_database(f"sqlite:///{tmp_path}/year.db")
    upgrade(engine)
    store_year(engine, records_of(make_year(200, 10)))
    incident_id = f"I{number:07d}"
    with reading(engine) as session:
        whole = load(session, PERIOD)
        (incident,) = (one for one in whole.incidents if one.incident_id == incident_id)
        period = Span(incident.opened_us, incident.opened_us + DAY_US)
        alone = load_few(session, period, incident_id)
    engine.dispose()
    assert 0 < len(alone.segments) < len(whole.segments) / 4
    assert {one.incident_id for one in alone.assignments} == {incident_id}
    assert results_of(alone, period, incident_id) == results_of(whole, PERIOD, incident_id) != []


@pytest.mark.parametrize(("database", "seed"), [("sqlite", 1), ("sqlite", 2), ("postgresql", 0)])
def test_rows_that_bear_on_an_incident_give_the_answers_of_all_rows(
    tmp_path: Path, postgres_url: str, database: str, seed: int
) -> None:
    random = Random(seed)
    records = spoiled(with_camera_off(random_world(random, officers=16, incidents=50), random, -3600 * SECOND_US), random)
    engine = open_database(f"sqlite:///{tmp_path}/world.db" if database == "sqlite" else postgres_url)
    upgrade(engine)
    with writing(engine) as session:
        for source in (SOURCE, "s3://other"):
            replace_file(session, source, ObjectStat("rows.csv", 1, "e", 0), records, read_at_us=0)
        replace_video_objects(session, SOURCE, [StoredObject(f"footage/F{n}.mp4", 1, "e", 0) for n in range(0, 60, 2)])
    read, of = 0, 0
    with reading(engine) as session:
        for incident_id in sorted({one.incident_id for one in records.assignments}):
            opened_us = next(row.dispatched_us or 0 for row in records.assignments if row.incident_id == incident_id)
            period = Span(opened_us, opened_us + 6 * HOUR_US)
            few, all_rows = load_few(session, period, incident_id), load(session, period, incident_id)
            assert answers(few, period, incident_id) == answers(all_rows, period, incident_id), incident_id
            read, of = read + len(few.segments), of + len(all_rows.segments)
    engine.dispose()
    assert 0 < read < of * 0.9


@pytest.mark.parametrize("seed", range(4))
def test_one_incident_says_of_its_recordings_what_the_whole_period_says(tmp_path: Path, seed: int) -> None:
    """Most recordings run through several calls: each fact about one stands under the earliest, and no number is called
    wrong that belongs to a call beside."""
    records = random_world(Random(seed), officers=5, incidents=40)
    engine = open_database(f"sqlite:///{tmp_path}/world.db")
    upgrade(engine)
    with writing(engine) as session:
        replace_file(session, SOURCE, ObjectStat("rows.csv", 1, "e", 0), _tagged_beside(records), read_at_us=0)
    shared = 0
    with reading(engine) as session:
        whole = decide(match(with_unique_ids(load(session, PERIOD_OF_WORLD)), POLICY, PERIOD_OF_WORLD, AS_OF_WORLD_US), {})
        decided = {one.incident_id for one in whole.results if one.reason != "incident_not_loaded"}
        for incident_id in sorted(decided):
            opened_us = min(one.dispatched_us or 0 for one in records.assignments if one.incident_id == incident_id)
            period = Span(opened_us, opened_us + DAY_US)
            told_until_us = footage_until(session, SOURCE, AS_OF_WORLD_US)
            few = with_unique_ids(replace(load_few(session, period, incident_id), footage_until_us=told_until_us))
            matching = match(few, POLICY, period, AS_OF_WORLD_US)
            shared += len(matching.elsewhere)
            found = in_scope(decide(matching, {}), incident_id)
            assert _said(found.findings) == _said(in_scope(whole, incident_id).findings), incident_id
            assert [one.outcome for one in found.results] == [
                one.outcome for one in whole.results if one.incident_id == incident_id
            ]
    engine.dispose()
    assert shared > 10


AS_OF_WORLD_US = PERIOD_OF_WORLD.end_us + 10 * DAY_US


def _tagged_beside(records: Records) -> Records:
    """Half of the recordings carry the number of some call."""
    random, names = Random(1), [one.incident_id for one in records.assignments]
    tagged = (replace(one, incident_ids=random.choice(((), (random.choice(names),)))) for one in records.segments)
    return replace(records, segments=tuple(tagged))


def _said(findings: Sequence[Finding]) -> list[tuple[str, str]]:
    """Of recordings; clocks are asked for in a period."""
    return [(one.fingerprint, one.message) for one in findings if one.recording_id and one.kind.group != "clock"]


def answers(records: Records, period: Span, incident_id: str) -> list[object]:
    decision = in_scope(decide(match(with_unique_ids(records), POLICY, period, PERIOD_OF_WORLD.end_us), {}), incident_id)
    return [decision.results, decision.incidents, decision.findings, list(decision.segments), decision.waiting]


def spoiled(records: Records, random: Random) -> Records:
    """The records with every kind of tie between cameras: files that name nobody, a stranger, another spelling or another
    camera, that share ids and content across cameras, that carry ids of other incidents; cameras with two holders, or with
    none for a part of the time; officers on leave."""
    rows, badges = records.segments, [one.officer_id for one in records.officers]
    holdings = [
        Holding(f"CAM{random.choice(badges)}", f"PC 0{random.choice(badges)}", day * DAY_US + PERIOD_OF_WORLD.start_us, ref)
        for day, ref in enumerate(RowRef("rows.csv", 60_000 + one) for one in range(4))
    ]
    exemptions = [
        Exemption(f"PC 0{badge}", "leave", RowRef("rows.csv", 61_000 + place), from_us=PERIOD_OF_WORLD.start_us + DAY_US)
        for place, badge in enumerate(random.sample(badges, 3))
    ]
    assignments = [
        replace(row, officer_id=f"PC 0{row.officer_id}") if random.random() < 0.2 else row for row in records.assignments
    ]
    return replace(
        records,
        segments=tuple(_spoiled(one, rows, random) if random.random() < 0.5 else one for one in rows),
        holdings=(
            *(_cut(one, random) for one in records.holdings),
            *(replace(one, held_to_us=one.held_from_us + DAY_US) for one in holdings),
        ),
        exemptions=tuple(exemptions),
        assignments=tuple(assignments),
    )


def _cut(one: Holding, random: Random) -> Holding:
    at_us = PERIOD_OF_WORLD.start_us + random.randrange(3 * DAY_US)
    changes: list[dict[str, Any]] = [{}, {}, {}, {"held_from_us": at_us}, {"held_to_us": at_us}]
    return replace(one, **random.choice(changes))


def _spoiled(one: Segment, rows: Sequence[Segment], random: Random) -> Segment:
    other = random.choice(rows)
    changes: list[dict[str, Any]] = [
        {"officer_id": None},
        {"officer_id": "stranger", "device_id": random.choice([one.device_id, "NOBODYS"])},
        {"officer_id": f"PC 0{one.officer_id or 7}"},
        {"footage_id": other.footage_id},
        {"recording_id": other.recording_id},
        {"sha256": random.choice("ab") * 64},
        {"device_id": other.device_id},
        {"incident_ids": other.incident_ids},
    ]
    return replace(one, **random.choice(changes))
