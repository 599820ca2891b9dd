"""From boxes to facts: tracks, zones, lines, events and counts."""

from edge_app.analytics.analytics import Analytics, AnalyticsConfig, SceneUpdate, make_analytics

__all__ = ["Analytics", "AnalyticsConfig", "SceneUpdate", "make_analytics"]
