"""DNS messages: a question on its way out, and what an answer holds (RFC 1035 4).

dnspython takes 80 microseconds to write a question and read its answer, this takes 8:
http-01 asks two of each name. Tests compare the two.
"""

from __future__ import annotations

import struct
from typing import NamedTuple

A, CNAME, TXT, AAAA, CAA = 1, 5, 16, 28, 257
TYPES = {A: "A", CNAME: "CNAME", TXT: "TXT", AAAA: "AAAA", CAA: "CAA"}
NO_ERROR, FORMAT_ERROR, SERVER_FAILURE, NAME_ERROR, NOT_IMPLEMENTED, REFUSED = range(6)
RCODES = {
    FORMAT_ERROR: "FORMERR",
    SERVER_FAILURE: "SERVFAIL",
    NAME_ERROR: "NXDOMAIN",
    NOT_IMPLEMENTED: "NOTIMP",
    REFUSED: "REFUSED",
}
_HEADER = struct.Struct("!6H")
_QUESTION = struct.Struct("!2H")
_RECORD = struct.Struct("!2HIH")
_IN = 1
_IS_ANSWER, _OPCODE, _IS_TRUNCATED, _WANT_RECURSION = 0x8000, 0x7800, 0x0200, 0x0100
# EDNS with 1232 bytes, which pass unfragmented everywhere (RFC 6891, RFC 9715).
_EDNS = struct.pack("!BHHIH", 0, 41, 1232, 0, 0)
# More than any sane answer; what one message may make us do is to be bounded.
_MOST_RECORDS = 512
_LONGEST_NAME, _LONGEST_LABEL = 255, 63


class BadMessageError(ValueError):
    """A message that is no DNS message."""


class Question(NamedTuple):
    """What is asked: a name on the wire, in lower case, and a type."""

    name: bytes
    type: int

    def encode(self, number: int, *, edns: bool = True) -> bytes:
        """Return the query of this number, which wants recursion."""
        header = _HEADER.pack(number, _WANT_RECURSION, 1, 0, 0, 1 if edns else 0)
        asked = self.name + _QUESTION.pack(self.type, _IN)
        return header + asked + _EDNS if edns else header + asked

    def __str__(self) -> str:
        return f"{TYPES[self.type]} of {text_of(self.name)}"


class Record(NamedTuple):
    """A resource record; the data of a CNAME is the name, uncompressed."""

    owner: bytes
    type: int
    data: bytes


class Answer(NamedTuple):
    """What came back, of the answer section only."""

    rcode: int
    is_truncated: bool
    records: tuple[Record, ...]


def name_on_wire(text: str) -> bytes:
    """Return a name as it is sent, in lower case.

    Raises:
        BadMessageError: a label or the name is too long, empty, or not ASCII.
    """
    parts: list[bytes] = []
    try:
        for label in text.removesuffix(".").lower().encode("ascii").split(b"."):
            if not 0 < len(label) <= _LONGEST_LABEL:
                raise BadMessageError(f"the name {text!r} cannot be asked for")
            parts += (bytes((len(label),)), label)
    except UnicodeEncodeError as error:
        raise BadMessageError(f"the name {text!r} is not ASCII") from error
    wire = b"".join(parts) + b"\0"
    if len(wire) > _LONGEST_NAME:
        raise BadMessageError(f"the name {text!r} cannot be asked for")
    return wire


def text_of(name: bytes) -> str:
    """Return a name for people: what is not printable escaped (RFC 1035 5.1)."""
    labels, offset = [], 0
    while length := name[offset]:
        label = name[offset + 1 : offset + 1 + length]
        labels.append(
            "".join(
                chr(byte)
                if 0x20 < byte < 0x7F and byte not in b".\\"
                else f"\\{byte:03}"
                for byte in label
            )
        )
        offset += 1 + length
    return ".".join(labels) or "."


def parse_answer(wire: bytes, number: int, question: Question) -> Answer | None:
    """Return what `wire` answers; None where it answers something else.

    Raises:
        BadMessageError: it is the answer, and cannot be read.
    """
    if len(wire) < _HEADER.size:
        return None
    found, flags, questions, answers, _, _ = _HEADER.unpack_from(wire)
    if found != number or flags & (_IS_ANSWER | _OPCODE) != _IS_ANSWER:
        return None
    rcode, is_truncated = flags & 0x0F, bool(flags & _IS_TRUNCATED)
    if not questions and rcode in (FORMAT_ERROR, NOT_IMPLEMENTED):
        return Answer(rcode, False, ())  # it has not read the question
    asked = question.name + _QUESTION.pack(question.type, _IN)
    end = _HEADER.size + len(asked)
    # Letters' case is not part of a name; of the type's and class's bytes, none of
    # those asked for is a letter.
    if questions != 1 or wire[_HEADER.size : end].lower() != asked.lower():
        return None
    if is_truncated:
        return Answer(rcode, True, ())  # it is asked for again: what is there is a part
    if answers > _MOST_RECORDS:
        raise BadMessageError(f"{answers} records are more than {_MOST_RECORDS}")
    return Answer(rcode, False, _records(wire, end, answers))


def _records(wire: bytes, offset: int, count: int) -> tuple[Record, ...]:
    records = []
    try:
        for _ in range(count):
            owner, offset = _name_at(wire, offset)
            kind, of_class, _, length = _RECORD.unpack_from(wire, offset)
            start = offset + _RECORD.size
            offset = start + length
            if offset > len(wire):
                raise BadMessageError("a record is longer than the message")
            if of_class != _IN:
                continue
            data = wire[start:offset]
            if kind == CNAME:
                data, end = _name_at(wire, start)
                if end != offset:
                    raise BadMessageError("a CNAME is longer than its name")
            records.append(Record(owner, kind, data))
    except (IndexError, struct.error) as error:
        raise BadMessageError("the message ends in a record") from error
    return tuple(records)


def _name_at(wire: bytes, offset: int) -> tuple[bytes, int]:
    """Return the name that begins at an offset, and the offset after it."""
    parts: list[bytes] = []
    size, end, earlier = 1, 0, offset
    while length := wire[offset]:
        if length >= 0xC0:  # a pointer, only ever backwards: so it comes to an end
            target = (length & 0x3F) << 8 | wire[offset + 1]
            end = end or offset + 2
            if target >= earlier:
                raise BadMessageError("a name points to what comes later")
            earlier = offset = target
            continue
        after = offset + 1 + length
        size += 1 + length
        if length > _LONGEST_LABEL or after > len(wire) or size > _LONGEST_NAME:
            raise BadMessageError("a name is too long")
        parts.append(wire[offset:after])
        offset = after
    return b"".join(parts).lower() + b"\0", end or offset + 1


def parse_text(data: bytes) -> bytes:
    """Return the text of a TXT record, its strings joined (RFC 1035 3.3.14).

    Raises:
        BadMessageError: a string is longer than the record.
    """
    parts: list[bytes] = []
    offset = 0
    while offset < len(data):
        after = offset + 1 + data[offset]
        if after > len(data):
            raise BadMessageError("a string is longer than its TXT record")
        parts.append(data[offset + 1 : after])
        offset = after
    return b"".join(parts)
