"""Files: read with clear errors, written whole or not at all, keys 0600."""

from tlsmith.files.atomic import is_stream, write_file
from tlsmith.files.home import data_home
from tlsmith.files.lock import exclusive_lock
from tlsmith.files.read import read_file, read_input
from tlsmith.files.together import NewFile, finish_interrupted, write_together

__all__ = [
    "NewFile",
    "data_home",
    "exclusive_lock",
    "finish_interrupted",
    "is_stream",
    "read_file",
    "read_input",
    "write_file",
    "write_together",
]
