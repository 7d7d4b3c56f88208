"""Inspections: kept under content and way of looking, equal when they come back."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import HealthCheck, given, settings
from sqlalchemy import Engine, text

from bwc_audit.domain.inspection import (
    Defect,
    DefectKind,
    Inspection,
    InspectionRequest,
    InspectionStatus,
    Still,
)
from bwc_audit.domain.policy import InspectionRules, SamplingRules, UsabilityRules
from bwc_audit.domain.times import Span
from bwc_audit.store.database import reading, writing
from bwc_audit.store.inspections import (
    identity_of,
    known_inspections,
    latest_inspection,
    load_inspections,
    plan_digest,
    record_inspection,
)
from tests.store.measured import clip_measures
from tests.store.values import INSPECTIONS

REQUEST = InspectionRequest("footage/a.mp4", (Span(0, 5), Span(7, 9)), stills_at_us=(1, 2))
RULES = InspectionRules(SamplingRules("usability"), UsabilityRules("usability"))
IDENTITY = identity_of("s3://b", "etag", 10, REQUEST, RULES)


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(first=INSPECTIONS, second=INSPECTIONS)
def test_the_last_outcome_comes_back_as_it_was(engine: Engine, first: Inspection, second: Inspection) -> None:
    first, second = (replace(one, object_key=REQUEST.object_key) for one in (first, second))
    with writing(engine) as session:
        record_inspection(session, IDENTITY, REQUEST, first)
        record_inspection(session, IDENTITY, REQUEST, second)
        assert load_inspections(session, [IDENTITY], with_stills=True) == {IDENTITY: second}
        assert load_inspections(session, [IDENTITY]) == {IDENTITY: replace(second, stills=(), sheets=())}
        assert latest_inspection(session, "s3://b", REQUEST.object_key) == second
        assert session.connection().scalar(text("SELECT COUNT(*) FROM inspection")) == 1
        session.rollback()


def test_measures_without_bound_survive(engine: Engine) -> None:
    silent = Defect(DefectKind.AUDIO_MUTED, 0, 5, 1.0, {"rms_dbfs": float("-inf"), "share": 1.0})
    inspection = Inspection(REQUEST.object_key, InspectionStatus.COMPLETE, defects=(silent,))
    with writing(engine) as session:
        record_inspection(session, IDENTITY, REQUEST, inspection)
        assert load_inspections(session, [IDENTITY])[IDENTITY].defects == (silent,)


def test_other_content_version_or_way_of_looking_is_another_inspection(engine: Engine) -> None:
    inspection = Inspection(REQUEST.object_key, InspectionStatus.COMPLETE, stills=(Still(1, b"\xff\xd8", "ab"),))
    others = [
        replace(IDENTITY, etag="other"),
        replace(IDENTITY, size_bytes=11),
        replace(IDENTITY, source="s3://c"),
        replace(IDENTITY, inspector_version="0"),
        identity_of("s3://b", "etag", 10, replace(REQUEST, is_deep=True), RULES),
        identity_of("s3://b", "etag", 10, REQUEST, replace(RULES, sampling=replace(RULES.sampling, step_s=11.0))),
    ]
    assert len({IDENTITY, *others}) == 7
    with writing(engine) as session:
        record_inspection(session, IDENTITY, REQUEST, inspection)
    with reading(engine) as session:
        assert known_inspections(session, [IDENTITY, *others]) == {IDENTITY}
        assert load_inspections(session, others) == {}
        assert latest_inspection(session, "s3://b", "footage/other.mp4") is None


def test_the_plan_digest_does_not_hang_on_the_key() -> None:
    assert plan_digest(REQUEST, RULES) == plan_digest(replace(REQUEST, object_key="footage/b.mp4"), RULES)


def test_a_changed_limit_asks_for_no_other_inspection_and_a_changed_step_does() -> None:
    stricter = replace(RULES, usability=replace(RULES.usability, minimum_s=3.0))
    assert plan_digest(REQUEST, stricter) == plan_digest(REQUEST, RULES)
    denser = replace(RULES, sampling=replace(RULES.sampling, defect_step_s=1.0))
    assert plan_digest(REQUEST, denser) != plan_digest(REQUEST, RULES)


def test_an_inspection_of_before_measures_were_kept_still_loads(engine: Engine) -> None:
    inspection = Inspection(REQUEST.object_key, InspectionStatus.COMPLETE, measures=clip_measures(3, 3))
    with writing(engine) as session:
        record_inspection(session, IDENTITY, REQUEST, inspection)
        session.connection().execute(text("DELETE FROM inspection_measures"))
        assert load_inspections(session, [IDENTITY])[IDENTITY] == replace(inspection, measures=None)


def test_many_identities_are_looked_up_in_parts(engine: Engine) -> None:
    identities = [replace(IDENTITY, object_key=f"footage/{number}.mp4") for number in range(1_200)]
    inspection = Inspection("", InspectionStatus.PARTIAL, detail="cut", not_examined=("the rest",))
    with writing(engine) as session:
        for identity in identities[::100]:
            record_inspection(session, identity, REQUEST, inspection)
        assert known_inspections(session, identities) == frozenset(identities[::100])
        assert set(load_inspections(session, identities)) == set(identities[::100])
