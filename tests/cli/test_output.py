"""What verbs and the log show of names that others gave."""

from __future__ import annotations

import logging
import sys

import pytest

from edge_app.cli import execute
from edge_app.cli.logs import Words
from edge_app.cli.output import write_lines


def test_a_line_stays_a_line_and_a_terminal_obeys_nothing_in_it(capfd):
    write_lines(["car\x1b[2J\nperson", "caf\udce9.onnx"])
    assert capfd.readouterr().out == "car\\x1b[2J\\nperson\ncaf\\udce9.onnx\n"


def test_the_log_at_a_terminal_escapes_what_a_camera_says_and_keeps_tracebacks_readable():
    try:
        raise ValueError("why")
    except ValueError:
        record = logging.LogRecord("x", logging.ERROR, "f", 1, "camera: %s", ("\x1b]0;title\x07",), sys.exc_info())
    first, *trace = Words("%(levelname)s %(message)s").format(record).split("\n")
    assert first == r"ERROR camera: \x1b]0;title\x07"
    assert trace[-1] == "ValueError: why"


@pytest.mark.parametrize("verb", ["check", "run"])
def test_the_name_of_a_file_in_an_error_is_escaped(capfd, verb):
    assert execute([verb, "/none/\x1b[31m.yaml"]) == 66
    assert capfd.readouterr().err == "/none/\\x1b[31m.yaml: no such file\n"
