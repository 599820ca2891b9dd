"""What each worker process has: which cameras, and how much of the disk."""

from __future__ import annotations

from pathlib import Path

from edge_app.app.config_sections import CameraSection
from edge_app.app.workers.known_cameras import KnownCameras
from edge_app.app.workers.run import WorkerRun
from edge_app.app.workers.sharing import Sharing, least_loaded
from edge_app.app.workers.supervised import SupervisedWorker
from tests.config.files import SOUND, load_text


def test_cameras_spread_evenly_as_long_as_nothing_is_measured() -> None:
    workers_of: dict[str, int] = {}
    for number in range(7):
        workers_of[f"cam{number}"] = least_loaded([0, 1, 2], workers_of, {})
    assert sorted(list(workers_of.values()).count(worker) for worker in range(3)) == [2, 2, 3]


def test_a_camera_goes_where_the_fewest_frames_are_analysed() -> None:
    assert least_loaded([0, 1], {"fast": 0, "slow": 1, "slower": 1}, {"fast": 30, "slow": 5, "slower": 4}) == 1


def test_one_that_sends_nothing_yet_counts_as_the_others_do() -> None:
    assert least_loaded([0, 1], {"new": 0, "a": 1, "b": 1}, {"new": 0, "a": 4, "b": 5}) == 0
    assert least_loaded([0, 1], {"new": 0, "a": 1}, {"new": 0, "a": 5}) == 0
    assert least_loaded([0, 1], {"new": 0, "newer": 0, "a": 1}, {"a": 5}) == 1


def test_a_worker_that_has_ended_gets_none() -> None:
    assert least_loaded([1], {"a": 1, "b": 1}, {}) == 1


def test_the_process_beside_workers_makes_no_clips_and_keeps_room_for_theirs(tmp_path: Path) -> None:
    said = "evidence: {clips: {}, keep: {max_mb: 100}}\nworkers: {processes: 2}\n"
    config = load_text(tmp_path, SOUND + said)
    main, worker = config.beside_workers.evidence, config.of_worker(0).evidence
    assert main is not None
    assert main.clips is not None
    assert main.clips.types == ()
    assert worker is not None
    assert 2 * worker.keep.drafts_bytes == main.keep.drafts_bytes == 25_000_000


def none_starts(number: int) -> WorkerRun:
    raise AssertionError(f"worker {number} is started")


def shared(**cameras: int | None) -> dict[str, CameraSection]:
    """Cameras of a configuration, and the worker that is named for each."""
    return {name: CameraSection(url=f"rtsp://10.0.0.1/{name}", worker=worker) for name, worker in cameras.items()}


def test_cameras_of_another_configuration_stay_where_they_are() -> None:
    workers = [SupervisedWorker(number, none_starts) for number in range(2)]
    sharing = Sharing(workers, KnownCameras())
    before = shared(a=None, b=None, c=1, d=None)
    for name, camera in before.items():
        sharing.add(name, camera)
    assert sharing.numbers == {"a": 0, "b": 1, "c": 1, "d": 0}
    sharing.fit(before, shared(a=1, b=None, d=None, e=0), lambda name: True)
    assert sharing.numbers == {"a": 1, "b": 1, "d": 0, "e": 0}


def test_files_that_have_ended_are_read_again_only_if_they_are_others() -> None:
    worker = SupervisedWorker(0, none_starts)
    sharing, before = Sharing([worker], KnownCameras()), shared(same=None, other=None)
    for name, camera in before.items():
        sharing.add(name, camera)
    worker.ended |= {"same", "other"}
    assert worker.is_over
    sharing.fit(before, before | {"other": CameraSection(url="rtsp://10.0.0.2")}, lambda name: True)
    assert set(worker.to_read) == {"other"}
    assert not worker.is_over
