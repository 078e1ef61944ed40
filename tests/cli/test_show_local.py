"""`tlsmith show` of what the local CA signed: whole, and no more than what is so."""

from __future__ import annotations

import os
import ssl
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from running import TLSMITH, tlsmith, tlsmith_here

_SERVE = """
import http.server, ssl, sys
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain("localhost.pem", "localhost-key.pem")
server = http.server.HTTPServer(("127.0.0.1", 0), http.server.SimpleHTTPRequestHandler)
server.socket = context.wrap_socket(server.socket, server_side=True)
print(server.server_port, flush=True)
server.serve_forever()
"""


@contextmanager
def local_server() -> Iterator[int]:
    """Serve with a certificate of the local CA; yield the port."""
    assert tlsmith_here("make", "localhost").code == 0
    server = subprocess.Popen(
        [sys.executable, "-c", _SERVE],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    with server:
        assert server.stdout is not None
        try:
            yield int(server.stdout.readline())
        finally:
            server.kill()


def test_whose_roots_accept_a_server_is_said(folder: Path) -> None:
    with local_server() as port:
        done = tlsmith("show", f"localhost:{port}")
        assert done.code == 0, done.out
        assert "accepted     yes, by clients that trust the local CA" in done.out
        assert "`tlsmith trust install` adds it" in " ".join(done.out.split())
        Path("root.pem").write_text(tlsmith_here("ca", "export", "--root").out)
        trusted = {**os.environ, "SSL_CERT_FILE": str(folder / "root.pem")}
        facts = tlsmith(
            "show", f"localhost:{port}", "--json", environment=trusted
        ).facts
        assert facts["server"]["accepted"] is True
        assert facts["server"]["only_with_local_ca"] is False
        assert facts["findings"] == []


def test_a_server_of_the_local_ca_is_as_ssl_finds_it(folder: Path) -> None:
    with local_server() as port:
        facts = tlsmith("show", f"localhost:{port}", "--json").facts
        with pytest.raises(ssl.SSLCertVerificationError):
            ssl.get_server_certificate(
                ("localhost", port), ca_certs=ssl.get_default_verify_paths().cafile
            )
    assert facts["server"]["only_with_local_ca"] is True
    assert [one["code"] for one in facts["findings"]] == ["not-in-the-system"]


def test_every_name_constraint_of_the_local_ca_is_shown(folder: Path) -> None:
    assert tlsmith_here("make", "localhost").code == 0
    Path("root.pem").write_text(tlsmith_here("ca", "export", "--root").out)
    out = tlsmith_here("show", "root.pem").out
    for kind in ("DNS lan", "e-mail .lan", "URI .lan"):
        assert f"only {kind}\n" in out


def test_what_is_left_out_of_a_long_extension_is_counted(folder: Path) -> None:
    allowed = [f"--allow=n{number}.example.com" for number in range(20)]
    assert tlsmith_here("ca", "init", "--local", *allowed).code == 0
    Path("root.pem").write_text(tlsmith_here("ca", "export", "--root").out)
    out = tlsmith_here("show", "root.pem").out
    shown = out.count("      only ")
    facts = tlsmith_here("show", "root.pem", "--json").facts["objects"][0]
    (lines,) = (
        one["text"] for one in facts["extensions"] if one["name"] == "name_constraints"
    )
    assert f"and {len(lines) - shown} more: --json has them all" in out


def test_a_link_to_nothing_is_a_file_that_is_not_there(folder: Path) -> None:
    Path("link").symlink_to("nothing")
    done = tlsmith_here("show", "link")
    assert done.code == 2
    assert "cannot read 'link': no such file or directory" in done.err


def test_no_number_of_seconds_is_wrong_usage(folder: Path) -> None:
    done = tlsmith_here("show", "localhost:1", "--timeout", "nan")
    assert done.code == 2
    assert "'nan' is not a number of seconds" in done.err


def test_a_files_name_is_shown_and_not_obeyed_by_the_terminal(folder: Path) -> None:
    assert tlsmith_here("make", "localhost").code == 0
    words = ("convert", "localhost.pem", "red\x1b[31m\u202e.p7b")
    done = subprocess.run([TLSMITH, *words], capture_output=True, check=True)
    assert b"wrote red\\x1b[31m\\u202e.p7b" in done.stderr


def test_a_key_inside_pkcs12_is_as_safe_as_that_is(folder: Path) -> None:
    assert tlsmith_here("make", "localhost", "--p12-file", "a.p12").code == 0
    done = tlsmith_here("show", "localhost.pem", "a.p12")
    assert done.code == 0, done.err
    assert "others can read this key" not in done.out
    Path("a.p12").chmod(0o644)
    done = tlsmith_here("show", "localhost.pem", "a.p12")
    assert done.code == 0, done.err
