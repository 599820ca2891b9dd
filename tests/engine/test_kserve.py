"""An engine whose model a server has: the same answers, through shared memory or not, and what happens without it."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import ExitStack, contextmanager

import grpc
import numpy as np
import pytest
from onnx import TensorProto, helper

from edge_app.core.errors import DataError, EngineAwayError, EngineError
from edge_app.core.frames import Picture
from edge_app.engine.config import EngineConfig
from edge_app.engine.kserve import region
from edge_app.engine.kserve.engine import KserveEngine
from edge_app.engine.kserve.server import ModelServer, signature_of
from edge_app.model import InputSpec
from tests.model_server.server import ModelServerDouble
from tests.onnx_models import SIDE, channel_means, write
from tests.ports import free_port
from tests.waiting import until

SPEC = InputSpec(width=SIDE, height=SIDE, color="bgr", letterbox="top_left", rounding="floor")
HALVED = SPEC.model_copy(update={"scale": 0.5})


def grey(value: int) -> Picture:
    return Picture.from_bgr(np.full((SIDE, SIDE, 3), value, np.uint8))


@pytest.fixture
def means(model_server, tmp_path):
    """The server of `means`, which answers each picture's mean of each channel."""
    model_server.serve("means", channel_means(tmp_path / "m.onnx", "batch"))
    return model_server


@contextmanager
def opened(model_server, model="means", spec=SPEC, **keys):
    config = EngineConfig(backend="kserve", url=model_server.url, model=model, **keys)
    server = ModelServer(config)
    served = server.describe()
    with KserveEngine(server, served, signature_of(served, server.address, None), spec, config, {}) as engine:
        yield engine


def answer(slot, *greys):
    slot.submit([grey(value) for value in greys])
    return slot.wait().arrays[0].tolist()


def ours():
    return [path.name for path in region.FOLDER.glob(f"{region.PREFIX}{os.getpid()}_*")]


@pytest.mark.parametrize("shared", [True, False])
@pytest.mark.parametrize("tells_batch", [True, False])
def test_each_picture_of_a_batch_has_its_answer(means, shared, tells_batch):
    means.behaviour.tells_batch = tells_batch
    with opened(means, shared_memory=shared, max_batch=3) as engine:
        assert engine.max_batch == 3
        for slot in engine.slots:
            assert answer(slot, 10, 20, 30) == [[10.0] * 3, [20.0] * 3, [30.0] * 3]
            assert answer(slot, 40) == [[40.0] * 3]
        assert bool(means.regions) == bool(ours()) == shared
    assert (means.regions, ours()) == ({}, []), "nothing is left"


def test_both_slots_ask_at_once_and_each_gets_its_own(means):
    with opened(means) as engine:
        first, second = engine.slots
        first.submit([grey(1)])
        second.submit([grey(2)])
        assert [slot.wait().arrays[0][0][0] for slot in (first, second)] == [1.0, 2.0]


def test_no_batch_is_larger_than_the_server_takes(means):
    with opened(means, max_batch=64) as engine:
        assert engine.max_batch == 4


def test_bytes_are_sent_as_they_are_to_a_model_that_takes_bytes(model_server, tmp_path):
    pictures = helper.make_tensor_value_info("images", TensorProto.UINT8, ["batch", 3, SIDE, SIDE])
    output = helper.make_tensor_value_info("output", TensorProto.UINT8, ["batch", 3, SIDE, SIDE])
    model_server.serve(
        "bytes",
        write(tmp_path / "b.onnx", [helper.make_node("Identity", ["images"], ["output"])], [pictures], [output]),
    )
    with opened(model_server, "bytes", HALVED) as engine:
        engine.slots[0].submit([grey(77)])
        assert np.unique(engine.slots[0].wait().arrays[0]).tolist() == [77]


def test_floats_are_normalised_here(means):
    with opened(means, spec=HALVED) as engine:
        assert answer(engine.slots[0], 80) == [[40.0] * 3]


@pytest.mark.parametrize("batch", [1, 2])
def test_a_fixed_batch_is_filled_up(model_server, tmp_path, batch):
    model_server.serve("means", channel_means(tmp_path / "m.onnx", batch))
    with opened(model_server) as engine:
        assert engine.max_batch == batch
        assert answer(engine.slots[0], 5)[0] == [5.0] * 3
        assert model_server.pictures % batch == 0


def test_without_shared_memory_pictures_are_sent(means, caplog):
    means.behaviour.shares = False
    caplog.set_level("INFO")
    with opened(means) as engine:
        assert answer(engine.slots[0], 9) == [[9.0] * 3]
    assert "pictures are sent" in caplog.text
    assert not ours()
    with (
        pytest.raises(EngineError, match=r"no shared memory with it.*Unable to open"),
        opened(means, shared_memory=True),
    ):
        pass


def test_a_server_that_is_away_costs_no_time_and_is_found_again(means):
    with opened(means, timeout_s=0.5) as engine:
        first = set(means.regions)
        means.stop()
        with pytest.raises(EngineAwayError, match=r"127.0.0.1:\d+/means"):
            answer(engine.slots[0], 1)
        asked = means.asked.total()
        for _ in range(50):
            with pytest.raises(EngineAwayError):
                answer(engine.slots[1], 1)
        assert means.asked.total() == asked
        means.start()
        until(lambda: engine.slots[0]._connection.away is None)
        for slot in engine.slots:
            assert answer(slot, 3, 4) == [[3.0] * 3, [4.0] * 3]
        assert means.regions
        assert not first & set(means.regions), "what a late answer may still be written to is not used again"
        assert sorted(ours()) == sorted(means.regions)


def test_a_server_that_takes_too_long_is_away_until_it_answers(means):
    with opened(means, timeout_s=0.3) as engine:
        means.behaviour.delay_s = 5
        with pytest.raises(EngineAwayError, match=r"no answer within 0\.3 s"):
            answer(engine.slots[0], 1)
        means.behaviour.delay_s = 0
        until(lambda: engine.slots[0]._connection.away is None)
        assert answer(engine.slots[0], 6) == [[6.0] * 3]


def test_a_batch_that_is_refused_leaves_the_server_as_it_is(means):
    with opened(means) as engine:
        means.behaviour.refuses = grpc.StatusCode.INTERNAL, "out of memory\nand a stack"
        with pytest.raises(EngineError, match=r"out of memory$") as caught:
            answer(engine.slots[0], 1)
        assert not isinstance(caught.value, EngineAwayError)
        means.behaviour.refuses = None
        assert answer(engine.slots[0], 7) == [[7.0] * 3]


def test_another_version_is_taken_if_it_is_alike_and_told(means, tmp_path, caplog):
    caplog.set_level("INFO")
    with opened(means) as engine:
        means.behaviour.version = "2"
        assert answer(engine.slots[0], 8) == [[8.0] * 3]
        until(lambda: "version 2 answers now" in caplog.text)
        pictures = helper.make_tensor_value_info("images", TensorProto.FLOAT, ["batch", 3, SIDE, SIDE])
        output = helper.make_tensor_value_info("other", TensorProto.FLOAT, ["batch", 3, SIDE, SIDE])
        identity = helper.make_node("Identity", ["images"], ["other"])
        means.serve("means", write(tmp_path / "other.onnx", [identity], [pictures], [output]))
        means.behaviour.version = "3"
        with pytest.raises(EngineError):
            answer(engine.slots[0], 8)
        engine.slots[0]._connection.answered("3")
        until(lambda: "version 3 takes or answers something else" in (engine.slots[0]._connection.away or ""))


def test_a_model_that_is_not_there_is_named(means):
    what = r"grpc://127.0.0.1:\d+/nothing: no such model, or it is not ready"
    with pytest.raises(EngineAwayError, match=what), opened(means, "nothing"):
        pass


@pytest.mark.parametrize(("ca", "answers"), [("ca.pem", True), ("other.pem", False), (None, False)])
def test_the_server_is_known_by_its_certificate(certificates, tmp_path, ca, answers):
    key, chain = ((certificates / name).read_bytes() for name in ("broker.key", "broker.pem"))
    server = ModelServerDouble(free_port(), grpc.ssl_server_credentials([(key, chain)]))
    server.serve("means", channel_means(tmp_path / "m.onnx", "batch"))
    server.start()
    try:
        with ExitStack() as stack:
            if not answers:
                stack.enter_context(pytest.raises(EngineAwayError))
            engine = stack.enter_context(opened(server, tls={"ca": certificates / ca} if ca else True))
            assert answer(engine.slots[0], 4) == [[4.0] * 3]
    finally:
        server.stop()


def test_a_model_that_takes_no_pictures_is_refused(model_server, tmp_path):
    given = helper.make_tensor_value_info("x", TensorProto.FLOAT, ["batch", 7])
    got = helper.make_tensor_value_info("y", TensorProto.FLOAT, ["batch", 7])
    model_server.serve("odd", write(tmp_path / "o.onnx", [helper.make_node("Identity", ["x"], ["y"])], [given], [got]))
    with pytest.raises(DataError, match=r"grpc://.*/odd: want an input of shape"), opened(model_server, "odd"):
        pass


def test_what_a_killed_process_left_is_removed_and_what_lives_stays(means):
    imports = "import sys; from edge_app.engine.kserve.region import Region; "
    script = imports + "region = Region(4096); print(region.name, flush=True); sys.stdin.read()"
    with subprocess.Popen([sys.executable, "-c", script], stdin=-1, stdout=-1, text=True) as other:
        name = other.stdout.readline().strip()
        means.regions[name] = f"/{name}"
        with opened(means):
            assert name in means.regions, "its process lives"
        assert (region.FOLDER / name).exists()
        other.kill()
    foreign = "edge_app_of_somebody_else"
    means.regions[foreign] = f"/{foreign}"
    with opened(means):
        assert name not in means.regions
        assert foreign in means.regions
    assert not (region.FOLDER / name).exists()
