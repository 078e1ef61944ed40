"""ACME on the wire (RFC 8555): requests, problems, challenges. Needs extra `server`."""
