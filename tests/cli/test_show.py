from __future__ import annotations

import json
import os
import socket
import ssl
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, pkcs7
from cryptography.x509 import ocsp
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chains import START, certify, family, request, revocation_list
from core.describe.forge import CN, SAN, ca, dns_names, leaf, name, with_extension
from core.describe.rich import rich_certificate
from core.describe.samples import (
    OPENSSH,
    SECRET,
    dh_parameters,
    encrypted,
    ocsp_request,
    ocsp_response,
    p7,
    p12,
    pem_of,
    private,
    public,
)
from core.describe.samples import PKCS8 as FORM
from core.describe.test_keystore import store, trusted
from core.describe.test_pkcs12 import legacy
from core.describe.test_request import attribute
from core.describe.test_request import made as request_with
from core.describe.test_revocation import entry
from core.describe.test_revocation import made as list_with
from probe.servers import (
    answer,
    free_port,
    serving,
    speak_newer_tls,
    speak_tls,
    tls_context,
)
from running import tlsmith, tlsmith_here
from strategies import key_of_kind
from tlsmith.core.keys import generate_private_key

HOUSE = family(name="localhost")
LEAF, MIDDLE, ROOT = HOUSE.leaf, HOUSE.intermediate, HOUSE.root


@pytest.fixture
def chain(folder: Path) -> Path:
    """A file with a chain whose root is not here, and which is in order."""
    path = folder / "chain.pem"
    path.write_bytes(LEAF.pem + MIDDLE.pem)
    return path


def write(folder: Path, data: bytes, file: str = "it.pem", mode: int = 0o600) -> str:
    path = folder / file
    path.write_bytes(data)
    path.chmod(mode)
    return file


def signed_message() -> bytes:
    built = (
        pkcs7.PKCS7SignatureBuilder()
        .set_data(b"text")
        .add_signer(LEAF.certificate, LEAF.key, hashes.SHA256())
    )
    return built.sign(Encoding.DER, [pkcs7.PKCS7Options.DetachedSignature])


# Files ------------------------------------------------------------------------------


def test_a_chain_is_shown_in_words(chain: Path) -> None:
    done = tlsmith_here("show", "chain.pem")
    assert done.code == 0, done.err
    assert "[1] certificate: localhost" in done.out
    assert "names        DNS localhost" in done.out
    assert "signature    by [2], checked" in done.out
    assert "key          EC, curve P-256" in done.out
    assert "[2] Intermediate of localhost, which signed [1]" in done.out
    assert "which is not here" in done.out
    assert done.err == ""


def test_the_same_is_shown_as_json(chain: Path) -> None:
    facts = tlsmith_here("show", "chain.pem", "--json").facts
    assert facts["source"] == "chain.pem"
    assert facts["sources"] == ["chain.pem"]
    assert [one["type"] for one in facts["objects"]] == ["certificate"] * 2
    assert facts["objects"][0]["found"]["source"] == "chain.pem"
    assert facts["chain"]["path"] == [0, 1]
    assert facts["chain"]["complete"] is None
    assert {one["level"] for one in facts["findings"]} <= {"warning", "note"}


def test_a_file_without_fault_says_so(folder: Path) -> None:
    done = tlsmith_here("show", write(folder, private(key_of_kind("p256"), FORM)))
    assert done.code == 0
    assert done.out.endswith("Nothing wrong was found.\n")


def test_no_line_is_longer_than_a_terminal(folder: Path) -> None:
    data = pem_of(rich_certificate(), "CERTIFICATE") + LEAF.pem + ROOT.pem
    done = tlsmith_here("show", write(folder, data))
    assert max(map(len, done.out.splitlines())) <= 80


MANY = dns_names(*(f"{number}.app.test" for number in range(50)))
KEYED = [
    (with_extension(SAN, MANY), "and 10 more: --json has them all"),
    (
        with_extension(SAN, dns_names("xn--bcher-kva.test"), critical=True),
        "certificate: bücher.test (xn--bcher-kva.test)",
    ),
    (with_extension(SAN, MANY, critical=True), "(critical)"),
    (
        pem_of(leaf(signer=key_of_kind("p256")), "CERTIFICATE")
        + pem_of(ca(), "CERTIFICATE"),
        "WRONG: not made by the key of its issuer",
    ),
    (private(key_of_kind("ed25519"), OPENSSH), "SSH          SHA256:"),
    (public(key_of_kind("ed25519"), PublicFormat.OpenSSH) + b" me@x", "me@x"),
    (
        request_with(attribute("1.2.840.113549.1.9.7", b"\x0c\6secret")),
        "challenge password: not shown",
    ),
    (
        ocsp_response(
            status=ocsp.OCSPCertStatus.REVOKED,
            revoked=START,
            reason=x509.ReasonFlags.key_compromise,
        ),
        "UTC, key compromise",
    ),
    (ocsp_response(next_update=None), "as of 2026-01-01"),
    (signed_message(), "signers      1"),
    (public(LEAF.key), "public key: EC, curve P-256"),
    (public(key_of_kind("ed25519"), PublicFormat.OpenSSH), "SSH          SHA256:"),
    (request(LEAF.key), "certificate signing request: CN=app.test"),
    (pem_of(b"\5\0", "CERTIFICATE REQUEST"), "certificate signing request"),
    (revocation_list(ROOT), "certificate revocation list: CN=Root of localhost"),
    (list_with(*map(entry, range(1, 30))), "... --json has them all"),
    (list_with(), "revoked      0"),
    (pem_of(b"\5\0", "X509 CRL"), "certificate revocation list"),
    (ocsp_request(), "asks for     serial"),
    (ocsp_response(nonce=b"x"), "OCSP response: successful"),
    (ocsp_response(by_name=True), "responder    CN=Intermediate of app.test"),
    (b"0\3\n\1\6", "status       unauthorized"),
    (p7(), "PKCS#7: signed data"),
    (p12(b"changeit"), "opened with  the passphrase changeit"),
    (p12(SECRET), "opened with  nothing that was tried"),
    (legacy(), "PKCS#12 with 3DES"),
    (store(trusted("root", ROOT.der)), "alias        root: trusted certificate"),
    (pem_of(dh_parameters(), "DH PARAMETERS"), "key          DH, 2048 bits"),
    (encrypted(LEAF.key), "encrypted    yes: PBES2"),
    (rich_certificate(), "Netscape comment: comment"),
    (ca(), "role         root CA"),
    (leaf(version=b"", extensions=b""), "version      1"),
    (leaf()[:20], "not checked: unreadable"),
    (LEAF.pem + pem_of(b"x", "PGP MESSAGE"), "[2] OpenPGP: PGP MESSAGE"),
    (b"kind: Secret\ndata:\n  tls.crt: eA==\n", "unknown"),
]


@pytest.mark.parametrize(("data", "words"), KEYED, ids=[words for _, words in KEYED])
def test_every_kind_is_put_in_words(data: bytes, words: str, folder: Path) -> None:
    done = tlsmith_here("show", write(folder, data))
    assert words in done.out
    assert done.code in (0, 1)


def test_an_entry_is_named(folder: Path) -> None:
    done = tlsmith_here("show", write(folder, store(trusted("my root", ROOT.der))))
    assert "entry        my root" in done.out


def test_a_key_and_a_certificate_in_two_files_are_compared(folder: Path) -> None:
    write(folder, LEAF.pem, "cert.pem")
    write(folder, LEAF.key_pem, "key.pem")
    done = tlsmith_here("show", "key.pem", "cert.pem")
    assert done.code == 0, done.out
    assert "fits         [2]" in done.out
    write(folder, ROOT.key_pem, "key.pem")
    done = tlsmith_here("show", "key.pem", "cert.pem")
    assert done.code == 1
    assert "problem: [1] the private key fits no certificate here" in done.out


def test_the_order_of_files_does_not_matter(folder: Path) -> None:
    write(folder, ROOT.pem + MIDDLE.pem, "ca.pem")
    write(folder, LEAF.pem, "cert.pem")
    done = tlsmith_here("show", "ca.pem", "cert.pem")
    assert done.code == 0, done.out
    assert "complete: it ends in a root that is here" in done.out


def test_an_incomplete_chain_is_a_problem(folder: Path) -> None:
    done = tlsmith_here("show", write(folder, LEAF.pem + ROOT.pem))
    assert done.code == 1
    assert "incomplete: CN=Intermediate of localhost is missing" in done.out
    assert "problem: [1] its issuer" in done.out


def test_a_large_bundle_is_shown_in_brief_and_in_full(folder: Path) -> None:
    roots = [certify(f"Root {n}", generate_private_key(), ca=True) for n in range(15)]
    write(folder, b"".join(one.pem for one in roots))
    brief = tlsmith_here("show", "it.pem").out
    assert "[15] certificate: Root 14\n    root CA, EC, curve P-256, expires" in brief
    assert "--full" in brief
    assert "SHA-256" not in brief
    full = tlsmith_here("show", "it.pem", "--full").out
    assert full.count("SHA-256 ") == 30
    mixed = write(folder, b"".join(one.key_pem for one in roots), "keys.pem")
    assert "private key: EC" in tlsmith_here("show", mixed).out


def test_a_file_that_others_may_read_is_warned_of(folder: Path) -> None:
    write(folder, LEAF.key_pem + LEAF.pem, mode=0o644)
    facts = tlsmith_here("show", "it.pem", "--json").facts
    (finding,) = (one for one in facts["findings"] if one["object"] == 0)
    assert finding["code"] == "readable-by-others"
    assert "has mode 0644" in finding["message"]
    os.chmod("it.pem", 0o600)
    assert "readable-by-others" not in tlsmith_here("show", "it.pem", "--json").out
    write(folder, pem_of(encrypted(LEAF.key), "ENCRYPTED PRIVATE KEY"), mode=0o644)
    assert "readable-by-others" not in tlsmith_here("show", "it.pem", "--json").out


def test_standard_input_is_read(folder: Path) -> None:
    done = tlsmith_here("show", "-", typed=LEAF.pem + LEAF.key_pem)
    assert done.code == 0
    assert "[1] certificate: localhost" in done.out


def test_a_name_that_would_rewrite_the_terminal_is_escaped(folder: Path) -> None:
    evil = leaf(subject=name((CN, "good.test\n\x1b[2Jproblem: none\u202e")))
    done = tlsmith_here("show", write(folder, evil))
    assert "\\x0a\\x1b[2Jproblem" in done.out
    assert "\x1b" not in done.out
    assert "\u202e" not in done.out
    shown = tlsmith_here("show", "it.pem", "--json").out
    assert "\u202e" not in shown
    assert json.loads(shown)["objects"][0]["subject"].endswith("\u202e")


def test_a_nul_in_a_name_is_a_problem(folder: Path) -> None:
    evil = leaf(subject=name((CN, "good.test\0.evil.test")))
    done = tlsmith_here("show", write(folder, evil))
    assert done.code == 1
    assert "problem: a NUL stands in subject CN" in done.out


# Passphrases --------------------------------------------------------------------------


def test_a_passphrase_from_a_file_or_variable_opens_it(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(folder, p12(SECRET), "it.p12")
    write(folder, SECRET + b"\n", "secret")
    monkeypatch.setenv("MINE", SECRET.decode())
    for words in (["--passphrase-file", "secret"], ["--passphrase-env", "MINE"]):
        done = tlsmith_here("show", "it.p12", *words)
        assert "opened with  the passphrase given" in done.out
        assert SECRET.decode() not in done.out + done.err


def test_a_wrong_passphrase_is_a_problem(folder: Path) -> None:
    write(folder, p12(SECRET), "it.p12")
    write(folder, b"wrong", "secret")
    done = tlsmith_here("show", "it.p12", "--passphrase-file", "secret")
    assert done.code == 1
    assert "problem: the passphrase does not open it" in done.out
    done = tlsmith_here("show", "it.p12")
    assert done.code == 1
    assert "--passphrase-file" in done.out


def test_the_passphrase_decrypts_a_key(folder: Path) -> None:
    write(folder, encrypted(LEAF.key), "key.der")
    write(folder, SECRET, "secret")
    done = tlsmith_here("show", "key.der", "--passphrase-file", "secret")
    assert "; the passphrase fits" in " ".join(done.out.split())


# What cannot be shown -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["nothing.pem"], 2, "no such file"),
        (["./nothing"], 2, "no such file"),
        (["a b"], 2, "neither a file nor a server: 'a b'"),
        (["http://localhost/"], 2, "plain HTTP"),
        (["."], 2, "is a directory"),
        (["empty"], 2, "the input is empty"),
        (["words"], 2, "in 10 bytes of text"),
        (["noise"], 2, "binary data"),
        (["words", "localhost:1"], 2, "a server is shown alone"),
        (["words", "--servername", "x"], 2, "is for a server"),
        (["words", "--starttls", "smtp"], 2, "is for a server"),
        (["words", "--starttls", "gopher"], 2, "gopher"),
        (["words", "--timeout", "0"], 2, "timeout"),
        (["words", "--timeout", "nan"], 2, "nan"),
        ([], 2, "missing argument"),
    ],
)
def test_what_cannot_be_shown_is_one_error_with_a_hint(
    words: list[str], code: int, message: str, folder: Path
) -> None:
    write(folder, b"", "empty")
    write(folder, b"just words", "words")
    write(folder, bytes(range(256)) * 9, "noise")
    done = tlsmith_here("show", *words)
    assert done.code == code
    assert message.lower() in done.err.lower()
    assert "hint: " in done.err
    assert done.out == ""
    failed = tlsmith_here("show", *words, "--json")
    assert failed.error["hint"]


def test_a_file_that_is_not_ours_to_read_is_an_error(folder: Path) -> None:
    write(folder, LEAF.pem, mode=0)
    if os.access("it.pem", os.R_OK):
        pytest.skip("root may read everything")
    done = tlsmith_here("show", "it.pem")
    assert done.code == 2
    assert "permission" in done.err


def test_a_terminal_is_no_input(folder: Path) -> None:
    pty = pytest.importorskip("pty")
    ours, theirs = pty.openpty()
    done = subprocess.run(
        [sys.executable, "-m", "tlsmith", "show", "-"],
        stdin=theirs,
        capture_output=True,
        timeout=30,
        check=False,
    )
    os.close(ours)
    os.close(theirs)
    assert done.returncode == 2
    assert b"standard input is a terminal" in done.stderr


def test_a_file_that_vanishes_is_not_looked_at_twice(folder: Path) -> None:
    from tlsmith.cli.show import _mode

    assert _mode("gone") == 0


@pytest.mark.parametrize("size", range(0, 460, 23))
def test_a_file_that_is_cut_anywhere_is_told_of(size: int, folder: Path) -> None:
    der = leaf()
    done = tlsmith_here("show", write(folder, der[:size], "cut.der"))
    assert done.code in (1, 2) or size >= len(der)
    text = pem_of(der, "CERTIFICATE")
    done = tlsmith_here("show", write(folder, text[:size], "cut.crt"))
    assert done.code in (1, 2) or size >= len(text)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.binary(max_size=200))
def test_any_file_is_shown_or_refused(data: bytes, folder: Path) -> None:
    done = tlsmith_here("show", write(folder, data, "any.bin"))
    assert done.code in (0, 1, 2)
    assert "this should not have happened" not in done.err


# Servers ------------------------------------------------------------------------------


def test_a_server_is_shown(folder: Path) -> None:
    with serving(speak_tls(tls_context(folder, [LEAF, MIDDLE]))) as port:
        done = tlsmith_here("show", f"localhost:{port}")
    assert done.code == 1
    assert f"server: localhost:{port}" in done.out
    assert "asked for    localhost" in done.out
    assert "TLS          TLSv1.3, TLS_AES_256_GCM_SHA384" in done.out
    assert "accepted     no: unable to get local issuer certificate" in done.out
    assert "problem: this machine does not accept it" in done.out
    assert "[1] certificate: localhost" in done.out


def test_a_server_is_shown_as_json(folder: Path) -> None:
    context = tls_context(folder, [LEAF, MIDDLE, ROOT])
    context.set_alpn_protocols(["h2"])
    with serving(speak_tls(context)) as port:
        facts = tlsmith_here("show", f"https://127.0.0.1:{port}/x", "--json").facts
    server = facts["server"]
    assert (server["host"], server["port"]) == ("127.0.0.1", port)
    assert server["server_name"] is None
    assert (server["tls_version"], server["alpn"]) == ("TLSv1.3", "h2")
    assert server["accepted"] is False
    assert server["verify_code"] in (19, 64)
    assert len(facts["objects"]) == 3
    assert {one["code"] for one in facts["findings"]} >= {
        "host-mismatch",
        "root-included",
        "not-trusted",
    }


def test_a_server_may_be_asked_for_another_name(folder: Path) -> None:
    with serving(speak_tls(tls_context(folder, [LEAF, MIDDLE]))) as port:
        words = ["--servername", "other.test", "--json", "--timeout", "9"]
        facts = tlsmith_here("show", f"localhost:{port}", *words).facts
    assert facts["server"]["server_name"] == "other.test"
    messages = [one["message"] for one in facts["findings"]]
    assert "the certificate is not for other.test" in messages


def test_tls_is_started_inside_a_protocol(folder: Path) -> None:
    talk = speak_tls(tls_context(folder, [LEAF, MIDDLE]))

    def pop3(connection: socket.socket) -> None:
        connection.sendall(b"+OK\r\n")
        connection.recv(100)
        connection.sendall(b"+OK\r\n")
        talk(connection)

    with serving(pop3) as port:
        words = ["--starttls", "pop3", "--json"]
        facts = tlsmith_here("show", f"localhost:{port}", *words).facts
    assert facts["server"]["starttls"] == "pop3"


def test_an_old_server_is_a_problem(folder: Path) -> None:
    context = tls_context(folder, [LEAF, MIDDLE])
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    with pytest.deprecated_call():
        context.maximum_version = ssl.TLSVersion.TLSv1_1
    with serving(speak_tls(context)) as port:
        done = tlsmith_here("show", f"localhost:{port}")
    assert "problem: TLSv1.1: clients of today refuse it" in done.out
    assert "note: a client that verifies fails with it" in done.out


def test_a_handshake_that_is_not_finished_is_warned_of(folder: Path) -> None:
    context = tls_context(folder, [LEAF, MIDDLE])
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(cadata=ROOT.der)
    with serving(speak_tls(context)) as port:
        done = tlsmith_here("show", f"localhost:{port}")
    assert "warning: the handshake was not finished" in done.out
    assert "TLS          the handshake was not finished" in done.out


def test_a_server_that_answers_once_is_shown_without_a_verdict(folder: Path) -> None:
    talk = speak_tls(tls_context(folder, [LEAF, MIDDLE]))
    seen: list[int] = []

    def once(connection: socket.socket) -> None:
        seen.append(1)
        if len(seen) == 1:
            talk(connection)
        else:
            connection.recv(1)
            linger = (1).to_bytes(4, "little") + bytes(4)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)

    with serving(once) as port:
        done = tlsmith_here("show", f"localhost:{port}")
    assert "accepted     no" in done.out


def test_a_server_that_is_gone_the_second_time_has_no_verdict(folder: Path) -> None:
    talk = speak_tls(tls_context(folder, [LEAF, MIDDLE]))
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def once() -> None:
            connection, _ = listening.accept()
            listening.close()
            with connection:
                talk(connection)

        thread = threading.Thread(target=once)
        thread.start()
        done = tlsmith_here("show", f"localhost:{listening.getsockname()[1]}")
        thread.join(10)
    assert "accepted     not known: cannot connect" in done.out
    assert "warning: whether this machine accepts it is not known" in done.out


def test_a_server_of_a_root_of_this_machine_is_accepted(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    roots = folder / "roots.pem"
    roots.write_bytes(ROOT.pem)
    monkeypatch.setenv("SSL_CERT_FILE", str(roots))
    context = tls_context(folder, [LEAF, MIDDLE])
    context.set_alpn_protocols(["h2"])
    with serving(speak_tls(context)) as port:
        done = tlsmith_here("show", f"localhost:{port}")
    assert done.code == 0, done.out
    assert "accepted     yes, by this machine's Python and OpenSSL" in done.out
    assert "protocol     h2" in done.out


def test_a_server_of_the_local_ca_is_accepted_by_its_clients(folder: Path) -> None:
    assert tlsmith_here("make", "localhost").code == 0
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain("localhost.pem", "localhost-key.pem")
    with serving(speak_tls(context)) as port:
        done = tlsmith_here("show", f"localhost:{port}")
    assert done.code == 0, done.out
    assert "accepted     yes, by clients that trust the local CA" in done.out
    assert "note: this machine's own roots do not have the local CA's" in done.out


@pytest.mark.skipif(
    ssl.OPENSSL_VERSION_INFO >= (3, 5), reason="Python's own OpenSSL knows ML-DSA"
)
def test_a_post_quantum_server_is_shown_with_its_group(folder: Path) -> None:
    leaf_ = certify("localhost", generate_private_key("ml-dsa-65"), MIDDLE)
    with serving(speak_newer_tls([leaf_, MIDDLE])) as port:
        done = tlsmith_here("show", f"localhost:{port}")
    assert "TLS          TLSv1.3, TLS_AES_256_GCM_SHA384, X25519MLKEM768" in done.out
    assert "key          ML-DSA-65" in done.out


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("localhost:{port}", "cannot connect"),
        ("[::1]:{port}", "cannot connect"),
        ("nowhere.invalid", "and no file of that name"),
    ],
)
def test_no_connection_is_a_failure(source: str, words: str, folder: Path) -> None:
    done = tlsmith_here("show", source.format(port=free_port()))
    assert done.code == 3
    assert words in done.err
    assert "hint: " in done.err


def test_plain_http_is_told_of(folder: Path) -> None:
    with serving(answer(b"HTTP/1.1 400 Bad Request\r\n\r\n")) as port:
        done = tlsmith_here("show", f"localhost:{port}")
    assert done.code == 3
    assert "speaks plain HTTP, not TLS" in done.err


def test_a_file_wins_over_a_server_of_its_name(folder: Path) -> None:
    write(folder, LEAF.pem, "localhost")
    assert "server:" not in tlsmith_here("show", "localhost").out


# As people run it ---------------------------------------------------------------------


def test_it_runs_in_a_process_of_its_own(chain: Path) -> None:
    done = tlsmith("show", str(chain))
    assert done.code == 0
    assert done.out.startswith("[1] certificate: localhost\n")


def test_a_file_is_shown_without_what_it_does_not_need(chain: Path) -> None:
    """Start-up: no sockets, no TLS, none of what writes certificates."""
    script = (
        "import sys\nfrom tlsmith.cli.run import run\n"
        f"run(['show', {str(chain)!r}])\n"
        "print(*sys.modules, file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    loaded = {*done.stderr.split()}
    assert not loaded & {
        "ssl",
        "socket",
        "tlsmith.probe",
        "cryptography.x509",
        "tlsmith.core.describe.pkcs12",
        "OpenSSL",
    }
