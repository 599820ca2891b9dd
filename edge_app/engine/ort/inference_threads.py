"""Who computes on the CPU: all threads one run together, or each thread a run of its own.

The threads of one run wait for each other after every operator. Where there is enough to do for each, they are faster
alone; where there is not, one run is done sooner by all of them.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import suppress
from dataclasses import dataclass, field

from onnxruntime import InferenceSession

Run = Callable[[InferenceSession], None]


@dataclass(eq=False)
class Work:
    """Runs that some threads take one after another.

    Attributes:
        session: Computes them.
        width: How many threads each could keep busy if it were done in parts.
        runs: Those that no thread has taken yet.
        lanes: Of each thread, when it began and ended [s].
    """

    session: InferenceSession | None
    width: int
    runs: deque[Run]
    lanes: list[Future[tuple[float, float]]] = field(default_factory=list)

    @classmethod
    def failed(cls, error: Exception) -> Work:
        """Work that failed before it began."""
        lane: Future[tuple[float, float]] = Future()
        lane.set_exception(error)
        return cls(None, 0, deque(), [lane])

    @property
    def left(self) -> int:
        """How many threads what is not done yet could keep busy."""
        return self.width * (len(self.runs) + sum(not lane.done() for lane in self.lanes))

    def take(self) -> tuple[float, float]:
        """Computes what is left, in a thread; once something has failed, nothing more is tried."""
        began = time.perf_counter()
        try:
            while (run := self._next()) is not None:
                run(self.session)
        except BaseException:
            self.runs.clear()
            raise
        return began, time.perf_counter()

    def _next(self) -> Run | None:
        with suppress(IndexError):  # another thread has taken the last one
            return self.runs.popleft()
        return None

    def wait(self) -> float:
        """Blocks until all is done; returns the time from the first beginning to the last end [s], or raises."""
        wait(self.lanes)
        times = [lane.result() for lane in self.lanes]
        return max(ended for _, ended in times) - min(began for began, _ in times)


class InferenceThreads:
    """The threads; one other thread gives them work.

    Attributes:
        together: The session whose runs use all threads.
        alone: The one whose runs use one; the same where there is one thread.
        count: How many they are.
    """

    def __init__(self, together: InferenceSession, alone: InferenceSession, count: int) -> None:
        """Makes the threads for these sessions."""
        self.together = together
        self.alone = alone
        self.count = count
        self._pool = ThreadPoolExecutor(count, thread_name_prefix="engine")
        self._given: list[Work] = []

    def are_busy_with(self, more: int) -> bool:
        """Whether each thread has something to do of its own, with what is given and so many runs more."""
        self._given = [work for work in self._given if work.left]
        return sum(work.left for work in self._given) + more >= self.count

    def compute_alone(self, runs: Iterable[Run]) -> Work:
        """Starts runs that share nothing; each thread does one after another by itself."""
        work = Work(self.alone, 1, deque(runs))
        return self._start(work, min(len(work.runs), self.count))

    def compute_together(self, runs: Iterable[Run], width: int = 1) -> Work:
        """Starts runs, each with all threads; `width` as in `Work`."""
        return self._start(Work(self.together, width, deque(runs)), 1)

    def _start(self, work: Work, lanes: int) -> Work:
        self._given.append(work)
        work.lanes += [self._pool.submit(work.take) for _ in range(lanes)]
        return work

    def stop(self) -> None:
        """Lets the threads go, without waiting for one that is stuck in a run."""
        self._pool.shutdown(wait=False)
