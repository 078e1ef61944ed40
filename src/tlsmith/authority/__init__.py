"""Authority: a private CA, its certificates, what it revoked and may do."""
