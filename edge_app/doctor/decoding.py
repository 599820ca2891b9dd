"""Checks what decodes video and pictures."""

from __future__ import annotations

import ctypes
import re
from importlib.metadata import distributions

import av
import cv2

from edge_app.capture import has_nvdec
from edge_app.cuda import Machine
from edge_app.doctor.check import Check


def check_nvdec(machine: Machine) -> Check:
    """Whether NVIDIA's video decoder can be used."""
    if machine.l4t:
        plugins = "gir1.2-gst-plugins-base-1.0 gstreamer1.0-plugins-good gstreamer1.0-plugins-bad"
        advice = f"decode: gstreamer uses it: apt-get install python3-gi {plugins}"
        return Check("nvdec", "skip", "a Jetson's decoder is reached through GStreamer", advice)
    if machine.gpu is None:
        return Check("nvdec", "skip", "no NVIDIA GPU", "nothing to do: streams are decoded on the CPU")
    if not has_nvdec():
        advice = "pip install 'av>=18' (its wheels have it, for Python 3.11 or newer)"
        return Check("nvdec", "warn", f"PyAV {av.__version__} does not have it", advice)
    try:
        ctypes.CDLL("libnvcuvid.so.1")
    except OSError as error:
        advice = (
            "install the driver's decoder library; in a container set NVIDIA_DRIVER_CAPABILITIES=compute,utility,video"
        )
        return Check("nvdec", "warn", str(error), advice)
    return Check("nvdec", "ok", f"PyAV {av.__version__} and libnvcuvid.so.1")


def check_opencv() -> Check:
    """OpenCV's version and backends, and whether two of its packages overwrite each other."""
    backends = [name for name in ("FFMPEG", "GStreamer", "v4l/v4l2") if _has_backend(name)]
    found = f"OpenCV {cv2.__version__}, {', '.join(backends) or 'no backends'}"
    wheels = sorted({name for d in distributions() if (name := d.metadata["Name"]) and name.startswith("opencv-")})
    if len(wheels) > 1:
        others = " ".join(name for name in wheels if name != "opencv-python")
        advice = f"pip uninstall {' '.join(wheels)}, then pip install opencv-python"
        return Check("opencv", "warn", f"{found}; {others} overwrites opencv-python", advice)
    if "v4l/v4l2" not in backends:
        return Check("opencv", "warn", found, "USB cameras need V4L2: pip install opencv-python")
    return Check("opencv", "ok", found)


def _has_backend(backend: str) -> bool:
    return bool(re.search(rf"{backend}[^:\n]*:\s+YES", cv2.getBuildInformation()))
