"""Badger 2, the key-value database that step-ca keeps its records in, read only."""
