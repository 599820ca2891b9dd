"""Inputs that are almost right, and rounds of them for as long as is wanted."""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable, Sequence

from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st

SECONDS = float(os.environ.get("FUZZ_S", "0"))  # for each target; 0: one short round


@st.composite
def mutated(draw: st.DrawFn, originals: Sequence[bytes], words: Sequence[bytes]) -> bytes:
    """One of the originals after a few changes: stretches gone, doubled or moved, words and noise put in."""
    data = draw(st.sampled_from(originals))
    for _ in range(draw(st.integers(0, 6))):
        begin = draw(st.integers(0, len(data)))
        end = min(len(data), begin + draw(st.integers(0, 40)))
        change = draw(st.sampled_from(("drop", "double", "word", "noise", "cut")))
        if change == "drop":
            data = data[:begin] + data[end:]
        elif change == "double":
            data = data[:end] + data[begin:end] * draw(st.integers(1, 9)) + data[end:]
        elif change == "word":
            data = data[:begin] + draw(st.sampled_from(words)) + data[end:]
        elif change == "noise":
            data = data[:begin] + draw(st.binary(max_size=9)) + data[end:]
        else:
            data = data[:begin]
    return data


def fuzz(
    inputs: st.SearchStrategy[bytes], check: Callable[[bytes], object], *, seeds: Sequence[bytes] = (), few: int = 25
) -> None:
    """Gives `check` the seeds, then `few` inputs; with FUZZ_S in the environment, rounds of them for so long."""
    for each in seeds:
        check(each)
    end = time.monotonic() + SECONDS
    while True:
        examples = settings(
            max_examples=500 if SECONDS else few,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
        )
        number = random.SystemRandom().getrandbits(64) if SECONDS else 0
        seed(number)(examples(given(inputs)(check)))()
        if time.monotonic() >= end:
            return
