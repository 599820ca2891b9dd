"""Requests to one HTTP server, bounded in time and size whatever it does; for webhooks, and for who asks a model."""
