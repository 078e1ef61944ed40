"""Secrets are not told, and what is beside them stays where it is."""

from __future__ import annotations

import pytest

from tlsmith.scan.runtime.masking import masked, reason_without_secrets

SECRET = "hunter2"


@pytest.mark.parametrize(
    "text",
    [
        f"https://me:{SECRET}@host/path",
        f"https://{SECRET}@host/path",
        f"proxy = http://me:p@ss{SECRET}@host:3128",
        f"app:{SECRET}@tcp(db:3306)/app?tls=skip-verify",
        f"PASSWORD={SECRET}",
        f"db_password: {SECRET}",
        f'"password": "{SECRET} and more"',
        f"'api-key': '{SECRET}'",
        f"//registry.example/:_authToken={SECRET}",
        f"jdbc:x://h/d?user=a&password={SECRET}&useSSL=false",
        f"host=h password={SECRET} sslmode=disable",
        f"Server=h;Pwd={SECRET};TrustServerCertificate=true",
        f"-Djavax.net.ssl.trustStorePassword={SECRET} -Dx=y",
        f"curl -u me:{SECRET} -k https://h",
        f"curl --proxy-user=me:{SECRET} -k https://h",
        f"Authorization: Bearer {SECRET}.x.y",
        f"client-key-data: {SECRET}",
        f"AWS_SECRET_ACCESS_KEY={SECRET}",
        f"access_key = {SECRET}",
    ],
)
def test_a_secret_is_not_told(text: str) -> None:
    assert SECRET not in masked(text)
    assert len(masked(text)) == len(text)


@pytest.mark.parametrize(
    "text",
    [
        "NODE_TLS_REJECT_UNAUTHORIZED=0",
        "proxy_auth_verify = false",
        "token_verify: 0",
        "https://host/path@2x",
        "export GIT_SSL_NO_VERIFY=true",
        "sslmode=disable",
        "insecure-registries = [hub.example]",
    ],
)
def test_what_is_no_secret_is_told(text: str) -> None:
    assert masked(text) == text


@pytest.mark.parametrize(
    ("target", "told"),
    [
        ("localhost", "localhost"),
        (f"https://localhost:8443/x?t={SECRET}", "localhost"),
        (f"https://me:{SECRET}@127.0.0.1/", "127.0.0.1"),
        (f"me:p@{SECRET}@[::1]:5432", "[::1]"),
        (f"https://me:{SECRET}@elsewhere", "its target"),
    ],
)
def test_a_reason_tells_a_host_at_most(target: str, told: str) -> None:
    reason = f"graded lower: {target} is this machine itself"
    expected = f"graded lower: {told} is this machine itself"
    assert reason_without_secrets(reason) == expected
