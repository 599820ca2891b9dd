"""What a calibration keeps while it runs stays where the same command can go on, and belongs to one process."""

from __future__ import annotations

import fcntl
import shutil

import pytest

from edge_app.calibration.work_dir import work_dir, work_dir_path
from edge_app.core.errors import DataError, InputError, Reason, StreamError, TemporaryError


@pytest.mark.parametrize(
    ("error", "stays"),
    [
        (KeyboardInterrupt(), True),
        (StreamError(Reason.TIMEOUT, "camera gate: away"), True),
        (InputError("1.txt:3: want five numbers"), True),
        (DataError("not enough evidence"), False),
        (OSError("no space left"), False),
    ],
)
def test_what_was_measured_stays_where_the_same_command_may_go_on(tmp_path, error, stays):
    out = tmp_path / "t.onnx"
    work_dir_path(out).mkdir()
    (work_dir_path(out) / "statistics.npz").touch()
    with pytest.raises(type(error)), work_dir(out):
        raise error
    assert (work_dir_path(out) / "statistics.npz").exists() == stays


def test_the_lock_of_a_folder_that_is_gone_is_none(tmp_path, monkeypatch):
    """Who had it ends just now: between our opening the lock and our taking it."""
    out, flock = tmp_path / "t.onnx", fcntl.flock

    def late(*arguments):
        shutil.rmtree(work_dir_path(out))
        flock(*arguments)

    monkeypatch.setattr(fcntl, "flock", late)
    with pytest.raises(TemporaryError, match="another process is writing it"), work_dir(out):
        pytest.fail("in a folder that is not there")
