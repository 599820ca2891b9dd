"""A program in a fleet: it reads what its site gives it, and its messages say so."""

from __future__ import annotations

import json
import time

import pytest

from edge_app.app.config import load_config
from edge_app.app.factory import make_parts
from edge_app.app.fleet import share_cameras
from edge_app.app.start import start
from edge_app.fleet import Etcd, FleetConfig
from edge_app.fleet.site import SiteKeys
from tests.publish.test_message import validator
from tests.waiting import PATIENCE_S

CAMERAS = {name: {"url": f"synthetic://street?seed={n}&fps=5&size=320x180"} for n, name in enumerate(("gate", "yard"))}


@pytest.fixture
def etcd(start_etcd):
    return start_etcd()


@pytest.fixture
def sharing(configured, etcd, tmp_path):
    """Writes a configuration of two cameras that a fleet shares."""

    def write(**sections):
        fleet = {"etcd": [etcd.url], "site": "shop7", "box": "counter", "ttl_s": 3}
        engine = {"precision": "fp32", "threads": 1}
        state = str(tmp_path / "state")
        return configured(**{"cameras": CAMERAS, "fleet": fleet, "engine": engine, "state_dir": state, **sections})

    return write


def test_cameras_are_read_while_this_box_has_their_leases(sharing, edge_app, verb, etcd):
    path = sharing(events={})
    store, keys = Etcd(FleetConfig(etcd=[etcd.url], site="shop7")), SiteKeys("shop7")
    lease = store.grant(600)
    theirs = store.create(keys.camera("yard"), {"box": "office"}, lease)
    program = edge_app("run", path)
    program.until(lambda: program.messages("gate"))
    code, output, _ = verb("fleet", "status", path, "--json")
    found = json.loads(output)
    assert code == 0
    assert found["cameras"]["yard"] == {"box": "office", "epoch": theirs}
    assert found["boxes"]["counter"] == {"cameras": ["gate"], "seen_s": 0.0}
    assert verb("fleet", "status", path)[1].startswith("counter: gate\n")
    assert not program.messages("yard")

    store.revoke(lease)
    program.until(lambda: program.messages("yard"))
    for message in program.messages():
        is_event = message["schema"] == "edge_app.event/1"
        validator("event" if is_event else "detections").validate(message)
        assert message["box_name" if is_event else "box"] == "counter"
    epochs = {message["camera"]: message["epoch"] for message in program.messages()}
    assert epochs == {name: entry.create_revision for name, entry in store.under(f"{keys.prefix}cameras/").items()}
    assert epochs["yard"] > theirs

    assert program.terminate()[0] == 0
    left = store.under(keys.prefix).keys() & {"boxes/counter", "cameras/gate", "cameras/yard"}
    assert not left, "others have them at once"


def test_without_etcd_the_program_goes_on_and_status_says_69(sharing, edge_app, verb, etcd):
    path = sharing()
    program = edge_app("run", path)
    program.until(lambda: program.messages("gate") and program.messages("yard"))
    etcd.kill()
    program.until(lambda: "etcd is away, this box keeps its cameras" in program.log)
    seen = len(program.messages("gate"))
    program.until(lambda: len(program.messages("gate")) > seen + 20)
    assert len({message["epoch"] for message in program.messages("gate")}) == 1
    code, output, log = verb("fleet", "status", path)
    assert (code, output) == (69, "")
    assert "refused" in log
    code, seconds = program.terminate()
    assert code == 0
    assert seconds < 5


def test_the_lease_is_kept_while_a_reload_has_the_cameras(sharing, etcd, tmp_path):
    """Such as one that loads a model; what was taken meanwhile is read as soon as it is over."""
    config = load_config(sharing(publish=[{"type": "file", "path": str(tmp_path / "out.ndjson")}]), {})
    store, keys = Etcd(FleetConfig(etcd=[etcd.url], site="shop7")), SiteKeys("shop7")
    ours = {f"cameras/{name}" for name in CAMERAS}
    began = {}
    with start(make_parts(config)) as runtime:
        runtime.changing.acquire()
        deadline = time.monotonic() + PATIENCE_S

        def refresh() -> None:
            assert time.monotonic() < deadline
            epochs = {key: entry.create_revision for key, entry in store.under(keys.prefix).items() if key in ours}
            began.update(dict.fromkeys(epochs.keys() - began.keys(), time.monotonic()))
            if runtime.changing.locked() and len(began) == 2 and time.monotonic() > max(began.values()) + 9:
                assert not runtime.analyser.statuses()
                began["epochs"] = epochs
                runtime.changing.release()
            if len(runtime.analyser.statuses()) == 2:
                assert epochs == began["epochs"]
                runtime.stop.set()

        with share_cameras(runtime):
            runtime.run(refresh, 0.1)


def test_each_box_has_a_topic_that_says_whether_it_is_there(sharing, edge_app, broker, subscribe):
    heard = subscribe(broker)
    program = edge_app("run", sharing(publish=[{"type": "mqtt", "host": "127.0.0.1", "port": broker.port}]))
    heard.wait_for(lambda: heard.on("edge_app/gate/detections") and heard.on("edge_app/yard/detections"))
    assert heard.on("edge_app/counter/available") == [b"online"]
    assert not heard.on("edge_app/available")
    assert program.terminate()[0] == 0
    heard.wait_for(lambda: heard.on("edge_app/counter/available")[-1] == b"offline")
