"""A model file computed on the CPU exactly as it is written, over many pictures."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from edge_app.calibration.subject import Subject
from edge_app.core.detections import Detections
from edge_app.core.errors import DataError
from edge_app.core.frames import Letterbox, Picture
from edge_app.engine.ort.cpu import open_session
from edge_app.engine.ort.inputs import Inputs

Arrays = list[NDArray[Any]]


class ReferenceModel:
    """A form of the subject's model: itself, one with quantizers, one that shows more outputs."""

    def __init__(self, path: Path, subject: Subject) -> None:
        """Loads it; raises DataError where ONNX Runtime cannot."""
        self._path = path
        self._subject = subject
        self._session = open_session(path, threads=0, as_written=True)
        self._inputs = Inputs(self._session, subject.input, subject.batch or 1, subject.constants)

    def run(self, pictures: Iterable[Picture], names: Sequence[str] | None = None) -> Iterator[tuple[int, Arrays]]:
        """The outputs of each batch, and of how many of its rows there is a picture; the rest repeat the last one.

        Args:
            pictures: Of any size.
            names: Which outputs; all of them in the model's order where None.

        Raises:
            DataError: The model cannot be run.
        """
        batch: list[Picture] = []
        for picture in pictures:
            batch.append(picture)
            if len(batch) == self._inputs.capacity:
                yield len(batch), self._compute(batch, names)
                batch = []
        if batch:
            missing = self._inputs.capacity - len(batch)
            yield len(batch), self._compute(batch + batch[-1:] * missing, names)

    def fed(self, name: str) -> NDArray[Any]:
        """The input of that name as it was fed last."""
        return self._inputs.feed(self._inputs.capacity)[name]

    def detect(self, pictures: Iterable[Picture]) -> Iterator[Detections]:
        """What it finds in each letterboxed picture, down to the least score of agreement [model px]."""
        wh = self._subject.input.width, self._subject.input.height
        whole = Letterbox(1.0, 1.0, 0, 0, *wh)
        for count, arrays in self.run(pictures):
            yield from (self._subject.postprocess(tuple(arrays), row, whole, wh)[0] for row in range(count))

    def _compute(self, batch: Sequence[Picture], names: Sequence[str] | None) -> Arrays:
        self._inputs.fill(batch)
        try:
            return self._session.run(names, self._inputs.feed(len(batch)))  # type: ignore[no-any-return]
        except Exception as error:  # ONNX Runtime's errors have no base class of their own
            first = str(error).strip().split("\n")[0]
            raise DataError(f"{self._path}: ONNX Runtime cannot run it ({first})") from error
