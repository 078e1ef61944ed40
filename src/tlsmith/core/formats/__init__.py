"""Formats: what certificates and keys are written in, and read from.

Pure: bytes in, bytes out. Nothing here imports cryptography before it is needed.
"""

from tlsmith.core.formats.keyfile import encode_private_key, load_private_key
from tlsmith.core.formats.kubernetes import encode_kubernetes_secret, secret_name
from tlsmith.core.formats.pem import encode_chain, encode_pem, split_pem
from tlsmith.core.formats.pkcs7 import encode_pkcs7
from tlsmith.core.formats.pkcs12 import encode_java_truststore, encode_pkcs12

__all__ = [
    "encode_chain",
    "encode_java_truststore",
    "encode_kubernetes_secret",
    "encode_pem",
    "encode_pkcs7",
    "encode_pkcs12",
    "encode_private_key",
    "load_private_key",
    "secret_name",
    "split_pem",
]
