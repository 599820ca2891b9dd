"""From boxes to facts: tracks, zones, lines, events and counts."""
