"""One JSON document a line over TCP, or a datagram over UDP."""

from edge_app.publish.sinks.ndjson.config import TcpSinkConfig, UdpSinkConfig

__all__ = ["TcpSinkConfig", "UdpSinkConfig"]
