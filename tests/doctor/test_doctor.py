"""`edge-app doctor` on machines that have nothing, and on some that are told of."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace

import pytest

from edge_app.cli import execute
from edge_app.cuda import Machine
from edge_app.doctor.decoding import check_nvdec, check_opencv
from edge_app.doctor.gpu import check_cuda, check_driver, check_pycuda, check_tensorrt
from edge_app.doctor.system import check_clock, check_cpu_int8, check_disk, check_permissions

NAMES = [
    "driver",
    "cuda",
    "tensorrt",
    "pycuda",
    "nvdec",
    "opencv",
    "kserve",
    "cpu_int8",
    "disk",
    "clock",
    "permissions",
]
H100 = Machine("NVIDIA H100", (9, 0), "580.159.04", "13.0")
ORIN = Machine("Orin", (8, 7), None, "12.6", "36.4.0")
NOTHING = Machine(trouble="no NVIDIA driver (libcuda.so.1 is missing)")


def test_every_line_that_is_not_well_says_what_to_do(capfd):
    code = execute(["doctor", "--json"])

    checks = json.loads(capfd.readouterr().out)["checks"]
    assert code in (0, 69)
    assert [check["name"] for check in checks] == NAMES
    for check in checks:
        assert check["status"] in ("ok", "warn", "fail", "skip")
        assert check["detail"]
        assert check["advice"] or check["status"] == "ok", check


def test_the_form_for_people_has_every_check(capfd):
    execute(["doctor"])

    out = capfd.readouterr().out
    assert [line.split()[1] for line in out.splitlines() if not line.startswith(" ")] == NAMES


def test_a_failure_is_exit_code_69_and_one_line(capfd):
    code = execute(["doctor", "--state-dir", "/proc/1"])  # which has no room

    err = capfd.readouterr().err
    assert code == 69
    assert err == "disk: 0.0 GB free in /proc/1\n"


def bus(tmp_path, vendor, kind) -> Path:
    device = tmp_path / "0000:01:00.0"
    device.mkdir()
    (device / "vendor").write_text(f"{vendor}\n")
    (device / "class").write_text(f"{kind}\n")
    return tmp_path


@pytest.mark.parametrize(
    ("vendor", "kind", "status"),
    [
        ("0x10de", "0x030000", "fail"),
        ("0x10de", "0x030200", "fail"),
        ("0x8086", "0x030000", "skip"),
        ("0x10de", "0x0c0330", "skip"),
    ],
)
def test_a_gpu_without_its_driver_fails(vendor, kind, status, tmp_path):
    assert check_driver(NOTHING, bus(tmp_path, vendor, kind)).status == status


def test_a_gpu_is_named():
    assert check_driver(H100).status == "ok"
    assert check_cuda(H100).detail == "NVIDIA H100, compute capability 9.0, CUDA 13.0"
    assert "36.4.0" in check_driver(ORIN).detail
    assert check_cuda(Machine("GTX 1080", (6, 1), "535", "12.2")).status == "warn"
    assert check_cuda(NOTHING).status == "skip"


def test_tensorrt_that_does_not_fit_the_gpu_fails():
    pytest.importorskip("tensorrt_rtx")

    on_hopper = check_tensorrt(H100)
    assert on_hopper.status == "fail"
    assert "provider: cuda" in on_hopper.advice
    assert check_tensorrt(Machine("RTX 3060", (8, 6), "580", "13.0")).status == "ok"


def test_what_a_gpu_wants_is_skipped_without_one():
    assert check_nvdec(NOTHING).status == check_pycuda(NOTHING).status == "skip"
    assert "GStreamer" in check_nvdec(ORIN).detail
    install = (Path(__file__).parents[2] / "docs/install.md").read_text()
    assert set(check_nvdec(ORIN).advice.partition("install ")[2].split()) <= set(install.split())
    assert "gstreamer1.0-plugins-bad" in check_nvdec(ORIN).advice


def test_opencv_is_as_installed():
    check = check_opencv()

    assert "FFMPEG" in check.detail
    assert check.status == "ok"


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("flags\t\t: fpu avx2 avx512_vnni\n", "ok"),
        ("flags\t\t: fpu avx2 avx_vnni\n", "ok"),
        ("Features\t: fp asimd asimddp\n", "ok"),
        ("flags\t\t: fpu avx2\n", "warn"),
        ("Features\t: fp asimd\n", "warn"),
    ],
)
def test_instructions_for_int8(text, status, tmp_path):
    (tmp_path / "cpuinfo").write_text(text)

    assert check_cpu_int8(tmp_path / "cpuinfo").status == status


def test_a_disk_is_measured_where_the_folder_will_be(tmp_path):
    check = check_disk(tmp_path / "not" / "there")

    assert str(tmp_path / "not" / "there") in check.detail
    assert "GB free" in check.detail


@pytest.mark.parametrize(
    ("free", "status"), [(199_999_999, "fail"), (200_000_000, "warn"), (1_999_999_999, "warn"), (2_000_000_000, "ok")]
)
def test_the_fullest_disk_counts(free, status, monkeypatch):
    left = {Path("/usr"): 3_000_000_000, Path("/tmp"): free}
    monkeypatch.setattr("shutil.disk_usage", lambda folder: SimpleNamespace(free=left[folder]))

    check = check_disk(Path("/usr"), Path("/tmp"))

    assert check.status == status
    assert bool(check.advice) == (status != "ok")
    assert "in /tmp" in check.detail


@pytest.mark.parametrize(("synchronised", "status"), [(True, "ok"), (False, "warn"), (None, "skip")])
def test_the_clock_is_right_if_the_running_program_would_find_so(synchronised, status):
    check = check_clock(lambda: synchronised)

    assert check.status == status
    assert bool(check.advice) == (status != "ok")


def test_folders_that_may_be_written_are_well(tmp_path):
    assert check_permissions(tmp_path / "state", tmp_path, ()).status == "ok"
