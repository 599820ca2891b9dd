"""Zones and lines in pictures."""

from __future__ import annotations

import numpy as np

from edge_app.analytics.scene import SceneConfig
from edge_app.core.events import Direction, SceneEvent
from edge_app.preview.places import PlacesPainter
from tests.frames import frame_meta

GREY = np.full((360, 640, 3), 90, np.uint8)


def changed(*events: SceneEvent, **keys: object) -> np.ndarray:
    """Where a picture is drawn on, bool (360, 640)."""
    painter = PlacesPainter(SceneConfig.model_validate(keys))
    painter.count(events)
    drawn = painter.draw(GREY)
    assert (GREY == 90).all()
    return (drawn != GREY).any(axis=2)


def crossing(direction: Direction, count: int) -> SceneEvent:
    return SceneEvent(
        id="", type="cross", meta=frame_meta(), source_wh=(640, 360), line="gate", direction=direction, count=count
    )


def test_a_zone_is_an_area_with_its_name() -> None:
    square = [[0.25, 0.25], [0.75, 0.25], [0.75, 0.75], [0.25, 0.75]]
    here = changed(zones={"door": {"polygon": square}})
    assert here[95:265, 165:475].all()
    assert not here[280:].any()
    assert here[:88].sum() > 20  # the name, above its corner


def test_a_line_has_an_arrow_to_the_right_hand_of_who_looks_along_it() -> None:
    down = changed(lines={"gate": {"from": [0.5, 0.2], "to": [0.5, 0.8]}})
    up = changed(lines={"gate": {"from": [0.5, 0.8], "to": [0.5, 0.2]}})
    for here, hand, other in ((down, slice(285, 315), slice(326, 356)), (up, slice(326, 356), slice(285, 315))):
        assert here[180, hand].sum() > here[180, other].sum()
        assert here[100:260, 320].all()


def test_what_was_counted_stands_behind_the_name() -> None:
    line = {"gate": {"from": [0.1, 0.5], "to": [0.5, 0.5]}}
    crossed = [crossing("in", 3), crossing("out", 4)]
    without, counted = changed(lines=line), changed(*crossed, lines=line)
    assert counted.sum() > without.sum() + 100
    assert counted[without].mean() > 0.99


def test_names_stay_in_the_picture() -> None:
    corner = [[0.95, 0.0], [1.0, 0.0], [1.0, 0.05], [0.95, 0.05]]
    here = changed(zones={"a_long_name_at_the_upper_right_corner": {"polygon": corner}}, ignore=[corner])
    assert here[:20, 300:600].sum() > 100


def test_a_ground_is_an_outline_with_the_lengths_of_its_sides() -> None:
    corners = [[0.25, 0.75], [0.75, 0.75], [0.6, 0.25], [0.4, 0.25]]
    here = changed(ground={"points": corners, "size_m": [12.5, 6]})
    assert here[268:272, 165:475].any(axis=0).all()  # the first side
    assert not here[100:260, 280:360].any()  # inside
    assert here[240:268, 318:400].sum() > 20  # 12.5 m
