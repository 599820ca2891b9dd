"""The examples for consumers are what the page shows, and do what it says."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from edge_app.core.camera_status import CameraStatus
from edge_app.core.events import CameraEvent
from edge_app.core.ulid import new_ulid
from edge_app.publish import EventWriter, ModelIdentity, PlaceNames, schema
from edge_app.publish.sinks.mqtt.home_assistant import discovery
from tests.clocks import RIGHT

DOCS = Path(__file__).resolve().parents[2] / "docs"
EXAMPLES = sorted(path for path in (DOCS / "examples").iterdir() if path.is_file())
MODEL = ModelIdentity(name="m", sha256="0" * 64, engine="e", precision="fp32")


def events(camera: str, count: int, writer: EventWriter) -> list[str]:
    """So many events of a camera, a line each."""
    status = CameraStatus(state="up", reason=None, since=0.0)
    return [
        writer.camera(CameraEvent(id=new_ulid(), camera=camera, status=status)).payload.decode() for _ in range(count)
    ]


def passed(lines: list[str]) -> tuple[list[str], list[str]]:
    """What `gaps.py` passes on, and what it tells."""
    command = [sys.executable, str(DOCS / "examples/gaps.py")]
    done = subprocess.run(command, input="\n".join(lines) + "\n", capture_output=True, text=True, check=True)
    return done.stdout.splitlines(), done.stderr.splitlines()


def without_breaks(text: str) -> str:
    return " ".join(text.split())


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_the_page_shows_and_links_every_example(path: Path) -> None:
    page = (DOCS / "consumers.md").read_text()
    assert f"\n{path.read_text()}```\n" in page
    assert f"(examples/{path.name})" in page


def test_gaps_and_doubles_are_found_over_two_sessions() -> None:
    dead, session = (EventWriter(new_ulid(), MODEL, [], RIGHT) for _ in range(2))
    old, gate, yard = events("gate", 8, dead), events("gate", 10, session), events("yard", 3, session)
    status = (
        '{"schema":"edge_app.status/1","camera":"gate","state":"up","reason":null,"since":"2026-11-29T12:00:00.000Z"}'
    )
    came = [*old[3:6], status, *old[4:8], *gate[:4], *yard, status, *gate[2:6], gate[8], gate[7], gate[8], *gate[:2]]
    new, told = passed(came)
    assert new == [
        *old[3:6],
        status,
        *old[6:8],
        *gate[:4],
        *yard,
        status,
        *gate[4:6],
        gate[8],
        gate[7],
    ]
    assert told == [f"edge_app.event/1 {json.loads(gate[0])['session']} gate missing: 6"]


def test_the_first_messages_of_a_new_session_are_missed_too() -> None:
    dead, session = (EventWriter(new_ulid(), MODEL, [], RIGHT) for _ in range(2))
    gate = events("gate", 3, session)
    _, told = passed([*events("gate", 2, dead), gate[2]])
    assert told == [f"edge_app.event/1 {json.loads(gate[0])['session']} gate missing: 0 1"]


def test_what_is_set_up_by_hand_is_what_is_announced() -> None:
    announced = json.loads(discovery("edge_app", {"gate": PlaceNames(zones=["door"], lines=["entrance"])}))[
        "components"
    ]
    by_id = {component["unique_id"]: component for component in announced.values()}
    entities = yaml.safe_load((DOCS / "examples/home-assistant.yaml").read_text())["mqtt"]
    assert len(entities) == 3
    for (platform, entity), component in (
        (*each.items(), by_id[next(iter(each.values()))["unique_id"]]) for each in entities
    ):
        assert platform == component["platform"]
        for key in entity.keys() - {"availability_topic"}:
            assert without_breaks(entity[key]) == without_breaks(component[key])
        assert entity["availability_topic"] == "edge_app/available"


def test_the_flow_of_node_red_is_wired() -> None:
    nodes = json.loads((DOCS / "examples/node-red.json").read_text())
    by_id = {node["id"]: node for node in nodes}
    assert len(by_id) == len(nodes)
    wires = {target for node in nodes for output in node.get("wires", ()) for target in output}
    assert wires | {"edge_app", "edge_app_broker", "events"} == set(by_id)
    known = set(json.loads(schema("event"))["properties"])
    used = set(re.findall(r"payload\.(\w+)", json.dumps(nodes))) | {"session", "camera", "seq"}
    assert {"label", "zone", "line", "count"} < used <= known


def test_telegraf_asks_for_what_messages_have() -> None:
    tomllib = pytest.importorskip("tomllib", reason="tomllib came with Python 3.11")
    inputs = tomllib.loads((DOCS / "examples/telegraf.conf").read_text())["inputs"]
    for each in (*inputs["mqtt_consumer"], *inputs["tail"]):
        for parser in each["json_v2"]:
            described = json.loads(schema({"detections": "detections", "events": "event"}[parser["measurement_name"]]))
            paths: list[dict[str, Any]] = [*parser["tag"], *parser["field"], {"path": parser["timestamp_path"]}]
            for path in paths:
                name = path["path"].removesuffix(".#")
                assert name in described["properties"]
                assert name in described["required"] or path.get("optional") or name == "age_ms"
