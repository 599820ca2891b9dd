"""What the file says of a camera's picture: each mistake is one line with its place and what is right."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest
from pydantic import Field

from edge_app.analytics.scene import SceneConfig
from edge_app.config import Section, load, schema_of
from edge_app.config.schedule import TimeZoneName
from edge_app.core.errors import ConfigError

CORNERS = "[[0.2, 0.2], [0.8, 0.2], [0.8, 0.8], [0.2, 0.8]]"
RECTANGLE = "points: [[0.2, 0.9], [0.8, 0.9], [0.6, 0.5], [0.4, 0.5]]"
EXAMPLE = """
timezone: Europe/Berlin
cameras:
  gate:
    zones:
      door: {polygon: [[0.1,0.2],[0.5,0.2],[0.5,0.9],[0.1,0.9]], labels: [person], anchor: bottom_center, inertia: 3,
             dwell_s: 10, crowd: {count: 5, for_s: 3}, active: ["mon-fri 22:00-06:00", "sat,sun"]}
    lines:
      entrance: {from: [0.1,0.5], to: [0.9,0.5], labels: [person], anchor: bottom_center, inertia: 2}
    filters: {person: {min_score: 0.5, min_area: 0.001, max_area: 0.5, min_ratio: 0.2, max_ratio: 1.0}}
    ignore: [[[0,0],[0.2,0],[0.2,0.1],[0,0.1]]]
    ground: {points: [[0.2,0.9],[0.8,0.9],[0.6,0.5],[0.4,0.5]], size_m: [12.0, 6.0]}
"""


class Fleet(Section):
    """A file of scenes."""

    cameras: dict[str, SceneConfig] = Field(default={})
    """Cameras."""
    timezone: TimeZoneName | None = None
    """That of hours."""


def loaded(folder: Path, text: str) -> Fleet:
    path = folder / "c.yaml"
    path.write_text(text)
    return load(Fleet, path, {}, {})


def said(folder: Path, keys: str) -> str:
    """What is wrong with the camera's `keys`, which begin in line 2, column 7."""
    with pytest.raises(ConfigError) as caught:
        loaded(folder, f"cameras:\n  a: {{{keys}}}\n")
    return str(caught.value).removeprefix(f"{folder / 'c.yaml'}:")


def zone(keys: str) -> str:
    return f"zones: {{z: {{{keys}}}}}"


def polygon(corners: str) -> str:
    return zone(f"polygon: {corners}")


def active(hours: str) -> str:
    return zone(f"polygon: {CORNERS}, active: {hours}")


MISTAKES = [
    ("two points", polygon("[[0,0],[1,1]]"), "2:19: cameras.a.zones.z.polygon: want 3 to 100 points, got 2"),
    (
        "crossing edges",
        polygon("[[0,0],[1,1],[1,0],[0,1]]"),
        "2:19: cameras.a.zones.z.polygon: the edge from point 1 to 2 crosses that from 3 to 4; "
        "give the points in their order around the area",
    ),
    (
        "crossing last edge",
        polygon("[[1,1],[0,1],[1,0.3],[0.5,0]]"),
        "2:19: cameras.a.zones.z.polygon: the edge from point 2 to 3 crosses that from 4 to 1; "
        "give the points in their order around the area",
    ),
    (
        "no area",
        polygon("[[0.1,0.1],[0.2,0.2],[0.3,0.3],[0.7,0.7]]"),
        "2:19: cameras.a.zones.z.polygon: want an area; these points are on one line",
    ),
    (
        "pixels",
        polygon("[[0,0],[640,0],[0.5,1]]"),
        "2:36: cameras.a.zones.z.polygon[1][0]: want 0 to 1, a share of the picture's width or height, no pixels",
    ),
    (
        "below 0",
        "lines: {l: {from: [0.5, -0.1], to: [1, 1]}}",
        "2:31: cameras.a.lines.l.from[1]: want 0 to 1, a share of the picture's width or height, no pixels",
    ),
    ("no number", polygon("[[0,0],[x,0],[1,1]]"), "2:36: cameras.a.zones.z.polygon[1][0]: want a number, got 'x'"),
    ("nan", polygon("[[0,0],[nan,0],[1,1]]"), "2:36: cameras.a.zones.z.polygon[1][0]: want a number, got 'nan'"),
    (
        "three coordinates",
        polygon("[[0,0],[1,0,0],[1,1]]"),
        "2:35: cameras.a.zones.z.polygon[1]: want a point as [x, y]",
    ),
    ("no points", polygon("[0, [1, 0], [1, 1]]"), "2:29: cameras.a.zones.z.polygon[0]: want a point as [x, y]"),
    ("no polygon", zone("labels: [person]"), "2:15: cameras.a.zones.z.polygon: missing"),
    (
        "an anchor that is none",
        zone(f"polygon: {CORNERS}, anchor: bottom"),
        "2:86: cameras.a.zones.z.anchor: want center, center_left, center_right, top_center, top_left, top_right, "
        "bottom_left, bottom_center or bottom_right, got 'bottom', did you mean bottom_left?",
    ),
    ("no labels", zone(f"labels: [], polygon: {CORNERS}"), "2:19: cameras.a.zones.z.labels: want at least one"),
    (
        "never",
        active("[]"),
        "2:78: cameras.a.zones.z.active: never is: want days and hours, or no such key for always",
    ),
    (
        "begins when it ends",
        active('["sat", "mon 08:00-08:00"]'),
        "2:94: cameras.a.zones.z.active[1]: never is: it begins when it ends; "
        "want two times, or days alone for the whole day",
    ),
    (
        "no day",
        active("[mon-fri 22:00-06:00, saat]"),
        "2:108: cameras.a.zones.z.active[1]: no day 'saat', "
        "want mon, tue, wed, thu, fri, sat or sun, did you mean sat?",
    ),
    (
        "a crowd of none",
        zone(f"crowd: {{count: 0}}, polygon: {CORNERS}"),
        "2:34: cameras.a.zones.z.crowd.count: want at least 1, got '0'",
    ),
    (
        "a line of a point",
        "lines: {l: {from: [0.5, 0.5], to: [0.5, 0.5]}}",
        "2:37: cameras.a.lines.l.to: want another point than `from`",
    ),
    ("half a line", "lines: {l: {from: [0.5, 0.5]}}", "2:15: cameras.a.lines.l.to: missing"),
    (
        "a key of a line that is misspelt",
        "lines: {l: {form: [0, 0], to: [1, 1]}}",
        "2:19: cameras.a.lines.l.form: unknown key, did you mean from?",
    ),
    (
        "a line with the name of a zone",
        f"zones: {{z: {{polygon: {CORNERS}}}}}, lines: {{z: {{from: [0, 0], to: [1, 1]}}}}",
        "2:88: cameras.a.lines.z: a zone has this name; want another, since they are counted by it",
    ),
    (
        "an ignored area of two points",
        f"ignore: [{CORNERS}, [[0, 0], [1, 1]]]",
        "2:66: cameras.a.ignore[1]: want 3 to 100 points, got 2",
    ),
    (
        "one ignored area without the brackets of the list",
        "ignore: [[0, 0], [1, 0], [1, 1]]",
        "2:7: cameras.a.ignore: want areas, each a list of corners: put another [ ] around the corners of one alone",
    ),
    (
        "corners that are no pairs",
        zone("polygon: [0, 0, 1, 0, 1, 1]"),
        "2:19: cameras.a.zones.z.polygon: want corners, each as [x, y]: [[0.1, 0.2], [0.5, 0.2], [0.5, 0.9]]",
    ),
    (
        "a filter that lets nothing through",
        "filters: {person: {min_area: 0.5, max_area: 0.1}}",
        "2:51: cameras.a.filters.person.max_area: want at least min_area, which is 0.5",
    ),
    (
        "a filter of no shape",
        "filters: {person: {min_ratio: 2, max_ratio: 1}}",
        "2:51: cameras.a.filters.person.max_ratio: want at least min_ratio, which is 2",
    ),
    (
        "three corners on the ground",
        "ground: {points: [[0, 0], [1, 0], [1, 1]], size_m: [1, 2]}",
        "2:16: cameras.a.ground.points: want the four corners of the rectangle, got 3",
    ),
    (
        "corners on the ground in another order",
        "ground: {points: [[0, 0], [1, 1], [1, 0], [0, 1]], size_m: [1, 2]}",
        "2:16: cameras.a.ground.points: want the corners in their order around the rectangle, no three on one line",
    ),
    (
        "three corners on one line but for rounding",
        "ground: {points: [[0.1,0.03],[0.5,0.15],[0.9,0.27],[0.05,0.95]], size_m: [1, 2]}",
        "2:16: cameras.a.ground.points: want the corners in their order around the rectangle, no three on one line",
    ),
    (
        "a rectangle with one side",
        f"ground: {{{RECTANGLE}, size_m: [1]}}",
        "2:74: cameras.a.ground.size_m: want two lengths, as [12.0, 6.0]",
    ),
    (
        "a rectangle without a side",
        f"ground: {{{RECTANGLE}, size_m: [0, 1]}}",
        "2:83: cameras.a.ground.size_m[0]: want more than 0, got '0'",
    ),
]


@pytest.mark.parametrize(("keys", "line"), [pytest.param(*each, id=name) for name, *each in MISTAKES])
def test_a_mistake_is_a_line_with_its_place_and_what_is_right(keys, line, tmp_path):
    assert said(tmp_path, keys) == line


def test_a_time_zone_that_is_none_is_told_with_the_nearest(tmp_path):
    with pytest.raises(ConfigError) as caught:
        loaded(tmp_path, "timezone: Europe/Berln\n")
    wanted = "1:11: timezone: no time zone 'Europe/Berln', want one such as Europe/Berlin, did you mean Europe/Berlin?"
    assert str(caught.value) == f"{tmp_path / 'c.yaml'}:{wanted}"
    for name in ("Europe", "../etc/passwd", "''"):
        with pytest.raises(ConfigError, match="no time zone"):
            loaded(tmp_path, f"timezone: {name}\n")


def test_a_polygon_may_be_closed_touch_itself_and_go_round_either_way(tmp_path):
    for corners in (
        "[[0,0],[1,0],[1,1],[0,0]]",
        "[[0,0],[1,1],[1,0]]",
        "[[0,0],[1,0],[1,1],[0.75,1],[0.75,0.25],[0.25,0.25],[0.25,1],[0,1]]",
        "[[0.1,0.03],[0.3,0.09],[0.9,0.95],[0.2,0.06],[0.05,0.95]]",
        "[[0,0],[1,0],[1,1],[0,1],[0,0],[0.2,0.2],[0.2,0.8],[0.8,0.8],[0.8,0.2],[0.2,0.2]]",
    ):
        assert loaded(tmp_path, f"cameras: {{a: {{{polygon(corners)}}}}}").cameras["a"].zones["z"].polygon


def test_the_example_says_what_it_says(tmp_path):
    fleet = loaded(tmp_path, EXAMPLE)
    scene = fleet.cameras["gate"]
    door, entrance = scene.zones["door"], scene.lines["entrance"]
    assert (door.inertia, door.dwell_s, door.labels, door.anchor) == (3, 10, ("person",), "bottom_center")
    assert door.polygon == ((0.1, 0.2), (0.5, 0.2), (0.5, 0.9), (0.1, 0.9))
    assert (entrance.begin, entrance.end, entrance.inertia, entrance.active) == ((0.1, 0.5), (0.9, 0.5), 2, None)
    assert scene.ground is not None
    assert scene.ground.size_m == (12, 6)
    assert fleet.timezone == "Europe/Berlin"


def test_labels_that_the_model_does_not_have_are_told_with_their_keys(tmp_path):
    scene = loaded(
        tmp_path,
        f"""
        cameras:
          a:
            zones: {{z: {{polygon: {CORNERS}, labels: [person, cat]}}, all: {{polygon: {CORNERS}}}}}
            lines: {{l: {{from: [0, 0], to: [1, 1], labels: [persn]}}}}
            filters: {{truck: {{}}, car: {{min_score: 0.5}}}}
        """,
    ).cameras["a"]
    assert list(scene.unknown_labels(["person", "car"], None)) == [
        (("zones", "z", "labels", 1), "the model has no cat, did you mean car?"),
        (("lines", "l", "labels", 0), "the model has no persn, did you mean person?"),
        (("filters", "truck"), "the model has no truck; it has person, car"),
    ]
    every = ["person", "persn", "cat", "car", "truck"]
    assert list(scene.unknown_labels(every, None)) == []
    assert list(scene.unknown_labels(every, ["person", "persn", "car"])) == [
        (("zones", "z", "labels", 1), "`detect.labels` leaves every cat out; it has person, persn, car"),
    ]


def test_an_editor_that_knows_the_schema_sees_what_the_program_sees():
    schema = json.loads(json.dumps(schema_of(Fleet, "scenes")))
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)

    def valid(scene):
        return validator.is_valid({"cameras": {"a": scene}})

    assert valid({"lines": {"l": {"from": [0, 0.5], "to": [1, 0.5]}}})
    assert not valid({"lines": {"l": {"begin": [0, 0.5], "end": [1, 0.5]}}})
    assert not valid({"lines": {"l": {"from": [0, 640], "to": [1, 0.5]}}})
    assert valid({"zones": {"z": {"polygon": [[0, 0], [1, 0], [1, "${Y}"]]}}})
    assert not valid({"zones": {"z": {"polygon": [[0, 0], [1, 0], [1, 2]]}}})
    assert not valid({"zones": {"z": {"polygon": [[0, 0], [1, 0]]}}})
    assert not valid({"ignore": [[[0, 0], [1, 0], [1, 1, 1]]]})
    assert valid({"filters": {"traffic light": {"min_score": 0.5}}})
    assert not valid({"filters": {"traffic light": {"min_scor": 0.5}}})
    described = [key for section in schema["$defs"].values() for key in section["properties"].values()]
    assert all("description" in key for key in described)
