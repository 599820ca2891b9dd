"""Facts about what was detected: which object is which, from frame to frame."""

from edge_app.analytics.analytics import Analytics, Facts

__all__ = ["Analytics", "Facts"]
