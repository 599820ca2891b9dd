"""The HTTP side: probes, metrics and an API for whoever may use them; it knows the program by callables alone."""
