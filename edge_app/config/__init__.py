"""A YAML file as sections; every issue is reported with file, line, column and key."""

from edge_app.config.environment_file import environment_file, variables_in
from edge_app.config.issue import Blame, nearest
from edge_app.config.json_schema import schema_of
from edge_app.config.loader import load
from edge_app.config.section import Section, TlsConfig

__all__ = ["Blame", "Section", "TlsConfig", "environment_file", "load", "nearest", "schema_of", "variables_in"]
