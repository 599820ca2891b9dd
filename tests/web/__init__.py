"""A web server on a free port of this machine that holds models, and misbehaves on demand."""
