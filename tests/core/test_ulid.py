"""ULIDs."""

from __future__ import annotations

import json
import time

import jsonschema

from edge_app.core.ulid import CROCKFORD, new_ulid
from edge_app.publish import schema


def test_ulids_sort_by_time_and_differ() -> None:
    before = new_ulid()
    time.sleep(0.002)
    later = [new_ulid() for _ in range(100)]
    assert len(set(later)) == 100
    assert all(before < each for each in later)
    jsonschema.validate(before, json.loads(schema("detections"))["properties"]["session"])
    milliseconds = sum(CROCKFORD.index(c) << 5 * (9 - at) for at, c in enumerate(before[:10]))
    assert abs(milliseconds / 1e3 - time.time()) < 5
