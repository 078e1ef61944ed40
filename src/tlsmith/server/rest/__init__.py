"""The REST API: issuing, finding, revoking, and the state of the CA, as JSON."""

from tlsmith.server.rest.mounting import PREFIX, rest_app, rest_routes

__all__ = ["PREFIX", "rest_app", "rest_routes"]
