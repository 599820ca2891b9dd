"""Decoding: packets to frames, frames to pictures."""
