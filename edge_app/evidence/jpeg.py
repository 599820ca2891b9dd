"""Pictures as JPEG that say when and by which camera they were taken."""

from __future__ import annotations

from datetime import datetime, timezone

import cv2
import numpy as np
from numpy.typing import NDArray

from edge_app.core.frames import FrameMeta

START = b"\xff\xd8"  # of a JPEG
EXIF = b"\xff\xe1"  # before the segment that holds it


def jpeg(pixels: NDArray[np.uint8], meta: FrameMeta, quality: int) -> bytes:
    """A frame's picture as JPEG with EXIF, baseline.

    Args:
        pixels: BGR, uint8 (height, width, 3).
        meta: The frame.
        quality: 1 to 100, as libjpeg has it.
    """
    coded = cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, quality])[1].tobytes()
    about = _exif(meta)
    return START + EXIF + (len(about) + 2).to_bytes(2, "big") + about + coded[len(START) :]


def _exif(meta: FrameMeta) -> bytes:
    """The content of the segment: the camera as `Model`, and when the frame was captured, in UTC."""
    from PIL import ExifTags, Image  # with its plug-ins it takes a tenth of a second to import

    moment = datetime.fromtimestamp(meta.time.wall, timezone.utc)
    exif = Image.Exif()
    exif.update({ExifTags.Base.Software: "edge_app", ExifTags.Base.Model: meta.camera})
    exif.get_ifd(ExifTags.IFD.Exif).update(
        {
            ExifTags.Base.DateTimeOriginal: f"{moment:%Y:%m:%d %H:%M:%S}",
            ExifTags.Base.SubsecTimeOriginal: f"{moment.microsecond // 1000:03d}",
            ExifTags.Base.OffsetTimeOriginal: "+00:00",
        }
    )
    return bytes(exif.tobytes())
