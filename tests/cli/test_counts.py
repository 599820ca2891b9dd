"""`edge-app counts`."""

from __future__ import annotations

import csv
import io
import json
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from edge_app.analytics.counts import COUNTS_FILE, Counter, CountStore
from edge_app.cli import execute

BERLIN = ZoneInfo("Europe/Berlin")
NOON = datetime(2026, 11, 25, 12, tzinfo=BERLIN).timestamp()


@pytest.fixture
def counted(configured: Any, tmp_path: Path) -> Path:
    """A configuration for which something was counted."""
    store = CountStore(tmp_path / "state" / COUNTS_FILE)
    for minute, counter, value in [
        (0, Counter("gate", "entrance", "person", "in"), 3),
        (0, Counter("gate", "entrance", "person", "out"), 1),
        (70, Counter("gate", "entrance", "person", "in"), 2),
        (70, Counter("gate", "door", "car", "entered"), 1),
        (70, Counter("of_another_configuration", "door", "car", "entered"), 1),
        (70, Counter("gate", "door", "car", "dwell_s"), 12.34),
    ]:
        store.add(counter, NOON + 60 * minute, value)
    store.write()
    store.close()
    return configured(
        state_dir=str(tmp_path / "state"), timezone="Europe/Berlin", cameras={"gate": {"url": "synthetic://street"}}
    )


def shown(capfd: pytest.CaptureFixture[str], *arguments: object) -> str:
    assert execute(["counts", *map(str, arguments)]) == 0
    return capfd.readouterr().out


def test_counts_are_lines_for_people(counted: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert shown(capfd, counted, "--since", "2026-11-25").splitlines() == [
        "2026-11-25 12:00  gate  entrance  person: 3 in, 1 out",
        "2026-11-25 13:00  gate  door  car: 1 entered, 12.3 dwell_s",
        "2026-11-25 13:00  gate  entrance  person: 2 in",
    ]
    assert shown(capfd, counted) == "nothing was counted\n"


def test_counts_by_day_are_json_and_csv(counted: Path, capfd: pytest.CaptureFixture[str]) -> None:
    rows = json.loads(shown(capfd, counted, "--since", "2026-11-25T12:30", "--by", "day", "--json"))
    of_day = {"from": "2026-11-25T00:00:00+01:00", "camera": "gate"}
    assert rows == [
        {**of_day, "place": "door", "label": "car", "entered": 1, "dwell_s": 12.3},
        {**of_day, "place": "entrance", "label": "person", "in": 2},
    ]
    table = list(csv.DictReader(io.StringIO(shown(capfd, counted, "--since", "2026-11-25T11:00Z", "--csv"))))
    assert [(row["from"], row["place"], row["in"], row["dwell_s"]) for row in table] == [
        ("2026-11-25T12:00:00+01:00", "entrance", "3.0", ""),
        ("2026-11-25T13:00:00+01:00", "door", "", "12.3"),
        ("2026-11-25T13:00:00+01:00", "entrance", "2.0", ""),
    ]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--since", "yesterday"], "--since yesterday: want a day or a time, such as 2026-11-25 or 2026-11-25T08:00"),
        (["--csv", "--json"], "want --csv or --json, not both"),
    ],
)
def test_what_cannot_be_shown_is_one_line(
    counted: Path, capfd: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    assert execute(["counts", str(counted), *arguments]) == 64
    assert capfd.readouterr().err.splitlines() == [message]


def test_bench_and_snapshot_count_for_nobody(configured: Any, tmp_path: Path, verb: Any) -> None:
    """Both may be run beside the program that counts."""
    everywhere = {"polygon": [[0, 0], [1, 0], [1, 1], [0, 1]], "inertia": 1}
    path = configured(
        state_dir=str(tmp_path / "state"),
        cameras={
            "gate": {"url": "synthetic://street?seed=7&fps=10&size=320x180&frames=20", "zones": {"z": everywhere}}
        },
        track={"confirm_frames": 1},
        publish=[{"type": "file", "path": "/dev/null"}],
    )
    for arguments in (["bench", path, "--seconds", "1"], ["snapshot", path, "gate", "--out", tmp_path / "gate.png"]):
        assert verb(*arguments)[0] == 0
        assert not (tmp_path / "state" / COUNTS_FILE).exists()
    assert verb("run", path)[0] == 0
    assert "entered" in verb("counts", path, "--since", "2000-01-01")[1]
