"""ACME's HTTP face (RFC 8555 section 6)."""
