"""Files that are opened to be written, and locks: one process at a time, and what was taken away locks nothing."""

from __future__ import annotations

import contextlib
import fcntl
import os
import subprocess
import sys

import pytest

from edge_app.core import files

HOLD = """
import sys
from pathlib import Path
from edge_app.core import files
with files.locked(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture(params=["folder", "file"])
def lock(request, tmp_path):
    path = tmp_path / "lock"
    path.mkdir() if request.param == "folder" else path.touch()
    return path


@pytest.fixture
def holder(lock):
    """Another process that holds the lock until its stdin is closed."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, lock], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout.readline() == "held\n"
        yield process


def test_without_waiting_a_held_lock_is_an_error(lock, holder):
    with pytest.raises(BlockingIOError, match="lock"), files.locked(lock):
        pytest.fail("held twice")
    holder.communicate()
    with files.locked(lock):
        pass


def test_waiting_goes_on_until_the_other_process_ends(lock, holder):
    asked = []

    def waiting():
        asked.append(1)
        if len(asked) == 2:
            holder.communicate()

    with files.locked(lock, waiting):
        assert len(asked) == 2


def test_what_waiting_raises_ends_it(lock, holder):
    def waiting():
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), files.locked(lock, waiting):
        pytest.fail("held twice")


def test_a_lock_whose_file_was_replaced_is_taken_anew(lock, monkeypatch):
    """Who had it ends just now, and takes it away between our opening it and our locking it."""
    flock, handles = fcntl.flock, []

    def late(handle, operation):
        if not handles:
            lock.rename(lock.with_name("away"))
            lock.mkdir() if lock.with_name("away").is_dir() else lock.touch()
        handles.append(os.fstat(handle))
        flock(handle, operation)

    monkeypatch.setattr(fcntl, "flock", late)
    with files.locked(lock, lambda: None):
        assert len(handles) == 2
        assert os.path.samestat(handles[1], lock.stat())


def test_a_lock_that_is_missing_is_told_and_not_made(tmp_path):
    with pytest.raises(FileNotFoundError), files.locked(tmp_path / "missing"):
        pytest.fail("nothing to lock")
    assert not list(tmp_path.iterdir())


@pytest.fixture
def umask():
    """The permissions that new files lack, as they are for a service."""
    before = os.umask(0o027)
    yield
    os.umask(before)


@pytest.mark.parametrize(("mode", "becomes"), [(None, 0o640), (0o600, 0o600), (0o666, 0o666)])
def test_a_file_that_is_made_has_its_mode_and_one_that_is_there_keeps_its_own(tmp_path, umask, mode, becomes):
    path = tmp_path / "out"
    os.close(files.open_to_write(path, os.O_WRONLY, mode))
    assert path.stat().st_mode & 0o777 == becomes
    path.chmod(0o604)
    os.close(files.open_to_write(path, os.O_WRONLY, mode))
    assert path.stat().st_mode & 0o777 == 0o604


@pytest.mark.parametrize("there", [True, False])
def test_a_link_is_not_written_through(tmp_path, there):
    target, link = tmp_path / "target", tmp_path / "link"
    link.symlink_to(target)
    if there:
        target.touch()
    with pytest.raises(OSError, match="link") as caught:
        files.open_to_write(link, os.O_WRONLY)
    assert files.refusal(caught.value) == "is a link, which is not followed"
    assert target.exists() == there


class TestRewrite:
    def test_a_file_keeps_owner_permissions_and_attributes(self, tmp_path):
        path = tmp_path / "config.yaml"
        path.write_text("old")
        path.chmod(0o640)
        with contextlib.suppress(OSError):  # a file system without them
            os.setxattr(path, "user.note", b"mine")
        names, before = os.listxattr(path), path.stat()
        files.rewrite(path, b"new")
        after = path.stat()
        assert path.read_text() == "new"
        assert (after.st_mode, after.st_uid, after.st_gid) == (before.st_mode, before.st_uid, before.st_gid)
        assert os.listxattr(path) == names
        assert after.st_mtime_ns > before.st_mtime_ns
        assert [*tmp_path.iterdir()] == [path]

    @pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
    def test_so_does_one_of_another_user(self, tmp_path):
        path = tmp_path / "config.yaml"
        path.write_text("old")
        os.chown(path, 1234, 2345)
        path.chmod(0o604)
        files.rewrite(path, b"new")
        after = path.stat()
        assert (after.st_uid, after.st_gid, after.st_mode & 0o777) == (1234, 2345, 0o604)

    def test_a_link_stays_one(self, tmp_path):
        (tmp_path / "there").mkdir()
        (tmp_path / "there/real.yaml").write_text("old")
        link = tmp_path / "config.yaml"
        link.symlink_to("there/real.yaml")
        files.rewrite(link, b"new")
        assert link.is_symlink()
        assert (tmp_path / "there/real.yaml").read_text() == "new"

    def test_what_the_check_raises_leaves_it_as_it_is(self, tmp_path):
        path = tmp_path / "config.yaml"
        path.write_text("old")

        def changed():
            raise KeyError

        with pytest.raises(KeyError):
            files.rewrite(path, b"new", changed)
        assert path.read_text() == "old"
        assert [*tmp_path.iterdir()] == [path]

    def test_one_that_is_not_there_is_not_made(self, tmp_path):
        with pytest.raises(FileNotFoundError):
            files.rewrite(tmp_path / "config.yaml", b"new")
        assert [*tmp_path.iterdir()] == []

    @pytest.mark.skipif(os.geteuid() == 0, reason="root may write everything")
    def test_one_that_may_not_be_written_is_not(self, tmp_path):
        path = tmp_path / "config.yaml"
        path.write_text("old")
        path.chmod(0o440)
        with pytest.raises(PermissionError):
            files.rewrite(path, b"new")
