"""Which programs a command runs: behind `sudo`, `env`, `timeout`, `kubectl exec`..."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

from tlsmith.scan.shell.command import Word


class _Wrapper(NamedTuple):
    """How a program is called that runs another one.

    Args:
        valued: Letters of its options that take a value.
        before: How many arguments stand before the program.
        subcommand: The argument that has it run something, or nothing.
    """

    valued: str = ""
    before: int = 0
    subcommand: str = ""


_WRAPPERS = {
    "sudo": _Wrapper("ughpCDRTUr"),
    "doas": _Wrapper("uC"),
    "env": _Wrapper("uCS"),
    "nice": _Wrapper("n"),
    "ionice": _Wrapper("cnp"),
    "chrt": _Wrapper("p", 1),
    "taskset": _Wrapper("", 1),
    "timeout": _Wrapper("ks", 1),
    "gtimeout": _Wrapper("ks", 1),
    "xargs": _Wrapper("InPLdEsa"),
    "watch": _Wrapper("n"),
    "stdbuf": _Wrapper("ioe"),
    "flock": _Wrapper("wE", 1),
    "retry": _Wrapper("tdnci"),
    "chroot": _Wrapper("", 1),
    "gosu": _Wrapper("", 1),
    "su-exec": _Wrapper("", 1),
    "setpriv": _Wrapper(),
    "strace": _Wrapper("oesp"),
    "exec": _Wrapper("a"),
    "tini": _Wrapper("pe"),
    "dotenv": _Wrapper("ef"),
    "poetry": _Wrapper(subcommand="run"),
    "pipenv": _Wrapper(subcommand="run"),
    "pdm": _Wrapper(subcommand="run"),
    "hatch": _Wrapper(subcommand="run"),
    "uv": _Wrapper(subcommand="run"),
    "conda": _Wrapper("np", subcommand="run"),
    "bundle": _Wrapper(subcommand="exec"),
    "mise": _Wrapper(subcommand="exec"),
    "aws-vault": _Wrapper(before=1, subcommand="exec"),
    "op": _Wrapper(subcommand="run"),
    "doppler": _Wrapper(subcommand="run"),
} | dict.fromkeys(
    [
        "time", "nohup", "setsid", "command", "builtin", "npx", "bunx", "cross-env",
        "cross-env-shell", "env-cmd", "call", "start", "unbuffer", "catchsegv",
        "dumb-init", "noglob", "eatmydata", "caffeinate", "winpty", "proxychains",
        "proxychains4", "torsocks", "busybox", "fakeroot", "then", "else", "do",
        "run_cmd", "if", "unless", "not",
    ],
    _Wrapper(),
)  # fmt: skip
_ANYWHERE = frozenset(
    [
        "docker", "podman", "nerdctl", "buildah", "docker-compose", "podman-compose",
        "kubectl", "oc", "kubectx", "k3s", "ssh", "find", "parallel", "lxc",
        "lxc-attach", "incus", "nsenter", "unshare", "vagrant", "minikube", "crictl",
        "apptainer", "singularity", "srun", "fly", "flyctl", "heroku", "script",
        "wsl", "toolbox", "distrobox", "pct", "ansible", "machinectl", "systemd-run",
        "systemd-nspawn", "multipass", "limactl", "lima", "colima", "firejail",
        "bwrap", "cmd", "in-target", "curtin", "run-one", "chronic", "assert_success",
        "bats_run", "run", "eval", "screen", "tmux", "invoke-command", "icm",
        "start-job", "measure-command", "start-threadjob", "pdsh", "clush", "dsh",
        "pssh", "parallel-ssh",
    ]
)  # fmt: skip
"""Programs that run others somewhere among their arguments."""

_RUNNER = re.compile(
    r"(?:\w*_)?(?:retry|wait|until|try|run|exec|check|step|must|attempt|poll|repeat|capture"
    r"|retries|quiet|silent|with)(?:_\w+|\d+)?"
)
"""Functions of scripts that are given a command behind some words of their own."""

_VARIABLE = re.compile(r"\$\{?([A-Za-z_]\w*)(?::?[-=][^}]*)?\}?|%(\w+)%")
_LOOKED_UP = re.compile(r"(?:\$\(|`)(?:command -v|which|type -p) ([\w.-]+)(?:\)|`)")
_ASSIGNED = re.compile(r"[A-Za-z_]\w*=")
_PREFIX = re.compile(r"[@+!:-]+(?=[\w./$])")
_TAG = re.compile(r"(?<=[\w.-])(?::[\w.-]+)?(?:@sha256:\w+)?$")
_FOLDER = re.compile(r"[/\\]")
_SHORT = 80
_CRON = re.compile(r"(?:[\d*/,-]|jan|mon|tue|wed|thu|fri|sat|sun)+", re.I)
_PYTHON = re.compile(r"(?:python|pypy|py)[\d.]*")


def runs_words(name: str) -> bool:
    """Whether a script's function of this name is likely to run what it is given."""
    return _RUNNER.fullmatch(name) is not None


def name_of(word: str) -> str:
    """A program's name in lower case, without folder, `.exe`, image tag or `$`."""
    return _known_name(word) if len(word) <= _SHORT else _name_of(word)


def _name_of(word: str) -> str:
    found = _LOOKED_UP.fullmatch(word)
    if found:
        return found[1].lower()
    variable = _VARIABLE.fullmatch(word)
    if variable:
        return (variable[1] or variable[2]).lower()
    word = word.removeprefix("--image=")
    name = _PREFIX.sub("", word, count=1) if word[:1] in "@+!:-" else word
    name = _FOLDER.split(name)[-1]
    name = _TAG.sub("", name)
    return name.lower().removesuffix(".exe").removesuffix(".cmd")


_known_name = lru_cache(maxsize=4096)(_name_of)
"""The same words are asked about again and again: by each rule, in each part."""


def programs(words: Sequence[Word]) -> Iterator[int]:
    """The indices of the words that may be programs a command runs."""
    at = _behind_cron(words)
    for _ in range(12):
        at = _behind_assignments(words, at)
        if at >= len(words):
            return
        yield at
        name = name_of(words[at].text)
        if name in _ANYWHERE or (at == 0 and _RUNNER.fullmatch(name)):
            yield from _later(words, at + 1)
            return
        following = _behind(words, at, name)
        if following is None:
            return
        at = following


def _behind_cron(words: Sequence[Word]) -> int:
    """Where a line of a crontab goes on behind its times."""
    if words and re.fullmatch(
        r"@(?:reboot|hourly|daily|weekly|monthly)", words[0].text
    ):
        return 1
    fields = [word.text for word in words[:5]]
    if len(fields) == 5 and all(_CRON.fullmatch(field) for field in fields):
        return 5
    return 0


def _behind_assignments(words: Sequence[Word], at: int) -> int:
    while at < len(words) and _ASSIGNED.match(words[at].text):
        at += 1
    return at


def _later(words: Sequence[Word], at: int) -> Iterator[int]:
    for index in range(at, len(words)):
        text = words[index].text
        if text[:1] not in ("-", "") or text.startswith("--image="):
            yield index


def arguments(words: Sequence[Word], at: int) -> Sequence[Word]:
    """What the program at an index is given.

    What `kubectl run --image=IMAGE` hands to the image's program stands behind `--`.
    """
    behind = words[at + 1 :]
    is_image = "--image" in (words[at].text.partition("=")[0], words[at - 1].text)
    if is_image:
        for index, word in enumerate(behind):
            if word.text == "--":
                return behind[index + 1 :]
    return behind


def _behind(words: Sequence[Word], at: int, name: str) -> int | None:
    """Where what a wrapper runs stands, or None if this is no wrapper."""
    if _PYTHON.fullmatch(name):
        for index in range(at + 1, min(at + 4, len(words) - 1)):
            if words[index].text == "-m":
                return index + 1
        return None
    if at in (5, 1) and at and _behind_cron(words) == at and len(words) > at + 1:
        return at + 1  # `* * * * * root curl`: the user's name
    wrapper = _WRAPPERS.get(name)
    if wrapper is None or (name == "command" and _is_asked(words, at)):
        return None
    index = at + 1
    if wrapper.subcommand:
        if index >= len(words) or words[index].text != wrapper.subcommand:
            return None
        index += 1
    index = _behind_options(words, index, wrapper.valued)
    if name in ("retry", "time"):
        while index < len(words) and re.fullmatch(r"[\d.]+[smh]?", words[index].text):
            index += 1
    index = _behind_assignments(words, index) + wrapper.before
    if index < len(words) and words[index].text == "--":
        index += 1
    return index


def _is_asked(words: Sequence[Word], at: int) -> bool:
    """`command -v curl` asks where a program is, and runs none."""
    return at + 1 < len(words) and words[at + 1].text in ("-v", "-V")


def _behind_options(words: Sequence[Word], at: int, valued: str) -> int:
    while at < len(words) and words[at].text[:1] == "-":
        text = words[at].text
        if text == "--":
            return at + 1
        at += 2 if len(text) == 2 and text[1] in valued else 1
    return at
