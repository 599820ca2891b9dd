"""The pictures of the page in the documentation show the page as it is."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.page.fixtures import missing

ROOT = Path(__file__).parents[2]
SHOWN = ROOT / "docs" / "images"
MOST = 10  # of 255, from pixel to pixel of what is left when details are gone; other views differ by 28 and more
TOOL = ROOT / "tools" / "page_pictures.py"


def seen_from_afar(path: Path) -> np.ndarray:
    """The picture without its details, which are never the same."""
    small = cv2.resize(cv2.imread(str(path)), (40, 25), interpolation=cv2.INTER_AREA)
    return cv2.GaussianBlur(small, (0, 0), 1.5).astype(int)


@pytest.mark.skipif(bool(missing()), reason=missing())
def test_the_documentation_shows_the_page_as_it_is(tmp_path: Path) -> None:
    subprocess.run([sys.executable, TOOL, tmp_path, "--settle-s", "3"], check=True, stdout=subprocess.DEVNULL)
    taken = {path.name: path for path in tmp_path.iterdir()}
    assert set(taken) == {path.name for path in SHOWN.glob("page-*")}
    texts = "".join(page.read_text() for page in [ROOT / "README.md", *(ROOT / "docs").glob("*.md")])
    for name, path in taken.items():
        assert f"images/{name})" in texts
        assert cv2.imread(str(path)).shape == cv2.imread(str(SHOWN / name)).shape
        away = np.abs(seen_from_afar(path) - seen_from_afar(SHOWN / name)).mean()
        assert away < MOST, f"{name} shows another page: run {TOOL.relative_to(ROOT)}"
