"""The authority: a private CA as a service, its policy, its records, what it issues."""
