"""Every fault that the documentation promises to survive has its test."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FAULTS = (ROOT / "docs/operations.md").read_text().partition("\n## Faults\n")[2].partition("\n## ")[0]
ROWS = [line for line in FAULTS.splitlines() if line.startswith("| ") and not line.startswith(("| fault |", "| --- |"))]
SHOWN_BY = re.compile(r"\[`(test_\w+)`\]\(\.\./(tests/[\w/]+\.py)\)")


def test_there_are_faults():
    assert len(ROWS) > 30
    assert FAULTS.count("\n| --- |") == FAULTS.count("\n### ") == FAULTS.count("\n| fault |")


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.split("|")[1].strip())
def test_every_fault_says_what_becomes_of_it_and_names_a_test_that_exists(row: str):
    cells = [cell.strip() for cell in row.strip("|").split(" | ")]
    assert len(cells) == 5
    assert all(cells)
    found = SHOWN_BY.match(cells[-1])
    assert found, "the last cell has no link to a test"
    assert re.search(rf"^ *def {found[1]}\(", (ROOT / found[2]).read_text(), re.MULTILINE)
