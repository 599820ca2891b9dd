"""Cameras as people watch them: live video as the camera codes it, else pictures, and what was found in them."""
