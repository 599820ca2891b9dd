"""One batch on its way to the server and back."""

from __future__ import annotations

import time
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2

from edge_app.core.errors import EngineAwayError, EngineError, on_one_line
from edge_app.core.frames import Letterbox, Picture
from edge_app.engine.kserve.buffers import Buffers
from edge_app.engine.kserve.connection import Connection
from edge_app.engine.kserve.server import ModelServer
from edge_app.engine.slot import Outputs

if TYPE_CHECKING:
    from tritonclient.grpc import InferResult


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class SentBatch:
    """What was sent, and what comes of it.

    Attributes:
        buffers: Where it is, and where its answer will be.
        rows: Pictures that were asked for, those of the padding too.
        letterboxes: Where each picture lies in the model's input.
        preprocess_s: Time to fill the input [s].
        answer: What the server says, and after how long [s].
    """

    buffers: Buffers
    rows: int
    letterboxes: tuple[Letterbox, ...]
    preprocess_s: float
    answer: Future[tuple[InferResult, float]]


class KserveSlot:
    """One set of buffers and at most one request; see `Slot`."""

    def __init__(self, server: ModelServer, connection: Connection, buffers: Buffers, batch: int | None) -> None:
        """Sends nothing yet.

        Args:
            server: The model.
            connection: Whether it answers.
            buffers: What is sent from, until `use`.
            batch: The model's fixed batch, to which smaller ones are padded; None if it may vary.
        """
        self._server, self._connection, self._batch = server, connection, batch
        self._buffers = buffers
        self._sent: SentBatch | None = None

    @property
    def buffers(self) -> Buffers:
        """What is sent from."""
        return self._buffers

    def use(self, buffers: Buffers) -> None:
        """Others from the next batch on; any thread may call it."""
        self._buffers = buffers

    def submit(self, pictures: Sequence[Picture]) -> None:
        """Letterboxes the pictures into the buffers here, and sends them."""
        if self._sent is not None:
            raise RuntimeError("submitted twice without waiting")
        buffers, answer = self._buffers, Future[tuple["InferResult", float]]()
        if not 0 < len(pictures) <= buffers.inputs.capacity:
            raise ValueError(f"want 1 to {buffers.inputs.capacity} pictures, got {len(pictures)}")
        began, letterboxes = time.perf_counter(), tuple[Letterbox, ...]()
        if (why := self._connection.away) is not None:
            answer.set_exception(EngineAwayError(why))
        else:
            try:
                letterboxes = buffers.inputs.fill(pictures)
            except (MemoryError, cv2.error) as error:
                answer.set_exception(error)
        self._sent = SentBatch(
            buffers=buffers,
            rows=self._batch or len(pictures),
            letterboxes=letterboxes,
            preprocess_s=time.perf_counter() - began,
            answer=answer,
        )
        if not answer.done():
            self._send(self._sent)

    def wait(self) -> Outputs:
        """The outputs; of a fixed batch those of the padding too."""
        if (sent := self._sent) is None:
            raise RuntimeError("waited without submitting")
        try:
            result, seconds = sent.answer.result()  # there is one once the request's time is up
            arrays = sent.buffers.answer(result, sent.rows)
        except EngineError as error:
            if isinstance(error, EngineAwayError):
                self._connection.lost(str(error))
            raise
        except Exception as error:  # of memory, of OpenCV, or of an answer that makes no sense
            raise EngineError(on_one_line(error)) from error
        finally:
            self._sent = None
        self._connection.answered(result.get_response().model_version)
        return Outputs(arrays=arrays, letterboxes=sent.letterboxes, preprocess_s=sent.preprocess_s, infer_s=seconds)

    def _send(self, sent: SentBatch) -> None:
        began = time.perf_counter()

        def answered(result: InferResult | None, error: EngineError | None) -> None:
            if result is None:
                sent.answer.set_exception(error or EngineError("the server's answer is empty"))
            else:
                sent.answer.set_result((result, time.perf_counter() - began))

        request = sent.buffers.request(sent.rows)
        self._server.infer(request.inputs, request.outputs, answered)
