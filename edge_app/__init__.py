"""Camera streams in, detections out: video analytics on one edge device."""
