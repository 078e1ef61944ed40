"""Other implementations that read CRLs and OCSP responses, each asked the same."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from interop.revoking import Revoking
from interop.tools import debian_13, java_program
from tlsmith.core.ocsp import OCSPResponder, encode_ocsp_request, make_cert_id

OK, GOOD, REVOKED, UNKNOWN = "ok", "good", "revoked", "unknown"
NO_ML_DSA = frozenset({"ml-dsa-44", "ml-dsa-65", "ml-dsa-87"})


# A serial number, and the names of CRLs; or a serial number, and who answers.
CRLQuestion = tuple[int, Sequence[str]]
OCSPQuestion = tuple[int, OCSPResponder]


class CRLJudge(NamedTuple):
    """What verifies chains by CRLs.

    Args:
        ask: answers questions about a world, each with "ok" or why not.
        unknown: kinds of keys that it cannot read.
        scopes: whether it holds a CRL to what its issuingDistributionPoint says.
        needs_all: whether a certificate that no CRL covers is refused.
        reads_shards: whether it reads CRLs with a critical issuingDistributionPoint.
    """

    ask: Callable[[Revoking, Sequence[CRLQuestion]], list[str]]
    unknown: frozenset[str] = NO_ML_DSA
    scopes: bool = True
    needs_all: bool = True
    reads_shards: bool = True
    tools: tuple[str, ...] = ()
    is_fetched: bool = False


class OCSPJudge(NamedTuple):
    """What verifies OCSP responses.

    Args:
        ask: answers questions about a world, each with "good", "revoked", "unknown"
            or why the response is refused.
    """

    ask: Callable[[Revoking, Sequence[OCSPQuestion]], list[str]]
    unknown: frozenset[str] = NO_ML_DSA
    tools: tuple[str, ...] = ()
    is_fetched: bool = False


def run(command: Sequence[str | Path], typed: str | None = None) -> tuple[int, str]:
    done = subprocess.run(
        command, input=typed, capture_output=True, text=True, check=False, timeout=60
    )
    return done.returncode, (done.stdout + done.stderr).strip()


def crl_pems(world: Revoking, names: Sequence[str]) -> list[Path]:
    return [world.pem(name, "X509 CRL", getattr(world, name)) for name in names]


# CRLs -----------------------------------------------------------------------------


def openssl_with(
    command: Sequence[str], world: Revoking, serial: int, names: Sequence[str]
) -> str:
    words: list[str | Path] = [*command, "verify", "-x509_strict", "-crl_check_all"]
    words += ["-CAfile", world.root_pem, "-untrusted", world.issuer_pem]
    for path in crl_pems(world, names):
        words += ["-CRLfile", path]
    if "delta_crl" in names:
        words += ["-extended_crl", "-use_deltas"]
    code, said = run([*words, world.leaf(serial)])
    return OK if code == 0 else said


def _openssl(world: Revoking, serial: int, names: Sequence[str]) -> str:
    return openssl_with(["openssl"], world, serial, names)


def _newer_openssl(world: Revoking, serial: int, names: Sequence[str]) -> str:
    return openssl_with(debian_13().program("openssl"), world, serial, names)


def _certtool(world: Revoking, serial: int, names: Sequence[str]) -> str:
    paths = crl_pems(world, names)
    together = world.folder / f"{'+'.join(names)}.pem"
    together.write_bytes(b"".join(path.read_bytes() for path in paths))
    for path, name in zip(paths, names, strict=True):
        above = world.root_pem if name in _OF_ROOT else world.issuer_pem
        words = ["certtool", "--verify-crl", "--infile", path]
        code, said = run([*words, "--load-ca-certificate", above])
        if code:
            return said
    words = ["certtool", "--verify", "--infile", world.chain(serial)]
    words += ["--load-ca-certificate", world.root_pem, "--load-crl", together]
    code, said = run(words)
    return OK if code == 0 else said


_OF_ROOT = ("root_crl", "revoked_issuer_crl")


def _certutil(world: Revoking, serial: int, names: Sequence[str]) -> str:
    # NSS waits for the disk after each write.
    memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    with tempfile.TemporaryDirectory(dir=memory) as folder:
        database = ["-d", f"sql:{folder}"]
        run(["certutil", *database, "-N", "--empty-password"])
        certificates = [("root", "CT,C,C", world.root_pem)]
        certificates += [("issuer", ",,", world.issuer_pem)]
        certificates += [("leaf", ",,", world.leaf(serial))]
        for name, trust, path in certificates:
            words = ["certutil", *database, "-A", "-n", name, "-t", trust, "-i", path]
            code, said = run(words)
            assert code == 0, said
        for name in names:
            path = world.folder / f"{name}.der"
            path.write_bytes(getattr(world, name))
            code, said = run(["crlutil", *database, "-I", "-i", path])
            if code:
                return said
        words = ["certutil", *database, "-V", "-n", "leaf", "-u", "V", "-e"]
        code, said = run(words)
        return OK if code == 0 else said


def _java(world: Revoking, questions: Sequence[CRLQuestion]) -> list[str]:
    return _ask_java(
        world,
        [
            (serial, ",".join(map(str, crl_pems(world, names))), "")
            for serial, names in questions
        ],
    )


def _ask_java(world: Revoking, questions: Sequence[tuple[int, str, str]]) -> list[str]:
    """Ask all at once: Java takes longer to start than to answer."""
    lines = [
        "\t".join((str(world.root_pem), str(world.chain(serial)), crls, response))
        for serial, crls, response in questions
    ]
    code, said = run(java_program("Revocation"), "\n".join(lines) + "\n")
    assert code == 0, said
    answers = said.splitlines()
    assert len(answers) == len(lines), said
    return answers


Single = Callable[[Revoking, int, Any], str]


def _each(ask: Single) -> Callable[[Revoking, Sequence[tuple[int, Any]]], list[str]]:
    """Return what asks one question after the other."""
    return lambda world, questions: [ask(world, *question) for question in questions]


CRL_JUDGES = {
    "openssl": CRLJudge(_each(_openssl), tools=("openssl",)),
    "openssl-3.5": CRLJudge(_each(_newer_openssl), frozenset(), is_fetched=True),
    # GnuTLS reads no issuingDistributionPoint: a list counts for all of its issuer's.
    "certtool": CRLJudge(
        _each(_certtool), scopes=False, needs_all=False, tools=("certtool",)
    ),
    # NSS takes no list with an extension that is critical and that it does not know.
    "certutil": CRLJudge(
        _each(_certutil),
        NO_ML_DSA | {"ed25519"},
        needs_all=False,
        reads_shards=False,
        tools=("certutil", "crlutil"),
    ),
    "java": CRLJudge(_java, tools=("java", "javac")),
}


# OCSP -----------------------------------------------------------------------------


def _status(said: str) -> str:
    """Return the status among what a program says."""
    for status in (GOOD, REVOKED, UNKNOWN):
        if f": {status}" in said:
            return status
    return said


def openssl_ocsp_with(
    command: Sequence[str], world: Revoking, serial: int, responder: OCSPResponder
) -> str:
    """Ask with a request of OpenSSL's own, SHA-256 and a nonce in it."""
    request, response = world.folder / "o.req", world.folder / "o.resp"
    about = ["-sha256", "-issuer", world.issuer_pem, "-cert", world.leaf(serial)]
    words = [*command, "ocsp", *about, "-nonce", "-reqout", request]
    code, said = run(words)
    assert code == 0, said
    response.write_bytes(world.answer(request.read_bytes(), responder))
    trust = ["-respin", response, "-CAfile", world.root_pem]
    trust += ["-verify_other", world.issuer_pem]
    # Once for the nonce, which is compared with the request's; once for the status.
    code, said = run([*command, "ocsp", "-reqin", request, *trust])
    if code or "Response verify OK" not in said:
        return said
    code, said = run([*command, "ocsp", *about, "-no_nonce", *trust])
    return _status(said) if "Response verify OK" in said else said


def _openssl_ocsp(world: Revoking, serial: int, responder: OCSPResponder) -> str:
    return openssl_ocsp_with(["openssl"], world, serial, responder)


def _newer_openssl_ocsp(world: Revoking, serial: int, responder: OCSPResponder) -> str:
    return openssl_ocsp_with(debian_13().program("openssl"), world, serial, responder)


def _ocsptool(world: Revoking, serial: int, responder: OCSPResponder) -> str:
    request, response = world.folder / "g.req", world.folder / "g.resp"
    words = ["ocsptool", "--generate-request", "--nonce", "--outfile", request]
    words += ["--load-issuer", world.issuer_pem, "--load-cert", world.leaf(serial)]
    code, said = run(words)
    assert code == 0, said
    response.write_bytes(world.answer(request.read_bytes(), responder))
    words = ["ocsptool", "--verify-response", "--load-response", response]
    # Without a certificate in the response it is to be told who signed.
    own = responder is world.issuers_responder
    trust = "--load-signer" if own else "--load-trust"
    code, said = run([*words, trust, world.issuer_pem])
    if code or "Verifying OCSP Response: Success" not in said:
        return said
    return _status(said)


def _java_ocsp(world: Revoking, questions: Sequence[OCSPQuestion]) -> list[str]:
    asked = []
    for number, (serial, responder) in enumerate(questions):
        response = world.folder / f"j-{number}.resp"
        request = encode_ocsp_request([make_cert_id(world.issuer.view, serial)])
        response.write_bytes(world.answer(request, responder))
        asked.append((serial, "", str(response)))
    return [_java_status(said) for said in _ask_java(world, asked)]


def _java_status(said: str) -> str:
    if said == OK:
        return GOOD
    if "Certificate has been revoked" in said:
        return REVOKED
    return UNKNOWN if "status is unknown" in said.lower() else said


OCSP_JUDGES = {
    "openssl": OCSPJudge(_each(_openssl_ocsp), tools=("openssl",)),
    "openssl-3.5": OCSPJudge(_each(_newer_openssl_ocsp), frozenset(), is_fetched=True),
    "ocsptool": OCSPJudge(_each(_ocsptool), tools=("ocsptool",)),
    "java": OCSPJudge(_java_ocsp, tools=("java", "javac")),
}
