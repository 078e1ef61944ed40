"""ACME clients, and the network they live in, that cost little beside a server."""
