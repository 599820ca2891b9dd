"""The thread that asks a model what is on events' pictures; nobody waits for it."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from edge_app.core.backoff import Backoff
from edge_app.core.engine_status import EngineStatus, EngineStatusLog
from edge_app.core.errors import SinkError
from edge_app.core.metrics import Metrics
from edge_app.evidence.describe.chat import Description, NonsenseError
from edge_app.evidence.describe.config import DescribeConfig
from edge_app.evidence.describe.vision_model import NotAskedError, VisionModel, shrunk
from edge_app.evidence.privacy import PrivacyMask, PrivacyMasks
from edge_app.publish.messages import Message
from edge_app.publish.sinks.sink import LoginError

DESCRIBE_THREAD = "describe"
MOST_WAITING = 16  # events; at six a minute the last of them waits for nearly three minutes
MOST_AGE_S = 300.0  # since the event; what is told later helps nobody
MINUTE_S = 60.0
LONGEST_PAUSE_S = 600.0  # whatever `Retry-After` says
CALM_S = 60.0
FAILS = "describe: events go on without descriptions, which are counted: %s"
WELL = "describe: the model answers again; it failed %d times"


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class DescriptionOrder:
    """An event whose picture is on the disk.

    Attributes:
        message: What was told of it.
        picture: The picture's name, relative to the folder of the evidence.
        mask: What was not to be seen on its camera's pictures before that one was drawn.
        ordered_mono: When that was, monotonic clock [s].
    """

    message: Message
    picture: str
    mask: PrivacyMask
    ordered_mono: float = field(default_factory=time.monotonic)

    @property
    def camera(self) -> str:
        """Of the event."""
        return self.message.camera or ""


Tell = Callable[[Message, Mapping[str, Any]], object]


class Describer:
    """A bounded queue of pictures, and `run`, a thread of its own, which asks about one after the other.

    Whatever the server does costs a description and nothing else. It sends no heartbeat: an answer may take minutes.
    """

    def __init__(self, config: DescribeConfig, folder: Path, masks: PrivacyMasks, metrics: Metrics, tell: Tell) -> None:
        """Asks nothing yet.

        Args:
            config: What is asked, and of whom.
            folder: Of the evidence.
            masks: What nobody is to see now.
            metrics: Counts `descriptions` and `descriptions_dropped`; observes `description`, how long each took.
            tell: Gets what is new of an event, by keys of its message; called by `run`, must not block.

        Raises:
            ConfigError, AccessError: Certificates or a proxy are wrong.
        """
        self._config, self._model = config, VisionModel(config)
        self._folder, self._masks, self._metrics, self._publish = folder, masks, metrics, tell
        self._changed = threading.Condition()
        self._waiting: deque[DescriptionOrder] = deque()
        self._asking: DescriptionOrder | None = None
        self._asked_mono: deque[float] = deque(maxlen=config.max_per_minute)
        self._resume_mono, self._backoff = 0.0, _backoff()
        self._finishing = self._closed = False
        self._status = EngineStatusLog(fails=FAILS, well=WELL, calm_s=CALM_S)

    @property
    def config(self) -> DescribeConfig:
        """What is asked, and of whom."""
        return self._config

    @property
    def status(self) -> EngineStatus:
        """Whether the model answers; any thread may ask."""
        return self._status.current

    @property
    def is_idle(self) -> bool:
        """Whether nothing waits or is asked."""
        with self._changed:
            return not self._waiting and self._asking is None

    def order(self, order: DescriptionOrder) -> None:
        """Has a picture described, if there is time for it; any thread may say so, and does not wait."""
        with self._changed:
            self._waiting.append(order)
            if self._finishing or self._closed:
                self._drop_all("ended")
            elif len(self._waiting) > MOST_WAITING:
                self._drop(self._waiting.popleft(), "queue")
            self._changed.notify_all()

    def use(self, config: DescribeConfig) -> None:
        """From the next picture on, this is asked; any thread may say so. Raises as `__init__`."""
        model = VisionModel(config)
        with self._changed:
            before, self._model, self._config = self._model, model, config
            self._asked_mono = deque(self._asked_mono, maxlen=config.max_per_minute)
            self._resume_mono, self._backoff = 0.0, _backoff()
            self._changed.notify_all()
        before.cut()

    def finish(self, *, at_once: bool) -> None:
        """No more pictures come: what would have to wait is not asked about, and `at_once` nothing is any more."""
        with self._changed:
            self._finishing = True
            if at_once:
                self._drop_all("ended")
            self._changed.notify_all()
        if at_once:
            self._model.cut()

    def close(self) -> None:
        """Makes `run` return soon."""
        with self._changed:
            self._closed = True
        self.finish(at_once=True)

    def run(self) -> None:
        """Asks until it is closed."""
        while (order := self._next()) is not None:
            self._describe(order, self._model)
            with self._changed:
                self._asking = None

    def _next(self) -> DescriptionOrder | None:
        """What is asked about next, once that may be; None once it is closed."""
        with self._changed:
            while not self._closed:
                wait_s = self._wait_s()
                if wait_s > 0 and self._finishing:
                    self._drop_all("ended")
                if self._waiting and wait_s <= 0:
                    self._asking = self._waiting.popleft()
                    return self._asking
                self._changed.wait(wait_s if self._waiting else None)
        return None

    def _wait_s(self) -> float:
        """How long until the next question may be asked [s]."""
        asked = self._asked_mono
        free_mono = asked[0] + MINUTE_S if len(asked) == asked.maxlen else 0.0
        return max(self._resume_mono, free_mono) - time.monotonic()

    def _describe(self, order: DescriptionOrder, model: VisionModel) -> None:
        if time.monotonic() - order.ordered_mono > MOST_AGE_S:
            self._drop(order, "late")
        elif self._masks.of(order.camera) is not order.mask:
            self._drop(order, "privacy")
        elif (jpeg := self._picture(order)) is None:
            self._drop(order, "picture")
        else:
            self._ask(order, model, jpeg)

    def _picture(self, order: DescriptionOrder) -> bytes | None:
        try:
            return shrunk((self._folder / order.picture).read_bytes())
        except OSError:  # deleted, as what is too much is
            return None

    def _ask(self, order: DescriptionOrder, model: VisionModel, jpeg: bytes) -> None:
        began = time.monotonic()
        self._asked_mono.append(began)
        try:
            found = model.ask(jpeg)
        except SinkError as error:
            if model is not self._model:  # it was cut off
                self._put_back(order)
            elif self._finishing:
                self._drop(order, "ended")
            else:
                self._failed(order, error)
            return
        self._backoff = _backoff()
        self._status.computed()
        self._metrics.count("descriptions", camera=order.camera)
        self._metrics.observe("description", time.monotonic() - began, camera=order.camera)
        self._publish(order.message, _news(found))

    def _failed(self, order: DescriptionOrder, error: SinkError) -> None:
        if isinstance(error, NotAskedError):
            self._put_back(order)
        else:
            self._drop(order, "nonsense" if isinstance(error, NonsenseError) else "failed")
        self._status.failed(str(error))
        asked_s = error.retry_s if isinstance(error, NotAskedError) else None
        pause_s = self._backoff.pause(0.0, login_refused=isinstance(error, LoginError)) if asked_s is None else asked_s
        with self._changed:
            self._resume_mono = time.monotonic() + min(pause_s, LONGEST_PAUSE_S)

    def _put_back(self, order: DescriptionOrder) -> None:
        with self._changed:
            if self._finishing or len(self._waiting) >= MOST_WAITING:
                self._drop(order, "ended" if self._finishing else "queue")
            else:
                self._waiting.appendleft(order)

    def _drop_all(self, reason: str) -> None:
        while self._waiting:
            self._drop(self._waiting.popleft(), reason)

    def _drop(self, order: DescriptionOrder, reason: str) -> None:
        self._metrics.count("descriptions_dropped", camera=order.camera, reason=reason)


def _backoff() -> Backoff:
    return Backoff(initial_s=0.5, max_s=5.0)


def _news(found: Description) -> dict[str, Any]:
    return {"description": found.text, "verified": found.verified}
