"""The program with a model that a server has: its messages, and a server that goes and comes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.model_server.triton import Triton
from tests.publish.test_message import validator

TRAFFIC = Path(__file__).resolve().parents[2] / "models/traffic/model.onnx"
STREET = "synthetic://street?seed=7&size=320x180"


@pytest.fixture
def traffic(model_server):
    model_server.serve("traffic", TRAFFIC)
    return model_server


@pytest.fixture
def asking(configured, traffic, tmp_path):
    """Writes a configuration whose model the server has."""

    def write(url=f"{STREET}&frames=20", model=None, **sections):
        engine = {"backend": "kserve", "url": traffic.url, "model": "traffic", "timeout_s": 20}
        sections = {"state_dir": str(tmp_path / "state"), **sections}
        return configured(
            model=model or {"name": "traffic"}, engine=engine, cameras={"street": {"url": url}}, **sections
        )

    return write


def boxes(output):
    return [
        [(each["label"], round(each["score"], 3), [round(side) for side in each["box"]]) for each in message["objects"]]
        for message in map(json.loads, output.splitlines())
    ]


def test_what_a_server_answers_is_what_the_file_answers(asking, configured, verb, traffic):
    code, served, log = verb("run", asking())
    assert code == 0, log
    for message in map(json.loads, served.splitlines()):
        validator("detections").validate(message)
        assert (message["model"]["engine"], message["model"]["precision"]) == ("kserve", "server")
    assert traffic.pictures > 20
    local = configured(engine={"precision": "fp32", "threads": 1}, cameras={"street": {"url": f"{STREET}&frames=20"}})
    assert boxes(served) == boxes(verb("run", local)[1])
    assert any(boxes(served))


def test_a_model_without_a_card_here_needs_only_its_family(asking, verb):
    path = asking(model={"decoder": "yolox"})
    code, output, log = verb("run", path)
    assert code == 0, log
    assert {each["label"] for line in output.splitlines() for each in json.loads(line)["objects"]} <= {
        f"class_{n}" for n in range(4)
    }


def test_without_the_server_the_program_is_to_be_started_again(asking, verb, traffic):
    traffic.stop()
    code, _, log = verb("run", asking())
    assert code == 75
    assert traffic.url in log.splitlines()[-1]
    traffic.start()


def test_a_server_that_goes_and_comes_costs_frames_alone(asking, edge_app, traffic):
    program = edge_app("run", asking(f"{STREET}&fps=10"))
    program.until(lambda: len(program.messages()) > 3)
    traffic.stop()
    program.until(lambda: "the engine fails" in program.log)
    traffic.start()
    seen = len(program.messages())
    program.until(lambda: len(program.messages()) > seen + 3)
    assert len({message["session"] for message in program.messages()}) == 1
    assert program.terminate()[0] == 0
    assert not traffic.regions


def test_inspect_asks_the_server(verb, traffic):
    code, output, _ = verb("models", "inspect", f"{traffic.url}/traffic", "--json")
    found = json.loads(output)
    assert (code, found["decoder"]["value"], found["inputs"][0]["dtype"]) == (0, "yolox", "float32")
    assert verb("models", "inspect", "grpc://nowhere")[0] == 64


def test_triton_answers_what_the_file_answers_and_may_die(configured, verb, edge_app, tmp_path):
    triton = Triton(tmp_path, TRAFFIC)
    try:
        local = configured(
            engine={"precision": "fp32", "threads": 1}, cameras={"street": {"url": f"{STREET}&frames=20"}}
        )
        expected = boxes(verb("run", local)[1])
        assert any(expected)
        engine = {"backend": "kserve", "url": triton.url, "model": "traffic", "timeout_s": 20}
        for name in "traffic", "traffic_u8":
            asking = {"engine": {**engine, "model": name}, "state_dir": str(tmp_path / "state")}
            code, served, log = verb("run", configured(cameras={"street": {"url": f"{STREET}&frames=20"}}, **asking))
            assert code == 0, log
            assert boxes(served) == expected
        program = edge_app("run", configured(engine=engine, cameras={"street": {"url": f"{STREET}&fps=10"}}))
        program.until(lambda: len(program.messages()) > 3)
        before = set(triton.regions())
        assert any(f"_{program.process.pid}_" in name for name in before)
        triton.kill()
        program.until(lambda: "the engine fails" in program.log)
        triton.start()
        seen = len(program.messages())
        program.until(lambda: len(program.messages()) > seen + 3)
        assert triton.regions()
        assert not before & set(triton.regions())
        assert program.terminate()[0] == 0
        assert not triton.regions()
    finally:
        triton.kill()
