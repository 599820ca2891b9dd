"""From all that pydantic finds wrong to the one issue that the user is told."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from edge_app.config.document import YamlDocument
from edge_app.config.issue import ConfigIssue, Keys, nearest
from edge_app.config.messages import describe
from edge_app.config.schema_path import SchemaPath, find_path
from edge_app.config.section import Section

S = TypeVar("S", bound=Section)

# An error that often follows from another ranks after it: a missing key was misspelt, a list lost its wrong items, a
# default was not computed.
RANK = {"missing": 1, "union_tag_not_found": 1, "too_short": 2, "default_factory_not_called": 3}


def validate(schema: type[S], document: YamlDocument, context: Mapping[str, Any]) -> S:
    """The document as a section; `context` is passed to the validators.

    Raises:
        ConfigIssue: The first wrong value by line; if all values are right, the first missing key.
    """
    try:
        return schema.model_validate(document.values, context=dict(context))
    except ValidationError as error:
        details = error.errors(include_url=False, include_input=False)
        ranked = [(RANK.get(detail["type"], 0), _issue(schema, document, detail)) for detail in details]
    raise min(ranked, key=lambda item: (item[0], item[1].mark))[1]


def _issue(schema: type[Section], document: YamlDocument, detail: ErrorDetails) -> ConfigIssue:
    error_type, context = detail["type"], detail.get("ctx", {})
    location = detail["loc"]
    if error_type in ("missing", "extra_forbidden"):
        return _about_key(find_path(schema, location[:-1]), document, str(location[-1]), known=error_type == "missing")
    if location[-1:] == ("[key]",):
        path = find_path(schema, location[:-1])
        return ConfigIssue(document.places[path.keys].key, path.keys, describe(error_type, context, None, secret=False))
    path = find_path(schema, (*location, *context.get("at", ())))
    if error_type == "union_tag_not_found":
        return _about_key(path, document, "type", known=True)
    if error_type == "union_tag_invalid":
        path = SchemaPath((*path.keys, "type"), ())
    place = document.places.get(path.keys)
    message = describe(error_type, context, place, secret=path.secret)
    return ConfigIssue(document.mark(path.keys), path.keys, message)


def _about_key(section: SchemaPath, document: YamlDocument, key: str, *, known: bool) -> ConfigIssue:
    keys: Keys = (*section.keys, key)
    if known:
        return ConfigIssue(document.mark(section.keys), keys, "missing")
    advice = nearest(key, section.names) or f"; known here: {', '.join(section.names)}"
    return ConfigIssue(document.places[keys].key, keys, f"unknown key{advice}")
