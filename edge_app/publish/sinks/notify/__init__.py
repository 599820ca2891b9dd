"""Notifications: events told to people, by the services that Apprise knows."""

from edge_app.publish.sinks.notify.config import NotifySinkConfig

__all__ = ["NotifySinkConfig"]
