"""The tests' own ground: no test may see this machine's roots, nor its home."""

import os
import subprocess
import sys
from pathlib import Path

import pytest


def test_home_is_a_fresh_folder_and_tlsmith_lives_below_it(home: Path) -> None:
    assert Path.home() == home
    assert os.listdir(home) == []
    assert Path(os.environ["TLSMITH_HOME"]).parent == home


@pytest.mark.parametrize(
    "name",
    [
        "SSL_CERT_FILE",
        "SSL_CERT_DIR",
        "NIX_SSL_CERT_FILE",
        "NODE_EXTRA_CA_CERTS",
        "CURL_CA_BUNDLE",
        "REQUESTS_CA_BUNDLE",
        "GIT_SSL_CAINFO",
        "PIP_CERT",
        "AWS_CA_BUNDLE",
        "CARGO_HTTP_CAINFO",
        "HTTPLIB2_CA_CERTS",
        "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH",
        "CLOUDSDK_CORE_CUSTOM_CA_CERTS_FILE",
        "XDG_DATA_HOME",
        "CAROOT",
        "TRUST_STORES",
        "TLSMITH_DEBUG",
    ],
)
def test_nothing_of_the_machine_is_seen(name: str) -> None:
    assert name not in os.environ


def test_what_a_test_starts_sees_the_same_environment() -> None:
    done = subprocess.run(
        [sys.executable, "-c", "import os; print(*sorted(os.environ))"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert "SSL_CERT_FILE" not in done.stdout.split()


def test_new_files_have_the_usual_umask(tmp_path: Path) -> None:
    (tmp_path / "new").write_bytes(b"")
    assert (tmp_path / "new").stat().st_mode & 0o777 == 0o644
