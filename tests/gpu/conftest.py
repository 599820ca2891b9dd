"""Tests that want a real GPU; elsewhere they are skipped, and say what is missing."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from tests.cuda.fixtures import HAS_GPU

HAS_PYCUDA = importlib.util.find_spec("pycuda") is not None
MISSING = "no NVIDIA GPU" if not HAS_GPU else "no PyCUDA" if not HAS_PYCUDA else None


def pytest_collection_modifyitems(items):
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker("gpu")
            if MISSING:
                item.add_marker(pytest.mark.skip(MISSING))
