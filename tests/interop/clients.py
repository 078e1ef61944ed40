"""Clients people use, each told which root to trust by its own means."""

from __future__ import annotations

import os
import ssl
import subprocess
from collections.abc import Callable, Iterable, Sequence
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

from interop.serving import WELCOME
from interop.tools import go_program, java_program

LOOPBACK = ("localhost", "127.0.0.1", "::1")


class Visit(NamedTuple):
    """A page to ask for.

    Args:
        root: what to trust, PEM; None for what the client trusts by itself.
        chain: the client's own certificate, PEM, where the server wants one.
        p12: the same with its key, for those who read nothing else.
    """

    root: Path | None
    host: str
    port: int
    chain: Path | None = None
    key: Path | None = None
    p12: Path | None = None

    @property
    def url(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"https://{host}:{self.port}/"

    @property
    def address(self) -> str:
        return self.host if self.host == "::1" else "127.0.0.1"

    @property
    def proxy(self) -> str | None:
        """The server itself, which answers for every host."""
        if self.host in LOOPBACK:
            return None
        return f"http://127.0.0.1:{self.port}"


Go = Callable[[Sequence[Visit]], list[str]]


class Client(NamedTuple):
    """A client: it returns what it was served, or what it said instead."""

    go: Go
    unknown: tuple[str, ...] = ()
    tools: tuple[str, ...] = ()


def was_served(answer: str) -> bool:
    """Tell whether a client got the page: whether it accepted the certificate."""
    return answer.strip().endswith(WELCOME)


def _run(
    command: Sequence[str], typed: str = "", environment: dict[str, str] | None = None
) -> str:
    done = subprocess.run(
        command,
        input=typed,
        env=os.environ | (environment or {}),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    if done.returncode == 0:
        return done.stdout.strip()
    return f"{done.stdout.strip()}\nexit code {done.returncode}: {done.stderr.strip()}"


def _each(visit: Callable[[Visit], str]) -> Go:
    return lambda visits: [visit(one) for one in visits]


def _option(name: str, value: Path | str | None) -> list[str]:
    return [] if value is None else [name, str(value)]


def _curl(visit: Visit) -> str:
    words = ["curl", "--silent", "--show-error", *_option("--cacert", visit.root)]
    words += _option("--cert", visit.chain) + _option("--key", visit.key)
    words += _option("--proxy", visit.proxy)
    return _run([*words, visit.url])


def _wget(visit: Visit) -> str:
    words = ["wget", "--no-verbose", "--output-document=-", "--tries=1", "--no-config"]
    words += _option("--ca-certificate", visit.root)
    words += _option("--certificate", visit.chain)
    words += _option("--private-key", visit.key)
    words += _option("-e", visit.proxy and f"https_proxy={visit.proxy}")
    return _run([*words, visit.url])


_REQUEST = "GET / HTTP/1.0\r\n\r\n"


def _s_client(visit: Visit) -> str:
    is_address = visit.host in LOOPBACK[1:]
    words = ["openssl", "s_client", "-quiet", "-verify_return_error", "-x509_strict"]
    shown = f"[{visit.host}]" if visit.host == "::1" else visit.address
    words += ["-connect", f"{shown}:{visit.port}"]
    words += ["-verify_ip" if is_address else "-verify_hostname", visit.host]
    words += ["-noservername"] if is_address else ["-servername", visit.host]
    words += _option("-CAfile", visit.root)
    words += _option("-cert", visit.chain) + _option("-key", visit.key)
    words += _option("-cert_chain", visit.chain)
    return _run(words, _REQUEST)


def _gnutls_cli(visit: Visit) -> str:
    words = ["gnutls-cli", "--logfile=/dev/null", f"--port={visit.port}"]
    words += [f"--verify-hostname={visit.host}"]
    if visit.host not in LOOPBACK[1:]:
        words += [f"--sni-hostname={visit.host}"]
    words += _option("--x509cafile", visit.root)
    words += _option("--x509certfile", visit.chain)
    words += _option("--x509keyfile", visit.key)
    return _run([*words, visit.address], _REQUEST)


def _ssl(visit: Visit) -> str:
    import http.client
    import socket

    context = ssl.create_default_context(cafile=visit.root)
    context.verify_flags |= ssl.VERIFY_X509_STRICT
    if visit.chain is not None:
        context.load_cert_chain(visit.chain, visit.key)
    connection = http.client.HTTPConnection(visit.host, visit.port)
    try:
        with socket.create_connection((visit.address, visit.port), 20) as plain:
            secure = context.wrap_socket(plain, server_hostname=visit.host)
            with secure:
                connection.sock = secure
                connection.request("GET", "/")
                return connection.getresponse().read().decode()
    except OSError as error:
        return f"refused: {error}"


def _requests(visit: Visit) -> str:
    import requests

    own = (str(visit.chain), str(visit.key)) if visit.chain else None
    proxies = {"https": visit.proxy} if visit.proxy else None
    verify = True if visit.root is None else str(visit.root)
    try:
        # As people call it; S113: it is our own server, which always answers.
        with requests.get(  # noqa: S113
            visit.url, verify=verify, cert=own, proxies=proxies
        ) as answer:
            return answer.text
    except requests.RequestException as error:
        return f"refused: {error}"


def _lines(rows: Iterable[Iterable[object]]) -> str:
    return "".join("\t".join(map(str, row)) + "\n" for row in rows)


def _answers(said: str, visits: Sequence[Visit]) -> list[str]:
    answers = said.splitlines()
    assert len(answers) == len(visits), said
    return answers


def _node(visits: Sequence[Visit]) -> list[str]:
    answers = []
    for root, group in groupby(visits, key=lambda visit: visit.root):
        some = list(group)
        rows = [(v.host, v.port, v.chain or "", v.key or "") for v in some]
        extra = {} if root is None else {"NODE_EXTRA_CA_CERTS": str(root)}
        script = str(Path(__file__).parent / "programs/visit.js")
        answers += _answers(_run(["node", script], _lines(rows), extra), some)
    return answers


def _go(visits: Sequence[Visit]) -> list[str]:
    rows = [(v.root or "", v.host, v.port, v.chain or "", v.key or "") for v in visits]
    return _answers(_run([str(go_program("visit"))], _lines(rows)), visits)


def _java(visits: Sequence[Visit]) -> list[str]:
    rows = [
        ("" if v.root is None else truststore(v.root), v.host, v.port, v.p12 or "")
        for v in visits
    ]
    return _answers(_run(java_program("Visit"), _lines(rows)), visits)


def truststore(root: Path) -> Path:
    """Return a truststore with a root, made by Java's own tool."""
    target = root.with_suffix(".truststore")
    if not target.exists():
        words = ["keytool", "-importcert", "-noprompt", "-alias", "root"]
        words += ["-storetype", "PKCS12", "-storepass", "changeit"]
        _run([*words, "-file", str(root), "-keystore", str(target)])
    return target


CLIENTS = {
    "curl": Client(_each(_curl), tools=("curl",)),
    "wget": Client(_each(_wget), tools=("wget",)),
    "s_client": Client(_each(_s_client), tools=("openssl",)),
    "gnutls-cli": Client(_each(_gnutls_cli), tools=("gnutls-cli",)),
    "ssl": Client(_each(_ssl)),
    "requests": Client(_each(_requests)),
    "node": Client(_node, tools=("node",)),
    "go": Client(_go, tools=("go",)),
    "java": Client(_java, tools=("java", "javac", "keytool")),
}
