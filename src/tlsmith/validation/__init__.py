"""Challenges validated over the network (RFC 8555 section 8). Needs extra `server`."""

from tlsmith.validation.attempt import Outcome
from tlsmith.validation.settings import ValidationSettings
from tlsmith.validation.validator import Validator

__all__ = ["Outcome", "ValidationSettings", "Validator"]
