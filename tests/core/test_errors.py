"""The tree of errors names every error of the program, with its parent and its module."""

from __future__ import annotations

import ast
import re
from pathlib import Path

from edge_app.core import errors

PACKAGE = Path(errors.__file__).parents[1]
LINE = re.compile(r"^(?P<indent>[│├└─ ]*)(?P<name>\w+)  +(?:\d+ +)?\S.*?(?:\((?P<module>[\w/]+\.py)\))?$")


def drawn() -> dict[str, tuple[str, str]]:
    """The parent and the module of each error of the tree."""
    found: dict[str, tuple[str, str]] = {}
    above: list[str] = []
    for line in (errors.__doc__ or "").splitlines():
        if (entry := LINE.match(line)) and entry["name"].endswith(("Error", "Output")):
            depth = len(entry["indent"]) // 4
            above[depth:] = [entry["name"]]
            found[entry["name"]] = above[depth - 1] if depth else "Exception", entry["module"] or "core/errors.py"
    return found


def defined() -> dict[str, tuple[str, str]]:
    """The same of the classes that there are."""
    every: dict[str, tuple[str, str]] = {}
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ClassDef) and node.bases and isinstance(node.bases[0], ast.Name):
                every[node.name] = node.bases[0].id, path.relative_to(PACKAGE).as_posix()
    ours = {"EdgeAppError"}
    while more := {name for name, (parent, _) in every.items() if parent in ours} - ours:
        ours |= more
    return {name: every[name] for name in ours}


def test_every_error_is_in_the_tree_below_its_parent_with_its_module():
    assert drawn() == defined()
