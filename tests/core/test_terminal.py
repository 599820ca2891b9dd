"""Text of others on a terminal."""

from __future__ import annotations

import pytest

from edge_app.core.terminal import escaped


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        pytest.param("person", "person", id="plain"),
        pytest.param("\x1b[2Jcar", r"\x1b[2Jcar", id="ANSI"),
        pytest.param("\x9b2Jcar", r"\x9b2Jcar", id="ANSI in one byte"),
        pytest.param("a\r\nb\tc\0", r"a\r\nb\tc\x00", id="line breaks and tabs"),
        pytest.param("a\u2028b", r"a\u2028b", id="Unicode's line break"),
        pytest.param("\u202egnp.exe", r"\u202egnp.exe", id="right to left"),
        pytest.param("caf\udce9.onnx", r"caf\udce9.onnx", id="a byte that is no text"),
        pytest.param(
            "Straße, 歩行者, \u0645\u06cc\u200c\u0634", "Straße, 歩行者, \u0645\u06cc\u200c\u0634", id="languages"
        ),
        pytest.param("a\\b", "a\\b", id="backslash"),
    ],
)
def test_what_a_terminal_would_obey_is_shown_and_all_else_is_left(text, shown):
    assert escaped(text) == shown
