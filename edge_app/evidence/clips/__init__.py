"""Clips of events: the camera's own packets from before an event to after it, or video that is encoded for it."""

from edge_app.evidence.clips.clips import Clips

__all__ = ["Clips"]
