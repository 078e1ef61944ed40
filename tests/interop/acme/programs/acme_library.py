"""Obtain a certificate with `acme`, the library that certbot stands on.

    python acme_library.py '{"directory": ..., "names": [...], "challenge": ..., ...}'

What it obtains is written to `folder`: cert.pem, chain.pem, key.pem.
"""

import datetime
import http.server
import json
import subprocess
import sys
import threading
from pathlib import Path

import josepy
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from acme import challenges, client, crypto_util, messages

TOLD = json.loads(sys.argv[1])
FOLDER = Path(TOLD["folder"])
TOKENS: dict[str, str] = {}
KINDS = {"http-01": challenges.HTTP01, "dns-01": challenges.DNS01}


class Tokens(http.server.BaseHTTPRequestHandler):
    """Answers with what was put into TOKENS."""

    def do_GET(self) -> None:
        found = TOKENS.get(self.path)
        self.send_response(404 if found is None else 200)
        self.end_headers()
        self.wfile.write((found or "").encode())

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


def account_key() -> tuple[josepy.JWK, josepy.JWASignature]:
    """Make the account's key, of the kind that is asked for."""
    if TOLD["algorithm"] == "RS256":
        return josepy.JWKRSA(key=rsa.generate_private_key(65537, 2048)), josepy.RS256
    curve = {"ES256": ec.SECP256R1, "ES384": ec.SECP384R1, "ES512": ec.SECP521R1}
    name = TOLD["algorithm"]
    key = ec.generate_private_key(curve[name]())
    return josepy.JWKEC(key=key), getattr(josepy, name)


def respond(order: messages.OrderResource) -> None:
    """Meet one challenge of each authorization."""
    kind = KINDS[TOLD["challenge"]]
    for authorization in order.authorizations:
        (body,) = [
            one for one in authorization.body.challenges if isinstance(one.chall, kind)
        ]
        response, validation = body.response_and_validation(KEY)
        if kind is challenges.HTTP01:
            TOKENS[body.chall.path] = validation
        else:
            add(
                body.chall.validation_domain_name(authorization.body.identifier.value),
                validation,
            )
        ACME.answer_challenge(body, response)


def add(name: str, value: str) -> None:
    """Add a record to the DNS."""
    server = f"server {TOLD['dnsHost']} {TOLD['dnsPort']}"
    script = f'{server}\nupdate add {name} 0 TXT "{value}"\nsend\n'
    subprocess.run(
        ["nsupdate", "-k", TOLD["dnsKey"]], input=script, text=True, check=True
    )


def obtain() -> tuple[str, x509.Certificate]:
    """Obtain a certificate, and write it with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    order = ACME.new_order(crypto_util.make_csr(pem, TOLD["names"]))
    respond(order)
    soon = datetime.datetime.now() + datetime.timedelta(seconds=30)
    order = ACME.poll_and_finalize(order, soon)
    whole = order.fullchain_pem
    first, *behind = x509.load_pem_x509_certificates(whole.encode())
    (FOLDER / "key.pem").write_bytes(pem)
    (FOLDER / "cert.pem").write_bytes(first.public_bytes(Encoding.PEM))
    (FOLDER / "chain.pem").write_bytes(
        b"".join(one.public_bytes(Encoding.PEM) for one in behind)
    )
    return whole, first


KEY, ALGORITHM = account_key()
NET = client.ClientNetwork(KEY, alg=ALGORITHM)
ACME = client.ClientV2(client.ClientV2.get_directory(TOLD["directory"], NET), NET)

if TOLD["challenge"] == "http-01":
    SERVER = http.server.ThreadingHTTPServer(("127.0.0.1", TOLD["httpPort"]), Tokens)
    threading.Thread(target=SERVER.serve_forever, daemon=True).start()

binding = None
if TOLD["eab"]:
    assert ACME.external_account_required()
    binding = messages.ExternalAccountBinding.from_data(
        KEY.public_key(), *TOLD["eab"], ACME.directory
    )
registration = ACME.new_account(
    messages.NewRegistration.from_data(
        email="library@acme.test",
        terms_of_service_agreed=True,
        external_account_binding=binding,
    )
)
# What certbot keeps of an account, its URL: the library cannot send the binding back
# that RFC 8555 section 7.3.4 has the account show.
registration = registration.update(body=messages.Registration())
again = ACME.query_registration(registration)
assert again.uri == registration.uri
_, earlier = obtain()
whole, certificate = obtain()
assert certificate.serial_number != earlier.serial_number
if TOLD["ari"]:
    when, look_again = ACME.renewal_time(whole.encode())
    assert when is not None
    assert when > datetime.datetime.now(datetime.UTC)
    ACME.revoke(certificate, 4)
    when, look_again = ACME.renewal_time(whole.encode())
    assert when is not None
    assert when < datetime.datetime.now(datetime.UTC)
else:
    ACME.revoke(certificate, 4)
closed = ACME.deactivate_registration(registration)
assert closed.body.status == "deactivated"
