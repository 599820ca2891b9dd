"""Models that are pulled, listed and inspected."""

from __future__ import annotations

import hashlib
import json
import os
import pty
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import pytest
import yaml

from edge_app.core.errors import AccessError, DataError, DeviceError, InputError, TemporaryError, UsageError
from edge_app.model import CatalogueEntry, find, find_argument, pull, read_catalogue
from edge_app.model.config import ModelConfig
from tests.onnx_models import channel_means, images, write
from tests.waiting import PATIENCE_S, until

PATH = "/models/toy.onnx"
PULL = """
import sys
from pathlib import Path
from edge_app.cli.models.pull import fetch
from edge_app.model import CatalogueEntry
fetch(CatalogueEntry.model_validate_json(sys.argv[1]), Path(sys.argv[2]), sys.argv[3])
"""


@pytest.fixture
def content(tmp_path):
    """A YOLOX of two classes, and padding so that it takes several reads."""
    constant = onnx.numpy_helper.from_array(np.arange(100_000, dtype=np.float32), "unused")
    output = onnx.helper.make_tensor_value_info("output", onnx.TensorProto.FLOAT, [1, 21, 7])
    node = onnx.helper.make_node("RandomNormal", [], ["output"], shape=[1, 21, 7])
    path = write(tmp_path / "source.onnx", [node], [images(1)], [output], [constant])
    return path.read_bytes()


@pytest.fixture
def entry(content):
    """A catalogue's entry for it; its own source is nowhere."""
    return CatalogueEntry.model_validate(
        {
            "name": "toy",
            "url": "https://models.invalid/releases/toy.onnx",
            "bytes": len(content),
            "sha256": hashlib.sha256(content).hexdigest(),
            "licence": "Apache-2.0",
            "source": "made up",
            "labels": "coco",
            "input": {"width": 32, "height": 32, "color": "bgr", "letterbox": "top_left", "rounding": "floor"},
            "decoder": {"family": "yolox"},
        }
    )


@pytest.fixture
def models(tmp_path):
    return tmp_path / "state" / "models"


def left(models):
    """Names in the model's folder."""
    return sorted(path.name for path in (models / "toy").iterdir())


def test_a_pulled_model_is_found_by_its_name(mirror, entry, content, models):
    server, positions = mirror({PATH: content}), []
    assert pull(entry, models, mirror=f"{server.url}/models/", progress=positions.append) is True
    found = find(ModelConfig(name="toy"), models.parent / "elsewhere", models.parent)
    assert found.file("fp32").read_bytes() == content
    assert (found.card.input, found.card.labels[79]) == (entry.input, "toothbrush")
    assert (positions[0], positions[-1]) == (0, len(content))
    assert left(models) == ["model.yaml", "toy.onnx"]


def test_what_is_there_is_not_fetched_again_and_an_edited_card_stays(mirror, entry, content, models):
    server = mirror({PATH: content})
    pull(entry, models, mirror=f"{server.url}/models")
    card = models / "toy" / "model.yaml"
    card.write_text(card.read_text() + "thresholds: {confidence: 0.9}\n")
    assert pull(entry, models, mirror=f"{server.url}/models") is False
    assert len(server.requests) == 1
    assert "0.9" in card.read_text()


def test_a_damaged_file_is_fetched_again(mirror, entry, content, models):
    server = mirror({PATH: content})
    pull(entry, models, mirror=f"{server.url}/models")
    (models / "toy" / "toy.onnx").write_bytes(content[:-1] + b"x")
    assert pull(entry, models, mirror=f"{server.url}/models") is True
    assert (models / "toy" / "toy.onnx").read_bytes() == content


def test_somebody_elses_model_of_that_name_is_left_alone(mirror, entry, content, models):
    (models / "toy").mkdir(parents=True)
    (models / "toy" / "model.yaml").write_text("name: toy\nfiles: {fp32: mine.onnx}\n")
    with pytest.raises(UsageError, match=r"toy/model\.yaml: another model"):
        pull(entry, models, mirror=mirror({PATH: content}).url)


@pytest.mark.parametrize(
    ("fields", "second"),
    [
        pytest.param({}, "bytes=70000-", id="goes on"),
        pytest.param({"etag": ""}, "bytes=70000-", id="goes on without a mark"),
        pytest.param({"etag": 'W/"weak"'}, "bytes=70000-", id="goes on where the mark promises nothing"),
        pytest.param({"ranges": False}, "bytes=70000-", id="starts anew where the server sends no parts"),
    ],
)
def test_a_download_that_broke_off_is_continued(mirror, entry, content, models, fields, second):
    server = mirror({PATH: content}, breaks_after=70_000, **fields)
    with pytest.raises(TemporaryError, match=rf"{PATH}: broke off after 70000 of {len(content)} bytes"):
        pull(entry, models, mirror=f"{server.url}/models")
    assert not (models / "toy" / "toy.onnx").exists()
    assert not (models / "toy" / "model.yaml").exists()
    server.breaks_after = None
    positions = []
    assert pull(entry, models, mirror=f"{server.url}/models", progress=positions.append)
    assert server.ranges_asked == [None, second]
    assert server.requests[1][2].get("If-Range") == (None if "etag" in fields else '"one"')
    assert positions[0] == (0 if fields.get("ranges") is False else 70_000)
    assert (models / "toy" / "toy.onnx").read_bytes() == content
    assert left(models) == ["model.yaml", "toy.onnx"]


def test_two_versions_are_not_glued_together(mirror, entry, content, models):
    server = mirror({PATH: bytes(len(content))}, breaks_after=70_000)
    with pytest.raises(TemporaryError):
        pull(entry, models, mirror=f"{server.url}/models")
    server.files[PATH], server.etag, server.breaks_after = content, '"two"', None
    assert pull(entry, models, mirror=f"{server.url}/models")
    assert server.requests[1][2]["If-Range"] == '"one"'
    assert (models / "toy" / "toy.onnx").read_bytes() == content


def test_a_part_that_comes_out_wrong_is_deleted_and_named(mirror, entry, content, models):
    (models / "toy").mkdir(parents=True)
    (models / "toy" / "toy.onnx.part").write_bytes(bytes(1000))
    with pytest.raises(DataError, match=r"its sha256 is .*, want .*toy\.onnx\.part is deleted") as caught:
        pull(entry, models, mirror=f"{mirror({PATH: content}).url}/models")
    assert caught.value.exit_code == 65
    assert left(models) == []


@pytest.mark.parametrize("part", ["whole", "longer"])
def test_a_part_that_needs_nothing_more_is_only_checked(mirror, entry, content, models, part):
    (models / "toy").mkdir(parents=True)
    (models / "toy" / "toy.onnx.part").write_bytes(content if part == "whole" else content + b"x")
    server = mirror({PATH: content})
    if part == "whole":
        assert pull(entry, models, mirror=f"{server.url}/models")
    else:
        with pytest.raises(DataError, match="is deleted"):
            pull(entry, models, mirror=f"{server.url}/models")
    assert server.requests == []


@pytest.mark.parametrize(
    ("wrong", "lengths", "words"),
    [
        pytest.param(lambda c: bytes(len(c)), True, "its sha256 is", id="other bytes"),
        pytest.param(lambda c: c[:-1], True, "bytes, want", id="shorter"),
        pytest.param(lambda c: c + b"x", True, "bytes, want", id="longer"),
        pytest.param(lambda c: c + b"x", False, "it has more than", id="longer than announced"),
    ],
)
def test_another_file_is_refused(mirror, entry, content, models, wrong, lengths, words):
    with pytest.raises(DataError, match=words):
        pull(entry, models, mirror=f"{mirror({PATH: wrong(content)}, lengths=lengths).url}/models")
    assert left(models) == []


def test_a_server_that_does_not_say_how_long_its_file_is_will_do(mirror, entry, content, models):
    assert pull(entry, models, mirror=f"{mirror({PATH: content}, lengths=False).url}/models")


def test_a_part_that_was_not_asked_for_is_not_taken(mirror, entry, content, models):
    (models / "toy").mkdir(parents=True)
    (models / "toy" / "toy.onnx.part").write_bytes(content[:1000])
    with pytest.raises(DataError, match="another part than was asked for"):
        pull(entry, models, mirror=f"{mirror({PATH: content}, shift=1).url}/models")


@pytest.mark.parametrize(
    ("status", "kind", "code"),
    [
        (404, InputError, 66),
        (410, InputError, 66),
        (403, DeviceError, 69),
        (416, DataError, 65),
        (429, TemporaryError, 75),
        (503, TemporaryError, 75),
    ],
)
def test_a_refusal_says_what_to_do(mirror, entry, content, models, status, kind, code):
    server = mirror({PATH: content}, status=status)
    with pytest.raises(kind, match=rf"{server.url}{PATH}: ") as caught:
        pull(entry, models, mirror=f"{server.url}/models")
    assert caught.value.exit_code == code


def test_nobody_who_answers_is_temporary(entry, models):
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        with pytest.raises(TemporaryError, match=r"no connection \(Connection refused\)"):
            pull(entry, models, mirror=f"http://127.0.0.1:{closed.getsockname()[1]}")


@pytest.mark.parametrize("after", [0, 70_000])
def test_a_server_that_falls_silent_is_temporary_and_loses_nothing(mirror, entry, content, models, after):
    server = mirror({PATH: content}, hangs_after=after)
    with pytest.raises(TemporaryError, match="no answer in time"):
        pull(entry, models, mirror=f"{server.url}/models", timeout_s=0.3)
    assert (models / "toy" / "toy.onnx.part").stat().st_size == after


def test_a_redirect_is_followed_with_the_range(mirror, entry, content, models):
    (models / "toy").mkdir(parents=True)
    (models / "toy" / "toy.onnx.part").write_bytes(content[:1000])
    server = mirror({"/blob": content}, location="/blob")
    assert pull(entry, models, mirror=f"{server.url}/models")
    assert server.ranges_asked == ["bytes=1000-", "bytes=1000-"]


@pytest.mark.parametrize("location", ["http://192.0.2.1/x", "ftp://192.0.2.1/x"])
def test_a_redirect_away_from_https_is_refused(mirror, entry, content, models, location):
    with pytest.raises(DeviceError, match="redirects to what is not https"):
        pull(entry, models, mirror=mirror({}, location=location).url)


@pytest.mark.parametrize(
    "url",
    [
        "http://192.0.2.1/x",
        "ftp://127.0.0.1/x",
        "file:///etc",
        "/models",
        "https://",
        "https://u:s3cret@h/x",
        "https://h/x?token=s3cret",
        "https://h:s3cret/x",
        "https://h/é",
        "https://h/a b",
    ],
)
def test_only_https_urls_without_secrets_are_fetched(entry, models, url):
    with pytest.raises(UsageError, match="want ") as caught:
        pull(entry, models, mirror=url)
    assert "s3cret" not in str(caught.value)
    assert not models.exists()


def test_https_wants_a_certificate_that_is_trusted(mirror, entry, content, models, rtsp_certificates, monkeypatch):
    server = mirror({PATH: content}, certificate=rtsp_certificates.this_host)
    with pytest.raises(DeviceError, match="the server's certificate was rejected"):
        pull(entry, models, mirror=f"{server.url}/models")
    monkeypatch.setenv("SSL_CERT_FILE", str(rtsp_certificates.ca))
    assert pull(entry, models, mirror=f"{server.url}/models")


def test_the_proxy_of_the_environment_is_asked(mirror, entry, models, monkeypatch):
    proxy = mirror({})
    monkeypatch.setenv("HTTPS_PROXY", proxy.url)
    with pytest.raises(TemporaryError, match=r"no connection .*403"):
        pull(entry, models)
    assert [(method, path) for method, path, _ in proxy.requests] == [("CONNECT", "models.invalid:443")]


def test_too_little_space_is_said_before_anything_is_fetched(mirror, entry, content, models):
    server = mirror({PATH: content})
    with pytest.raises(AccessError, match=r"MB are needed, .* MB are free"):
        pull(entry.model_copy(update={"bytes": 1 << 60}), models, mirror=server.url)
    assert server.requests == []


def test_a_folder_that_cannot_be_is_named(entry, tmp_path):
    (tmp_path / "state").write_text("a file")
    with pytest.raises(AccessError, match=r"state.*: Not a directory") as caught:
        pull(entry, tmp_path / "state" / "models")
    assert caught.value.exit_code == 77


@pytest.fixture
def puller(entry, models):
    """Starts processes that pull the toy; all are killed at the end."""
    started = []

    def start(url):
        arguments = [sys.executable, "-c", PULL, entry.model_dump_json(), str(models), url]
        started.append(subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True))
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.communicate()


def test_two_processes_fetch_it_once(mirror, content, models, puller):
    server = mirror({PATH: content}, hangs_after=70_000)
    first = puller(f"{server.url}/models")
    assert server.hanging.wait(PATIENCE_S)
    second = puller(f"{server.url}/models")
    assert "another process is fetching it" in second.stderr.readline()
    server.released.set()
    assert re.match("toy: in ", first.communicate(timeout=PATIENCE_S)[0])
    assert re.match("toy: already in ", second.communicate(timeout=PATIENCE_S)[0])
    assert len(server.requests) == 1


def test_a_process_that_is_killed_leaves_no_half_model_and_no_lock(mirror, entry, content, models, puller):
    server = mirror({PATH: content}, hangs_after=200_000, breaks_after=200_000)
    first = puller(f"{server.url}/models")
    assert server.hanging.wait(PATIENCE_S)
    part = models / "toy" / "toy.onnx.part"
    until(lambda: part.is_file() and part.stat().st_size)
    first.send_signal(signal.SIGKILL)
    first.wait()
    size = part.stat().st_size
    server.hangs_after = server.breaks_after = None
    assert pull(entry, models, mirror=f"{server.url}/models")
    assert server.ranges_asked == [None, f"bytes={size}-"]
    assert (models / "toy" / "toy.onnx").read_bytes() == content


def test_pull_shows_progress_on_a_terminal_only(mirror, content, models, entry):
    server = mirror({PATH: content})
    terminal, ours = pty.openpty()
    arguments = [sys.executable, "-c", PULL, entry.model_dump_json(), str(models), f"{server.url}/models"]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=ours) as process:
        os.close(ours)
        shown = b""
        try:
            while block := os.read(terminal, 4096):
                shown += block
        except OSError:  # what Linux says when the other side is closed
            pass
        assert process.stdout.read().startswith(b"toy: in ")
    os.close(terminal)
    assert b"toy" in shown
    assert "━".encode() in shown


def test_without_a_terminal_pull_shows_nothing(mirror, content, puller):
    _, err = puller(f"{mirror({PATH: content}).url}/models").communicate(timeout=PATIENCE_S)
    assert err == ""


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        pytest.param(["nope"], 66, "no model nope to pull; there are yolox_nano, yolox_tiny, yolox_s", id="unknown"),
        pytest.param(["yolox_nano", "--from", "http://192.0.2.1"], 64, "want an https:// URL", id="not https"),
        pytest.param([], 64, "NAME", id="no name"),
    ],
)
def test_a_wrong_pull_is_one_line_and_the_right_code(verb, arguments, code, words):
    answer, out, err = verb("models", "pull", *arguments)
    assert (answer, out) == (code, "")
    assert words in err


def test_pull_of_wrong_bytes_is_65_and_of_an_absent_file_66(verb, mirror, tmp_path):
    server = mirror({"/yolox_nano.onnx": bytes(3659407)})
    code, out, err = verb("models", "pull", "yolox_nano", "--from", server.url, "--state-dir", tmp_path)
    assert (code, out) == (65, "")
    assert re.fullmatch(r".*/yolox_nano\.onnx: not the right file: its sha256 .*\n", err)
    assert verb("models", "pull", "yolox_s", "--from", server.url, "--state-dir", tmp_path)[0] == 66


def test_the_catalogue_pins_every_file():
    catalogue = read_catalogue()
    assert list(catalogue) == ["yolox_nano", "yolox_tiny", "yolox_s"]
    for entry in catalogue.values():
        assert entry.url.startswith("https://github.com/Megvii-BaseDetection/YOLOX/releases/download/0.1.1rc0/")
        assert entry.card.labels[0] == "person"


def test_the_state_folder_of_the_environment_is_used(verb, mirror, tmp_path, monkeypatch):
    monkeypatch.setenv("STATE_DIRECTORY", str(tmp_path / "var"))
    assert verb("models", "pull", "yolox_nano", "--from", mirror({}).url)[0] == 66
    assert (tmp_path / "var" / "models" / "yolox_nano").is_dir()


def card(folder, name, **keys):
    (folder / name).mkdir(parents=True)
    channel_means(folder / name / "m.onnx", 1)
    (folder / name / "model.yaml").write_text(yaml.safe_dump({"name": name, "files": {"fp32": "m.onnx"}, **keys}))
    return folder / name


def test_list_shows_every_place_and_what_is_shadowed(verb, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    here = card(tmp_path / "models", "toy", licence="MIT")
    hidden = card(tmp_path / "state" / "models", "toy")
    card(tmp_path / "state" / "models", "yolox_nano")
    (card(tmp_path / "state" / "models", "torn") / "model.yaml").write_text("name: [")
    (tmp_path / "models" / "no card").mkdir()
    code, out, _ = verb("models", "list", "--json", "--state-dir", tmp_path / "state")
    document = json.loads(out)
    found = {model["folder"]: model for model in document["installed"]}
    assert code == 0
    assert (found[str(here)]["shadowed"], found[str(hidden)]["shadowed"]) == (False, True)
    assert found[str(here)]["licence"] == "MIT"
    assert "torn/model.yaml" in found[str(tmp_path / "state/models/torn")]["error"]
    assert [model["name"] for model in document["installed"]][-1] == "traffic"
    assert {model["name"]: model["installed"] for model in document["catalogue"]} == {
        "yolox_nano": True,
        "yolox_tiny": False,
        "yolox_s": False,
    }
    _, out, _ = verb("models", "list", "--state-dir", tmp_path / "state")
    assert re.search(rf"toy +fp32, unknown, {hidden} \(shadowed", out)
    assert "edge-app models pull yolox_tiny" in out
    assert "edge-app models pull yolox_nano" not in out


def test_a_model_is_named_by_folder_by_name_or_by_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    folder = card(tmp_path / "state" / "models", "toy")
    for argument in ("toy", str(folder), "state/models/toy", str(folder / "m.onnx")):
        assert find_argument(argument, tmp_path / "state").file("fp32").samefile(folder / "m.onnx")


@pytest.mark.parametrize(
    ("argument", "words"),
    [
        ("nope", "no model nope"),
        ("", "no model"),
        ("/nowhere", "no model /nowhere"),
        ("x.onnx", "x.onnx: no such model file"),
        ("yolox_nano", "edge-app models pull yolox_nano"),
    ],
)
def test_a_model_that_is_nowhere_is_66(verb, tmp_path, monkeypatch, argument, words):
    monkeypatch.chdir(tmp_path)
    code, out, err = verb("models", "inspect", argument, "--state-dir", tmp_path)
    assert (code, out) == (66, "")
    assert words in err


def test_a_folder_that_is_two_places_is_named_once(verb, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    places = verb("models", "inspect", "nope", "--state-dir", tmp_path)[2].strip().partition(" in ")[2].split(", ")
    assert len(places) == len(set(places))
    assert places[0] == str(tmp_path / "models")


def inspected(verb, argument, *, code=0):
    answer, out, err = verb("models", "inspect", argument, "--json")
    assert answer == code, err
    return json.loads(out), err


def test_inspect_of_the_bundled_model_is_from_its_card(verb):
    document, _ = inspected(verb, "traffic")
    assert document["error"] is None
    assert document["licence"] == "Apache-2.0"
    assert document["files"][0]["verdict"] == "as in the card"
    assert document["quantized"] == {"fp32": False, "int8": True}
    for fact in ("decoder", "preprocessing", "labels"):
        assert document[fact]["from"] == "the model card"
    assert document["thresholds"]["value"] == {"confidence": 0.6, "nms_iou": 0.5}
    assert document["classes"] == {"value": 4, "from": "shape of output float32 (?, 2352, 9)"}


def test_inspect_of_a_bare_yolox_says_what_it_guessed_from(verb, yolox_nano):
    code, out, _ = verb("models", "inspect", yolox_nano)
    assert code == 0
    assert re.search(r"input +images float32 \(1, 3, 416, 416\)", out)
    assert re.search(
        r"decoder +yolox +\[shape of output float32 \(1, 3549, 85\), and its answers to test pictures\]", out
    )
    assert re.search(r"preprocessing .*bgr, scale 1\.0.*top_left.*\[official preprocessing of yolox\]", out)
    assert re.search(r"labels +80: person, bicycle, .*…  \[COCO because 80 classes\]", out)
    assert "confidence: default" in out


def test_inspect_reads_the_labels_of_the_metadata(verb, tmp_path):
    output = onnx.helper.make_tensor_value_info("output0", onnx.TensorProto.FLOAT, [1, 6, 21])
    node = onnx.helper.make_node("RandomNormal", [], ["output0"], shape=[1, 6, 21])
    metadata = {"names": "{0: 'cat', 1: 'dog'}", "task": "detect"}
    path = write(tmp_path / "m.onnx", [node], [images(1)], [output], metadata=metadata)
    document, _ = inspected(verb, path)
    assert document["decoder"] == {"value": "ultralytics", "from": "shape of output0 float32 (1, 6, 21)"}
    assert document["classes"] == {"value": 2, "from": "shape of output0 float32 (1, 6, 21)"}
    assert document["labels"] == {"value": ["cat", "dog"], "from": "metadata names"}
    assert document["metadata"] == metadata


def listing(path, metadata):
    """A model that lists its detections, in six columns that two families have."""
    output = onnx.helper.make_tensor_value_info("output0", onnx.TensorProto.FLOAT, [1, 300, 6])
    node = onnx.helper.make_node("RandomNormal", [], ["output0"], shape=[1, 300, 6])
    return write(path, [node], [images(1)], [output], metadata=metadata)


@pytest.mark.parametrize("network", ["YOLOv10n", "rtdetr-l"])
def test_inspect_says_where_the_metadata_decided(verb, tmp_path, network):
    metadata = {"names": "{0: 'cat', 2: 'cow'}", "task": "detect", "description": f"Ultralytics {network}"}
    document, _ = inspected(verb, listing(tmp_path / "m.onnx", metadata))
    assert document["decoder"]["from"] == "shape of output0 float32 (1, 300, 6), and the metadata"
    assert document["classes"] == {"value": 3, "from": "metadata names"}
    assert document["labels"] == {"value": ["cat", "class_1", "cow"], "from": "metadata names"}


def test_an_unknown_layout_is_shown_and_then_the_error(verb, tmp_path):
    path = channel_means(tmp_path / "m.onnx", 1)
    document, err = inspected(verb, path, code=78)
    assert document["outputs"] == [{"name": "output", "shape": [1, 3], "dtype": "float32"}]
    assert "decoder" not in document
    assert document["runs"]["value"] == "none"
    assert "no known layout" in document["error"]
    assert err == document["error"] + "\n"
    code, out, _ = verb("models", "inspect", path)
    assert code == 78
    assert re.search(r"output +output float32 \(1, 3\)", out)


def test_a_model_of_something_else_than_pictures_is_shown_too(verb, tmp_path):
    value = onnx.helper.make_tensor_value_info("x", onnx.TensorProto.FLOAT, [1, 4])
    out = onnx.helper.make_tensor_value_info("y", onnx.TensorProto.FLOAT, [1, 4])
    path = write(tmp_path / "m.onnx", [onnx.helper.make_node("Identity", ["x"], ["y"])], [value], [out])
    document, err = inspected(verb, path, code=65)
    assert document["inputs"][0]["shape"] == [1, 4]
    assert "want an input of shape (batch, 3, height, width)" in err


def test_an_output_that_is_no_tensor_is_shown_too(verb, tmp_path):
    sequence = onnx.helper.make_tensor_sequence_value_info("boxes", onnx.TensorProto.FLOAT, None)
    path = write(
        tmp_path / "m.onnx",
        [onnx.helper.make_node("SequenceConstruct", ["images"], ["boxes"])],
        [images(1)],
        [sequence],
    )
    document, err = inspected(verb, path, code=78)
    assert document["outputs"] == [{"name": "boxes", "shape": [], "dtype": "sequence_type"}]
    assert "no known layout" in err


@pytest.mark.parametrize("domain", ["", "TRT"])
def test_a_model_with_a_tensorrt_plugin_is_no_broken_file(verb, configured, tmp_path, domain):
    """As onnx-graphsurgeon writes it: in ONNX's own domain, or in one that the file does not import."""
    shapes = {"num_detections": [1, 1], "detection_boxes": [1, 9, 4], "detection_scores": [1, 9]}
    shapes["detection_classes"] = [1, 9]
    kinds = [onnx.TensorProto.INT32, *[onnx.TensorProto.FLOAT] * 2, onnx.TensorProto.INT32]
    outputs = [onnx.helper.make_tensor_value_info(*parts) for parts in zip(shapes, kinds, shapes.values(), strict=True)]
    node = onnx.helper.make_node("EfficientNMS_TRT", ["images"], list(shapes), domain=domain)
    path = write(tmp_path / "m.onnx", [node], [images(1)], outputs)
    document, _ = inspected(verb, path)
    assert document["decoder"]["value"] == "efficientnms"
    cameras = {"gate": {"url": "synthetic://street?frames=2"}}
    code, _, err = verb("run", configured(model={"onnx": str(path)}, cameras=cameras, publish=[{"type": "stdout"}]))
    assert code == 65
    assert re.search(r"m\.onnx: ONNX Runtime cannot load it .*EfficientNMS_TRT", err)


def test_inspect_shows_a_file_that_is_not_the_cards(verb, tmp_path):
    folder = card(tmp_path, "toy", sha256={"fp32": "0" * 64}, labels=["a", "b"])
    document, err = inspected(verb, folder, code=65)
    assert document["files"][0]["verdict"] == "not the card's"
    assert document["labels"] == {"value": ["a", "b"], "from": "the model card"}
    assert "sha256 is not the card's" in err


def test_inspect_shows_control_characters_and_does_not_send_them_to_the_terminal(verb, tmp_path):
    folder = card(tmp_path, "toy\x1b[31m", labels=["car\x1b[2J", "a\nb\u202e"])
    code, out, err = verb("models", "inspect", folder)
    assert code == 78  # no known layout
    assert r"toy\x1b[31m" in out
    assert r"2: car\x1b[2J, a\nb\u202e" in out
    assert "\x1b" not in out + err
    document, _ = inspected(verb, folder, code=78)
    assert document["labels"]["value"] == ["car\x1b[2J", "a\nb\u202e"]


def test_a_file_whose_name_is_no_text_is_shown_all_the_same(verb, tmp_path):
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9\x1b.onnx"))
    code, out, err = verb("models", "inspect", path)
    assert (code, out) == (66, "")
    assert err == f"{tmp_path}/caf" + r"\udce9\x1b.onnx: no such model file" + "\n"
    try:
        path.write_bytes((card(tmp_path, "toy") / "m.onnx").read_bytes())
    except OSError:
        pytest.skip("this file system takes text only")
    code, out, _ = verb("models", "inspect", path)
    assert r"caf\udce9\x1b.onnx" in out
    assert verb("models", "inspect", path, "--json")[0] == code


def test_inspect_shows_a_file_that_is_missing(verb, tmp_path):
    folder = card(tmp_path, "toy", files={"fp32": "m.onnx", "int8": "m.int8.onnx"})
    document, err = inspected(verb, folder, code=66)
    assert [file["verdict"] for file in document["files"]] == ["the card gives none", "missing"]
    assert document["outputs"] is not None
    assert "m.int8.onnx: no such model file" in err


@pytest.mark.parametrize("arguments", [[], ["list"], ["pull"], ["inspect"]])
def test_help_shows_an_example(verb, arguments):
    code, out, _ = verb("models", *arguments, "--help")
    assert code == 0
    assert "Example: edge-app models" in out
