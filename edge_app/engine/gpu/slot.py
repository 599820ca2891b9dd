"""One slot of an engine on the GPU: its streams, and what waits for what."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from typing import Any

from numpy.typing import NDArray

from edge_app.core.errors import DeviceMemoryError, EngineError
from edge_app.core.frames import Letterbox, Picture
from edge_app.cuda import Device, Event, owned
from edge_app.engine.gpu.executor import GpuExecutor
from edge_app.engine.gpu.tensors import GpuTensors
from edge_app.engine.slot import Outputs
from edge_app.model import InputSpec, Thresholds
from edge_app.postprocess import CellLayout, SelectedCells


class GpuSlot:
    """Uploads, letterboxes, computes and downloads a batch; only `wait` blocks.

    Each stage has its own stream, and an event lets the next stage begin when the one before has ended:

        decoder's   decoded
        upload      began  (decoded)  pixels  uploaded  letterbox  filled
        compute                                                   (filled)  started  model  selection  computed
        download                                                                     (computed)  cells or outputs  done
    """

    def __init__(
        self,
        device: Device,
        executor: GpuExecutor,
        spec: InputSpec,
        constants: Mapping[str, NDArray[Any]],
        layout: CellLayout | None,
    ) -> None:
        """Makes the buffers; the GPU is current, and the executor this slot's own; `layout` is of the model's cells.

        Raises:
            DataError: The preprocessing does not fit the model's input.
            DeviceMemoryError: There is too little memory.
        """
        self._device = device
        self._executor = executor
        self._letterboxes: tuple[Letterbox, ...] = ()
        self._pictures: tuple[Picture, ...] = ()
        self._failure: EngineError | None = None
        self._selects = False  # whether of the batch that runs
        with ExitStack() as stack:
            self._upload, self._download = (owned(stack, device.stream()) for _ in range(2))
            self._tensors = owned(stack, GpuTensors(device, executor, spec, constants, self._upload, layout))
            self._decoded, self._began, self._uploaded, self._filled = (owned(stack, device.event()) for _ in range(4))
            self._started, self._computed, self._done = (owned(stack, device.event()) for _ in range(3))
            self._resources = stack.pop_all()
        selector = self._selector = self._tensors.selector
        follow = None if selector is None else lambda batch: selector.enqueue(batch, executor.stream)
        executor.bind(self._tensors.addresses, follow)

    def select(self, thresholds: Thresholds | None) -> None:
        """From the next batch on only cells that these leave come to the host; see `Engine.select`."""
        if self._selector is not None:
            self._selector.thresholds = thresholds

    def submit(self, pictures: Sequence[Picture]) -> None:
        """Starts a batch; pictures on the GPU are held until it has been waited for, and what fails is told then."""
        if self._pictures:
            raise RuntimeError("submitted twice without waiting")
        if not 0 < len(pictures) <= self._executor.max_batch:
            raise ValueError(f"want 1 to {self._executor.max_batch} pictures, got {len(pictures)}")
        self._pictures = tuple(pictures)
        with self._device.current():
            try:
                self._enqueue(self._executor.batch or len(pictures))
            except EngineError as error:
                self._failure = error
            except DeviceMemoryError as error:
                self._failure = EngineError(str(error))
                self._failure.__cause__ = error

    def _enqueue(self, batch: int) -> None:
        upload, compute, download = self._upload, self._executor.stream, self._download
        self._began.record(upload)
        if any(picture.memory == "device" for picture in self._pictures):
            self._decoded.record(self._device.default_stream)
            upload.wait_event(self._decoded)
        self._letterboxes = self._tensors.letterboxer.enqueue(self._pictures, upload, self._uploaded)
        if self._selector is not None:
            self._selector.upload(upload)
        self._filled.record(upload)
        compute.wait_event(self._filled)
        self._started.record(compute)
        self._executor.enqueue(batch)
        self._computed.record(compute)
        download.wait_event(self._computed)
        self._selects = self._selector is not None and self._selector.thresholds is not None
        self._tensors.download(batch, download, cells=self._selects)
        self._done.record(download)

    def wait(self) -> Outputs:
        """The outputs; of a fixed batch those of the padding too."""
        if not self._pictures:
            raise RuntimeError("waited without submitting")
        try:
            with self._device.current():
                return self._finish(self._executor.batch or len(self._pictures))
        finally:
            self._pictures, self._failure = (), None

    def _finish(self, batch: int) -> Outputs:
        try:
            if self._failure is not None:
                raise self._failure
            self._done.synchronize()
        except EngineError:
            self.drain()
            raise
        selected = self._selected(batch)
        preprocess_s = self._filled.seconds_since(self._began)
        infer_s = self._computed.seconds_since(self._started)
        return Outputs(
            arrays=self._tensors.outputs(batch),
            letterboxes=self._letterboxes,
            preprocess_s=preprocess_s,
            infer_s=infer_s,
            selected=selected,
            overflowed=self._selects and selected is None,
        )

    def _selected(self, batch: int) -> SelectedCells | None:
        """The cells that came down; where one picture has too many, the whole outputs do instead."""
        if self._selector is None or not self._selects:
            return None
        selected = self._selector.found(len(self._pictures))
        if selected is None:
            self._tensors.download(batch, self._download, cells=False)
            self._download.synchronize()
        return selected

    def compute_again(self) -> int:
        """Computes a full batch of what is in its buffers, once the last is done; returns how many pictures that is.

        Whoever submits pictures next drains it first: they go into the same buffers.
        """
        batch, stream = self._executor.max_batch, self._executor.stream
        with self._device.current():
            self._computed.synchronize()
            self._executor.enqueue(batch)
            self._computed.record(stream)
        return batch

    def passed(self, since: Event) -> dict[str, float]:
        """When the batch that was waited for last came to each event, by its name above [s after another event]."""
        names = ("began", "uploaded", "filled", "started", "computed", "done")
        with self._device.current():
            return {name: getattr(self, f"_{name}").seconds_since(since) for name in names}

    def drain(self) -> None:
        """Waits for whatever was enqueued; raises DeviceFaultError where the failure was the context's loss."""
        for stream in (self._upload, self._executor.stream, self._download):
            stream.synchronize()

    def free(self) -> None:
        """Waits for what is in flight and gives everything back."""
        self.drain()
        self._resources.close()
