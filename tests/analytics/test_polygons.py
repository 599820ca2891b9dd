"""Which points are inside: by hand, and as OpenCV finds them."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import supervision
from hypothesis import assume, given
from hypothesis import strategies as st

from edge_app.analytics.places import ACROSS, DOWN, Anchors
from edge_app.analytics.polygons import Polygons
from tests.analytics.tracked import PATIENT

SQUARE = ((0.2, 0.2), (0.8, 0.2), (0.8, 0.8), (0.2, 0.8))
U = ((0, 0), (1, 0), (1, 1), (0.75, 1), (0.75, 0.25), (0.25, 0.25), (0.25, 1), (0, 1))
HOLE = ((0, 0), (1, 0), (1, 1), (0, 1), (0, 0), (0.25, 0.25), (0.25, 0.75), (0.75, 0.75), (0.75, 0.25), (0.25, 0.25))
GRID = st.integers(0, 8)


def inside(polygon, x, y):
    return bool(Polygons([polygon]).contain(np.array([[x]]), np.array([[y]]))[0, 0])


@pytest.mark.parametrize(
    ("polygon", "point", "is_inside"),
    [
        pytest.param(SQUARE, (0.5, 0.5), True, id="middle"),
        pytest.param(SQUARE, (0.1, 0.5), False, id="left"),
        pytest.param(SQUARE, (0.9, 0.5), False, id="right"),
        pytest.param(SQUARE, (0.5, 0.9), False, id="below"),
        pytest.param(SQUARE, (0.5, 0.1), False, id="above"),
        pytest.param(SQUARE, (0.1, 0.2), False, id="beside an edge, in its line"),
        pytest.param(SQUARE, (0.5, 252 / 315), True, id="lower edge"),
        pytest.param(SQUARE, (0.5, 0.2), True, id="upper edge"),
        pytest.param(SQUARE, (0.2, 0.5), True, id="left edge"),
        pytest.param(SQUARE, (0.8, 0.5), True, id="right edge"),
        pytest.param(SQUARE, (0.8, 0.8), True, id="corner"),
        pytest.param(((0.1, 0.1), (0.9, 0.3), (0.4, 0.9)), (0.3, 0.15), True, id="slanted edge"),
        pytest.param(U, (0.5, 0.1), True, id="bottom of the U"),
        pytest.param(U, (0.1, 0.9), True, id="arm of the U"),
        pytest.param(U, (0.5, 0.9), False, id="between the arms"),
        pytest.param(U, (0.5, 0.25), True, id="edge between the arms"),
        pytest.param(HOLE, (0.5, 0.5), False, id="hole"),
        pytest.param(HOLE, (0.1, 0.5), True, id="around the hole"),
    ],
)
def test_a_point_is_inside_by_hand_edges_too(polygon, point, is_inside):
    assert inside(polygon, *point) == is_inside
    assert inside(polygon[::-1], *point) == is_inside
    assert inside(polygon[2:] + polygon[:2], *point) == is_inside


@PATIENT
@given(st.lists(st.tuples(GRID, GRID), min_size=3, max_size=8, unique=True), st.tuples(GRID, GRID))
def test_points_are_inside_as_opencv_finds_them(corners, point):
    found = cv2.pointPolygonTest(np.array(corners, np.float32), [float(v) for v in point], False) >= 0
    assert inside([(x / 8, y / 8) for x, y in corners], point[0] / 8, point[1] / 8) == found


SHARE = st.floats(0, 1)


@PATIENT
@given(st.lists(st.tuples(SHARE, SHARE), min_size=3, max_size=6), st.integers(0, 5), SHARE)
def test_a_slanted_edge_belongs_to_the_inside_however_its_points_are_rounded(corners, edge, along):
    (x1, y1), (x2, y2) = corners[edge % len(corners)], corners[(edge + 1) % len(corners)]
    assert inside(corners, x1 + along * (x2 - x1), y1 + along * (y2 - y1))


@PATIENT
@given(st.lists(st.tuples(GRID, GRID), min_size=3, max_size=8, unique=True), st.data())
def test_polygons_that_are_looked_at_together_do_not_see_each_other(corners, data):
    others = data.draw(st.lists(st.lists(st.tuples(GRID, GRID), min_size=3, max_size=5), min_size=1, max_size=3))
    polygons = [[(x / 8, y / 8) for x, y in each] for each in (others[0], corners, *others[1:])]
    x, y = np.meshgrid(np.arange(17) / 16, np.arange(17) / 16)
    points = [np.tile(each.reshape(-1, 1), len(polygons)) for each in (x, y)]
    together = Polygons(polygons).contain(*points)
    for column, polygon in zip(together.T, polygons, strict=True):
        alone = Polygons([polygon]).contain(*(each[:, :1] for each in points))
        assert column.tolist() == alone[:, 0].tolist()


def test_no_points_are_nowhere():
    assert Polygons([SQUARE, U]).contain(np.empty((0, 2)), np.empty((0, 2))).shape == (0, 2)


def test_anchors_are_those_of_supervision():
    boxes = np.array([[0.125, 0.25, 0.5, 1.0], [0, 0, 1, 0.5]])
    detections = supervision.Detections(boxes, class_id=np.array([0, 0]))
    names = [position.name.lower() for position in supervision.Position if position.name != "CENTER_OF_MASS"]
    x, y = Anchors(names).of(boxes)
    for i, name in enumerate(names):
        wanted = detections.get_anchors_coordinates(supervision.Position[name.upper()])
        assert np.stack([x[:, i], y[:, i]], axis=1).tolist() == wanted.tolist(), name
    assert len(names) == len(ACROSS) * len(DOWN)


@PATIENT
@given(st.floats(0, 1), st.floats(0, 1), st.floats(0, 1), st.floats(0, 1))
def test_a_box_that_reaches_the_edge_of_the_picture_has_its_anchor_on_it(x1, x2, y1, y2):
    assume(x1 <= x2)
    x, y = Anchors(["bottom_right", "top_left"]).of(np.array([[x1, y1, x2, y2]]))
    assert (x.tolist(), y.tolist()) == ([[x2, x1]], [[y2, y1]])
