"""Facts about what was detected: which object is which, from frame to frame."""
