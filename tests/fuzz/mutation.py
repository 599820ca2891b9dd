"""Inputs that are almost right, and rounds of them for as long as is wanted."""

from __future__ import annotations

import logging
import os
import random
import time
from collections.abc import Callable, Sequence
from typing import TypeVar

from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st

SECONDS = float(os.environ.get("FUZZ_S", "0"))  # for each target, with inputs that are new each time; 0: one round
NUMBER = int(os.environ.get("FUZZ_N", "0"))  # of inputs in that round, for each target; 0: a few
SEED = int(os.environ.get("FUZZ_SEED", "0"))  # of that round

logger = logging.getLogger(__name__)

Input = TypeVar("Input")


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
    inputs: st.SearchStrategy[Input], check: Callable[[Input], object], *, seeds: Sequence[Input] = (), few: int = 25
) -> None:
    """Gives `check` the seeds, then `few` inputs.

    With FUZZ_N in the environment it is so many, the same each time; with FUZZ_S they are rounds of new ones for so
    long. How many they were, and how long they took, is logged.
    """
    began, count = time.monotonic(), 0

    def counted(each: Input) -> None:
        nonlocal count
        count += 1
        check(each)

    for each in seeds:
        counted(each)
    while True:
        examples = settings(
            max_examples=500 if SECONDS else NUMBER or few,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
        )
        number = random.SystemRandom().getrandbits(64) if SECONDS else SEED
        seed(number)(examples(given(inputs)(counted)))()
        if (took_s := time.monotonic() - began) >= SECONDS:
            logger.setLevel(logging.INFO)  # a verb that ran here may have set the level of all
            logger.info("%d inputs in %.0f s", count, took_s)
            return
