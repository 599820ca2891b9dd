"""What Home Assistant shows of a running program: the device, its cameras, and who is in a zone now."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

from jinja2.sandbox import ImmutableSandboxedEnvironment

from tests.broker.fixtures import Broker, Subscriber
from tests.ports import free_port

EVERYWHERE = [[0, 0], [1, 0], [1, 1], [0, 1]]
DEVICE = "homeassistant/device/edge_app/config"


class HomeAssistant:
    """What it shows after having found the device.

    Attributes:
        entities: By identifier, as they were announced.
    """

    def __init__(self, subscriber: Subscriber) -> None:
        self._subscriber = subscriber
        subscriber.wait_for(lambda: subscriber.on(DEVICE))
        self.entities = json.loads(subscriber.on(DEVICE)[-1])["components"]

    def shown(self, name: str) -> str | None:
        """What an entity shows; None: nothing yet."""
        entity = self.entities[name]
        template = ImmutableSandboxedEnvironment().from_string(entity["value_template"])
        states = self._subscriber.on(entity["state_topic"])
        return template.render(value_json=json.loads(states[-1])) if states else None

    def wait_for(self, name: str, value: str) -> None:
        self._subscriber.wait_for(lambda: self.shown(name) == value)


def test_a_zone_is_occupied_while_somebody_is_in_it_and_empty_when_the_program_starts_again(
    broker: Broker, subscribe: Callable[..., Subscriber], edge_app: Any, configured: Callable[..., Path], tmp_path: Path
) -> None:
    street = {"url": "synthetic://street?seed=7&fps=5", "zones": {"all_of_it": {"polygon": EVERYWHERE}}}
    street["lines"] = {"entrance": {"from": [0.5, 0], "to": [0.5, 1]}}
    sink = {"type": "mqtt", "host": "127.0.0.1", "port": broker.port, "discovery": "homeassistant"}
    state = str(tmp_path / "state")
    program = edge_app("run", configured(cameras={"gate": street}, publish=[sink], state_dir=state))
    seen = HomeAssistant(subscribe(broker))
    assert sorted(seen.entities) == [
        "gate-all_of_it-entered",
        "gate-all_of_it-inside",
        "gate-all_of_it-occupied",
        "gate-connected",
        "gate-entrance-in",
        "gate-entrance-out",
    ]
    seen.wait_for("gate-connected", "ON")
    seen.wait_for("gate-all_of_it-occupied", "ON")
    program.process.send_signal(signal.SIGTERM)
    assert program.wait() == 0, program.log
    late = Subscriber(broker, "late")
    late.wait_for(lambda: {DEVICE, "edge_app/counts", "edge_app/gate/status"} <= {m.topic for m in late.received})
    assert all(message.retain for message in late.received)
    late.close()
    street["url"] = f"rtsp://127.0.0.1:{free_port()}/nobody"
    program = edge_app("run", configured(cameras={"gate": street}, publish=[sink], state_dir=state))
    seen.wait_for("gate-connected", "OFF")
    seen.wait_for("gate-all_of_it-occupied", "OFF")
