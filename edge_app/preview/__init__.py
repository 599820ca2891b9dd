"""Previews of what the program detects: annotated pictures, recordings and a window."""

from edge_app.preview.annotator import Annotator, mosaic
from edge_app.preview.newest import NewestFrames
from edge_app.preview.picture_file import write_picture
from edge_app.preview.places import PlacesPainter
from edge_app.preview.recorder import Recorder
from edge_app.preview.tails import Tails
from edge_app.preview.window import Window

__all__ = ["Annotator", "NewestFrames", "PlacesPainter", "Recorder", "Tails", "Window", "mosaic", "write_picture"]
