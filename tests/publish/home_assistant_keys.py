"""The keys that Home Assistant documents for what we announce, and some of their values.

From https://www.home-assistant.io/integrations/mqtt/#device-discovery-payload and the pages of the platforms,
https://www.home-assistant.io/integrations/binary_sensor.mqtt/ and https://www.home-assistant.io/integrations/sensor.mqtt/,
compared with the schemas of Home Assistant 2026.11.0 (`homeassistant/components/mqtt/`) on 2026-11-29. Keys that it
marks as deprecated are left out.
"""

from __future__ import annotations

OBJECT_ID = r"[a-zA-Z0-9_-]+"

AVAILABILITY = {"topic", "payload_available", "payload_not_available", "value_template"}
DEVICE = {
    "identifiers",
    "connections",
    "configuration_url",
    "hw_version",
    "manufacturer",
    "model",
    "model_id",
    "name",
    "serial_number",
    "suggested_area",
    "sw_version",
    "via_device",
}
ORIGIN_REQUIRED, ORIGIN = {"name"}, {"name", "sw_version", "support_url"}
ROOT_REQUIRED = {"device", "origin", "components"}
SHARED = {
    "availability",
    "availability_mode",
    "availability_template",
    "availability_topic",
    "command_topic",
    "encoding",
    "payload_available",
    "payload_not_available",
    "qos",
    "state_topic",
}

COMPONENT_REQUIRED = {"platform", "unique_id", "state_topic"}
ENTITY = {
    "availability",
    "availability_mode",
    "availability_template",
    "availability_topic",
    "default_entity_id",
    "device_class",
    "enabled_by_default",
    "encoding",
    "entity_category",
    "entity_picture",
    "expire_after",
    "force_update",
    "icon",
    "json_attributes_template",
    "json_attributes_topic",
    "name",
    "payload_available",
    "payload_not_available",
    "platform",
    "qos",
    "state_topic",
    "unique_id",
    "value_template",
}
PLATFORMS = {
    "binary_sensor": ENTITY | {"off_delay", "payload_off", "payload_on"},
    "sensor": ENTITY
    | {"last_reset_value_template", "options", "state_class", "suggested_display_precision", "unit_of_measurement"},
}
DEVICE_CLASSES = {"binary_sensor": {"connectivity", "occupancy", "presence", "problem"}}  # some of them
STATE_CLASSES = {"measurement", "measurement_angle", "total", "total_increasing"}
CATEGORIES = {"diagnostic"}  # `config` is refused for both platforms
