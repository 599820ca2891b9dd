"""What can go wrong, as one tree; each error has the exit code that tells the operator what to do.

A package may add children, which need no code of their own and are named here with their modules. Three that begin at
the top have the code of what they tell of.

EdgeAppError              70  an internal error
├── StoppedError           0  told to stop while something was still being made
├── ClosedOutput           0  nobody reads our standard output any more (publish/sinks/sink.py)
├── UsageError            64  the command line is wrong
├── DataError             65  data, or its result, is not good enough
│   ├── Int8AccuracyError     INT8 does not find what FP32 finds on this machine (detector/qualification.py)
│   └── UntrustedError        an engine file that somebody else could have written (trt_build/engine_file.py)
├── InputError            66  a model, a file source or another input is missing or unreadable
│   └── UnknownCameraError    there is no camera of that name
├── DeviceError           69  a camera, a broker or a GPU is unavailable
│   ├── StreamError           one camera; `run` reconnects, `check --probe` reports
│   │   └── BrokenOffError    the same after some frames, and how many were lost (capture/sources/source.py)
│   ├── SinkError             one broker or file; `run` reconnects, `check --probe` reports
│   │   ├── LoginError        the broker refused our login (publish/sinks/sink.py)
│   │   ├── BusyError         the other side takes nothing for now (publish/sinks/sink.py)
│   │   │   └── OutageError       nor would it take any other message (publish/sinks/sink.py)
│   │   │       └── HungUpError     it broke the connection off (publish/http/answers.py)
│   │   ├── RefusedError      it will never take one message, which is set aside (publish/sinks/sink.py)
│   │   │   └── UnwantedError     the sink was told to leave it out (publish/sinks/sink.py)
│   │   ├── NotAskedError     a model server takes no question for now (evidence/describe/vision_model.py)
│   │   └── NonsenseError     nothing can be made of its answer (evidence/describe/chat.py)
│   ├── EtcdError             no member of etcd does what it was asked (fleet/etcd.py)
│   │   └── EtcdAwayError     none answers, or none of a majority (fleet/etcd.py)
│   └── DeviceMemoryError     the GPU has too little memory left; at run time the batch is dropped
├── EngineError           70  a batch could not be computed; `run` retries its frames one by one
│   └── EngineAwayError   75  no frame can be computed now: the model's server is away
├── TemporaryError        75  try again
│   └── EndedError            every source has ended: nothing can be added any more (core/inbox.py)
├── DeviceFaultError      76  the GPU's context is lost; only a new process gets another
├── AccessError           77  the operating system refuses
├── ConfigError           78  the configuration is wrong; restarting will not help
│   └── ConfigIssuesError     several issues of it, a line each (config/issue.py)
├── StepError                 a step of installing the service failed, with the code of its command (systemd/step.py)
├── FindingsError             what `check` looked at does not answer; the highest code counts (cli/check.py)
└── RemoteError               an error of the program that was asked to reload (app/control.py)
"""

from __future__ import annotations

from enum import Enum


class Reason(str, Enum):
    """Why a camera is down: the wire's `reason`."""

    AUTH_FAILED = "auth_failed"
    TIMEOUT = "timeout"
    REFUSED = "refused"
    UNREACHABLE = "unreachable"
    NOT_FOUND = "not_found"
    STALLED = "stalled"
    STUCK = "stuck"
    TLS = "tls"
    CODEC = "codec"
    DECODE_ERRORS = "decode_errors"
    TOO_LARGE = "too_large"
    ENDED = "ended"
    FAILED = "failed"


def first_line(error: Exception) -> str:
    """What a library's error says, without its stack or explanations."""
    return str(error).strip().partition("\n")[0]


def on_one_line(error: Exception) -> str:
    """All that a library's error says, without its line breaks; the name of its class if it says nothing."""
    return " ".join(str(error).split()) or type(error).__name__


def forget(error: BaseException | None) -> None:
    """Lets go of the stack frames that an error has passed through, which hold packets, pictures and the error itself.

    Otherwise these would stay until Python's collector looks for reference cycles, which it does by their number, not
    their size.
    """
    while error is not None:
        error.__traceback__, error = None, error.__cause__ or error.__context__


class EdgeAppError(Exception):
    """Base of every error that this program raises on purpose; its text is one line for the operator."""

    exit_code = 70

    @property
    def lines(self) -> tuple[str, ...]:
        """What the operator is told, one line unless several things are wrong."""
        return (str(self),)


class StoppedError(EdgeAppError):
    """Stopped during start-up; partial results are removed."""

    exit_code = 0


class UsageError(EdgeAppError):
    """The command line is wrong."""

    exit_code = 64


class DataError(EdgeAppError):
    """Data, or a result made from it, is not good enough to go on with."""

    exit_code = 65


class InputError(EdgeAppError):
    """A model, a file source or another input is missing or unreadable."""

    exit_code = 66


class UnknownCameraError(InputError):
    """There is no camera of that name in the configuration."""


class DeviceError(EdgeAppError):
    """A camera, a broker or a GPU is unavailable."""

    exit_code = 69


class StreamError(DeviceError):
    """A camera failed; reconnecting may help. The text never holds a URL's credentials."""

    def __init__(self, reason: Reason, message: str) -> None:
        super().__init__(message)
        self.reason = reason


class SinkError(DeviceError):
    """A broker or an output file failed; trying again may help. The text never holds a password."""


class DeviceMemoryError(DeviceError):
    """The GPU has too little memory left; the text says how much was asked and what is free."""


class EngineError(EdgeAppError):
    """The engine could not compute a batch."""


class EngineAwayError(EngineError):
    """No frame can be computed for now, as the model's server is away; starting again may help."""

    exit_code = 75


class TemporaryError(EdgeAppError):
    """Something temporary went wrong; starting again may help."""

    exit_code = 75


class DeviceFaultError(EdgeAppError):
    """A sticky CUDA fault: every later call of this process would fail too."""

    exit_code = 76


class AccessError(EdgeAppError):
    """The operating system refuses access."""

    exit_code = 77


class ConfigError(EdgeAppError):
    """The configuration is wrong; restarting will not help.

    Attributes:
        issues: The keys that are wrong, as in `cameras.gate.url`, each with what is wrong, without the file and
            the place; empty where nobody has said which.
    """

    exit_code = 78
    issues: tuple[tuple[str, str], ...] = ()
