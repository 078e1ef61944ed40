from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strategies import hostile_texts
from tlsmith.errors import InputError
from tlsmith.probe import STARTTLS_PORTS, Target, parse_target


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [
        ("localhost", "localhost", 443),
        ("localhost:8443", "localhost", 8443),
        ("Example.TEST.", "example.test", 443),
        ("example.test.:8443", "example.test", 8443),
        ("127.0.0.1", "127.0.0.1", 443),
        ("127.0.0.1:1", "127.0.0.1", 1),
        ("::1", "::1", 443),
        ("[::1]", "::1", 443),
        ("[::1]:8443", "::1", 8443),
        ("[fe80::1%eth0]:8443", "fe80::1", 8443),
        ("my_host", "my_host", 443),
        ("bücher.test:65535", "xn--bcher-kva.test", 65535),
        ("https://example.test", "example.test", 443),
        ("https://user:secret@example.test:8443/x?y#z", "example.test", 8443),
        ("https://[::1]:8443/", "::1", 8443),
        ("HTTPS://example.test/a:b", "example.test", 443),
        ("ldaps://example.test", "example.test", 636),
        ("imaps://example.test", "example.test", 993),
    ],
)
def test_a_target_is_read_in_every_form_people_write(
    text: str, host: str, port: int
) -> None:
    assert parse_target(text) == Target(host, port)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a b",
        "a/b",
        ":443",
        "host:",
        "host:0",
        "host:65536",
        "host:99999999999999999999",
        "host:port",
        "-x-",
        "a..b",
        "1.2.3",
        "300.1.1.1",
        "1:2:3",
        "[::1",
        "[host]:443",
        "gopher://host",
        "https://",
        "host\n",
        "a\0b",
        "x" * 300 + "@",
    ],
)
def test_what_is_no_target_is_refused(text: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_target(text)
    assert caught.value.hint


def test_plain_http_is_refused_with_what_to_write() -> None:
    with pytest.raises(InputError, match="plain HTTP") as caught:
        parse_target("http://example.test")
    assert "https://" in str(caught.value.hint)


def test_a_scheme_may_say_that_tls_is_asked_for_first() -> None:
    assert parse_target("smtp://mail.test") == Target("mail.test", 25, "smtp")
    assert parse_target("postgres://db.test:6000/x").starttls == "postgres"


def test_starttls_sets_the_port_that_is_not_given() -> None:
    assert parse_target("mail.test", starttls="imap").port == 143
    assert parse_target("mail.test:25", starttls="smtp").port == 25
    assert set(STARTTLS_PORTS) == {
        *("smtp", "imap", "pop3", "ftp", "ldap", "postgres", "mysql", "xmpp")
    }


def test_the_name_to_ask_for_is_the_host_unless_another_is_given() -> None:
    assert parse_target("a.test").sni == "a.test"
    assert parse_target("127.0.0.1").sni is None
    given_name = parse_target("127.0.0.1", server_name="Bücher.test")
    assert given_name.sni == given_name.name == "xn--bcher-kva.test"


def test_a_target_is_shown_as_host_and_port() -> None:
    assert str(Target("::1", 443)) == "[::1]:443"
    assert str(Target("a.test", 8443)) == "a.test:8443"


@given(hostile_texts() | st.text(st.sampled_from("a1.:[]%/@-_é\0\n "), max_size=20))
def test_any_text_is_a_target_or_an_input_error(text: str) -> None:
    try:
        target = parse_target(text)
    except InputError:
        return
    assert 0 < target.port < 65536
    assert target.host.isascii()
