"""A real server of a vision language model: `transformers serve`, with one that knows nothing.

It takes minutes, and a virtual environment of 1.2 GB, which is not this project's:

    python3.12 -m venv /tmp/vlm && /tmp/vlm/bin/pip install "transformers[serving]>=5" accelerate pillow "torch<2.14"
    EDGE_APP_VLM_VENV=/tmp/vlm pytest tests/evidence/test_transformers.py
"""

from __future__ import annotations

import os
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import cv2
import numpy as np
import pytest

from edge_app.core.metrics import Metrics
from edge_app.evidence import PrivacyMasks
from edge_app.evidence.describe import Describer, DescriptionOrder, VisionModel
from edge_app.evidence.describe.config import DescribeConfig
from edge_app.publish.messages import Message
from tests.evidence import tiny_llava
from tests.ports import free_port
from tests.waiting import PATIENCE_S, PROGRAM_S, until

VENV = os.environ.get("EDGE_APP_VLM_VENV")
pytestmark = [
    pytest.mark.skipif(
        VENV is None, reason="EDGE_APP_VLM_VENV names no virtual environment with transformers and torch"
    ),
    pytest.mark.timeout(900),
]


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """Where it serves, and the folder of the model."""
    binaries, folder, port = Path(str(VENV)) / "bin", tmp_path_factory.mktemp("llava"), free_port()
    subprocess.run([binaries / "python", tiny_llava.__file__, folder], check=True, timeout=PROGRAM_S)
    command = [
        binaries / "transformers",
        "serve",
        folder,
        "--host",
        "127.0.0.1",
        "--port",
        str(port),
        "--device",
        "cpu",
    ]
    server = subprocess.Popen(command, env={**os.environ, "HF_HUB_OFFLINE": "1"})
    try:
        until(lambda: server.poll() is not None or _answers(port), PROGRAM_S)
        assert server.poll() is None
        yield f"http://127.0.0.1:{port}/v1", folder
    finally:
        server.terminate()
        server.wait(PATIENCE_S)


def _answers(port: int) -> bool:
    try:
        with urlopen(f"http://127.0.0.1:{port}/health", timeout=1):
            return True
    except OSError:
        time.sleep(0.5)
        return False


def config(url: tuple[str, Path], **keys: Any) -> DescribeConfig:
    return DescribeConfig(url=url[0], model=str(url[1]), timeout_s=120, max_tokens=12, **keys)


def test_it_describes_a_picture(url: tuple[str, Path], tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "a.jpg"), np.random.default_rng(7).integers(0, 255, (480, 640, 3), np.uint8))
    told, masks, metrics = list[Any](), PrivacyMasks(), Metrics()
    describer = Describer(config(url), tmp_path, masks, metrics, lambda message, news: told.append(news))
    threading.Thread(target=describer.run, daemon=True).start()
    message = Message(camera="gate", kind="events", payload=b"", droppable=True)
    describer.order(DescriptionOrder(message=message, picture="a.jpg", mask=masks.of("gate")))
    until(lambda: told or metrics.total("descriptions_dropped"), PROGRAM_S)
    describer.close()
    assert told, describer.status
    assert isinstance(told[0]["description"], str)


def test_a_probe_sees_it(url: tuple[str, Path]) -> None:
    assert "answered to a picture in" in VisionModel(config(url)).probe()
