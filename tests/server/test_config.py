"""The configuration: three sources, one order, every mistake at once."""

from __future__ import annotations

import ipaddress
from pathlib import Path

import pytest

from tlsmith.errors import ConfigError, FileError
from tlsmith.server.config import changed, load_settings
from tlsmith.server.readers import Address
from tlsmith.server.settings import ServeSettings

STORE = "sqlite:///ca.db"


def written(folder: Path, text: str) -> str:
    path = folder / "serve.toml"
    path.write_text(text, encoding="utf-8")
    return str(path)


def mistakes_of(folder: Path, text: str, **environment: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        load_settings(written(folder, text), environment, {})
    return [
        one.replace(f"{folder / 'serve.toml'}: ", "") for one in caught.value.mistakes
    ]


def test_a_store_is_enough() -> None:
    settings = load_settings(None, {"TLSMITH_STORE": STORE}, {})
    assert settings == ServeSettings(store=STORE)
    assert settings.listen == Address("", 8443)


def test_every_kind_of_value_is_read(tmp_path: Path) -> None:
    settings = load_settings(
        written(
            tmp_path,
            f"""
            store = "{STORE}"
            listen = "[::1]:0"
            http = "off"
            base_url = "https://ca.example.com/"
            workers = 2
            [tls]
            names = ["ca.example.com", "192.0.2.1"]
            lifetime = "36h"
            [limits]
            body = "2MiB"
            exempt = ["10.0.0.0/8"]
            [log]
            format = "json"
            [crl]
            every = "12h"
            """,
        ),
        {},
        {},
    )
    assert settings.listen == Address("::1", 0)
    assert str(settings.listen) == "[::1]:0"
    assert settings.http is None
    assert settings.base_url == "https://ca.example.com"
    assert settings.workers == 2
    assert settings.tls.names == ("ca.example.com", "192.0.2.1")
    assert settings.tls.lifetime == 36 * 3600
    assert settings.limits.body == 2 * 1024**2
    assert settings.limits.exempt == (ipaddress.ip_network("10.0.0.0/8"),)
    assert settings.log.format == "json"
    assert settings.crl.every == 12 * 3600


@pytest.mark.parametrize(
    "page",
    [
        "https://wiki.test/terms/v2/",
        "https://wiki.test/pages?id=5&lang=de#top",
        "http://wiki.test",
        "https://[2001:db8::1]:8443/a%20page",
    ],
)
def test_urls_of_pages_are_given_out_as_they_are_written(page: str) -> None:
    """RFC 8555 section 7.1.1: any URL, whose owner is who runs the page."""
    keys = ("acme.terms", "acme.website", "acme.explanation_url")
    acme = load_settings(None, {"TLSMITH_STORE": STORE}, dict.fromkeys(keys, page)).acme
    assert (acme.terms, acme.website, acme.explanation_url) == (page, page, page)


@pytest.mark.parametrize(
    "page",
    [
        "wiki.test/terms",
        "ftp://wiki.test/terms",
        "https:///terms",
        "https://wiki.test:0/",
        "https://wiki.test:x/",
        "https://wiki.test/a page",
        "https://wiki.test/a\npage",
        "https://wiki.test/\u00fc",
        'https://wiki.test/"',
        "https://wiki.test/>",
        "https://[wiki/",
    ],
)
def test_what_is_no_url_of_a_page_is_a_mistake(page: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load_settings(None, {"TLSMITH_STORE": STORE}, {"acme.terms": page})
    (mistake,) = caught.value.mistakes
    assert "the URL of a page" in mistake


def test_the_environment_goes_over_the_file_and_options_over_both(
    tmp_path: Path,
) -> None:
    path = written(
        tmp_path, f'store = "{STORE}"\nworkers = 2\n[tls]\nnames = ["file.test"]\n'
    )
    environment = {
        "TLSMITH_SERVE_WORKERS": "3",
        "TLSMITH_SERVE_TLS__NAMES": "one.test, two.test",
        "TLSMITH_SERVE_LOG__LEVEL": "debug",
    }
    settings = load_settings(path, environment, {"workers": "4", "log.level": None})
    assert settings.workers == 4
    assert settings.tls.names == ("one.test", "two.test")
    assert settings.log.level == "debug"


def test_our_own_variable_goes_over_the_shared_one() -> None:
    environment = {"TLSMITH_STORE": STORE, "TLSMITH_SERVE_STORE": "sqlite:///b.db"}
    assert load_settings(None, environment, {}).store == "sqlite:///b.db"


def test_every_mistake_is_named_at_once(tmp_path: Path) -> None:
    found = mistakes_of(
        tmp_path,
        """
        store = ""
        listen = "8443"
        http = "host:99999"
        base_url = "http://ca.test"
        blocklists = 7
        workers = true
        wokers = 3
        [tls]
        name = ["a"]
        lifetime = "1s"
        minimum = "1.0"
        [limits]
        body = "many"
        exempt = ["10.0.0.1/8"]
        connections = 0
        [loging]
        level = "info"
        [crl]
        every = "soon"
        """,
        TLSMITH_SERVE_WORKRS="3",
    )
    assert [one.split(":")[0] for one in found] == [
        "store",
        "listen",
        "http",
        "base_url",
        "blocklists",
        "workers",
        "wokers",
        "tls.name",
        "tls.lifetime",
        "tls.minimum",
        "limits.body",
        "limits.exempt",
        "limits.connections",
        "[loging]",
        "crl.every",
        "TLSMITH_SERVE_WORKRS",
    ]
    assert found[6] == "wokers: no such setting, did you mean workers?"
    assert found[7].endswith("did you mean tls.names?")
    assert found[13] == "[loging]: no such setting, did you mean log?"


def test_a_store_that_is_missing_is_a_mistake(tmp_path: Path) -> None:
    assert mistakes_of(tmp_path, "workers = 1") == ["store: not set"]


def test_what_is_not_toml_says_where(tmp_path: Path) -> None:
    (mistake, _) = mistakes_of(tmp_path, "workers = 1\nstore = ]")
    assert mistake.startswith("not TOML")
    assert "line 2" in mistake


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="absent"):
        load_settings(str(tmp_path / "absent"), {}, {})


def test_a_change_says_whether_it_needs_a_restart() -> None:
    old = load_settings(None, {"TLSMITH_STORE": STORE}, {})
    new = load_settings(
        None, {"TLSMITH_STORE": STORE}, {"workers": "2", "log.level": "debug"}
    )
    assert changed(old, new, live=True) == ["log.level"]
    assert changed(old, new, live=False) == ["workers"]
