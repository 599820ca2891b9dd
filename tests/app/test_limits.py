"""`edge-app run` with limits: beyond them it drains, ends with 75 and says why."""

from __future__ import annotations

import json

from tests.app.test_run import SCENE, mqtt
from tests.waiting import PROGRAM_S

LEAKING = """
import sys
from contextlib import contextmanager
from functools import partial
from edge_app.app.factory import make_parts
from edge_app.cli import execute, run

class Leaking:
    def __init__(self, source):
        self.description, self.live, self._source, self._kept = source.description, source.live, source, []
    @contextmanager
    def open(self, stop, packets=None):
        with self._source.open(stop, packets) as frames:
            yield map(self._kept_too, frames)
    def _kept_too(self, frame):
        self._kept.append(b"x" * 4_000_000)
        return frame

run.make_parts = partial(make_parts, replace_source=Leaking)
raise SystemExit(execute(sys.argv[1:]))
"""
"""`edge-app run` with a camera that keeps 4 MB of each frame."""


def test_a_leak_ends_the_program_with_75_and_loses_nothing(configured, broker, edge_app, tmp_path):
    broker.kill()
    state = tmp_path / "state"
    config = configured(
        cameras={"street": {"url": SCENE}},
        publish=[{"type": "stdout"}, mqtt(broker.port)],
        limits={"rss_mb": 500},
        state_dir=str(state),
    )
    program = edge_app("run", config, python=["-c", LEAKING])
    assert program.wait(PROGRAM_S) == 75, program.log
    last = program.log.splitlines()[-1]
    assert last.startswith("limits.rss_mb: the program takes "), program.log
    assert "500 are allowed" in last
    assert program.log.count("limits.rss_mb") == 1
    seqs = [message["seq"] for message in program.messages("street")]
    assert seqs == list(range(len(seqs)))
    assert len(seqs) > 20
    spool = edge_app("spool", config, "--json")
    assert spool.wait() == 0, spool.log
    (waits,) = json.loads(spool.output)
    assert waits["others"] == len(seqs)


def test_without_limits_it_runs_on(configured, edge_app):
    program = edge_app("run", configured(cameras={"street": {"url": SCENE}}, limits=None))
    program.until(lambda: len(program.messages()) > 30)
    assert program.terminate()[0] == 0
    assert "limits" not in program.log


def test_a_limit_is_a_positive_number(configured, verb):
    code, _, err = verb("check", configured(cameras={"street": {"url": SCENE}}, limits={"rss_mb": 0}))
    assert code == 78
    assert "limits.rss_mb" in err
