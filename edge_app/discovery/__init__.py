"""Finds cameras in the network: who answers as ONVIF wants it, and by which URL its stream is to be had."""

from edge_app.discovery.answers import FoundCamera
from edge_app.discovery.search import find_cameras
from edge_app.discovery.streams import Question, StreamUrl, stream_urls

__all__ = ["FoundCamera", "Question", "StreamUrl", "find_cameras", "stream_urls"]
