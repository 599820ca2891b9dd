"""Events of zones and lines."""

from __future__ import annotations

from edge_app.analytics.facts import Crossed
from edge_app.analytics.lines import LineConfig, Lines
from edge_app.analytics.place_events import PlaceEvents
from edge_app.analytics.zones import ZoneConfig, Zones
from edge_app.core.events import Event
from tests.analytics.tracked import LABELS, WH, tracked

SQUARE = [[0.2, 0.2], [0.8, 0.2], [0.8, 0.8], [0.2, 0.8]]
PATH = [0.0, 0.5, 0.5, 0.5, 0.5, 0.5, 0.0, 0.0, 0.0]  # in at frame 1, out at frame 6
ZONES = {
    "door": ZoneConfig.model_validate({"polygon": SQUARE, "dwell_s": 0.3, "crowd": {"count": 2, "for_s": 0.1}}),
    "yard": ZoneConfig.model_validate({"polygon": SQUARE}),
}
LINES = {"entrance": LineConfig.model_validate({"from": [0.3, 0], "to": [0.3, 1], "inertia": 2})}


def happened(times: int = 1) -> list[Event]:
    """What two tracks cause that go along `PATH` one after the other, again and again."""
    crossings: list[Crossed] = []
    events = PlaceEvents(lambda fact: crossings.append(fact) or len(crossings))  # type: ignore[func-returns-value]
    zones, lines, made = Zones(ZONES, LABELS, None), Lines(LINES, LABELS, None), list[Event]()
    for index, x in enumerate([*PATH * times, 0.0]):
        frame = tracked(index, {1: (x, 0.5), 2: (x, 0.6)})
        made += [events.event(fact, WH) for fact in (*zones.update(frame), *lines.update(frame))]
    return made


def test_a_stay_has_one_id_and_says_when_it_began() -> None:
    stay = [e for e in happened() if e.zone == "door" and e.seen and e.seen.track_id == 1]
    assert [(e.type, e.meta.index, e.start_time) for e in stay] == [
        ("enter", 1, 0.1),
        ("dwell", 4, 0.1),
        ("leave", 6, 0.1),
    ]
    assert len({e.id for e in stay}) == 1
    assert [e.dwell_s and round(e.dwell_s, 3) for e in stay] == [None, 0.3, 0.5]


def test_stays_of_other_tracks_in_other_zones_and_later_have_ids_of_their_own() -> None:
    stays = [e for e in happened(times=3) if e.type == "enter"]
    assert len(stays) == len({e.id for e in stays}) == 2 * 2 * 3


def test_a_crowd_and_its_end_share_an_id() -> None:
    crowd = [e for e in happened(times=2) if e.type in ("crowd", "calm")]
    assert [(e.type, e.zone, e.count) for e in crowd] == [("crowd", "door", 2), ("calm", "door", 0)] * 2
    assert crowd[0].id == crowd[1].id != crowd[2].id == crowd[3].id
    assert crowd[0].source_wh == WH


def test_a_crossing_says_which_way_and_how_many_it_makes() -> None:
    crossed = [e for e in happened() if e.type == "cross"]
    assert [(e.direction, e.count, e.meta.index) for e in crossed] == [
        ("out", 1, 1),
        ("out", 2, 1),
        ("in", 3, 6),
        ("in", 4, 6),
    ]
    assert {e.line for e in crossed} == {"entrance"}
    assert len({e.id for e in crossed}) == 4
