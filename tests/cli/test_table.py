"""`run` at a terminal: the live table, for more cameras than the terminal has lines."""

from __future__ import annotations

import contextlib
import fcntl
import io
import logging
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import threading
import time

import pytest

from edge_app.cli.logs import set_up
from tests.waiting import PATIENCE_S, PROGRAM_S

PAGE = (
    r"29 of 30 cameras up, \d+\.\d fps, traffic fp32 on onnxruntime-cpu for 0:\d\d:\d\d *\n"
    r"sinks: mqtt down: 127\.0\.0\.1:9: [^\n]*refused, file up *\n"
    r"(camera [^\n]*\n[^\n]*\nc00 [^\n]* ms .*?)\nand (\d+) more, all up or better"
)
ESCAPES = re.compile(r"\x1b\[[0-9;?]*[a-zA-Z]")


@pytest.fixture
def terminal():
    """A terminal of 20 lines and 80 columns in which programs run; what they wrote on it."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 20, 80, 0, 0))
    yield ours, theirs
    os.close(ours)
    os.close(theirs)


def read_until(terminal, pattern, timeout_s=PROGRAM_S):
    """What the terminal shows once that matches."""
    text, deadline = "", time.monotonic() + timeout_s
    while not (found := re.search(pattern, ESCAPES.sub("", text).replace("\r", ""), re.DOTALL)):
        assert select.select([terminal], [], [], max(0.0, deadline - time.monotonic()))[0], text[-2000:]
        text += os.read(terminal, 65536).decode()
    return found


def read_all(terminal):
    """Reads until the terminal is closed."""
    with contextlib.suppress(OSError):
        while os.read(terminal, 65536):
            pass


def test_the_log_goes_to_what_is_stderr_at_the_time():
    set_up("info")
    with contextlib.redirect_stderr(io.StringIO()) as table:
        logging.getLogger("edge_app.capture").warning("camera gate is down")
    assert "camera gate is down" in table.getvalue()


def test_the_table_shows_trouble_first_and_says_how_many_it_leaves_out(configured, tmp_path, terminal):
    scene = "synthetic://street?size=96x64&fps=1"
    cameras = {f"c{n:02}": {"url": f"{scene}&seed={n}", "max_frame_age_ms": 60_000} for n in range(29)}
    cameras["zoo"] = {"url": "rtsp://127.0.0.1:9/live"}
    labels = tmp_path / "labels"
    labels.write_text("".join(f"a[/b] whose name is longer than any line {n}\n" for n in range(4)))
    model = {"name": "traffic", "labels": str(labels)}
    broker = {"type": "mqtt", "host": "127.0.0.1", "port": 9}
    sinks = [{"type": "file", "path": str(tmp_path / "o")}, broker]
    config = configured(engine={"precision": "fp32"}, model=model, cameras=cameras, publish=sinks)
    ours, theirs = terminal
    environ = {**os.environ, "TERM": "xterm"}
    command = [sys.executable, "-m", "edge_app", "run", str(config)]
    with subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, env=environ) as program:
        try:
            found = read_until(ours, PAGE)
            program.send_signal(signal.SIGTERM)
            # Whoever writes to a terminal that nobody reads is held up for ever.
            threading.Thread(target=read_all, args=[ours], daemon=True).start()
            assert program.wait(PATIENCE_S) == 0
        finally:
            program.kill()
    head, *rows = found[1].split("\n")
    assert head.split() == ["camera", "state", "fps", "age", "p50", "age", "p99", "dropped", "objects"]
    assert re.match(r"zoo +down: refused +0\.0 +0", rows[0])
    assert len(rows) + int(found[2]) == 30
    assert re.match(r"c00 +up +\d\.\d +\d+ ms +\d+ ms +", rows[1])
