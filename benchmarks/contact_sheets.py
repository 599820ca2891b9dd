"""Draws the tracks that a run has published on every tenth frame of its video, nine to a sheet: for the eye to count.

    python benchmarks/contact_sheets.py VIDEO MESSAGES CAMERA FOLDER

MESSAGES is what a sink of type `file` wrote.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np

EVERY, ROWS, COLUMNS = 10, 3, 3
TILE_WIDTH = 640  # [px]
FONT = cv2.FONT_HERSHEY_SIMPLEX


def objects(messages: Path, camera: str) -> dict[int, list[dict[str, Any]]]:
    """What was found, by frame."""
    with messages.open() as lines:
        documents = [json.loads(line) for line in lines]
    return {each["frame_id"]: each["objects"] for each in documents if each["camera"] == camera and "objects" in each}


def drawn(picture: np.ndarray, index: int, found: list[dict[str, Any]]) -> np.ndarray:
    """The picture with the id of each track, each in a colour of its own; grey what has none."""
    scale = TILE_WIDTH / picture.shape[1]  # so that ids can be read
    picture = cv2.resize(picture, None, fx=scale, fy=scale)
    for each in found:
        x1, y1, x2, y2 = (round(corner * scale) for corner in each["box"])
        track = each.get("track_id")
        hue = np.uint8([[[(track or 0) * 67 % 180, 255 if track else 0, 255]]])
        colour = cv2.cvtColor(hue, cv2.COLOR_HSV2BGR)[0, 0].tolist()
        cv2.rectangle(picture, (x1, y1), (x2, y2), colour, 2)
        text = f"{track or ''}{'' if each['label'] == 'person' else ' ' + each['label']}"
        for ink, width in (((0, 0, 0), 5), (colour, 2)):
            cv2.putText(picture, text, (x1, max(y1 - 6, 20)), FONT, 0.8, ink, width, cv2.LINE_AA)
    cv2.putText(picture, f"frame {index}", (8, picture.shape[0] - 12), FONT, 0.8, (255, 255, 255), 2, cv2.LINE_AA)
    return picture


def pictures(video: str, found: dict[int, list[dict[str, Any]]]) -> Iterator[np.ndarray]:
    """Every tenth frame, drawn."""
    with av.open(video) as container:
        for index, frame in enumerate(container.decode(video=0)):
            if index % EVERY == 0:
                yield drawn(frame.to_ndarray(format="bgr24"), index, found.get(index, []))


def main(video: str, messages: str, camera: str, folder: str) -> None:
    """Writes the sheets."""
    Path(folder).mkdir(parents=True, exist_ok=True)
    tiles = list(pictures(video, objects(Path(messages), camera)))
    tiles += [np.zeros_like(tiles[0])] * (-len(tiles) % (ROWS * COLUMNS))
    for number, sheet in enumerate(np.array(tiles).reshape(-1, ROWS, COLUMNS, *tiles[0].shape)):
        cv2.imwrite(f"{folder}/{camera}-{number:02}.png", np.vstack([np.hstack(row) for row in sheet]))


if __name__ == "__main__":
    main(*sys.argv[1:])
