"""Proof by every TLS client on the machine: each connects, and accepts or not."""

from tlsmith.local.proof.client import Client
from tlsmith.local.proof.clients import clients_here
from tlsmith.local.proof.decision import Surroundings
from tlsmith.local.proof.engine import Proof, prove

__all__ = ["Client", "Proof", "Surroundings", "clients_here", "prove"]
