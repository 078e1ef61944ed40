"""The Kubernetes TLS Secret: read back by a strict YAML reader."""

import base64
import re
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from chains import EVERY_KIND, family
from tlsmith.core.formats import (
    encode_chain,
    encode_kubernetes_secret,
    encode_private_key,
    secret_name,
)

# What the API server holds metadata.name to: an RFC 1123 subdomain.
SUBDOMAIN = re.compile(
    r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*"
)


def read(data: bytes) -> dict[str, Any]:
    (document,) = yaml.safe_load_all(data)
    assert isinstance(document, dict)
    return document


@pytest.mark.parametrize("kind", EVERY_KIND)
def test_a_secret_holds_chain_and_key(kind: str) -> None:
    one = family(kind)
    data = encode_kubernetes_secret(
        one.ders[:2], one.leaf.key, name="app-test", namespace="web", ca=one.ders[2:]
    )
    secret = read(data)
    assert (secret["apiVersion"], secret["kind"]) == ("v1", "Secret")
    assert secret["type"] == "kubernetes.io/tls"
    assert secret["metadata"] == {"name": "app-test", "namespace": "web"}
    values = {key: base64.b64decode(value) for key, value in secret["data"].items()}
    assert values == {
        "tls.crt": encode_chain(one.ders[:2]),
        "tls.key": encode_private_key(one.leaf.key),
        "ca.crt": encode_chain(one.ders[2:]),
    }


def test_namespace_and_ca_are_left_out_where_there_are_none() -> None:
    one = family()
    secret = read(encode_kubernetes_secret(one.ders[:1], one.leaf.key, name="x"))
    assert secret["metadata"] == {"name": "x"}
    assert set(secret["data"]) == {"tls.crt", "tls.key"}


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("app.test", "app.test"),
        ("*.app.test", "wildcard.app.test"),
        ("localhost+2", "localhost-2"),
        ("127.0.0.1", "127.0.0.1"),
        ("::1", "1"),
        ("Root CA X1", "root-ca-x1"),
        ("admin@app.test", "admin-app.test"),
        ("spiffe://a/b", "spiffe-a-b"),
        ("日本", "certificate"),
        ("", "certificate"),
        (".-.", "certificate"),
        ("a" * 300, "a" * 253),
    ],
)
def test_names_are_made_ones_kubernetes_allows(text: str, name: str) -> None:
    assert secret_name(text) == name


@given(st.text(max_size=300))
def test_any_text_becomes_a_name_and_is_read_back_as_text(text: str) -> None:
    name = secret_name(text)
    assert SUBDOMAIN.fullmatch(name)
    assert len(name) <= 253
    assert secret_name(name) == name
    one = family()
    secret = read(encode_kubernetes_secret(one.ders[:1], one.leaf.key, name=text))
    assert secret["metadata"]["name"] == name


@pytest.mark.parametrize("word", ["true", "no", "null", "1", "1.5", "1e3", "y", "off"])
def test_words_that_yaml_takes_for_something_else_stay_names(word: str) -> None:
    one = family()
    data = encode_kubernetes_secret(
        one.ders[:1], one.leaf.key, name=word, namespace=word
    )
    assert read(data)["metadata"] == {"name": word, "namespace": word}
