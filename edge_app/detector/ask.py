"""Who answers what a model's file does not say of its layout: the model itself, computed on the CPU (a `Network`)."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from edge_app.core.errors import DataError, first_line
from edge_app.postprocess import RawOutputs

if TYPE_CHECKING:
    import onnxruntime

logger = logging.getLogger(__name__)


class OnnxFileNetwork:
    """A file that ONNX Runtime loads when it is first asked, on whatever the model is to run later."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._session: onnxruntime.InferenceSession | None = None

    def answer(self, feed: Mapping[str, NDArray[Any]]) -> RawOutputs | None:
        """The outputs; None if ONNX Runtime cannot compute them, such as those of a plugin of TensorRT's."""
        from edge_app.engine.ort.session import open_session

        try:
            self._session = self._session or open_session(self._path, threads=0)
            outputs = self._session.run(None, dict(feed))
        except DataError as error:
            logger.debug("%s", error)
            return None
        except Exception as error:  # ONNX Runtime's errors have no base class of their own
            logger.debug("%s: a test picture: %s", self._path, first_line(error))
            return None
        return tuple(outputs) if all(isinstance(array, np.ndarray) for array in outputs) else None
