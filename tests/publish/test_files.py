"""The sinks that write lines: files that are rotated, and the standard output."""

from __future__ import annotations

import json
import logging
import os
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from io import BufferedReader
from pathlib import Path
from typing import Any, TextIO

import pytest

from edge_app.core.backoff import Backoff
from edge_app.core.errors import AccessError, ConfigError, SinkError
from edge_app.publish import ClosedOutput, Message
from edge_app.publish.sinks.file import FileSink, FileSinkConfig
from edge_app.publish.sinks.stdout import StdoutSink, StdoutSinkConfig
from tests.publish.conftest import Running, never
from tests.waiting import PATIENCE_S, PROGRAM_S, until

LINE = len(b'{"seq":0}\n')


def patient() -> bool:
    return True


def opened(path: Path, **more: Any) -> FileSink:
    sink = FileSink(FileSinkConfig(path=path, **more))
    assert sink.open(lambda: None)
    return sink


def seqs(path: Path) -> list[int]:
    return [json.loads(line)["seq"] for line in path.read_text().splitlines()]


def send_all(sink: FileSink | StdoutSink, messages: list[Message]) -> None:
    for message in messages:
        assert sink.send(message)


@contextmanager
def pipe() -> Iterator[tuple[BufferedReader, TextIO]]:
    """Both ends of a pipe; it holds 64 KiB."""
    read_fd, write_fd = os.pipe()
    with os.fdopen(read_fd, "rb") as reader, os.fdopen(write_fd, "w") as writer:
        yield reader, writer


@contextmanager
def full_disk() -> Iterator[None]:
    """The disk is full after 35 bytes of a file; pytest itself writes to files, so only inside the block."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (35, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_messages_are_lines_of_a_file_whose_folders_are_made(tmp_path: Path, message: Any) -> None:
    path = tmp_path / "out" / "of" / "detections.ndjson"
    sink = FileSinkConfig(path=path).open()
    sent = [message(number) for number in range(3)]
    assert sink.open(lambda: None)
    send_all(sink, sent)
    assert sink.confirmed() == sent
    assert sink.confirmed() == []
    sink.close()
    sink.open(lambda: None)
    send_all(sink, [message(3)])
    sink.close()
    assert seqs(path) == [0, 1, 2, 3]


def test_a_full_file_is_rotated_and_only_the_newest_are_kept(tmp_path: Path, message: Any) -> None:
    (tmp_path / "a-other.ndjson").write_text("somebody else's\n")
    sink = opened(tmp_path / "a.ndjson", rotate_mb=3 * LINE / 1e6, keep=2)
    send_all(sink, [message(number % 10) for number in range(11)])
    sink.close()
    (tmp_path / "a-other.ndjson").unlink()
    assert [seqs(path) for path in sorted(tmp_path.iterdir())] == [[3, 4, 5], [6, 7, 8], [9, 0]]


def test_a_line_longer_than_a_file_may_be_gets_a_file_of_its_own(tmp_path: Path, message: Any) -> None:
    sink = opened(tmp_path / "a.ndjson", rotate_mb=1e-6)
    send_all(sink, [message(0), message(1)])
    sink.close()
    assert [seqs(path) for path in sorted(tmp_path.iterdir())] == [[0], [1]]


def test_a_file_of_an_earlier_period_is_rotated_though_the_program_was_restarted(tmp_path: Path, message: Any) -> None:
    path = tmp_path / "a.ndjson"
    sink = opened(path, rotate_s=86400)
    send_all(sink, [message(0)])
    sink.close()
    yesterday = time.time() - 86400
    os.utime(path, (yesterday, yesterday))
    sink = opened(path, rotate_s=86400)
    send_all(sink, [message(1), message(2)])
    sink.close()
    assert [seqs(path) for path in sorted(tmp_path.iterdir())] == [[0], [1, 2]]


def test_a_file_is_rotated_when_its_period_ends_while_it_is_written(tmp_path: Path, message: Any) -> None:
    sink = opened(tmp_path / "a.ndjson", rotate_s=0.2)
    send_all(sink, [message(0)])
    until(lambda: time.time() // 0.2 > sink._period)
    send_all(sink, [message(1)])
    sink.close()
    assert [seqs(path) for path in sorted(tmp_path.iterdir())] == [[0], [1]]


def test_names_stay_in_order_though_the_clock_was_set_back(tmp_path: Path, message: Any) -> None:
    (tmp_path / "a-20990101T000000000000Z.ndjson").write_text('{"seq":0}\n')
    sink = opened(tmp_path / "a.ndjson", rotate_mb=LINE / 1e6)
    send_all(sink, [message(1), message(2), message(3)])
    sink.close()
    assert [seqs(path) for path in sorted(tmp_path.iterdir())] == [[0], [1], [2], [3]]


class Clock:
    """A clock that is set, while time passes as it does."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._ahead_s, right = 0.0, time.time
        monkeypatch.setattr(time, "time", lambda: right() + self._ahead_s)

    def set(self, moment: float) -> None:
        self._ahead_s += moment - time.time()


def test_no_file_begins_or_goes_because_the_clock_was_set(
    tmp_path: Path, message: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock, now = Clock(monkeypatch), time.time()
    sink = opened(tmp_path / "a.ndjson", rotate_s=3600, keep=1)
    for number, ahead_s in enumerate((0, -2 * 3600, 3 * 86400, 0, 50 * 365 * 86400, 0)):
        clock.set(now + ahead_s)
        send_all(sink, [message(number)])
    sink.close()
    assert [seqs(path) for path in tmp_path.iterdir()] == [[0, 1, 2, 3, 4, 5]]


def test_starts_in_1970_cost_no_file(tmp_path: Path, message: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    clock, now = Clock(monkeypatch), time.time()
    for start in range(3):
        clock.set(20.0)
        sink = opened(tmp_path / "a.ndjson", rotate_s=86400, keep=1)
        send_all(sink, [message(2 * start)])
        os.utime(tmp_path / "a.ndjson", (25, 25))  # as the file system of such a box has it
        if start == 1:  # the power fails before the clock is set
            sink.close()
            sink = opened(tmp_path / "a.ndjson", rotate_s=86400, keep=1)
        clock.set(now)
        send_all(sink, [message(2 * start + 1)])
        sink.close()
    assert [seqs(path) for path in tmp_path.iterdir()] == [[0, 1, 2, 3, 4, 5]]


def test_a_clock_that_was_set_back_does_not_keep_a_file_from_being_rotated_in_time(
    tmp_path: Path, message: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock, now = Clock(monkeypatch), time.time()
    sink = opened(tmp_path / "a.ndjson", rotate_s=1)
    send_all(sink, [message(0)])
    clock.set(now - 86400)
    send_all(sink, [message(1)])
    period = sink._period
    until(lambda: time.time() // 1 > period)
    send_all(sink, [message(2)])
    sink.close()
    assert seqs(tmp_path / "a.ndjson") == [2]


def test_a_torn_line_is_ended_before_the_next_is_written(tmp_path: Path, message: Any) -> None:
    path = tmp_path / "a.ndjson"
    path.write_bytes(b'{"seq":0}\n{"se')
    sink = opened(path)
    send_all(sink, [message(1)])
    sink.close()
    assert path.read_bytes() == b'{"seq":0}\n{"se\n{"seq":1}\n'


def test_a_file_that_was_moved_away_is_begun_anew(tmp_path: Path, message: Any) -> None:
    path = tmp_path / "a.ndjson"
    sink = opened(path)
    send_all(sink, [message(0)])
    path.rename(tmp_path / "moved")
    sink._checked_mono -= 2  # it looks once a second
    send_all(sink, [message(1)])
    sink.close()
    assert (seqs(path), seqs(tmp_path / "moved")) == ([1], [0])


def test_a_full_disk_is_a_failure_that_leaves_no_torn_line(tmp_path: Path, message: Any) -> None:
    path = tmp_path / "a.ndjson"
    sink = opened(path)
    with full_disk():
        send_all(sink, [message(number) for number in range(3)])
        with pytest.raises(SinkError, match=r"a\.ndjson: File too large"):
            sink.send(message(3))
    sink.close()
    assert seqs(path) == [0, 1, 2]


def test_a_full_disk_is_told_once_however_often_the_file_can_be_opened(
    running: Running, message: Any, caplog: Any
) -> None:
    with caplog.at_level(logging.INFO):
        delivery = running.start(
            FileSinkConfig(path=Path("/dev/full")).open(), backoff=Backoff(initial_s=0.01, max_s=0.01)
        )
        delivery.put(message(0), never)
        until(lambda: running.metrics.total("publish_failed", sink="sink") >= 4)
        told = [record.getMessage() for record in caplog.records]
    assert told == ["sink: up", "sink: down: /dev/full: No space left on device; trying again"]


@pytest.mark.skipif(not os.path.ismount("/sys"), reason="no sysfs here, which refuses root too")
def test_a_file_that_the_system_refuses_is_told_at_the_start() -> None:
    with pytest.raises(AccessError, match=r"^/sys/edge_app/a\.ndjson: "):
        FileSinkConfig(path=Path("/sys/edge_app/a.ndjson")).open().open(lambda: None)


@pytest.mark.parametrize(
    "path",
    [
        pytest.param("folder", id="a folder"),
        pytest.param("plain/a.ndjson", id="in a file"),
    ],
)
def test_a_path_that_can_be_no_file_is_a_mistake_in_the_configuration(tmp_path: Path, path: str) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "plain").write_text("")
    with pytest.raises(ConfigError, match=path.split("/")[0]):
        FileSinkConfig(path=tmp_path / path).open()


def test_probing_a_file_creates_nothing(tmp_path: Path) -> None:
    path = tmp_path / "out" / "a.ndjson"
    assert "GB free" in FileSinkConfig(path=path).probe()
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(ConfigError, match="Is a directory"):
        FileSinkConfig(path=tmp_path).probe()
    assert StdoutSinkConfig().probe() == "standard output"


def test_a_reader_that_pauses_holds_back_a_finite_source_but_not_the_beat(running: Running) -> None:
    line = b"x" * 9000
    with pipe() as (reader, writer):
        delivery = running.start(StdoutSink(writer), capacity=10)
        accepted = 0
        message = Message(camera="gate", kind="detections", payload=line, droppable=False)
        while delivery.put(message, partial(next, iter([True, True, False]))):
            accepted += 1
        assert 15 <= accepted <= 20  # what the pipe holds, what the queue holds, and the one between
        running.assert_beats(delivery.thread_name, longest_s=1.0)
        read = b"".join(reader.readline() for _ in range(accepted))
        assert delivery.drain(time.monotonic() + PATIENCE_S) == 0
        assert running.end() == []
    assert read == (line + b"\n") * accepted


def test_a_program_whose_output_is_closed_ends_without_an_error(message: Any) -> None:
    with pipe() as (reader, writer):
        running = Running()
        delivery = running.start(StdoutSink(writer))
        reader.close()
        delivery.put(message(0), never)
        assert running.stop.wait(PATIENCE_S)
        assert isinstance(running.threads.error, ClosedOutput)
        assert running.threads.error.exit_code == 0
        assert running.end() == []


def test_a_program_that_has_no_output_at_all_ends_likewise() -> None:
    with pytest.raises(ClosedOutput):
        StdoutSink(None).open(lambda: None)


def test_lines_on_the_standard_output_are_whole(tmp_path: Path) -> None:
    code = (
        "from functools import partial\nfrom edge_app.publish import Message\n"
        "from edge_app.publish.sinks.stdout import StdoutSinkConfig\n"
        "sink = StdoutSinkConfig().open(); print('before'); sink.open(lambda: None)\n"
        "line = partial(Message, camera='a', kind='detections', droppable=True)\n"
        "for n in range(3): assert sink.send(line(payload=b'%d' % n + b'x' * 5000))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=PROGRAM_S)
    assert done.stdout.splitlines() == ["before", *(f"{n}{'x' * 5000}" for n in range(3))]


def test_a_line_that_was_begun_is_finished_before_another(message: Any) -> None:
    with pipe() as (reader, writer):
        sink = StdoutSink(writer)
        sink.open(lambda: None)
        big = Message(camera="gate", kind="detections", payload=b"x" * 100_000, droppable=True)
        assert not sink.send(big)
        assert sink.confirmed() == []
        read = reader.read1(90_000)
        assert sink.send(message(1))
        while not read.endswith(b"}\n"):
            read += reader.read1(65536)
    assert read == b"x" * 100_000 + b'\n{"seq":1}\n'


def test_a_file_is_for_its_owner_and_group_unless_its_mode_says_otherwise(tmp_path: Path) -> None:
    for name, more, becomes in [
        ("own", {}, 0o640),
        ("open", {"mode": "0644"}, 0o644),
        ("lone", {"mode": "600"}, 0o600),
    ]:
        opened(tmp_path / name, **more).close()
        assert (tmp_path / name).stat().st_mode & 0o777 == becomes


def test_a_link_in_the_place_of_the_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "out").symlink_to(tmp_path / "target")
    with pytest.raises(ConfigError, match=r"out: is a link, which is not followed"):
        FileSink(FileSinkConfig(path=tmp_path / "out"))


def test_a_link_that_takes_the_place_of_the_file_later_is_not_written_through(tmp_path: Path) -> None:
    sink = opened(tmp_path / "out")
    (tmp_path / "out").unlink()
    (tmp_path / "out").symlink_to(tmp_path / "target")
    sink.close()
    with pytest.raises(SinkError, match="is a link"):
        sink.open(lambda: None)
    assert not (tmp_path / "target").exists()


def test_a_second_instance_is_refused_unless_the_file_is_shared(tmp_path: Path) -> None:
    first = opened(tmp_path / "out")
    with pytest.raises(AccessError, match="another instance writes it"):
        opened(tmp_path / "out")
    first.close()
    both = [opened(tmp_path / "out", shared=True) for _ in range(2)]
    for sink in both:
        sink.close()


def test_the_first_instance_has_the_file_still_after_a_rotation(tmp_path: Path, message: Any) -> None:
    first = opened(tmp_path / "out.ndjson", rotate_mb=LINE / 1e6)
    send_all(first, [message(seq) for seq in range(3)])
    with pytest.raises(AccessError, match="another instance writes it"):
        opened(tmp_path / "out.ndjson")
    first.close()
