"""What the servers have in common that tests start as processes."""

from __future__ import annotations

import signal
import subprocess
from typing import Any


class ServerProcess:
    """A server that can be frozen and killed; whoever inherits starts `_process`."""

    _process: subprocess.Popen[Any]

    def freeze(self) -> None:
        """Stops answering without closing a connection; the system goes on to take what fits into its buffers."""
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Goes on where it stopped."""
        self._process.send_signal(signal.SIGCONT)

    def kill(self) -> None:
        """Dies as in a power cut."""
        self._process.kill()
        self._process.wait()
