"""Fixtures: films, and a camera that is filmed."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from tests.evidence.filming import Filming
from tests.evidence.films import FRAMES, Films, unlike
from tests.rtsp.clips import write_clip


@pytest.fixture
def filming(tmp_path: Path) -> Iterator[Filming]:
    filming = Filming(tmp_path)
    yield filming
    filming.end()


@pytest.fixture(scope="session")
def films(tmp_path_factory: pytest.TempPathFactory) -> Films:
    folder = tmp_path_factory.mktemp("films")

    @cache
    def film(codec: str, gop_s: int = 1) -> Path:
        path = folder / f"{codec.replace(' ', '-')}-{gop_s}.mp4"
        return write_clip(path, unlike((160, 120), FRAMES), codec=codec, gop_s=gop_s)

    return film
