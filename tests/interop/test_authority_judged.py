"""What the authority serves, judged by the programs people run."""

import shutil
import ssl
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from serving_ca import Replica, ServedCA, free_port

pytestmark = [pytest.mark.interop, pytest.mark.slow]


@pytest.fixture(scope="module")
def ca(tmp_path_factory: pytest.TempPathFactory) -> ServedCA:
    made = ServedCA(tmp_path_factory.mktemp("ca"))
    made.init()
    for stem in ("good", "revoked"):
        made.issue(stem, "localhost", "127.0.0.1")
    for stem in ("good-client", "revoked-client"):
        made.works(
            *("cert", "issue", f"{stem}.test", "--profile", "client"),
            *("--cert-file", made.path(f"{stem}.pem")),
            *("--key-file", made.path(f"{stem}.key")),
        )
    for stem in ("revoked", "revoked-client"):
        made.works("cert", "revoke", made.path(f"{stem}.pem"), "--reason", "superseded")
    made.works("crl", "publish", made.path("pki"))
    crls = sorted(Path(made.path("pki/crl")).glob("*.crl"))
    joined = b"".join(
        run("openssl", "crl", "-inform", "DER", "-in", str(one)).stdout
        for one in crls
        if "delta" not in one.name
    )
    Path(made.path("crls.pem")).write_bytes(joined)
    return made


@pytest.fixture(scope="module")
def replica(ca: ServedCA) -> Iterator[Replica]:
    with ca.served() as running:
        yield running


def run(*command: str, **more: Any) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(command, capture_output=True, timeout=60, check=False, **more)


def needs(*programs: str) -> None:
    for program in programs:
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not installed")


@pytest.mark.parametrize("stem", ["good", "revoked"])
def test_openssl_verify_by_crls(ca: ServedCA, stem: str) -> None:
    done = run(
        *("openssl", "verify", "-crl_check_all", "-x509_strict"),
        *("-CAfile", ca.path("root.pem"), "-untrusted", ca.path("chain.pem")),
        *("-CRLfile", ca.path("crls.pem"), ca.path(f"{stem}.pem")),
    )
    assert (done.returncode == 0) == (stem == "good"), done.stderr
    if stem == "revoked":
        assert b"certificate revoked" in done.stderr


@pytest.mark.parametrize("stem", ["good", "revoked"])
def test_openssl_ocsp(ca: ServedCA, replica: Replica, stem: str) -> None:
    for more in ((), ("-no_nonce",), ("-sha256",)):
        done = run(
            *("openssl", "ocsp", *more, "-issuer", ca.path("chain.pem")),
            *("-cert", ca.path(f"{stem}.pem"), "-CAfile", ca.path("root.pem")),
            *("-url", f"http://127.0.0.1:{replica.http_port}/ocsp"),
        )
        assert f"{stem}.pem: {stem}".encode() in done.stdout, done.stderr
        assert b"Response verify OK" in done.stderr


@pytest.mark.parametrize("stem", ["good", "revoked"])
def test_gnutls_ocsptool(ca: ServedCA, replica: Replica, stem: str) -> None:
    needs("ocsptool")
    issuer = Path(ca.path("issuer.pem"))
    issuer.write_bytes(
        Path(ca.path("chain.pem")).read_bytes().partition(b"-----END")[0]
        + b"-----END CERTIFICATE-----\n"
    )
    done = run(
        *("ocsptool", f"--ask=http://127.0.0.1:{replica.http_port}/ocsp"),
        *("--load-issuer", str(issuer), "--load-cert", ca.path(f"{stem}.pem")),
        *("--load-trust", ca.path("chain.pem")),
    )
    said = done.stdout + done.stderr
    assert b"Verifying OCSP Response: Success" in said, said
    assert f"Certificate Status: {stem}".encode() in said


@pytest.mark.parametrize("stem", ["good", "revoked"])
def test_curl_with_crls(ca: ServedCA, stem: str) -> None:
    needs("curl")
    port = free_port()
    server = subprocess.Popen(
        [
            *("openssl", "s_server", "-accept", f"127.0.0.1:{port}", "-www", "-quiet"),
            *("-cert", ca.path(f"{stem}.pem"), "-key", ca.path(f"{stem}.key")),
            *("-cert_chain", ca.path(f"{stem}.pem")),
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_for_port(port)
        done = run(
            *("curl", "-sS", "--cacert", ca.path("root.pem")),
            *("--crlfile", ca.path("crls.pem"), f"https://localhost:{port}/"),
        )
        assert (done.returncode == 0) == (stem == "good"), done.stderr
        if stem == "revoked":
            assert b"revoked" in done.stderr
    finally:
        server.kill()
        server.wait()


def test_nginx_staples_and_refuses_revoked_clients(
    ca: ServedCA, replica: Replica
) -> None:
    needs("nginx")
    port = free_port()
    folder = ca.folder / "nginx"
    folder.mkdir()
    configuration = f"""
        daemon off; pid {folder}/pid; error_log {folder}/error.log info;
        user root;
        events {{}}
        http {{
          access_log off;
          client_body_temp_path {folder}/b; proxy_temp_path {folder}/p;
          fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u;
          scgi_temp_path {folder}/s;
          server {{
            listen 127.0.0.1:{port} ssl;
            ssl_certificate {ca.path("good.pem")};
            ssl_certificate_key {ca.path("good.key")};
            ssl_stapling on; ssl_stapling_verify on;
            ssl_stapling_responder http://127.0.0.1:{replica.http_port}/ocsp;
            ssl_trusted_certificate {ca.path("chain.pem")};
            ssl_client_certificate {ca.path("chain.pem")};
            ssl_verify_client on; ssl_verify_depth 3;
            ssl_crl {ca.path("crls.pem")};
            location / {{ return 200 "hello\\n"; }}
          }}
        }}
    """
    (folder / "nginx.conf").write_text(configuration)
    server = subprocess.Popen(["nginx", "-c", f"{folder}/nginx.conf"])
    try:
        wait_for_port(port)
        stapled = b""
        for _ in range(50):  # nginx asks at the first handshake, and staples later
            stapled = run(
                *("openssl", "s_client", "-connect", f"127.0.0.1:{port}", "-status"),
                *("-servername", "localhost", "-CAfile", ca.path("root.pem")),
                input=b"",
            ).stdout
            if b"OCSP Response Status: successful" in stapled:
                break
            time.sleep(0.1)
        assert b"Cert Status: good" in stapled, (folder / "error.log").read_text()
        assert client_answer(ca, port, "good-client") == b"hello\n"
        assert b"400 Bad Request" in client_answer(ca, port, "revoked-client")
    finally:
        server.kill()
        server.wait()


def test_haproxy_refuses_revoked_clients(ca: ServedCA) -> None:
    needs("haproxy")
    port = free_port()
    together = ca.folder / "haproxy.pem"
    together.write_bytes(
        Path(ca.path("good.pem")).read_bytes() + Path(ca.path("good.key")).read_bytes()
    )
    clients = (
        f"ca-file {ca.path('chain.pem')} verify required crl-file {ca.path('crls.pem')}"
    )
    configuration = f"""
global
    log stderr local0
defaults
    mode http
    timeout client 10s
    timeout server 10s
    timeout connect 5s
frontend tls
    bind 127.0.0.1:{port} ssl crt {together} {clients}
    http-request return status 200 content-type text/plain string "hello"
"""
    (ca.folder / "haproxy.cfg").write_text(configuration)
    server = subprocess.Popen(["haproxy", "-f", f"{ca.folder}/haproxy.cfg"])
    try:
        wait_for_port(port)
        assert client_answer(ca, port, "good-client") == b"hello"
        assert client_answer(ca, port, "revoked-client") == b""
    finally:
        server.kill()
        server.wait()


def test_java_path_validation_with_revocation(ca: ServedCA, replica: Replica) -> None:
    needs("java", "keytool")
    program = ca.folder / "Validate.java"
    program.write_text(_JAVA)
    for stem, expected in (("good", "valid"), ("revoked", "revoked")):
        for how in ("ocsp", "crl"):
            done = run(
                *("java", "-Dcom.sun.security.enableCRLDP=true", str(program)),
                *(how, ca.path("root.pem"), ca.path(f"{stem}.pem")),
            )
            assert done.stdout.decode().strip() == expected, (how, done.stderr)


def test_python_sees_a_revocation_by_crl(ca: ServedCA) -> None:
    context = ssl.create_default_context(cafile=ca.path("root.pem"))
    context.load_verify_locations(ca.path("crls.pem"))
    context.verify_flags |= ssl.VERIFY_CRL_CHECK_CHAIN
    for stem in ("good", "revoked"):
        server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        server.load_cert_chain(ca.path(f"{stem}.pem"), ca.path(f"{stem}.key"))
        handshake = shake_hands(server, context)
        assert (handshake is None) == (stem == "good"), handshake
        if handshake is not None:
            assert "revoked" in str(handshake)


def shake_hands(server: ssl.SSLContext, client: ssl.SSLContext) -> Exception | None:
    """Shake hands in memory; return what the client says against it."""
    to_client, to_server = ssl.MemoryBIO(), ssl.MemoryBIO()
    one = client.wrap_bio(to_client, to_server, server_hostname="localhost")
    other = server.wrap_bio(to_server, to_client, server_side=True)
    for _ in range(10):
        for side in (one, other):
            try:
                side.do_handshake()
            except ssl.SSLWantReadError:
                continue
            except ssl.SSLError as error:
                if side is one:
                    return error
    return None


def client_answer(ca: ServedCA, port: int, stem: str) -> bytes:
    return run(
        *("curl", "-s", "--cacert", ca.path("root.pem"), "--cert"),
        *(ca.path(f"{stem}.pem"), "--key", ca.path(f"{stem}.key")),
        f"https://localhost:{port}/",
    ).stdout


def wait_for_port(port: int) -> None:
    import socket

    deadline = time.monotonic() + 15
    while time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise AssertionError(f"nobody listens on {port}")


_JAVA = """
import java.io.*;
import java.nio.file.*;
import java.security.cert.*;
import java.util.*;

public class Validate {
    public static void main(String[] words) throws Exception {
        CertificateFactory factory = CertificateFactory.getInstance("X.509");
        X509Certificate root = (X509Certificate) factory.generateCertificate(
            new FileInputStream(words[1]));
        List<X509Certificate> chain = new ArrayList<>();
        InputStream given = new FileInputStream(words[2]);
        for (Certificate one : factory.generateCertificates(given))
            chain.add((X509Certificate) one);
        CertPath path = factory.generateCertPath(chain);
        CertPathValidator validator = CertPathValidator.getInstance("PKIX");
        PKIXParameters parameters = new PKIXParameters(
            Set.of(new TrustAnchor(root, null)));
        parameters.setRevocationEnabled(true);
        PKIXRevocationChecker checker =
            (PKIXRevocationChecker) validator.getRevocationChecker();
        EnumSet<PKIXRevocationChecker.Option> options =
            EnumSet.of(PKIXRevocationChecker.Option.NO_FALLBACK);
        if (words[0].equals("crl"))
            options.add(PKIXRevocationChecker.Option.PREFER_CRLS);
        else
            options.add(PKIXRevocationChecker.Option.ONLY_END_ENTITY);
        checker.setOptions(options);
        parameters.addCertPathChecker(checker);
        try {
            validator.validate(path, parameters);
            System.out.println("valid");
        } catch (CertPathValidatorException error) {
            System.out.println(error.getReason() ==
                CertPathValidatorException.BasicReason.REVOKED ? "revoked"
                : error.getReason() + " " + error.getMessage());
        }
    }
}
"""
