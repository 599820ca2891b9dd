"""Events of zones and lines."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timezone
from pathlib import Path

import pytest

from edge_app.analytics.counts import Counter, CountStore
from edge_app.analytics.place_events import PlaceEvents
from edge_app.analytics.place_tally import PlaceTally
from edge_app.analytics.scene import SceneConfig
from edge_app.core.events import SceneEvent
from edge_app.core.metrics import Metrics
from tests.analytics.tracked import LABELS, WH, tracked

SQUARE = [[0.2, 0.2], [0.8, 0.2], [0.8, 0.8], [0.2, 0.8]]
PATH = [0.0, 0.5, 0.5, 0.5, 0.5, 0.5, 0.0, 0.0, 0.0]  # in at frame 1, out at frame 6
SCENE = SceneConfig.model_validate(
    {
        "zones": {
            "door": {"polygon": SQUARE, "dwell_s": 0.3, "crowd": {"count": 2, "for_s": 0.1}},
            "yard": {"polygon": SQUARE},
        },
        "lines": {"entrance": {"from": [0.3, 0], "to": [0.3, 1], "inertia": 2}},
    }
)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[CountStore]:
    store = CountStore(tmp_path / "counts.db")
    yield store
    store.close()


def happened(store: CountStore, times: int = 1, metrics: Metrics | None = None) -> list[SceneEvent]:
    """What two tracks cause that go along `PATH` one after the other, again and again."""
    events = PlaceEvents(
        SCENE, LABELS, timezone.utc, PlaceTally(store, metrics or Metrics(), "gate", LABELS, timezone.utc)
    )
    frames = [tracked(index, {1: (x, 0.5), 2: (x, 0.6)}) for index, x in enumerate([*PATH * times, 0.0])]
    made = [event for frame in frames for event in events.update(frame)]
    store.write()
    return made


def test_a_stay_has_one_id_and_says_when_it_began(store: CountStore) -> None:
    stay = [e for e in happened(store) if e.zone == "door" and e.seen and e.seen.track_id == 1]
    assert [(e.type, e.meta.index, e.start_time) for e in stay] == [
        ("enter", 1, 0.1),
        ("dwell", 4, 0.1),
        ("leave", 6, 0.1),
    ]
    assert len({e.id for e in stay}) == 1
    assert [e.dwell_s and round(e.dwell_s, 3) for e in stay] == [None, 0.3, 0.5]


def test_stays_of_other_tracks_in_other_zones_and_later_have_ids_of_their_own(store: CountStore) -> None:
    stays = [e for e in happened(store, times=3) if e.type == "enter"]
    assert len(stays) == len({e.id for e in stays}) == 2 * 2 * 3


def test_a_crowd_and_its_end_share_an_id(store: CountStore) -> None:
    crowd = [e for e in happened(store, times=2) if e.type in ("crowd", "calm")]
    assert [(e.type, e.zone, e.count) for e in crowd] == [("crowd", "door", 2), ("calm", "door", 0)] * 2
    assert crowd[0].id == crowd[1].id != crowd[2].id == crowd[3].id
    assert crowd[0].source_wh == WH


def test_a_crossing_says_which_way_and_how_many_it_makes(store: CountStore) -> None:
    crossed = [e for e in happened(store) if e.type == "cross"]
    assert [(e.direction, e.count, e.meta.index) for e in crossed] == [
        ("out", 1, 1),
        ("out", 2, 1),
        ("in", 1, 6),
        ("in", 2, 6),
    ]
    assert {e.line for e in crossed} == {"entrance"}
    assert len({e.id for e in crossed}) == 4


def test_zones_and_lines_are_counted_and_a_restart_counts_on(store: CountStore) -> None:
    for _ in range(2):
        last = [e for e in happened(store) if e.type == "cross"][-1]
    assert last.count == 4
    totals = {(c.place, c.counted): round(value, 3) for c, value in store.since(0).items()}
    assert totals == {
        ("door", "entered"): 4,
        ("door", "dwell_s"): 2.0,
        ("yard", "entered"): 4,
        ("yard", "dwell_s"): 2.0,
        ("entrance", "in"): 4,
        ("entrance", "out"): 4,
    }


def test_a_new_day_counts_from_one(store: CountStore) -> None:
    store.add(Counter("gate", "entrance", "person", "in"), -60, 7)  # yesterday
    store.add(Counter("gate", "entrance", "car", "in"), 60, 7)
    store.add(Counter("yard", "entrance", "car", "in"), 60, 7)
    store.write()
    counts = [e.count for e in happened(store) if e.type == "cross" and e.direction == "in"]
    assert counts == [8, 9]


def test_a_day_that_is_over_counts_as_it_ended(store: CountStore) -> None:
    """A file is of another day than what was counted last."""
    store.add(Counter("gate", "entrance", "person", "in"), 60, 7)
    store.add(Counter("gate", "entrance", "person", "in"), 86400, 7)
    store.write()
    assert [e.count for e in happened(store) if e.type == "cross" and e.direction == "in"] == [8, 9]


def test_who_takes_a_camera_over_counts_on_before_anything_is_written(store: CountStore) -> None:
    metrics, path = Metrics(), [0.0, 0.5, 0.5]
    counts = []
    for track_id in (1, 2):
        events = PlaceEvents(SCENE, LABELS, timezone.utc, PlaceTally(store, metrics, "gate", LABELS, timezone.utc))
        frames = [tracked(index, {track_id: (x, 0.5)}) for index, x in enumerate(path)]
        counts += [event.count for frame in frames for event in events.update(frame) if event.type == "cross"]
    assert counts == [1, 2]


def test_a_file_of_counts_that_cannot_be_read_ends_nothing(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    store = CountStore(tmp_path / "counts.db")
    store._file.execute("DROP TABLE counts")
    events = PlaceEvents(SCENE, LABELS, timezone.utc, PlaceTally(store, Metrics(), "gate", LABELS, timezone.utc))
    frames = [tracked(index, {1: (x, 0.5)}) for index, x in enumerate(PATH)]
    assert [e.count for frame in frames for e in events.update(frame) if e.type == "cross"] == [1, 1]
    assert "camera gate: line entrance begins the day anew, its counts cannot be read: no such table" in caplog.text
    store.close()


def test_what_is_counted_is_a_metric_too(store: CountStore) -> None:
    metrics = Metrics()
    happened(store, metrics=metrics)
    assert metrics.by("line_crossings", "direction", camera="gate", line="entrance", label="person") == {
        "in": 2,
        "out": 2,
    }
    assert metrics.by("zone_entries", "zone", camera="gate", label="person") == {"door": 2, "yard": 2}
    assert metrics.gauge_value("zone_inside", camera="gate", zone="door", label="person") == 0
    dwell = metrics.histogram("zone_dwell", camera="gate", zone="door", label="person")
    assert (dwell.count, dwell.sum) == (2, pytest.approx(1.0))


def test_a_stay_is_counted_by_the_label_with_which_it_began(store: CountStore) -> None:
    events = PlaceEvents(SCENE, LABELS, timezone.utc, PlaceTally(store, Metrics(), "gate", LABELS, timezone.utc))
    frames = [tracked(index, {1: (x, 0.5)}, class_id=1 if index < 5 else 2) for index, x in enumerate(PATH)]
    told = [event for frame in frames for event in events.update(frame)]
    assert {event.seen.class_id for event in told if event.type == "leave" and event.seen} == {2}
    store.write()
    assert {c.label for c in store.since(0) if c.place == "door"} == {"car"}
    assert set(store.inside().values()) == {0}
