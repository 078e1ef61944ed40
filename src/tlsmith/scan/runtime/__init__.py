"""A running machine: its environment, its configuration, its processes."""

from tlsmith.scan.runtime.environment import CALLED, PREFIX, is_whole
from tlsmith.scan.runtime.look import Look
from tlsmith.scan.runtime.masking import masked

__all__ = ["CALLED", "PREFIX", "Look", "is_whole", "masked"]
