"""Tests of edge_app, on real servers and real pictures."""
