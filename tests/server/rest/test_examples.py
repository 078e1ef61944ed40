"""Every example of docs/api.md, run as it stands by a shell, with real curl."""

import os
import re
import subprocess
from pathlib import Path

import pytest

from acme_orders import Ordering
from server.rest.world import Served, csr

pytestmark = pytest.mark.interop

API = Path(__file__).parents[3] / "docs" / "api.md"
SECTIONS = re.split(r"^### ", API.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]
HOST = "https://ca.corp.example:8443"


@pytest.fixture(scope="module")
def folder(served: Served) -> Path:
    """A folder with the files that examples read."""
    cert_file, key_file, _ = served.client_certificate("web-1.corp.example")
    cert_file.rename(served.folder / "web-1.pem")
    key_file.rename(served.folder / "web-1.key")
    policy = b"[policy]\nmax_names = 50\n"
    (served.folder / "policy.toml").write_bytes(policy)
    return served.folder


@pytest.mark.parametrize("section", SECTIONS, ids=lambda text: text.splitlines()[0])
def test_an_example_does_what_it_says(
    served: Served, folder: Path, section: str
) -> None:
    example = re.findall(r"```sh\n(.*?)```", section, re.DOTALL)[-1]
    client = served.client("administrator")
    issued = client.post("/certificates", json={"csr": csr("old.corp.example").pem})
    serial = issued.json()["serial_number"]
    made = client.post("/tokens", json={"name": "z", "role": "viewer"}).json()
    client.put("/grants/web-1.corp.example", json={"role": "viewer"})
    clients = Ordering(served.authority)
    account, binding = clients.account(), clients.binding()
    order = clients.valid(account, "www.corp.example")
    clients.close()
    if "/unhold" in section.splitlines()[0]:
        client.post(f"/certificates/{serial}/hold", json={})
    script = example.replace(HOST, f"https://localhost:{served.port}")
    script = script.replace("curl ", "curl --fail-with-body -sS ")
    for sample, real in (
        ("406a1b2c9d", serial),
        ("4fcb0ce4da22d3a3", served.authority.issuers.records()[1].slug),
        ("9f31c2aa", made["id"]),
        ("01a2164b9e5dd85314faa69c6081", account.id),
        ("01a2164b9e5d93444445fce76f05", order.id),
        ("5f2c0a9d3be1", binding.id),
    ):
        script = script.replace(sample, real)
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=folder,
        env={**os.environ, "TOKEN": served.tokens["administrator"]},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    if "openapi" not in section.splitlines()[0]:
        assert '"problem":' not in done.stdout
