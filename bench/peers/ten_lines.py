"""The script people write instead: one P-256 certificate for localhost, signed."""

import datetime
import ipaddress
import sys
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

ca = x509.load_pem_x509_certificate(Path(sys.argv[1]).read_bytes())
ca_key = serialization.load_pem_private_key(Path(sys.argv[2]).read_bytes(), None)
key = ec.generate_private_key(ec.SECP256R1())
now = datetime.datetime.now(datetime.UTC)
names = [x509.DNSName("localhost")]
names += [x509.IPAddress(ipaddress.ip_address(ip)) for ip in ("127.0.0.1", "::1")]
usage = x509.KeyUsage(True, *[False] * 8)
server = x509.ExtendedKeyUsage([x509.ExtendedKeyUsageOID.SERVER_AUTH])
builder = x509.CertificateBuilder(
    issuer_name=ca.subject,
    subject_name=x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")]),
    public_key=key.public_key(),
    serial_number=x509.random_serial_number(),
    not_valid_before=now - datetime.timedelta(hours=1),
    not_valid_after=now + datetime.timedelta(days=396),
)
builder = builder.add_extension(x509.SubjectAlternativeName(names), False)
builder = builder.add_extension(x509.BasicConstraints(False, None), True)
builder = builder.add_extension(usage, True).add_extension(server, False)
builder = builder.add_extension(
    x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False
)
builder = builder.add_extension(
    x509.AuthorityKeyIdentifier.from_issuer_public_key(ca_key.public_key()), False
)
certificate = builder.sign(ca_key, hashes.SHA256())
pem = serialization.Encoding.PEM
with open("localhost+2.pem", "wb") as file:
    file.write(certificate.public_bytes(pem) + ca.public_bytes(pem))
pkcs8, plain = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
with open("localhost+2-key.pem", "wb") as file:
    file.write(key.private_bytes(pem, pkcs8, plain))
