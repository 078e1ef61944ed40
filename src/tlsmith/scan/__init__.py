"""Find where TLS verification is off, or trust is handed out wrongly."""
