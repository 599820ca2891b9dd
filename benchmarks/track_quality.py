"""Measures tracks against the rendered street's truth: IDF1 and MOTA by seed, light and weather, on the bundled model.

With `--write`, the table of docs/analytics.md is written.
"""

from __future__ import annotations

import argparse
from collections import Counter
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import numpy as np
from scipy.optimize import linear_sum_assignment

from edge_app.analytics.config import TrackConfig
from edge_app.analytics.matching import best_pairs
from edge_app.analytics.trackers import make_tracker
from edge_app.app.config import AppConfig
from edge_app.app.factory import make_parts
from edge_app.app.start import start
from edge_app.core.detections import Detections, iou
from edge_app.synthetic import LIGHTS, WEATHERS, Settings, Street
from edge_app.synthetic.ground_truth import SceneTruth

SEEDS, FRAMES, FPS = (7, 11, 23), 600, 10
TRACKERS = ("bytetrack", "ocsort", "sort")
FITS = 0.5  # overlap from which a box is that of an object
LEAST_SIDE_PX, LEAST_VISIBLE = 14.3, 0.3  # what is smaller (10 px at the model's input) or more hidden does not count
PAGE = Path(__file__).parents[1] / "docs/analytics.md"
BEGIN, END = "<!-- track_quality -->\n", "<!-- end of track_quality -->\n"


@dataclass
class Score:
    """IDF1 (Ristani et al., 2016) and MOTA (Bernardin and Stiefelhagen, 2008) of one sequence, or of several.

    Attributes:
        truth: Boxes of objects that count.
        tracked: Boxes with an id that are not those of an object that does not count.
        hits: Those that fit an object.
        switches: How often an object has another id than when it was found before.
        together: In how many frames an object and an id were together.
    """

    truth: int = 0
    tracked: int = 0
    hits: int = 0
    switches: int = 0
    together: Counter[tuple[int, int]] = field(default_factory=Counter)
    _before: dict[int, int] = field(default_factory=dict)
    _last: dict[int, int] = field(default_factory=dict)

    def add(self, truth: SceneTruth, found: Detections, track_id: np.ndarray) -> None:
        """Counts the next frame; `track_id` of each detection, -1 where it has none."""
        counts = (truth.xyxy[:, 2:] - truth.xyxy[:, :2]).min(axis=1, initial=np.inf) >= LEAST_SIDE_PX
        counts &= truth.visible >= LEAST_VISIBLE
        overlap = iou(truth.xyxy, found.xyxy[track_id > 0])
        ids = track_id[track_id > 0]
        rows, columns = best_pairs(overlap + counts[:, None] * (overlap >= FITS), FITS)
        stay = np.setdiff1d(np.arange(len(ids)), columns[~counts[rows]])
        overlap, ids, names = overlap[counts][:, stay], ids[stay], truth.track_id[counts]
        # Of two that fit, the one of the frame before is meant.
        kept = np.array([[self._before.get(name) == each for each in ids.tolist()] for name in names.tolist()])
        rows, columns = best_pairs(np.where(overlap >= FITS, overlap + 1000 * kept.reshape(overlap.shape), 0), 0.0)
        self._before = dict(zip(names[rows].tolist(), ids[columns].tolist(), strict=True))
        self.switches += sum(self._last.get(name, each) != each for name, each in self._before.items())
        self._last |= self._before
        self.truth, self.tracked, self.hits = self.truth + len(names), self.tracked + len(ids), self.hits + len(rows)
        rows, columns = np.nonzero(overlap >= FITS)
        self.together.update(zip(names[rows].tolist(), ids[columns].tolist(), strict=True))

    @property
    def mota(self) -> float:
        return 1 - (self.truth - self.hits + self.tracked - self.hits + self.switches) / max(self.truth, 1)

    @property
    def idf1(self) -> float:
        return 2 * self.right / max(self.truth + self.tracked, 1)

    @property
    def right(self) -> int:
        """Boxes that have their object's id, where each object is given the id that makes most of them right."""
        names, ids = ({each: n for n, each in enumerate({pair[k] for pair in self.together})} for k in (0, 1))
        frames = np.zeros((len(names), len(ids)), np.int64)
        for (name, each), number in self.together.items():
            frames[names[name], ids[each]] = number
        return int(frames[linear_sum_assignment(frames, maximize=True)].sum())


def pooled(scores: list[Score]) -> tuple[float, float, int]:
    """IDF1, MOTA and switches of all sequences together."""
    truth, tracked, hits, switches, right = (
        sum(getattr(score, name) for score in scores) for name in ("truth", "tracked", "hits", "switches", "right")
    )
    return 2 * right / (truth + tracked), 1 - (truth + tracked - 2 * hits + switches) / truth, switches


def detections(scene: str, frames: int) -> tuple[list[Detections], float]:
    """What the bundled model finds in a rendered scene at `FPS`, as the program finds it, and the lowest score."""
    url = f"synthetic://street?{scene}&fps={FPS}&frames={frames}"
    config = AppConfig.model_validate({"model": {"name": "traffic"}, "cameras": {"street": {"url": url}}})
    found: list[Detections] = []
    with start(make_parts(config.model_copy(update={"publish": ()}))) as runtime:
        runtime.analyser.tap().subscribe_results(lambda result: found.append(result.detections))
        runtime.run()
        return found, runtime.analyser.model.detector.thresholds.confidence


def score(tracker: str, found: list[Detections], truth: list[SceneTruth], confidence: float, every: int = 1) -> Score:
    """Of a tracker with the default settings that is shown one frame of `every`."""
    following, result = make_tracker(TrackConfig(tracker=tracker), confidence, count(1)), Score()
    for n in range(0, len(found), every):
        result.add(truth[n], found[n], following.update(found[n], n / FPS).track_id)
    return result


def scores(seed: int, light: str, weather: str, frames: int = FRAMES, every: int = 1) -> dict[str, Score]:
    """Of every tracker on one scene, of which it is shown one frame of `every`."""
    found, confidence = detections(f"seed={seed}&light={light}&weather={weather}", frames)
    street = Street(Settings(seed=seed, light=light, weather=weather, fps=FPS))
    truth = [street.render(n)[1] for n in range(frames)]
    return {tracker: score(tracker, found, truth, confidence, every) for tracker in TRACKERS}


def row(light: str, weather: str, seed: str, of: dict[str, list[Score]]) -> str:
    """One of the table: IDF1, MOTA and switches of each tracker."""
    cells = [f"{idf1:.3f} / {mota:.3f} / {switches}" for idf1, mota, switches in map(pooled, of.values())]
    return f"| {light} | {weather} | {seed} | {' | '.join(cells)} |"


def main() -> None:
    """Prints the table, and writes it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help="into docs/analytics.md")
    write = parser.parse_args().write
    lines = [f"| light | weather | seed | {' | '.join(f'`{tracker}`' for tracker in TRACKERS)} |"]
    lines += ["| --- " * (3 + len(TRACKERS)) + "|"]
    every: dict[str, list[Score]] = {tracker: [] for tracker in TRACKERS}
    print("\n".join(lines))
    for light in LIGHTS:
        for weather in WEATHERS:
            here: dict[str, list[Score]] = {tracker: [] for tracker in TRACKERS}
            for seed in SEEDS:
                for tracker, each in scores(seed, light, weather).items():
                    here[tracker].append(each)
                    every[tracker].append(each)
                lines.append(row(light, weather, str(seed), {tracker: here[tracker][-1:] for tracker in TRACKERS}))
                print(lines[-1], flush=True)
            lines.append(row(light, weather, "all", here))
            print(lines[-1], flush=True)
    lines.append(row("all", "all", "all", every))
    print(lines[-1])
    if write:
        before, _, rest = PAGE.read_text().partition(BEGIN)
        PAGE.write_text(before + BEGIN + "\n".join(lines) + "\n" + END + rest.partition(END)[2])


if __name__ == "__main__":
    main()
