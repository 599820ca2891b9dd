"""What is known of the machine without CUDA: the driver's version, and a Jetson's."""

from __future__ import annotations

import pytest

from edge_app.cuda.machine import driver_version, l4t_version


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  580.159.04  Release Build  (x@)  \n", "580.159.04"),
        ("NVRM version: NVIDIA UNIX x86_64 Kernel Module  535.183.01  Sun May 12 19:39:15 UTC 2024\n", "535.183.01"),
        ("something else\n", None),
    ],
)
def test_the_drivers_version(text, version, tmp_path):
    (tmp_path / "version").write_text(text)

    assert driver_version(tmp_path / "version") == version
    assert driver_version(tmp_path / "missing") is None


def test_jetson_linux(tmp_path):
    (tmp_path / "release").write_text("# R36 (release), REVISION: 4.0, GCID: 37537400, BOARD: generic, EABI: aarch64\n")

    assert l4t_version(tmp_path / "release") == "36.4.0"
