"""Tokens of SoftHSM, and an emulator of AWS KMS."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from interop.tools import needs
from signers.emulator import Emulator, started
from signers.tokens import MODULE, Tokens
from tlsmith.signers._module import module_of


@pytest.fixture
def tokens(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Tokens]:
    """A SoftHSM that has one token, called "ca"."""
    if not MODULE:
        pytest.skip("SoftHSM 2 is not on this machine")
    needs("softhsm2-util", "pkcs11-tool")
    folder, configuration = tmp_path / "tokens", tmp_path / "softhsm2.conf"
    folder.mkdir()
    configuration.write_text(
        f"directories.tokendir = {folder}\nobjectstore.backend = file\n"
        "log.level = ERROR\n"
    )
    monkeypatch.setenv("SOFTHSM2_CONF", str(configuration))
    made = Tokens(folder, dict(os.environ))
    made.add()
    yield made
    # A test that failed leaves its sessions: the next one has tokens of its own.
    module = module_of(MODULE)
    module.run(module.restart, "the test's", 10)


@pytest.fixture(scope="session")
def emulator() -> Iterator[Emulator]:
    """AWS KMS, on a free port of this machine."""
    with started() as running:
        yield running


@pytest.fixture
def kms(emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> Emulator:
    """The emulator, and credentials that it takes."""
    for name in list(os.environ):
        if name.startswith("AWS_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    return emulator
