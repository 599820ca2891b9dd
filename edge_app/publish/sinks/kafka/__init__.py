"""Topics of a Kafka cluster."""

from edge_app.publish.sinks.kafka.config import KafkaSinkConfig

__all__ = ["KafkaSinkConfig"]
