"""`edge-app spool`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from edge_app.cli import execute
from edge_app.publish import SPOOLS, Message
from edge_app.publish.spool.file import Row, SpoolFile


@pytest.fixture
def spooled(configured: Any, tmp_path: Path) -> Path:
    """A configuration for whose sink something waits, in a folder whose name must be quoted."""
    folder = tmp_path / "state #1" / SPOOLS
    folder.mkdir(parents=True)
    file = SpoolFile(folder / "mqtt.db")
    kinds: list[Any] = ["detections", "events", "counts"]
    messages = [Message(camera="gate", kind=kind, payload=b"{}", droppable=True) for kind in kinds]
    with file.transaction():
        file.write([Row(place, message) for place, message in enumerate(messages)])
        file.refuse([(messages[0], "too large")])
    file.close()
    return configured(state_dir=str(folder.parent), cameras={"gate": {"url": "synthetic://street"}})


def test_it_lists_what_waits_and_drops_it(spooled: Path, capsys: Any) -> None:
    assert execute(["spool", str(spooled), "--json"]) == 0
    (found,) = json.loads(capsys.readouterr().out)
    assert (found["sink"], found["events"], found["others"], found["refused"]) == ("mqtt", 1, 2, 1)
    assert found["bytes"] > 0
    assert execute(["spool", str(spooled)]) == 0
    assert capsys.readouterr().out.startswith("mqtt: 1 events and 2 other messages wait, the oldest of 2")
    assert execute(["spool", str(spooled), "drop", "mqtt"]) == 0
    assert capsys.readouterr().out == "3 dropped\n"
    assert execute(["spool", str(spooled), "list"]) == 0
    assert capsys.readouterr().out.startswith("mqtt: 0 events and 0 other messages wait; 0 refused")


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["drop"], 64, "want `spool CONFIG list`, or `spool CONFIG drop SINK`"),
        (["list", "mqtt"], 64, "want `spool CONFIG list`, or `spool CONFIG drop SINK`"),
        (["drop", "kafka"], 66, "kafka.db: no spool of that name"),
    ],
)
def test_what_it_cannot_do_is_one_line(spooled: Path, arguments: list[str], code: int, said: str, capsys: Any) -> None:
    assert execute(["spool", str(spooled), *arguments]) == code
    assert capsys.readouterr().err.strip().endswith(said)


def test_a_damaged_spool_is_one_line_and_none_is_a_word(configured: Any, tmp_path: Path, capsys: Any) -> None:
    config = configured(state_dir=str(tmp_path), cameras={"gate": {"url": "synthetic://street"}})
    assert execute(["spool", str(config)]) == 0
    assert capsys.readouterr().out == "no sink has a spool\n"
    (tmp_path / SPOOLS).mkdir()
    (tmp_path / SPOOLS / "mqtt.db").write_bytes(b"noise" * 1000)
    assert execute(["spool", str(config)]) == 77
    assert "mqtt.db: file is not a database" in capsys.readouterr().err


def test_a_damaged_spool_hides_no_other(spooled: Path, tmp_path: Path, capsys: Any) -> None:
    (tmp_path / "state #1" / SPOOLS / "kafka.db").write_bytes(b"noise" * 1000)
    assert execute(["spool", str(spooled)]) == 77
    found = capsys.readouterr()
    assert found.out.startswith("mqtt: 1 events")
    assert "kafka.db: file is not a database" in found.err
