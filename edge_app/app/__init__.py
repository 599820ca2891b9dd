"""A configuration becomes parts, and the parts become what runs."""
