"""The private CA as a service: policy, issuing, revocation, records."""
