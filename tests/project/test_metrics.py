"""The metrics: what is counted is shown, what is shown is described, and nobody asks for what there is not."""

from __future__ import annotations

import ast
import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

import edge_app
from edge_app.web.metric_table import TABLE, MetricRow
from tests.web.served import Serve
from tools.metrics_reference import PAGE, reference

ROOT = Path(__file__).resolve().parents[2]
MONITORING = ROOT / "packaging/monitoring"
NAME = re.compile(r"\b(?:edge_app|process)_\w+")
WRITES = {"count", "gauge", "observe"}
OF_PROMETHEUS = {"job", "instance", "le"}
SELECTOR = re.compile(r"(\w+)\{([^}]*)\}")
GROUPING = re.compile(r"\b(?:by|on) \(([^)]*)\)")
SHOWN_LABEL = re.compile(r"\{\{ ?(?:\$labels\.)?(\w+) ?\}\}")


def written() -> Iterator[tuple[str, str]]:
    """The names under which the package counts and measures, each with its module."""
    for path in sorted(Path(edge_app.__file__).parent.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in WRITES:
                owner = ast.unparse(node.func.value)
                if owner.endswith("metrics") and isinstance(node.args[0], ast.Constant):
                    yield str(node.args[0].value), path.name


def expressions() -> Iterator[tuple[str, str]]:
    """Each expression of the alerts and of the dashboard, and the text that shows its labels."""
    for group in yaml.safe_load((MONITORING / "alerts.yaml").read_text())["groups"]:
        for rule in group["rules"]:
            yield rule["expr"], rule["annotations"]["summary"]
    board = json.loads((MONITORING / "grafana.json").read_text())
    for panel in board["panels"]:
        for target in panel["targets"]:
            yield target["expr"], target["legendFormat"]
    for variable in board["templating"]["list"]:
        if variable["type"] == "query":
            yield variable["query"], ""


def row_of(name: str) -> MetricRow | None:
    """The row of a series; None if it is none of ours."""
    bare = re.sub(r"_(?:bucket|sum|count)$", "", name)
    for row in TABLE:
        if name == row.shown_name or (row.kind == "histogram" and bare == row.shown_name):
            return row
    return None


def test_everything_that_is_counted_is_in_the_table() -> None:
    sources = {source for row in TABLE for source in row.sources or (row.name,)}
    found = dict(written())
    assert len(found) > 15
    assert {name: module for name, module in found.items() if name not in sources} == {}


def test_the_page_of_the_metrics_is_the_tables() -> None:
    assert PAGE.read_text() == reference(), "run: python tools/metrics_reference.py"


def test_no_alert_and_no_panel_asks_for_a_metric_that_a_program_does_not_have(serve: Serve) -> None:
    shown = set(re.findall(r"^# TYPE (\w+) ", serve().ask("/metrics").body.decode(), re.MULTILINE))
    asked = {name for expression, _ in expressions() for name in NAME.findall(expression)}
    assert len(asked) > 25
    lost = {name for name in asked if name not in shown and re.sub(r"_(?:bucket|sum|count)$", "", name) not in shown}
    assert lost == set()


def test_no_alert_and_no_panel_asks_for_a_label_that_a_metric_does_not_have() -> None:
    for expression, text in expressions():
        rows = [row for name in NAME.findall(expression) if (row := row_of(name)) is not None]
        known = OF_PROMETHEUS | {label for row in rows for label in row.labels}
        for name, selector in SELECTOR.findall(expression):
            row = row_of(name)
            assert set(re.findall(r"(\w+)=~?\"", selector)) <= OF_PROMETHEUS | set(row.labels if row else ()), (
                expression
            )
        grouped = {label.strip() for labels in GROUPING.findall(expression) for label in labels.split(",")}
        assert grouped <= known, expression
        assert set(SHOWN_LABEL.findall(text)) <= (grouped or known), expression


def test_every_alert_says_whose_it_is() -> None:
    groups = yaml.safe_load((MONITORING / "alerts.yaml").read_text())["groups"]
    rules = [rule for group in groups for rule in group["rules"]]
    assert len({rule["alert"] for rule in rules}) == len(rules) > 15
    for rule in rules:
        assert "{{ $labels.instance }}" in rule["annotations"]["summary"]
        assert rule["labels"]["severity"] in ("critical", "warning", "info")


def test_prometheus_takes_the_alerts_and_the_metrics(serve: Serve) -> None:
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("promtool is not installed: apt-get install prometheus")
    done = subprocess.run(
        [promtool, "check", "rules", MONITORING / "alerts.yaml"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    metrics = serve().ask("/metrics").body
    checked = subprocess.run([promtool, "check", "metrics"], input=metrics, capture_output=True, check=False)
    assert checked.returncode == 0, checked.stdout + checked.stderr
