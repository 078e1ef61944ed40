"""The fixtures, used here as anyone uses them, and in runs of their own."""

from __future__ import annotations

import ssl
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest
import requests

import tlsmith
from handshakes import handshake

pytest_plugins = ("pytester", "tlsmith.pytest_plugin")


def _fetch(url: str, context: ssl.SSLContext) -> int:
    with urllib.request.urlopen(url, context=context) as answer:  # noqa: S310
        status: int = answer.status
        return status


def test_a_client_fetches_from_the_server(
    tls_server: tlsmith.Server, tls_client_context: ssl.SSLContext
) -> None:
    assert _fetch(tls_server.url, tls_client_context) == 200


def test_both_contexts_fit_each_other(
    tls_server_context: ssl.SSLContext,
    tls_client_context: ssl.SSLContext,
    tls_names: tuple[str, ...],
) -> None:
    for name in tls_names:
        assert handshake(tls_client_context, tls_server_context, name)


def test_what_others_change_in_a_context_is_theirs(
    tls_ca: tlsmith.CA, tls_client_context: ssl.SSLContext
) -> None:
    assert tls_client_context is not tls_ca.client_context()
    assert tls_client_context.get_ca_certs() == tls_ca.client_context().get_ca_certs()


def test_the_root_is_in_a_file_for_those_that_want_one(
    tls_root_file: Path, tls_ca: tlsmith.CA
) -> None:
    assert tls_root_file.read_bytes() == tls_ca.root_pem


def test_requests_takes_that_file(
    tls_server: tlsmith.Server, tls_root_file: Path
) -> None:
    answer = requests.get(tls_server.url, verify=str(tls_root_file), timeout=10)
    assert answer.status_code == 200


def test_clients_can_show_who_they_are(
    tls_ca: tlsmith.CA,
    tls_certificate: tlsmith.Certificate,
    tls_client_certificate: tlsmith.Certificate,
) -> None:
    server = tls_certificate.server_context(client_ca=tls_ca)
    both = handshake(tls_ca.client_context(tls_client_certificate), server)
    assert both.server.getpeercert()


def test_a_bad_certificate_is_refused(
    tls_bad_certificate: tlsmith.BadCertificate,
    tls_serve: Callable[..., tlsmith.Server],
) -> None:
    """Once for each kind."""
    server = tls_serve(tls_bad_certificate)
    with pytest.raises(urllib.error.URLError) as caught:
        _fetch(server.url, tls_bad_certificate.client_context())
    reason = caught.value.reason
    assert isinstance(reason, ssl.SSLCertVerificationError)
    assert reason.verify_code in tls_bad_certificate.verify_codes


def test_several_servers_run_at_once(
    tls_bad_certificates: tlsmith.BadCertificates,
    tls_certificate: tlsmith.Certificate,
    tls_client_context: ssl.SSLContext,
    tls_serve: Callable[..., tlsmith.Server],
) -> None:
    good, bad = tls_serve(tls_certificate), tls_serve(tls_bad_certificates.expired())
    assert _fetch(good.url, tls_client_context) == 200
    with pytest.raises(urllib.error.URLError):
        _fetch(bad.url, tls_client_context)


def test_the_plugin_knows_every_kind() -> None:
    from tlsmith import pytest_plugin

    assert pytest_plugin._BAD_KINDS == tlsmith.BAD_KINDS


_A_RUN = """
    import sys
    import pytest

    def test_nothing_is_loaded_that_is_not_asked_for():
        assert "tlsmith.api" not in sys.modules
        assert "cryptography" not in sys.modules

    def test_fixtures_are_there(tls_ca, tls_certificate):
        assert tls_certificate.names == ("a.test",)

    @pytest.mark.parametrize("tls_bad_certificate", ["expired"], indirect=True)
    def test_kinds_can_be_chosen(tls_bad_certificate):
        assert tls_bad_certificate.kind == "expired"
        assert tls_bad_certificate.names == ("a.test",)
"""
_CONFTEST = """
    import pytest

    @pytest.fixture(scope="session")
    def tls_names():
        return ("a.test",)
"""


def test_it_is_found_where_tlsmith_is_installed(pytester: pytest.Pytester) -> None:
    pytester.makeconftest(_CONFTEST)
    pytester.makepyfile(_A_RUN)
    done = pytester.runpytest_subprocess("-W", "error", "-p", "no:cacheprovider")
    done.assert_outcomes(passed=3)


def test_it_can_be_left_out(pytester: pytest.Pytester) -> None:
    pytester.makeconftest(_CONFTEST)
    pytester.makepyfile(_A_RUN)
    done = pytester.runpytest_subprocess("-p", "no:tlsmith", "-p", "no:cacheprovider")
    done.assert_outcomes(passed=1, errors=2)
    done.stdout.fnmatch_lines(["*fixture 'tls_ca' not found*"])


def test_every_fixture_says_what_it_is(pytester: pytest.Pytester) -> None:
    from tlsmith import pytest_plugin

    done = pytester.runpytest_subprocess("--fixtures", "-p", "no:cacheprovider")
    text = done.stdout.str()
    fixtures = [name for name in vars(pytest_plugin) if name.startswith("tls_")]
    assert len(fixtures) >= 11
    for name in fixtures:
        assert f"\n{name} " in text
    assert "no docstring" not in text.partition("tlsmith.pytest_plugin")[2]
