"""The HTTP side: probes, metrics and an API for who may; it knows the program by callables alone."""
