"""Which variable makes which client trust what: data, with the fact behind each line.

"Adds" and "replaces" were measured on Debian 12, with a root the variable alone gave
and a second in the system's store, but where the fact says that it is documented.
"""

from __future__ import annotations

from typing import Literal, NamedTuple


class Variable(NamedTuple):
    """A variable that says which roots a client reads.

    Args:
        clients: those that read it.
        effect: what a file it names does to the roots a client has otherwise.
        leads_to: "bundle" for the combined one, "roots" for our roots alone, "php" for
            a folder with a setting for PHP.
        always: else only where it is set already, and would hide our root.
        fact: why it is here.
    """

    name: str
    clients: str
    effect: Literal["adds", "replaces"]
    leads_to: Literal["bundle", "roots", "php"]
    always: bool
    fact: str


def _always(name: str, clients: str, fact: str) -> Variable:
    return Variable(name, clients, "replaces", "bundle", True, fact)


def _if_set(name: str, clients: str, fact: str) -> Variable:
    return Variable(name, clients, "replaces", "bundle", False, fact)


VARIABLES = (
    _always(
        "SSL_CERT_FILE",
        "OpenSSL, Python ssl, aiohttp, httpx, uv, curl, Go, Ruby, PHP streams, Perl "
        "HTTP::Tiny, lynx, Bun, .NET",
        "replaces for httpx, uv, lynx and HTTP::Tiny; for others Debian's folder of "
        "hashed roots is read as well",
    ),
    _always(
        "REQUESTS_CA_BUNDLE",
        "Python requests, pip before 24.2, conda",
        "replaces certifi",
    ),
    _always(
        "CURL_CA_BUNDLE",
        "curl, Python requests",
        "curl prefers it to SSL_CERT_FILE; requests reads it without the one above",
    ),
    _always("PIP_CERT", "pip", "replaces before 24.2, adds to the system's since"),
    Variable(
        "NODE_EXTRA_CA_CERTS",
        "Node, npm, yarn, pnpm, Deno, Bun, Electron",
        "adds",
        "roots",
        True,
        "adds to the bundled roots on Node 20 to 26; a whole bundle would cost each "
        "start a tenth of a second",
    ),
    Variable(
        "DENO_CERT",
        "Deno",
        "adds",
        "roots",
        True,
        "adds to the bundled roots; versions before NODE_EXTRA_CA_CERTS read it alone",
    ),
    _always(
        "GIT_SSL_CAINFO",
        "git",
        "the only one that git reads; wins over http.sslCAInfo",
    ),
    _always("CARGO_HTTP_CAINFO", "cargo", "wins over http.cainfo"),
    _always("PERL_LWP_SSL_CA_FILE", "Perl LWP", "replaces; LWP ignores SSL_CERT_FILE"),
    Variable(
        "PHP_INI_SCAN_DIR",
        "PHP curl",
        "adds",
        "php",
        True,
        "PHP's curl reads no variable, only curl.cainfo; an empty part keeps PHP's own "
        "folder of settings",
    ),
    _always("AWS_CA_BUNDLE", "AWS CLI, boto3", "documented: replaces"),
    _always(
        "CLOUDSDK_CORE_CUSTOM_CA_CERTS_FILE", "Google Cloud CLI", "documented: replaces"
    ),
    _always(
        "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH",
        "gRPC for C++, Python, Ruby, PHP and Node",
        "documented: replaces the roots that are built in",
    ),
    _always("HTTPLIB2_CA_CERTS", "Python httplib2", "documented: replaces"),
    _always("HEX_CACERTS_PATH", "Elixir's Hex", "documented: replaces"),
    _if_set("NIX_SSL_CERT_FILE", "Nix's OpenSSL", "wins over SSL_CERT_FILE"),
    _if_set("npm_config_cafile", "npm, pnpm", "measured: hides NODE_EXTRA_CA_CERTS"),
    _if_set("NPM_CONFIG_CAFILE", "npm, pnpm", "the same in capitals"),
    _if_set("YARN_HTTPS_CA_FILE_PATH", "yarn 2 and later", "as npm_config_cafile"),
    _if_set("BUNDLE_SSL_CA_CERT", "Ruby's bundler", "wins over SSL_CERT_FILE"),
    _if_set("COMPOSER_CAFILE", "PHP's composer", "wins over SSL_CERT_FILE"),
    _if_set("HTTPS_CA_FILE", "Perl LWP", "measured: replaces"),
    _if_set("JULIA_SSL_CA_ROOTS_PATH", "Julia", "wins over SSL_CERT_FILE"),
    _if_set("SYSTEM_CERTIFICATE_PATH", "Haskell", "documented: replaces"),
    _if_set(
        "PGSSLROOTCERT",
        "libpq",
        "never where it is not set: it turns sslmode=require into verify-ca",
    ),
)

# Read as well, and left as it is: OpenSSL and Go read both, others get its roots by
# way of the bundle.
KEPT_FOLDER = "SSL_CERT_DIR"

# What turns verification off: the name, and what it is set to then; None for anything.
_OFF = ("0", "no", "false", "off", "none")
_ON = ("1", "yes", "true", "on", "t", "y")
SWITCHES: tuple[tuple[str, tuple[str, ...] | None], ...] = (
    ("NODE_TLS_REJECT_UNAUTHORIZED", ("0",)),
    ("PYTHONHTTPSVERIFY", ("0",)),
    ("GIT_SSL_NO_VERIFY", None),
    ("npm_config_strict_ssl", _OFF),
    ("NPM_CONFIG_STRICT_SSL", _OFF),
    ("YARN_ENABLE_STRICT_SSL", _OFF),
    ("PERL_LWP_SSL_VERIFY_HOSTNAME", ("0",)),
    ("PIP_TRUSTED_HOST", None),
    ("UV_INSECURE_HOST", None),
    ("BUNDLE_SSL_VERIFY_MODE", ("0", "none")),
    ("CLOUDSDK_AUTH_DISABLE_SSL_VALIDATION", _ON),
    ("HEX_UNSAFE_HTTPS", _ON),
    ("VAULT_SKIP_VERIFY", _ON),
    ("NOMAD_SKIP_VERIFY", _ON),
    ("CONSUL_HTTP_SSL_VERIFY", _OFF),
    ("HELM_KUBEINSECURE_SKIP_TLS_VERIFY", _ON),
)


def turns_verification_off(name: str, value: str) -> bool:
    """Tell whether a variable set to this turns verification off somewhere."""
    for switch, values in SWITCHES:
        if name == switch and value:
            return values is None or value.lower() in values
    return False
