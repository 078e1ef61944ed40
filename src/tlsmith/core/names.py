"""Names a certificate can carry: DNS names, IP addresses, e-mail addresses, URIs."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from tlsmith.core import der
from tlsmith.errors import InputError

# The tags of GeneralName (RFC 5280 4.2.1.6).
_TAGS = {"email": 1, "dns": 2, "uri": 6, "ip": 7}
_KINDS = {tag: kind for kind, tag in _TAGS.items()}

_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?", re.ASCII)
_LOOSE_LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?", re.ASCII)
_SCHEME = re.compile(r"([a-z][a-z0-9+.-]*):(.*)", re.IGNORECASE | re.DOTALL | re.ASCII)
_PORT = re.compile(r"(?P<host>\[[^\]]+\]|[^:]+):\d+")
# RFC 5322 dot-atom, and nothing quoted: no mail in use today needs more.
_LOCAL_PART = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64}", re.ASCII)
_URI_CHARACTERS = re.compile(r"[A-Za-z0-9._~:/?#\[\]@!$&'()*+,;=%-]+", re.ASCII)


@dataclass(frozen=True, slots=True)
class GeneralName:
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
            return _uri_host(self.value)
        return self.value

    @property
    def unicode(self) -> str:
        """The name as people write it: U-labels instead of A-labels (RFC 5890)."""
        host = self.host
        if host is None or "xn--" not in host:
            return self.value
        start, _, end = self.value.rpartition(host)
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
    if not text or text != text.strip():
        raise InputError(
            f"not a name: {text!r}", hint="give a host name, such as localhost"
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
    if not looks and not re.fullmatch(r"\d+|0[xX][0-9a-fA-F]*", last.split("/")[0]):
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
            f"not an IP address, nor a DNS name: {text!r}",
            hint="give one address, such as 127.0.0.1 or ::1, without a zone, "
            "a network length or leading zeros",
        ) from error


def _parse_uri(text: str, scheme: str, rest: str) -> GeneralName:
    if not rest or not _URI_CHARACTERS.fullmatch(text):
        raise InputError(
            f"not a URI: {text!r}",
            hint="write it with a scheme, and percent-encode what is not plain "
            "ASCII, such as spiffe://prod.test/web",
        )
    host = None
    if rest.startswith("//"):
        host = _uri_host(text)
        if not host:
            raise InputError(f"a URI without a host: {text!r}")
        if _parse_ip(host) is None:
            _parse_dns(host)
    elif rest.isdigit() or "." in scheme:
        raise _port_error(text)
    return GeneralName("uri", scheme + ":" + rest)


def _uri_host(text: str) -> str | None:
    _, _, rest = text.partition(":")
    if not rest.startswith("//"):
        return None
    authority = re.split(r"[/?#]", rest[2:], maxsplit=1)[0].rpartition("@")[2]
    if authority.startswith("["):
        return authority.partition("]")[0] + "]"
    return authority.partition(":")[0].lower()


def _parse_email(text: str, *, loose: bool) -> GeneralName:
    local, _, domain = text.rpartition("@")
    dots = local.startswith(".") or local.endswith(".") or ".." in local
    if not _LOCAL_PART.fullmatch(local) or dots:
        raise InputError(
            f"not an e-mail address: {text!r}",
            hint="the part before the @ is plain ASCII, without blanks or quotes",
        )
    host = _parse_dns(domain, loose=loose)
    if host.value.startswith("*."):
        raise InputError(f"an e-mail address has no wildcard: {text!r}")
    return GeneralName("email", f"{local}@{host.value}")


def _parse_dns(text: str, *, loose: bool = False) -> GeneralName:
    if _PORT.fullmatch(text):
        raise _port_error(text)
    name = text[2:] if text.startswith("*.") else text
    if "*" in name:
        raise InputError(
            f"a wildcard stands alone and first: {text!r}",
            hint="write *.example.test, which covers one label in place of the *",
        )
    name = to_ascii(name)
    pattern = _LOOSE_LABEL if loose else _LABEL
    labels = name.split(".")
    wrong = [label for label in labels if not _is_label(label, pattern, loose=loose)]
    if wrong or len(name) > 253:
        raise _dns_error(text, name, wrong)
    return GeneralName("dns", f"*.{name}" if text.startswith("*.") else name)


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
            f"not an internationalised name of IDNA 2008: {host!r}",
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


def _port_error(text: str) -> InputError:
    host = text.rpartition(":")[0]
    return InputError(
        f"a certificate names hosts, not ports: {text!r}", hint=f"give {host}"
    )


def _dns_error(text: str, name: str, wrong: list[str]) -> InputError:
    if len(name) > 253:
        return InputError(
            f"a DNS name of {len(name)} characters: 253 is the most there can be",
            hint=f"shorten {name[:40]}...",
        )
    label = wrong[0]
    if not label:
        return InputError(f"an empty label in {text!r}", hint="take out the extra dot")
    if len(label) > 63:
        return InputError(
            f"a label of {len(label)} characters in a DNS name: 63 is the most",
            hint=f"shorten {label[:40]}...",
        )
    hint = "letters, digits, and hyphens inside, such as my-app.test"
    if "_" in label:
        hint = f"host names have no underscore; {label.replace('_', '-')} would do"
    elif label.startswith("xn--"):
        hint = "write the name in its own script, and it will be encoded"
    return InputError(f"not a DNS name: {text!r}, because of {label!r}", hint=hint)
