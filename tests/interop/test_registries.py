"""skopeo, which reads `certs.d` as podman and buildah do, and a registry over TLS."""

from __future__ import annotations

import hashlib
import json
import ssl
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from running import environment_of, tlsmith
from truststores.worlds import need

pytestmark = pytest.mark.interop

_CONFIG = json.dumps(
    {
        "architecture": "amd64",
        "os": "linux",
        "rootfs": {"type": "layers", "diff_ids": []},
        "config": {},
    }
).encode()
_CONFIG_DIGEST = f"sha256:{hashlib.sha256(_CONFIG).hexdigest()}"
_MANIFEST_TYPE = "application/vnd.oci.image.manifest.v1+json"
_MANIFEST = json.dumps(
    {
        "schemaVersion": 2,
        "mediaType": _MANIFEST_TYPE,
        "config": {
            "mediaType": "application/vnd.oci.image.config.v1+json",
            "digest": _CONFIG_DIGEST,
            "size": len(_CONFIG),
        },
        "layers": [],
    }
).encode()


class _Registry(BaseHTTPRequestHandler):
    """Has one image, without layers."""

    def do_GET(self) -> None:
        found = {
            "/v2/": ("application/json", b"{}"),
            "/v2/x/manifests/latest": (_MANIFEST_TYPE, _MANIFEST),
            f"/v2/x/blobs/{_CONFIG_DIGEST}": ("application/octet-stream", _CONFIG),
            "/v2/x/tags/list": ("application/json", b'{"name":"x","tags":["latest"]}'),
        }.get(self.path)
        self.send_response(200 if found else 404)
        kind, body = found or ("text/plain", b"")
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def registry(home: Path) -> Iterator[str]:
    """A registry with a certificate of the local CA; its host and port."""
    made = tlsmith("make", "localhost", folder=home, environment=environment_of(home))
    assert made.code == 0, made
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(home / "localhost.pem", home / "localhost-key.pem")
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Registry)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"localhost:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def _inspect(home: Path, registry: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["skopeo", "inspect", f"docker://{registry}/x"],
        env=environment_of(home),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def _trust(home: Path, verb: str, *words: str) -> None:
    done = tlsmith(
        *("trust", verb, "--store", "docker", *words), environment=environment_of(home)
    )
    assert done.code == 0, done


def test_skopeo_trusts_a_registry_after_and_not_before(
    registry: str, home: Path
) -> None:
    need("skopeo")
    before = _inspect(home, registry)
    assert before.returncode != 0
    assert "x509" in before.stderr
    _trust(home, "install", "--registry", registry)
    after = _inspect(home, registry)
    assert after.returncode == 0, after.stderr
    assert json.loads(after.stdout)["RepoTags"] == ["latest"]
    _trust(home, "uninstall")
    assert "x509" in _inspect(home, registry).stderr
    assert not (home / ".config").exists()


def test_skopeo_reads_our_file_beside_theirs(registry: str, home: Path) -> None:
    need("skopeo")
    place = home / ".config/containers/certs.d" / registry
    place.mkdir(parents=True)
    (place / "ca.crt").write_bytes(b"not a certificate\n")
    _trust(home, "install")
    assert _inspect(home, registry).returncode == 0
