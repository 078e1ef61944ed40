"""`tlsmith convert`: files in, files out; nothing lost, nothing opened to others."""

from __future__ import annotations

import os
import pty
import resource
import stat
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from chains import certify, family, key_of, request
from keystores import certificate_entry, keystore
from running import TLSMITH, Done, tlsmith, tlsmith_here
from tlsmith.cli import places_of_conversion as places
from tlsmith.core.formats import (
    encode_java_truststore,
    encode_pem,
    encode_pkcs12,
    encode_private_key,
)
from tlsmith.core.formats.load import load_objects
from tlsmith.core.formats.targets import TARGETS

ONE, TWO = family(), family("p384", "two.test")
KEY = encode_private_key(ONE.leaf.key)
WITH_KEY = {"pem", "combined", "p12", "k8s-secret", "pkcs8", "key-der", "pkcs1"}


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a server's files, as `tlsmith make` leaves them."""
    put(tmp_path / "app.pem", ONE.leaf.pem + ONE.intermediate.pem, 0o644)
    put(tmp_path / "app-key.pem", KEY, 0o600)
    put(tmp_path / "ca.pem", ONE.root.pem, 0o644)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def put(path: Path, data: bytes, mode: int = 0o644) -> Path:
    path.write_bytes(data)
    path.chmod(mode)
    return path


def convert(*words: str, typed: bytes = b"") -> Done:
    return tlsmith_here("convert", *words, typed=typed)


def mode(path: str | Path) -> int:
    return stat.S_IMODE(os.stat(path).st_mode)


def held(path: str | Path, *passphrases: bytes) -> tuple[set[bytes], set[bytes]]:
    """The certificates and the keys in a file."""
    objects = load_objects(Path(path).read_bytes(), passphrases)
    certificates = {one.der for one in objects.certificates}
    return certificates, {key.info for key in objects.keys}


# What is written ------------------------------------------------------------------


@pytest.mark.parametrize("to", TARGETS)
def test_every_format_is_written_from_separate_files(to: str) -> None:
    words = ("app.pem", "out", "--key", "app-key.pem", "--chain", "ca.pem")
    done = convert(*words, "--to", to)
    assert done.code == 0, done.err
    assert done.out == ""
    assert f"wrote out: {TARGETS[to].title}, " in done.err
    assert mode("out") == 0o600
    assert bool(held("out")[1]) == (to in WITH_KEY)


@pytest.mark.parametrize(
    ("name", "to"),
    [
        ("a.p12", "p12"),
        ("a.PFX", "p12"),
        ("a.der", "der"),
        ("a.p7b", "p7b"),
        ("a.p7c", "p7b-der"),
        ("a.pem", "pem"),
        ("a.jks", "jks-truststore"),
    ],
)
def test_the_ending_says_the_format(name: str, to: str) -> None:
    assert f"wrote {name}: {TARGETS[to].title}, " in convert("app.pem", name).err


def test_an_ending_that_says_nothing_is_an_error_with_every_format() -> None:
    done = convert("app.pem", "a.crt")
    assert done.code == 2
    assert "the ending of 'a.crt' does not say" in done.err
    assert "k8s-secret" in done.err


def test_a_secret_can_be_applied_as_it_is() -> None:
    convert(
        "app.pem", "s.yaml", "--key", "app-key.pem", "--name", "web", "--namespace", "n"
    )
    secret = yaml.safe_load(Path("s.yaml").read_bytes())
    assert secret["metadata"] == {"name": "web", "namespace": "n"}


@pytest.mark.parametrize("option", ["--name", "--namespace"])
def test_a_name_kubernetes_refuses_is_refused_with_one_it_takes(option: str) -> None:
    done = convert("app.pem", "s.yaml", "--key", "app-key.pem", option, "My App")
    assert done.code == 2
    assert "'my-app'" in done.err
    assert not Path("s.yaml").exists()


def test_standard_input_and_output_are_named_by_a_dash(place: Path) -> None:
    data = (place / "app.pem").read_bytes()
    done = tlsmith("convert", "-", "-", "--to", "pem", typed=data)
    assert (done.code, done.out.encode()) == (0, data)
    assert done.err == ""
    der = tlsmith("convert", "-", "-", "--to", "der", typed=data)
    assert der.out.encode("utf-8", "surrogateescape") == ONE.leaf.der


def test_a_secret_may_go_to_another_program() -> None:
    words = ("app.pem", "-", "--to", "k8s-secret", "--key", "app-key.pem")
    done = tlsmith("convert", *words)
    assert done.code == 0
    assert yaml.safe_load(done.out)["kind"] == "Secret"


def test_standard_input_is_read_once_only() -> None:
    done = convert("-", "o.p12", "--key", "-", typed=KEY)
    assert done.code == 2
    assert "standard input can be read once only" in done.err


def test_a_request_goes_between_pem_and_der() -> None:
    csr = request(ONE.leaf.key)
    put(Path("a.csr"), encode_pem("CERTIFICATE REQUEST", csr))
    assert convert("a.csr", "a.der").code == 0
    assert Path("a.der").read_bytes() == csr
    assert convert("a.der", "b.pem").code == 0
    assert Path("b.pem").read_bytes() == Path("a.csr").read_bytes()


def test_old_java_keystores_are_read(place: Path) -> None:
    put(place / "old.jks", keystore(certificate_entry("wurzel", ONE.root.der)))
    assert convert("old.jks", "ca2.pem").code == 0
    assert Path("ca2.pem").read_bytes() == ONE.root.pem


@pytest.mark.parametrize(
    ("option", "to"),
    [("--legacy", "pem"), ("--name", "der"), ("--namespace", "p12")],
)
def test_an_option_that_says_nothing_here_is_an_error(option: str, to: str) -> None:
    words = [option] if option == "--legacy" else [option, "x"]
    done = convert("app.pem", "out", "--to", to, *words)
    assert done.code == 2
    assert f"{option} says nothing for --to {to}" in done.err


# Passphrases ----------------------------------------------------------------------


def test_passphrases_come_from_files_and_variables(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(place / "word", b"secret\nnot this\n")
    monkeypatch.setenv("NEW_WORD", "other")
    one = convert("app-key.pem", "k.pem", "--to", "pkcs8", "--passphrase-file", "word")
    assert one.code == 0
    assert held("k.pem", b"secret")[1] == {ONE.leaf.info}
    two = convert(
        *("app.pem", "app.p12", "--key", "k.pem"),
        *("--in-passphrase-file", "word", "--passphrase-env", "NEW_WORD"),
    )
    assert two.code == 0
    assert held("app.p12", b"other")[1] == {ONE.leaf.info}
    assert "changeit" not in two.err


def test_an_encrypted_key_without_its_passphrase_names_the_options(place: Path) -> None:
    put(place / "k.pem", encode_private_key(ONE.leaf.key, b"secret"))
    done = convert("k.pem", "o.pem", "--to", "pkcs8")
    assert done.code == 2
    assert "'k.pem': the private key is encrypted" in done.err
    assert "--in-passphrase-file, --in-passphrase-env" in done.err
    assert not Path("o.pem").exists()


def test_a_wrong_passphrase_is_said_to_be_wrong(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WORD", "wrong")
    put(place / "k.pem", encode_private_key(ONE.leaf.key, b"secret"))
    done = convert("k.pem", "o.pem", "--to", "pkcs8", "--in-passphrase-env", "WORD")
    assert done.code == 2
    assert "does not open" in done.err
    assert "wrong" not in done.err.replace("is wrong", "")


def test_two_sources_of_one_passphrase_are_an_error() -> None:
    done = convert(
        *("app.pem", "o.p12", "--in-passphrase-prompt", "--in-passphrase-env", "X")
    )
    assert done.code == 2
    assert "give one of --in-passphrase-file, --in-passphrase-env" in done.err


def test_a_prompt_without_a_terminal_names_the_other_ways() -> None:
    done = convert("app.pem", "o.p12", "--in-passphrase-prompt")
    assert done.code == 2
    assert "use --in-passphrase-file or --in-passphrase-env" in done.err


def test_pkcs12_is_changeit_where_nothing_is_said() -> None:
    done = convert("app.pem", "app.p12", "--key", "app-key.pem")
    assert 'passphrase is "changeit"' in done.err
    assert held("app.p12", b"changeit")[1] == {ONE.leaf.info}
    assert convert("app.p12", "k.pem", "--to", "pkcs8").code == 0
    assert Path("k.pem").read_bytes() == KEY


def test_a_passphrase_that_encrypts_nothing_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("WORD", "secret")
    done = convert("app.pem", "o.der", "--passphrase-env", "WORD")
    assert done.code == 2
    assert "--to der encrypts nothing here" in done.err


# Keys -----------------------------------------------------------------------------


def test_a_key_of_another_certificate_names_both_files(place: Path) -> None:
    put(place / "other.pem", TWO.leaf.key_pem, 0o600)
    for to in ("p12", "combined", "k8s-secret", "pem", "der"):
        done = convert("app.pem", "out", "--to", to, "--key", "other.pem")
        assert done.code == 3
        assert (
            "'other.pem' does not belong to the certificate of 'app.test'" in done.err
        )
        assert "in 'app.pem'" in done.err
        assert not Path("out").exists()


@pytest.mark.parametrize("to", ["combined", "k8s-secret", "pkcs8"])
def test_a_format_that_needs_a_key_asks_for_it(to: str) -> None:
    done = convert("app.pem", "out", "--to", to)
    assert done.code == 2
    assert "hint: name its file with --key" in done.err


def test_a_key_file_without_a_key_and_a_chain_without_certificates() -> None:
    done = convert("app.pem", "o.p12", "--key", "ca.pem")
    assert done.code == 2
    assert "there is no private key in 'ca.pem'" in done.err
    done = convert("app.pem", "o.p12", "--chain", "app-key.pem")
    assert done.code == 2
    assert "there are no certificates in 'app-key.pem'" in done.err


def test_only_the_key_is_taken_from_its_file_and_only_certificates_from_the_chain(
    place: Path,
) -> None:
    put(place / "leaf.pem", ONE.leaf.pem)
    put(place / "both.pem", KEY + TWO.root.pem, 0o600)
    put(place / "chain.pem", ONE.intermediate.pem + TWO.leaf.key_pem, 0o600)
    done = convert("leaf.pem", "out.p12", "--key", "both.pem", "--chain", "chain.pem")
    assert done.code == 0
    assert held("out.p12") == ({ONE.leaf.der, ONE.intermediate.der}, {ONE.leaf.info})


def test_several_files_of_the_chain_are_put_in_order(place: Path) -> None:
    put(place / "leaf.pem", ONE.leaf.pem)
    put(place / "mid.pem", ONE.intermediate.pem)
    words = ("leaf.pem", "out.pem", "--chain", "ca.pem", "--chain", "mid.pem")
    convert(*words, "--to", "chain")
    assert Path("out.pem").read_bytes() == ONE.pem


def test_a_key_is_never_shown(place: Path) -> None:
    secret = KEY.splitlines()[1].decode()
    put(place / "half.pem", KEY[:120])
    for words in (
        ("app-key.pem", "o.p12"),
        ("half.pem", "o.pem"),
        ("app.pem", "o.pem", "--key", "app-key.pem"),
    ):
        done = convert(*words)
        assert secret not in done.err + done.out
        assert secret[:30] not in done.err + done.out


# Permissions ----------------------------------------------------------------------


@pytest.mark.parametrize("umask", [0, 0o022, 0o077])
@pytest.mark.parametrize("to", TARGETS)
def test_what_holds_a_key_is_for_its_owner_alone(to: str, umask: int) -> None:
    put(Path("all.pem"), ONE.pem + KEY, 0o644)  # already open to all: not ours to mend
    os.umask(umask)
    assert convert("all.pem", "out", "--to", to).code == 0
    expected = 0o600 if to in WITH_KEY else 0o644 & ~umask
    assert mode("out") == expected


@pytest.mark.parametrize(
    ("of_input", "of_chain", "expected"),
    [
        (0o644, 0o644, 0o644),
        (0o666, 0o777, 0o644),
        (0o640, 0o644, 0o640),
        (0o640, 0o604, 0o600),
        (0o600, 0o644, 0o600),
        (0o400, 0o444, 0o600),
        (0o444, 0o444, 0o644),
    ],
)
def test_what_is_made_is_no_easier_to_read_than_its_parts(
    place: Path, of_input: int, of_chain: int, expected: int
) -> None:
    put(place / "in.pem", ONE.leaf.pem, of_input)
    put(place / "more.pem", ONE.intermediate.pem, of_chain)
    assert convert("in.pem", "out.pem", "--chain", "more.pem").code == 0
    assert mode("out.pem") == expected
    alone = ", for you alone to read" in convert("in.pem", "o.der").err
    assert alone == (mode("o.der") == 0o600)


def test_the_file_that_is_replaced_is_not_opened_wider(place: Path) -> None:
    put(place / "out.pem", TWO.leaf.pem, 0o640)
    assert convert("app.pem", "out.pem").code == 0
    assert mode("out.pem") == 0o640


def test_a_private_file_on_standard_input_counts_too(place: Path) -> None:
    put(place / "in.pem", ONE.leaf.pem, 0o600)
    with (place / "in.pem").open("rb") as stream:
        subprocess.run([TLSMITH, "convert", "-", "out.pem"], stdin=stream, check=True)
    assert mode("out.pem") == 0o600


# What is there already ------------------------------------------------------------


def test_a_file_may_be_converted_in_its_own_place(place: Path) -> None:
    put(place / "f", ONE.root.pem + ONE.leaf.pem + ONE.intermediate.pem)
    assert convert("f", "f", "--to", "chain").code == 0
    assert Path("f").read_bytes() == ONE.pem
    put(place / "g", ONE.pem + KEY, 0o600)
    assert convert("g", "g", "--to", "p12").code == 0
    assert held("g") == (set(ONE.ders), {ONE.leaf.info})


def test_a_key_that_is_nowhere_else_does_not_go_with_its_own_conversion(
    place: Path,
) -> None:
    put(place / "f", ONE.pem + KEY, 0o600)
    os.link("f", "same")
    for source in ("f", "same"):
        done = convert(source, "f", "--to", "chain")
        assert done.code == 2
        assert "'f' is there already and holds a private key" in done.err
        assert "--force" in done.err
    assert Path("f").read_bytes() == ONE.pem + KEY
    with (place / "f").open("rb") as stream:
        again = subprocess.run(
            [TLSMITH, "convert", "-", "f", "--to", "chain"],
            stdin=stream,
            capture_output=True,
            check=False,
        )
    assert again.returncode == 2
    put(place / "copy", ONE.pem + KEY, 0o600)
    assert convert("copy", "f", "--to", "chain").code == 0


def test_a_key_that_is_in_the_output_or_another_input_may_be_replaced(
    place: Path,
) -> None:
    put(place / "out.p12", _pkcs12(b"changeit"), 0o600)
    assert convert("app.pem", "out.p12", "--key", "app-key.pem").code == 0
    words = ("app.pem", "out.p12", "--key", "app-key.pem", "--to", "chain")
    assert convert(*words).code == 0
    assert held("out.p12")[1] == set()


def _pkcs12(passphrase: bytes) -> bytes:
    return encode_pkcs12(ONE.leaf.key, ONE.ders, passphrase=passphrase, name="x")


@pytest.mark.parametrize(
    ("there", "words"),
    [
        (TWO.leaf.key_pem, "a private key that is nowhere else"),
        (_pkcs12(b"unknown"), "a private key that cannot be opened"),
        (encode_private_key(ONE.leaf.key, b"x"), "a private key that cannot be opened"),
        (b"remember the milk\n", "something that is neither certificate nor key"),
        (ONE.leaf.pem + b"buy milk\n", "other text, on line"),
        (ONE.leaf.der[:-9], "something that cannot be read"),
    ],
    ids=["another key", "PKCS#12", "encrypted", "text", "text behind", "damaged"],
)
def test_what_would_be_lost_is_refused_unless_forced(
    place: Path, there: bytes, words: str
) -> None:
    put(place / "out", there)
    command = ("app.pem", "out", "--to", "p12", "--key", "app-key.pem")
    done = convert(*command)
    assert done.code == 2
    assert f"'out' is there already and holds {words}" in done.err
    assert "hint: choose another place, or give --force" in done.err
    assert Path("out").read_bytes() == there
    assert convert(*command, "--force").code == 0
    assert held("out")[1] == {ONE.leaf.info}


@pytest.mark.parametrize(
    "there",
    [b"", TWO.pem, ONE.leaf.der, encode_java_truststore(TWO.ders, b"changeit"), KEY],
    ids=["empty", "PEM", "DER", "truststore", "the same key"],
)
def test_what_can_be_had_again_is_replaced(place: Path, there: bytes) -> None:
    put(place / "out", there)
    words = ("app.pem", "out", "--to", "p12", "--key", "app-key.pem")
    assert convert(*words).code == 0


def test_the_passphrase_of_the_input_opens_the_output_that_is_there(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WORD", "secret")
    put(place / "in.p12", _pkcs12(b"secret"), 0o600)
    put(place / "out.p12", _pkcs12(b"secret"), 0o600)
    assert convert("in.p12", "out.p12").code == 2
    both = ("--in-passphrase-env", "WORD", "--passphrase-env", "WORD")
    assert convert("in.p12", "out.p12", *both).code == 0
    assert held("out.p12", b"secret")[1] == {ONE.leaf.info}


def test_a_link_is_followed_and_stays_one(place: Path) -> None:
    put(place / "real.pem", TWO.leaf.pem)
    (place / "link.pem").symlink_to("real.pem")
    assert convert("app.pem", "link.pem").code == 0
    assert (place / "link.pem").is_symlink()
    assert (place / "real.pem").read_bytes() == (place / "app.pem").read_bytes()


# What goes wrong ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (("missing.pem", "o.p12"), "cannot read 'missing.pem': no such file"),
        ((".", "o.p12"), "cannot read '.': is a directory"),
        (("app.pem", ".", "--to", "pem"), "'.': is a directory"),
        (("app.pem", "no/such/o.pem"), "no/such/o.pem': no such file"),
        (("app.pem", "app.pem/o.pem"), "not a directory"),
        (("app.pem", "o.pem", "--key", "no.pem"), "cannot read 'no.pem'"),
        (("app.pem", "o.pem", "--chain", "no.pem"), "cannot read 'no.pem'"),
        (("app.pem", "o" * 300 + ".pem"), "file name too long"),
    ],
)
def test_files_that_are_not_there_are_one_clear_error(
    place: Path, words: tuple[str, ...], error: str
) -> None:
    before = sorted(os.listdir(place))
    done = convert(*words)
    assert done.code == 3
    assert error in done.err
    assert "hint: " in done.err
    assert sorted(os.listdir(place)) == before


@pytest.mark.skipif(not Path("/sys/kernel").is_dir(), reason="Linux has such a folder")
def test_a_place_that_cannot_be_written_is_one_clear_error() -> None:
    done = convert("app.pem", "/sys/kernel/o.pem")
    assert done.code == 3
    assert "cannot write '/sys/kernel/o.pem'" in done.err
    assert "hint: " in done.err


def test_a_full_disk_leaves_the_old_file_as_it_was(place: Path) -> None:
    put(place / "out.pem", TWO.leaf.pem)
    # Below the limit Python would leave half a file of bytecode: have it written.
    assert tlsmith("convert", "app.pem", "before.pem").code == 0
    (place / "before.pem").unlink()
    before = sorted(os.listdir(place))

    def full() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))

    done = tlsmith("convert", "app.pem", "out.pem", preexec_fn=full)
    assert done.code == 3
    assert "cannot write" in done.err
    assert (place / "out.pem").read_bytes() == TWO.leaf.pem
    assert sorted(os.listdir(place)) == before


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="Linux has such a device")
def test_an_output_that_takes_nothing_is_one_clear_error() -> None:
    done = convert("app.pem", "/dev/full", "--to", "pem")
    assert done.code == 3
    assert "cannot write '/dev/full': no space left on device" in done.err


def test_a_device_holds_nothing_to_lose() -> None:
    words = ("app.pem", "/dev/null", "--to", "p12", "--key", "app-key.pem")
    assert convert(*words).code == 0


@pytest.mark.parametrize(
    ("data", "error"),
    [
        (b"", "there is no certificate"),
        (b"hello\n", "there is no certificate"),
        (ONE.leaf.pem[:200], "is damaged: line 1"),
        (ONE.leaf.der[:-1], "cannot be read"),
        (KEY[:-50], "is damaged"),
    ],
    ids=["empty", "text", "half PEM", "half DER", "half a key"],
)
def test_half_a_file_leaves_nothing_behind(
    place: Path, data: bytes, error: str
) -> None:
    put(place / "in", data)
    done = convert("in", "out.pem")
    assert done.code == 2
    assert error in done.err
    assert "'in'" in done.err
    assert not (place / "out.pem").exists()


@given(st.binary(max_size=80), st.sampled_from(sorted(TARGETS)))
def test_whatever_is_read_there_is_one_error_of_ours(data: bytes, to: str) -> None:
    done = convert("-", "/dev/null", "--to", to, typed=data)
    assert done.code == 2
    assert done.err.startswith("tlsmith: ")
    assert "should not have happened" not in done.err


def test_the_same_words_again_change_nothing_but_salt(place: Path) -> None:
    for to in ("pem", "der", "p7b", "combined", "k8s-secret", "pkcs8"):
        words = ("app.pem", f"o.{to}", "--to", to, "--key", "app-key.pem")
        convert(*words)
        before = (place / f"o.{to}").read_bytes()
        assert convert(*words).code == 0
        assert (place / f"o.{to}").read_bytes() == before


# Terminals ------------------------------------------------------------------------


class Terminal:
    """A terminal of which we see both ends."""

    def __init__(self) -> None:
        self.ours, self.theirs = pty.openpty()
        self.name = os.ttyname(self.theirs)

    def run(self, *words: str, typed: Sequence[bytes] = ()) -> tuple[int, str]:
        """Run a command that reads from and writes to this terminal.

        Args:
            typed: an answer to each prompt; a prompt forgets what was typed before it.
        """
        with subprocess.Popen(
            [TLSMITH, "convert", *words],
            stdin=self.theirs,
            stdout=self.theirs,
            stderr=subprocess.PIPE,
            start_new_session=True,
        ) as running:
            assert running.stderr is not None
            err = b""
            answers = list(typed)
            while part := os.read(running.stderr.fileno(), 1000):
                err += part
                if answers and err.endswith(b": "):
                    os.write(self.ours, answers.pop(0))
            return running.wait(30), err.decode()

    def close(self) -> None:
        os.close(self.ours)
        os.close(self.theirs)


@pytest.fixture
def terminal() -> Iterator[Terminal]:
    opened = Terminal()
    yield opened
    opened.close()


@pytest.mark.parametrize("destination", ["-", "/dev/stdout", None])
def test_a_private_key_is_not_shown_on_a_terminal(
    terminal: Terminal, destination: str | None
) -> None:
    place = destination or terminal.name
    code, err = terminal.run("app-key.pem", place, "--to", "pkcs8")
    assert code == 2
    assert "a private key is not written to a terminal" in err
    os.set_blocking(terminal.ours, False)
    with pytest.raises(BlockingIOError):
        os.read(terminal.ours, 1)


def test_what_is_no_text_is_not_shown_on_a_terminal(terminal: Terminal) -> None:
    code, err = terminal.run("app.pem", "-", "--to", "der")
    assert code == 2
    assert "DER is not text, and cannot be shown" in err


def test_certificates_are_shown_on_a_terminal(terminal: Terminal) -> None:
    code, _ = terminal.run("ca.pem", "-", "--to", "pem")
    assert code == 0
    assert b"-----BEGIN CERTIFICATE-----" in os.read(terminal.ours, 4000)


def test_on_a_terminal_the_passphrase_is_asked_for(
    terminal: Terminal, place: Path
) -> None:
    put(place / "k.pem", encode_private_key(ONE.leaf.key, b"secret"), 0o600)
    code, err = terminal.run("k.pem", "o.pem", "--to", "pkcs8", typed=[b"secret\n"])
    assert code == 0, err
    assert "Passphrase for 'k.pem'" in err
    assert held("o.pem")[1] == {ONE.leaf.info}
    assert "the private key was encrypted and is no longer" in err
    wrong, err = terminal.run("k.pem", "p.pem", "--to", "pkcs8", typed=[b"wrong\n"])
    assert wrong == 2
    assert "does not open" in err
    assert err.count("Passphrase for") == 1


def test_a_new_passphrase_is_asked_for_twice(terminal: Terminal) -> None:
    words = ("app-key.pem", "o.pem", "--to", "pkcs8", "--passphrase-prompt")
    code, err = terminal.run(*words, typed=[b"secret\n"] * 2)
    assert code == 0, err
    assert "Passphrase for the output" in err
    assert held("o.pem", b"secret")[1] == {ONE.leaf.info}


# The places -----------------------------------------------------------------------


def test_a_pipe_is_no_terminal_and_nothing_waits_for_its_reader(place: Path) -> None:
    os.mkfifo("pipe")
    assert not places.is_terminal("pipe")
    assert not places.is_terminal("app.pem")
    assert not places.is_terminal("/dev/null")
    assert places.existing("pipe") is None


def test_standard_input_is_gone_once_it_is_read() -> None:
    assert places.is_same_file("-", "app.pem")
    assert places.is_same_file("./app.pem", "app.pem")
    assert not places.is_same_file("app.pem", "missing")
    assert not places.is_same_file("app.pem", "ca.pem")


def test_serial_numbers_that_are_wrong_are_converted_in_silence(place: Path) -> None:
    root = certify("x", key_of("p256"), ca=True, serial_number=5)
    wrong = root.der.replace(b"\x02\x01\x05", b"\x02\x01\x00", 1)
    put(place / "w.der", wrong)
    done = tlsmith("convert", "w.der", "w.p12")
    assert done.code == 0
    assert "Warning" not in done.err
