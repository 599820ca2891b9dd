"""Writes the pictures of the page that the documentation shows, of a program that runs: docs/images/page-*.jpg.

    python tools/page_pictures.py [FOLDER] [--settle-s SECONDS]

To be run again where what it shows has changed, which tests/page/test_pictures.py tells. Needs
Chromium (`make test` installs it) and the development packages.
The cameras are rendered streets, so nobody is in the pictures who did not want to be.
"""

from __future__ import annotations

import argparse
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from tests.page.fixtures import ARGUMENTS, View, missing  # noqa: E402
from tests.ports import free_port  # noqa: E402

PATIENCE_S = 120.0
PAVEMENT = [[0.02, 0.55], [0.98, 0.55], [0.98, 0.98], [0.02, 0.98]]
CORNER = [[0.55, 0.3], [0.97, 0.3], [0.97, 0.6], [0.55, 0.6]]
CAMERAS = {
    "entrance": {
        "url": "synthetic://street?seed=7&fps=10&size=640x360",
        "zones": {"pavement": {"polygon": PAVEMENT, "labels": ["person"], "inertia": 1, "dwell_s": 2}},
        "lines": {"crossing": {"from": [0.5, 0.2], "to": [0.5, 0.95], "inertia": 1}},
    },
    "car_park": {
        "url": "synthetic://street?seed=3&fps=10&size=640x360",
        "zones": {"bay": {"polygon": CORNER, "inertia": 1}},
    },
    "yard": {"url": "synthetic://street?seed=11&fps=5&size=640x360&light=night"},
    "back_door": {"url": "rtsp://127.0.0.1:9/stream"},
}
SHOTS: list[tuple[str, str, dict[str, Any]]] = [
    ("cameras", "#/cameras", {}),
    ("cameras-dark", "#/cameras", {"color_scheme": "dark"}),
    ("cameras-phone", "#/cameras", {"width": 390, "height": 844, "device_scale_factor": 2}),
    ("events", "#/events", {}),
    ("numbers", "#/numbers", {"color_scheme": "dark"}),
]


def configured(folder: Path, port: int) -> Path:
    """The program's configuration, in that folder."""
    path = folder / "config.yaml"
    sections = {
        "model": {"name": "traffic"},
        "cameras": CAMERAS,
        "evidence": {"snapshots": {"types": ["enter", "dwell", "cross"]}},
        "publish": [{"type": "file", "path": "out.ndjson"}],
        "web": {"port": port},
        "state_dir": "state",
    }
    path.write_text(yaml.safe_dump(sections, sort_keys=False))
    return path


def wait_for(base: str) -> None:
    """Until something has happened in front of a camera."""
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(f"{base}/api/v1/events?limit=20") as answer:  # noqa: S310, our own program
                if answer.read().count(b'"snapshot"') >= 8:
                    return
        except OSError:
            pass
        time.sleep(0.5)
    raise SystemExit(f"nothing happened within {PATIENCE_S:g} s")


def take(base: str, folder: Path, settle_s: float) -> None:
    """Every picture, each view once it was looked at for so long [s]; numbers need some more for their curves."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=ARGUMENTS)
        for name, route, given in SHOTS:
            view = View(browser, base, **{"width": 1360, "height": 850, **given})
            view.open(route)
            view.page.wait_for_timeout(1000 * settle_s * (3 if name == "numbers" else 1))
            view.page.screenshot(path=folder / f"page-{name}.jpg", type="jpeg", quality=82)
            view.context.close()
            sys.stdout.write(f"page-{name}.jpg\n")
        browser.close()


def main() -> None:
    """Starts the program, and takes them."""
    if reason := missing():
        raise SystemExit(reason)
    parser = argparse.ArgumentParser(description="Takes the pictures of the page.")
    parser.add_argument("folder", type=Path, nargs="?", default=ROOT / "docs" / "images")
    parser.add_argument("--settle-s", type=float, default=6.0)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        port = free_port()
        command = [sys.executable, "-m", "edge_app", "run", str(configured(Path(name), port))]
        program = subprocess.Popen(command, cwd=name, stderr=subprocess.DEVNULL)  # noqa: S603, our own program
        try:
            wait_for(f"http://127.0.0.1:{port}")
            take(f"http://127.0.0.1:{port}", args.folder, args.settle_s)
        finally:
            program.send_signal(signal.SIGTERM)
            program.wait()


if __name__ == "__main__":
    main()
