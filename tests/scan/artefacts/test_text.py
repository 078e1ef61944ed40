"""Keys inside other files: code, settings, Secrets; and texts that are meant badly."""

from __future__ import annotations

import base64
import json
import time

import pytest

from scan_artefacts import (
    Wanted,
    certificate_pem,
    der_of,
    found_in,
    kinds_in,
    new_key,
    pem_of,
    root_pem,
    some_key,
)
from tlsmith.scan.artefacts.text import artefacts_of

PEM = pem_of(some_key())
LINES = PEM.strip().split("\n")
WRAPPED = base64.b64encode(PEM.encode()).decode()
OLD = "".join(pem_of(some_key(), "TraditionalOpenSSL").split("\n")[1:-2])
BARE = base64.b64encode(der_of(some_key())).decode()


def _indented(text: str, by: str = "    ") -> str:
    return "".join(f"{by}{line}\n" for line in text.strip().split("\n"))


def _folded(text: str, width: int = 76, by: str = "    ") -> str:
    pieces = (text[at : at + width] for at in range(0, len(text), width))
    return "".join(f"{by}{piece}\n" for piece in pieces)


INSIDE = {
    "server.yaml": ("tls:\n  key: |\n" + _indented(PEM), 3),
    "account.json": (json.dumps({"a": 1, "private_key": PEM}, indent=1), 3),
    "inner.json": (json.dumps({"a": json.dumps({"k": PEM})}), 1),
    ".env": ("A=1\nKEY=" + json.dumps(PEM) + "\n", 2),
    "quoted.env": (f'A=1\nKEY="{PEM}"\n', 2),
    "Key.java": (
        "class Key {\n  String key =\n"
        + " +\n".join(f'    "{line}\\n"' for line in LINES)
        + ";\n}\n",
        3,
    ),
    "append.cs": ("\n".join(f'sb.Append("{one}\\r\\n");' for one in LINES), 1),
    "key.php": ("<?php\n$key = " + ".\n".join(f"'{x}'.\"\\n\"" for x in LINES), 2),
    "key.js": ("const key = [\n" + ",\n".join(f"'{x}'" for x in LINES) + "\n]", 2),
    "key.c": ("char key[] =\n" + "\n".join(f'  "{x}\\n"' for x in LINES) + ";", 2),
    "key.go": ("var key = `" + PEM + "`\n", 1),
    "key.py": ('KEY = """\\\n' + PEM + '"""\n', 2),
    "comment.py": (_indented(PEM, "# "), 1),
    "change.patch": ("--- a\n+++ b\n@@ -0,0 +1,5 @@\n" + _indented(PEM, "+"), 4),
    "server.tf": ("key = <<EOT\n" + PEM + "EOT\n", 2),
    "windows.pem": (PEM.replace("\n", "\r\n"), 1),
    "secret.yaml": (f"kind: Secret\ndata:\n  tls.key: {WRAPPED}\n", 3),
    "folded.yaml": ("data:\n  tls.key: >-\n" + _folded(WRAPPED), 3),
    "kubeconfig": (f'users:\n- user: {{client-key-data: "{WRAPPED}"}}\n', 2),
    "secret.json": (json.dumps({"data": {"tls.key": WRAPPED}}), 1),
    "folded.pem": (WRAPPED, 1),
    "entities.xml": ("<key>\n" + PEM.replace("\n", "&#10;") + "</key>", 2),
    "bare.js": ("const key = '" + OLD[:60] + "' +\n  '" + OLD[60:] + "';\n", 1),
    "bare.txt": ("here:\n" + _folded(OLD, 64, "") + "and more of it\n", 2),
    "app.properties": (f"a=b\njwt.key={BARE}\n", 2),
}


@pytest.mark.parametrize("name", INSIDE)
def test_a_key_is_found_inside(name: str) -> None:
    text, line = INSIDE[name]
    (found,) = found_in(text, f"deploy/{name}")
    assert (found.rule, found.line) == ("artefact-private-key", line)
    assert found.reason == "EC secp256r1"


def test_utf_16_is_read_as_well() -> None:
    assert kinds_in(PEM.encode("utf-16")) == ["private-key"]


def test_every_key_of_a_file_is_found() -> None:
    text = f"a: {WRAPPED}\nb: {BARE}\n{PEM}{pem_of(new_key())}"
    assert [one.line for one in found_in(text)] == [1, 2, 3, 8]


def test_a_chain_and_its_key_in_one_secret_are_one_finding() -> None:
    key = new_key()
    both = certificate_pem(Wanted(key=key, issuer=some_key())) + pem_of(key)
    text = "tls.pem: " + base64.b64encode(both.encode()).decode()
    (found,) = found_in(text)
    assert found.rule == "artefact-private-key"
    assert "its certificate: for CN=web.example.com" in found.reason


def test_a_bundle_of_roots_is_public() -> None:
    roots = "".join(root_pem(new_key()) for _ in range(30))
    assert kinds_in(roots, "etc/cacert.pem") == []
    assert kinds_in(roots + PEM, "etc/cacert.pem") == ["private-key"]


def test_a_comment_leaves_a_key_in_code_alone() -> None:
    text = f"key = `{PEM}` // gitleaks:allow\n"
    line = f"KEY = {json.dumps(PEM)}  # tlsmith: ignore[artefact-private-key] made up\n"
    (found,) = found_in(line, "src/key.py")
    assert found.suppressed == "made up"
    assert found_in(text, "src/key.go")[0].suppressed is None  # behind the key


MEGABYTE = 1 << 20
HEAD, FOOT = "-----BEGIN PRIVATE KEY-----", "-----END PRIVATE KEY-----"
HOSTILE = [
    "-----BEGIN",
    HEAD,
    f"{HEAD}\n",
    f"{HEAD}\nAAAA\n{FOOT}\n",
    f"{HEAD}{' ' * 5000}{FOOT}",
    HEAD + "\n" * 90_000 + FOOT,
    HEAD + "+\n" * 45_000 + FOOT,
    HEAD + '" ' * 45_000 + FOOT,
    HEAD + "\nAb: " * 18_000 + FOOT,
    HEAD + "\\" * 90_000 + FOOT,
    "LS0tLS1CRUdJTi",
    "LS0tLS1CRUdJTi\n",
    "LS0tLS1CRUdJTi ",
    "MIIEvQIBADANBgkqhkiG9w0BAQEFAASC\n",
    'MIIEvQIBADANBgkqhkiG9w0BAQEFAASC"' + " " * 160,
    "/u3+7QAAAAI ",
    "MHcCAQEEI ",
    '{"kty":"RSA"',
    '{"kty":"RSA"}',
    "<RSAKeyValue><D>",
    "PuTTY-User-Key-File-3: a\nEncryption: none\nComment: a\nPublic-Lines: 999\n",
    "MIIKoQIBAzCC" + "A" * 100 + " ",
]


@pytest.mark.parametrize("piece", HOSTILE, ids=range(len(HOSTILE)))
def test_no_text_takes_long(piece: str) -> None:
    text = (piece * (MEGABYTE // len(piece) + 1))[:MEGABYTE]
    begun = time.process_time()
    assert artefacts_of(text) == {}
    assert time.process_time() - begun < 5
