"""The files of configuration that are found, and that each is read as what it is."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tlsmith.scan.engine import Scan
from tlsmith.scan.examine import Examiner
from tlsmith.scan.rulebook import every_rule
from tlsmith.scan.runtime.machine import Machine
from tlsmith.scan.runtime.places import place_entries, places, scan_places

LARGEST = 1 << 20
NPM = "strict-ssl=false\n"
GIT = "[http]\n\tsslVerify = false\n"
PIP = "[global]\ntrusted-host = pypi.corp.example\n"
CONDA = "channels:\n  - defaults\nssl_verify: false\n"
KUBE = """
apiVersion: v1
kind: Config
clusters:
- name: prod
  cluster:
    server: https://10.1.2.3:6443
    insecure-skip-tls-verify: true
users:
- name: me
  user:
    token: s3cr3t-token
"""
REGISTRIES = '[[registry]]\nlocation = "hub.corp.example"\ninsecure = true\n'
UNIT = "[Service]\nEnvironment=NODE_TLS_REJECT_UNAUTHORIZED=0\n"
APT = 'Acquire::https::Verify-Peer "false";\n'
YUM = "[corp]\nname=corp\nbaseurl=https://yum.corp.example/\nsslverify=0\n"

IN_HOME = [
    (".curlrc", "insecure\n"),
    (".config/curlrc", "-k\n"),
    (".wgetrc", "check_certificate = off\n"),
    (".npmrc", NPM),
    (".yarnrc", "strict-ssl false\n"),
    (".yarnrc.yml", "enableStrictSsl: false\n"),
    (".gitconfig", GIT),
    (".config/git/config", GIT),
    (".config/pip/pip.conf", PIP),
    (".pip/pip.conf", PIP),
    (".condarc", CONDA),
    (".conda/condarc.d/corp.yml", CONDA),
    (".docker/daemon.json", '{"insecure-registries": ["hub.corp.example:5000"]}\n'),
    (".config/containers/registries.conf", REGISTRIES),
    (".config/containers/registries.conf.d/corp.conf", REGISTRIES),
    (".kube/config", KUBE),
    (".ldaprc", "TLS_REQCERT never\n"),
    (".gemrc", ":ssl_verify_mode: 0\n"),
    (".bundle/config", '---\nBUNDLE_SSL_VERIFY_MODE: "0"\n'),
    (".config/composer/config.json", '{"config": {"disable-tls": true}}\n'),
    (".mavenrc", 'MAVEN_OPTS="-Dmaven.wagon.http.ssl.insecure=true"\n'),
    (".gradle/gradle.properties", "systemProp.maven.wagon.http.ssl.insecure=true\n"),
    (".my.cnf", "[client]\nssl-verify-server-cert=0\n"),
    (".pg_service.conf", "[prod]\nhost=db.example\nsslmode=disable\n"),
    (".s3cfg", "[default]\ncheck_ssl_certificate = False\n"),
    (".config/argocd/config", "servers:\n- insecure: true\n  server: a.example\n"),
    (".odbc.ini", "[dsn]\nServer=db\nTrustServerCertificate=yes\n"),
    (".config/httpie/config.json", '{"default_options": ["--verify=no"]}\n'),
    (".ansible.cfg", "[galaxy_server.hub]\nurl=https://hub/\nvalidate_certs=false\n"),
    (
        ".config/helm/repositories.yaml",
        "repositories:\n- name: corp\n  url: https://c.example\n"
        "  insecure_skip_tls_verify: true\n",
    ),
    (".config/openstack/clouds.yaml", "clouds:\n  prod:\n    verify: false\n"),
    (".fetchmailrc", "poll mail.example proto imap options ssl no sslcertck\n"),
    (".lftprc", "set ssl:verify-certificate no\n"),
]
OF_COMMANDS = [
    (".bashrc", "export NODE_TLS_REJECT_UNAUTHORIZED=0\n"),
    (".profile", "export GIT_SSL_NO_VERIFY=1\n"),
    (".zshrc", "alias curl='curl -k'\n"),
    (".bash_aliases", 'fetch() {\n  curl -k "https://$1/"\n}\n'),
    (".config/fish/config.fish", "set -gx NODE_TLS_REJECT_UNAUTHORIZED 0\n"),
    (".config/environment.d/x.conf", "NODE_TLS_REJECT_UNAUTHORIZED=0\n"),
    (".config/systemd/user/app.service.d/override.conf", UNIT),
    (".config/powershell/profile.ps1", "$env:NODE_TLS_REJECT_UNAUTHORIZED = '0'\n"),
    (".config/go/env", "GOINSECURE=git.corp.example\n"),
    (".mavenrc", 'MAVEN_OPTS="-Dmaven.wagon.http.ssl.insecure=true"\n'),
]
OF_ENVIRONMENTS = [
    ("etc/environment", "NODE_TLS_REJECT_UNAUTHORIZED=0\n"),
    ("etc/profile.d/corp.sh", "export PYTHONHTTPSVERIFY=0\n"),
    ("etc/default/app", "NODE_TLS_REJECT_UNAUTHORIZED=0\n"),
    ("etc/systemd/system/app.service.d/override.conf", UNIT),
    ("etc/systemd/system/app.service", UNIT),
    ("etc/zsh/zshenv", "export GIT_SSL_NO_VERIFY=true\n"),
]
IN_SYSTEM = [
    ("etc/gitconfig", GIT),
    ("etc/pip.conf", PIP),
    ("etc/npmrc", NPM),
    ("etc/wgetrc", "check_certificate = off\n"),
    ("etc/docker/daemon.json", '{"insecure-registries": ["hub.corp.example:5000"]}\n'),
    ("etc/containers/registries.conf", REGISTRIES),
    ("etc/containerd/certs.d/h/hosts.toml", '[host."https://h"]\nskip_verify = true\n'),
    ("etc/ldap/ldap.conf", "TLS_REQCERT allow\n"),
    ("etc/apt/apt.conf.d/99corp", APT),
    ("etc/apt/sources.list.d/corp.list", "deb [trusted=yes] https://c.example/ ./\n"),
    ("etc/yum.repos.d/corp.repo", YUM),
    ("etc/dnf/dnf.conf", "[main]\nsslverify=False\n"),
    ("etc/mysql/conf.d/corp.cnf", "[client]\nssl-verify-server-cert=0\n"),
]  # fmt: skip


class World:
    """A home, a system and a folder at work."""

    def __init__(self, base: Path) -> None:
        self.home, self.root, self.work = (
            base / name for name in ("home", "system", "work")
        )
        for folder in (self.home, self.root, self.work):
            folder.mkdir()

    def machine(self, **environment: str) -> Machine:
        return Machine(environment, str(self.home), str(self.work), str(self.root))

    def scan(self, **environment: str) -> Scan:
        examiner = Examiner(every_rule(), LARGEST)
        return scan_places(self.machine(**environment), examiner, LARGEST)


def test_every_tool_is_in_the_documentation() -> None:
    text = (Path(__file__).parents[3] / "docs" / "scan.md").read_text("utf-8")
    missing = [one["tool"] for one in place_entries() if one["tool"] not in text]
    assert missing == []


def test_no_place_is_named_twice() -> None:
    named = [path for entry in place_entries() for path in entry["paths"]]
    assert sorted(set(named)) == sorted(named)


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


@pytest.mark.parametrize(
    ("name", "text"),
    IN_HOME + OF_COMMANDS,
    ids=[name for name, _ in IN_HOME + OF_COMMANDS],
)
def test_what_is_wrong_at_home_is_found(world: World, name: str, text: str) -> None:
    file = write(world.home / name, text)
    done = world.scan()
    assert {one.path for one in done.findings} == {str(file)}
    assert done.files == 1


@pytest.mark.parametrize(
    ("name", "text"),
    IN_SYSTEM + OF_ENVIRONMENTS,
    ids=[name for name, _ in IN_SYSTEM + OF_ENVIRONMENTS],
)
def test_what_is_wrong_in_the_system_is_found(
    world: World, name: str, text: str
) -> None:
    file = write(world.root / name, text)
    (one,) = world.scan().findings
    assert one.path == str(file)


def test_what_is_not_the_person_s_is_not_mended(world: World) -> None:
    write(world.home / ".npmrc", NPM)
    write(world.root / "etc/npmrc", NPM)
    mine, system = sorted(world.scan().findings, key=lambda one: one.path)
    assert mine.edits
    assert not system.edits
    assert "administrator" in system.reason


@pytest.mark.parametrize(
    ("variable", "name", "text"),
    [
        ("CURL_HOME", "", "insecure\n"),
        ("NPM_CONFIG_USERCONFIG", "mine.rc", NPM),
        ("PIP_CONFIG_FILE", "mine.conf", PIP),
        ("GIT_CONFIG_GLOBAL", "mine", GIT),
        ("KUBECONFIG", "prod", KUBE),
        ("CONDARC", "mine", CONDA),
    ],
)
def test_variables_lead_to_files(
    world: World, tmp_path: Path, variable: str, name: str, text: str
) -> None:
    file = write(tmp_path / "elsewhere" / (name or ".curlrc"), text)
    value = str(file if name else file.parent)
    (one,) = world.scan(**{variable: value}).findings
    assert one.path == str(file)


def test_a_variable_may_lead_to_several(world: World, tmp_path: Path) -> None:
    first, second = (write(tmp_path / name, KUBE) for name in ("one", "two"))
    done = world.scan(KUBECONFIG=os.pathsep.join([str(first), str(second), "gone"]))
    assert [one.path for one in done.findings] == [str(first), str(second)]


def test_the_folder_of_settings_may_be_elsewhere(world: World, tmp_path: Path) -> None:
    file = write(tmp_path / "xdg" / "git" / "config", GIT)
    (one,) = world.scan(XDG_CONFIG_HOME=str(tmp_path / "xdg")).findings
    assert one.path == str(file)


def test_a_project_s_files_are_found_upward(world: World) -> None:
    file = write(world.work / ".git" / "config", GIT)
    (world.work / "a" / "b").mkdir(parents=True)
    machine = Machine({}, None, str(world.work / "a" / "b"), str(world.root))
    assert [place.path for place in places(machine)] == [str(file)]


def test_what_git_includes_is_read(world: World) -> None:
    write(
        world.home / ".gitconfig",
        "[include]\n\tpath = ~/more.inc\n[user]\n\tpath = never\n"
        '[includeIf "gitdir:~/corp/"] path = corp/of-corp # relative\n',
    )
    write(
        world.home / "more.inc", "[include]\n\tpath = more.inc\n\tpath = .gitconfig\n"
    )
    file = write(world.home / "corp" / "of-corp", GIT)
    write(world.home / "never", GIT)
    done = world.scan()
    assert [one.path for one in done.findings] == [str(file)]
    assert done.files == 3


def test_a_link_to_a_file_is_read_and_told_once(world: World) -> None:
    write(world.home / "dotfiles" / "npmrc", NPM)
    (world.home / ".npmrc").symlink_to("dotfiles/npmrc")
    (world.root / "etc").mkdir()
    (world.root / "etc" / "npmrc").symlink_to(world.home / ".npmrc")
    (world.home / ".gitconfig").symlink_to("gone")
    (world.home / ".curlrc").mkdir()
    (one,) = world.scan().findings
    assert one.path in (str(world.home / ".npmrc"), str(world.root / "etc" / "npmrc"))


def test_what_the_distribution_brings_is_not_the_administrator_s(world: World) -> None:
    unit = write(world.root / "usr/lib/systemd/system/app.service", UNIT)
    link = world.root / "etc/systemd/system/app.service"
    link.parent.mkdir(parents=True)
    link.symlink_to(unit)
    assert list(places(world.machine())) == []


def test_a_home_is_no_test_whatever_it_is_called(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.home = tmp_path / "tests" / "docs"
    write(world.home / ".npmrc", NPM)
    (one,) = world.scan().findings
    assert (one.severity, one.reason) == ("high", "")


def test_secrets_beside_what_is_wrong_are_not_told(world: World) -> None:
    write(
        world.home / ".docker/daemon.json",
        '{"auths": {"hub": {"auth": "dTpodW50ZXIy"}}, "proxy": '
        '"http://me:hunter2@proxy:3128", "insecure-registries": ["hub.corp.example"]}',
    )
    (one,) = world.scan().findings
    assert "hunter2" not in one.snippet
    assert "dTpodW50ZXIy" not in one.snippet
    marked = one.snippet[one.column - 1 : one.end_column - 1]
    assert marked.startswith('"insecure-registries"')


def test_keys_in_their_owner_s_files_are_where_they_belong(world: World) -> None:
    write(world.home / ".kube/config", KUBE)
    assert {one.category for one in world.scan().findings} == {"verification"}


def test_what_cannot_be_read_is_told(world: World) -> None:
    write(world.home / ".npmrc", "x" * (LARGEST + 1))
    closed = write(world.home / ".curlrc", "insecure\n")
    closed.chmod(0)
    skipped = world.scan().skipped.by_reason
    assert skipped["too large"] == [str(world.home / ".npmrc")]
    if os.geteuid() != 0:
        assert skipped["unreadable"] == [str(closed)]


def test_names_that_look_like_patterns_are_names(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.home = tmp_path / "a[b]*"
    file = write(world.home / ".npmrc", NPM)
    write(tmp_path / "ab" / ".npmrc", NPM)
    assert [one.path for one in world.scan().findings] == [str(file)]
