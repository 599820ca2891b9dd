"""How events are asked for."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from edge_app.core.errors import AccessError
from edge_app.core.ulid import new_ulid
from edge_app.evidence import EvidenceReader
from edge_app.evidence.names import file_name, what
from tests.evidence.test_store import document, opened


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Twenty stays of two cameras, of which every other one is a dwell too, with a picture of each."""
    store = opened(tmp_path)
    for n in range(20):
        event_id, camera = f"01KB{n:022d}", "gate" if n % 4 < 2 else "yard"
        types = ["enter", "dwell"] if n % 2 else ["enter"]
        for kind in types:
            name = file_name(camera, event_id, kind, "snapshot", ["enter", "dwell"])
            store.add(document(event_id, kind, camera, at=1000.0 + n, snapshot=name))
            store.put(name, b"picture")
        store.add(document(event_id, "leave", camera, at=2000.0 + n))
    store.commit()
    store.close()
    return tmp_path


def ids(numbers: range) -> list[str]:
    return [f"01KB{n:022d}" for n in numbers]


def test_events_come_newest_first_page_by_page(folder):
    reader, found, after = EvidenceReader(folder), list[str](), None
    for _ in range(4):
        page = reader.events(after=after, limit=6)
        found += [event["id"] for event in page.events]
        after = page.next
    assert found == ids(range(19, -1, -1))
    assert after is None


def test_events_are_found_by_camera_by_what_has_happened_and_by_time(folder):
    reader = EvidenceReader(folder)
    assert [e["id"] for e in reader.events(camera="yard").events] == ids(range(19, -1, -1))[0:2] + [
        f"01KB{n:022d}" for n in (15, 14, 11, 10, 7, 6, 3, 2)
    ]
    dwells = reader.events(event_type="dwell").events
    assert [(e["id"], e["type"]) for e in dwells] == [(f"01KB{n:022d}", "dwell") for n in range(19, 0, -2)]
    assert [e["id"] for e in reader.events(since=1015.0).events] == ids(range(19, 14, -1))
    assert [e["id"] for e in reader.events(since=1010.0, until=1015.0).events] == ids(range(14, 9, -1))
    assert reader.events(event_type="crowd") == ([], None)


def test_events_are_found_by_the_label_of_their_object(tmp_path):
    store = opened(tmp_path)
    for n, label in enumerate(("person", "car", 'per"son', "person")):
        store.add(document(f"01KB{n:022d}", "enter", "gate", label=label))
    store.add(document("01KB" + "9" * 22, "crowd", "gate"))
    store.commit()
    store.close()
    reader = EvidenceReader(tmp_path)
    assert [e["id"] for e in reader.events(label="person").events] == [f"01KB{n:022d}" for n in (3, 0)]
    assert [e["id"] for e in reader.events(label='per"son').events] == [f"01KB{2:022d}"]
    assert reader.events(label="dog").events == []


def test_an_event_is_its_newest_document_with_the_newest_file_of_each_kind(folder):
    record = EvidenceReader(folder).event("01KB" + "0" * 21 + "1")
    assert record is not None
    assert record.event["type"] == "leave"
    assert record.event["snapshot"].endswith("-dwell.jpg")
    assert [e["type"] for e in record.history] == ["enter", "dwell", "leave"]
    assert ["snapshot" in e for e in record.history] == [True, True, False]
    assert EvidenceReader(folder).event(new_ulid()) is None


def test_no_file_is_named_that_is_not_there(folder):
    store = opened(folder)
    store.add(document(event_id := new_ulid(), snapshot="gate/2026-01-01/never.jpg", clip="gate/2026-01-01/never.mp4"))
    store.commit()
    store.close()
    record = EvidenceReader(folder).event(event_id)
    assert record is not None
    assert "never" not in json.dumps(record)


def test_without_a_program_there_is_nothing_and_what_cannot_be_read_is_told(tmp_path):
    assert EvidenceReader(tmp_path / "none").events() == ([], None)
    assert EvidenceReader(tmp_path / "none").event(new_ulid()) is None
    assert EvidenceReader(tmp_path / "none").file(new_ulid(), "clip") is None
    (tmp_path / "events.db").write_bytes(b"x" * 5000)
    with pytest.raises(AccessError, match="cannot be read"):
        EvidenceReader(tmp_path).events()


@pytest.mark.parametrize(
    ("kind", "happened", "types", "ending"),
    [
        ("snapshot", "enter", ["enter", "dwell"], ".jpg"),
        ("snapshot", "dwell", ["enter", "dwell"], "-dwell.jpg"),
        ("snapshot", "dwell", ["dwell"], ".jpg"),
        ("clean", "dwell", ["enter", "dwell"], "-dwell-clean.jpg"),
        ("clean", "crowd", ["crowd"], "-clean.jpg"),
        ("clip", "cross", ["cross"], ".mp4"),
    ],
)
def test_files_of_an_event_have_names_that_say_whose_they_are(kind, happened, types, ending):
    event_id = new_ulid()
    name = file_name("front_door", event_id, happened, kind, types)
    assert name.startswith("front_door/")
    assert name.endswith(f"/{event_id}{ending}")
    assert what(name) == ("front_door", event_id, kind)


@pytest.mark.parametrize("name", ["events.db", "gate/x.jpg", "gate/2026-01-01/x.jpg", "../2026-01-01/01KB.mp4"])
def test_other_names_are_none_of_ours(name):
    assert what(name) is None
