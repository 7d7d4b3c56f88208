"""Log entries as columns are the entries themselves, and are sorted and cut up as the entries would be."""

from __future__ import annotations

from itertools import groupby
from random import Random

import pytest

from bwc_audit.domain.event_table import EventsAt, EventTable
from bwc_audit.domain.records import DeviceEvent, DeviceEventKind, RowRef

KINDS = {DeviceEventKind.DOCK, DeviceEventKind.POWER_OFF}


def entries(random: Random, count: int) -> list[DeviceEvent]:
    """Entries of few cameras, kinds, files and moments, so that much ties."""
    return [
        DeviceEvent(
            device_id=random.choice(["cam2", "cam10", "cam1"]),
            at_us=random.randrange(5),
            event=random.choice(list(DeviceEventKind)),
            row=RowRef(random.choice(["b.csv", "a.csv"]), random.randrange(1, 4)),
            value=random.choice([None, "12.5"]),
        )
        for _ in range(count)
    ]


@pytest.mark.parametrize("count", [0, 1, 200])
def test_columns_hold_the_entries(count: int) -> None:
    given = entries(Random(count), count)
    table = EventTable.of(given)
    assert list(table) == given
    assert [table[place] for place in range(count)] == given
    assert table[1:3] == given[1:3]
    assert table == given
    assert EventTable.of(table) is table


@pytest.mark.parametrize("seed", range(5))
def test_entries_of_a_kind_stand_by_camera_then_time_kind_and_row(seed: int) -> None:
    given = entries(Random(seed), 150)
    table = EventTable.of(given)
    cameras = list(dict.fromkeys(one.device_id for one in given))
    wanted = sorted(
        (one for one in given if one.event in KINDS),
        key=lambda one: (cameras.index(one.device_id), one.at_us, one.event, one.row),
    )
    places = table.in_time(KINDS)
    found = list(EventsAt(table, places))
    assert [(one.device_id, one.at_us, one.event, one.row) for one in found] == [
        (one.device_id, one.at_us, one.event, one.row) for one in wanted
    ]
    cut = {name: list(EventsAt(table, own)) for name, own in table.by_device(places)}
    assert cut == {name: list(own) for name, own in groupby(found, key=lambda one: one.device_id)}
    latest = {name: max(one.at_us for one in own) for name, own in cut.items()}
    assert table.latest(places) == latest
