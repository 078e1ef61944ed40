"""Live servers: what they present, and whether this machine accepts it."""

from tlsmith.probe.connect import TIMEOUT, Presented, Verdict, inspect, verify
from tlsmith.probe.target import STARTTLS_PORTS, Target, parse_target

__all__ = [
    "STARTTLS_PORTS",
    "TIMEOUT",
    "Presented",
    "Target",
    "Verdict",
    "inspect",
    "parse_target",
    "verify",
]
