"""The verbs beside `run`: data on stdout, one line for a mistake, the right exit code."""

from __future__ import annotations

import json
import re
import socket
import subprocess
import sys
from pathlib import Path

import av
import cv2
import jsonschema
import pytest


def last(text):
    return text.strip().split("\n")[-1]


def frames_of(path):
    """The messages of frames in a file, without events."""
    messages = [json.loads(line) for line in path.read_text().splitlines()]
    return [message for message in messages if "objects" in message]


def test_the_demo_writes_messages_a_picture_and_what_was_found(verb, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    code, out, err = verb("demo", "--frames", 12, "--out", tmp_path / "demo")
    assert code == 0, err
    messages = frames_of(tmp_path / "demo" / "detections.ndjson")
    assert [m["frame_id"] for m in messages] == list(range(12))
    assert cv2.imread(str(tmp_path / "demo" / "annotated.png")).shape == (360, 640, 3)
    found, there = (int(n) for n in re.search(r"(\d+) of (\d+) objects", out).groups())
    assert 0.8 * there <= found <= there
    assert re.search(r"frame +10: \d+ (bicycle|car|person|truck)", out)


def test_the_demo_counts_for_nobody(verb, tmp_path):
    """Its folder may be that of a program that runs."""
    counted = tmp_path / "state" / "counts.db"
    counted.parent.mkdir()
    counted.write_bytes(b"of months")
    code, out, _ = verb("demo", "--frames", 30, "--out", tmp_path)
    assert code == 0
    assert "line road: " in out
    assert counted.read_bytes() == b"of months"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["annotated.png", "detections.ndjson", "state"]


def test_the_demo_replaces_what_an_earlier_one_wrote(verb, tmp_path):
    for _ in range(2):
        assert verb("demo", "--frames", 3, "--out", tmp_path)[0] == 0
    assert len(frames_of(tmp_path / "detections.ndjson")) == 3


@pytest.mark.parametrize("name", ["config", "detections", "event", "stats", "health"])
def test_a_schema_is_a_valid_json_schema(verb, name):
    code, out, _ = verb("schema", name)
    assert code == 0
    jsonschema.Draft202012Validator.check_schema(json.loads(out))


def test_check_finds_nothing_wrong_with_a_good_configuration(verb, configured):
    code, out, _ = verb("check", configured(cameras={"a": {"url": "synthetic://street"}}))
    assert code == 0
    assert "1 camera" in out


def test_probe_says_what_it_found(verb, configured, clip, broker):
    cameras = {"clip": {"url": str(clip)}, "street": {"url": "synthetic://street?size=320x180"}}
    config = configured(cameras=cameras, publish=[{"type": "mqtt", "host": "127.0.0.1", "port": broker.port}])
    code, out, err = verb("check", config, "--probe")
    assert code == 0, err
    assert re.search(r"ok +model: traffic, (fp32|int8), 4 classes, on onnxruntime-cpu", out)
    assert re.search(r"ok +camera clip: 320x240, h264, 25 fps", out)
    assert re.search(r"ok +camera street: 320x180, raw, 25 fps", out)
    assert re.search(r"ok +sink mqtt: ", out)


def test_probe_says_what_does_not_answer_and_leaves_with_69(verb, configured):
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        url = f"rtsp://127.0.0.1:{closed.getsockname()[1]}/live"
        cameras = {"gate": {"url": url, "username": "u", "password": "s3cret"}, "street": {"url": "synthetic://street"}}
        code, out, err = verb("check", configured(cameras=cameras), "--probe")
    assert code == 69
    assert re.search(r"FAIL +camera gate: .*refused", out)
    assert "camera gate" in last(err)
    assert "s3cret" not in out + err


def test_probe_prints_one_json_document(verb, configured):
    code, out, _ = verb("check", configured(cameras={"a": {"url": "synthetic://street"}}), "--probe", "--json")
    assert code == 0
    assert json.loads(out)["ok"] is True


def test_bench_adds_up(verb, configured, clip, tmp_path):
    config = configured(cameras={"clip": {"url": str(clip)}}, publish=[{"type": "file", "path": str(tmp_path / "o")}])
    code, out, err = verb("bench", config, "--seconds", 0.3, "--json")
    assert code == 0, err
    b = json.loads(out)
    assert (b["schema"], b["frames"], b["threads"]) == ("edge_app.bench/1", 50, 1)
    assert b["computed_by"] == "onnxruntime-cpu"
    assert b["precision"] in ("fp32", "int8")  # auto takes what is faster
    parts = b["engine"]["cpu_s"] + b["decode"]["cpu_s"]
    assert b["cpu_overhead"] == pytest.approx(b["pipeline"]["cpu_s"] / parts)
    assert b["throughput"] == pytest.approx(b["pipeline"]["fps"] / b["bound_fps"])
    for stage in ("decode", "queue", "preprocess", "infer", "postprocess", "publish"):
        points = b["pipeline"]["stages_ms"][stage]
        assert 0 < points["p50"] <= points["p95"] <= points["p99"]


def test_bench_reads_the_scene_to_an_end_of_its_own(verb, configured):
    config = configured(cameras={"a": {"url": "synthetic://street?size=160x96&frames=7"}})
    code, out, _ = verb("bench", config, "--seconds", 0.1)
    assert code == 0
    assert "throughput" in last(out)


def test_bench_paced_plays_a_file_live(verb, configured, clip, tmp_path):
    cameras = {"clip": {"url": str(clip)}, "street": {"url": "synthetic://street?size=160x96&fps=10"}}
    config = configured(cameras=cameras, publish=[{"type": "file", "path": str(tmp_path / "o")}])
    code, out, err = verb("bench", config, "--paced", "--seconds", 3, "--json")
    assert code == 0, err
    paced = json.loads(out)["paced"]
    # A busy machine drops frames; a file read as a file would be far faster than its 25 frames a second.
    assert 0 < paced["cameras"]["street"]["fps"] <= 11
    assert 0 < paced["cameras"]["clip"]["fps"] <= 27.5
    assert paced["age_ms"]["p50"] <= paced["age_ms"]["max"]


def test_bench_paced_does_not_wait_for_a_file_that_is_not_there(verb, configured):
    config = configured(cameras={"a": {"url": "/none.mp4"}, "b": {"url": "synthetic://street?size=160x96"}})
    code, out, err = verb("bench", config, "--paced")
    assert (code, out, err.splitlines()[-1]) == (66, "", "/none.mp4: no such file")


@pytest.mark.parametrize("options", [[], ["--paced"]])
def test_bench_ends_where_nothing_can_be_decoded(verb, configured, clip, tmp_path, options):
    with av.open(str(clip)) as source, av.open(str(tmp_path / "cut.ts"), "w", format="mpegts") as out:
        stream = out.add_stream_from_template(source.streams.video[0])
        for packet in list(source.demux(video=0))[10:20]:
            packet.stream = stream
            out.mux(packet)
    config = configured(cameras={"a": {"url": str(tmp_path / "cut.ts")}})
    code, out, err = verb("bench", config, "--seconds", 0.1, *options)
    assert (code, out) == (66, "")
    assert "cut.ts" in err.splitlines()[-1]


def test_bench_does_not_read_a_live_camera_as_fast_as_possible(verb, configured):
    code, _, err = verb("bench", configured(cameras={"gate": {"url": "rtsp://127.0.0.1:9/live"}}))
    assert code == 64
    assert "camera gate" in last(err)
    assert "--paced" in last(err)


@pytest.mark.parametrize(
    "arguments",
    [["nonsense"], ["run"], ["run", "a", "b"], ["models"], ["schema", "nonsense"], ["bench", "c", "--seconds", "0"]],
)
def test_a_wrong_command_line_is_64(verb, arguments):
    code, out, err = verb(*arguments)
    assert (code, out, err.count("\n")) == (64, "", 1)
    assert re.search(r"edge-app.*; see edge-app.* --help$", err)


@pytest.mark.parametrize(
    "arguments",
    [["--help"], *([v, "--help"] for v in ("demo", "run", "check", "bench", "calibrate", "collect", "schema"))],
)
def test_help_shows_an_example_for_every_verb(verb, arguments):
    code, out, _ = verb(*arguments)
    assert code == 0
    assert arguments == ["--help"] or "Example: edge-app" in out


def synthetic(parameters):
    return {"cameras": {"a": {"url": f"synthetic://street?{parameters}"}}}


def sink(**settings):
    return {"publish": [{"type": "stdout"}, settings]}


@pytest.mark.parametrize(
    ("sections", "words"),
    [
        ({"model": {"name": "traffic", "decoder": "yolo"}}, r"model\.decoder: .*unknown decoder yolo.*yolox"),
        ({"engine": {"precision": "fp16"}}, r"engine\.precision: .*no fp16 file"),
        ({"engine": {"threads": 100000}}, r"engine\.threads: want at most 256"),
        ({"detect": {"labels": ["person", "unicorn"]}}, r"detect\.labels: .*no unicorn.*person"),
        ({"cameras": {"a": {"url": "gopher://x"}}}, r"cameras\.a\.url: want rtsp"),
        ({"cameras": {"a": {"url": "synthetic://street", "enabled": False}}}, r"cameras: none of them is enabled"),
        (synthetic("sed=1"), r"cameras\.a\.url: .*'sed'; did you mean seed"),
        (synthetic("light=noon"), r"cameras\.a\.url: .*light.*day, dusk, night"),
        (sink(type="file", path="/dev/null/o"), r"publish\[1\]: /dev/null/o: Not a directory"),
        (
            {"cameras": {"a": {"url": "u:pw@10.0.0.5/x"}}},
            r"cameras\.a\.url: there is no such file or folder; if it is a camera, write rtsp://",
        ),
        (sink(type="mqtt", host="mqtt://u:pw@h"), r"publish\[1\]\.host: want a name or an address, [^']*"),
        (sink(type="file", path="/dev"), r"publish\[1\]: /dev: Is a directory"),
        (sink(type="mqtt", host="b", tls={"ca": "/none.pem"}), r"publish\[1\]: /none\.pem: no such file"),
        (
            {"cameras": {"a": {"url": "rtsps://127.0.0.1:9/x", "tls": {"ca": "/none.pem"}}}},
            r"cameras\.a\.tls\.ca: /none\.pem: no such file",
        ),
    ],
)
def test_a_mistake_in_the_configuration_is_the_same_line_with_its_place_from_check_and_run(
    verb, configured, sections, words
):
    config = configured(**{**synthetic("frames=3"), **sections})
    answers = [verb(name, config) for name in ("check", "run")]
    assert answers[0] == answers[1]
    code, out, err = answers[0]
    assert (code, out) == (78, "")
    assert re.fullmatch(rf"{config}:\d+:\d+: {words}.*\n", err)
    assert "pw" not in err


@pytest.mark.parametrize(
    ("sections", "words"),
    [
        pytest.param(
            {"model": {"name": "nope"}},
            r"config.yaml:\d+:\d+: model\.name: no model nope: no folder",
            id="no such model",
        ),
        pytest.param(
            {"model": {"name": "trafic"}},
            r"config.yaml:\d+:\d+: model\.name: no model trafic, did you mean traffic\?",
            id="near a model",
        ),
        pytest.param(
            {"model": {"name": "yolox-nano"}}, r"no model \S+, did you mean yolox_nano\?", id="near one to pull"
        ),
        pytest.param(
            {"model": {"name": "traffic", "labels": "/none.txt"}},
            r"config.yaml:\d+:\d+: model\.labels: /none\.txt: no such file",
            id="no such labels",
        ),
        pytest.param(
            {"model": {"onnx": "/none.onnx"}},
            r"config.yaml:\d+:\d+: model\.onnx: /none.onnx: no such",
            id="no such network",
        ),
        pytest.param({"cameras": {"a": {"url": "/none.mp4"}}}, "camera a: /none.mp4: no such file", id="no such file"),
    ],
)
def test_an_input_that_is_missing_is_one_line_and_66(verb, configured, sections, words):
    config = configured(**{**synthetic("frames=3"), **sections})
    for arguments in (["run", config, "--log-level", "error"], ["check", config]):
        code, _, err = verb(*arguments)
        assert code == 66
        assert re.fullmatch(f".*{words}.*\n", err)


@pytest.mark.parametrize(
    ("content", "code", "words"),
    [
        (b"cat\ndog\n", 78, "2 labels for a model of 4 classes"),
        (b"caf\xe9\n", 66, "not UTF-8 text"),
    ],
)
def test_labels_that_do_not_do_are_told_with_the_place_of_their_key(verb, configured, tmp_path, content, code, words):
    (tmp_path / "labels.txt").write_bytes(content)
    config = configured(**synthetic("frames=3"), model={"name": "traffic", "labels": "labels.txt"})
    for name in ("check", "run"):
        found, _, err = verb(name, config)
        assert found == code
        assert re.fullmatch(rf"{config}:\d+:\d+: model\.labels: {tmp_path}/labels\.txt: {words}\n", err)


@pytest.mark.parametrize("name", ["check", "run", "bench"])
def test_each_mistake_in_a_configuration_is_a_line(verb, configured, name):
    cameras = {f"c{number}": {"url": "10.0.0.5:554/s", "max_fps": 0} for number in range(6)}
    config = configured(cameras=cameras, engine={"threads": "many"})
    code, out, err = verb(name, config)
    *lines, rest = err.splitlines()
    assert (code, out, rest) == (78, "", "and 3 more")
    places = [
        re.fullmatch(rf"{config}:(\d+):(\d+): (cameras\.c\d\.(url|max_fps)|engine\.threads): .+", line)
        for line in lines
    ]
    assert len(places) == 10
    assert all(places)
    numbers = [(int(place[1]), int(place[2])) for place in places if place]
    assert numbers == sorted(numbers)


def test_two_sinks_that_write_one_file_are_a_mistake(verb, configured):
    files = [{"type": "file", "name": name, "path": "a.ndjson"} for name in "ab"]
    code, _, err = verb("check", configured(**synthetic("frames=3"), publish=files))
    assert code == 78
    assert "publish[1]: another sink writes this file" in err


@pytest.mark.parametrize("name", ["config", "event"])
def test_an_output_without_room_is_one_line_and_75(name):
    with open("/dev/full", "w") as full:  # noqa: PTH123, a device, not a path
        done = subprocess.run([sys.executable, "-m", "edge_app", "schema", name], stdout=full, stderr=subprocess.PIPE)
    assert (done.returncode, done.stderr) == (75, b"standard output: No space left on device\n")


def test_check_creates_nothing(verb, configured, tmp_path):
    config = configured(**synthetic("frames=3"), publish=[{"type": "file", "path": str(tmp_path / "out" / "a")}])
    assert verb("check", config)[0] == 0
    assert list(tmp_path.iterdir()) == [config]


def test_the_schema_that_the_shipped_configurations_name_is_the_programs(verb):
    shipped = Path(__file__).parents[2] / "configs" / "edge_app.schema.json"
    assert verb("schema", "config")[1] == shipped.read_text()


def test_bench_leaves_out_disabled_cameras_and_keeps_stdout_for_its_document(verb, configured):
    scene = "synthetic://street?size=160x96&fps=10"
    config = configured(cameras={"a": {"url": scene}, "b": {"url": scene, "enabled": False}})
    code, out, err = verb("bench", config, "--paced", "--seconds", 1, "--json")
    assert code == 0, err
    assert list(json.loads(out)["paced"]["cameras"]) == ["a"]


def test_run_loads_nothing_that_only_some_configurations_need():
    """SciPy, for tracks, takes half a second and 43 MB; the others are for some sinks, engines and the HTTP side."""
    heavy = {
        "apprise",
        "confluent_kafka",
        "grpc",
        "onnxruntime",
        "redis",
        "scipy",
        "starlette",
        "tritonclient",
        "uvicorn",
    }
    code = f"import sys, edge_app.cli.run, edge_app.app.start; print(*{heavy} & set(sys.modules))"
    found = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert found.stdout.strip() == ""
