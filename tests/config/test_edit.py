"""A file of people's is changed in place: what was asked for is in it, and every other byte is as it was."""

from __future__ import annotations

import copy
import re
from typing import Any

import pytest
import yaml
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from edge_app.config.document import read
from edge_app.config.edit import edited
from edge_app.config.rendering import rendered
from edge_app.core.errors import InputError

HEAD = "# The shop.          Ask Ada.\nmodel:   {name: traffic}   # three blanks\n\ncameras:\n  # The entrance.\n"
TAIL = "  yard: { url: 'x y', max_fps: 2 }   # the back door\n\npublish:\n- {type: stdout}\t# a tab\n# The end.\n"

names = st.from_regex(r"[a-z][a-z0-9_]{0,5}", fullmatch=True)
texts = st.text(st.characters(exclude_categories=["Cs", "Cc", "Cn"]), max_size=8) | st.sampled_from(
    [
        "yes",
        "~",
        "null",
        "1",
        "a: b",
        "a #b",
        "{x}",
        "- a",
        "",
        " a ",
        "a\nb",
        "'",
        '"',
        "|",
        "\\",
        "&a",
        "*a",
        "?",
        "$",
    ]
)
numbers = st.integers(-99, 99) | st.floats(-9, 9).map(lambda number: round(number, 3))
values = st.recursive(
    texts | numbers,
    lambda inner: st.lists(inner, min_size=1, max_size=4) | st.dictionaries(names, inner, min_size=1, max_size=4),
    max_leaves=12,
)
sections = st.dictionaries(names, values, min_size=1, max_size=4)
comments = st.sampled_from(["# drawn by hand", "#", "#  {a: [1, 2], 'b", "#\ttab # and more"])


def as_read(value: Any) -> Any:
    """The value as the loader has it, which keeps every scalar as text."""
    if isinstance(value, dict):
        return {key: as_read(each) for key, each in value.items()}
    if isinstance(value, list):
        return [as_read(each) for each in value]
    return (
        None if value is None else read(rendered(value).encode(), str).values if not isinstance(value, str) else value
    )


def values_of(content: bytes) -> Any:
    document = read(content, str)
    assert not document.issues, (content.decode(), document.issues)
    return document.values


@st.composite
def written(draw: st.DrawFn, section: dict[str, Any]) -> str:
    """The section as somebody might have written it, two levels deep in a file."""
    flow = draw(st.sampled_from([True, False, None]))
    indent = draw(st.sampled_from([2, 3, 4]))
    text = yaml.safe_dump(
        section, default_flow_style=flow, indent=indent, sort_keys=False, allow_unicode=True, width=60
    )
    assume(values_of(text.encode()) == as_read(section))  # PyYAML writes some texts so that it reads others
    if text.startswith("{"):
        return (
            f"  gate: {text}"
            if draw(st.booleans())
            else f"  gate:  # in braces\n    {text.replace(chr(10), chr(10) + '    ').rstrip(' ')}"
        )
    lines = [f"    {line}" if line else line for line in text.removesuffix("\n").split("\n")]
    return "\n".join(["  gate:", *lines, ""])


@st.composite
def commented(draw: st.DrawFn, text: str) -> str:
    """With comments behind some lines and between them, where that changes no value."""
    lines = text.removesuffix("\n").split("\n")
    for index in range(len(lines) - 1, -1, -1):
        if draw(st.integers(0, 3)) == 0:
            place = draw(st.sampled_from(["behind", "above"]))
            comment = draw(comments)
            changed = [*lines]
            if place == "behind":
                changed[index] += f"  {comment}"
            else:
                changed.insert(index, f"      {comment}")
            try:
                same = values_of(("\n".join(changed) + "\n").encode()) == values_of(text.encode())
            except Exception:
                same = False
            lines = changed if same else lines
    return "\n".join(lines) + "\n"


@st.composite
def changed(draw: st.DrawFn, old: Any) -> Any:
    """Something like it."""
    if isinstance(old, dict):
        new = {
            key: draw(changed(each)) if draw(st.booleans()) else each
            for key, each in old.items()
            if draw(st.integers(0, 3))
        }
        return {**new, **draw(st.dictionaries(names, values, max_size=2))}
    if isinstance(old, list):
        new = [draw(changed(each)) if draw(st.integers(0, 3)) == 0 else each for each in old if draw(st.integers(0, 3))]
        new[draw(st.integers(0, len(new))) : 0] = draw(st.lists(values, max_size=2))
        return new
    return draw(values)


@settings(max_examples=50)  # each is a file that is written, commented and read many times
@given(st.data())
def test_what_was_asked_for_is_read_and_all_else_is_as_it_was(data: st.DataObject) -> None:
    old = {**data.draw(sections), "url": "x"}
    new = {**data.draw(changed(copy.deepcopy(old))), "url": "x"}
    gate = data.draw(commented(data.draw(written(old))))
    newline = data.draw(st.sampled_from(["\n", "\r\n"]))
    head, gate, tail = (part.replace("\n", newline).encode() for part in (HEAD, gate, TAIL))
    before = head + gate + tail
    assume(values_of(before)["cameras"]["gate"] == as_read(old))
    try:
        after = edited(before, ("cameras", "gate"), old, new)
    except InputError:
        assert re.search(rb"- (-|\S+:)", before)  # nothing but what begins in the line of a dash is refused
        return
    assert after.startswith(head)
    assert after.endswith(tail)
    read_again, wanted = values_of(after), as_read(new)
    for key in [key for key in wanted if wanted[key] in ({}, [])]:
        read_again["cameras"]["gate"].setdefault(key, wanted[key])  # it may be left out
    assert read_again == {**values_of(before), "cameras": {**values_of(before)["cameras"], "gate": wanted}}
    if new == old:
        assert after == before
    if newline == "\r\n":
        assert not re.search(rb"(?<!\r)\n", after)


@settings(max_examples=50)
@given(st.data())
def test_no_comment_goes_where_something_is_only_added(data: st.DataObject) -> None:
    old, more = data.draw(sections), data.draw(sections)
    gate = data.draw(commented(data.draw(written(old))))
    before = (HEAD + gate + TAIL).encode()
    assume(values_of(before)["cameras"]["gate"] == as_read(old))
    after = edited(before, ("cameras", "gate"), old, {**more, **old}).decode()
    rest = iter(after)
    assert all(character in rest for character in before.decode())  # nothing was taken away, or put elsewhere


FILE = """\
cameras:
  gate:
    url: rtsp://10.0.0.5/stream1
    "zones":
      # drawn by hand
      corner: { polygon: [[0.0,0.0], [0.05,0.0], [0.05, 0.05]],  labels: [ person ] }   # tiny
      'door':
        polygon:
        - [0.1, 0.2]   # the post
        - [0.5, 0.2]
        - [0.5, 0.9]
        dwell_s: 10  # ten

    stall_timeout_s: 5   # our switch
  yard: {url: "synthetic://street", max_fps: 2}   # the back door
"""
CORNER = {"polygon": [[0.0, 0.0], [0.05, 0.0], [0.05, 0.05]], "labels": ["person"]}
DOOR = {"polygon": [[0.1, 0.2], [0.5, 0.2], [0.5, 0.9]], "dwell_s": 10}
ZONES = {"zones": {"corner": CORNER, "door": DOOR}}
HALL = {"polygon": [[0.1, 0.12], [0.9, 0.15], [0.9, 1.0]]}


def change(old: dict[str, Any], new: dict[str, Any], text: str = FILE, camera: str = "gate") -> list[str]:
    """The lines that went and came."""
    after = edited(text.encode(), ("cameras", camera), old, new).decode()
    lines, others = text.splitlines(), after.splitlines()
    return [
        *(f"-{line}" for line in lines if line not in others),
        *(f"+{line}" for line in others if line not in lines),
    ]


def test_a_zone_is_a_line_more() -> None:
    new = {"zones": {**ZONES["zones"], "hall": HALL}}
    assert change(ZONES, new) == ["+      hall: {polygon: [[0.1, 0.12], [0.9, 0.15], [0.9, 1]]}"]


def test_of_a_zone_that_changes_only_the_value_does() -> None:
    moved = {"polygon": [[0.1, 0.25], [0.5, 0.2], [0.5, 0.9]], "dwell_s": 12}
    assert change(ZONES, {"zones": {"corner": CORNER, "door": moved}}) == [
        "-        - [0.1, 0.2]   # the post",
        "-        dwell_s: 10  # ten",
        "+        - [0.1, 0.25]   # the post",
        "+        dwell_s: 12  # ten",
    ]


def test_a_point_more_and_a_point_less_are_a_line_each() -> None:
    more = {**DOOR, "polygon": [[0.1, 0.2], [0.3, 0.1], [0.5, 0.2], [0.5, 0.9]]}
    assert change(ZONES, {"zones": {"corner": CORNER, "door": more}}) == ["+        - [0.3, 0.1]"]
    less = {**DOOR, "polygon": [[0.1, 0.2], [0.5, 0.9]]}
    assert change(ZONES, {"zones": {"corner": CORNER, "door": less}}) == ["-        - [0.5, 0.2]"]


def test_an_item_before_a_nested_list_leaves_that_in_its_column() -> None:
    text = b"c:\n  g:\n    b:\n    -   - 1\n        - 2\n"
    assert edited(text, ("c", "g"), {"b": [[1, 2]]}, {"b": [0, [1, 2]]}) == (
        b"c:\n  g:\n    b:\n    -   0\n    -   - 1\n        - 2\n"
    )


def test_another_name_is_another_key() -> None:
    new = {"zones": {"nook": CORNER, "door": DOOR}}
    line = FILE.splitlines()[5]
    assert change(ZONES, new) == [f"-{line}", f"+{line.replace('corner', 'nook')}"]


def test_what_goes_takes_its_lines_with_it_and_leaves_comments_of_their_own() -> None:
    assert change(ZONES, {"zones": {"door": DOOR}}) == [f"-{FILE.splitlines()[5]}"]
    gone = change(ZONES, {"zones": {}})
    assert "-      # drawn by hand" not in gone
    without = (
        FILE.replace("      # drawn by hand\n", "")
        .replace("   # tiny", "")
        .replace("   # the post", "")
        .replace("  # ten", "")
    )
    text = edited(without.encode(), ("cameras", "gate"), ZONES, {"zones": {}}).decode()
    assert "zones" not in text


def test_a_camera_in_one_line_stays_in_one() -> None:
    (gone, came) = change({"zones": {}}, {"zones": {"hall": {"polygon": [[0, 0], [1, 0], [1, 1]]}}}, camera="yard")
    assert came[1:] == gone[1:].replace("max_fps: 2", "max_fps: 2, zones: {hall: {polygon: [[0, 0], [1, 0], [1, 1]]}}")


def test_braces_over_several_lines_keep_their_comments() -> None:
    text = "cameras:\n  gate: {\n    a: 1,   # one\n    b: 2,   # two\n    c: 3    # three\n  }\n"
    old = {"a": 1, "b": 2, "c": 3}
    assert edited(text.encode(), ("cameras", "gate"), old, {"a": 1, "c": 4, "d": 5}).decode() == (
        "cameras:\n  gate: {\n    a: 1,   # one\n       # two\n    c: 4, d: 5    # three\n  }\n"
    )
    assert edited(text.encode(), ("cameras", "gate"), old, {"a": 1}).decode() == (
        "cameras:\n  gate: {\n    a: 1   # one\n       # two\n        # three\n  }\n"
    )


def test_new_keys_get_lines_of_their_own_in_a_block() -> None:
    text = "cameras:\n  gate:\n    url: x # the door\n  # other cameras come here\n"
    areas = [[[0, 0], [1, 0], [1, 1]]]
    new = {"zones": {"hall": HALL}, "ignore": areas, "privacy": []}
    assert edited(text.encode(), ("cameras", "gate"), {"zones": {}, "ignore": [], "privacy": []}, new).decode() == (
        "cameras:\n  gate:\n    url: x # the door\n"
        "    zones:\n      hall: {polygon: [[0.1, 0.12], [0.9, 0.15], [0.9, 1]]}\n"
        "    ignore:\n      - [[0, 0], [1, 0], [1, 1]]\n  # other cameras come here\n"
    )


def test_a_file_without_a_last_line_break_gets_one_before_what_is_added() -> None:
    assert edited(b"cameras:\n  gate:\n    url: x", ("cameras", "gate"), {}, {"a": 1}) == (
        b"cameras:\n  gate:\n    url: x\n    a: 1"
    )


def test_a_byte_order_mark_stays() -> None:
    assert edited(b"\xef\xbb\xbfcameras: {gate: {}}", ("cameras", "gate"), {}, {"a": 1}) == (
        b"\xef\xbb\xbfcameras: {gate: {a: 1}}"
    )


def test_a_key_without_a_value_gets_one() -> None:
    assert edited(b"c:\n  g:\n    a:  # none\n    b: 1\n", ("c", "g"), {"a": None}, {"a": [1]}) == (
        b"c:\n  g:\n    a: [1]  # none\n    b: 1\n"
    )


def test_an_alias_is_replaced_where_it_stands() -> None:
    text = b"c:\n  g:\n    z: &z {a: 1}  # first\n  h:\n    z: *z  # as there\n"
    assert edited(text, ("c", "h"), {"z": {"a": 1}}, {"z": {"a": 2}}) == text.replace(b"*z", b"{a: 2}")


def test_what_a_merge_brings_is_said_anew_where_it_changes() -> None:
    text = b"base: &b {z: {a: 1}, y: 1}\nc:\n  g:\n    <<: *b\n    x: 2\n"
    after = edited(text, ("c", "g"), {"z": {"a": 1}, "y": 1}, {"z": {"a": 1}, "y": 3})
    assert after == text + b"    y: 3\n"


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("c:\n  g: &g {a: 1}\n  h: *g\n", id="a whole camera by an alias"),
        pytest.param("c:\n  g: {a: 1}\n", id="no such camera"),
        pytest.param("c:\n  h:\n", id="an empty camera"),
    ],
)
def test_what_has_no_keys_of_its_own_is_refused_in_words(text: str) -> None:
    with pytest.raises(InputError, match=r"^c\.h: has no keys of its own in the file; edit the file itself$"):
        edited(text.encode(), ("c", "h"), {"a": 1}, {"a": 2})


@given(values)
def test_a_value_on_one_line_is_read_as_it_was(value: Any) -> None:
    text = rendered({"key": [value]})
    assert "\n" not in text
    assert values_of(text.encode()) == {"key": [as_read(value)]}
    assert values_of(f"a:\n  b: {rendered(value)}\n".encode()) == {"a": {"b": as_read(value)}}
