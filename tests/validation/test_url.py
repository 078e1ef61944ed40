"""Where http-01 lets itself be sent."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tlsmith.validation.url import URL, parse_location

BASE = URL("http", "www.test", 80, "/.well-known/acme-challenge/abc")
PORTS = (80, 443, 5002)
LONG = b"http://www.test/" + b"a" * 2040

FOLLOWED = {
    b"https://www.test/x": "https://www.test/x",
    b"HTTPS://WWW.TEST/x?y=1#z": "https://www.test/x?y=1",
    b"/other": "http://www.test/other",
    b"other": "http://www.test/.well-known/acme-challenge/other",
    b"?q": "http://www.test/.well-known/acme-challenge/abc?q",
    b"//mirror.test./x": "http://mirror.test/x",
    b"http://www.test:5002": "http://www.test:5002/",
    b"http://www.test:443/": "http://www.test:443/",
    b"http://[2001:DB8::1]/x": "http://[2001:db8::1]/x",
    b"http://10.0.0.1/x": "http://10.0.0.1/x",
    b"http://_srv.a_b.test/": "http://_srv.a_b.test/",
    b"http://printer/": "http://printer/",
}
REFUSED = {
    b"ftp://www.test/": "only http and https",
    b"file:///etc/passwd": "only http and https",
    b"gopher://www.test:80/": "only http and https",
    b"javascript:alert(1)": "only http and https",
    b"http://user@www.test/": "a URL with a user",
    b"http://user:secret@www.test/": "a URL with a user",
    b"http://@www.test/": "a URL with a user",
    b"http://www.test:22/": "port 22 is not one of those followed (80, 443, 5002)",
    b"http://www.test:0/": "port 0",
    b"http://www.test:99999/": "no URL",
    b"http://www.test:x/": "no URL",
    b"http:///x": "without a host",
    b"http:x": "without a host",
    b"http://[::1/": "no URL",
    b"http://[fe80::1%25eth0]/": "a zone",
    b"http://[v1.x]/": "not an address",
    b"http://a b.test/": "printable",
    b"/a b": "printable",
    b"/\x00": "printable",
    b"/\tx": "printable",
    "http://bücher.test/".encode(): "printable",
    b"http://-a.test/": "host name",
    b"http://a..test/": "host name",
    b"http://" + b"a" * 64 + b".test/": "host name",
    b"http://a%2etest/": "host name",
    b"http://a\\b.test/": "host name",
    LONG: "2048",
}


@pytest.mark.parametrize(("location", "url"), FOLLOWED.items())
def test_urls_that_are_followed(location: bytes, url: str) -> None:
    assert str(parse_location(location, BASE, PORTS)) == url


@pytest.mark.parametrize(("location", "why"), REFUSED.items())
def test_urls_that_are_not(location: bytes, why: str) -> None:
    with pytest.raises(ValueError, match=re.escape(why)):
        parse_location(location, BASE, PORTS)


def test_the_host_field_has_the_port_unless_it_is_the_schemes() -> None:
    assert URL("http", "www.test", 80, "/").authority == "www.test"
    assert URL("https", "www.test", 443, "/").authority == "www.test"
    assert URL("http", "www.test", 443, "/").authority == "www.test:443"
    assert URL("http", "fd00::1", 80, "/").authority == "[fd00::1]"
    assert URL("http", "fd00::1", 81, "/").authority == "[fd00::1]:81"


@given(st.binary(max_size=60) | st.text("htps:/@.[]%#?\\a1 ").map(str.encode))
def test_whatever_comes_is_followed_to_a_clean_url_or_not(location: bytes) -> None:
    try:
        url = parse_location(location, BASE, PORTS)
    except ValueError:
        return
    assert url.scheme in ("http", "https")
    assert url.port in PORTS
    assert url.path.startswith("/")
    assert not set(url.host) & set("/@%#?\\ ")
    assert str(url).isprintable()
    assert " " not in str(url)
