"""The program as a systemd service: its unit, and the steps that put it into a system and take it out again."""

from edge_app.systemd.install import install
from edge_app.systemd.state import ServiceState, show_command, state_of
from edge_app.systemd.step import Step, as_shell, carry_out
from edge_app.systemd.system import want_program, want_systemd_and_root
from edge_app.systemd.uninstall import kept, uninstall
from edge_app.systemd.unit import ServiceUnit, unit_of

__all__ = [
    "ServiceState",
    "ServiceUnit",
    "Step",
    "as_shell",
    "carry_out",
    "install",
    "kept",
    "show_command",
    "state_of",
    "uninstall",
    "unit_of",
    "want_program",
    "want_systemd_and_root",
]
