"""ACME over an authority (RFC 8555): what its requests do, without HTTP."""
