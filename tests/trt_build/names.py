"""The names of TensorRT's that the program's source uses, found by reading it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

# Variables by the class that they hold. A file that uses `trt.` and is not here fails the test.
VARIABLES = {
    "detector/backends/trt.py": {},
    "engine/trt/executor.py": {"engine": "ICudaEngine", "context": "IExecutionContext"},
    "trt_build/build.py": {
        "builder": "Builder",
        "cache": "ITimingCache",
        "config": "IBuilderConfig",
        "network": "INetworkDefinition",
        "parser": "OnnxParser",
        "profile": "IOptimizationProfile",
    },
    "trt_build/library.py": {},
    "trt_build/monitor.py": {},
    "trt_build/targets.py": {"config": "IBuilderConfig"},
    "trt_build/weak_typing.py": {
        "config": "IBuilderConfig",
        "network": "INetworkDefinition",
        "layer": "ILayer",
        "output": "ITensor",
        "tensor": "ITensor",
    },
    "trt_build/trt_log.py": {"parser": "OnnxParser", "error": "ParserError", "severity": "ILogger.Severity"},
}
# Functions that are called with some TensorRTs only.
ONLY = {
    "set_dtypes": ("10.3",),
    "targets": ("rtx",),
    "set_targets": ("rtx",),
    "_timing_cache": ("10.3", "10.16", "11.4"),
}


def files_that_use_tensorrt(package: Path) -> set[str]:
    """Those in which a name `trt` or an attribute of it stands."""
    return {
        str(path.relative_to(package))
        for path in package.rglob("*.py")
        if any(_is_module(node) for node in ast.walk(ast.parse(path.read_text())))
    }


def used_names(path: Path, variables: dict[str, str], version: str) -> Iterator[tuple[str, int]]:
    """Names such as `Builder.create_network` that the file uses with that TensorRT, and their lines."""
    tree = ast.parse(path.read_text())
    skipped = {
        inner
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef) and version not in ONLY.get(node.name, (version,))
        for inner in ast.walk(node)
    }
    for node in ast.walk(tree):
        if node in skipped:
            continue
        if isinstance(node, ast.Attribute) and (name := _name(node, variables)):
            yield name, node.lineno
        if isinstance(node, ast.ClassDef):
            for base in (name for b in node.bases if isinstance(b, ast.Attribute) and (name := _name(b, variables))):
                own = (f.name for f in node.body if isinstance(f, ast.FunctionDef) and not f.name.startswith("_"))
                yield from ((f"{base}.{function}", node.lineno) for function in own)


def _is_module(node: ast.AST) -> bool:
    """`trt`, or `library.trt`."""
    return (isinstance(node, ast.Name) and node.id == "trt") or (isinstance(node, ast.Attribute) and node.attr == "trt")


def _name(node: ast.Attribute, variables: dict[str, str]) -> str | None:
    if _is_module(node.value):
        return node.attr
    if isinstance(node.value, ast.Name) and node.value.id in variables:
        return f"{variables[node.value.id]}.{node.attr}"
    made = node.value.func if isinstance(node.value, ast.Call) else node.value  # such as `trt.Runtime(log)`
    if isinstance(made, ast.Attribute) and (above := _name(made, variables)):
        return f"{above}.{node.attr}"
    return None
