"""The GPU, driver and board of this machine, which engines are built for; needs no CUDA package."""

from __future__ import annotations

import ctypes
import re
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

COMPUTE_CAPABILITY_MAJOR, COMPUTE_CAPABILITY_MINOR = 75, 76  # CUdevice_attribute
OLDEST_GPU = (7, 5)  # Turing; the kernels' PTX is for it
NVIDIA_DRIVER = Path("/proc/driver/nvidia/version")
TEGRA_RELEASE = Path("/etc/nv_tegra_release")
MEMINFO = Path("/proc/meminfo")


@dataclass(frozen=True, slots=True)
class Machine:
    """The parts of this machine that an engine is built for; what is missing is None.

    Attributes:
        gpu: Name of the GPU.
        capability: Its compute capability, such as (8, 6).
        driver: Version of NVIDIA's kernel module.
        cuda: Version of CUDA that the driver speaks.
        l4t: Version of Jetson Linux.
        trouble: Why there is no GPU; empty if there is one.
    """

    gpu: str | None = None
    capability: tuple[int, int] | None = None
    driver: str | None = None
    cuda: str | None = None
    l4t: str | None = None
    trouble: str = ""

    @property
    def target(self) -> str | None:
        """Its compute capability as builders write it, such as sm86."""
        return None if self.capability is None else "sm{}{}".format(*self.capability)


def this_machine(device: int = 0) -> Machine:
    """Looks at the GPU with that number; makes no CUDA context."""
    driver, l4t = driver_version(NVIDIA_DRIVER), l4t_version(TEGRA_RELEASE)
    try:
        cuda = ctypes.CDLL("libcuda.so.1")
    except OSError:
        return Machine(driver=driver, l4t=l4t, trouble="no NVIDIA driver (libcuda.so.1 is missing)")
    version = ctypes.c_int()
    cuda.cuDriverGetVersion(ctypes.byref(version))
    spoken = f"{version.value // 1000}.{version.value % 1000 // 10}"
    try:
        name, capability = _gpu(cuda, device)
    except OSError as error:
        return Machine(driver=driver, cuda=spoken, l4t=l4t, trouble=str(error))
    return Machine(name, capability, driver, spoken, l4t)


def is_jetson() -> bool:
    """Whether this is a Jetson board."""
    return l4t_version(TEGRA_RELEASE) is not None


def driver_version(path: Path) -> str | None:
    """The version in the kernel module's own words: `NVRM version: … Kernel Module  580.159.03  …`."""
    with suppress(OSError):
        if found := re.search(r"NVRM version:.*?\s(\d+\.[\d.]+)\s", path.read_text()):
            return found.group(1)
    return None


def l4t_version(path: Path) -> str | None:
    """The version in Jetson's release file: `# R36 (release), REVISION: 4.0, …`."""
    with suppress(OSError):
        if found := re.match(r"# R(\d+) \(release\), REVISION: ([\d.]+)", path.read_text()):
            return ".".join(found.groups())
    return None


def available_memory() -> int | None:
    """How much of the host's memory is available [bytes]; None if the kernel does not say."""
    with suppress(OSError):
        if found := re.search(r"MemAvailable:\s+(\d+) kB", MEMINFO.read_text()):
            return int(found.group(1)) << 10
    return None


def _gpu(cuda: ctypes.CDLL, device: int) -> tuple[str, tuple[int, int]]:
    """Name and compute capability; raises OSError in words."""
    handle, name = ctypes.c_int(), ctypes.create_string_buffer(256)
    numbers = [ctypes.c_int(), ctypes.c_int()]
    calls = [
        cuda.cuInit(0),
        cuda.cuDeviceGet(ctypes.byref(handle), device),
        cuda.cuDeviceGetName(name, len(name), handle),
        cuda.cuDeviceGetAttribute(ctypes.byref(numbers[0]), COMPUTE_CAPABILITY_MAJOR, handle),
        cuda.cuDeviceGetAttribute(ctypes.byref(numbers[1]), COMPUTE_CAPABILITY_MINOR, handle),
    ]
    if error := next(filter(None, calls), 0):
        text = ctypes.c_char_p()
        cuda.cuGetErrorString(error, ctypes.byref(text))
        raise OSError(f"no GPU {device}: {(text.value or b'unknown').decode()} (CUDA error {error})")
    return name.value.decode(), (numbers[0].value, numbers[1].value)
