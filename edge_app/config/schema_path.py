"""The path through the schema: which section and which types belong to a place in the file."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from dataclasses import dataclass
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import SecretStr

from edge_app.config.issue import Keys
from edge_app.config.section import Section


@dataclass(frozen=True)
class SchemaPath:
    """What the schema says about a place in the file.

    Attributes:
        keys: The path to it in the file.
        types: What it may be: classes, and generics such as dict[str, CameraConfig].
    """

    keys: Keys
    types: tuple[Any, ...]

    @property
    def secret(self) -> bool:
        """Whether its value must not be shown."""
        return SecretStr in self.types

    @property
    def names(self) -> tuple[str, ...]:
        """The keys of the section, if it is one."""
        return tuple(name for section in _sections(self.types) for name in _annotations(section))


def find_path(schema: type[Section], location: Keys) -> SchemaPath:
    """The path for pydantic's `location`, which contains a sink's type as a step of its own."""
    keys: Keys = ()
    types: tuple[Any, ...] = (schema,)
    for step in location:
        sections = _sections(types)
        if len(sections) > 1:
            types = tuple(section for section in sections if section.model_fields["type"].default == step)
        else:
            keys, types = (*keys, step), tuple(_below(types, step))
    return SchemaPath(keys, types)


def _sections(types: tuple[Any, ...]) -> list[type[Section]]:
    return [option for option in types if inspect.isclass(option) and issubclass(option, Section)]


def _annotations(section: type[Section]) -> dict[str, Any]:
    """What each key of a section may be, by its name in the file: a Python keyword is an alias there."""
    return {field.alias or name: field.annotation for name, field in section.model_fields.items()}


def _below(types: tuple[Any, ...], step: str | int) -> Iterator[Any]:
    for option in types:
        if get_origin(option) in (dict, tuple):
            yield from _options(get_args(option)[isinstance(step, str)])
        elif option in _sections(types) and step in (annotations := _annotations(option)):
            yield from _options(annotations[str(step)])


def _options(annotation: Any) -> Iterator[Any]:
    """The types that an annotation allows."""
    origin = get_origin(annotation)
    if origin is Annotated:
        yield from _options(get_args(annotation)[0])
    elif origin in (Union, UnionType):
        for option in get_args(annotation):
            yield from _options(option)
    else:
        yield annotation
