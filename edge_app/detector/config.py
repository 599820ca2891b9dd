"""Which detections count: the `detect` section."""

from __future__ import annotations

from pydantic import Field

from edge_app.config.section import Section


class DetectConfig(Section):
    """Which detections count."""

    confidence: float | None = Field(default=None, ge=0, le=1)
    """Lowest score; lower finds more and errs more. null: the model card's."""
    nms_iou: float | None = Field(default=None, ge=0, le=1)
    """Two boxes of a class that overlap by more than this [intersection/union] are one; higher keeps more in crowds,
    and more doubles. null: the model card's."""
    labels: tuple[str, ...] | None = Field(default=None, min_length=1)
    """Classes that are reported, such as [person, car]; null: all."""
