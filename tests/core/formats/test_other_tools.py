"""OpenSSL, Java and GnuTLS read what we write, and we read what they write."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from chains import EVERY_KIND, Family, family, request, revocation_list
from interop.tools import debian_13, needs
from tlsmith.core.formats import (
    encode_java_truststore,
    encode_pem,
    encode_pkcs7,
    encode_pkcs12,
    encode_private_key,
)
from tlsmith.core.formats.assemble import Wanted, assemble
from tlsmith.core.formats.load import load_objects
from tlsmith.core.formats.targets import TARGETS

pytestmark = pytest.mark.interop

# What OpenSSL 3.0 and Java 17 know.
CLASSIC = tuple(kind for kind in EVERY_KIND if not kind.startswith("ml-dsa"))
JAVA = ("p256", "rsa2048", "ed25519")
WORD = "pass:secret"


def run(*words: str | Path, start: Sequence[str] = ()) -> str:
    """Run a tool, and return what it printed."""
    done = subprocess.run(
        [*start, *map(str, words)],
        capture_output=True,
        check=False,
        env=os.environ | {"OPENSSL_CONF": os.devnull},
        timeout=60,
    )
    text = done.stdout.decode("latin-1")
    assert done.returncode == 0, done.stderr.decode("latin-1") + text
    return text


@pytest.fixture
def openssl() -> None:
    needs("openssl")


@pytest.fixture
def java() -> None:
    needs("keytool")


def put(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


def write(folder: Path, one: Family) -> tuple[Path, Path]:
    """Write chain and key as files, and return their names."""
    return put(folder / "c.pem", one.pem), put(folder / "k.pem", one.leaf.key_pem)


def held(path: Path, *passphrases: bytes) -> tuple[list[bytes], list[bytes]]:
    objects = load_objects(path.read_bytes(), passphrases)
    certificates = [one.der for one in objects.certificates]
    return certificates, [key.info for key in objects.keys]


# What we write --------------------------------------------------------------------


@pytest.mark.usefixtures("openssl")
@pytest.mark.parametrize("kind", CLASSIC)
@pytest.mark.parametrize("legacy", [False, True])
def test_openssl_opens_pkcs12(kind: str, legacy: bool, tmp_path: Path) -> None:
    one = family(kind)
    data = encode_pkcs12(
        one.leaf.key, one.ders, passphrase=b"secret", name="app", legacy=legacy
    )
    path = put(tmp_path / "a.p12", data)
    text = run("openssl", "pkcs12", "-in", path, "-passin", WORD, "-nodes")
    assert text.count("BEGIN CERTIFICATE") == 3
    found = load_objects(text.encode())
    assert [key.info for key in found.keys] == [one.leaf.info]
    assert {c.der for c in found.certificates} == set(one.ders)


@pytest.mark.usefixtures("openssl")
@pytest.mark.parametrize("kind", CLASSIC)
def test_openssl_opens_keys(kind: str, tmp_path: Path) -> None:
    one = family(kind)
    for data, more in (
        (encode_private_key(one.leaf.key), ()),
        (encode_private_key(one.leaf.key, b"secret"), ("-passin", WORD)),
        (encode_private_key(one.leaf.key, der=True), ("-inform", "DER")),
    ):
        path = put(tmp_path / "k", data)
        text = run("openssl", "pkey", "-in", path, "-pubout", *more)
        assert text.encode() == encode_pem("PUBLIC KEY", one.leaf.info)


@pytest.mark.usefixtures("openssl")
@pytest.mark.parametrize("as_der", [False, True])
def test_openssl_and_gnutls_read_pkcs7(as_der: bool, tmp_path: Path) -> None:
    one = family("rsa2048")
    path = put(tmp_path / "a.p7b", encode_pkcs7(one.ders, der=as_der))
    form = "DER" if as_der else "PEM"
    text = run("openssl", "pkcs7", "-in", path, "-inform", form, "-print_certs")
    assert text.count("BEGIN CERTIFICATE") == 3
    needs("certtool")
    word = ["--inder"] if as_der else []
    assert "certificates: 3" in run("certtool", "--p7-info", *word, "--infile", path)


@pytest.mark.parametrize("legacy", [False, True])
def test_gnutls_opens_pkcs12(legacy: bool, tmp_path: Path) -> None:
    needs("certtool")
    one = family()
    data = encode_pkcs12(
        one.leaf.key, one.ders, passphrase=b"secret", name="app", legacy=legacy
    )
    path = put(tmp_path / "a.p12", data)
    words = ("--p12-info", "--inder", "--infile", path, "--password", "secret")
    text = run("certtool", *words)
    assert text.count("BEGIN CERTIFICATE") == 3
    assert "MAC: " in text


# How OpenSSL 3.0 reads each format.
READ = {
    "pem": ("x509", "-noout"),
    "chain": ("x509", "-noout"),
    "combined": ("x509", "-noout"),
    "der": ("x509", "-noout", "-inform", "DER"),
    "p12": ("pkcs12", "-noout", "-passin", "pass:changeit"),
    "jks-truststore": ("pkcs12", "-noout", "-passin", "pass:changeit"),
    "p7b": ("pkcs7", "-noout"),
    "p7b-der": ("pkcs7", "-noout", "-inform", "DER"),
    "pkcs8": ("pkey", "-noout"),
    "pkcs1": ("pkey", "-noout", "-check"),
    "key-der": ("pkey", "-noout", "-inform", "DER"),
}


def test_every_format_but_that_of_kubernetes_is_judged_by_openssl() -> None:
    assert set(TARGETS) - set(READ) == {"k8s-secret"}


@pytest.mark.usefixtures("openssl")
@pytest.mark.parametrize(
    ("to", "kind"),
    [
        (to, kind)
        for to in READ
        for kind in CLASSIC
        if to != "pkcs1" or kind.startswith(("rsa", "p"))
    ],
)
def test_openssl_reads_every_format_of_every_key(
    to: str, kind: str, tmp_path: Path
) -> None:
    one = family(kind)
    objects = load_objects(one.pem + one.leaf.key_pem)
    path = put(tmp_path / "out", assemble(objects, Wanted(to)).data)
    run("openssl", *READ[to], "-in", path)


@pytest.mark.parametrize("kind", ["p256", "ml-dsa-87"])
def test_kubectl_reads_a_secret(kind: str, tmp_path: Path) -> None:
    needs("kubectl")
    one = family(kind)
    objects = load_objects(one.pem + one.leaf.key_pem)
    wanted = Wanted("k8s-secret", name="true", namespace="1")
    path = put(tmp_path / "s.yaml", assemble(objects, wanted).data)
    text = run("kubectl", "label", "--local", "-f", path, "a=b", "-o", "yaml")
    assert set(held(put(tmp_path / "back.yaml", text.encode()))[0]) == set(one.ders)


@pytest.mark.usefixtures("java")
@pytest.mark.parametrize("kind", JAVA)
@pytest.mark.parametrize("legacy", [False, True])
def test_java_opens_pkcs12(kind: str, legacy: bool, tmp_path: Path) -> None:
    one = family(kind)
    data = encode_pkcs12(
        one.leaf.key, one.ders, passphrase=b"secret", name="App", legacy=legacy
    )
    path = put(tmp_path / "a.p12", data)
    text = run("keytool", "-list", "-v", "-keystore", path, "-storepass", "secret")
    assert "Entry type: PrivateKeyEntry" in text
    assert "Certificate chain length: 3" in text
    assert "Alias name: app" in text


@pytest.mark.usefixtures("java")
@pytest.mark.parametrize(
    ("kind", "legacy"), [("p256", False), ("p256", True), ("rsa2048", False)]
)
def test_java_trusts_what_is_in_a_truststore(
    kind: str, legacy: bool, tmp_path: Path
) -> None:
    one = family(kind)
    data = encode_java_truststore(
        one.ders, b"secret", ["leaf", "mid", "root"], legacy=legacy
    )
    path = put(tmp_path / "t.jks", data)
    text = run("keytool", "-list", "-keystore", path, "-storepass", "secret")
    assert text.count("trustedCertEntry") == 3
    for alias in ("leaf", "mid", "root"):
        assert f"{alias}, " in text


@pytest.mark.usefixtures("java")
def test_java_reads_pkcs7(tmp_path: Path) -> None:
    path = put(tmp_path / "a.p7b", encode_pkcs7(family().ders, der=False))
    assert run("keytool", "-printcert", "-file", path).count("Owner: ") == 3


# What they write ------------------------------------------------------------------


@pytest.mark.usefixtures("openssl")
@pytest.mark.parametrize(
    "words",
    [
        ("-name", "app"),
        ("-legacy",),  # RC2 with 40 bits for the certificates
        ("-nomac",),
        ("-keypbe", "NONE", "-certpbe", "NONE"),
        ("-keypbe", "AES-128-CBC", "-certpbe", "AES-128-CBC", "-macalg", "sha512"),
        (
            "-keypbe",
            "PBE-SHA1-3DES",
            "-certpbe",
            "PBE-SHA1-RC2-40",
            "-provider",
            "legacy",
            "-provider",
            "default",
        ),
    ],
    ids=" ".join,
)
def test_pkcs12_of_openssl_is_read(words: tuple[str, ...], tmp_path: Path) -> None:
    one = family("rsa2048")
    certificates, key = write(tmp_path, one)
    path = tmp_path / "a.p12"
    export = ("pkcs12", "-export", "-in", certificates, "-inkey", key, "-out", path)
    run("openssl", *export, "-passout", WORD, *words)
    found, keys = held(path, b"secret")
    assert set(found) == set(one.ders)
    assert keys == [one.leaf.info]


@pytest.mark.usefixtures("openssl")
@pytest.mark.parametrize(
    "words",
    [
        ("pkcs8", "-topk8"),
        ("pkcs8", "-topk8", "-v2", "aes-128-cbc", "-v2prf", "hmacWithSHA1"),
        ("pkcs8", "-topk8", "-scrypt"),
        ("pkcs8", "-topk8", "-v1", "PBE-SHA1-3DES"),
        ("pkcs8", "-topk8", "-outform", "DER"),
        ("rsa", "-traditional", "-aes128"),
        ("rsa", "-traditional", "-des3"),
    ],
    ids=" ".join,
)
def test_encrypted_keys_of_openssl_are_read(
    words: tuple[str, ...], tmp_path: Path
) -> None:
    one = family("rsa2048")
    _, key = write(tmp_path, one)
    path = tmp_path / "out"
    run("openssl", *words, "-in", key, "-out", path, "-passout", WORD)
    assert held(path, b"secret")[1] == [one.leaf.info]


@pytest.mark.usefixtures("openssl")
def test_what_openssl_prints_around_objects_is_passed_by(tmp_path: Path) -> None:
    one = family("rsa2048")
    certificates, key = write(tmp_path, one)
    path = tmp_path / "out"
    run("openssl", "x509", "-in", certificates, "-text", "-out", path)
    assert held(path) == ([one.leaf.der], [])
    words = ("-trustout", "-addtrust", "serverAuth", "-setalias", "x")
    run("openssl", "x509", "-in", certificates, *words, "-out", path)
    assert held(path) == ([one.leaf.der], [])
    run("openssl", "crl2pkcs7", "-nocrl", "-certfile", certificates, "-out", path)
    assert set(held(path)[0]) == set(one.ders)
    run("openssl", "pkey", "-in", key, "-text", "-out", path)
    assert held(path)[1] == [one.leaf.info]
    run("openssl", "ecparam", "-name", "prime256v1", "-genkey", "-out", path)
    assert len(held(path)[1]) == 1


@pytest.mark.usefixtures("openssl")
def test_requests_and_revocation_lists_go_through(tmp_path: Path) -> None:
    one = family("rsa2048")
    for data, command in (
        (request(one.leaf.key), "req"),
        (revocation_list(one.root), "crl"),
    ):
        pem = assemble(load_objects(data), Wanted("pem")).data
        path = put(tmp_path / "a", pem)
        back = tmp_path / "b"
        words = ("-in", path, "-outform", "DER", "-out", back)
        run("openssl", command, *words)
        assert back.read_bytes() == data


@pytest.mark.usefixtures("java", "openssl")
@pytest.mark.parametrize("kind", ["jks", "pkcs12"])
def test_keystores_of_java_are_read(kind: str, tmp_path: Path) -> None:
    one, two = family("rsa2048"), family()
    store = tmp_path / "store"
    target = ("-destkeystore", store, "-deststoretype", kind, "-noprompt")
    for index, person in enumerate((one, two)):
        data = encode_pkcs12(
            person.leaf.key, person.ders, passphrase=b"secret", name=f"entry-{index}"
        )
        path = put(tmp_path / f"{index}.p12", data)
        words = ("-srckeystore", path, "-srcstorepass", "secret")
        run("keytool", "-importkeystore", *words, *target, "-deststorepass", "secret")
    found, keys = held(store, b"secret")
    assert set(found) == {*one.ders, *two.ders}
    assert set(keys) == {one.leaf.info, two.leaf.info}


@pytest.mark.usefixtures("java")
@pytest.mark.parametrize("kind", ["jks", "jceks", "pkcs12"])
def test_truststores_of_java_are_read(kind: str, tmp_path: Path) -> None:
    root = put(tmp_path / "root.pem", family().root.pem)
    store = tmp_path / "store"
    where = ("-keystore", store, "-storetype", kind, "-storepass", "changeit")
    run("keytool", "-importcert", "-noprompt", "-alias", "Root", "-file", root, *where)
    objects = load_objects(store.read_bytes())
    assert [(c.alias or "").lower() for c in objects.certificates] == ["root"]
    assert [c.der for c in objects.certificates] == [family().root.der]


# ML-DSA, which OpenSSL knows since 3.5 --------------------------------------------


def newer_openssl(*words: str | Path) -> str:
    return run(*words, start=debian_13().program("openssl"))


@pytest.mark.parametrize("kind", ["ml-dsa-44", "ml-dsa-65", "ml-dsa-87"])
def test_newer_openssl_opens_ml_dsa(kind: str, tmp_path: Path) -> None:
    one = family(kind)
    data: Any = encode_pkcs12(one.leaf.key, one.ders, passphrase=b"secret", name="app")
    path = put(tmp_path / "a.p12", data)
    text = newer_openssl("pkcs12", "-in", path, "-passin", WORD, "-nodes")
    assert text.count("BEGIN CERTIFICATE") == 3
    assert "friendlyName: app" in text
    assert [key.info for key in load_objects(text.encode()).keys] == [one.leaf.info]
    encrypted = put(tmp_path / "k", encode_private_key(one.leaf.key, b"secret"))
    public = newer_openssl("pkey", "-in", encrypted, "-passin", WORD, "-pubout")
    assert public.encode() == encode_pem("PUBLIC KEY", one.leaf.info)


def test_newer_openssl_finds_a_wrong_passphrase_and_a_change(tmp_path: Path) -> None:
    one = family("ml-dsa-44")
    data = encode_pkcs12(one.leaf.key, one.ders, passphrase=b"secret", name="app")
    path = put(tmp_path / "a.p12", data)
    with pytest.raises(AssertionError, match="invalid password"):
        newer_openssl("pkcs12", "-in", path, "-passin", "pass:wrong", "-noout")
    changed = bytearray(data)
    changed[400] ^= 1
    put(path, bytes(changed))
    with pytest.raises(AssertionError, match=r"mac verify|invalid password"):
        newer_openssl("pkcs12", "-in", path, "-passin", WORD, "-noout")


@pytest.mark.parametrize("kind", ["ML-DSA-44", "ML-DSA-65", "ML-DSA-87"])
def test_ml_dsa_of_newer_openssl_is_read(kind: str, tmp_path: Path) -> None:
    key, public = tmp_path / "k.pem", tmp_path / "pub.pem"
    newer_openssl("genpkey", "-algorithm", kind, "-out", key)
    newer_openssl("pkey", "-in", key, "-pubout", "-out", public)
    ((info,),) = [load_objects(public.read_bytes()).public_keys]
    assert held(key)[1] == [info]  # seed and expanded key together
    encrypted, seed, p12 = tmp_path / "e.pem", tmp_path / "s.pem", tmp_path / "a.p12"
    newer_openssl("pkey", "-in", key, "-aes256", "-passout", WORD, "-out", encrypted)
    assert held(encrypted, b"secret")[1] == [info]
    form = "ml-dsa.output_formats=seed-only"
    newer_openssl("pkey", "-in", key, "-provparam", form, "-out", seed)
    assert held(seed)[1] == [info]
    certificate = tmp_path / "c.pem"
    name = ("-subj", "/CN=app.test", "-days", "9")
    newer_openssl("req", "-x509", "-key", key, *name, "-out", certificate)
    files = ("-in", certificate, "-inkey", key, "-out", p12)
    for more in ((), ("-pbmac1_pbkdf2",)):
        newer_openssl("pkcs12", "-export", *files, "-passout", WORD, *more)
        assert held(p12, b"secret") == (held(certificate)[0], [info])
