"""What Home Assistant is told of this program: a device, with an entity for all that cameras, zones and lines say.

See "Device discovery payload" of https://www.home-assistant.io/integrations/mqtt/.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from importlib.metadata import version
from typing import Any

from edge_app.publish.messages import ENCODER, PlaceNames

NO_IDENTIFIER = re.compile(r"[^a-zA-Z0-9_-]")
CONNECTED = "{{ 'ON' if value_json.state == 'up' else 'OFF' }}"
AVAILABLE = "{{ 'online' if value_json.state == 'up' else 'offline' }}"
# Of all labels; what has counted nothing since midnight is not in the message.
TOTAL = "value_json.cameras.get('%s', {}).get('%s', {}).values() | map(attribute='%s', default=0) | sum | int"
MEASUREMENT: Mapping[str, str] = {"platform": "sensor", "state_class": "measurement"}
COUNTER: Mapping[str, str] = {"platform": "sensor", "state_class": "total_increasing"}  # falls to 0 at midnight


def discovery_topic(prefix: str) -> str:
    """Where Home Assistant looks for the device whose topics begin with `prefix`."""
    return f"homeassistant/device/{_identifier(prefix)}/config"


def discovery(prefix: str, cameras: Mapping[str, PlaceNames]) -> bytes:
    """The device, with all its entities.

    Args:
        prefix: First part of its topics, which no other device has: it tells devices apart.
        cameras: Those that there are, by name.
    """
    program = {"name": "edge_app", "sw_version": version("edge-app")}
    device = _identifier(prefix)
    document = {
        "device": {
            "identifiers": [device],
            "name": prefix,
            "manufacturer": program["name"],
            "sw_version": program["sw_version"],
        },
        "origin": program,
        "availability": [{"topic": f"{prefix}/available"}],
        "components": {
            component: {**options, "unique_id": f"{device}-{component}"}
            for camera, places in cameras.items()
            for component, options in _entities(prefix, camera, places)
        },
    }
    return ENCODER.encode(document).encode()


def removal(old: bytes, new: bytes) -> bytes | None:
    """What removes the entities that an older announcement had and the new one has not; None if there are none.

    Home Assistant keeps what is only left out. Whoever sends this sends the new one after it.
    """
    document = json.loads(new)
    now = document["components"]
    try:
        before = json.loads(old)["components"]
        gone = {name: {"platform": before[name]["platform"]} for name in before if name not in now}
        return ENCODER.encode({**document, "components": now | gone}).encode() if gone else None
    except (ValueError, KeyError, TypeError, RecursionError):  # it is not ours
        return None


def _entities(prefix: str, camera: str, places: PlaceNames) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each with its identifier; names hold no `-`, so that no two have the same."""
    status = f"{prefix}/{camera}/status"
    yield (
        f"{camera}-connected",
        {
            "platform": "binary_sensor",
            "device_class": "connectivity",
            "entity_category": "diagnostic",
            "name": f"{camera} connected",
            "state_topic": status,
            "value_template": CONNECTED,
            "json_attributes_topic": status,
        },
    )
    # Who is in a zone is not known while its camera is away.
    topics = [{"topic": f"{prefix}/available"}, {"topic": status, "value_template": AVAILABLE}]
    now = {"availability": topics, "availability_mode": "all"}
    for zone in places.zones:
        inside, entered = TOTAL % (camera, zone, "inside"), TOTAL % (camera, zone, "entered")
        occupancy = {"platform": "binary_sensor", "device_class": "occupancy", **now}
        yield _counted(prefix, camera, zone, "occupied", f"'ON' if {inside} > 0 else 'OFF'", occupancy)
        yield _counted(prefix, camera, zone, "inside", inside, {**MEASUREMENT, **now})
        yield _counted(prefix, camera, zone, "entered", entered, COUNTER)
    for line in places.lines:
        for direction in ("in", "out"):
            yield _counted(prefix, camera, line, direction, TOTAL % (camera, line, direction), COUNTER)


def _counted(
    prefix: str, camera: str, place: str, what: str, value: str, more: Mapping[str, Any]
) -> tuple[str, dict[str, Any]]:
    return f"{camera}-{place}-{what}", {
        "name": f"{camera} {place} {what}",
        "state_topic": f"{prefix}/counts",
        "value_template": f"{{{{ {value} }}}}",
        **more,
    }


def _identifier(prefix: str) -> str:
    """Of the characters that Home Assistant allows; no two prefixes have the same."""
    plain = NO_IDENTIFIER.sub("_", prefix)
    return plain if plain == prefix else f"{plain}_{hashlib.sha256(prefix.encode()).hexdigest()[:8]}"
