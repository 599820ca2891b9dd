"""The JSON Schema of the configuration file, with which editors complete and check it."""

from __future__ import annotations

from typing import Any

from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from edge_app.config.section import NAME, Section


class _WithVariables(GenerateJsonSchema):
    """Lets numbers, switches, choices and texts with a pattern also be texts that hold a variable."""

    def str_schema(self, schema: core_schema.StringSchema) -> JsonSchemaValue:
        text = super().str_schema(schema)
        # Names are keys too, and a key is never a variable.
        return text if schema.get("pattern") in (None, NAME) else _or_variable(text)

    def dict_schema(self, schema: core_schema.DictSchema) -> JsonSchemaValue:
        names = super().dict_schema(schema)
        # Names without a pattern have one that all fit, so that whatever reads the schema finds both in one place.
        patterns = names.get("patternProperties") or {".": names["additionalProperties"]}
        return names | {"patternProperties": patterns, "additionalProperties": False}

    def int_schema(self, schema: core_schema.IntSchema) -> JsonSchemaValue:
        return _or_variable(super().int_schema(schema))

    def float_schema(self, schema: core_schema.FloatSchema) -> JsonSchemaValue:
        return _or_variable(super().float_schema(schema))

    def bool_schema(self, schema: core_schema.BoolSchema) -> JsonSchemaValue:
        return _or_variable(super().bool_schema(schema))

    def datetime_schema(self, schema: core_schema.DatetimeSchema) -> JsonSchemaValue:
        return _or_variable(super().datetime_schema(schema))

    def literal_schema(self, schema: core_schema.LiteralSchema) -> JsonSchemaValue:
        choices = super().literal_schema(schema)
        # A sink's `type` has one choice, which tells the editor the other keys.
        return _or_variable(choices) if len(schema["expected"]) > 1 else choices


def schema_of(section: type[Section], title: str) -> dict[str, Any]:
    """The JSON Schema of a section, with descriptions, bounds and defaults."""
    schema: dict[str, Any] = section.model_json_schema(schema_generator=_WithVariables)
    return {**schema, "$schema": GenerateJsonSchema.schema_dialect, "title": title}


def _or_variable(schema: JsonSchemaValue) -> JsonSchemaValue:
    return {"anyOf": [schema, {"type": "string", "pattern": r"\$\{"}]}
