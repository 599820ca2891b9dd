"""Steps about files and folders: copied, with these permissions, or gone."""

from __future__ import annotations

import grp
import os
from pathlib import Path

from edge_app.systemd.step import Step

ROOT = "root"


def copied(source: Path, target: Path, mode: int = 0o644, group: str = ROOT) -> Step:
    """A copy of a file."""
    command = ["install", "-D", "-m", f"{mode:o}", *_of_group(group), str(source), str(target)]

    def done() -> bool:
        return same_content(target, source.read_bytes()) and _mode(target) == mode and _group(target) == group

    return Step(what=str(target), command=command, done=done)


def written(target: Path, text: str) -> Step:
    """A file with that text, which everybody may read."""
    command = ["install", "-D", "-m", "644", "/dev/stdin", str(target)]
    return Step(what=str(target), command=command, content=text, done=lambda: same_content(target, text.encode()))


def folder(path: Path, mode: int, group: str = ROOT) -> Step:
    """A folder."""
    command = ["install", "-d", "-m", f"{mode:o}", *_of_group(group), str(path)]

    def done() -> bool:
        return path.is_dir() and _mode(path) == mode and _group(path) == group

    return Step(what=str(path), command=command, done=done)


def with_mode(path: Path, mode: int) -> Step:
    """The permissions of a file that is there."""
    command = ["chmod", f"{mode:o}", str(path)]
    return Step(what=f"permissions of {path}", command=command, done=lambda: _mode(path) == mode)


def with_group(path: Path, group: str) -> Step:
    """The group of a file that is there."""
    command = ["chgrp", group, str(path)]
    return Step(what=f"group of {path}", command=command, done=lambda: _group(path) == group)


def gone(path: Path) -> Step:
    """A file, or a folder with all that it holds, removed."""
    return Step(what=f"{path}, removed", command=["rm", "-rf", str(path)], done=lambda: not os.path.lexists(path))


def gone_if_empty(path: Path) -> Step:
    """A folder removed, unless something is in it."""
    command = ["rmdir", "--ignore-fail-on-non-empty", str(path)]

    def done() -> bool:
        return not path.is_dir() or any(path.iterdir())

    return Step(what=f"{path}, removed if empty", command=command, done=done)


def same_content(path: Path, content: bytes) -> bool:
    """Whether there is a file with that content."""
    try:
        return path.read_bytes() == content
    except (FileNotFoundError, NotADirectoryError):
        return False


def _of_group(name: str) -> list[str]:
    return [] if name == ROOT else ["-g", name]


def _mode(path: Path) -> int:
    return path.stat().st_mode & 0o7777


def _group(path: Path) -> str:
    """The name of its group; empty if that has none."""
    try:
        return grp.getgrgid(path.stat().st_gid).gr_name
    except KeyError:
        return ""
