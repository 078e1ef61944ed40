"""Other implementations of path validation, each asked the same questions."""

from __future__ import annotations

import ipaddress
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from interop.tools import PROGRAMS, debian_13, go_program, java_program

OK = "ok"


class Question(NamedTuple):
    """Is this certificate good for that?

    Args:
        root: what is trusted, PEM.
        chain: end entity first, PEM.
        key: of the end entity, for those who can only judge in a handshake.
        usage: "server", "client" or "mail".
        host: None where there is none to ask for.
        server_chain: of the server a client shows its certificate to; same key.
    """

    root: Path
    chain: Path
    key: Path
    usage: str
    host: str | None = None
    server_chain: Path | None = None

    def __str__(self) -> str:
        return f"{self.chain.name} for {self.usage} {self.host or ''}"

    @property
    def is_address(self) -> bool:
        try:
            ipaddress.ip_address(self.host or "")
        except ValueError:
            return False
        return True


Ask = Callable[[Sequence[Question]], list[str]]


class Verifier(NamedTuple):
    """An implementation.

    Args:
        ask: answers questions, in order, each with "ok" or with what is wrong.
        unknown: kinds of keys it cannot read, with the reason.
        usages: what it can be asked about.
        checks_hosts: whether it compares the host as well.
        peculiar: shapes it refuses for reasons of its own, with those.
        unjudged: kinds of names whose constraints it does not read, with what follows.
        tools: the commands it needs.
        is_fetched: whether it comes over the network.
    """

    ask: Ask
    unknown: dict[str, str]
    usages: tuple[str, ...] = ("server", "client", "mail")
    checks_hosts: bool = True
    peculiar: dict[str, str] = {}  # noqa: RUF012 -- never written to
    unjudged: dict[str, str] = {}  # noqa: RUF012 -- never written to
    tools: tuple[str, ...] = ()
    is_fetched: bool = False


def _run(command: Sequence[str], typed: str | None = None) -> tuple[int, str]:
    done = subprocess.run(
        command, input=typed, capture_output=True, text=True, check=False, timeout=120
    )
    return done.returncode, (done.stdout + done.stderr).strip()


def intermediate_of(chain: Path) -> Path:
    """Return a file with what follows the end entity in a chain."""
    target = chain.with_name(f"{chain.stem}-rest.pem")
    _, _, rest = chain.read_text().partition("-----END CERTIFICATE-----\n")
    target.write_text(rest)
    return target


_PURPOSES = {"server": "sslserver", "client": "sslclient", "mail": "smimesign"}


def _openssl(questions: Sequence[Question]) -> list[str]:
    return [_ask_openssl(["openssl"], question) for question in questions]


def _newer_openssl(questions: Sequence[Question]) -> list[str]:
    command = debian_13().program("openssl")
    return [_ask_openssl(command, question) for question in questions]


def _ask_openssl(command: Sequence[str], question: Question) -> str:
    words = [*command, "verify", "-x509_strict", "-CAfile", str(question.root)]
    words += ["-no-CApath", "-no-CAstore", "-purpose", _PURPOSES[question.usage]]
    rest = intermediate_of(question.chain)
    words += ["-untrusted", str(rest)] if rest.stat().st_size else []
    if question.host is not None and question.usage == "server":
        option = "-verify_ip" if question.is_address else "-verify_hostname"
        words += [option, question.host]
    code, said = _run([*words, str(question.chain)])
    return OK if code == 0 else said or f"exit code {code}"


_USAGES = {
    "server": "1.3.6.1.5.5.7.3.1",
    "client": "1.3.6.1.5.5.7.3.2",
    "mail": "1.3.6.1.5.5.7.3.4",
}


def _certtool(questions: Sequence[Question]) -> list[str]:
    answers = []
    for question in questions:
        words = ["certtool", "--verify", "--infile", str(question.chain)]
        words += ["--load-ca-certificate", str(question.root)]
        words += ["--verify-purpose", _USAGES[question.usage]]
        if question.host is not None and question.usage == "server":
            words += ["--verify-hostname", question.host]
        code, said = _run(words)
        answers.append(OK if code == 0 else said)
    return answers


_NSS_USAGES = {"server": "V", "client": "C", "mail": "S"}


def _certutil(questions: Sequence[Question]) -> list[str]:
    # NSS waits for the disk after each write: a file system in memory is ten times
    # faster.
    memory = "/dev/shm"
    place = memory if os.access(memory, os.W_OK) else None
    with tempfile.TemporaryDirectory(dir=place) as folder:
        databases: dict[Path, _Database] = {}
        answers = []
        for question in questions:
            database = databases.get(question.root)
            if database is None:
                place_of_one = Path(folder, str(len(databases)))
                database = databases[question.root] = _Database(place_of_one, question)
            answers.append(database.verify(question))
        return answers


class _Database:
    """A database of NSS that trusts one root."""

    def __init__(self, folder: Path, question: Question) -> None:
        folder.mkdir()
        self._command = ["certutil", "-d", f"sql:{folder}"]
        self._names: dict[bytes, str] = {}
        _run([*self._command, "-N", "--empty-password"])
        _, text = _run(["openssl", "x509", "-in", str(question.root), "-text"])
        # A root, or a certificate that is trusted for itself.
        self._name_of(question.root, "CT,C,C" if "CA:TRUE" in text else "P,P,P")

    def verify(self, question: Question) -> str:
        rest = intermediate_of(question.chain)
        if rest.stat().st_size:
            self._name_of(rest)
        words = ["-V", "-n", self._name_of(question.chain), "-e"]
        words += ["-u", _NSS_USAGES[question.usage]]
        code, said = _run([*self._command, *words])
        return OK if code == 0 else said

    def _name_of(self, path: Path, trust: str = ",,") -> str:
        """Return the name of the first certificate in a file, put in at need."""
        first, _, _ = path.read_bytes().partition(b"-----END")
        name = self._names.get(first)
        if name is None:
            name = self._names[first] = f"number-{len(self._names)}"
            add = ["-A", "-n", name, "-t", trust, "-i", str(path)]
            code, said = _run([*self._command, *add])
            assert code == 0, said
        return name


def _go(questions: Sequence[Question]) -> list[str]:
    return _ask_in_lines([str(go_program("verify"))], questions)


def _java(questions: Sequence[Question]) -> list[str]:
    return _ask_in_lines(java_program("Verify"), questions)


def _ssl(questions: Sequence[Question]) -> list[str]:
    return _ask_in_lines([sys.executable, str(PROGRAMS / "handshakes.py")], questions)


def _newer_ssl(questions: Sequence[Question]) -> list[str]:
    command = [*debian_13().python, str(PROGRAMS / "handshakes.py")]
    return _ask_in_lines(command, questions)


def _ask_in_lines(command: Sequence[str], questions: Sequence[Question]) -> list[str]:
    """Ask a program that reads and writes one line for each."""
    lines = []
    for question in questions:
        parts = (question.root, question.chain, question.host or "", question.usage)
        more = (question.key, question.server_chain or "")
        lines.append("\t".join(map(str, (*parts, *more))) + "\n")
    code, said = _run(command, "".join(lines))
    assert code == 0, said
    answers = said.splitlines()
    assert len(answers) == len(questions), said
    return answers


def _cryptography(questions: Sequence[Question]) -> list[str]:
    return [_ask_cryptography(question) for question in questions]


def _ask_cryptography(question: Question) -> str:
    from cryptography import x509
    from cryptography.x509 import verification

    load = x509.load_pem_x509_certificates
    store = verification.Store(load(question.root.read_bytes()))
    leaf, *rest = load(question.chain.read_bytes())
    builder = verification.PolicyBuilder().store(store)
    try:
        if question.usage == "client":
            builder.build_client_verifier().verify(leaf, rest)
            return OK
        subject: x509.DNSName | x509.IPAddress
        if question.is_address:
            subject = x509.IPAddress(ipaddress.ip_address(question.host or ""))
        else:
            subject = x509.DNSName(question.host or "")
        builder.build_server_verifier(subject).verify(leaf, rest)
    except (verification.VerificationError, ValueError) as error:
        return str(error) or type(error).__name__
    return OK


_NO_ML_DSA = dict.fromkeys(
    ("ml-dsa-44", "ml-dsa-65", "ml-dsa-87"), "this version does not know ML-DSA"
)
_NO_ED25519 = {"ed25519": "it takes no Ed25519 in certificates"}


_ASKS_FOR_HOSTS = "it can only be asked about a host"
_NO_TRUST_IN_ITSELF = "it trusts CAs only; as a client, GnuTLS does take it"

VERIFIERS = {
    "openssl": Verifier(_openssl, _NO_ML_DSA, tools=("openssl",)),
    "certtool": Verifier(
        _certtool,
        _NO_ML_DSA,
        peculiar=dict.fromkeys(
            (
                "self-signed",
                "self-signed-client",
                "self-signed-address",
                "self-signed-e-mail",
                "self-signed-years",
            ),
            _NO_TRUST_IN_ITSELF,
        ),
        unjudged={"uri": "GnuTLS passes URIs by: no host is taken from them"},
        tools=("certtool",),
    ),
    "certutil": Verifier(
        _certutil,
        _NO_ML_DSA | _NO_ED25519,
        checks_hosts=False,
        tools=("certutil", "openssl"),
    ),
    "cryptography": Verifier(
        _cryptography,
        _NO_ML_DSA | _NO_ED25519,
        ("server", "client"),
        peculiar={
            "every-name": "it cannot judge e-mail addresses and URIs by constraints",
            "e-mail-client": "it cannot judge e-mail addresses by constraints",
            "self-signed-ca": "it takes no CA's certificate for a server's",
            "uri": _ASKS_FOR_HOSTS,
        },
    ),
    "ssl": Verifier(
        _ssl, _NO_ML_DSA, ("server", "client"), peculiar={"uri": _ASKS_FOR_HOSTS}
    ),
    "go": Verifier(_go, _NO_ML_DSA, tools=("go",)),
    "java": Verifier(_java, _NO_ML_DSA, checks_hosts=False, tools=("java", "javac")),
    "openssl-3.5": Verifier(_newer_openssl, {}, is_fetched=True),
    "python-3.13": Verifier(
        _newer_ssl,
        {},
        ("server", "client"),
        peculiar={"uri": _ASKS_FOR_HOSTS},
        is_fetched=True,
    ),
}
