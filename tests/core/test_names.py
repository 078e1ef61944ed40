"""Names: what is one, in which form it comes out, and what is said of the rest."""

import ipaddress

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from strategies import dns_texts, general_names, hostile_texts, ip_texts, name_texts
from tlsmith.core import der
from tlsmith.core.names import (
    GeneralName,
    decode_name,
    ip_bytes,
    ip_text,
    parse_name,
    parse_names,
    quoted,
)
from tlsmith.errors import InputError

LABEL_63 = "a" * 63
NAME_253 = ".".join([LABEL_63, LABEL_63, LABEL_63, "a" * 61])


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("localhost", "dns", "localhost"),
        ("LocalHost", "dns", "localhost"),
        ("a.test.", "dns", "a.test"),
        ("*.a.test", "dns", "*.a.test"),
        ("*.münchen.test", "dns", "*.xn--mnchen-3ya.test"),
        ("MÜNCHEN.test", "dns", "xn--mnchen-3ya.test"),
        ("münchen。test", "dns", "xn--mnchen-3ya.test"),
        ("ｌｏｃａｌｈｏｓｔ", "dns", "localhost"),
        ("straße.test", "dns", "xn--strae-oqa.test"),
        ("faß.de", "dns", "xn--fa-hia.de"),
        ("XN--MNCHEN-3YA.test", "dns", "xn--mnchen-3ya.test"),
        ("3com.com", "dns", "3com.com"),
        ("1.a", "dns", "1.a"),
        ("0x1.test", "dns", "0x1.test"),
        (LABEL_63, "dns", LABEL_63),
        (NAME_253, "dns", NAME_253),
        ("*." + NAME_253[2:], "dns", "*." + NAME_253[2:]),
        ("127.0.0.1", "ip", "127.0.0.1"),
        ("::1", "ip", "::1"),
        ("[::1]", "ip", "::1"),
        ("2001:DB8:0:0:0:0:0:1", "ip", "2001:db8::1"),
        ("me@a.test", "email", "me@a.test"),
        ("Me+tag@A.Test", "email", "Me+tag@a.test"),
        ("me@münchen.test", "email", "me@xn--mnchen-3ya.test"),
        ("a" * 64 + "@a.test", "email", "a" * 64 + "@a.test"),
        ("https://a.test/x", "uri", "https://a.test/x"),
        ("HTTPS://User@A.Test.:80/X?Y#Z", "uri", "https://User@a.test:80/X?Y#Z"),
        ("https://[0:0::1]:8443", "uri", "https://[::1]:8443"),
        ("https://127.0.0.1/", "uri", "https://127.0.0.1/"),
        ("https://a.test/v1.2", "uri", "https://a.test/v1.2"),
        ("https://münchen.test/", "uri", "https://xn--mnchen-3ya.test/"),
        ("urn:oid:1.2.3", "uri", "urn:oid:1.2.3"),
        ("spiffe://prod.test/web", "uri", "spiffe://prod.test/web"),
        ("urn:uuid:0", "uri", "urn:uuid:0"),
        ("mailto:me@a.test", "uri", "mailto:me@a.test"),
        ("urn:x:%C3%BC", "uri", "urn:x:%C3%BC"),
    ],
)
def test_a_name_comes_out_as_a_certificate_holds_it(
    text: str, kind: str, value: str
) -> None:
    name = parse_name(text)
    assert (name.kind, name.value) == (kind, value)
    assert str(name) == value


@pytest.mark.parametrize(
    ("text", "what", "hint"),
    [
        ("", "not a name", "localhost"),
        (" a.test", "not a name", "localhost"),
        ("a.test\n", "not a name", "localhost"),
        ("a b.test", "not a DNS name", "letters, digits"),
        ("a\0.test", "not a DNS name", "letters, digits"),
        (".", "empty label", "extra dot"),
        ("a..test", "empty label", "extra dot"),
        (".a.test", "empty label", "extra dot"),
        ("a.test..", "empty label", "extra dot"),
        ("*.", "empty label", "extra dot"),
        ("-a.test", "not a DNS name", "hyphens inside"),
        ("a-.test", "not a DNS name", "hyphens inside"),
        ("my_app.test", "not a DNS name", "my-app would do"),
        ("ab--c.test", "not a DNS name", "letters, digits"),
        ("xn--a.test", "not a DNS name", "own script"),
        ("xn--99999999.test", "not a DNS name", "own script"),
        ("a" * 64 + ".test", "a label of 64 characters", "shorten"),
        (NAME_253 + "a", "a DNS name of 254", "shorten"),
        ("*." + NAME_253[:-1], "a DNS name of 254", "shorten"),
        ("*", "wildcard", "*.example.test"),
        ("a.*.test", "wildcard", "*.example.test"),
        ("a*.test", "wildcard", "*.example.test"),
        ("*.*.test", "wildcard", "*.example.test"),
        ("😀.test", "IDNA 2008", "emoji"),
        ("\ud800.test", "IDNA 2008", "letters and digits"),
        ("אa.test", "IDNA 2008", "letters and digits"),
        ("\u202ea.test", "IDNA 2008", "letters and digits"),
        ("127。0。0。1", "ends in a number", "plain ASCII"),
        ("127.0.0.１", "not an IP address", "127.0.0.1"),
        ("127.0.0.256", "not an IP address", "127.0.0.1"),
        ("127.0.0.1.", "not an IP address", "127.0.0.1"),
        ("127.1", "not an IP address", "127.0.0.1"),
        ("0x7f000001", "not an IP address", "127.0.0.1"),
        ("010.0.0.1", "not an IP address", "leading zeros"),
        ("10.0.0.0/8", "not an IP address", "network length"),
        ("fe80::1%eth0", "not an IP address", "zone"),
        ("fe80::/10", "not an IP address", "network length"),
        (":::", "not an IP address", "127.0.0.1"),
        ("localhost:8443", "not ports", "give localhost"),
        ("127.0.0.1:80", "not ports", "give 127.0.0.1"),
        ("[::1]:443", "not ports", "give [::1]"),
        ("cafe:8080", "not ports", "give cafe"),
        ("a.test:8443/x", "not ports", "give a.test"),
        ("@a.test", "not an e-mail", "before the @"),
        ("a b@a.test", "not an e-mail", "before the @"),
        (".a@a.test", "not an e-mail", "before the @"),
        ("a..b@a.test", "not an e-mail", "before the @"),
        ("a.@a.test", "not an e-mail", "before the @"),
        ("ü@a.test", "not an e-mail", "before the @"),
        ('"a"@a.test', "not an e-mail", "before the @"),
        ("a" * 65 + "@a.test", "not an e-mail", "before the @"),
        ("me@", "empty label", "extra dot"),
        ("me@*.a.test", "no wildcard", None),
        ("me@[127.0.0.1]", "not a DNS name", "letters"),
        ("me@127.0.0.1", "ends in a number", "127.0.0.1"),
        ("me@127。0。0。1", "ends in a number", "plain ASCII"),
        ("a" * 64 + "@" + NAME_253[62:], "an e-mail address of 256", "shorten"),
        ("https://", "a URI without a host", "spiffe://"),
        ("https:///x", "a URI without a host", "spiffe://"),
        ("https://a.test:x/", "a URI without a host, or with a port", "spiffe://"),
        ("https://[::1/", "a URI without a host", "spiffe://"),
        ("https://[::1]x/", "a URI without a host", "spiffe://"),
        ("https://a@b@a.test/", "a URI without a host", "spiffe://"),
        ("https://[v1.x]/", "not a DNS name", "letters"),
        ("https://-a.test/", "not a DNS name", "hyphens"),
        ("https://1.2.3/", "not an IP address", "127.0.0.1"),
        ("https://*.a.test/", "no wildcard", None),
        ("https://a.test/ü", "not a URI", "percent-encode"),
        ("https://a.test/%zz", "not a URI", "percent-encode"),
        ("https://a.test/a b", "not a URI", "percent-encode"),
        ("https://a.test/[", "not a URI", "percent-encode"),
        ("https://a.test/#a#b", "not a URI", "percent-encode"),
        ("urn:", "not a URI", "percent-encode"),
        ("C:\\x", "not a URI", "percent-encode"),
    ],
)
def test_what_is_no_name_is_told_why(text: str, what: str, hint: str | None) -> None:
    with pytest.raises(InputError, match=what) as caught:
        parse_name(text)
    assert hint is None or hint in (caught.value.hint or "")


@pytest.mark.parametrize("text", ["my_app.test", "_x.test", "a_.b--c.test", "ab--c"])
def test_what_mkcert_lets_through_goes_through_when_asked(text: str) -> None:
    assert parse_name(text, loose=True) == GeneralName("dns", text)
    assert parse_name(f"me@{text}", loose=True) == GeneralName("email", f"me@{text}")
    with pytest.raises(InputError):
        parse_name(text)


@settings(max_examples=400)
@given(hostile_texts(), st.booleans())
@example("\0" * 1000, False)
@example("ü" * 5000, False)
@example("xn--" + "9" * 5000, True)
@example("1" * 5000, False)
@example("٣.٣.٣.٣", False)
def test_no_text_whatever_fails_but_as_bad_input(text: str, loose: bool) -> None:
    refusal = ""
    try:
        name = parse_name(text, loose=loose)
    except InputError as error:
        refusal = error.message
    if refusal:
        assert len(refusal) < 1000
        assert refusal.isprintable()
        return
    assert parse_name(name.value, loose=loose) == name
    assert decode_name(*_parts(name)) == name


def _parts(name: GeneralName) -> tuple[int, bytes]:
    element, _ = der.read(name.encode())
    return element.tag, element.content


@given(general_names)
def test_parsing_a_parsed_name_changes_nothing(name: GeneralName) -> None:
    assert parse_name(name.value) == name


@given(general_names)
def test_decoding_a_name_undoes_encoding_it(name: GeneralName) -> None:
    assert decode_name(*_parts(name)) == name


@given(dns_texts)
def test_the_case_of_a_host_name_and_a_final_dot_do_not_matter(text: str) -> None:
    assert parse_name(text.upper().replace("SS", "ss")) in (
        parse_name(text),
        parse_name(text.replace("ß", "ss")),
    )
    assert parse_name(text + ".") == parse_name(text)


def _outcome(text: str) -> GeneralName | None:
    try:
        return parse_name(text)
    except InputError:
        return None


@given(st.text("ab0x1-._n", max_size=70))
@example(NAME_253)
@example("a." + NAME_253)
@example("ab--c.test")
@example("xn--mnchen-3ya.test")
@example("xn--a.test")
@example("a.0x1")
@example("a.test\n")
def test_a_plain_name_is_read_as_carefully_as_one_in_capitals(text: str) -> None:
    # Plain ones are matched whole, and capitals are what takes the longer way.
    assert _outcome(text) == _outcome(text.upper())


@given(general_names)
def test_both_forms_of_an_international_name_are_the_same_name(
    name: GeneralName,
) -> None:
    assert parse_name(name.unicode) == name


@given(ip_texts)
def test_the_bytes_of_an_address_and_back(text: str) -> None:
    assert ip_bytes(text) == ipaddress.ip_address(text).packed
    assert ip_text(ip_bytes(text)) == text


@pytest.mark.parametrize("size", [0, 3, 5, 8, 15, 17, 32])
def test_an_address_of_another_size_is_none(size: int) -> None:
    with pytest.raises(InputError, match=f"{size} bytes"):
        ip_text(bytes(size))


@given(st.lists(name_texts, min_size=1, max_size=8))
def test_names_keep_their_order_and_each_is_there_once(texts: list[str]) -> None:
    names = parse_names([*texts, *texts])
    assert len(set(names)) == len(names)
    first = {parse_name(text): None for text in texts}
    assert list(names) == list(first)


def test_no_name_at_all_is_refused() -> None:
    with pytest.raises(InputError, match="no name was given"):
        parse_names([])


@pytest.mark.parametrize(
    ("value", "kind", "host"),
    [
        ("a.test", "dns", "a.test"),
        ("10.0.0.1", "ip", "10.0.0.1"),
        ("a@b@a.test", "email", "a.test"),
        ("https://me@A.test.:80/@x", "uri", "a.test"),
        ("https://[::1]:80/", "uri", "[::1]"),
        ("urn:x", "uri", None),
        ("https://a.test:x/", "uri", None),
    ],
)
def test_the_host_is_what_name_constraints_are_held_to(
    value: str, kind: str, host: str | None
) -> None:
    assert GeneralName(kind, value).host == host


@pytest.mark.parametrize(
    ("value", "kind", "unicode"),
    [
        ("*.xn--mnchen-3ya.test", "dns", "*.münchen.test"),
        ("xn--a@xn--mnchen-3ya.test", "email", "xn--a@münchen.test"),
        ("https://xn--mnchen-3ya.test/xn--mnchen-3ya", "uri", None),
        ("urn:xn--mnchen-3ya", "uri", "urn:xn--mnchen-3ya"),
        ("xn--99999999.test", "dns", "xn--99999999.test"),
        ("a.test", "dns", "a.test"),
    ],
)
def test_u_labels_stand_in_the_host_only(
    value: str, kind: str, unicode: str | None
) -> None:
    expected = unicode or "https://münchen.test/xn--mnchen-3ya"
    assert GeneralName(kind, value).unicode == expected


def test_both_forms_are_shown_where_they_differ() -> None:
    assert parse_name("münchen.test").shown == "münchen.test (xn--mnchen-3ya.test)"
    assert parse_name("a.test").shown == "a.test"


def test_kinds_of_names_we_do_not_make_are_left_alone() -> None:
    assert decode_name(0xA4, der.sequence()) is None  # a directoryName
    assert decode_name(0x88, b"\x2a\x03") is None  # a registeredID
    assert decode_name(0x02, b"\x01") is None  # an INTEGER, and not [2]


def test_a_name_that_is_not_ascii_is_refused() -> None:
    with pytest.raises(InputError, match="not ASCII"):
        decode_name(0x82, "ü".encode())


def test_long_text_is_quoted_shortened() -> None:
    assert quoted("a") == "'a'"
    assert quoted("a" * 80) == repr("a" * 80)
    assert quoted("a" * 81) == repr("a" * 40 + "..." + "a" * 20)


@pytest.mark.parametrize("text", ["a.test,b.test", "localhost 127.0.0.1", "a.test; b"])
def test_several_names_in_one_word_are_seen_as_such(text: str) -> None:
    with pytest.raises(InputError, match="more than one name in one word") as caught:
        parse_name(text)
    assert caught.value.hint is not None
    assert "a word of its own" in caught.value.hint
