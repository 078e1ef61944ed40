"""Issuing over the API: certificates a second, CPU each, and how many share a commit.

`tlsmith serve` on a new SQLite store, one worker; `wrk` posts CSRs over TLS on
connections that stay, each waiting for its certificate to be on disk. Beside it the
same CSRs issued in one process by `Authority.issue_many`, which has no HTTP to do.
"""

from __future__ import annotations

import json
import os
import re
import signal
import ssl
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

from tlsmith.core.csr import encode_request
from tlsmith.core.formats import encode_pem
from tlsmith.core.keys import generate_private_key
from tlsmith.core.names import parse_names
from tlsmith.core.subject import subject_for

SECONDS = 6
CONNECTIONS = (1, 8, 64, 256)
CSRS = 500
TLSMITH = Path(sys.executable).with_name("tlsmith")
TICK = os.sysconf("SC_CLK_TCK")
LUA = """
local bodies = {}
for line in io.lines("%s") do bodies[#bodies + 1] = line end
local at = 0
request = function()
  at = at %% #bodies + 1
  return wrk.format("POST", "/api/v1/certificates", {
    ["Content-Type"] = "application/json", ["Authorization"] = "Bearer %s"
  }, bodies[at])
end
local bad = 0
response = function(status) if status ~= 201 then bad = bad + 1 end end
done = function(summary) end
"""


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        environment = _make_ca(folder)
        csrs = [_csr(number) for number in range(CSRS)]
        bodies = "".join(json.dumps({"csr": one}) + "\n" for one in csrs)
        (folder / "bodies").write_text(bodies, encoding="utf-8")
        token = _tlsmith(
            "access", "token", "bench", "--role", "issuer", environment=environment
        ).splitlines()[0]
        script = folder / "post.lua"
        script.write_text(LUA % (folder / "bodies", token), encoding="utf-8")
        each = _without_http(folder, csrs)
        print(f"without HTTP, one process: {each:,.0f} certificates/s")
        _with_http(folder, environment, script)


def _make_ca(folder: Path) -> dict[str, str]:
    (folder / "passphrase").write_text("bench\n", encoding="utf-8")
    environment = {
        **os.environ,
        "TLSMITH_STORE": f"sqlite:///{folder}/ca.db",
        "TLSMITH_PASSPHRASE_FILE": str(folder / "passphrase"),
        "TLSMITH_HOME": str(folder / "home"),
    }
    _tlsmith(
        "ca",
        "init",
        "--name",
        "Bench",
        "--root-key-file",
        str(folder / "root"),
        environment=environment,
    )
    root = _tlsmith(
        "ca",
        "export",
        "--root",
        "--store",
        environment["TLSMITH_STORE"],
        environment=environment,
    )
    (folder / "root.pem").write_text(root, encoding="utf-8")
    return environment


def _tlsmith(*arguments: str, environment: dict[str, str]) -> str:
    done = subprocess.run(
        [TLSMITH, *arguments],
        env=environment,
        check=True,
        capture_output=True,
        text=True,
    )
    return done.stdout


def _csr(number: int) -> str:
    names = parse_names([f"host-{number}.corp.example"])
    key = generate_private_key("p256")
    return encode_pem(
        "CERTIFICATE REQUEST", encode_request(names, key, subject=subject_for(names))
    ).decode("ascii")


def _without_http(folder: Path, csrs: list[str]) -> float:
    from tlsmith.authority.actor import Actor
    from tlsmith.authority.service import Authority
    from tlsmith.authority.wanted import Wanted
    from tlsmith.core.requested import read_request
    from tlsmith.storage import open_storage

    storage = open_storage(f"sqlite:///{folder}/ca.db")
    authority = Authority(storage, lambda: b"bench")
    began = time.perf_counter()
    requests = (read_request(one.encode()) for one in csrs * 10)
    wanted = (Wanted(one.names, one.public_key, asked=one.asked) for one in requests)
    number = sum(1 for _ in authority.issue_many(wanted, Actor("cli:bench")))
    seconds = time.perf_counter() - began
    authority.close()
    return number / seconds


def _with_http(folder: Path, environment: dict[str, str], script: Path) -> None:
    server = subprocess.Popen(
        [TLSMITH, "serve", "--listen", "127.0.0.1:0", "--http", "127.0.0.1:0"],
        env=environment,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert server.stderr is not None
        url = ""
        while not url:
            line = server.stderr.readline()
            assert line, "the server ended"
            found = re.search(r"listening on (https://[^,\s]+)", line)
            url = found[1] if found else ""
        _drain(server)
        url = re.sub(r"//[^:]+:", "//localhost:", url)
        print(f"{'connections':>12}{'a second':>10}{'CPU each':>12}{'a commit':>10}")
        for connections in CONNECTIONS:
            _round(folder, server.pid, url, script, connections)
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(30)


def _drain(server: subprocess.Popen[str]) -> None:
    """Read its log on, or it would wait for somebody who does."""
    import threading

    assert server.stderr is not None
    threading.Thread(target=server.stderr.read, daemon=True).start()


def _round(folder: Path, pid: int, url: str, script: Path, connections: int) -> None:
    before = _figures(folder, url)
    cpu = _cpu(pid)
    began = time.perf_counter()
    done = subprocess.run(
        ["wrk", "-t1", f"-c{connections}", f"-d{SECONDS}s", "-s", script, url],
        capture_output=True,
        text=True,
        check=True,
    )
    seconds = time.perf_counter() - began
    after = _figures(folder, url)
    number = after["issued"] - before["issued"]
    commits = after["commits"] - before["commits"]
    each = (_cpu(pid) - cpu) / number * 1e6
    refused = "" if "Non-2xx" not in done.stdout else "  some were refused"
    print(
        f"{connections:>12}{number / seconds:>10,.0f}{each:>9,.0f} us"
        f"{number / commits:>10.1f}{refused}"
    )


def _figures(folder: Path, url: str) -> dict[str, float]:
    context = ssl.create_default_context(cafile=str(folder / "root.pem"))
    with urllib.request.urlopen(f"{url}/metrics", context=context) as response:  # noqa: S310
        text = response.read().decode()
    issued = re.findall(r"^tlsmith_certificates_issued_total\{.*\} (\S+)$", text, re.M)
    commits = re.findall(r"^tlsmith_store_commit_rows_count (\S+)$", text, re.M)
    return {"issued": sum(map(float, issued)), "commits": sum(map(float, commits))}


def _cpu(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICK


if __name__ == "__main__":
    main()
