"""Requests to one HTTP server, bounded in time and size whatever it does; for webhooks and questions to a model."""
