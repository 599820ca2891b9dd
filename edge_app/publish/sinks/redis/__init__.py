"""Streams of a Redis server."""

from edge_app.publish.sinks.redis.config import RedisSinkConfig

__all__ = ["RedisSinkConfig"]
