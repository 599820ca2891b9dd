"""A model server on a free port of 127.0.0.1."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.model_server.server import ModelServerDouble
from tests.ports import free_port


@pytest.fixture
def model_server() -> Iterator[ModelServerDouble]:
    server = ModelServerDouble(free_port())
    server.start()
    yield server
    server.stop()
