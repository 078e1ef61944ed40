"""Every client accepts the local CA and the public roots, with our variables alone.

They are started from a clean login shell, of a person whose profile was changed. The
public root is one of a made-up system: this machine's own store has neither root.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest

from chains import certify
from interop.tools import go_program, java_program, needs
from tlsmith.core.formats import encode_chain, encode_private_key
from tlsmith.core.issuer import Issuer
from tlsmith.core.keys import generate_private_key
from tlsmith.core.names import parse_names
from tlsmith.core.profiles import end_entity, validity
from tlsmith.local import ensure_authority
from tlsmith.local.environment import Environment, prepare_environment
from tlsmith.truststores import Host, Root, SystemRunner, install, uninstall
from tlsmith.truststores.profile_places import SYSTEMD_FILE
from tlsmith.truststores.registry import environment_stores, find_stores

pytestmark = pytest.mark.interop

_OWNER = "/home/one/tlsmith"
_IPV4 = "--dns-result-order=ipv4first"  # Node before 20 tries one address only
_NODE = "require('https').get(process.argv[1], a => a.resume())"
_FETCH = "fetch(process.argv[1]).then(a => a.text())"
_DENO = "await (await fetch(Deno.args[0])).text()"
_URLLIB = "import sys, urllib.request as u; u.urlopen(sys.argv[1]).read()"
_REQUESTS = "import sys, requests; requests.get(sys.argv[1])"
_HTTPX = "import sys, httpx; httpx.get(sys.argv[1])"
_AIOHTTP = """
import aiohttp, asyncio, sys
async def main():
    async with aiohttp.ClientSession() as s, s.get(sys.argv[1]) as a:
        await a.text()
asyncio.run(main())
"""
_PHP_CURL = "$c = curl_init($argv[1]); curl_exec($c) !== false or exit(1);"
_LWP = "use LWP::UserAgent; LWP::UserAgent->new->get($ARGV[0])->is_success or die"
_TINY = "use HTTP::Tiny; HTTP::Tiny->new(verify_SSL => 1)->get($ARGV[0])"
_PIP = (
    "-m",
    "pip",
    "download",
    "--no-cache-dir",
    "--retries=0",
    "--no-deps",
    "nothing",
)
_UV = (
    "pip",
    "install",
    "--dry-run",
    "--no-cache",
    "--python",
    sys.executable,
    "nothing",
)

# {url} is the page, {host} its server, {path} where that has it.
CLIENTS: dict[str, tuple[str, ...]] = {
    "curl": ("curl", "-sS", "{url}"),
    "openssl": (
        *("openssl", "s_client", "-quiet", "-verify_return_error"),
        *("-verify_hostname", "localhost", "-connect", "{host}"),
    ),
    "git": ("git", "ls-remote", "{url}"),
    "python ssl": (sys.executable, "-c", _URLLIB, "{url}"),
    "python requests": (sys.executable, "-c", _REQUESTS, "{url}"),
    "python httpx": (sys.executable, "-c", _HTTPX, "{url}"),
    "python aiohttp": (sys.executable, "-c", _AIOHTTP, "{url}"),
    "pip": (sys.executable, *_PIP, "--index-url", "{url}"),
    "uv": ("uv", *_UV, "--index-url", "{url}"),
    "node": ("node", _IPV4, "-e", _NODE, "{url}"),
    "node fetch": ("node", _IPV4, "-e", _FETCH, "{url}"),
    "npm": ("npm", "view", "nothing", "--fetch-retries=0", "--registry", "{url}/"),
    "deno": ("deno", "eval", _DENO, "{url}"),
    "go": ("go-fetch", "{url}"),
    "java": ("java-fetch", "{url}"),
    "ruby": ("ruby", "-ropen-uri", "-e", "URI.open(ARGV[0]).read", "{url}"),
    "php streams": ("php", "-r", "file_get_contents($argv[1]);", "{url}"),
    "php curl": ("php", "-r", _PHP_CURL, "{url}"),
    "perl lwp": ("perl", "-e", _LWP, "{url}"),
    "perl tiny": ("perl", "-e", _TINY, "{url}"),
    "lynx": ("lynx", "-dump", "{url}"),
    "cargo": ("cargo", "search", "--registry", "ours", "nothing"),
}
_MODULES = {"python requests": "requests", "python httpx": "httpx"}
_MODULES |= {"python aiohttp": "aiohttp"}
_PROBES = {
    # A sparse registry, as ours is, takes 1.68; test_every_client asks older ones.
    "cargo": [
        *("sh", "-c"),
        "cargo --version | awk -F '[ .]' '{exit !($2 > 1 || $3 >= 68)}'",
    ],
    "perl lwp": ["perl", "-MLWP::Protocol::https", "-e", "1"],
    "perl tiny": ["perl", "-MIO::Socket::SSL", "-MHTTP::Tiny", "-e", "1"],
    "php curl": ["php", "-r", "exit(function_exists('curl_init') ? 0 : 1);"],
}


@dataclass
class Server:
    """A TLS server that remembers what it was asked for."""

    port: int
    asked: list[str] = field(default_factory=list)

    def answer(self, listener: socket.socket, context: ssl.SSLContext) -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            # A client that does not accept leaves before it asks for anything.
            with connection, contextlib.suppress(OSError):
                connection.settimeout(10)
                with context.wrap_socket(connection, server_side=True) as secured:
                    self.asked.append(secured.recv(65536).decode(errors="replace"))
                    secured.sendall(b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok")
                    secured.unwrap()

    def was_asked(self, path: str) -> bool:
        return any(path in line for line in self.asked)


@dataclass(frozen=True)
class Place:
    """A person on a made-up machine, and two servers, of a local and a public CA."""

    folder: Path
    host: Host
    root: Root
    ours: Server
    public: Server
    environment: Environment

    @property
    def home(self) -> Path:
        return Path(self.host.home)

    def ask(self, client: str, server: Server, mark: str) -> bool:
        """Tell whether a client got as far as asking the server for a page."""
        path = f"/{mark}"
        host = f"localhost:{server.port}"
        url = f"https://{host}{path}"
        words = [w.format(url=url, host=host) if "{" in w else w for w in _of(client)]
        variables = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.home),
            "CARGO_REGISTRIES_OURS_INDEX": f"sparse+{url}/",
            "CARGO_HOME": str(self.folder / "cargo"),
            "PIP_DISABLE_PIP_VERSION_CHECK": "1",
            "NPM_CONFIG_UPDATE_NOTIFIER": "false",
            "DENO_NO_UPDATE_CHECK": "1",
            "GIT_TERMINAL_PROMPT": "0",
        }
        for name in ("RUSTUP_HOME", "RUSTUP_TOOLCHAIN"):
            if name in os.environ:
                variables[name] = os.environ[name]
        variables.setdefault("RUSTUP_HOME", os.path.expanduser("~root/.rustup"))
        if client == "java" and self.home.joinpath(".profile").exists():
            variables["JAVA_TOOL_OPTIONS"] = self.environment.values[
                "JAVA_TOOL_OPTIONS"
            ]
        subprocess.run(
            # A login shell may set PATH anew; the tools are where they are.
            ["bash", "-l", "-c", 'PATH=$0; exec "$@"', variables["PATH"], *words],
            env=variables,
            cwd=self.folder,
            input=f"GET {path} HTTP/1.0\r\n\r\n".encode(),
            capture_output=True,
            timeout=60,
            check=False,
        )
        return server.was_asked(path)


def _of(client: str) -> Sequence[str]:
    """Return a client's command; skip the test where it is not on this machine."""
    words = CLIENTS[client]
    if words[0] == "go-fetch":
        return [str(go_program("fetch")), *words[1:]]
    if words[0] == "java-fetch":
        return [*java_program("Fetch"), *words[1:]]
    needs(words[0])
    module = _MODULES.get(client)
    if module is not None:
        return [_python_with(module), *words[1:]]
    probe = _PROBES.get(client)
    toolchains = {"RUSTUP_HOME": os.path.expanduser("~root/.rustup")} | os.environ
    if (
        probe
        and subprocess.run(
            probe, env=toolchains, capture_output=True, check=False
        ).returncode
    ):
        pytest.skip(f"not installed for {client}")
    return words


def _python_with(module: str) -> str:
    """Return a Python that has a module: ours, or the one on PATH."""
    for python in (sys.executable, shutil.which("python3") or sys.executable):
        probe = [python, "-c", f"import {module}"]
        if not subprocess.run(probe, capture_output=True, check=False).returncode:
            return python
    pytest.skip(f"not installed: {module}")


@contextlib.contextmanager
def _serving(chain: bytes, key: bytes, folder: Path) -> Iterator[Server]:
    (folder / "chain.pem").write_bytes(chain)
    (folder / "key.pem").write_bytes(key)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "chain.pem", folder / "key.pem")
    with contextlib.closing(socket.create_server(("127.0.0.1", 0))) as listener:
        server = Server(listener.getsockname()[1])
        thread = threading.Thread(target=server.answer, args=(listener, context))
        thread.daemon = True
        thread.start()
        yield server
        listener.shutdown(socket.SHUT_RDWR)
    thread.join(15)


def _issue(issuer: Issuer, chain: Sequence[bytes]) -> tuple[bytes, bytes]:
    """Return a certificate for localhost with its chain, and its key, both PEM."""
    key = generate_private_key("p256")
    span = validity(datetime.now(UTC), 7, longest=397, within=issuer.view)
    profile = end_entity(parse_names(["localhost"]), "p256", span)
    leaf = issuer.issue(profile, key.public_key())
    return encode_chain([leaf.der, *chain]), encode_private_key(key)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("it's a place")
    home, system = folder / "home", folder / "system"
    (system / "etc/ssl/certs").mkdir(parents=True)
    (system / "usr/lib/systemd/user").mkdir(parents=True)
    (home / ".local/state").mkdir(parents=True)
    public = certify("Public root of a made-up system", generate_private_key(), ca=True)
    bundle = system / "etc/ssl/certs/ca-certificates.crt"
    bundle.write_bytes(public.pem)
    data = folder / "tlsmith"
    authority, _ = ensure_authority(str(data), datetime.now(UTC))
    host = Host(SystemRunner(), str(home), str(system), {})
    environment = prepare_environment(
        str(data), [authority.root], {}, locate=host.path, java=True
    )
    ours = _issue(authority.issuer(), [authority.intermediate])
    theirs = _issue(Issuer(public.der, public.key), [])
    for name in ("a", "b"):
        (folder / name).mkdir()
    with (
        _serving(*ours, folder / "a") as first,
        _serving(*theirs, folder / "b") as second,
    ):
        yield Place(folder, host, Root(authority.root), first, second, environment)


@contextlib.contextmanager
def _installed(place: Place) -> Iterator[None]:
    values = dict(place.environment.values)
    values.pop("JAVA_TOOL_OPTIONS")  # never in a profile: see docs/env.md
    bundle = place.environment.bundle.path
    stores = environment_stores(place.host, list(values.items()), bundle)
    for outcome in install(stores, [place.root], place.host, _OWNER):
        assert outcome.state == "trusted", outcome
    try:
        yield
    finally:
        remembered = find_stores(place.host, ["env"], remembered=True)
        for outcome in uninstall(remembered, [place.root], place.host, _OWNER):
            assert outcome.state == "not-trusted", outcome


@pytest.mark.parametrize("client", CLIENTS)
def test_a_client_accepts_both_roots_from_a_login_shell(
    place: Place, client: str
) -> None:
    mark = client.replace(" ", "-")
    assert not place.ask(client, place.ours, f"{mark}-before")
    with _installed(place):
        assert place.ask(client, place.ours, f"{mark}-ours")
        if client not in ("node", "node fetch", "npm", "deno"):  # these have their own
            assert place.ask(client, place.public, f"{mark}-public")
    assert not place.ask(client, place.ours, f"{mark}-after")


@pytest.mark.parametrize(
    "shell",
    [
        ["dash", "-l", "-c"],
        ["bash", "-l", "-c"],
        ["zsh", "-c"],
        ["ksh", "-l", "-c"],
        ["busybox", "ash", "-l", "-c"],
        ["fish", "-c"],
    ],
    ids=lambda words: words[0],
)
def test_every_shell_has_the_variables(place: Place, shell: list[str]) -> None:
    needs(shell[0])
    variables = {"PATH": os.environ["PATH"], "HOME": str(place.home)}
    with _installed(place):
        done = subprocess.run(
            [*shell, "env"], env=variables, capture_output=True, text=True, check=True
        )
    lines = done.stdout.splitlines()
    for name, value in place.environment.values.items():
        if name != "JAVA_TOOL_OPTIONS":
            assert f"{name}={value}" in lines


def test_systemd_reads_its_file_as_it_is_meant(place: Place) -> None:
    generator = Path("/usr/lib/systemd/user-environment-generators")
    program = generator / "30-systemd-environment-d-generator"
    if not program.exists():
        pytest.skip("not on this machine: systemd")
    with _installed(place):
        assert (place.home / ".config" / SYSTEMD_FILE).exists()
        done = subprocess.run(
            [str(program)],
            env={"HOME": str(place.home), "PATH": os.environ["PATH"]},
            capture_output=True,
            text=True,
            check=True,
        )
    value = place.environment.values["SSL_CERT_FILE"]
    said = subprocess.run(
        ["sh", "-c", f'{done.stdout}\nprintf %s "$SSL_CERT_FILE"'],
        env={"PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=True,
    )
    assert said.stdout == value


def test_java_starts_with_the_truststore_where_a_name_has_blanks(place: Place) -> None:
    needs("java")
    assert " " in str(place.folder)
    done = subprocess.run(
        ["java", "-version"],
        env={"PATH": os.environ["PATH"], **place.environment.values},
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert shutil.which("java")
