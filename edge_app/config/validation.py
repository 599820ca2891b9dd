"""From what pydantic finds wrong to the one mistake that the user is told."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from edge_app.config.document import YamlDocument
from edge_app.config.issue import ConfigIssue, Keys, nearest
from edge_app.config.messages import describe
from edge_app.config.schema_path import SchemaPath, find
from edge_app.config.section import Section

S = TypeVar("S", bound=Section)

# What often follows from another mistake comes after it: a missing key is a misspelt one, a list lost its wrong items,
# a default was not worked out.
RANK = {"missing": 1, "union_tag_not_found": 1, "too_short": 2, "default_factory_not_called": 3}


def validate(schema: type[S], document: YamlDocument, context: Mapping[str, Any]) -> S:
    """The document as a section; `context` is for the validators.

    Raises:
        Mistake: The first value by line that is wrong; where all values are right, the first key that is missing.
    """
    try:
        return schema.model_validate(document.values, context=dict(context))
    except ValidationError as error:
        details = error.errors(include_url=False, include_input=False)
        mistakes = [(RANK.get(detail["type"], 0), _mistake(schema, document, detail)) for detail in details]
    raise min(mistakes, key=lambda ranked: (ranked[0], ranked[1].mark))[1]


def _mistake(schema: type[Section], document: YamlDocument, detail: ErrorDetails) -> ConfigIssue:
    kind, context = detail["type"], detail.get("ctx", {})
    location = detail["loc"]
    if kind in ("missing", "extra_forbidden"):
        return _about_key(find(schema, location[:-1]), document, str(location[-1]), known=kind == "missing")
    if location[-1:] == ("[key]",):
        spot = find(schema, location[:-1])
        return ConfigIssue(document.places[spot.keys].key, spot.keys, describe(kind, context, None, secret=False))
    spot = find(schema, (*location, *context.get("at", ())))
    if kind == "union_tag_not_found":
        return _about_key(spot, document, "type", known=True)
    if kind == "union_tag_invalid":
        spot = SchemaPath((*spot.keys, "type"), ())
    place = document.places.get(spot.keys)
    words = describe(kind, context, place, secret=spot.secret)
    return ConfigIssue(document.mark(spot.keys), spot.keys, words)


def _about_key(section: SchemaPath, document: YamlDocument, key: str, *, known: bool) -> ConfigIssue:
    keys: Keys = (*section.keys, key)
    if known:
        return ConfigIssue(document.mark(section.keys), keys, "missing")
    advice = nearest(key, section.names) or f"; known here: {', '.join(section.names)}"
    return ConfigIssue(document.places[keys].key, keys, f"unknown key{advice}")
