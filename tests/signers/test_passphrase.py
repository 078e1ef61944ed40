"""Where a passphrase is looked for, in which order, and what is said of it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tlsmith.errors import FileError, PassphraseError
from tlsmith.signers import Passphrase, find_passphrase


@pytest.fixture
def places(tmp_path: Path) -> dict[str, str]:
    """An environment in which every place has a passphrase."""
    (tmp_path / "named").write_text("of the variable's file\n")
    credentials = tmp_path / "credentials"
    credentials.mkdir()
    (credentials / "tlsmith-passphrase").write_text("of systemd\n")
    return {
        "TLSMITH_PASSPHRASE": "of the variable",
        "TLSMITH_PASSPHRASE_FILE": str(tmp_path / "named"),
        "CREDENTIALS_DIRECTORY": str(credentials),
    }


def test_the_order_of_places(places: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "given").write_text("of the option\n")
    found = [find_passphrase("it", file=str(tmp_path / "given"), environ=places)]
    for gone in ("TLSMITH_PASSPHRASE", "TLSMITH_PASSPHRASE_FILE", ""):
        found.append(
            find_passphrase("it", environ=places, prompt=lambda _: b"of a person")
        )
        places.pop(gone, None)
    del places["CREDENTIALS_DIRECTORY"]
    asked: list[str] = []

    def prompt(purpose: str) -> bytes:
        asked.append(purpose)
        return b"of a person"

    found.append(find_passphrase("the key of the CA", environ=places, prompt=prompt))
    assert [each.value for each in found] == [
        b"of the option",
        b"of the variable",
        b"of the variable's file",
        b"of systemd",
        b"of a person",
    ]
    assert asked == ["the key of the CA"]
    assert len({each.source for each in found}) == 5


def test_nowhere_is_said_with_what_to_do() -> None:
    with pytest.raises(PassphraseError, match="no passphrase for the key") as raised:
        find_passphrase("the key", environ={})
    assert raised.value.code == "passphrase-needed"
    assert "TLSMITH_PASSPHRASE_FILE" in str(raised.value.hint)


def test_the_process_s_own_environment_is_what_counts(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TLSMITH_PASSPHRASE", "of the variable")
    assert find_passphrase("it").value == b"of the variable"


def test_a_credentials_folder_without_ours_is_passed_by(tmp_path: Path) -> None:
    for folder in (str(tmp_path), ""):
        environ = {"CREDENTIALS_DIRECTORY": folder}
        found = find_passphrase("it", environ=environ, prompt=lambda _: b"asked")
        assert found.value == b"asked"


@pytest.mark.parametrize(
    ("content", "value"),
    [
        (b"plain", b"plain"),
        (b"line\n", b"line"),
        (b"line\r\n", b"line"),
        (b" spaces stay \n", b" spaces stay "),
        (b"first\nsecond\n", b"first"),
        (b"\xff\x00bytes\n", b"\xff\x00bytes"),
    ],
)
def test_the_first_line_is_what_counts(
    tmp_path: Path, content: bytes, value: bytes
) -> None:
    (tmp_path / "file").write_bytes(content)
    assert find_passphrase("it", file=str(tmp_path / "file")).value == value


def test_an_empty_one_is_refused_wherever_it_is(
    places: dict[str, str], tmp_path: Path
) -> None:
    empty = tmp_path / "empty"
    empty.write_text("\n")
    credentials = tmp_path / "of-systemd"
    credentials.mkdir()
    (credentials / "tlsmith-passphrase").touch()
    for environ in (
        places | {"TLSMITH_PASSPHRASE": ""},
        {"TLSMITH_PASSPHRASE_FILE": str(empty)},
        {"CREDENTIALS_DIRECTORY": str(credentials)},
        {},
    ):
        with pytest.raises(PassphraseError, match="is empty"):
            find_passphrase("it", environ=environ, prompt=lambda _: b"")
    with pytest.raises(PassphraseError, match="is empty"):
        find_passphrase("it", file=str(empty), environ=places)


def test_a_file_that_is_missing_is_not_passed_by(places: dict[str, str]) -> None:
    with pytest.raises(FileError, match="no such file"):
        find_passphrase("it", file="/nowhere/at/all", environ=places)
    with pytest.raises(FileError, match="no such file"):
        find_passphrase("it", environ={"TLSMITH_PASSPHRASE_FILE": "/nowhere/at/all"})


def test_it_is_not_shown_by_accident() -> None:
    found = Passphrase(b"hunter2", "the prompt")
    assert "hunter2" not in f"{found} {found!r} {[found]}"


@pytest.mark.skipif(os.name == "nt", reason="its permissions are not in the mode")
@pytest.mark.parametrize(
    ("file", "folder", "warning"),
    [
        (0o600, 0o755, None),
        (0o400, 0o755, None),
        (0o640, 0o755, "its group of this machine can read"),
        (0o644, 0o755, "every account of this machine can read"),
        (0o644, 0o710, "every account of this machine can read"),
        (0o644, 0o700, None),
    ],
)
def test_who_else_can_read_the_file_is_told(
    file: int, folder: int, warning: str | None
) -> None:
    # Not below pytest's own folder, which nobody else may enter.
    import tempfile

    with tempfile.TemporaryDirectory() as place:
        path = Path(place, "passphrase")
        path.write_text("secret\n")
        path.chmod(file)
        Path(place).chmod(folder)
        found = find_passphrase("it", file=str(path))
        assert found.value == b"secret"
        if warning is None:
            assert found.warning is None
        else:
            assert found.warning is not None
            assert found.warning.startswith(warning)
            assert str(path) in found.warning
