"""Names of the package."""

import ast
from collections import defaultdict
from pathlib import Path

import edge_app

PACKAGE = Path(edge_app.__file__).parent


def types(module):
    """The classes of a module, and its type aliases: assignments to names in CamelCase."""
    for node in ast.walk(module):
        if isinstance(node, ast.ClassDef):
            yield node.name
    for node in module.body:
        targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
        for name in (target.id for target in targets if isinstance(target, ast.Name)):
            if name.lstrip("_")[:1].isupper() and not name.isupper():
                yield name


def test_no_class_and_no_type_alias_is_defined_twice():
    places = defaultdict(list)
    for path in sorted(PACKAGE.rglob("*.py")):
        for name in types(ast.parse(path.read_text())):
            places[name].append(str(path.relative_to(PACKAGE)))

    assert {name: found for name, found in places.items() if len(found) > 1} == {}
