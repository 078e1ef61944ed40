from __future__ import annotations

import base64
import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tlsmith.core.describe.secret import scan_secret

PEM = base64.b64encode(b"-----BEGIN CERTIFICATE-----\n").decode()
OTHER = base64.b64encode(b"anything at all").decode()


def pairs(text: str) -> list[tuple[str, str, bool]]:
    return [(one.key, one.value, one.in_secret) for one in scan_secret(text.encode())]


def test_every_value_of_a_secret_is_read() -> None:
    text = f"""\
apiVersion: v1
kind: Secret
type: kubernetes.io/tls
metadata:
  name: data
  labels: {{}}
data:
  tls.crt: {PEM}
  "tls.key": '{OTHER}'  # a comment
stringData:
  x: y
"""
    assert pairs(text) == [("tls.crt", PEM, True), ("tls.key", OTHER, True)]
    assert scan_secret(text.encode())[0].offset == text.index("  tls.crt")


@pytest.mark.parametrize("mark", ["|", "|-", ">", ">-", "", "!!binary |"])
def test_a_value_may_be_a_block_below_its_key(mark: str) -> None:
    half = len(PEM) // 2
    text = (
        f"data:\n  tls.crt: {mark}\n    {PEM[:half]}\n\n    {PEM[half:]}\n"
        f"  more: {OTHER}\nkind: 'Secret'\n"
    )
    assert pairs(text) == [("tls.crt", PEM, True), ("more", OTHER, True)]


def test_an_empty_value_is_none() -> None:
    assert pairs(f"kind: Secret\ndata:\n  a:\n  tls.crt: {PEM}\n") == [
        ("tls.crt", PEM, True)
    ]


def test_each_document_is_read_by_itself() -> None:
    text = (
        f"---\nkind: ConfigMap\ndata:\n  a: {OTHER}\n"
        f"--- # next\nkind: Secret\ndata:\n  b: {OTHER}\n"
    )
    found = scan_secret(text.encode())
    assert [(one.key, one.value) for one in found] == [("b", OTHER)]


def test_a_secret_in_a_list_is_read() -> None:
    text = f"""\
kind: List
items:
- apiVersion: v1
  kind: Secret
  data:
    tls.crt: {OTHER}
  type: x
- kind: Secret
  data:
    tls.key: {OTHER}
"""
    assert [one[0] for one in pairs(text)] == ["tls.crt", "tls.key"]


def test_pem_in_base64_is_found_under_any_key() -> None:
    text = f"clusters:\n- cluster:\n    certificate-authority-data: {PEM}\n    x: y\n"
    assert pairs(text) == [("certificate-authority-data", PEM, False)]


def test_a_secret_in_json_is_read() -> None:
    text = json.dumps(
        {
            "kind": "List",
            "items": [
                {"kind": "Secret", "data": {"tls.crt": PEM, "n": 1, "x": OTHER}},
                {"kind": "Other", "data": {"a": OTHER, "deep": {"key": PEM}}},
            ],
        }
    )
    assert pairs(text) == [
        ("tls.crt", PEM, True),
        ("x", OTHER, True),
        ("key", PEM, False),
    ]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "nothing here",
        '{"kind": "Secret", ',
        '{"kind": "Secret"}' + "[" * 100_000,
        "[" * 100_000 + '"Secret"',
        "kind: Secret\n",
        "Secret\ndata:\n  a: b\n",
    ],
)
def test_what_is_no_secret_has_no_entries(text: str) -> None:
    assert pairs(text) == []


def test_a_json_text_of_any_size_ends() -> None:
    text = json.dumps(["Secret", *([[]] * 300_000), {"key": PEM}])
    assert pairs(text) == []


@pytest.mark.parametrize(
    "text",
    [
        "Secret\n" + "a:\n" * 100_000,
        "Secret\n" + "\n".join(" " * depth + "a:" for depth in range(1500)),
        "kind: Secret\ndata:\n" + "  a: |\n" * 100_000,
        "kind: Secret\n" + "---\n" * 100_000,
        "kind: Secret\n" + " " * 1_000_000 + "kind: Secret",
        "kind: Secret\ndata:\n  a: x" + " #" * 500_000,
    ],
)
def test_a_text_made_to_be_slow_is_not(text: str) -> None:
    start = time.process_time()
    pairs(text)
    assert time.process_time() - start < 5


@given(
    st.text(st.sampled_from('kind: Secret\ndata:|>"-# {}é' + PEM[:14]), max_size=200)
)
def test_any_text_is_read(text: str) -> None:
    pairs(text + "\nkind: Secret")
