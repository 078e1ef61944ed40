"""Names a certificate can carry: DNS names, IP addresses, e-mail addresses, URIs."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from tlsmith.core import der
from tlsmith.errors import InputError

# The tags of GeneralName (RFC 5280 4.2.1.6).
_TAGS = {"email": 1, "dns": 2, "uri": 6, "ip": 7}
_KINDS = {tag: kind for kind, tag in _TAGS.items()}

_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?", re.ASCII)
_LOOSE_LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?", re.ASCII)
# What nearly every name is, and is already in its one form: no label is an A-label or
# reserved for another encoding, and the last one is no number.
_PLAIN_LABEL = r"(?!..--)[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_PLAIN = re.compile(rf"(?:{_PLAIN_LABEL}\.)*(?=[a-z]){_PLAIN_LABEL}", re.ASCII)
_SEVERAL = re.compile(r"[\w.*-][,;]\s*[\w.*-]|[\w.*-]\s+[0-9.]+$")
_SCHEME = re.compile(r"([a-z][a-z0-9+.-]*):(.*)", re.IGNORECASE | re.DOTALL | re.ASCII)
_PORT = re.compile(r"(?P<host>\[[^\]]+\]|[^:]+):\d+")
# RFC 5322 dot-atom, and nothing quoted: no mail in use today needs more.
_LOCAL_PART = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64}", re.ASCII)
# RFC 3986: a % comes with two hexadecimal digits, a # once.
_URI_CHARACTER = r"(?:[A-Za-z0-9._~!$&'()*+,;=:@/?-]|%[0-9A-Fa-f]{2})"
_URI = re.compile(rf"{_URI_CHARACTER}+(?:\#{_URI_CHARACTER}*)?", re.ASCII)
# What stands before the host, the host, and what comes after it.
_AUTHORITY = re.compile(
    r"([a-z][a-z0-9+.-]*://(?:[^@/?#]*@)?)(\[[^]]*\]|[^]\[@:/?#]*)"
    r"((?::[0-9]*)?(?:[/?#].*)?)",
    re.IGNORECASE | re.DOTALL | re.ASCII,
)
# What ends in a number is an address to browsers, and no name (RFC 3696 section 2).
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*", re.ASCII)
_LONGEST_DNS, _LONGEST_EMAIL = 253, 254


class GeneralName(NamedTuple):
    """A name in a certificate (RFC 5280 4.2.1.6).

    Args:
        kind: "dns", "ip", "email" or "uri".
        value: as a certificate holds it: A-labels, lower case; IP addresses as text
            in the one form of RFC 5952.
    """

    kind: str
    value: str

    def __str__(self) -> str:
        return self.value

    @property
    def host(self) -> str | None:
        """The host part: what clients look up, and what name constraints read."""
        if self.kind == "email":
            return self.value.rpartition("@")[2]
        if self.kind == "uri":
            parts = _AUTHORITY.fullmatch(self.value)
            return parts[2].lower().removesuffix(".") if parts else None
        return self.value

    @property
    def unicode(self) -> str:
        """The name as people write it: U-labels instead of A-labels (RFC 5890)."""
        start, host, end = "", self.value, ""
        if self.kind == "email":
            start, at, host = self.value.rpartition("@")
            start += at
        elif self.kind == "uri":
            parts = _AUTHORITY.fullmatch(self.value)
            start, host, end = parts.groups() if parts else (self.value, "", "")
        return start + ".".join(map(_to_unicode, host.split("."))) + end

    @property
    def shown(self) -> str:
        """Both forms where they differ, else the one there is."""
        if self.unicode == self.value:
            return self.value
        return f"{self.unicode} ({self.value})"

    def encode(self) -> bytes:
        """Return the DER GeneralName."""
        if self.kind == "ip":
            return der.context(_TAGS["ip"], ip_bytes(self.value))
        return der.context(_TAGS[self.kind], self.value.encode("ascii"))


def parse_name(text: str, *, loose: bool = False) -> GeneralName:
    """Return the name that `text` is.

    DNS names (`*.` in front is a wildcard) come out in lower case and as A-labels
    (IDNA 2008, with the mapping of UTS 46 that browsers apply to what people type),
    IP addresses in the form of RFC 5952; a final dot is taken off.

    Args:
        loose: also let through the underscores and double hyphens that mkcert does.

    Raises:
        InputError: it is no such name; says what is wrong and what would be right.
    """
    if len(text) <= _LONGEST_DNS and _PLAIN.fullmatch(text):
        return GeneralName("dns", text)  # thousands a second, and a tenth of the time
    if not text or text != text.strip():
        raise InputError(
            f"not a name: {quoted(text)}", hint="give a host name, such as localhost"
        )
    if _SEVERAL.search(text) and not {"@", "/", ":"} & set(text):
        raise InputError(
            f"more than one name in one word: {quoted(text)}",
            hint="give each as a word of its own, such as a.test b.test",
        )
    address = _parse_ip(text)
    if address is not None:
        return GeneralName("ip", address)
    scheme = _SCHEME.fullmatch(text)
    if scheme and not _PORT.fullmatch(text):
        return _parse_uri(text, scheme[1].lower(), scheme[2])
    if "@" in text:
        return _parse_email(text, loose=loose)
    return _parse_dns(text, loose=loose)


def parse_names(texts: list[str] | tuple[str, ...]) -> tuple[GeneralName, ...]:
    """Return the names that `texts` are, in order, each once.

    Raises:
        InputError: one is no name, or there is none at all.
    """
    names = tuple(dict.fromkeys(parse_name(text) for text in texts))
    if not names:
        raise InputError("no name was given", hint="give one, such as localhost")
    return names


def decode_name(tag: int, content: bytes) -> GeneralName | None:
    """Return the GeneralName of an encoded one, or None for a kind we do not know.

    Raises:
        InputError: its contents are no such name.
    """
    kind = _KINDS.get(tag & 0x1F)
    if kind is None or tag & 0xE0 != 0x80:
        return None
    if kind == "ip":
        return GeneralName(kind, ip_text(content))
    try:
        return GeneralName(kind, content.decode("ascii"))
    except UnicodeDecodeError as error:
        raise InputError(f"not ASCII in a name: {content!r}") from error


@lru_cache(maxsize=1024)
def ip_bytes(text: str) -> bytes:
    """Return the 4 or 16 octets of an IP address."""
    import ipaddress

    return ipaddress.ip_address(text).packed


def ip_text(packed: bytes) -> str:
    """Return an IP address of 4 or 16 octets in the form of RFC 5952."""
    import ipaddress

    if len(packed) not in (4, 16):
        raise InputError(f"not an IP address: {len(packed)} bytes")
    return str(ipaddress.ip_address(packed))


def _parse_ip(text: str) -> str | None:
    """Return an address in its one form, None where `text` is not meant as one."""
    bare = text[1:-1] if text.startswith("[") and text.endswith("]") else text
    last = bare.rstrip(".").rpartition(".")[2]
    looks = ":" in bare and re.fullmatch(r"[0-9A-Fa-f:.]+(%.*|/\d+)?", bare)
    number = re.fullmatch(r"\d+|0[xX][0-9a-fA-F]*", last.split("/")[0])
    # With a colon or an @ it is a URI, a host with a port, or an e-mail address.
    if not looks and (not number or ":" in bare or "@" in bare):
        return None
    import ipaddress

    try:
        if "%" in bare:
            raise ValueError("a zone means something on one machine only")
        return str(ipaddress.ip_address(bare))
    except ValueError as error:
        if _PORT.fullmatch(text):
            raise _port_error(text) from error
        raise InputError(
            f"not an IP address, nor a DNS name: {quoted(text)}",
            hint="give one address, such as 127.0.0.1 or ::1, without a zone, "
            "a network length or leading zeros",
        ) from error


def _parse_uri(text: str, scheme: str, rest: str) -> GeneralName:
    if "." in scheme and not rest.startswith("//"):
        raise _port_error(text)
    parts = _AUTHORITY.fullmatch(text) if rest.startswith("//") else None
    if rest.startswith("//") and (parts is None or not parts[2]):
        raise InputError(
            f"a URI without a host, or with a port that is none: {quoted(text)}",
            hint="write it such as https://a.test/ or spiffe://prod.test/web",
        )
    before, host, after = parts.groups() if parts else (text, "", "")
    if not rest or not _URI.fullmatch(before + after):
        raise InputError(
            f"not a URI: {quoted(text)}",
            hint="write it with a scheme, and percent-encode what is not plain "
            "ASCII, such as spiffe://prod.test/web",
        )
    if host:
        host = _uri_host(text, host)
    return GeneralName("uri", scheme + before[len(scheme) :] + host + after)


def _uri_host(text: str, host: str) -> str:
    """Return the host of a URI in its one form: lower case, no final dot."""
    address = _parse_ip(host)
    if address is not None:
        return f"[{address}]" if ":" in address else address
    name = _parse_dns(host).value
    if name.startswith("*."):
        raise InputError(f"the host of a URI is no wildcard: {quoted(text)}")
    return name


def _parse_email(text: str, *, loose: bool) -> GeneralName:
    local, _, domain = text.rpartition("@")
    dots = local.startswith(".") or local.endswith(".") or ".." in local
    if not _LOCAL_PART.fullmatch(local) or dots:
        raise InputError(
            f"not an e-mail address: {quoted(text)}",
            hint="the part before the @ is plain ASCII, without blanks or quotes",
        )
    host = _parse_dns(domain, loose=loose)
    if host.value.startswith("*."):
        raise InputError(f"an e-mail address has no wildcard: {quoted(text)}")
    address = f"{local}@{host.value}"
    if len(address) > _LONGEST_EMAIL:  # RFC 5321 4.5.3.1.3, without < and >
        raise InputError(
            f"an e-mail address of {len(address)} characters: {_LONGEST_EMAIL} is "
            "the most",
            hint=f"shorten {quoted(address)}",
        )
    return GeneralName("email", address)


def _parse_dns(text: str, *, loose: bool = False) -> GeneralName:
    if _PORT.fullmatch(text):
        raise _port_error(text)
    name = text[2:] if text.startswith("*.") else text
    if "*" in name:
        raise InputError(
            f"a wildcard stands alone and first: {quoted(text)}",
            hint="write *.example.test, which covers one label in place of the *",
        )
    name = to_ascii(name)
    pattern = _LOOSE_LABEL if loose else _LABEL
    labels = name.split(".")
    wrong = [label for label in labels if not _is_label(label, pattern, loose=loose)]
    whole = f"*.{name}" if text.startswith("*.") else name
    if wrong or len(whole) > _LONGEST_DNS:
        raise _dns_error(text, whole, wrong)
    if _NUMBER.fullmatch(labels[-1]):
        raise InputError(
            f"not a DNS name, since it ends in a number: {quoted(text)}",
            hint="write an IP address in plain ASCII, such as 127.0.0.1",
        )
    return GeneralName("dns", whole)


def _is_label(label: str, pattern: re.Pattern[str], *, loose: bool) -> bool:
    if not pattern.fullmatch(label):
        return False
    if label.startswith("xn--"):
        return _to_unicode(label) != label
    # Hyphens in the third and fourth place are kept for encodings (RFC 5890 2.3.1).
    return loose or label[2:4] != "--"


def to_ascii(host: str) -> str:
    """Return a host name in lower case and A-labels, without a final dot.

    Raises:
        InputError: a label is not one of IDNA 2008.
    """
    host = host[:-1] if host.endswith(".") and host != "." else host
    if host.isascii():
        return host.lower()
    import idna

    try:
        return idna.encode(host, uts46=True).decode("ascii").removesuffix(".")
    except (idna.IDNAError, UnicodeError) as error:
        raise InputError(
            f"not an internationalised name of IDNA 2008: {quoted(host)}",
            hint="use letters and digits only; symbols and emoji are not allowed",
        ) from error


def _to_unicode(label: str) -> str:
    if not label.startswith("xn--"):
        return label
    import idna

    try:
        return idna.decode(label)
    except (idna.IDNAError, UnicodeError):
        return label


def quoted(text: str) -> str:
    """Return `text` in quotes, on one line, its middle left out where it is long."""
    return repr(text if len(text) <= 80 else f"{text[:40]}...{text[-20:]}")


def _port_error(text: str) -> InputError:
    host = text.rpartition(":")[0]
    return InputError(
        f"a certificate names hosts, not ports: {quoted(text)}", hint=f"give {host}"
    )


def _dns_error(text: str, name: str, wrong: list[str]) -> InputError:
    if len(name) > _LONGEST_DNS:
        return InputError(
            f"a DNS name of {len(name)} characters: {_LONGEST_DNS} is the most",
            hint=f"shorten {quoted(name)}",
        )
    label = wrong[0]
    if not label:
        return InputError(
            f"an empty label in {quoted(text)}", hint="take out the extra dot"
        )
    if len(label) > 63:
        return InputError(
            f"a label of {len(label)} characters in a DNS name: 63 is the most",
            hint=f"shorten {quoted(label)}",
        )
    hint = "letters, digits, and hyphens inside, such as my-app.test"
    if "_" in label:
        plain = label.replace("_", "-")
        hint = f"host names have no underscore; {plain} would do"
    elif label.startswith("xn--"):
        hint = "write the name in its own script, and it will be encoded"
    return InputError(
        f"not a DNS name: {quoted(text)}, because of {quoted(label)}", hint=hint
    )
