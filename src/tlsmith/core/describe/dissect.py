"""A reader of DER that goes on where a strict one stops, and says what is wrong.

Every length is bounded by its parent and every loop by the data, so that no input,
however broken, makes it read outside, recurse deeply or run for ever. What breaks DER
(X.690 section 10) or cannot be read becomes a finding with its field and offset.
"""

from __future__ import annotations

from collections.abc import Iterator

from tlsmith.core.describe.findings import NOTE, PROBLEM, Finding

BOOLEAN, INTEGER, BIT_STRING, OCTET_STRING, NULL = 0x01, 0x02, 0x03, 0x04, 0x05
OID, ENUMERATED, UTF8_STRING, PRINTABLE_STRING = 0x06, 0x0A, 0x0C, 0x13
TELETEX_STRING, IA5_STRING, VISIBLE_STRING = 0x14, 0x16, 0x1A
UNIVERSAL_STRING, BMP_STRING, NUMERIC_STRING = 0x1C, 0x1E, 0x12
UTC_TIME, GENERALIZED_TIME, SEQUENCE, SET = 0x17, 0x18, 0x30, 0x31

TAG_NAMES = {
    BOOLEAN: "BOOLEAN",
    INTEGER: "INTEGER",
    BIT_STRING: "BIT STRING",
    OCTET_STRING: "OCTET STRING",
    NULL: "NULL",
    OID: "OBJECT IDENTIFIER",
    ENUMERATED: "ENUMERATED",
    UTF8_STRING: "UTF8String",
    NUMERIC_STRING: "NumericString",
    PRINTABLE_STRING: "PrintableString",
    TELETEX_STRING: "TeletexString",
    IA5_STRING: "IA5String",
    UTC_TIME: "UTCTime",
    GENERALIZED_TIME: "GeneralizedTime",
    VISIBLE_STRING: "VisibleString",
    UNIVERSAL_STRING: "UniversalString",
    BMP_STRING: "BMPString",
    SEQUENCE: "SEQUENCE",
    SET: "SET",
}

MOST_FINDINGS = 50  # of one object: the first ones tell what is wrong
DEEPEST = 32  # nesting of indefinite lengths; certificates nest about ten deep


def tag_name(tag: int) -> str:
    """Return the ASN.1 name of an identifier octet, such as SEQUENCE or [0]."""
    if tag in TAG_NAMES:
        return TAG_NAMES[tag]
    if tag > 0xFF:
        return f"element with tag 0x{tag:x}"
    kind = ("universal ", "application ", "", "private ")[tag >> 6]
    return f"[{kind}{tag & 0x1F}]"


class Node:
    """One element: its tag, where it starts, and where its contents begin and end.

    `cut` is set where the data ended before the element did.
    """

    __slots__ = ("body", "cut", "data", "end", "start", "stop", "tag", "where")

    def __init__(self, data: bytes, tag: int, start: int, where: str) -> None:
        self.data = data
        self.tag = tag
        self.start = start
        self.where = where
        self.body = self.end = self.stop = start
        self.cut = False

    @property
    def content(self) -> bytes:
        return self.data[self.body : self.end]

    @property
    def whole(self) -> bytes:
        """The element with its tag and length, as it stands in the data."""
        return self.data[self.start : self.stop]


class Dissection:
    """The findings of one object while it is being read.

    Args:
        data: the object's octets.
        ber: BER is allowed here, as in PKCS#7 and PKCS#12: lengths are notes only.
    """

    def __init__(self, data: bytes, *, ber: bool = False) -> None:
        self.data = data
        self.ber = ber
        self.findings: list[Finding] = []

    def add(self, level: str, code: str, message: str, node: Node | None) -> None:
        """Keep a finding about `node`, unless there are too many or it is known."""
        finding = Finding(
            level,
            code,
            message,
            field=node.where if node else None,
            offset=node.start if node else None,
        )
        if len(self.findings) < MOST_FINDINGS and finding not in self.findings:
            self.findings.append(finding)

    def outer(self, where: str, offset: int = 0) -> Node | None:
        """Return the element at `offset`, or None where there is not even one."""
        return Reader(self, offset, len(self.data), "", cut=False).read(where)

    def reader(self, node: Node) -> Reader:
        """Return a reader of the elements inside `node`."""
        return Reader(self, node.body, node.end, node.where, cut=node.cut)


class Reader:
    """Reads elements one after another, up to the end of what holds them."""

    __slots__ = ("cut", "dissection", "end", "lost", "offset", "where")

    def __init__(
        self, dissection: Dissection, offset: int, end: int, where: str, *, cut: bool
    ) -> None:
        self.dissection = dissection
        self.offset = offset
        self.end = end
        self.where = where
        self.cut = cut
        self.lost = False

    @property
    def more(self) -> bool:
        return self.offset < self.end

    def peek(self) -> int | None:
        """Return the identifier octet of the next element, None at the end."""
        return self.dissection.data[self.offset] if self.more else None

    def read(self, name: str) -> Node | None:
        """Return the next element whatever it is, or None when none can be read."""
        if not self.more:
            return None
        node = Node(self.dissection.data, 0, self.offset, self._path(name))
        if not self._read_header(node):
            self.offset = self.end
            self.cut = True
            return None
        self.offset = node.stop
        return node

    def take(self, name: str, *tags: int) -> Node | None:
        """Return the next element, which must be there and have one of `tags`."""
        node = self.read(name)
        if node is None:
            self._missing(name)
            return None
        if node.tag in tags or not tags:
            return node
        if not self.lost:
            self.lost = True
            self._unexpected(node, tags)
        return None

    def optional(self, name: str, *tags: int) -> Node | None:
        """Return the next element where it has one of `tags`, else None."""
        return self.read(name) if self.peek() in tags else None

    def _path(self, name: str) -> str:
        dot = "." if self.where and not name.startswith("[") else ""
        return f"{self.where}{dot}{name}"

    def each(self, *tags: int) -> Iterator[Node]:
        """Yield every element that is left, which should all have one of `tags`."""
        index = 0
        while (node := self.read(f"[{index}]")) is not None:
            index += 1
            if node.tag in tags or not tags:
                yield node
            else:
                self._unexpected(node, tags)

    def _unexpected(self, node: Node, tags: tuple[int, ...]) -> None:
        wanted = " or ".join(_article(tag_name(tag)) for tag in tags)
        self.dissection.add(
            PROBLEM,
            "unexpected-type",
            f"{node.where} at offset {node.start} is {_article(tag_name(node.tag))}, "
            f"where {wanted} belongs",
            node,
        )

    def finish(self) -> None:
        """Find fault with anything that is left."""
        if self.more and not self.lost:
            left = self.end - self.offset
            place = Node(self.dissection.data, 0, self.offset, self.where)
            self.dissection.add(
                PROBLEM,
                "unexpected-element",
                f"{left} bytes at offset {self.offset} follow the last field of "
                f"{self.where}",
                place,
            )
            self.offset = self.end

    def _missing(self, name: str) -> None:
        # Of data that ends too soon, that has been said already.
        if not (self.cut or self.lost):
            self.lost = True
            place = Node(self.dissection.data, 0, self.end, self._path(name))
            self.dissection.add(
                PROBLEM,
                "missing-field",
                f"{self.where} ends at offset {self.end}, without its {name}",
                place,
            )

    def _read_header(self, node: Node) -> bool:
        """Fill `node` from its header; False where not even that is whole."""
        data, offset, end = node.data, self.offset, self.end
        node.tag = data[offset]
        offset += 1
        if node.tag & 0x1F == 0x1F:
            offset = self._high_tag(node, offset)
        if offset >= end:
            return self._cut_header(node)
        length = data[offset]
        offset += 1
        if length == 0x80:
            return self._indefinite(node, offset)
        if length > 0x80:
            count = length & 0x7F
            if offset + count > end:
                return self._cut_header(node)
            octets = data[offset : offset + count]
            offset += count
            length = int.from_bytes(octets, "big")
            if octets[0] == 0 or length < 0x80:
                self._not_minimal(node, count, length)
        node.body = offset
        node.end = node.stop = offset + length
        if node.end > end:
            self._too_long(node, length)
            node.end = node.stop = end
            node.cut = True
        return True

    def _high_tag(self, node: Node, offset: int) -> int:
        """Read a tag number of more than one octet (X.690 section 8.1.2.4)."""
        limit = min(self.end, offset + 4)
        while offset < limit:
            octet = node.data[offset]
            node.tag = node.tag << 8 | octet
            offset += 1
            if octet < 0x80:
                break
        return offset

    def _cut_header(self, node: Node) -> bool:
        if not self.cut:
            self.dissection.add(
                PROBLEM,
                "truncated",
                f"ends at offset {self.end}, inside the header of {node.where}",
                node,
            )
        return False

    def _too_long(self, node: Node, length: int) -> None:
        if self.cut:
            return
        left = self.end - node.body
        if self.where:
            message = (
                f"{node.where} at offset {node.start} says {_count(length)}, "
                f"only {left} are left in {self.where}"
            )
        else:
            message = (
                f"the outer {tag_name(node.tag)} says {_count(length)}, "
                f"only {left} follow"
            )
        self.dissection.add(PROBLEM, "truncated", message, node)

    def _not_minimal(self, node: Node, count: int, length: int) -> None:
        best = 1 if length < 0x80 else 1 + (length.bit_length() + 7) // 8
        self.dissection.add(
            self._level(),
            "non-minimal-length",
            f"the length of {node.where} at offset {node.start + 1} takes "
            f"{count + 1} bytes where {best} would do: BER, not DER",
            node,
        )

    def _level(self) -> str:
        return NOTE if self.dissection.ber else PROBLEM

    def _indefinite(self, node: Node, offset: int) -> bool:
        self.dissection.add(
            self._level(),
            "indefinite-length",
            f"the length of {node.where} at offset {node.start + 1} is indefinite: "
            "BER, not DER",
            node,
        )
        node.body = offset
        found = _end_of_contents(node.data, offset, self.end)
        if found is None:
            if not self.cut:
                self.dissection.add(
                    PROBLEM,
                    "truncated",
                    f"{node.where} at offset {node.start} has no end",
                    node,
                )
            node.end = node.stop = self.end
            node.cut = True
        else:
            node.end, node.stop = found, found + 2
        return True


def _article(name: str) -> str:
    return ("an " if name[0] in "AEIOaeio" else "a ") + name


def _count(length: int) -> str:
    return f"{length} bytes" if length < 1 << 40 else "more bytes than there are"


def _end_of_contents(data: bytes, offset: int, end: int) -> int | None:
    """Return where the two zero octets stand that end an indefinite length."""
    depth = 1
    while offset + 2 <= end:
        tag, length = data[offset], data[offset + 1]
        if tag == length == 0:
            depth -= 1
            if depth == 0:
                return offset
            offset += 2
            continue
        offset += 2
        if length == 0x80:
            depth += 1
            if depth > DEEPEST:
                return None
        elif length > 0x80:
            count = length & 0x7F
            offset += count + int.from_bytes(data[offset : offset + count], "big")
        else:
            offset += length
    return None
