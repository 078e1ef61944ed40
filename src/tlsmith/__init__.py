"""From `curl -k` to verified TLS everywhere."""

__version__ = "0.1.0"
