"""Webhooks: messages as HTTP requests to a server of one's own."""

from edge_app.publish.sinks.webhook.config import WebhookSinkConfig

__all__ = ["WebhookSinkConfig"]
