"""What every room may use: what flows, threads, clocks of retries, files, metrics, errors."""
