"""X.509 without I/O and without a clock: bytes and values in, bytes and values out."""
