"""What is shipped for deploying: each file judged by the program that reads it."""

from __future__ import annotations

import json
import re
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any

import pytest
import yaml

from server.running import Running, asked, eventually
from server.small_authority import make_root
from tlsmith.server.config import load_settings

Start = Callable[..., Running]
ROOT = Path(__file__).parent.parent.parent
DEPLOY = ROOT / "deploy"
METRIC = re.compile(r"\btlsmith_[a-z_]+")


def need(tool: str) -> str:
    """The path of a tool, or skip."""
    found = shutil.which(tool)
    if found is None:
        pytest.skip(f"{tool} is not installed")
    return found


def run(*command: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, capture_output=True, text=True, timeout=60, check=False
    )


# systemd.


@pytest.fixture
def unit(tmp_path: Path) -> Path:
    """The unit, with a program that exists on this machine."""
    text = (DEPLOY / "tlsmith.service").read_text(encoding="utf-8")
    target = tmp_path / "tlsmith.service"
    target.write_text(text.replace("/usr/local/bin/tlsmith", sys.executable))
    return target


@pytest.mark.interop
def test_systemd_has_nothing_to_say_against_the_unit(unit: Path) -> None:
    done = run(need("systemd-analyze"), "verify", unit)
    assert "tlsmith.service" not in done.stderr, done.stderr
    assert done.returncode == 0, done.stderr


@pytest.mark.interop
def test_systemd_finds_little_exposed(unit: Path) -> None:
    done = run(
        need("systemd-analyze"), "security", "--offline=true", "--threshold=20", unit
    )
    assert done.returncode == 0, done.stdout


def test_the_example_configuration_is_one() -> None:
    settings = load_settings(str(DEPLOY / "serve.toml"), {}, {})
    assert settings.workers == 2
    assert settings.log.format == "json"


# Containers.


def dockerfile() -> list[str]:
    text = (DEPLOY / "Dockerfile").read_text(encoding="utf-8")
    return re.sub(r"\\\n\s*", "", text).splitlines()


def test_the_image_runs_as_nobody_in_particular() -> None:
    lines = dockerfile()
    assert [one for one in lines if one.startswith("USER")] == ["USER 10001"]
    last = max(number for number, one in enumerate(lines) if one.startswith("RUN"))
    assert lines.index("USER 10001") > last
    assert all((ROOT / one).exists() for one in ("README.md", "LICENSE", "src"))


def test_the_image_s_check_sees_whether_it_lives(start: Start) -> None:
    (line,) = (one for one in dockerfile() if one.startswith("HEALTHCHECK"))
    command: list[str] = json.loads(line[line.index("[") :])
    server = start()
    command = [sys.executable, *command[1:]]
    command[-1] = command[-1].replace("8080", str(server.ports[1]))
    assert run(*command).returncode == 0
    server.stop()
    assert run(*command).returncode == 1


@pytest.fixture
def compose() -> dict[str, Any]:
    text = (DEPLOY / "compose.yaml").read_text(encoding="utf-8")
    found: dict[str, Any] = yaml.safe_load(text)
    return found


@pytest.mark.parametrize("name", ["ca1", "ca2"])
def test_the_replicas_settings_are_settings(compose: dict[str, Any], name: str) -> None:
    service = compose["services"][name]
    settings = load_settings(None, service["environment"], {})
    assert settings.tls.names == (name,)
    assert settings.store.startswith("postgresql://")
    assert settings.limits.drain + settings.limits.stop < 60
    assert (settings.listen.port, settings.http and settings.http.port) == (8443, 8080)
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["stop_grace_period"] == "60s"


def test_what_the_services_name_is_there(compose: dict[str, Any]) -> None:
    for service in compose["services"].values():
        for needed in service.get("depends_on", ()):
            assert needed in compose["services"]
        for volume in service.get("volumes", ()):
            source = volume.split(":")[0]
            # What the instructions at its head make.
            if source.startswith("./") and source not in ("./secrets", "./root.pem"):
                assert (DEPLOY / source).is_file(), source
        assert set(service["networks"]) <= set(compose["networks"])
        assert set(service.get("secrets", ())) <= set(compose["secrets"])
    text = (DEPLOY / "compose.yaml").read_text(encoding="utf-8")
    assert "latest" not in text


# HAProxy.


@pytest.mark.interop
def test_haproxy_takes_its_configuration() -> None:
    done = run(need("haproxy"), "-c", "-f", DEPLOY / "haproxy.cfg")
    assert done.returncode == 0, done.stderr
    warnings = [one for one in done.stderr.splitlines() if "WARNING" in one]
    assert all("could not resolve address" in one for one in warnings), warnings


@contextmanager
def balanced(folder: Path, one: Running, other: Running) -> Iterator[tuple[int, int]]:
    """HAProxy, as it is configured, in front of two servers; its own two ports."""
    text = (DEPLOY / "haproxy.cfg").read_text(encoding="utf-8")
    for name, server in (("ca1", one), ("ca2", other)):
        https, http = server.ports
        text = text.replace(
            f"server {name} {name}:8443", f"server {name} 127.0.0.1:{https} port {http}"
        ).replace(f"server {name} {name}:8080", f"server {name} 127.0.0.1:{http}")
    text = text.replace("check port 8080", "check").replace(
        "resolvers containers", "", 1
    )
    text = text.replace(" init-addr last,libc,none resolvers containers", "")
    text = text.replace("    parse-resolv-conf\n    hold valid 5s\n", "")
    with (
        socket.create_server(("127.0.0.1", 0)) as https_socket,
        socket.create_server(("127.0.0.1", 0)) as http_socket,
        (folder / "haproxy.log").open("wb") as log,
    ):
        listening = (https_socket, http_socket)
        for bind, each in zip(("bind :443", "bind :80"), listening, strict=True):
            text = text.replace(bind, f"bind fd@{each.fileno()}")
        (folder / "haproxy.cfg").write_text(text, encoding="utf-8")
        process = subprocess.Popen(
            [need("haproxy"), "-db", "-f", folder / "haproxy.cfg"],
            stdout=log,
            stderr=log,
            pass_fds=[each.fileno() for each in listening],
        )
        try:
            yield https_socket.getsockname()[1], http_socket.getsockname()[1]
        finally:
            process.terminate()
            process.wait(10)


@pytest.mark.interop
@pytest.mark.parametrize("how", ["killed", "stopped"])
def test_a_replica_may_go_under_load(
    start: Start, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, how: str
) -> None:
    """No client sees more than one try that fails; none where it stops by itself."""
    need("haproxy")
    folder = tmp_path_factory.mktemp("other")
    make_root(tmp_path)
    for name in ("root.pem", "key.pem"):
        (folder / name).write_bytes((tmp_path / name).read_bytes())
    settings = '[limits]\ndrain = "2s"\n'
    one, other = start(settings), Running(folder, settings).begun()
    tries: list[int] = []
    is_over = threading.Event()
    try:
        with balanced(tmp_path, one, other) as (https, http):
            front = Running.__new__(Running)
            front.__dict__.update(one.__dict__)
            front.https = f"https://127.0.0.1:{https}"
            front.http = f"http://127.0.0.1:{http}"

            def ask() -> None:
                while not is_over.is_set():
                    tries.append(tries_until_answered(front))

            eventually(lambda: answers(front))
            threads = [threading.Thread(target=ask) for _ in range(4)]
            for each in threads:
                each.start()
            time.sleep(1)
            if how == "killed":
                one.process.kill()
                one.process.wait()
            else:
                assert one.stop() == 0
            time.sleep(3)
            is_over.set()
            for each in threads:
                each.join()
    finally:
        other.stop()
    assert len(tries) > 100
    assert max(tries) <= (2 if how == "killed" else 1), sorted(tries)[-10:]


def answers(server: Running) -> bool:
    try:
        return server.get("/healthz")[0].status == 200
    except OSError:
        return False


def tries_until_answered(server: Running) -> int:
    """How often a client has to ask both sides until both have answered."""
    return max(
        tries_of(server.secure, "/healthz"), tries_of(server.plain, "/ca/small.crt")
    )


def tries_of(connect: Callable[[], HTTPConnection], path: str) -> int:
    for count in range(1, 20):
        try:
            if asked(connect(), "GET", path)[0].status == 200:
                return count
        except (OSError, HTTPException):
            time.sleep(0.01)
    return 20


# Prometheus and Grafana.


def shown_metrics(server: Running) -> set[str]:
    """Every name a scrape can have: of families, and of what histograms are made of."""
    text = server.get("/metrics")[1].decode()
    found = set()
    for name, kind in re.findall(r"^# TYPE (\S+) (\S+)$", text, re.MULTILINE):
        found.add(name)
        if kind == "histogram":
            found |= {f"{name}_{end}" for end in ("bucket", "sum", "count")}
    return found


@pytest.mark.parametrize("name", ["grafana.json", "alerts.yml"])
def test_every_metric_that_is_shown_exists(start: Start, name: str) -> None:
    named = set(METRIC.findall((DEPLOY / name).read_text(encoding="utf-8")))
    assert len(named) > 5
    assert named - shown_metrics(start()) == set()


def test_every_metric_is_shown(start: Start) -> None:
    dashboard = (DEPLOY / "grafana.json").read_text(encoding="utf-8")
    families = re.findall(
        r"^# TYPE (\S+) \S+$", start().get("/metrics")[1].decode(), re.MULTILINE
    )
    assert [one for one in families if one not in dashboard] == []


def test_the_dashboard_is_one() -> None:
    dashboard = json.loads((DEPLOY / "grafana.json").read_text(encoding="utf-8"))
    panels = dashboard["panels"]
    assert len({one["id"] for one in panels}) == len(panels)
    places = {(one["gridPos"]["x"], one["gridPos"]["y"]) for one in panels}
    assert len(places) == len(panels)
    variables = {one["name"] for one in dashboard["templating"]["list"]}
    used = set(re.findall(r"\$\{?(\w+)\}?", json.dumps(panels)))
    assert used <= variables


@pytest.mark.interop
def test_prometheus_takes_its_configuration_and_every_expression(
    tmp_path: Path,
) -> None:
    promtool = need("promtool")
    for name in ("prometheus.yml", "alerts.yml"):
        (tmp_path / name).write_bytes((DEPLOY / name).read_bytes())
    make_root(tmp_path)
    done = run(promtool, "check", "config", tmp_path / "prometheus.yml")
    assert done.returncode == 0, done.stderr + done.stdout
    dashboard = json.loads((DEPLOY / "grafana.json").read_text(encoding="utf-8"))
    expressions = [
        target["expr"] for panel in dashboard["panels"] for target in panel["targets"]
    ]
    rules = [{"record": f"a:b{n}", "expr": one} for n, one in enumerate(expressions)]
    target = tmp_path / "rules.yml"
    target.write_text(yaml.safe_dump({"groups": [{"name": "g", "rules": rules}]}))
    done = run(promtool, "check", "rules", target)
    assert done.returncode == 0, done.stderr + done.stdout


@pytest.mark.interop
@pytest.mark.parametrize(
    ("failed", "met", "is_told"), [(1, 0, True), (1, 9, False), (0, 1, False)]
)
def test_somebody_is_told_when_most_validations_fail(
    tmp_path: Path, failed: int, met: int, is_told: bool
) -> None:
    (tmp_path / "alerts.yml").write_bytes((DEPLOY / "alerts.yml").read_bytes())
    of = 'tlsmith_acme_validations_total{instance="ca:8443", type="http-01", outcome='
    summary = "ca:8443: most attempts at http-01 fail; see /dashboard/acme"
    told = {
        "exp_labels": {"instance": "ca:8443", "type": "http-01"},
        "exp_annotations": {"summary": summary},
    }
    rule = {"alertname": "ACMEValidationsFail", "eval_time": "60m"}
    case = {
        "interval": "1m",
        "input_series": [
            {"series": f'{of}"connection"}}', "values": f"0+{failed}x90"},
            {"series": f'{of}"valid"}}', "values": f"0+{met}x90"},
        ],
        "alert_rule_test": [{**rule, "exp_alerts": [told] if is_told else []}],
    }
    file = tmp_path / "tests.yml"
    file.write_text(yaml.safe_dump({"rule_files": ["alerts.yml"], "tests": [case]}))
    done = run(need("promtool"), "test", "rules", file)
    assert done.returncode == 0, done.stderr + done.stdout


@pytest.mark.interop
def test_promtool_reads_the_metrics(start: Start) -> None:
    promtool = need("promtool")
    metrics = start().get("/metrics")[1]
    done = subprocess.run(
        [promtool, "check", "metrics"],
        input=metrics,
        capture_output=True,
        timeout=30,
        check=False,
    )
    assert done.returncode in (0, 3), done.stderr  # 3: advice on names
    assert b"error" not in done.stderr.lower()
