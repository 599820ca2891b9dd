"""The way through the schema: which section and which types a place in the file belongs to."""

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
    """What the schema says of a place.

    Attributes:
        keys: The way to it in the file.
        types: What it may be: classes, and generics such as dict[str, Camera].
    """

    keys: Keys
    types: tuple[Any, ...]

    @property
    def secret(self) -> bool:
        """Whether its value must not be shown."""
        return SecretStr in self.types

    @property
    def names(self) -> tuple[str, ...]:
        """The keys of the section that it is, if it is one."""
        return tuple(name for section in _sections(self.types) for name in section.model_fields)


def find(schema: type[Section], location: Keys) -> SchemaPath:
    """The place of pydantic's `location`, which has the type of a sink as a step of its own."""
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
    return [kind for kind in types if inspect.isclass(kind) and issubclass(kind, Section)]


def _below(types: tuple[Any, ...], step: str | int) -> Iterator[Any]:
    for kind in types:
        if get_origin(kind) in (dict, tuple):
            yield from _options(get_args(kind)[isinstance(step, str)])
        elif kind in _sections(types) and step in kind.model_fields:
            yield from _options(kind.model_fields[step].annotation)


def _options(kind: Any) -> Iterator[Any]:
    """The types that an annotation allows."""
    origin = get_origin(kind)
    if origin is Annotated:
        yield from _options(get_args(kind)[0])
    elif origin in (Union, UnionType):
        for option in get_args(kind):
            yield from _options(option)
    else:
        yield kind
