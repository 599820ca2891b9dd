"""`edge-app service`: one thin file per verb."""

from edge_app.cli.service import install, logs, status, uninstall

EXAMPLE = "Example: edge-app service install /etc/edge-app/config.yaml --dry-run"
VERBS = {"install": install, "uninstall": uninstall, "status": status, "logs": logs}
