"""MQTT brokers."""

from edge_app.publish.sinks.mqtt.config import MqttSinkConfig
from edge_app.publish.sinks.mqtt.sink import MqttSink

__all__ = ["MqttSink", "MqttSinkConfig"]
