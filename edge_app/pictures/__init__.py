"""What the program sees, for people: boxes on pictures, films of them, a window."""

from edge_app.pictures.drawing import Artist, mosaic
from edge_app.pictures.recorder import Recorder
from edge_app.pictures.window import Window

__all__ = ["Artist", "Recorder", "Window", "mosaic"]
