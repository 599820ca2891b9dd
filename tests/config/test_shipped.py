"""The files in configs/, and the JSON Schema that editors check them by."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

import jsonschema
import pytest
import yaml
from pydantic_core import PydanticUndefined

from edge_app.app.config import AppConfig, config_schema, load_config
from edge_app.config import Section
from edge_app.model.config import ModelConfig
from tools.everything_yaml import commented

CONFIGS = Path(__file__).resolve().parents[2] / "configs"
EVERYTHING = CONFIGS / "everything.yaml"
SHIPPED = sorted(CONFIGS.glob("*.yaml"))


class AnyVariable(Mapping[str, str]):
    """An environment in which everything is set."""

    def __getitem__(self, name: str) -> str:
        if name in ("CREDENTIALS_DIRECTORY", "STATE_DIRECTORY"):
            raise KeyError(name)
        return "given"

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 0


def sections(section: Section) -> Iterator[Section]:
    """`section` and all below it."""
    yield section
    for name in type(section).model_fields:
        value = getattr(section, name)
        inner = value.values() if isinstance(value, dict) else value if isinstance(value, tuple) else [value]
        for each in inner:
            if isinstance(each, Section):
                yield from sections(each)


def test_there_are_files_to_test():
    assert [path.stem for path in SHIPPED] == ["demo", "everything", "many-cameras", "one-camera"]


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_a_shipped_file_loads_and_names_the_schema_first(path):
    assert load_config(path, AnyVariable()).cameras
    assert path.read_text().startswith("# yaml-language-server: $schema=")


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_a_shipped_file_is_right_for_an_editor(path):
    jsonschema.validate(yaml.safe_load(path.read_text()), json.loads(config_schema()))


def test_everything_loads_without_any_variable():
    assert load_config(EVERYTHING, {}).cameras["gate"].password is None


def test_everything_names_every_key_of_every_section():
    config = load_config(EVERYTHING, {})
    for section in sections(config):
        assert section.model_fields_set == set(type(section).model_fields), type(section).__name__
    assert {type(section).__name__ for section in sections(config)} == {
        "AppConfig",
        *json.loads(config_schema())["$defs"],
    }
    assert "state_dir" in yaml.safe_load(EVERYTHING.read_text())  # which the loader sets in any case


def test_every_value_in_everything_is_the_default_where_there_is_one():
    for section in sections(load_config(EVERYTHING, {})):
        for name, field in type(section).model_fields.items():
            value = getattr(section, name)
            # The keys of sections, named ones too, are looked at by themselves; a model needs a name or a file.
            left_out = isinstance(value, Section | dict) or (type(section), name) in [
                (AppConfig, "publish"),
                (ModelConfig, "name"),
            ]
            if field.default is not PydanticUndefined and not left_out:
                assert value == field.default, f"{type(section).__name__}.{name}"


def test_the_comments_in_everything_are_those_of_the_schema():
    text = EVERYTHING.read_text()
    assert text == commented(text), "run: python tools/everything_yaml.py"


def test_the_schema_describes_every_key_and_shows_its_default():
    schema = json.loads(config_schema())
    for name, section in {"": schema, **schema["$defs"]}.items():
        for key, value in section["properties"].items():
            assert value.get("description") or "$ref" in value, f"{name}.{key}"
    camera = schema["$defs"]["CameraSection"]["properties"]
    assert camera["max_frame_age_ms"]["default"] == 1000
    assert camera["password"]["anyOf"][0]["type"] == "string"


@pytest.mark.parametrize(
    ("camera", "fits"),
    [
        pytest.param({"url": "x"}, True, id="smallest"),
        pytest.param(
            {"url": "x", "max_fps": "${FPS}", "enabled": "${ON:-true}", "rotate": "${R}"}, True, id="variables"
        ),
        pytest.param({"url": "x", "tls": True}, True, id="tls as a switch"),
        pytest.param({"url": "x", "tls": {"verify": False}}, True, id="tls as a section"),
        pytest.param({"url": "x", "max_fps": "fast"}, False, id="word for a number"),
        pytest.param({"url": "x", "max_fps": 0}, False, id="below the bound"),
        pytest.param({"url": "x", "transprt": "tcp"}, False, id="unknown key"),
        pytest.param({}, False, id="no url"),
    ],
)
def test_the_schema_accepts_what_the_loader_accepts(camera, fits):
    document = {"model": {"name": "traffic"}, "cameras": {"a": camera}}
    assert jsonschema.Draft202012Validator(json.loads(config_schema())).is_valid(document) == fits


def test_only_values_may_be_variables_in_the_schema():
    schema = jsonschema.Draft202012Validator(json.loads(config_schema()))
    sound = {"model": {"name": "traffic"}, "cameras": {"a": {"url": "x"}}}
    assert schema.is_valid(sound)
    assert not schema.is_valid({**sound, "cameras": {"${A}": {"url": "x"}}})
    assert not schema.is_valid({**sound, "publish": [{"type": "${T}"}]})


def test_a_time_in_the_schema_may_be_a_variable():
    start_at = json.loads(config_schema())["$defs"]["CameraSection"]["properties"]["start_at"]
    assert [option.get("format", option.get("pattern")) for option in start_at["anyOf"]] == ["date-time", r"\$\{", None]


def test_the_schema_itself_is_sound():
    jsonschema.Draft202012Validator.check_schema(json.loads(config_schema()))
