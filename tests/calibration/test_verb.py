"""`edge-app calibrate` as its users call it."""

from __future__ import annotations

import fcntl
import shutil
import signal

import cv2
import numpy as np
import onnx
import pytest
import yaml

from edge_app import model
from edge_app.cli import execute
from edge_app.detector import golden_path, read_golden
from tests.calibration.conftest import DATA, ROOT
from tests.onnx_models import beside

TRAFFIC = ROOT / "models/traffic"
pytestmark = pytest.mark.timeout(600)  # on a busy machine


@pytest.fixture
def verb(capfd):
    """Runs `calibrate` here; returns exit code, stdout and the last line on stderr."""

    def run(*arguments, log=None):
        code = execute(["calibrate", *map(str, arguments)])
        out, err = capfd.readouterr()
        assert "Traceback" not in err
        if log is not None:
            log.append(err)
        return code, out, (err.strip().split("\n") or [""])[-1]

    return run


@pytest.fixture(scope="module")
def made(some, tmp_path_factory):
    """The bundled model in INT8."""
    out = tmp_path_factory.mktemp("made") / "traffic.int8.onnx"
    data, holdout = some / "calibration", some / "holdout"
    code = execute(["calibrate", str(TRAFFIC), "--data", str(data), "--holdout", str(holdout), "--out", str(out)])
    assert code == 0
    return out


@pytest.fixture(scope="module")
def black(tmp_path_factory):
    folder = tmp_path_factory.mktemp("black")
    for number in range(10):
        cv2.imwrite(str(folder / f"{number}.png"), np.zeros((360, 640, 3), np.uint8))
    return folder


def test_the_report_says_what_was_made_of_what(made, detector):
    report = model.read_report(model.report_path(made))
    assert report.passed
    assert report.images == 18
    assert report.method == "mse"
    assert (report.model_sha256, report.int8_sha256) == (detector.sha256, model.sha256(made))
    assert report.golden_sha256 == model.sha256(golden_path(made))
    assert min(report.agreement.map50, report.agreement.recall, report.agreement.precision) >= 0.95
    assert report.ground_truth.int8_map50 > report.ground_truth.fp32_map50 - 0.02
    assert [each.label for each in report.judged] == ["person", "car", "truck", "bicycle"]
    assert (report.excluded, report.fallbacks) == (("node_conv2d",), ())
    assert len(report.layers) == 56
    assert len(set(report.calibration_pictures)) == 18
    assert not set(report.calibration_pictures) & set(report.holdout_pictures)


def test_beside_it_are_a_page_and_golden_inputs_and_nothing_else(made):
    stem = made.with_suffix("").name
    wanted = {f"{stem}.{end}" for end in ("onnx", "report.json", "report.html", "golden.npz")}
    assert {path.name for path in made.parent.iterdir()} == wanted
    golden = read_golden(golden_path(made))
    assert golden.pictures.shape == (32, 256, 448, 3)
    assert sum(map(len, golden.detections)) > 100
    page = made.with_suffix(".report.html").read_text()
    assert page.count("<figure>") >= 2 * 8 + 50
    assert "://" not in page.replace("http://www.w3.org/2000/svg", "")


def test_the_file_runs_and_without_its_report_does_not(made, tmp_path, edge_app, configured):
    for path in made.parent.iterdir():
        shutil.copy(path, tmp_path / path.name)
    camera = {"url": "synthetic://street?seed=5&frames=3"}
    path = configured(
        model={"onnx": str(tmp_path / made.name), "labels": str(labels(tmp_path)), "decoder": "yolox"},
        engine={"threads": 1, "precision": "int8"},
        cameras={"scene": camera},
    )
    run = edge_app("run", path)
    assert run.wait() == 0, run.log
    assert [message["model"]["precision"] for message in run.messages()] == ["int8"] * 3
    model.report_path(tmp_path / made.name).unlink()
    refused = edge_app("run", path)
    assert refused.wait() == 78
    assert "report" in refused.log


def test_a_card_that_swaps_the_colours_afterwards_is_refused(made, tmp_path, edge_app, configured):
    """Calibrating cannot tell: the card says it to FP32 and INT8 alike. What it said then must be so when it runs."""
    folder, scene = tmp_path / "models/street", {"scene": {"url": "synthetic://street?seed=5&frames=3"}}
    folder.mkdir(parents=True)
    shutil.copy(TRAFFIC / "model.onnx", folder)
    for path in made.parent.iterdir():
        shutil.copy(path, folder / path.name)
    card = yaml.safe_load((TRAFFIC / "model.yaml").read_text())
    card |= {"name": "street", "files": {"fp32": "model.onnx", "int8": made.name}, "sha256": {}}

    def ran(precision, color):
        card["input"]["color"] = color
        (folder / "model.yaml").write_text(yaml.safe_dump(card))
        engine = {"threads": 1, "precision": precision}
        run = edge_app("run", configured(model={"name": "street"}, engine=engine, cameras=scene))
        return run.wait(), [message["model"]["precision"] for message in run.messages()], run.log

    assert ran("int8", "bgr")[:2] == (0, ["int8"] * 3)
    code, messages, log = ran("int8", "rgb")
    assert (code, messages) == (78, [])
    assert "its report is about other preprocessing: color bgr, not rgb" in log
    code, messages, log = ran("auto", "rgb")
    assert (code, messages) == (0, ["fp32"] * 3)
    assert "FP32 runs: " in log
    assert "color bgr, not rgb" in log


def labels(folder):
    names = yaml.safe_load((TRAFFIC / "model.yaml").read_text())["labels"]
    (folder / "labels.txt").write_text("\n".join(names))
    return folder / "labels.txt"


def test_black_pictures_make_a_file_that_is_refused(verb, black, some, tmp_path):
    out = tmp_path / "b.onnx"
    code, said, line = verb(TRAFFIC, "--data", black, "--holdout", some / "holdout", "--out", out)
    assert code == 65
    assert said.startswith(f"{out}: refused: ")
    assert "below 0.95" in line
    report = model.read_report(model.report_path(out))
    assert not report.passed
    assert report.golden_sha256 is None
    assert not golden_path(out).exists()


def test_black_pictures_without_a_holdout_are_not_enough_evidence(verb, black, tmp_path):
    code, _, line = verb(TRAFFIC, "--data", black, "--out", tmp_path / "b.onnx", "--allow-thin-evidence")
    assert code == 65
    assert "every picture for the calibration is in the holdout too" in line
    assert list(tmp_path.iterdir()) == []


def test_weights_beside_the_model_make_the_same_int8_file(verb, made, some, tmp_path):
    beside(TRAFFIC / "model.onnx", tmp_path / "model.onnx")
    card = yaml.safe_load((TRAFFIC / "model.yaml").read_text()) | {"files": {"fp32": "model.onnx"}, "sha256": {}}
    (tmp_path / "model.yaml").write_text(yaml.safe_dump(card))
    out = tmp_path / "traffic.int8.onnx"

    code, _, line = verb(tmp_path, "--data", some / "calibration", "--holdout", some / "holdout", "--out", out)

    assert code == 0, line
    assert out.read_bytes() == made.read_bytes()
    assert model.read_report(model.report_path(out)).model_sha256 == model.digest(tmp_path / "model.onnx")


def test_too_few_boxes_are_refused_unless_they_are_allowed(verb, some, tmp_path):
    few = tmp_path / "few"
    few.mkdir()
    for picture in sorted(some.glob("holdout/*.jpg"))[:12]:
        shutil.copy(picture, few)
    out = tmp_path / "out/thin.onnx"
    arguments = [TRAFFIC, "--data", some / "calibration", "--holdout", few, "--images", 8, "--out", out]
    code, _, line = verb(*arguments)
    assert code == 65
    assert "not enough evidence: the model finds" in line
    assert not out.exists()
    assert verb(*arguments, "--allow-thin-evidence")[0] == 0
    report = model.read_report(model.report_path(out))
    assert report.thin_evidence
    assert report.images == 8
    assert len(read_golden(golden_path(out)).pictures) == 12


def test_blocks_of_time_are_held_out_where_there_is_no_holdout(verb, tmp_path):
    """Of the pictures of the holdout, which are in no order of time, but that is not seen here."""
    out = tmp_path / "t.onnx"
    code, _, line = verb(TRAFFIC, "--data", DATA / "holdout", "--method", "max", "--out", out)
    report = model.read_report(model.report_path(out))
    assert (code, report.passed, report.method) == (0, True, "max"), line
    assert 20 <= len(report.holdout_pictures) <= 28
    assert report.images + len(report.holdout_pictures) < 99


def test_an_interrupted_calibration_goes_on(edge_app, some, tmp_path):
    out = tmp_path / "t.onnx"
    arguments = [TRAFFIC, "--data", some / "calibration", "--holdout", some / "holdout", "--out", out]
    first = edge_app("calibrate", *arguments)
    first.until(lambda: "INT8 on the holdout" in first.log, 300)
    first.process.send_signal(signal.SIGINT)
    assert first.wait() == 75
    assert first.log.strip().split("\n")[-1] == f"{out}: interrupted; the same command goes on from here"
    assert not out.exists()
    (kept,) = tmp_path.glob(".t.onnx.calibrating")
    assert {path.name for path in kept.iterdir()} >= {"statistics.npz"}
    second = edge_app("calibrate", *arguments)
    assert second.wait() == 0
    assert "measuring ranges" in first.log
    assert "measuring ranges" not in second.log
    assert not kept.exists()


def test_an_interrupted_camera_goes_on_with_its_pictures(edge_app, some, tmp_path):
    out, config = tmp_path / "t.onnx", tmp_path / "config.yaml"
    camera = {"url": "synthetic://street?seed=5&fps=20&size=640x360"}
    config.write_text(yaml.safe_dump({"model": {"name": "traffic"}, "cameras": {"gate": camera}}))
    arguments = [TRAFFIC, "--camera", "gate", "--config", config, "--every", 0.3, "--images", 10, "--out", out]
    first = edge_app("calibrate", *arguments, "--holdout", some / "holdout")

    def kept():
        return {path: path.stat().st_mtime_ns for path in tmp_path.glob(".t.onnx.calibrating/*/[0-9]*.png")}

    first.until(lambda: len(kept()) >= 3, 300)
    first.process.send_signal(signal.SIGINT)
    assert first.wait() == 75
    assert first.log.strip().split("\n")[-1] == f"{out}: interrupted; the same command goes on from here"
    before = kept()
    assert 3 <= len(before) < 10
    second = edge_app("calibrate", *arguments, "--holdout", some / "holdout")
    second.until(lambda: len(kept()) > len(before), 300)
    assert {path: kept()[path] for path in before} == before
    assert second.wait() == 0
    assert model.read_report(model.report_path(out)).images == 10


def test_two_cannot_write_the_same_file(verb, some, tmp_path):
    folder = tmp_path / ".t.onnx.calibrating"
    folder.mkdir()
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        code, _, line = verb(TRAFFIC, "--data", some, "--out", tmp_path / "t.onnx")
    assert (code, line) == (75, f"{tmp_path / 't.onnx'}: another process is writing it")


def test_a_label_is_refused_before_anything_is_measured(verb, some, tmp_path):
    for file in sorted(some.glob("holdout/*"))[:16]:
        shutil.copy(file, tmp_path)
    bad = sorted(tmp_path.glob("*.txt"))[-1]
    bad.write_text("0 0.5 0.5 0.1 0.1 0.9\n")
    progress = []
    arguments = ["--data", some / "calibration", "--holdout", tmp_path, "--out", tmp_path / "out/t.onnx"]
    code, _, line = verb(TRAFFIC, *arguments, log=progress)
    assert (code, f"{bad}:1: want class" in line) == (66, True), line
    assert "reading pictures" in progress[0]
    assert "on the holdout" not in progress[0]


@pytest.mark.parametrize(
    ("data", "holdout"), [("", ""), ("", "calibration"), ("calibration/", "calibration"), ("holdout", "")]
)
def test_what_calibrates_does_not_judge(verb, some, tmp_path, data, holdout):
    code, _, line = verb(TRAFFIC, "--data", some / data, "--holdout", some / holdout, "--out", tmp_path / "t.onnx")
    assert (code, "without --holdout, blocks of its time are held out" in line) == (64, True), line


def test_a_live_camera_calibrates(verb, some, tmp_path):
    config = tmp_path / "config.yaml"
    camera = {"url": "synthetic://street?seed=5&fps=20&size=640x360"}
    config.write_text(yaml.safe_dump({"model": {"name": "traffic"}, "cameras": {"gate": camera, "film": film()}}))
    out = tmp_path / "t.onnx"
    arguments = ["--config", config, "--every", 0.05, "--images", 10, "--holdout", some / "holdout", "--out", out]
    code, _, line = verb(TRAFFIC, "--camera", "gate", *arguments)
    assert code == 0, line
    assert model.read_report(model.report_path(out)).images == 10
    code, _, line = verb(TRAFFIC, "--camera", "film", *arguments)
    assert (code, "give it as --data" in line) == (64, True)
    code, _, line = verb(TRAFFIC, "--camera", "yard", *arguments)
    assert (code, line.endswith("there is no camera yard; there are film, gate")) == (64, True)


def film():
    return {"url": "synthetic://street?seed=5&frames=5"}


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["--data", "DATA", "--out", "t.int8"], 64, "want a name that ends in .onnx"),
        (["--out", "t.onnx"], 64, "nothing to calibrate with"),
        (["--camera", "gate", "--out", "t.onnx"], 64, "--camera wants --config"),
        (["--data", "missing", "--out", "t.onnx"], 66, "missing: no such file or folder"),
        (["--data", "DATA", "--out", str(TRAFFIC / "model.onnx")], 64, "this is the model itself"),
        (["--data", "DATA", "--method", "guess", "--out", "t.onnx"], 64, "guess"),
        (["--data", "DATA", "--out", "/proc/t.onnx"], 77, "/proc"),
    ],
)
def test_mistakes_are_one_line(verb, some, arguments, code, words):
    given = [str(some / "calibration") if each == "DATA" else each for each in arguments]
    found, _, line = verb(TRAFFIC, *given)
    assert (found, words in line) == (code, True), line


def test_a_model_whose_weights_are_not_fp32_is_told_so(verb, some, tmp_path):
    graph = onnx.load(TRAFFIC / "model.onnx")
    for node in [node for node in graph.graph.node if node.op_type == "Conv"]:
        (weights,) = (each for each in graph.graph.initializer if each.name == node.input[1])
        half = onnx.numpy_helper.to_array(weights).astype(np.float16)
        weights.CopyFrom(onnx.numpy_helper.from_array(half, weights.name))
        node.input[1] = f"{weights.name}.cast"
        cast = onnx.helper.make_node("Cast", [weights.name], [node.input[1]], to=onnx.TensorProto.FLOAT)
        graph.graph.node.insert(0, cast)
    card = yaml.safe_load((TRAFFIC / "model.yaml").read_text()) | {"files": {"fp32": "half.onnx"}, "sha256": {}}
    (tmp_path / "model.yaml").write_text(yaml.safe_dump(card))
    onnx.save(graph, tmp_path / "half.onnx")
    arguments = ["--data", some / "calibration", "--holdout", some / "holdout", "--out", tmp_path / "t.onnx"]
    code, _, line = verb(tmp_path, *arguments)
    assert (code, "half.onnx: INT8 wants FP32 weights, and no layer has any" in line) == (65, True), line


def test_a_model_with_quantizers_is_refused(verb, made, some, tmp_path):
    code, _, line = verb(made, "--data", some, "--out", tmp_path / "t.onnx")
    assert (code, "has no fp32 file" in line) == (78, True)
    (tmp_path / "model.yaml").write_text(yaml.safe_dump({"name": "posing", "files": {"fp32": str(made)}}))
    code, _, line = verb(tmp_path, "--data", some, "--out", tmp_path / "t.onnx")
    assert (code, "it holds quantizers already" in line) == (65, True)
