"""What objects do: facts from the detections of one camera."""
