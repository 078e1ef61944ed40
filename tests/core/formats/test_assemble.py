"""Every format from every kind of key, and back; what is left out is said."""

import base64
from typing import Any

import pytest
import yaml
from cryptography.hazmat.primitives.serialization import (
    load_der_private_key,
    load_pem_private_key,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from chains import EVERY_KIND, certify, family, key_of, request
from chains import revocation_list as crl_of
from tlsmith.core.formats import encode_pem, encode_private_key, split_pem
from tlsmith.core.formats.assemble import Output, Wanted, assemble
from tlsmith.core.formats.load import load_objects
from tlsmith.core.formats.targets import KEY_TARGETS, TARGETS
from tlsmith.core.keys import generate_private_key, public_key_info
from tlsmith.errors import InputError, KeyMismatchError, PassphraseError

ONE = family()
TRADITIONAL = ("rsa", "p")


def convert(data: bytes, to: str, **more: Any) -> Output:
    read = [more.pop("opened_with")] if "opened_with" in more else []
    return assemble(load_objects(data, read, source="'in'"), Wanted(to, **more))


def can_hold(to: str, kind: str) -> bool:
    return to != "pkcs1" or kind.startswith(TRADITIONAL)


@pytest.mark.parametrize("kind", EVERY_KIND)
@pytest.mark.parametrize("to", TARGETS)
def test_every_format_of_every_kind_of_key_is_read_back(to: str, kind: str) -> None:
    one = family(kind)
    data = one.pem + one.leaf.key_pem
    if not can_hold(to, kind):
        with pytest.raises(InputError) as caught:
            convert(data, to)
        assert caught.value.code == "unsupported-key"
        return
    output = convert(data, to)
    back = load_objects(output.data)
    assert {key.info for key in back.keys} == set(output.key_infos)
    assert bool(output.key_infos) == TARGETS[to].takes_key
    found = [held.der for held in back.certificates]
    if to in KEY_TARGETS:
        assert found == []
    else:
        kept = {"der": 1, "pem": 2, "combined": 2}.get(to, 3)
        assert set(found) == set(one.ders[:kept])
        if to not in ("p7b", "p7b-der", "k8s-secret"):  # those are sets
            assert found == one.ders[:kept]
    assert output.is_text == TARGETS[to].is_text
    assert output.is_text == output.data.isascii()


# From each format that holds key and chain to each other: nothing changes on the way.
_WHOLE = ("pem", "combined", "p12", "k8s-secret")


@settings(max_examples=15)
@given(st.lists(st.sampled_from(_WHOLE), min_size=1, max_size=3))
def test_conversions_in_a_row_lose_nothing(way: list[str]) -> None:
    data = ONE.leaf.pem + ONE.intermediate.pem + ONE.leaf.key_pem
    for to in way:
        data = convert(data, to).data
    whole = ONE.leaf.pem + ONE.intermediate.pem + ONE.leaf.key_pem
    assert convert(data, "pem").data == whole
    assert convert(data, "pkcs8").data == encode_private_key(ONE.leaf.key)


@given(st.permutations(range(3)))
def test_a_jumbled_input_comes_out_in_order(places: list[int]) -> None:
    pems = [ONE.leaf.pem, ONE.intermediate.pem, ONE.root.pem]
    jumbled = b"".join(pems[place] for place in places)
    assert convert(jumbled + ONE.leaf.pem, "chain").data == ONE.pem


@pytest.mark.parametrize(
    ("to", "load"),
    [
        ("pkcs8", load_pem_private_key),
        ("key-der", load_der_private_key),
        ("combined", lambda data, word: load_pem_private_key(_last_block(data), word)),
    ],
)
def test_a_passphrase_encrypts_the_key(to: str, load: Any) -> None:
    output = convert(ONE.pem + ONE.leaf.key_pem, to, passphrase=b"secret")
    with pytest.raises(TypeError):
        load(output.data, None)
    key = load(output.data, b"secret")
    assert public_key_info(key.public_key()) == ONE.leaf.info


def _last_block(data: bytes) -> bytes:
    label, content = split_pem(data)[-1]
    return encode_pem(label, content)


@pytest.mark.parametrize("to", ["pem", "der"])
def test_a_key_alone_may_be_encrypted_too(to: str) -> None:
    output = convert(ONE.leaf.key_pem, to, passphrase=b"secret")
    (key,) = load_objects(output.data, [b"secret"]).keys
    assert key.was_encrypted
    assert output.key_infos == {ONE.leaf.info}


@pytest.mark.parametrize(
    "to", ["chain", "der", "p7b", "p7b-der", "k8s-secret", "pkcs1"]
)
def test_a_passphrase_that_encrypts_nothing_is_refused(to: str) -> None:
    with pytest.raises(PassphraseError, match=f"--to {to} encrypts nothing"):
        convert(ONE.pem + ONE.leaf.key_pem, to, passphrase=b"secret")


@pytest.mark.parametrize("to", ["p12", "jks-truststore"])
def test_without_a_passphrase_it_is_the_one_everyone_expects(to: str) -> None:
    output = convert(ONE.pem + ONE.leaf.key_pem, to)
    assert any('"changeit"' in note for note in output.notes)
    assert load_objects(output.data, [b"changeit"]).certificates


@pytest.mark.parametrize("to", ["p12", "jks-truststore"])
def test_with_a_passphrase_only_that_opens_it(to: str) -> None:
    output = convert(ONE.pem + ONE.leaf.key_pem, to, passphrase=b"secret")
    assert not any('"changeit"' in note for note in output.notes)
    assert load_objects(output.data, [b"secret"]).certificates
    with pytest.raises(PassphraseError):
        load_objects(output.data)


@pytest.mark.parametrize("to", ["chain", "der", "p7b", "p7b-der", "jks-truststore"])
def test_a_key_that_is_left_out_is_said_to_be(to: str) -> None:
    output = convert(ONE.pem + ONE.leaf.key_pem, to)
    assert any("left out: 1 private key; --to" in one for one in output.warnings)
    assert not any(
        "left out: 1 private key" in o for o in convert(ONE.pem, to).warnings
    )


def test_a_key_that_is_no_longer_encrypted_is_said_to_be() -> None:
    key = encode_private_key(ONE.leaf.key, b"secret")
    for to in ("pem", "pkcs8", "combined", "k8s-secret", "pkcs1"):
        output = convert(ONE.pem + key, to, opened_with=b"secret")
        assert any("no longer" in one for one in output.warnings)
    again = convert(key, "pkcs8", opened_with=b"secret", passphrase=b"other")
    assert not again.warnings


@pytest.mark.parametrize("to", ["pkcs8", "combined", "k8s-secret", "pkcs1"])
def test_only_a_format_that_can_encrypt_is_said_to_take_a_passphrase(to: str) -> None:
    key = encode_private_key(ONE.leaf.key, b"secret")
    (warning,) = (
        one
        for one in convert(ONE.pem + key, to, opened_with=b"secret").warnings
        if "no longer" in one
    )
    assert ("--passphrase-file" in warning) is TARGETS[to].takes_passphrase
    assert ("in the clear" in warning) is not TARGETS[to].takes_passphrase


def test_the_root_of_a_servers_chain_is_left_out_where_servers_read() -> None:
    for to in ("pem", "combined"):
        output = convert(ONE.pem + ONE.leaf.key_pem, to)
        assert any("root 'Root of app.test' was left out" in n for n in output.notes)
        assert output.data.startswith(ONE.leaf.pem + ONE.intermediate.pem)
        assert ONE.root.pem not in output.data


def test_the_root_stays_where_there_is_nothing_but_cas() -> None:
    output = convert(ONE.root.pem + ONE.intermediate.pem, "pem")
    assert output.data == ONE.intermediate.pem + ONE.root.pem
    assert not output.notes
    roots = [certify(f"R{n}", generate_private_key(), ca=True).pem for n in range(3)]
    assert convert(b"".join(roots), "pem").data == b"".join(roots)


def test_a_certificate_that_signed_itself_stays() -> None:
    alone = certify("localhost", key_of("p256"))
    for to in ("pem", "chain", "combined"):
        assert alone.pem in convert(alone.pem + alone.key_pem, to).data


def test_a_secret_has_the_root_apart() -> None:
    output = convert(ONE.pem + ONE.leaf.key_pem, "k8s-secret", namespace="web")
    secret = yaml.safe_load(output.data)
    values = {key: base64.b64decode(value) for key, value in secret["data"].items()}
    assert values["tls.crt"] == ONE.leaf.pem + ONE.intermediate.pem
    assert values["ca.crt"] == ONE.root.pem
    assert secret["metadata"] == {"name": "app.test", "namespace": "web"}
    assert output.contents.endswith("the root as ca.crt")


def test_a_secret_of_an_authority_has_its_chain() -> None:
    data = ONE.intermediate.pem + ONE.intermediate.key_pem + ONE.root.pem
    secret = yaml.safe_load(convert(data, "k8s-secret", name="ca").data)
    assert base64.b64decode(secret["data"]["tls.crt"]) == ONE.intermediate.pem
    assert secret["metadata"]["name"] == "ca"


def test_a_secret_without_a_root_has_no_ca() -> None:
    data = ONE.leaf.pem + ONE.leaf.key_pem
    assert "ca.crt" not in yaml.safe_load(convert(data, "k8s-secret").data)["data"]


@pytest.mark.parametrize("to", ["combined", "k8s-secret"])
def test_certificates_of_others_do_not_go_to_a_server(to: str) -> None:
    strangers = [certify(f"s{n}.test", generate_private_key()).pem for n in range(7)]
    data = b"".join([ONE.leaf.pem, ONE.leaf.key_pem, *strangers])
    output = convert(data, to)
    (warning,) = output.warnings
    assert "not of this chain: 7 certificates ('s0.test', " in warning
    assert warning.endswith("'s4.test', ...)")
    assert len(load_objects(output.data).certificates) == 1


def test_der_holds_the_end_entity_and_says_how_to_keep_the_rest() -> None:
    output = convert(ONE.root.pem + ONE.intermediate.pem + ONE.leaf.pem, "der")
    assert output.data == ONE.leaf.der
    (warning,) = output.warnings
    assert "that of 'app.test' was taken, 2 left out; --to p7b-der" in warning
    assert not convert(ONE.leaf.pem, "der").warnings


def test_pkcs12_without_a_key_says_so() -> None:
    output = convert(ONE.pem, "p12")
    assert any("no private key" in one for one in output.warnings)
    assert output.contents == "3 certificates"


def test_names_are_those_asked_for_or_found() -> None:
    data = ONE.pem + ONE.leaf.key_pem
    first = convert(data, "p12", name="mine").data
    assert load_objects(first).certificates[0].alias == "mine"
    assert load_objects(convert(first, "p12").data).certificates[0].alias == "mine"
    assert load_objects(convert(data, "p12").data).certificates[0].alias == "app.test"


def test_a_truststore_names_its_certificates_and_warns_of_what_is_no_ca() -> None:
    output = convert(ONE.pem, "jks-truststore")
    aliases = [one.alias for one in load_objects(output.data).certificates]
    assert aliases == ["app.test", "Intermediate of app.test", "Root of app.test"]
    (warning,) = output.warnings
    assert "'app.test' is no CA's" in warning
    named = convert(ONE.root.pem + ONE.intermediate.pem, "jks-truststore", name="ca")
    aliases = [one.alias for one in load_objects(named.data).certificates]
    assert aliases == ["ca", "ca-2"]
    assert not named.warnings


@pytest.mark.parametrize("to", ["p12", "jks-truststore"])
def test_old_clients_get_what_they_read(to: str) -> None:
    data = ONE.pem + ONE.leaf.key_pem
    triple_des = bytes.fromhex("060a2a864886f70d010c0103")
    assert triple_des in convert(data, to, legacy=True).data
    assert triple_des not in convert(data, to).data


REQUEST, OTHER_REQUEST = request(ONE.leaf.key), request(ONE.root.key)
CRL = crl_of(ONE.root)


@pytest.mark.parametrize(
    ("label", "der", "contents"),
    [
        ("CERTIFICATE REQUEST", REQUEST, "1 certification request"),
        ("X509 CRL", CRL, "1 certificate revocation list"),
        ("PUBLIC KEY", ONE.leaf.info, "1 public key"),
    ],
    ids=["request", "revocation list", "public key"],
)
def test_what_is_no_certificate_goes_between_pem_and_der(
    label: str, der: bytes, contents: str
) -> None:
    pem = encode_pem(label, der)
    assert convert(pem, "der").data == der
    back = convert(der, "pem")
    assert back.data == pem
    assert back.contents == contents
    assert not back.warnings
    with pytest.raises(InputError, match="no certificate to put into --to p12"):
        convert(pem, "p12")


def test_of_two_requests_der_holds_the_first_and_pem_both() -> None:
    pems = [encode_pem("CERTIFICATE REQUEST", r) for r in (REQUEST, OTHER_REQUEST)]
    output = convert(b"".join(pems), "der")
    assert output.data == REQUEST
    assert "first was taken, 1 left out" in output.warnings[0]
    assert convert(b"".join(pems), "pem").data == b"".join(pems)


def test_what_stands_beside_is_left_out_and_named() -> None:
    beside = encode_pem("CERTIFICATE REQUEST", REQUEST) + encode_pem("X509 CRL", CRL)
    output = convert(ONE.leaf.pem + beside, "pem")
    assert output.data == ONE.leaf.pem
    assert output.warnings == (
        "left out: 1 certification request",
        "left out: 1 certificate revocation list",
    )
    request_first = convert(beside + ONE.leaf.key_pem, "pem")
    assert request_first.data == encode_pem("CERTIFICATE REQUEST", REQUEST)
    assert "left out: 1 private key" in request_first.warnings[0]


@pytest.mark.parametrize("to", ["pem", "der"])
def test_of_several_keys_alone_none_is_guessed(to: str) -> None:
    with pytest.raises(InputError, match="2 private keys"):
        convert(ONE.leaf.key_pem + ONE.root.key_pem, to)


def test_other_keys_are_left_out_and_counted() -> None:
    output = convert(ONE.pem + ONE.leaf.key_pem + ONE.root.key_pem, "p12")
    assert "left out: 1 private key" in output.warnings


def test_a_key_that_is_not_the_certificates_is_refused() -> None:
    with pytest.raises(KeyMismatchError):
        convert(ONE.pem + ONE.root.key_pem, "combined")


def test_what_reading_noted_is_passed_on() -> None:
    output = convert(ONE.leaf.pem.decode().encode("utf-16"), "pem")
    assert "UTF-16" in output.notes[0]
