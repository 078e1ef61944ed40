"""Object identifiers and the names people know them by: a table, nothing else."""

from __future__ import annotations

# RFC 4514 section 3 and the attribute names that OpenSSL and others print.
ATTRIBUTES = {
    "2.5.4.3": "CN",
    "2.5.4.4": "SN",
    "2.5.4.5": "serialNumber",
    "2.5.4.6": "C",
    "2.5.4.7": "L",
    "2.5.4.8": "ST",
    "2.5.4.9": "street",
    "2.5.4.10": "O",
    "2.5.4.11": "OU",
    "2.5.4.12": "title",
    "2.5.4.13": "description",
    "2.5.4.15": "businessCategory",
    "2.5.4.16": "postalAddress",
    "2.5.4.17": "postalCode",
    "2.5.4.20": "telephoneNumber",
    "2.5.4.41": "name",
    "2.5.4.42": "GN",
    "2.5.4.43": "initials",
    "2.5.4.44": "generationQualifier",
    "2.5.4.45": "x500UniqueIdentifier",
    "2.5.4.46": "dnQualifier",
    "2.5.4.65": "pseudonym",
    "2.5.4.97": "organizationIdentifier",
    "0.9.2342.19200300.100.1.1": "UID",
    "0.9.2342.19200300.100.1.25": "DC",
    "1.2.840.113549.1.9.1": "emailAddress",
    "1.2.840.113549.1.9.2": "unstructuredName",
    "1.2.840.113549.1.9.8": "unstructuredAddress",
    "1.3.6.1.4.1.311.60.2.1.1": "jurisdictionL",
    "1.3.6.1.4.1.311.60.2.1.2": "jurisdictionST",
    "1.3.6.1.4.1.311.60.2.1.3": "jurisdictionC",
}

# OID: name, hash (None where the algorithm has its own, "" where parameters say).
SIGNATURES: dict[str, tuple[str, str | None]] = {
    "1.2.840.113549.1.1.2": ("RSA with MD2", "md2"),
    "1.2.840.113549.1.1.4": ("RSA with MD5", "md5"),
    "1.2.840.113549.1.1.5": ("RSA with SHA-1", "sha1"),
    "1.3.14.3.2.29": ("RSA with SHA-1", "sha1"),
    "1.2.840.113549.1.1.14": ("RSA with SHA-224", "sha224"),
    "1.2.840.113549.1.1.11": ("RSA with SHA-256", "sha256"),
    "1.2.840.113549.1.1.12": ("RSA with SHA-384", "sha384"),
    "1.2.840.113549.1.1.13": ("RSA with SHA-512", "sha512"),
    "2.16.840.1.101.3.4.3.14": ("RSA with SHA3-256", "sha3_256"),
    "2.16.840.1.101.3.4.3.15": ("RSA with SHA3-384", "sha3_384"),
    "2.16.840.1.101.3.4.3.16": ("RSA with SHA3-512", "sha3_512"),
    "1.2.840.113549.1.1.10": ("RSA-PSS", ""),
    "1.2.840.10045.4.1": ("ECDSA with SHA-1", "sha1"),
    "1.2.840.10045.4.3.1": ("ECDSA with SHA-224", "sha224"),
    "1.2.840.10045.4.3.2": ("ECDSA with SHA-256", "sha256"),
    "1.2.840.10045.4.3.3": ("ECDSA with SHA-384", "sha384"),
    "1.2.840.10045.4.3.4": ("ECDSA with SHA-512", "sha512"),
    "2.16.840.1.101.3.4.3.10": ("ECDSA with SHA3-256", "sha3_256"),
    "2.16.840.1.101.3.4.3.11": ("ECDSA with SHA3-384", "sha3_384"),
    "2.16.840.1.101.3.4.3.12": ("ECDSA with SHA3-512", "sha3_512"),
    "1.2.840.10040.4.3": ("DSA with SHA-1", "sha1"),
    "2.16.840.1.101.3.4.3.1": ("DSA with SHA-224", "sha224"),
    "2.16.840.1.101.3.4.3.2": ("DSA with SHA-256", "sha256"),
    "1.3.101.112": ("Ed25519", None),
    "1.3.101.113": ("Ed448", None),
    "2.16.840.1.101.3.4.3.17": ("ML-DSA-44", None),
    "2.16.840.1.101.3.4.3.18": ("ML-DSA-65", None),
    "2.16.840.1.101.3.4.3.19": ("ML-DSA-87", None),
    "1.2.156.10197.1.501": ("SM2 with SM3", "sm3"),
    "1.2.643.7.1.1.3.2": ("GOST R 34.10-2012 (256)", None),
    "1.2.643.7.1.1.3.3": ("GOST R 34.10-2012 (512)", None),
}

KEYS = {
    "1.2.840.113549.1.1.1": "RSA",
    "1.2.840.113549.1.1.10": "RSA-PSS",
    "1.2.840.113549.1.1.7": "RSA-OAEP",
    "1.2.840.10045.2.1": "EC",
    "1.2.840.10040.4.1": "DSA",
    "1.2.840.113549.1.3.1": "DH",
    "1.2.840.10046.2.1": "X9.42 DH",
    "1.3.101.110": "X25519",
    "1.3.101.111": "X448",
    "1.3.101.112": "Ed25519",
    "1.3.101.113": "Ed448",
    "2.16.840.1.101.3.4.3.17": "ML-DSA-44",
    "2.16.840.1.101.3.4.3.18": "ML-DSA-65",
    "2.16.840.1.101.3.4.3.19": "ML-DSA-87",
    "2.16.840.1.101.3.4.4.1": "ML-KEM-512",
    "2.16.840.1.101.3.4.4.2": "ML-KEM-768",
    "2.16.840.1.101.3.4.4.3": "ML-KEM-1024",
    "1.2.643.7.1.1.1.1": "GOST R 34.10-2012 (256)",
    "1.2.643.7.1.1.1.2": "GOST R 34.10-2012 (512)",
} | {
    f"2.16.840.1.101.3.4.3.{20 + index}": f"SLH-DSA-{name}"
    for index, name in enumerate(
        f"{digest}-{size}{speed}"
        for digest in ("SHA2", "SHAKE")
        for size in (128, 192, 256)
        for speed in "sf"
    )
}

# Bits of the keys whose size their algorithm fixes.
FIXED_SIZES = {"X25519": 256, "Ed25519": 256, "X448": 448, "Ed448": 456}

# OID: name, bits.
CURVES = {
    "1.2.840.10045.3.1.7": ("P-256", 256),
    "1.3.132.0.34": ("P-384", 384),
    "1.3.132.0.35": ("P-521", 521),
    "1.2.840.10045.3.1.1": ("P-192", 192),
    "1.3.132.0.33": ("P-224", 224),
    "1.3.132.0.10": ("secp256k1", 256),
    "1.3.132.0.1": ("sect163k1", 163),
    "1.3.132.0.15": ("sect163r2", 163),
    "1.3.132.0.26": ("sect233k1", 233),
    "1.3.132.0.27": ("sect233r1", 233),
    "1.3.132.0.16": ("sect283k1", 283),
    "1.3.132.0.17": ("sect283r1", 283),
    "1.3.132.0.36": ("sect409k1", 409),
    "1.3.132.0.37": ("sect409r1", 409),
    "1.3.132.0.38": ("sect571k1", 571),
    "1.3.132.0.39": ("sect571r1", 571),
    "1.3.36.3.3.2.8.1.1.7": ("brainpoolP256r1", 256),
    "1.3.36.3.3.2.8.1.1.11": ("brainpoolP384r1", 384),
    "1.3.36.3.3.2.8.1.1.13": ("brainpoolP512r1", 512),
    "1.2.156.10197.1.301": ("SM2", 256),
}

HASHES = {
    "1.2.840.113549.2.5": "md5",
    "1.3.14.3.2.26": "sha1",
    "2.16.840.1.101.3.4.2.4": "sha224",
    "2.16.840.1.101.3.4.2.1": "sha256",
    "2.16.840.1.101.3.4.2.2": "sha384",
    "2.16.840.1.101.3.4.2.3": "sha512",
    "2.16.840.1.101.3.4.2.8": "sha3_256",
    "2.16.840.1.101.3.4.2.9": "sha3_384",
    "2.16.840.1.101.3.4.2.10": "sha3_512",
    "1.2.840.113549.2.7": "sha1",
    "1.2.840.113549.2.8": "sha224",
    "1.2.840.113549.2.9": "sha256",
    "1.2.840.113549.2.10": "sha384",
    "1.2.840.113549.2.11": "sha512",
}

# OID: RFC name, words (RFC 5280 section 4.2.1.12 and others).
PURPOSES = {
    "1.3.6.1.5.5.7.3.1": ("serverAuth", "TLS server"),
    "1.3.6.1.5.5.7.3.2": ("clientAuth", "TLS client"),
    "1.3.6.1.5.5.7.3.3": ("codeSigning", "code signing"),
    "1.3.6.1.5.5.7.3.4": ("emailProtection", "e-mail"),
    "1.3.6.1.5.5.7.3.5": ("ipsecEndSystem", "IPsec end system"),
    "1.3.6.1.5.5.7.3.6": ("ipsecTunnel", "IPsec tunnel"),
    "1.3.6.1.5.5.7.3.7": ("ipsecUser", "IPsec user"),
    "1.3.6.1.5.5.7.3.8": ("timeStamping", "time stamping"),
    "1.3.6.1.5.5.7.3.9": ("OCSPSigning", "OCSP responses"),
    "1.3.6.1.5.5.7.3.13": ("eapOverPPP", "EAP over PPP"),
    "1.3.6.1.5.5.7.3.14": ("eapOverLAN", "EAP over LAN"),
    "1.3.6.1.5.5.7.3.17": ("ipsecIKE", "IPsec IKE"),
    "1.3.6.1.5.5.7.3.21": ("secureShellClient", "SSH client"),
    "1.3.6.1.5.5.7.3.22": ("secureShellServer", "SSH server"),
    "1.3.6.1.5.5.7.3.28": ("cmcRA", "CMC registration authority"),
    "1.3.6.1.5.2.3.4": ("pkinitClient", "Kerberos client"),
    "1.3.6.1.5.2.3.5": ("pkinitKDC", "Kerberos KDC"),
    "1.3.6.1.4.1.311.10.3.3": ("msSGC", "Microsoft server gated cryptography"),
    "1.3.6.1.4.1.311.10.3.4": ("msEFS", "Microsoft encrypted files"),
    "1.3.6.1.4.1.311.10.3.12": ("msDocumentSigning", "Microsoft document signing"),
    "1.3.6.1.4.1.311.20.2.2": ("msSmartcardLogin", "Microsoft smart card logon"),
    "1.3.6.1.4.1.311.54.1.2": ("msRemoteDesktop", "Microsoft remote desktop"),
    "1.3.6.1.4.1.11129.2.4.4": ("ctPrecertificate", "CT precertificate signing"),
    "2.16.840.1.113730.4.1": ("nsSGC", "Netscape server gated cryptography"),
    "2.23.136.1.1.3": ("bimi", "brand indicators (BIMI)"),
    "2.5.29.37.0": ("anyExtendedKeyUsage", "anything"),
}

POLICIES = {
    "2.5.29.32.0": "any policy",
    "2.23.140.1.1": "CA/Browser Forum extended validation",
    "2.23.140.1.2.1": "CA/Browser Forum domain validated",
    "2.23.140.1.2.2": "CA/Browser Forum organisation validated",
    "2.23.140.1.2.3": "CA/Browser Forum individual validated",
    "2.23.140.1.3": "CA/Browser Forum extended validation code signing",
    "2.23.140.1.4.1": "CA/Browser Forum code signing",
    "1.3.6.1.4.1.44947.1.1.1": "Let's Encrypt domain validated (ISRG)",
}

ACCESS_METHODS = {
    "1.3.6.1.5.5.7.48.1": ("ocsp", "OCSP"),
    "1.3.6.1.5.5.7.48.2": ("ca_issuers", "issuer's certificate"),
    "1.3.6.1.5.5.7.48.3": ("time_stamping", "time stamping"),
    "1.3.6.1.5.5.7.48.5": ("ca_repository", "CA repository"),
}

OTHER_NAMES = {
    "1.3.6.1.4.1.311.20.2.3": "user principal name",
    "1.3.6.1.5.5.7.8.5": "XMPP address",
    "1.3.6.1.5.5.7.8.7": "SRV name",
    "1.3.6.1.5.5.7.8.9": "internationalised e-mail address",
    "1.3.6.1.5.2.2": "Kerberos principal",
    "1.3.6.1.5.5.7.8.4": "hardware module name",
    "1.3.6.1.5.5.7.8.3": "permanent identifier",
    "1.3.6.1.4.1.311.25.1": "Microsoft object GUID",
}

CONTENT_TYPES = {
    "1.2.840.113549.1.7.1": "data",
    "1.2.840.113549.1.7.2": "signed data",
    "1.2.840.113549.1.7.3": "enveloped data",
    "1.2.840.113549.1.7.5": "digested data",
    "1.2.840.113549.1.7.6": "encrypted data",
    "1.2.840.113549.1.9.16.1.2": "authenticated data",
    "1.2.840.113549.1.9.16.1.4": "time-stamp token",
    "1.2.840.113549.1.9.16.1.9": "compressed data",
}

CIPHERS = {
    "1.2.840.113549.3.7": "3DES-CBC",
    "1.2.840.113549.3.2": "RC2-CBC",
    "1.3.14.3.2.7": "DES-CBC",
    "2.16.840.1.101.3.4.1.2": "AES-128-CBC",
    "2.16.840.1.101.3.4.1.22": "AES-192-CBC",
    "2.16.840.1.101.3.4.1.42": "AES-256-CBC",
    "2.16.840.1.101.3.4.1.6": "AES-128-GCM",
    "2.16.840.1.101.3.4.1.46": "AES-256-GCM",
}

# Password-based encryption older than PBES2 (RFC 8018 appendix A, RFC 7292 C).
OLD_ENCRYPTION = {
    "1.2.840.113549.1.5.1": "PBES1 with MD2 and DES",
    "1.2.840.113549.1.5.3": "PBES1 with MD5 and DES",
    "1.2.840.113549.1.5.6": "PBES1 with MD5 and RC2",
    "1.2.840.113549.1.5.10": "PBES1 with SHA-1 and DES",
    "1.2.840.113549.1.12.1.1": "PKCS#12 with RC4-128",
    "1.2.840.113549.1.12.1.2": "PKCS#12 with RC4-40",
    "1.2.840.113549.1.12.1.3": "PKCS#12 with 3DES",
    "1.2.840.113549.1.12.1.4": "PKCS#12 with two-key 3DES",
    "1.2.840.113549.1.12.1.5": "PKCS#12 with RC2-128",
    "1.2.840.113549.1.12.1.6": "PKCS#12 with RC2-40",
}
PBES2 = "1.2.840.113549.1.5.13"
PBKDF2 = "1.2.840.113549.1.5.12"
SCRYPT = "1.3.6.1.4.1.11591.4.11"

BAGS = {
    "1.2.840.113549.1.12.10.1.1": "private key",
    "1.2.840.113549.1.12.10.1.2": "encrypted private key",
    "1.2.840.113549.1.12.10.1.3": "certificate",
    "1.2.840.113549.1.12.10.1.4": "revocation list",
    "1.2.840.113549.1.12.10.1.5": "secret",
    "1.2.840.113549.1.12.10.1.6": "nested contents",
}

CSR_ATTRIBUTES = {
    "1.2.840.113549.1.9.14": "extension_request",
    "1.3.6.1.4.1.311.2.1.14": "extension_request",
    "1.2.840.113549.1.9.7": "challenge_password",
    "1.2.840.113549.1.9.2": "unstructured_name",
    "1.2.840.113549.1.9.8": "unstructured_address",
    "1.3.6.1.4.1.311.13.2.3": "microsoft_os_version",
    "1.3.6.1.4.1.311.21.20": "microsoft_client_info",
    "1.3.6.1.4.1.311.13.2.2": "microsoft_csp",
}


def known(oid: str, table: dict[str, str]) -> str:
    """Return the name of an OID, the OID itself where there is none."""
    return table.get(oid, oid)
