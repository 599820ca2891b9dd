"""From the configuration to detections through a TensorRT engine_file, on a simulated TensorRT and a simulated GPU."""

from __future__ import annotations

import json
import logging
import shutil
import sys
import threading
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from onnx import TensorProto, helper

from edge_app import bench, trt_build
from edge_app.app.config import AppConfig, load_config
from edge_app.app.config_sections import CameraSection
from edge_app.app.factory import make_parts
from edge_app.app.start import start
from edge_app.capture import Source
from edge_app.core.errors import DataError, DeviceError, StoppedError
from edge_app.cuda import Machine
from edge_app.detector import read_detector, start_engine
from edge_app.detector.backends.choose import choose_backend
from edge_app.detector.backends.ort import OnnxRuntimeCpu
from edge_app.engine.config import EngineConfig
from edge_app.model import read_report, write_report
from edge_app.model.config import ModelConfig
from edge_app.trt_build import metadata_path
from tests.cuda.fixtures import HAS_GPU
from tests.cuda.libraries import SimulatedTensorRT
from tests.cuda.simulated import SimulatedGpu
from tests.detector.test_int8 import quantized
from tests.onnx_models import images, write
from tests.trt_build.models import request_of
from tests.trt_build.simulated import Builder, OnnxParser, simulated
from tests.waiting import PATIENCE_S

BUNDLED = Path(__file__).resolve().parents[2] / "models/traffic"
ORIN = Machine("Orin", (8, 7), "540.4.0", "12.6", "36.4.0")
EXTENDED = "EXTEND_TIMEOUT_USEC=300000000"
MOST = 2  # pictures in a batch
SCENE = {"scene": {"url": "synthetic://street?seed=3&frames=3"}}


class Box:
    """A Jetson with TensorRT 10.3, whose engine files are the ONNX files that they were built from.

    Attributes:
        machine: What the program finds.
        folder: A copy of the bundled model.
        gpus: Those that were opened, by number.
        built: Numbers of the GPUs that engine files were built on; None where the building thread had none.
        replaced: What TensorRT makes of every model, instead of itself.
    """

    def __init__(self, monkeypatch, library: Path, tmp_path: Path) -> None:
        self.machine = ORIN
        self.folder = tmp_path / "models" / "street"
        self.gpus: list[tuple[int, SimulatedGpu]] = []
        self.built: list[int | None] = []
        self.replaced: bytes | None = None
        self._library, self._tmp_path = library, tmp_path
        shutil.copytree(BUNDLED, self.folder, ignore=shutil.ignore_patterns("*.py", "__pycache__"))
        monkeypatch.setenv("CACHE_DIRECTORY", str(tmp_path / "cache"))
        self.tensorrt = self._tensorrt()
        monkeypatch.setitem(sys.modules, "tensorrt", self.tensorrt)
        for module in ("engine.gpu.engine", "detector.backends.trt"):
            monkeypatch.setattr(f"edge_app.{module}.Gpu", self._open)
        for user in ("detector.backends.choose", "cli.build"):
            monkeypatch.setattr(f"edge_app.{user}.load_pycuda", lambda: None)
        for user in ("detector.backends.choose", "trt_build.request"):
            monkeypatch.setattr(f"edge_app.{user}.this_machine", lambda device=0: self.machine)
        self.cache = trt_build.EngineCache(tmp_path / "cache")

    def _open(self, ordinal: int) -> SimulatedGpu:
        self.gpus.append((ordinal, SimulatedGpu(self._library)))
        return self.gpus[-1][1]

    def _tensorrt(self):
        box = self

        class OnThisGpu(Builder):
            def build_serialized_network(self, network, config) -> bytes | None:
                ordinal, gpu = box.gpus[-1] if box.gpus else (None, None)
                if gpu is not None:
                    gpu.call()  # which raises where this thread does not have it
                box.built.append(ordinal)
                config.progress_monitor.phase_start("Tactics", None, 2)
                if not config.progress_monitor.step_complete("Tactics", 0):
                    return None
                return box.replaced or network.onnx

        class OnTheLastGpu(SimulatedTensorRT):
            @property
            def gpu(self):
                return box.gpus[-1][1]

            @gpu.setter
            def gpu(self, gpu): ...

        runtime, module = OnTheLastGpu(None), simulated("10.3.0")
        of_the_runtime = ("Runtime", "nptype", "TensorIOMode", "ExecutionContextAllocationStrategy")
        module.__dict__.update({name: getattr(runtime, name) for name in of_the_runtime}, Builder=OnThisGpu)
        return module

    def config(self, **engine) -> AppConfig:
        path = self._tmp_path / "config.yaml"
        sections = {"model": {"name": "street"}, "engine": {"slots": 1, "max_batch": MOST, **engine}, "cameras": SCENE}
        path.write_text(yaml.safe_dump({**sections, "publish": [{"type": "file", "path": "out.ndjson"}]}))
        return load_config(path, {})

    def run(self, **engine) -> list[dict]:
        """The messages of three frames."""
        out = self._tmp_path / "out.ndjson"
        out.unlink(missing_ok=True)
        with start(make_parts(self.config(**engine))) as runtime:
            runtime.run()
        return [json.loads(line) for line in out.read_text().splitlines()]

    def spoil(self) -> None:
        """From now on TensorRT builds engines that see next to nothing."""
        quantized(self.folder / "model.onnx", self._tmp_path / "bad.onnx", 60.0)
        self.replaced = (self._tmp_path / "bad.onnx").read_bytes()

    def ahead_of_time(self) -> trt_build.EngineFile:
        """An engine file that nobody has asked yet."""
        library = trt_build.TensorRtLibrary("tensorrt", "10.3.0", sys.modules["tensorrt"])
        request = request_of(self.folder, library, "int8", max_batch=MOST)
        return trt_build.obtain(request, self.cache).file


@pytest.fixture
def box(monkeypatch, kernel_library, tmp_path):
    box = Box(monkeypatch, kernel_library, tmp_path)
    yield box
    vars(
        box.tensorrt
    ).clear()  # `trt_logger` keeps the module for good, and the module its engine files with their sessions


def test_the_first_start_builds_and_the_second_takes_the_plan(box):
    first = box.run(backend="tensorrt")
    again = box.run(backend="tensorrt")

    for messages in (first, again):
        assert [(m["model"]["engine"], m["model"]["precision"]) for m in messages] == [("tensorrt", "int8")] * 3
    assert sum(len(message["objects"]) for message in first) > 0
    assert [message["objects"] for message in first] == [message["objects"] for message in again]
    assert len(box.built) == 1


def test_what_it_finds_is_what_onnx_runtime_finds(box):
    engine_file, onnx = (box.run(backend=backend, precision="fp32") for backend in ("tensorrt", "onnxruntime"))

    assert box.built
    for here, there in zip(engine_file, onnx, strict=True):
        assert [o["label"] for o in here["objects"]] == [o["label"] for o in there["objects"]]
        for one, other in zip(here["objects"], there["objects"], strict=True):
            assert one["box"] == pytest.approx(other["box"], abs=0.1)
            assert one["score"] == pytest.approx(other["score"], abs=1e-3)


def test_int8_answers_its_golden_inputs_before_it_is_kept(box):
    box.run(backend="tensorrt")
    (engine_file,) = box.cache.files()

    assert engine_file.metadata.agreement >= 0.95


def test_an_engine_file_that_nobody_has_asked_answers_at_its_first_load(box):
    assert box.ahead_of_time().metadata.agreement is None

    box.run(backend="tensorrt")

    assert len(box.built) == 1
    (engine_file,) = box.cache.files()
    assert engine_file.metadata.agreement >= 0.95
    opened = len(box.gpus)
    box.run(backend="tensorrt")
    assert len(box.gpus) == opened + 1  # loaded, and not asked again


def test_floats_have_nothing_to_answer(box):
    box.run(backend="tensorrt", precision="fp16")
    (engine_file,) = box.cache.files()

    assert (engine_file.metadata.precision, engine_file.metadata.agreement) == ("fp16", None)


@pytest.mark.parametrize("ahead", [False, True])
@pytest.mark.parametrize("precision", ["auto", "int8"])
@pytest.mark.parametrize("backend", ["auto", "tensorrt"])
def test_int8_that_answers_badly_is_refused(box, backend, precision, ahead):
    box.spoil()
    if ahead:
        box.ahead_of_time()

    with pytest.raises(DataError, match=r"model.int8.golden.npz: INT8 answers .* below 0\.") as refusal:
        box.run(backend=backend, precision=precision)

    assert refusal.value.exit_code == 65
    assert [engine_file.metadata.agreement for engine_file in box.cache.files()] == [None] * ahead


def test_the_engine_file_before_is_still_there_where_the_new_one_answers_badly(box):
    box.run(backend="tensorrt")
    box.machine = replace(ORIN, driver="550.1")
    box.spoil()

    with pytest.raises(DataError):
        box.run(backend="tensorrt")

    box.machine = ORIN
    assert len(box.run(backend="tensorrt")) == 3
    assert len(box.built) == 2


def test_a_tampered_plan_is_built_again(box, caplog):
    box.run(backend="tensorrt")
    (engine_file,) = box.cache.files()
    engine_file.path.write_bytes(engine_file.path.read_bytes() + b" ")

    assert len(box.run(backend="tensorrt")) == 3

    assert len(box.built) == 2
    assert "its sha256 is not the one in" in caplog.text


def test_an_engine_file_that_tensorrt_does_not_load_names_the_model_and_why(box):
    box.replaced = b"for another TensorRT"

    with pytest.raises(DataError, match=r"street/model.onnx: TensorRT cannot load the engine: .*Version tag does not"):
        box.run(backend="tensorrt", precision="fp16")


def test_bench_measures_the_engine_that_runs(box):
    config = box.config(backend="tensorrt", precision="fp16", slots=2)
    opened = len(box.gpus)

    cost = bench.engine_alone(read_detector(config.detector), config.engine, 0)

    assert cost.fps > 0
    assert (len(box.built), len(box.gpus) > opened) == (1, True)


def test_the_engine_file_is_built_on_the_gpu_that_it_runs_on(box):
    box.run(backend="tensorrt", device=1)

    assert box.built == [1]
    assert {ordinal for ordinal, _ in box.gpus} == {1}


def test_the_gpu_that_it_runs_on_is_the_one_that_is_looked_at(box, monkeypatch):
    gpus = [Machine("GTX 1080", (6, 1)), replace(ORIN, gpu="Thor")]
    for user in ("detector.backends.choose", "trt_build.request"):
        monkeypatch.setattr(f"edge_app.{user}.this_machine", lambda device=0: gpus[device])

    box.run(backend="tensorrt", device=1)

    assert [engine_file.metadata.key.gpu for engine_file in box.cache.files()] == ["Thor"]


def test_a_build_is_heard_of(box, caplog):
    asked = []
    config = box.config(backend="tensorrt", precision="fp16")
    with caplog.at_level(logging.INFO):
        _, engine = start_engine(read_detector(config.detector), config.engine, lambda: not asked.append(1))
    with engine:
        assert len(asked) == 2
    assert "TensorRT engine of traffic: 0 %, reading the model" in caplog.text


def test_a_build_ends_where_the_program_is_told_to_stop(box):
    stop = threading.Event()
    stop.set()

    with pytest.raises(StoppedError) as stopped, start(make_parts(box.config(backend="tensorrt")), stop):
        pytest.fail("it runs")

    assert stopped.value.exit_code == 0
    assert box.cache.files() == []


def test_a_start_that_waits_for_another_build_is_heard_of_and_ends_where_it_is_told_to_stop(box, heard):
    parts, stop, ended = make_parts(box.config(backend="tensorrt")), threading.Event(), []

    def waits() -> None:
        with pytest.raises(StoppedError) as stopped, start(parts, stop):
            pytest.fail("it runs")
        ended.append(stopped.value.exit_code)

    thread = threading.Thread(target=waits)
    with box.cache.locked(lambda: None):  # as the other process does
        thread.start()
        deadline, told = time.monotonic() + PATIENCE_S, 0
        while told < 3 and time.monotonic() < deadline:
            told += heard().count(EXTENDED)
            thread.join(0.05)
        stop.set()
        thread.join(PATIENCE_S)
        assert (told >= 3, ended) == (True, [0])
    thread.join()


def test_systemd_waits_for_each_step_of_a_build(box, heard):
    with start(make_parts(box.config(backend="tensorrt", precision="fp16"))):
        pass
    assert heard().count(EXTENDED) == 2  # the first step, and the one that is done


def test_auto_takes_tensorrt_where_all_of_it_is_here_and_says_so(box, caplog):
    with caplog.at_level(logging.INFO):
        assert box.run()[0]["model"]["engine"] == "tensorrt"
    assert "int8, on tensorrt: backend auto, tensorrt 10.3.0" in caplog.text


def test_auto_takes_fp16_where_no_report_vouches_for_int8(box, caplog):
    (box.folder / "model.int8.report.json").unlink()

    assert box.run(backend="tensorrt")[0]["model"]["precision"] == "fp16"
    assert "FP16 runs: " in caplog.text
    assert "report" in caplog.text


def no_pycuda() -> None:
    raise DeviceError("no CUDA: No module named 'pycuda'")


def broken(what: str, box, monkeypatch) -> None:
    """Takes a thing away that TensorRT needs."""
    if what == "GPU":
        box.machine = Machine(trouble="no NVIDIA driver")
    elif what == "young GPU":
        box.machine = Machine("GTX 1080", (6, 1))
    elif what == "PyCUDA":
        monkeypatch.setattr("edge_app.detector.backends.choose.load_pycuda", no_pycuda)
    else:
        for name in ("tensorrt", "tensorrt_rtx"):
            monkeypatch.setitem(sys.modules, name, None)


MISSING = {
    "GPU": "no NVIDIA driver",
    "young GPU": "GTX 1080 is older than compute capability 7.5",
    "PyCUDA": "no CUDA: No module named 'pycuda'",
    "TensorRT": "tensorrt is not installed",
}


def with_nms_inside(path: Path) -> Path:
    """A model of the flat layout whose rows are those that it finds."""
    nodes = [
        helper.make_node("ReduceMax", ["images"], ["brightest"], axes=[1, 2, 3], keepdims=0),
        helper.make_node("Greater", ["brightest", "never"], ["kept"]),
        helper.make_node("Compress", ["row", "kept"], ["output"], axis=0),
    ]
    constants = [
        helper.make_tensor("never", TensorProto.FLOAT, [], [2.0]),
        helper.make_tensor("row", TensorProto.FLOAT, [1, 7], [0.0] * 7),
    ]
    found = helper.make_tensor_value_info("output", TensorProto.FLOAT, [None, 7])
    return write(path, nodes, [images(1)], [found], constants)


def test_a_model_with_nms_inside_runs_on_onnx_runtime_and_is_not_built_before(box, tmp_path, caplog):
    path = with_nms_inside(tmp_path / "flat.onnx")

    def config(backend: str) -> AppConfig:
        given = ModelConfig(onnx=path, decoder="yolov7_flat")
        return box.config(backend=backend).model_copy(update={"model": given})

    with start(make_parts(config("auto"))) as runtime:
        runtime.run()
        assert runtime.analyser.model.engine.name == "onnxruntime-cpu"
    assert "ONNX Runtime runs: " in caplog.text
    parts = make_parts(config("tensorrt"))
    with pytest.raises(DataError, match="the size of `output` depends on the picture"), start(parts):
        pytest.fail("it runs")
    assert box.built == []


def refused(what: str, box, monkeypatch) -> str:
    """A model that TensorRT does not take, for that reason; returns what is said of it."""
    if what == "parser":
        monkeypatch.setattr(OnnxParser, "parse", lambda parser, content, path: False)
        return "TensorRT cannot parse it"
    if what == "engine":
        box.replaced = b"for another TensorRT"
        return "TensorRT cannot load the engine"
    monkeypatch.setattr("edge_app.trt_build.refused_quantizer", lambda model: "its zero points are not zero")
    return "its zero points are not zero"


@pytest.mark.parametrize("what", ["parser", "engine", "quantizers"])
def test_auto_takes_onnx_runtime_where_tensorrt_cannot_run_the_model(box, monkeypatch, caplog, what):
    why = refused(what, box, monkeypatch)

    messages = box.run(precision="int8")

    assert [m["model"]["engine"] for m in messages] == ["onnxruntime-cpu"] * 3
    (warning,) = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
    assert warning.startswith("ONNX Runtime runs: ")
    assert why in warning
    with pytest.raises(DataError, match=why):
        box.run(backend="tensorrt", precision="int8")


def test_cameras_follow_where_onnx_runtime_runs_instead(box, clip):
    box.replaced = b"for another TensorRT"
    config = box.config()
    config = config.model_copy(update={"cameras": {"gate": CameraSection(url=str(clip), decode="cpu")}})
    parts = make_parts(config)

    def form(sources: Mapping[str, Source]) -> str:
        with sources["gate"].open(threading.Event()) as shots:
            return next(shots).convert().format

    assert form(parts.sources) == "i420"  # which an engine on a GPU reads
    with start(parts) as runtime:
        assert form(parts.sources_for(runtime.analyser.model.detector)) == "bgr"


@pytest.mark.parametrize("what", MISSING)
def test_what_is_missing_is_named_with_its_place(box, monkeypatch, what):
    broken(what, box, monkeypatch)

    with pytest.raises(DeviceError, match=rf"config.yaml:\d+:\d+: engine.backend: {MISSING[what]}") as missing:
        read_detector(box.config(backend="tensorrt").detector)

    assert missing.value.exit_code == 69


@pytest.mark.parametrize("what", MISSING)
def test_auto_takes_onnx_runtime_where_something_is_missing_and_says_what(box, monkeypatch, what):
    broken(what, box, monkeypatch)

    backend = read_detector(box.config().detector).backend

    assert isinstance(backend, OnnxRuntimeCpu)
    assert backend.because.startswith(f"no TensorRT: {MISSING[what]}")


def test_a_provider_is_onnx_runtimes(box):
    assert isinstance(read_detector(box.config(provider="cpu").detector).backend, OnnxRuntimeCpu)


def test_rtx_runs_fp16_on_the_gpus_that_it_takes(box, rtx, monkeypatch):
    monkeypatch.setitem(sys.modules, "tensorrt", None)
    box.machine = Machine("RTX 3060", (8, 6))
    assert read_detector(box.config().detector).precision == "fp16"

    box.machine = Machine("H100", (9, 0))
    assert choose_backend(EngineConfig()).because.startswith("no TensorRT: TensorRT-RTX ")
    with pytest.raises(DeviceError, match="does not build for sm90"):
        choose_backend(EngineConfig(backend="tensorrt_rtx"))


def test_build_asks_the_engine_too(box, verb):
    code, out, err = verb("build", box.folder, "--max-batch", MOST)

    assert (code, err) == (0, "")
    assert "against FP32 on this GPU" in out
    assert len(box.run(backend="tensorrt")) == 3
    assert len(box.built) == 1


def test_build_refuses_int8_that_answers_badly(box, verb):
    box.spoil()

    code, _, err = verb("build", box.folder)

    assert code == 65
    assert err.count("\n") == 1
    assert "model.int8.golden.npz: INT8 answers" in err
    assert box.cache.files() == []


def test_build_without_pycuda_says_that_the_engine_file_was_not_run(box, verb, monkeypatch):
    monkeypatch.setattr("edge_app.cli.build.load_pycuda", no_pycuda)

    code, out, err = verb("build", box.folder)

    assert code == 0
    assert "not asked yet" in out
    assert "built and not run: no CUDA" in err
    assert json.loads(metadata_path(Path(out.splitlines()[-1])).read_text())["agreement"] is None


@pytest.mark.parametrize(
    ("wrong", "words"),
    [("missing", "no report beside it"), ("spoilt", "did not pass"), ("thin", "agreement of only 0.5")],
)
def test_build_auto_is_what_run_auto_is(box, verb, wrong, words):
    beside = box.folder / "model.int8.report.json"
    update = {"spoilt": {"passed": False}, "thin": {"min_agreement": 0.5}}.get(wrong)
    if update:
        write_report(read_report(beside).model_copy(update=update), beside)
    else:
        beside.unlink()

    code, out, err = verb("build", box.folder, "--max-batch", MOST)

    assert code == 0
    assert "traffic, fp16, tensorrt 10.3.0: built" in out
    assert err.startswith("FP16 is built: ")
    assert words in err
    assert err.count("\n") == 1
    assert box.run(backend="tensorrt")[0]["model"]["precision"] == "fp16"
    assert len(box.built) == 1


def test_build_int8_that_nothing_vouches_for_is_refused(box, verb):
    (box.folder / "model.int8.report.json").unlink()

    code, _, err = verb("build", box.folder, "--precision", "int8")

    assert code == 78
    assert "no report beside it" in err
    assert err.count("\n") == 1


@pytest.mark.parametrize("precision", ["int8", "fp16"])
def test_build_and_explain_are_for_the_gpu_of_that_number(box, verb, monkeypatch, precision):
    other = replace(ORIN, gpu="RTX 3060", capability=(8, 6))
    looked_at = {0: ORIN, 1: other}
    monkeypatch.setattr("edge_app.trt_build.request.this_machine", lambda device=0: looked_at[device])

    code, _, _ = verb("build", box.folder, "--max-batch", MOST, "--precision", precision, "--device", 1)

    assert code == 0
    assert box.built == [1]
    assert "is up to date" in verb("engines", "explain", box.folder, "--device", 1)[1]
    assert "gpu was RTX 3060, is Orin" in verb("engines", "explain", box.folder)[1]
    box.machine = other
    assert len(box.run(backend="tensorrt", precision=precision, device=1)) == 3
    assert box.built == [1]


def test_build_without_pycuda_is_for_the_first_gpu_only(box, verb, monkeypatch):
    monkeypatch.setattr("edge_app.cli.build.load_pycuda", no_pycuda)

    code, _, err = verb("build", box.folder, "--device", 1)

    assert code == 69
    assert err.count("\n") == 1
    assert box.built == []


@pytest.mark.skipif(HAS_GPU, reason="there is a GPU")
def test_run_and_check_say_that_there_is_no_gpu(edge_app, configured):
    path = configured(engine={"backend": "tensorrt"}, cameras=SCENE)
    for verb in ("run", "check"):
        program = edge_app(verb, path)
        assert program.wait() == 69
        assert program.log.count("\n") == 1
        assert "engine.backend: no NVIDIA driver" in program.log
