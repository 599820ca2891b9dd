"""The configuration: its schema, and a loader that names every mistake by file, line, column and key."""

from edge_app.config.camera import Camera, Reconnect
from edge_app.config.environment_file import environment_file
from edge_app.config.json_schema import json_schema
from edge_app.config.loader import load
from edge_app.config.mistake import nearest
from edge_app.config.schema import AppConfig, Detect, Engine, Model, Shutdown, default_state_dir
from edge_app.config.section import Section, Tls
from edge_app.config.sinks import FileSink, MqttSink, Sink, StdoutSink

__all__ = [
    "AppConfig",
    "Camera",
    "Detect",
    "Engine",
    "FileSink",
    "Model",
    "MqttSink",
    "Reconnect",
    "Section",
    "Shutdown",
    "Sink",
    "StdoutSink",
    "Tls",
    "default_state_dir",
    "environment_file",
    "json_schema",
    "load",
    "nearest",
]
