"""`edge-app engines`: one thin file per verb."""

from edge_app.cli.engines import explain, listing, prune

EXAMPLE = "Example: edge-app engines explain traffic"
VERBS = {"list": listing, "explain": explain, "prune": prune}
