"""cargo, which asks nothing of a server before it has an index of crates."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from functools import partial

from tlsmith.local.proof.client import Client
from tlsmith.local.proof.tools import OPENSSL

# Whatever git is told elsewhere, such as to sign.
_GIT = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
_AUTHOR = ("-c", "user.name=tlsmith", "-c", "user.email=tlsmith@localhost")


def cargo_client(home: str, environment: Mapping[str, str]) -> Client:
    """Return cargo, with a copy of the person's settings and a place to write.

    Its index is a git repository on disk that leads to our server, since versions
    before 1.68 read no other.

    Args:
        home: of the person.
    """
    settings = environment.get("CARGO_HOME") or os.path.join(home, ".cargo")
    toolchains = environment.get("RUSTUP_HOME") or os.path.join(home, ".rustup")
    if not os.path.isdir(toolchains):  # rustup's own cargo would make it
        toolchains = "{scratch}/rustup"
    return Client(
        "cargo",
        ("cargo", "search", "--registry", "tlsmith", "proof"),
        "system",
        ("CARGO_HTTP_CAINFO", *OPENSSL),
        r"(\[\d+\] .+)",
        settings=(
            ("CARGO_REGISTRIES_TLSMITH_INDEX", "file://{scratch}/index"),
            ("CARGO_NET_RETRY", "0"),
            ("CARGO_HOME", "{scratch}/cargo"),
            ("RUSTUP_HOME", toolchains),
        ),
        prepare=partial(_prepare, settings, environment),
    )


def _prepare(
    settings: str, environment: Mapping[str, str], scratch: str, url: str
) -> None:
    os.mkdir(os.path.join(scratch, "cargo"))
    for name in ("config", "config.toml"):
        with contextlib.suppress(OSError):
            shutil.copyfile(
                os.path.join(settings, name), os.path.join(scratch, "cargo", name)
            )
    index = os.path.join(scratch, "index")
    os.mkdir(index)
    with open(os.path.join(index, "config.json"), "w") as stream:
        json.dump({"dl": url, "api": url.rstrip("/")}, stream)
    for words in (("init", "-q"), ("add", "."), ("commit", "-q", "-m", "index")):
        # Without git, cargo has no index and is not asked.
        with contextlib.suppress(OSError):
            subprocess.run(
                ["git", *_AUTHOR, *words],
                cwd=index,
                env={**environment, **_GIT},
                stdin=subprocess.DEVNULL,
                capture_output=True,
                check=False,
            )
