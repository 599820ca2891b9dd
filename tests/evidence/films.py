"""Films in which every packet can be told from the others, and clips that are held against them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tests.evidence.filming import Shot, decoded, shots
from tests.rtsp.clips import stripes

FPS, FRAMES = 25, 300  # 12 s

Films = Callable[..., Path]
"""Writes films, each once: `films("h264 with B-frames", gop_s=4)`, 12 s of 160x120."""


def unlike(size_wh: tuple[int, int], frames: int) -> Iterator[NDArray[np.uint8]]:
    """Moving pictures no two of which are coded alike."""
    for index, picture in enumerate(stripes(size_wh, frames)):
        picture[:32, :32] = np.random.default_rng(index).integers(0, 255, (32, 32, 3), np.uint8)
        yield picture


def check(path: Path, film: Path, *, cut: bool = False) -> list[Shot]:
    """That a clip is a part of a film which is played over and over, with its own packets, and decodes whole.

    One that was `cut` may end before the pictures that are shown before its last one.
    """
    source, found = shots(film), shots(path)
    places = {shot.slices: index for index, shot in enumerate(source)}
    assert len(places) == len(source), "the film shows the same twice"
    where = [places.get(shot.slices) for shot in found]
    assert None not in where
    assert found[0].is_key
    leading = {n for n, shot in enumerate(source) if _leads(n, source)}
    expected = [(where[0] + n) % len(source) for n in range(2 * len(source))]
    steps = iter([n for n in expected if n == where[0] or n not in leading or n in where])
    assert [next(steps) for _ in where] == where
    times = [shot.decoded for shot in found]
    assert times[0] == 0
    assert all(b > a for a, b in pairwise(times))
    assert all(shot.shown >= shot.decoded for shot in found)
    pictures = decoded(path)
    assert len(pictures) == len(found)
    shown = [picture.time for picture in (pictures[:-3] if cut else pictures)]
    assert all(0.03 < b - a < 0.05 for a, b in pairwise(shown))
    return found


def _leads(number: int, source: list[Shot]) -> bool:
    return any(shot.shown > source[number].shown for shot in source[:number] if shot.is_key)
