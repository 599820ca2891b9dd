"""Truth as YOLO's tools write it."""

from __future__ import annotations

import numpy as np
import pytest

from edge_app.calibration.dataset import read_truth, truth_path
from edge_app.core.errors import InputError


def test_a_line_is_a_box(tmp_path):
    (tmp_path / "a.txt").write_text("1 0.5 0.25 0.1 0.5\n\n0 0.9 0.9 0.2 0.2\n")
    found = read_truth(tmp_path / "a.txt", (200, 100), 2)
    assert found.xyxy == pytest.approx(np.array([[90, 0, 110, 50], [160, 80, 200, 100]]), abs=1e-4)
    assert found.class_id.tolist() == [1, 0]
    assert found.score.tolist() == [1, 1]


def test_an_empty_file_says_that_nothing_is_there(tmp_path):
    (tmp_path / "a.txt").touch()
    assert len(read_truth(tmp_path / "a.txt", (200, 100), 2)) == 0


def test_it_is_beside_the_picture_or_in_a_folder_beside_its_folder(tmp_path):
    picture = tmp_path / "images" / "a.b.jpg"
    picture.parent.mkdir()
    assert truth_path(picture) is None
    far = tmp_path / "labels" / "a.b.txt"
    far.parent.mkdir()
    far.touch()
    assert truth_path(picture) == far
    picture.with_suffix(".txt").touch()
    assert truth_path(picture) == picture.with_suffix(".txt")


@pytest.mark.parametrize(
    "line",
    ["car 0.5 0.5 0.1 0.1", "0 0.5 0.5 0.1", "0 0.5 0.5 0.1 0.1 0.9", "0.5 0.5 0.5 0.1 0.1", "0 320 0.5 0.1 0.1",
     "-1 0.5 0.5 0.1 0.1", "0 nan 0.5 0.1 0.1", "inf 0.5 0.5 0.1 0.1"],
)  # fmt: skip
def test_another_line_is_named(tmp_path, line):
    (tmp_path / "a.txt").write_text(f"0 0.5 0.5 0.1 0.1\n{line}\n")
    with pytest.raises(InputError, match=r"a\.txt:2: want class, centre x"):
        read_truth(tmp_path / "a.txt", (200, 100), None)


def test_a_class_that_the_model_does_not_have_is_named(tmp_path):
    (tmp_path / "a.txt").write_text("2 0.5 0.5 0.1 0.1\n")
    with pytest.raises(InputError, match=r"a\.txt:1: class 2, but the model has 0 to 1"):
        read_truth(tmp_path / "a.txt", (200, 100), 2)


def test_a_file_that_is_no_text_is_named(tmp_path):
    (tmp_path / "a.txt").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InputError, match=r"a\.txt: cannot read this truth"):
        read_truth(tmp_path / "a.txt", (200, 100), 2)
