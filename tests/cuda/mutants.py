"""Our code with one wait left out, or its slots confused."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import CodeType, FunctionType, ModuleType
from typing import Any

WAITS = ("wait_event", "record", "synchronize")


@dataclass(frozen=True)
class Mutant:
    """One change of one function.

    Attributes:
        name: Where and what.
        function: Whose code is another while it is `applied`.
        code: The other code.
    """

    name: str
    function: FunctionType
    code: CodeType

    @contextmanager
    def applied(self) -> Iterator[None]:
        sound = self.function.__code__
        self.function.__code__ = self.code
        try:
            yield
        finally:
            self.function.__code__ = sound


def without_a_wait(module: ModuleType) -> list[Mutant]:
    """A mutant for each statement of the module that waits or records."""

    def drop(node: ast.AST) -> ast.AST | None:
        is_call = isinstance(node, ast.Expr) and isinstance(node.value, ast.Call)
        if is_call and isinstance(node.value.func, ast.Attribute) and node.value.func.attr in WAITS:
            return ast.copy_location(ast.Pass(), node)
        return None

    return mutants(module, drop)


def replaced(module: ModuleType, old: str, new: str) -> list[Mutant]:
    """A mutant for each place of that expression in the module."""
    wanted = ast.dump(ast.parse(old, mode="eval").body)

    def swap(node: ast.AST) -> ast.AST | None:
        if isinstance(node, ast.expr) and ast.dump(node) == wanted:
            return ast.copy_location(ast.parse(new, mode="eval").body, node)
        return None

    return mutants(module, swap)


def mutants(module: ModuleType, change: Callable[[ast.AST], ast.AST | None]) -> list[Mutant]:
    """A mutant for each node that the change makes another of."""
    source = inspect.getsource(module)
    places = sum(change(node) is not None for node in ast.walk(ast.parse(source)))
    return [_mutant(module, source, change, place) for place in range(places)]


def _mutant(module: ModuleType, source: str, change: Callable[[ast.AST], ast.AST | None], place: int) -> Mutant:
    changer = _Changer(change, place)
    tree = ast.fix_missing_locations(changer.visit(ast.parse(source)))
    scratch: dict[str, Any] = {"__name__": module.__name__}
    exec(compile(tree, module.__file__, "exec"), scratch)
    function, other = (_find(space, changer.path) for space in (vars(module), scratch))
    name = f"{module.__name__.removeprefix('edge_app.')}:{changer.line} {'.'.join(changer.path)}: {changer.text}"
    return Mutant(name, function, other.__code__)


class _Changer(ast.NodeTransformer):
    """Changes the node of that number, and remembers in which function."""

    def __init__(self, change: Callable[[ast.AST], ast.AST | None], place: int) -> None:
        self._change = change
        self._left = place
        self._scopes: list[str] = []
        self.path: list[str] = []
        self.line = 0
        self.text = ""

    def visit(self, node: ast.AST) -> ast.AST:
        is_scope = isinstance(node, (ast.ClassDef, ast.FunctionDef))
        if is_scope:
            self._scopes.append(node.name)
        other = self._change(node)
        if other is not None and not self.path:
            if self._left == 0:
                self.path, self.line, self.text = list(self._scopes), node.lineno, ast.unparse(node)
                return other
            self._left -= 1
        result = self.generic_visit(node)
        if is_scope:
            self._scopes.pop()
        return result


def _find(space: dict[str, Any], path: list[str]) -> FunctionType:
    """The function at that path: a function of a module or of a class of it, with what is nested in it."""
    found = space[path[0]]
    return found if isinstance(found, FunctionType) else getattr(found, path[1])
