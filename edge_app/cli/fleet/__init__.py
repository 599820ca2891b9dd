"""`edge-app fleet`: one thin file per verb."""

from edge_app.cli.fleet import status

EXAMPLE = "Example: edge-app fleet status /etc/edge-app/config.yaml"
VERBS = {"status": status}
