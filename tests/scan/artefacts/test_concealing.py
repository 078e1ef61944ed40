"""No report shows a key: neither in its own finding nor in that of a line beside it."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest

from scan_artefacts import der_of, new_key, pem_of, some_key
from tlsmith.scan.concealing import concealed
from tlsmith.scan.engine import Options, scan
from tlsmith.scan.fingerprint import fingerprints
from tlsmith.scan.reporters import FORMATS, Results, report
from tlsmith.scan.rulebook import every_rule


def _url(number: int) -> str:
    return base64.urlsafe_b64encode(number.to_bytes(32)).decode().rstrip("=")


PEM = pem_of(some_key())
DER = der_of(some_key())
BODY = "".join(PEM.splitlines()[1:-1])
WRAPPED = base64.b64encode(PEM.encode()).decode()
BARE = base64.b64encode(DER).decode()
EC = some_key().private_numbers()
SECRET = _url(EC.private_value)
JWK = {
    "kty": "EC",
    "crv": "P-256",
    "x": _url(EC.public_numbers.x),
    "y": _url(EC.public_numbers.y),
    "d": SECRET,
}
FILES = {
    "server.key": PEM.encode(),
    "server.der": DER,
    "key.json": json.dumps({"key": PEM}).encode(),
    "secret.yaml": f"data:\n  tls.key: {WRAPPED}\n".encode(),
    "app.properties": f"key={BARE}\n".encode(),
    "two.json": json.dumps({"a": PEM, "b": PEM}).encode(),
    "jwk.json": json.dumps(JWK).encode(),
    "jwk.js": f"f({json.dumps(JWK)}, {{rejectUnauthorized: false}})".encode(),
    "both.js": f"tls.connect({{key: {json.dumps(PEM)}, rejectUnauthorized: false}})\n"
    "".encode(),
    "kubeconfig": f"users: [{{client-key-data: {WRAPPED}}}]\nclusters: "
    f"[{{cluster: {{insecure-skip-tls-verify: true}}}}] # {WRAPPED}\n".encode(),
}


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Results:
    folder = tmp_path_factory.mktemp("tree")
    for name, data in FILES.items():
        (folder / name).write_bytes(data)
    done = scan([str(folder)], Options(every_rule(), jobs=1))
    assert {Path(one.path).name for one in done.findings} == set(FILES)
    return Results(done.findings, {rule.id: rule for rule in every_rule()})


@pytest.mark.parametrize("form", FORMATS)
def test_no_format_shows_a_key(form: str, results: Results) -> None:
    told = report(form, results)
    assert told
    assert SECRET[:16] not in told
    for secret in (BODY, WRAPPED, BARE):
        pieces = {secret[at : at + 16] for at in range(20, len(secret) - 16, 4)}
        # The header itself in base64 is none.
        pieces -= {WRAPPED[at : at + 16] for at in range(20, 32, 4)}
        assert [piece for piece in pieces if piece in told] == []


def test_findings_beside_a_key_are_still_seen(results: Results) -> None:
    beside = [one for one in results.findings if one.path.endswith("both.js")]
    assert len(beside) == 2
    assert beside[0].rule == "artefact-private-key"
    assert "rejectUnauthorized: false" in beside[1].snippet


def test_another_key_at_the_same_place_is_another_finding(tmp_path: Path) -> None:
    marks = set()
    for key in (some_key(), new_key(), some_key()):
        (tmp_path / "server.key").write_text(pem_of(key))
        found = scan([str(tmp_path)], Options(every_rule(), jobs=1)).findings
        marks |= set(fingerprints(found))
    assert len(marks) == 2


@pytest.mark.parametrize(
    "text",
    [
        "grep -q '-----BEGIN PRIVATE KEY-----' key.pem && curl -k https://example.com",
        "/usr/share/some/very/long/path/that/goes/on/and/on/and/does/not/end/here/at/all",
        "sha256: 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        "x" * 200,
        "-----BEGIN PRIVATE KEY-----",
    ],
)
def test_what_is_no_secret_is_shown(text: str) -> None:
    assert concealed(text) == text


def test_what_is_concealed_keeps_its_length() -> None:
    for text in (PEM, WRAPPED, json.dumps({"a": PEM, "b": [BARE]})):
        assert len(concealed(text)) == len(text)
        assert concealed(text).count("*") > 100
