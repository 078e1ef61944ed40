"""Servers people run: dnsmasq, nginx, Python's own, OpenSSL's."""

from __future__ import annotations

import contextlib
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import trustme

from dns_server import DNSServer
from tlsmith.acme.challenges import dns_digest
from tlsmith.acme.tls_alpn import acme_identifier
from tlsmith.errors import ACMEProblem
from tlsmith.validation.resolver import Resolver
from validation.asking import AUTHORIZATION, TOKEN, Asking
from validation.conftest import Run

pytestmark = pytest.mark.interop
PATH = f".well-known/acme-challenge/{TOKEN}"
Starting = Callable[..., int]


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as bound:
        port: int = bound.getsockname()[1]
        return port


def _takes_connections(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
        return True
    return False


@pytest.fixture
def starting() -> Iterator[Starting]:
    """Starts a server on a port, and waits until it takes connections."""
    processes: list[subprocess.Popen[bytes]] = []

    def start(*command: str, port: int, cwd: Path | None = None) -> int:
        if shutil.which(command[0]) is None:
            pytest.skip(f"{command[0]} is not installed")
        process = subprocess.Popen(
            command,
            cwd=cwd,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        processes.append(process)
        for _ in range(200):
            if _takes_connections(port):
                return port
            assert process.poll() is None, command
            time.sleep(0.05)
        raise AssertionError(f"{command[0]} takes no connections")

    yield start
    for process in processes:
        process.terminate()
        process.communicate(timeout=10)


@pytest.fixture
def www(dns: DNSServer) -> DNSServer:
    dns.set("www.test", "A", "127.0.0.1")
    return dns


@pytest.fixture
def shown(tmp_path: Path) -> Path:
    """A folder with the file of the challenge, as a client leaves it."""
    file = tmp_path / PATH
    file.parent.mkdir(parents=True)
    file.write_text(AUTHORIZATION + "\n")
    return tmp_path


def test_pythons_own_web_server(
    run: Run, www: DNSServer, shown: Path, starting: Starting
) -> None:
    port = free_port()
    starting(
        sys.executable,
        *("-m", "http.server", "--bind", "127.0.0.1", str(port)),
        port=port,
        cwd=shown,
    )
    asking = Asking(run, www, http_port=port)
    assert asking.validate("http-01").address == "127.0.0.1"
    (shown / PATH).unlink()
    assert "answered with status 404" in asking.problem("http-01").message


NGINX = """
daemon off; pid {folder}/pid; error_log {folder}/error.log;
events {{ }}
http {{
    access_log off; gzip on; gzip_min_length 1; gzip_types *;
    client_body_temp_path {folder}/a; proxy_temp_path {folder}/b;
    fastcgi_temp_path {folder}/c; uwsgi_temp_path {folder}/d; scgi_temp_path {folder}/e;
    server {{
        listen 127.0.0.1:{http};
        return 301 https://$host:{https}$request_uri;
    }}
    server {{
        listen 127.0.0.1:{https} ssl; root {folder};
        ssl_certificate {folder}/chain.pem; ssl_certificate_key {folder}/chain.pem;
    }}
}}
"""


def test_nginx_that_sends_everybody_to_https(
    run: Run, www: DNSServer, shown: Path, starting: Starting
) -> None:
    certificate = trustme.CA().issue_cert("expired.elsewhere.test")
    certificate.private_key_and_cert_chain_pem.write_to_path(str(shown / "chain.pem"))
    http, https = free_port(), free_port()
    (shown / "nginx.conf").write_text(
        NGINX.format(folder=shown, http=http, https=https)
    )
    for folder in (shown, *shown.parents):
        # Where nginx was started by root its workers are somebody else.
        with contextlib.suppress(PermissionError):
            folder.chmod(folder.stat().st_mode | 0o011)
    starting("nginx", "-c", str(shown / "nginx.conf"), port=https)
    asking = Asking(run, www, http_port=http, tls_port=https)
    assert asking.validate("http-01").redirects == (f"https://www.test:{https}/{PATH}",)


def test_openssls_server(
    run: Run, www: DNSServer, tmp_path: Path, starting: Starting
) -> None:
    value = acme_identifier(AUTHORIZATION).hex(":")
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "ec", "-nodes"),
            *("-pkeyopt", "ec_paramgen_curve:P-256", "-subj", "/CN=challenge"),
            *("-addext", "subjectAltName=DNS:www.test"),
            *("-addext", f"1.3.6.1.5.5.7.1.31=critical,DER:{value}"),
            *("-keyout", "key.pem", "-out", "cert.pem"),
        ],
        cwd=tmp_path,
        check=True,
        capture_output=True,
    )
    port = free_port()
    starting(
        *("openssl", "s_server", "-key", "key.pem", "-cert", "cert.pem"),
        *("-accept", f"127.0.0.1:{port}", "-alpn", "acme-tls/1", "-quiet"),
        port=port,
        cwd=tmp_path,
    )
    outcome = Asking(run, www, tls_port=port).validate("tls-alpn-01")
    assert outcome.address == "127.0.0.1"


DNSMASQ = """
no-resolv
edns-packet-max=512
no-hosts
bind-interfaces
listen-address=127.0.0.1
port={port}
local=/test/
address=/a.test/10.0.0.1
address=/a.test/fd00::1
host-record=real.test,10.0.0.2
cname=alias.test,real.test
txt-record=_acme-challenge.www.test,other,{digest}
txt-record=_acme-challenge.www.test,{digest}
txt-record=long.test,{long}
dns-rr=www.test,257,{caa}
"""


def test_dnsmasq(run: Run, tmp_path: Path, starting: Starting) -> None:
    port = free_port()
    digest = dns_digest(AUTHORIZATION)
    configuration = DNSMASQ.format(
        port=port,
        digest=digest,
        long=",".join(["x" * 240] * 4),
        caa=(b"\0\5issue" + b"ca.test").hex(),
    )
    (tmp_path / "dnsmasq.conf").write_text(configuration)
    starting(
        *("dnsmasq", "--keep-in-foreground", "--user=root"),
        f"--conf-file={tmp_path / 'dnsmasq.conf'}",
        port=port,
    )
    resolver = Resolver([("127.0.0.1", port)])
    assert run(resolver.addresses("a.test")) == ["fd00::1", "10.0.0.1"]
    assert run(resolver.addresses("alias.test")) == ["10.0.0.2"]
    assert run(resolver.texts("long.test"))[1] == [b"x" * 960], "over TCP"
    assert run(resolver.caa("www.test")).records[0] == (b"\0\5issueca.test",)
    with pytest.raises(ACMEProblem, match=r"there is no such name \(NXDOMAIN\)"):
        run(resolver.addresses("none.test"))
    asking = Asking(run, None, resolvers=(("127.0.0.1", port),))
    assert asking.validate("dns-01").record == "_acme-challenge.www.test"
