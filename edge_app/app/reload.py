"""Loads the configuration again while the program runs, and changes its file for whoever asks for that."""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from typing import Any

from edge_app.app import edits
from edge_app.app.config_file import ConfigFile, version_of
from edge_app.app.edits import Edit
from edge_app.app.factory import Parts, make_parts
from edge_app.app.plan import ONLY_AT_THE_START, Plan, make_plan
from edge_app.app.runtime import Runtime
from edge_app.app.transition import Transition
from edge_app.core.errors import EdgeAppError, InputError, StoppedError

logger = logging.getLogger(__name__)

WATCH_S = 1.0  # between two looks at the file
JOIN_S = 0.5  # at the end, for a reload that is being made


@dataclass(frozen=True, slots=True)
class ReloadReport:
    """What a reload did, or would do.

    Attributes:
        plan: What changes, and what is kept.
        applied: Whether it was done.
        file: Of one that changed the file too: how (`diff`), and which `version` it was; else empty.
    """

    plan: Plan
    applied: bool
    file: dict[str, str]

    @property
    def document(self) -> dict[str, Any]:
        """As JSON says it."""
        return {**self.file, "changes": [change.document for change in self.plan], "applied": self.applied}


@dataclass(frozen=True, slots=True)
class _Request:
    make: Callable[[Runtime], ReloadReport]
    report: Future[ReloadReport]


class Reloader:
    """Reloads one after the other, in a thread of its own.

    What is asked for before there is something that runs, while the model is loaded, is done then. With
    `reload: {watch: true}` the thread also looks at the file, and reloads once it has changed and rests.
    """

    def __init__(self, file: ConfigFile) -> None:
        """`file` is to be made before it is read for the first time: what changes from then on is a change."""
        self._file = file
        self._requests: queue.SimpleQueue[_Request | None] = queue.SimpleQueue()  # signal handlers may put into it
        self._ended = False

    @contextmanager
    def reloading(self, runtime: Runtime) -> Iterator[None]:
        """Reloads what runs for the duration of the block, inside `start`'s; from its end on, all are refused."""
        thread = threading.Thread(target=self._run, args=(runtime,), name="reload", daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._ended = True
            self._requests.put(None)
            thread.join(JOIN_S)
            self._refuse()

    def request(self, *, dry_run: bool = False) -> Future[ReloadReport]:
        """Asks for a reload, or with `dry_run` what it would do; any thread may, and a signal handler.

        The future raises EdgeAppError where the file is wrong or a part cannot be changed: everything is as it was.
        """
        return self._ask(self._plan if dry_run else self._apply)

    def edit(self, edit: Edit, version: str | None = None, *, dry_run: bool = False) -> Future[ReloadReport]:
        """Asks for a change of the file and a reload with it, or with `dry_run` what that would do.

        Args:
            edit: What changes.
            version: Of the file for which that was meant; another one is not changed. None: whatever it is.
            dry_run: Nothing is done.

        Returns:
            It raises EdgeAppError where that cannot be: file and program are as they were.
        """
        return self._ask(lambda runtime: self._edit(runtime, edit, version, dry_run))

    def _ask(self, make: Callable[[Runtime], ReloadReport]) -> Future[ReloadReport]:
        request = _Request(make, Future())
        self._requests.put(request)
        if self._ended:
            self._refuse()
        return request.report

    def _refuse(self) -> None:
        """Lets go of whoever waits for a reload that nobody makes any more."""
        with suppress(queue.Empty):
            while True:
                if (request := self._requests.get_nowait()) is not None:
                    request.report.set_exception(StoppedError("not reloaded, the program stops"))

    def _run(self, runtime: Runtime) -> None:
        while (request := self._next(runtime)) is not None:
            try:
                request.report.set_result(request.make(runtime))
            except EdgeAppError as error:
                request.report.set_exception(error)
            except Exception as error:  # a bug, which must not end a program that runs
                logger.exception("reload failed")
                request.report.set_exception(EdgeAppError(f"an internal error ({type(error).__name__})"))

    def _next(self, runtime: Runtime) -> _Request | None:
        """What was asked for, or that the file has changed; None at the end."""
        while not self._ended:
            with suppress(queue.Empty):
                return self._requests.get(timeout=WATCH_S)
            if runtime.parts.config.reload.watch and self._file.has_changed():
                return _Request(self._apply, Future())
        return None

    def _plan(self, runtime: Runtime) -> ReloadReport:
        return ReloadReport(make_plan(runtime.parts, self._parts(runtime)), False, {})

    def _apply(self, runtime: Runtime) -> ReloadReport:
        def apply() -> Plan:
            self._file.take()
            new = self._parts(runtime)
            return self._make(runtime, make_plan(runtime.parts, new), new)

        return ReloadReport(self._announced(runtime, apply), True, {})

    def _edit(self, runtime: Runtime, edit: Edit, version: str | None, dry_run: bool) -> ReloadReport:
        before = self._file.content()
        if version not in (None, version_of(before)):
            raise InputError(f"{self._file.path}: somebody has changed it meanwhile; look at it again")
        config, secrets = self._file.config(before), edit.secrets
        after = edit.content(before, config)
        self._file.secrets.refuse_used(secrets, before)
        new = make_parts(self._file.config(after, secrets), before=runtime.parts)
        edits.check(edit, config, new.config)
        plan = make_plan(runtime.parts, new)
        told = {
            "diff": edits.diff(self._file.path.name, before, after, new.config),
            "version": version_of(before if dry_run else after),
        }
        if not dry_run:
            with self._file.changed(before, after, secrets):
                self._announced(runtime, partial(self._make, runtime, plan, new))
        return ReloadReport(plan, not dry_run, told)

    def _announced(self, runtime: Runtime, apply: Callable[[], Plan]) -> Plan:
        """Applies it, and tells systemd, which waits for that, and the log."""
        runtime.service.reloading()
        try:
            plan = apply()
        except StoppedError:
            raise
        except EdgeAppError as error:
            for line in error.lines:
                logger.warning("not reloaded: %s", line)
            raise
        finally:
            runtime.service.ready()
        changes = [str(change) for change in plan if change.op != "="]
        logger.info("reloaded: %s", ", ".join(changes) or "nothing has changed")
        return plan

    def _make(self, runtime: Runtime, plan: Plan, new: Parts) -> Plan:
        if not plan.is_empty:
            Transition(runtime, new.keeping(runtime.parts.config, ONLY_AT_THE_START), plan).make()
        return plan

    def _parts(self, runtime: Runtime) -> Parts:
        return make_parts(self._file.config(), before=runtime.parts)
