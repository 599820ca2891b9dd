"""MQTT brokers."""

from edge_app.publish.sinks.mqtt.sink import MqttSink, MqttSinkConfig

__all__ = ["MqttSink", "MqttSinkConfig"]
