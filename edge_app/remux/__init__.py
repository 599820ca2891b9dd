"""A camera's coded packets become MP4 without being decoded: what is in them, which fit together, and when."""
