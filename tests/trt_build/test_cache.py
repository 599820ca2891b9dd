"""The cache: what is built again and why, what is not loaded, and who builds."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from dataclasses import fields, replace
from pathlib import Path

import pytest

from edge_app import trt_build
from edge_app.core import files as core_files
from edge_app.core.errors import AccessError, DataError
from edge_app.cuda import Machine
from edge_app.detector import Overrides
from edge_app.detector.backends.trt import explain_engines
from edge_app.model import find_argument, read_signature
from edge_app.trt_build import BuildRequest, default_cache_dir, metadata_path, obtain, prune
from edge_app.trt_build.engine_file import EngineFile, EngineMetadata
from edge_app.trt_build.key import Key
from tests.onnx_models import beside
from tests.trt_build.models import convolution, quantized, touch
from tests.waiting import PROGRAM_S

# Builds the model of the first argument in the cache of the second; says how far it is, and goes on when it is told to.
STEPWISE = """
import sys
from pathlib import Path
from edge_app import trt_build
from edge_app.cuda import Machine
from edge_app.model import find_argument, read_source
def progress(part, phase):
    print(part, flush=True)
    sys.stdin.readline()
model, cache = sys.argv[1:]
found = find_argument(model, Path())
rtx, signature = trt_build.find_library("tensorrt_rtx"), read_source(found, "fp16")
order = trt_build.build_request(found.card.name, signature, "fp16", rtx, max_batch=8, targets=("sm86",))
print(trt_build.obtain(order, trt_build.EngineCache(Path(cache)), progress=progress).cached, flush=True)
"""


def files(cache) -> list[Path]:
    return sorted(cache.folder.glob("*.plan"))


def sound(cache) -> bool:
    """Whether every engine file has a metadata that names its digest."""
    return all(
        json.loads(metadata_path(engine_file).read_text())["sha256"]
        == hashlib.sha256(engine_file.read_bytes()).hexdigest()
        for engine_file in files(cache)
    )


def explain(path: Path, cache) -> list[trt_build.Explanation]:
    return explain_engines(find_argument(str(path), Path()), cache, Overrides(), 0)


def rewrite(engine_file: trt_build.EngineFile, **key) -> None:
    """As though the engine file had been built where the key was another."""
    path = metadata_path(engine_file.path)
    document = json.loads(path.read_text())
    document["key"].update(key)
    path.write_text(json.dumps(document))


def test_the_second_time_it_is_there(order, cache, toy):
    first = obtain(order(toy), cache)
    before = first.file.path.stat()

    second = obtain(order(toy), cache)

    assert (first.cached, second.cached) == (False, True)
    assert second.content == first.content == first.file.path.read_bytes()
    after = second.file.path.stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    assert sound(cache)


@pytest.mark.parametrize("part", [field.name for field in fields(Key)])
def test_each_part_of_the_key_alone_builds_again_and_is_named(part, order, cache, toy):
    built = obtain(order(toy), cache)
    rewrite(built.file, **{part: "other"})

    explained = explain(toy, cache)
    again = obtain(order(toy), cache)

    now = getattr(built.file.metadata.key, part)
    assert [(p.name, p.was) for p in explained[0].parts if p.was != p.now] == [(part, "other")]
    assert explained[0].verdict == f"will be built again because {part} was other, is {now}"
    assert not again.cached
    assert again.file.metadata.because == f"{part} was other, is {now}"
    assert obtain(order(toy), cache).cached


def test_a_changed_file_builds_again_and_explain_names_it_before_and_after(order, cache, toy):
    old = obtain(order(toy), cache)
    touch(toy)

    before = explain(toy, cache)[0]
    new = obtain(order(toy), cache)
    after = explain(toy, cache)[0]

    for explanation in (before, after):
        assert [part.name for part in explanation.parts if part.was != part.now] == ["onnx_sha256"]
    assert before.verdict.startswith("will be built again because onnx_sha256 was")
    assert after.verdict.startswith("is up to date; built because onnx_sha256 was")
    assert old.file.path in files(cache)
    assert new.file.path != old.file.path


def test_other_weights_beside_the_file_build_again(order, cache, toy, tmp_path):
    path = beside(toy, tmp_path / "two.onnx")
    first = obtain(order(path, "fp32"), cache)
    assert obtain(order(path, "fp32"), cache).cached
    data = path.with_name("two.onnx.data")
    data.write_bytes(bytes(data.stat().st_size))

    explained = explain(path, cache)[0]
    again = obtain(order(path, "fp32"), cache)

    assert explained.verdict.startswith("will be built again because onnx_sha256 was")
    assert (again.cached, again.content == first.content) == (False, False)


def test_the_key_has_every_fact_of_the_machine(toy):
    library = trt_build.TensorRtLibrary("tensorrt", "10.3.0", None)
    machine = Machine("Orin", (8, 7), "540.4.0", "12.6", "36.4.0")
    request = BuildRequest("toy", read_signature(toy), "fp16", library, machine, max_batch=8)
    key = request.key()
    others = {
        "gpu": replace(machine, gpu="Thor"),
        "compute_capability": replace(machine, capability=(11, 0)),
        "driver": replace(machine, driver="545.1"),
        "cuda": replace(machine, cuda="12.8"),
        "l4t": replace(machine, l4t="36.5.0"),
    }

    for part, other in others.items():
        assert [change.split()[0] for change in replace(request, machine=other).key().changes(key)] == [part]
    assert replace(request, machine=replace(machine, driver="540.9")).key() == key
    newer = replace(request, library=trt_build.TensorRtLibrary("tensorrt", "10.4.0", None)).key()
    assert newer.changes(key) == ["version was 10.3.0, is 10.4.0"]
    for part, wanted in {
        "precision": replace(request, precision="fp32"),
        "shapes": replace(request, max_batch=4),
    }.items():
        assert [c.split()[0] for c in wanted.key().changes(key)] == [part]


def test_the_key_has_the_calibration(tmp_path):
    path = quantized(convolution(tmp_path / "model.onnx"), tmp_path / "model.int8.onnx")
    order = BuildRequest(
        "model",
        read_signature(path),
        "int8",
        trt_build.TensorRtLibrary("tensorrt", "10.3.0", None),
        Machine("A", (8, 6)),
        max_batch=8,
    )
    without = order.key()
    (tmp_path / "model.int8.report.json").write_text("{}")

    assert without.report_sha256 == "none"
    assert order.key().report_sha256 == hashlib.sha256(b"{}").hexdigest()


def test_an_engine_file_for_more_targets_serves_one_of_them(order, cache, toy):
    both = obtain(order(toy, targets=("sm86", "sm120")), cache)

    assert obtain(order(toy, targets=("sm120",)), cache).file.path == both.file.path
    assert not obtain(order(toy, targets=("sm89",)), cache).cached


def test_a_copy_elsewhere_serves_under_any_name(order, cache, toy, tmp_path):
    built = obtain(order(toy), cache)
    other = trt_build.EngineCache(tmp_path / "other")
    other.folder.mkdir()
    trt_build.write_engine_file(other.folder / "copied.plan", built.content, built.file.metadata)
    moved = toy.rename(tmp_path / "moved.onnx")

    found = obtain(order(moved), other)
    assert found.cached
    assert found.content == built.content
    assert explain(moved, other)[0].verdict.startswith("is up to date")


def test_a_copy_of_the_file_takes_its_plan_and_is_explained_when_it_changes(order, cache, toy, tmp_path):
    obtain(order(toy), cache)
    copy = tmp_path / "copy.onnx"
    copy.write_bytes(toy.read_bytes())

    assert obtain(order(copy), cache).cached
    touch(copy)
    (explanation,) = explain(copy, cache)

    assert explanation.verdict.startswith("will be built again because onnx_sha256 was")


def test_a_tampered_plan_is_not_loaded(order, cache, toy, caplog):
    built = obtain(order(toy), cache)
    bytes_ = bytearray(built.content)
    bytes_[len(bytes_) // 2] ^= 1
    built.file.path.write_bytes(bytes_)

    with pytest.raises(DataError, match="its sha256 is not the one in"):
        built.file.read()
    again = obtain(order(toy), cache)

    assert not again.cached
    assert again.content != bytes(bytes_)
    assert str(built.file.path) in caplog.text
    assert sound(cache)


def file_of(engine_file: trt_build.EngineFile, file: str) -> Path:
    return engine_file.path if file == "engine" else metadata_path(engine_file.path)


@pytest.mark.parametrize("file", ["engine", "metadata"])
@pytest.mark.parametrize("mode", [0o664, 0o646])
def test_what_others_can_write_is_not_loaded(file, mode, order, cache, toy):
    built = obtain(order(toy), cache)
    file_of(built.file, file).chmod(mode)
    (engine_file,) = cache.files()

    with pytest.raises(DataError, match=r"others may write it.*chmod"):
        engine_file.read()
    assert prune(cache, lambda: None) == []
    assert not obtain(order(toy), cache).cached
    assert obtain(order(toy), cache).cached


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
@pytest.mark.parametrize("file", ["engine", "metadata"])
def test_what_another_user_owns_is_not_loaded(file, order, cache, toy):
    built = obtain(order(toy), cache)
    os.chown(file_of(built.file, file), 12345, 12345)
    (engine_file,) = cache.files()

    with pytest.raises(DataError, match=r"belongs to another user.*chown"):
        engine_file.read()
    assert prune(cache, lambda: None) == []
    assert not obtain(order(toy), cache).cached


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_root_takes_what_the_caches_user_has_built(order, cache, toy):
    """As `sudo edge-app engines prune` where the service has built."""
    built = obtain(order(toy), cache)
    for path in (cache.folder, built.file.path, metadata_path(built.file.path)):
        os.chown(path, 12345, 12345)

    assert prune(cache, lambda: None) == []
    assert obtain(order(toy), cache).cached


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_what_may_not_be_loaded_replaces_nothing(order, cache, toy):
    old = obtain(order(toy), cache)
    touch(toy)
    os.chown(obtain(order(toy), cache).file.path, 12345, 12345)

    assert prune(cache, lambda: None) == []
    assert old.file.path.exists()


@pytest.mark.parametrize("file", ["engine", "metadata"])
def test_what_we_may_not_read_is_not_pruned(file, order, cache, toy, monkeypatch):
    """As a file of mode 0600 of another user's; root is refused nothing, so the kernel's answer is made up."""
    closed = file_of(obtain(order(toy), cache).file, file)
    kernels_open, kernels_access = os.open, os.access

    def refusing(path: Path, flags: int, *mode: int) -> int:
        if path == closed:
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return kernels_open(path, flags, *mode)

    monkeypatch.setattr(os, "open", refusing)
    monkeypatch.setattr(os, "access", lambda path, mode: path != closed and kernels_access(path, mode))

    assert prune(cache, lambda: None) == []


@pytest.mark.parametrize("file", ["engine", "metadata"])
def test_a_link_is_not_loaded(file, order, cache, toy, tmp_path):
    path = file_of(obtain(order(toy), cache).file, file)
    target = path.rename(tmp_path / "elsewhere")
    path.symlink_to(target)

    assert not obtain(order(toy), cache).cached


def test_what_was_checked_is_what_is_read(order, cache, toy, monkeypatch):
    """A file that takes the name of a checked one a moment later."""
    built = obtain(order(toy), cache)
    fstat = os.fstat

    def exchange(handle: int) -> os.stat_result:
        (cache.folder / "other").write_bytes(b"else")
        (cache.folder / "other").replace(built.file.path)
        return fstat(handle)

    (engine_file,) = cache.files()
    monkeypatch.setattr(os, "fstat", exchange)

    assert engine_file.read() == built.content


def test_what_root_builds_the_service_can_read(order, toy, tmp_path):
    cache = trt_build.EngineCache(tmp_path / "service" / "edge_app")
    before = os.umask(0o077)
    try:
        built = obtain(order(toy), cache)
    finally:
        os.umask(before)

    for path in (built.file.path, metadata_path(built.file.path)):
        assert path.stat().st_mode & 0o777 == 0o644
    for folder in (cache.folder, cache.folder.parent):
        assert folder.stat().st_mode & 0o777 == 0o755


def start(toy, cache) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", STEPWISE, str(toy), str(cache.folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def test_a_build_that_is_killed_leaves_no_engine_file_and_the_next_builds(order, cache, toy):
    process = start(toy, cache)
    assert float(process.stdout.readline()) < 1  # it is in the middle
    process.send_signal(signal.SIGKILL)
    process.communicate()

    assert files(cache) == []
    assert not obtain(order(toy), cache).cached
    assert sound(cache)


def test_what_was_killed_while_writing_is_cleared_away(order, cache, toy):
    """Between the metadata and the engine_file, and in the middle of the engine_file."""
    built = obtain(order(toy), cache)
    draft = built.file.path.rename(built.file.path.with_name(f".{built.file.path.name}.0123abcd"))

    again = obtain(order(toy), cache)

    assert not again.cached
    assert not draft.exists()
    assert files(cache) == [built.file.path]
    assert sound(cache)


@pytest.mark.parametrize("older", [False, True])
def test_at_no_moment_is_there_an_engine_file_that_its_metadata_does_not_name(
    older, order, cache, toy, tmp_path, monkeypatch
):
    metadata = obtain(order(toy), cache).file.metadata
    target = cache if older else trt_build.EngineCache(tmp_path)
    write, sounds = core_files.write, []

    def watched(path: Path, content: str | bytes, **more: int) -> None:
        write(path, content, **more)
        sounds.append(sound(target))

    monkeypatch.setattr(core_files, "write", watched)
    target.store(b"another engine file", metadata)

    assert sounds == [True, True]


def test_two_processes_build_once(cache, toy, edge_app):
    first = start(toy, cache)
    first.stdout.readline()  # it holds the lock
    second = edge_app("build", toy, "--target", "sm86", env={"CACHE_DIRECTORY": str(cache.folder)})
    second.until(lambda: "another process is building; waiting" in second.log)
    time.sleep(2 * core_files.POLL_S)  # it goes on waiting

    out, _ = first.communicate("\n" * 100_000, timeout=PROGRAM_S)

    assert out.splitlines()[-1] == "False"
    assert second.wait() == 0
    assert "cached" in second.output
    assert second.log.count("waiting for that") == 1
    assert len(files(cache)) == 1


def test_a_cache_that_cannot_be_written_is_named(order, toy, tmp_path):
    (tmp_path / "file").write_text("")

    with pytest.raises(AccessError, match=r"file"):
        obtain(order(toy), trt_build.EngineCache(tmp_path / "file" / "cache"))


def test_a_folder_that_takes_no_engine_file_is_found_before_the_build(order, toy):
    """The kernel's own, where nobody may make files, root included."""
    cache = trt_build.EngineCache(Path("/proc/self/task"))
    heard = []

    with pytest.raises(AccessError, match="/proc/self/task: "):
        obtain(order(toy), cache, progress=lambda part, phase: heard.append(phase))
    assert heard == []


def test_a_full_disk_is_found_before_the_build(order, cache, toy, monkeypatch):
    asked, heard = [], []

    def full(handle: int, offset: int, size: int) -> None:
        asked.append(size)
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "posix_fallocate", full)

    with pytest.raises(AccessError, match=r"cache/edge_app: no room for an engine file of some 0 MB"):
        obtain(order(toy), cache, progress=lambda part, phase: heard.append(phase))
    assert asked == [2 * toy.stat().st_size]
    assert heard == []
    assert list(cache.folder.iterdir()) == []


def full_disk(path: Path, content: object, **more: object) -> None:
    raise OSError(errno.ENOSPC, "No space left on device", str(path))


def test_an_engine_file_that_is_taken_for_a_copy_of_its_file_is_not_written_again(
    order, cache, toy, tmp_path, monkeypatch
):
    built = obtain(order(toy), cache)
    before = built.file.path.stat()
    copy = tmp_path / "copy.onnx"
    copy.write_bytes(toy.read_bytes())

    with monkeypatch.context() as patch:
        patch.setattr(core_files, "write", full_disk)
        assert obtain(order(copy), cache).cached
    assert sound(cache)
    taken = obtain(order(copy), cache)

    assert taken.file.metadata.source == copy
    after = taken.file.path.stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    assert files(cache) == [built.file.path]


def test_an_engine_file_that_goes_while_it_is_taken_is_not_named_again(order, cache, toy):
    obtain(order(toy), cache)

    def pruned(engine_file: bytes) -> float:
        for path in cache.folder.iterdir():
            path.unlink()
        return 1.0

    assert obtain(order(toy), cache, answer=pruned).cached
    assert list(cache.folder.iterdir()) == []


@pytest.mark.parametrize("name", [".street", "org/street", "../street"])
def test_a_name_neither_hides_an_engine_file_nor_leads_elsewhere(name, order, cache, toy):
    wanted = replace(order(toy), model=name)
    built = obtain(wanted, cache)
    obtain(order(toy, "fp32"), cache)

    assert built.file.path.parent == cache.folder
    assert obtain(wanted, cache).cached


def test_an_engine_that_answers_badly_is_not_kept(order, cache, toy):
    def answer(engine_file: bytes) -> float:
        raise DataError(f"{len(engine_file)} bytes that find nothing")

    with pytest.raises(DataError, match="find nothing"):
        obtain(order(toy), cache, answer=answer)

    assert files(cache) == []


def test_what_the_engine_answered_is_in_the_metadata(order, cache, toy):
    obtain(order(toy), cache, answer=lambda engine_file: 0.987)

    assert cache.files()[0].metadata.agreement == 0.987


def test_prune_keeps_what_is_used(order, cache, toy):
    obtain(order(toy), cache)
    touch(toy)
    newer = obtain(order(toy), cache)
    other = obtain(order(toy, "fp32"), cache)
    foreign = obtain(order(toy, targets=("sm75",)), cache)
    rewrite(foreign.file, version="1.0")

    gone = dict(prune(cache, lambda: None))

    assert sorted(gone.values())[0] == "a newer one has replaced it"
    assert [because for because in gone.values() if "it was built with 1.0" in because]
    assert len(gone) == 2
    assert {engine_file.path for engine_file in cache.files()} == {newer.file.path, other.file.path}
    assert set(files(cache)) == {newer.file.path, other.file.path}


def test_prune_takes_what_nothing_can_load(order, cache, toy):
    built = obtain(order(toy), cache)
    broken = built.file.path.with_name("broken.plan")
    broken.write_bytes(b"an engine file")
    metadata_path(broken).write_text("{")
    alone = built.file.path.with_name("alone.plan")
    alone.write_bytes(b"an engine file")
    metadata_path(built.file.path.with_name("gone.plan")).write_text("[]")

    gone = {path.name: because for path, because in prune(cache, lambda: None)}

    assert gone == {
        "broken.plan": "broken.plan.json is not the metadata of an engine file",
        "alone.plan": "alone.plan.json is missing",
        "gone.plan": "gone.plan.json is not the metadata of an engine file",
    }
    assert sorted(cache.folder.iterdir()) == [built.file.path, metadata_path(built.file.path)]


def test_where_the_cache_is(tmp_path):
    service = tmp_path / "service"
    assert default_cache_dir({"CACHE_DIRECTORY": "/a:/b", "XDG_CACHE_HOME": "/c"}) == Path("/a")
    assert default_cache_dir({"XDG_CACHE_HOME": "/c", "HOME": "/h"}) == Path("/c/edge_app")
    assert default_cache_dir({"HOME": "/h"}, service) == Path("/h/.cache/edge_app")
    assert default_cache_dir({}, service) == service
    service.mkdir()
    whose = service if os.geteuid() == 0 else Path("/h/.cache/edge_app")
    assert default_cache_dir({"HOME": "/h"}, service) == whose


def test_pipes_sockets_and_devices_in_the_cache_are_passed_over(tmp_path, caplog):
    os.mkfifo(tmp_path / "pipe.plan.json")
    (tmp_path / "device.plan.json").symlink_to("/dev/zero")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "s.plan.json"))
        assert trt_build.EngineCache(tmp_path).files() == []
    told = [name for name in ("pipe", "device", "s") if f"{name}.plan.json: not the metadata" in caplog.text]
    assert told == ["pipe", "device", "s"]


def test_an_engine_that_became_a_pipe_is_not_waited_for(tmp_path):
    path = tmp_path / "a.plan"
    os.mkfifo(path)
    with pytest.raises(DataError, match=r"a.plan: not a regular file"):
        EngineFile(path, EngineMetadata.model_construct(sha256=""), 0.0).read()
