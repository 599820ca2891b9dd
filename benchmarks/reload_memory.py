"""Reloads a program within this process again and again; prints whether anything that is allocated grows with it.

    python benchmarks/reload_memory.py [--reloads 600] [--cameras 3]

RTSP cameras at 2 frames/s, beside them one that gets in turn a zone, another `max_fps`, is removed and added. What the
process has resident (RSS) grows also where memory that was freed lies in pieces, so what malloc has given out is beside
it. The last line is after `malloc_trim`. Needs the RTSP server of the tests (`make test` sets it up).
"""

from __future__ import annotations

import argparse
import ctypes
import gc
import sys
import tempfile
import threading
import time
from itertools import cycle, islice
from pathlib import Path
from typing import Any

import yaml

sys.path.insert(0, str(Path(__file__).parents[1]))

from edge_app.app.config import load_config
from edge_app.app.config_file import ConfigFile
from edge_app.app.factory import make_parts
from edge_app.app.reload import Reloader
from edge_app.app.start import start
from edge_app.machine import limit_arenas
from edge_app.machine.memory import resident_bytes
from edge_app.synthetic import Settings, Street
from tests.rtsp.clips import write_clip
from tests.rtsp.fixtures import Server

FPS, TENTHS, PAUSE_S, WARM_UP_S, PATIENCE_S = 2, 10, 0.3, 3.0, 60.0
ZONE = {"polygon": [[0, 0], [1, 0], [1, 1], [0, 1]]}


NAMES = ("arena", "ordblks", "smblks", "hblks", "hblkhd", "usmblks", "fsmblks", "uordblks", "fordblks", "keepcost")


class Mallinfo(ctypes.Structure):
    """`struct mallinfo2` of glibc 2.33 and later: `uordblks` is what is given out, `fordblks` what is free [bytes]."""

    _fields_ = tuple((name, ctypes.c_size_t) for name in NAMES)


def tell(when: str, libc: Any) -> None:
    """Prints a row of the table."""
    given = libc.mallinfo2()
    print(
        f"{when:>9} {(resident_bytes() or 0) / 1e6:9.1f} {given.uordblks / 1e6:10.1f} {given.fordblks / 1e6:6.1f} "
        f"{threading.active_count():8}",
        flush=True,
    )


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--reloads", type=int, default=600)
    parser.add_argument("--cameras", type=int, default=3)
    given = parser.parse_args()
    limit_arenas()  # as `edge-app run` does
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        street = Street(Settings(seed=7, fps=FPS, width=320, height=180))
        clip = write_clip(folder / "street.mp4", (street.render(index)[0] for index in range(40)), fps=FPS)
        server = Server([clip], fps=FPS)
        server.start()
        try:
            run(folder, {"url": server.url}, given)
        finally:
            server.kill()


def run(folder: Path, camera: dict[str, Any], given: argparse.Namespace) -> None:
    """Measures a program in that folder."""
    path, libc = folder / "config.yaml", ctypes.CDLL(None)
    libc.mallinfo2.restype = Mallinfo
    others = {f"c{n}": camera for n in range(given.cameras)}
    changing: tuple[dict[str, Any], ...] = (
        {"c": camera},
        {"c": {**camera, "zones": {"door": ZONE}}},
        {"c": {**camera, "max_fps": 1}},
        {},
    )

    def write(more: dict[str, Any]) -> None:
        sections = {"model": {"name": "traffic"}, "state_dir": str(folder), "engine": {"threads": 1}}
        null = {"type": "file", "path": "/dev/null"}
        path.write_text(yaml.safe_dump({**sections, "publish": [null], "cameras": {**more, **others}}))

    write({"c": camera})
    reloader = Reloader(ConfigFile(path, {}, load_config))
    with start(make_parts(load_config(path, {}))) as runtime:
        thread = threading.Thread(target=runtime.run)
        thread.start()
        with reloader.reloading(runtime):
            time.sleep(WARM_UP_S)
            print("  reloads  RSS [MB]  malloc [MB]  free  threads")
            tell("0", libc)
            for number, more in enumerate(islice(cycle(changing), given.reloads), 1):
                write(more)
                reloader.request().result(PATIENCE_S)
                time.sleep(PAUSE_S)
                if number % (given.reloads // TENTHS) == 0:
                    gc.collect()
                    tell(str(number), libc)
            libc.malloc_trim(0)
            tell("trimmed", libc)
        runtime.stop.set()
        thread.join()


if __name__ == "__main__":
    main()
