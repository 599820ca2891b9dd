"""What every package may use: records that flow, threads, back-off, files, metrics, errors."""
