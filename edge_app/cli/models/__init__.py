"""`edge-app models`: one thin file per verb."""

from edge_app.cli.models import inspect, listing, pull

EXAMPLE = "Example: edge-app models pull yolox_nano"
VERBS = {"list": listing, "pull": pull, "inspect": inspect}
