"""The newest of every state that a sink is told: of each camera's status, of the counts."""

from __future__ import annotations

from collections.abc import Hashable

from edge_app.publish.messages import Message


class NewestStates:
    """States by whose and of which kind they are, and which of them are due. Whoever has it locks it."""

    def __init__(self) -> None:
        self._newest: dict[Hashable, Message] = {}
        self._due: dict[Hashable, Message] = {}

    def __bool__(self) -> bool:
        """Whether one is due."""
        return bool(self._due)

    def put(self, state: Message) -> None:
        """Makes this the newest of its camera and kind, which is due."""
        self._newest[_whose(state)] = self._due[_whose(state)] = state

    def pop(self) -> Message:
        """The one that has been due for longest, which is not due any more."""
        return self._due.pop(next(iter(self._due)))

    def again(self, state: Message) -> None:
        """It is due again, unless there is a newer one."""
        if self._newest.get(_whose(state)) is state:
            self._due[_whose(state)] = state

    def all_again(self) -> None:
        """The newest of every camera and kind is due."""
        self._due = dict(self._newest)

    def take_out(self, state: Message) -> Message | None:
        """The newest of its camera and kind, which is not due any more; None if none was."""
        return self._due.pop(_whose(state), None)

    def forget(self, state: Message) -> None:
        """It will never arrive; the next one of its camera and kind may."""
        if self._newest.get(_whose(state)) is state:
            del self._newest[_whose(state)]

    def clear(self) -> None:
        """Forgets all of them."""
        self._newest.clear()
        self._due.clear()


def _whose(state: Message) -> Hashable:
    """What two states have in common if one takes the place of the other."""
    return state.camera, state.kind
