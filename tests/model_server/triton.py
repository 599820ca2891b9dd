"""NVIDIA Triton out of the nvidia-pytriton wheel, on free ports, with ONNX Runtime in its Python backend."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import sysconfig
from contextlib import suppress
from pathlib import Path

import psutil
import pytest
import requests

from tests.ports import free_port
from tests.server import ServerProcess
from tests.waiting import PROGRAM_S, until

VENV = Path(__file__).resolve().parents[2] / ".venv-triton" / str(sys.implementation.cache_tag)
MODEL = """
import json
import numpy as np, onnxruntime, triton_python_backend_utils as triton

class TritonPythonModel:
    def initialize(self, args):
        onnx = json.loads(args["model_config"])["parameters"]["onnx"]["string_value"]
        self.session = onnxruntime.InferenceSession(onnx, providers=["CPUExecutionProvider"])

    def execute(self, requests):
        given = [triton.get_input_tensor_by_name(each, "images").as_numpy() for each in requests]
        answers = [self.session.run(None, {"images": pictures.astype(np.float32)})[0] for pictures in given]
        return [triton.InferenceResponse([triton.Tensor("output", answer)]) for answer in answers]
"""
CONFIG = """
backend: "python"
max_batch_size: 8
input [ {{ name: "images" data_type: TYPE_{dtype} dims: [ 3, 256, 448 ] }} ]
output [ {{ name: "output" data_type: TYPE_FP32 dims: [ 2352, 9 ] }} ]
instance_group [ {{ kind: KIND_CPU count: 1 }} ]
parameters: {{ key: "onnx" value: {{ string_value: "{onnx}" }} }}
"""


class Triton(ServerProcess):
    """Serves the bundled model as `traffic`, and as `traffic_u8` with bytes as its input.

    It can be killed and started again on the same ports.

    Attributes:
        url: What an `engine` asks.
    """

    def __init__(self, folder: Path, onnx: Path) -> None:
        """Starts it; skips the test if Triton is not installed or does not fit this Python."""
        if not (VENV / "done").exists():
            pytest.skip("Triton is not installed: make bindings")
        self._folder, self._prefix = folder, f"triton_{os.getpid()}_"
        self._grpc, self._http, metrics = (free_port() for _ in range(3))
        self.url = f"grpc://127.0.0.1:{self._grpc}"
        site = next(VENV.glob("lib/python3.*/site-packages"))
        self._environ = self._environment(site)
        self._install_backend(site)
        for name, dtype in ("traffic", "FP32"), ("traffic_u8", "UINT8"):
            (folder / "models" / name / "1").mkdir(parents=True)
            (folder / "models" / name / "1/model.py").write_text(MODEL)
            (folder / "models" / name / "config.pbtxt").write_text(CONFIG.format(dtype=dtype, onnx=onnx))
        self._command = [
            site / "pytriton/tritonserver/bin/tritonserver", f"--model-repository={folder}/models",
            f"--backend-directory={folder}/backends", f"--backend-config=python,shm-region-prefix-name={self._prefix}",
            "--http-address=127.0.0.1", f"--http-port={self._http}", "--grpc-address=127.0.0.1",
            f"--grpc-port={self._grpc}", "--metrics-address=127.0.0.1", f"--metrics-port={metrics}",
        ]  # fmt: skip
        self.start()

    def start(self) -> None:
        with (self._folder / "triton.log").open("a") as log:
            self._process = subprocess.Popen(
                self._command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=self._environ
            )
        try:
            until(self.is_ready, PROGRAM_S)
        except BaseException:
            self.kill()
            raise

    def is_ready(self) -> bool:
        assert self._process.poll() is None, (self._folder / "triton.log").read_text()[-2000:]
        with suppress(requests.ConnectionError):
            return requests.get(f"http://127.0.0.1:{self._http}/v2/health/ready", timeout=5).ok
        return False

    def regions(self) -> list[str]:
        """The names of the shared memory that it was shown."""
        answer = requests.get(f"http://127.0.0.1:{self._http}/v2/systemsharedmemory/status", timeout=5)
        return [region["name"] for region in answer.json()]

    def kill(self) -> None:
        """Dies with its children, and what it has left in /dev/shm is removed."""
        with suppress(psutil.NoSuchProcess):
            for child in psutil.Process(self._process.pid).children(recursive=True):
                with suppress(psutil.NoSuchProcess):
                    child.send_signal(signal.SIGKILL)
        super().kill()
        for left in Path("/dev/shm").glob(f"{self._prefix}*"):
            left.unlink(missing_ok=True)

    def _install_backend(self, site: Path) -> None:
        """The Python backend beside the stub for the Python that the environment has."""
        server, folder = site / "pytriton/tritonserver", self._folder / "backends/python"
        stub = (
            server
            / f"python_backend_stubs/{sys.version_info.major}.{sys.version_info.minor}/triton_python_backend_stub"
        )
        if not stub.exists():
            pytest.skip(f"Triton has no stub for Python {sys.version_info.major}.{sys.version_info.minor}")
        folder.mkdir(parents=True)
        for file in [*server.glob("backends/python/*.so"), *server.glob("backends/python/*.py"), stub]:
            shutil.copy(file, folder)
        linked = subprocess.run(
            ["ldd", folder / stub.name], capture_output=True, text=True, env=self._environ, check=True
        )
        if "not found" in linked.stdout:
            pytest.skip("Triton's Python backend wants a libpython that this Python does not have")

    @staticmethod
    def _environment(site: Path) -> dict[str, str]:
        libraries = [site / "nvidia_pytriton.libs", sysconfig.get_config_var("LIBDIR"), f"{sys.base_prefix}/lib"]
        environ = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
        return {
            **environ,
            "PATH": f"{VENV}/bin:{environ['PATH']}",
            "VIRTUAL_ENV": str(VENV),
            "PYTHONPATH": str(site),
            "LD_LIBRARY_PATH": ":".join(map(str, libraries)),
        }
