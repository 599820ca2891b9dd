"""From all that pydantic finds wrong to what the user has to correct."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeVar

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from edge_app.config.document import UNUSABLE, YamlDocument
from edge_app.config.issue import ConfigIssue, ConfigIssues, Keys, nearest
from edge_app.config.messages import describe
from edge_app.config.schema_path import SchemaPath, find_path
from edge_app.config.section import Section

S = TypeVar("S", bound=Section)


def validate(schema: type[S], document: YamlDocument, context: Mapping[str, Any]) -> S:
    """The document as a section; `context` is passed to the validators.

    Raises:
        ConfigIssues: What is wrong with the document itself, and with its values by the schema.
    """
    try:
        section = schema.model_validate(document.values, context=dict(context))
    except ValidationError as error:
        details = error.errors(include_url=False)
    else:
        if not document.issues:
            return section
        details = []
    raise ConfigIssues([*document.issues, *_issues(schema, document, details)]) from None


def _issues(schema: type[Section], document: YamlDocument, details: Sequence[ErrorDetails]) -> Iterator[ConfigIssue]:
    """One for each detail that the user would still have with the others mended."""
    for detail in details:
        if detail["input"] is not UNUSABLE and not _follows(detail, details):
            yield _issue(schema, document, detail)


def _follows(detail: ErrorDetails, details: Sequence[ErrorDetails]) -> bool:
    """Whether another detail is likely the cause of this one."""
    where = detail["loc"]
    if detail["type"] == "missing":  # it was misspelt
        return any(other["type"] == "extra_forbidden" and other["loc"][:-1] == where[:-1] for other in details)
    if detail["type"] == "too_short":  # the list lost its wrong items
        return any(other is not detail and other["loc"][: len(where)] == where for other in details)
    return detail["type"] == "default_factory_not_called" and len(details) > 1


def _issue(schema: type[Section], document: YamlDocument, detail: ErrorDetails) -> ConfigIssue:
    error_type, context = detail["type"], detail.get("ctx", {})
    location = detail["loc"]
    if error_type in ("missing", "extra_forbidden"):
        return _about_key(find_path(schema, location[:-1]), document, str(location[-1]), known=error_type == "missing")
    if location[-1:] == ("[key]",):
        path = find_path(schema, location[:-1])
        return ConfigIssue(
            document.locations[path.keys].key, path.keys, describe(error_type, context, None, secret=False)
        )
    path = find_path(schema, (*location, *context.get("at", ())))
    if error_type == "union_tag_not_found":
        return _about_key(path, document, "type", known=True)
    if error_type == "union_tag_invalid":
        path = SchemaPath((*path.keys, "type"), ())
    message = describe(error_type, context, document.locations.get(path.keys), secret=path.secret)
    return ConfigIssue(document.mark(path.keys), path.keys, message)


def _about_key(section: SchemaPath, document: YamlDocument, key: str, *, known: bool) -> ConfigIssue:
    keys: Keys = (*section.keys, key)
    if known:
        return ConfigIssue(document.mark(section.keys), keys, "missing")
    advice = nearest(key, section.names) or f"; known here: {', '.join(section.names)}"
    return ConfigIssue(document.locations[keys].key, keys, f"unknown key{advice}")
