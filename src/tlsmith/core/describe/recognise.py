"""What bytes are: the first step of `show` and of `convert`.

    for found in recognise(data):
        found.kind, found.form, found.content

`recognise` takes the bytes of any file and returns every object in it, in order, each
with its DER (or its raw bytes, for what has none). It never raises, needs no passphrase
and decides by what the content is, not by what a label claims; what is wrong with the
wrapping (bad base64, a missing END line, a wrong label) is in `Found.findings`.
"""

from __future__ import annotations

from dataclasses import replace
from operator import itemgetter

from tlsmith.core.describe.armour import decode_packed, scan_pem
from tlsmith.core.describe.base64text import decode_bare
from tlsmith.core.describe.dissect import Dissection
from tlsmith.core.describe.findings import NOTE, PROBLEM, Finding
from tlsmith.core.describe.found import Found, with_findings
from tlsmith.core.describe.openssh_lines import scan_openssh_lines
from tlsmith.core.describe.secret import Entry, scan_secret
from tlsmith.core.describe.shape import UNKNOWN, shape

__all__ = ["Found", "recognise"]

MOST_OBJECTS = 5000
DEEPEST = 3  # base64 in an entry in base64
_TLS_ENTRIES = ("tls.crt", "tls.key", "ca.crt")
_JAVA = {
    b"\xfe\xed\xfe\xed": ("java-keystore", "jks"),
    b"\xce\xce\xce\xce": ("java-keystore", "jceks"),
}


def recognise(data: bytes) -> list[Found]:
    """Return every object in `data`, in order; none where there is nothing we know.

    Returns:
        At most 5000 objects. An object of kind "unknown" is DER of no kind we know.
    """
    text, notes = _as_utf8(data)
    found = _recognise(text)
    if found and notes:
        found[0] = with_findings(found[0], *notes)
    return found[:MOST_OBJECTS]


def _recognise(data: bytes, depth: int = 0) -> list[Found]:
    if data[:4] in _JAVA:
        kind, form = _JAVA[data[:4]]
        return [Found(kind, form, data, encoding="binary")]
    if data[:1] == b"0" and shape(data) != UNKNOWN:
        return split_der(data)
    groups = [(one.offset, [one]) for one in scan_pem(data)]
    groups += [(one.offset, [one]) for one in scan_openssh_lines(data)]
    if depth < DEEPEST:
        groups += [(one.offset, _in_entry(one, depth)) for one in scan_secret(data)]
        if not groups:
            return _bare(data, depth)
    groups.sort(key=itemgetter(0))
    return [one for _, group in groups for one in group]


def split_der(data: bytes) -> list[Found]:
    """Return the DER structures that stand one after another in `data`."""
    found: list[Found] = []
    offset = 0
    while offset < len(data) and len(found) < MOST_OBJECTS:
        kind, form = shape(data, offset)
        if found and kind == "unknown":
            found[-1] = with_findings(found[-1], _trailing(data[offset:]))
            break
        outer = Dissection(data).outer("data", offset)
        end = outer.stop if outer else len(data)
        found.append(Found(kind, form, data[offset:end], offset=offset))
        offset = end
    return found


def _trailing(rest: bytes) -> Finding:
    plural = "" if len(rest) == 1 else "s"
    if not rest.strip(b"\r\n"):
        return Finding(
            NOTE,
            "trailing-newline",
            f"{len(rest)} byte{plural} of line end after the end",
        )
    return Finding(PROBLEM, "trailing-data", f"{len(rest)} byte{plural} after the end")


def _in_entry(entry: Entry, depth: int) -> list[Found]:
    """Recognise what stands in an entry of a Secret or kubeconfig."""
    content, fault = decode_packed(entry.value.encode("ascii", "replace"))
    if fault:
        message = f"entry {entry.key!r}: {fault}"
        finding = Finding(PROBLEM, "bad-base64", message)
    else:
        inner = _recognise(content, depth + 1)
        if inner or entry.key not in _TLS_ENTRIES:
            return [replace(one, entry=entry.key) for one in inner]
        message = f"entry {entry.key!r} holds no certificate and no key"
        finding = Finding(PROBLEM, "nothing-known", message)
    return [Found("unknown", "entry", b"", entry=entry.key, findings=(finding,))]


def _bare(data: bytes, depth: int) -> list[Found]:
    """Recognise base64 without armour, and DER of no kind we know."""
    decoded = decode_bare(data)
    if decoded:
        note = Finding(NOTE, "bare-base64", "base64 without BEGIN and END lines")
        return [with_findings(one, note) for one in _recognise(decoded, depth + 1)]
    outer = Dissection(data).outer("data") if data[:1] == b"0" else None
    if outer and outer.stop == len(data) and not outer.cut:
        return [Found(*UNKNOWN, data)]
    return []


def _as_utf8(data: bytes) -> tuple[bytes, list[Finding]]:
    """Take off a byte order mark; turn UTF-16, as Windows writes it, into UTF-8."""
    if data.startswith(b"\xef\xbb\xbf"):
        return data[3:], [Finding(NOTE, "byte-order-mark", "starts with a UTF-8 BOM")]
    for mark, name in ((b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be")):
        if data.startswith(mark):
            text = data[2:].decode(name, "replace").encode()
            message = "the text is UTF-16; most programs read UTF-8 or ASCII only"
            return text, [Finding(PROBLEM, "utf-16", message)]
    return data, []
