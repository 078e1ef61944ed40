"""The authority's server: HTTPS for the API, plain HTTP for revocation status."""
