"""`edge-app bench`: what the program costs beside what its engine and decoder cost alone."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Annotated, Any

import typer

from edge_app import bench
from edge_app.app.config import AppConfig
from edge_app.app.factory import make_parts
from edge_app.app.runtime import TICK_S, Runtime
from edge_app.app.start import start
from edge_app.bench import Cost
from edge_app.capture import DecodeHardware, ReplaySource, Source
from edge_app.capture.config import CameraConfig
from edge_app.cli.loading import ConfigArgument, load_config
from edge_app.cli.options import AsJson
from edge_app.core.errors import DeviceError, UsageError
from edge_app.core.metrics import Metrics
from edge_app.cuda import is_jetson

EXAMPLE = "Example: edge-app bench configs/one-camera.yaml --paced --seconds 30"
ROUNDS = 3
SCENE_FRAMES = 300  # of the rendered scene, which is endless
START_S = 60.0  # how long the cameras of --paced may take to start


def main(
    path: ConfigArgument,
    seconds: Annotated[
        float, typer.Option(min=0.1, help="How long --paced, and the engine alone, is measured [s].")
    ] = 15.0,
    paced: Annotated[bool, typer.Option("--paced", help="Sources at their own rate, files too.")] = False,
    as_json: AsJson = False,
) -> None:
    """Measure throughput and CPU as fast as the sources are read, or with --paced freshness and drops."""
    config = quiet(load_config(path))
    document = (run_paced if paced else run_unpaced)(config, seconds)
    sys.stdout.write(json.dumps(document) + "\n" if as_json else text(document))


def run_unpaced(config: AppConfig, seconds: float) -> dict[str, Any]:
    """Engine, decoder and program in turn, three times."""
    cameras = {name: finite(name, camera) for name, camera in config.cameras.items()}
    config = config.model_copy(update={"cameras": cameras})
    with start(make_parts(config), keeps=False) as runtime:
        head, detector = describe(config, runtime), runtime.analyser.model.detector
    engine = config.engine.model_copy(update={"precision": detector.precision})  # `auto` chooses once
    config = config.model_copy(update={"engine": engine})
    frames = 0

    def pipeline() -> tuple[Cost, Metrics]:
        nonlocal frames
        with start(make_parts(config), keeps=False) as runtime:

            def whole() -> int:
                runtime.run()
                return runtime.metrics.total("frames_analysed")

            cost = bench.measure(whole, 0)
        frames = runtime.metrics.total("frames_analysed")
        return cost, runtime.metrics

    hardware = DecodeHardware(engine.device, is_jetson()) if detector.backend.reads_surfaces else None
    parts = bench.unpaced(
        engine=lambda: bench.engine_alone(detector, engine, seconds / ROUNDS),
        decode=lambda: bench.measure(lambda: bench.decode_alone(cameras.values(), hardware), 0),
        pipeline=pipeline,
        rounds=ROUNDS,
    )
    return {**head, "frames": frames, **parts}


def run_paced(config: AppConfig, seconds: float) -> dict[str, Any]:
    """The program for that many seconds, once every camera has been analysed."""
    with start(make_parts(config, replace_source=live), keeps=False) as runtime, ThreadPoolExecutor(1) as pool:
        head, running = describe(config, runtime), pool.submit(runtime.run)
        try:
            if away := silent(runtime, config.cameras, START_S):
                runtime.stop.set()
                running.result()  # raises what ended it, if anything did
                raise DeviceError(f"no frame within {START_S:.0f} s of: {', '.join(away)}")
            runtime.metrics.clear()
            runtime.stop.wait(seconds)
            document = bench.paced(runtime.metrics, list(config.cameras), seconds)
        finally:
            runtime.stop.set()
        running.result()
    return {**head, "frames": sum(c["frames"] for c in document["cameras"].values()), "paced": document}


def silent(runtime: Runtime, cameras: Iterable[str], within_s: float) -> list[str]:
    """The cameras of which no frame was analysed within that time [s]; returns as soon as there is none."""
    deadline = time.monotonic() + within_s
    while away := [name for name in cameras if not runtime.metrics.total("frames_analysed", camera=name)]:
        if time.monotonic() > deadline or runtime.stop.wait(TICK_S):
            break
    return away


def quiet(config: AppConfig) -> AppConfig:
    """Without disabled cameras, messages on the standard output, which is for figures, and a service's spools."""
    without = {"spool": None}
    sinks = tuple(sink.model_copy(update=without) for sink in config.publish if not sink.writes_stdout)
    return config.model_copy(update={"publish": sinks, "cameras": enabled(config)})


def enabled(config: AppConfig) -> dict[str, CameraConfig]:
    """The cameras that run."""
    return {name: camera for name, camera in config.cameras.items() if camera.enabled}


def finite(name: str, camera: CameraConfig) -> CameraConfig:
    """The camera, if it ends by itself; the rendered scene is made to."""
    ending = camera.finite(SCENE_FRAMES)
    if ending is None:
        raise UsageError(f"camera {name}: a live camera cannot be read as fast as possible; use --paced")
    return ending


def live(source: Source) -> Source:
    """The source at its own pace."""
    return source if source.live else ReplaySource(source)


def describe(config: AppConfig, runtime: Runtime) -> dict[str, Any]:
    """What was measured."""
    cores = os.cpu_count() or 1
    return {
        "schema": "edge_app.bench/1",
        "cores": cores,
        "threads": config.engine.threads or cores,
        "model": runtime.analyser.model.detector.name,
        "precision": runtime.analyser.model.detector.precision,
        "computed_by": runtime.analyser.model.identity.engine,
    }


def text(document: dict[str, Any]) -> str:
    """The document for a person."""
    what = f"{document['model']}, {document['precision']}, {document['computed_by']}"
    lines = [f"{what}, {document['threads']} threads, {document['cores']} cores"]
    if "paced" in document:
        age = document["paced"]["age_ms"]
        lines.append("age ms  " + "  ".join(f"{point} {value:.0f}" for point, value in age.items()))
        for name, camera in document["paced"]["cameras"].items():
            lines.append(f"{name:12} {camera['fps']:6.2f} fps  {camera['dropped']:5d} dropped")
        return "\n".join(lines) + "\n"
    for part in ("engine", "decode", "pipeline"):
        cost, rates = document[part], [each[f"{part}_fps"] for each in document["rounds"]]
        least, most = min(rates), max(rates)
        lines.append(
            f"{part:12} {cost['fps']:8.1f} fps ({least:.1f} to {most:.1f})  {1e3 * cost['cpu_s']:7.2f} ms CPU per frame"
        )
    for stage, points in document["pipeline"]["stages_ms"].items():
        lines.append(f"  {stage:12}" + "  ".join(f"{point} {value:7.2f} ms" for point, value in points.items()))
    shown = []
    for name in ("cpu_overhead", "throughput"):
        each = [measured[name] for measured in document["rounds"]]
        shown.append(f"{document[name]:.3f} ({min(each):.3f} to {max(each):.3f})")
    lines.append(f"CPU {shown[0]} x engine + decode, throughput {shown[1]} x bound")
    return "\n".join(lines) + "\n"
