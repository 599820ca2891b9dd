"""`edge-app check --probe --out FOLDER`: what each camera shows, with its zones and lines."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from edge_app.cli import execute

LEFT = [[0, 0], [0.5, 0], [0.5, 1], [0, 1]]
GREY = np.full((90, 160, 3), 90, np.uint8)


@pytest.fixture
def config(configured: Any, tmp_path: Path) -> Path:
    """Two cameras, one of them turned, whose zone is the left half."""
    (tmp_path / "pictures").mkdir()
    cv2.imwrite(str(tmp_path / "pictures" / "a.png"), GREY)
    camera = {"url": str(tmp_path / "pictures"), "zones": {"left": {"polygon": LEFT}}}
    return configured(cameras={"upright": camera, "turned": {**camera, "rotate": 90}})


def test_zones_are_drawn_on_the_picture_that_is_analysed(config: Path, tmp_path: Path) -> None:
    assert execute(["check", str(config), "--probe", "--out", str(tmp_path / "out")]) == 0
    for name, shape in {"upright": (90, 160), "turned": (160, 90)}.items():
        picture = cv2.imread(str(tmp_path / "out" / f"{name}.jpg"))
        assert picture.shape[:2] == shape
        left, right = picture[30:, : shape[1] // 2 - 10], picture[30:, shape[1] // 2 + 40 :]
        assert np.abs(left.astype(int) - 90).max() > 15
        assert np.abs(right.astype(int) - 90).mean() < 3


def test_pictures_need_the_cameras_and_replace_nothing(
    config: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert execute(["check", str(config), "--out", str(tmp_path / "out")]) == 64
    assert "--out goes with --probe" in capfd.readouterr().err
    assert execute(["check", str(config), "--probe", "--out", str(tmp_path / "pictures")]) == 64
    assert "reads this folder" in capfd.readouterr().err
    assert execute(["check", str(config), "--probe", "--out", str(config)]) == 77
    assert "File exists" in capfd.readouterr().err
    assert sorted(path.name for path in (tmp_path / "pictures").iterdir()) == ["a.png"]
