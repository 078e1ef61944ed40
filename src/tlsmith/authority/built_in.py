"""The profiles there are from the start, in the words a policy is written in."""

BUILT_IN = """\
# TLS servers.
[profiles.server]
extended_key_usage = ["serverAuth"]
[profiles.server.names]
dns = ["*"]
ip = ["*"]
uri_schemes = ["*"]

# TLS clients: machines by their DNS name or URI, people by their address or account.
[profiles.client]
extended_key_usage = ["clientAuth"]
common_name = "any"
[profiles.client.names]
dns = ["*"]
wildcards = "none"
email = ["*"]
uri_schemes = ["*"]

# Both ends of mutual TLS.
[profiles.peer]
extended_key_usage = ["serverAuth", "clientAuth"]
[profiles.peer.names]
dns = ["*"]
ip = ["*"]
uri_schemes = ["*"]

[profiles.code-signing]
keys = ["p256", "p384", "p521", "ed25519", "rsa3072", "rsa4096",
        "ml-dsa-44", "ml-dsa-65", "ml-dsa-87"]
key_usage = ["digitalSignature"]
extended_key_usage = ["codeSigning"]
default_days = 365
max_days = 458
common_name = "any"
subject_from_request = "use"
[profiles.code-signing.names]
email = ["*"]
uri_schemes = ["*"]

# S/MIME.
[profiles.email]
extended_key_usage = ["emailProtection"]
default_days = 365
max_days = 825
[profiles.email.names]
email = ["*"]

# CAs below this one: what they may sign is best narrowed by name_constraints.
[profiles.intermediate]
ca = true
path_length = 0
key_usage = ["keyCertSign", "cRLSign"]
default_days = 1825
max_days = 3650
common_name = "any"
subject_from_request = "use"
requesters = ["cli:*"]
[profiles.intermediate.names]

# Delegated OCSP responders: made by the service for itself (RFC 6960 4.2.2.2).
[profiles.ocsp]
key_usage = ["digitalSignature"]
extended_key_usage = ["OCSPSigning"]
default_days = 7
max_days = 30
common_name = "any"
subject_from_request = "use"
requesters = ["internal"]
extensions = [{ oid = "1.3.6.1.5.5.7.48.1.5", value = "0500" }]  # ocsp-nocheck
[profiles.ocsp.names]
"""
