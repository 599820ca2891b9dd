"""Histograms of magnitudes and where they are cut."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from edge_app.calibration.ranges import BINS, LEAST, LEVELS, METHODS, ActivationHistogram

PARTS = st.lists(
    arrays(np.float32, st.integers(1, 50), elements=st.floats(-1e6, 1e6, width=32)), min_size=1, max_size=6
)


def histogram(values):
    found = ActivationHistogram()
    found.add(np.asarray(values, np.float32))
    return found


def laplace(size=100_000, seed=0):
    return np.random.default_rng(seed).laplace(size=size).astype(np.float32)


@settings(max_examples=200, deadline=None)
@given(PARTS)
def test_in_parts_every_value_is_counted_near_its_magnitude(parts):
    found = ActivationHistogram()
    for part in parts:
        found.add(part)
    magnitudes = np.sort(np.abs(np.concatenate(parts)))
    if not magnitudes.any():
        assert not found.counts.any() or found.counts[0] == len(magnitudes)
        return
    # What came before there was anything but zero is not counted: it does not matter to a range.
    lost = len(magnitudes) - found.counts.sum()
    assert 0 <= lost <= (magnitudes == 0).sum()
    centres = np.repeat(np.arange(BINS) + 0.5, found.counts) * found.top / BINS
    assert np.abs(centres - magnitudes[lost:]).max() <= 1.01 * found.top / BINS


def test_what_is_not_finite_is_left_out():
    found = histogram([np.nan, np.inf, -np.inf, 2.0])
    assert found.counts.sum() == 1
    assert found.range("max") == pytest.approx(2.0)


@pytest.mark.parametrize("method", METHODS)
def test_a_tensor_of_zeros_has_the_least_range(method):
    assert histogram(np.zeros(10)).range(method) == LEAST


@pytest.mark.parametrize("method", METHODS)
def test_no_range_is_above_the_greatest_magnitude_by_more_than_a_step(method):
    values = laplace()
    assert 0 < histogram(values).range(method) <= np.abs(values).max() * (1 + 8 / BINS)


def test_max_keeps_an_outlier_and_the_others_do_not():
    values = np.append(laplace(), np.float32(1000))
    found = histogram(values)
    assert found.range("max") == pytest.approx(1000, rel=1 / BINS)
    assert found.range("percentile") < 100


def test_the_percentile_is_numpys():
    values = laplace()
    assert histogram(values).range("percentile") == pytest.approx(np.percentile(np.abs(values), 99.99), rel=2e-3)


def test_mse_is_the_least_of_all_cuts():
    values = laplace(20_000)
    found, top = histogram(values), float(np.abs(values).max())

    def error(span):
        scale = span / (LEVELS - 1)
        return ((values - np.clip(np.rint(values / scale), -127, 127) * scale) ** 2).mean()

    least = min(error(span) for span in np.linspace(0.05, 1, 200) * top)
    assert error(found.range("mse")) <= 1.01 * least


def test_entropy_is_that_of_the_plain_loop():
    counts = histogram(np.append(laplace(50_000, 3), np.float32(30))).counts
    assert METHODS["entropy"](counts) == _entropy_by_a_loop(counts)


def _entropy_by_a_loop(counts):
    weights = counts.astype(float)
    weights[0] = weights[1]
    last = int(np.flatnonzero(counts)[-1]) + 1
    best = np.inf, 0
    for end in range(LEVELS, last + 8, 8):
        said, width = np.zeros(end), end // LEVELS
        for level in range(LEVELS):
            part = slice(level * width, end if level == LEVELS - 1 else (level + 1) * width)
            some = weights[:end][part] > 0
            if some.any():
                said[part][some] = weights[:end][part].sum() / some.sum()
        true = weights[:end].copy()
        true[-1] += weights[end:].sum()
        p, q = true / true.sum(), said / said.sum()
        divergence = sum(a * np.log(a / max(b, 1e-12)) for a, b in zip(p, q, strict=True) if a > 0)
        if divergence < best[0] - 1e-12:
            best = divergence, end
    return best[1]
