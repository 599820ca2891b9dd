"""A real RTSP server for tests, run by the system's Python, and what it plays."""
