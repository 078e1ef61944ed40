"""Command-line clients, and what each reads its roots from: data.

Variables are as measured on Debian 12 (`local.variables` has the facts). Each program
is kept from writing into the person's home, and from waiting for an answer.
"""

from __future__ import annotations

import os
import sys

from tlsmith.local.proof.client import REQUEST, Client, program

OPENSSL = ("SSL_CERT_FILE", "SSL_CERT_DIR")
_PHP = ("PHP_INI_SCAN_DIR",)
_NODE = ("NODE_EXTRA_CA_CERTS", "NODE_USE_SYSTEM_CA", "NODE_OPTIONS")
_GO = (
    ("GOPROXY", "{url}"),
    ("GONOSUMDB", "*"),
    ("GOFLAGS", ""),
    ("GOTOOLCHAIN", "local"),
    ("GO111MODULE", "on"),
    ("GOPATH", "{scratch}/go"),
    ("GOCACHE", "{scratch}/cache"),
    ("XDG_CONFIG_HOME", "{scratch}"),
)
_NPM = (
    ("npm_config_cache", "{scratch}"),
    ("npm_config_update_notifier", "false"),
    ("npm_config_logs_max", "0"),
    ("npm_config_fetch_retries", "0"),
)
TOOLS = (
    Client(
        "curl",
        ("curl", "-sS", "-o", os.devnull, "{url}"),
        "system",
        ("CURL_CA_BUNDLE", *OPENSSL),
        r"curl: \(\d+\) (.+)",
    ),
    Client(
        "wget",
        ("wget", "-nv", "--no-hsts", "--tries=1", "-O", os.devnull, "{url}"),
        "system",
        message=r"ERROR: (.+)",
    ),
    Client(
        "openssl s_client",
        (
            *("openssl", "s_client", "-quiet", "-connect", "{host}:{port}"),
            *("-servername", "{host}", "-verify_return_error"),
        ),
        "system",
        OPENSSL,
        r"verify error:(?:num=\d+:)?(.+)",
        REQUEST,
    ),
    Client(
        "gnutls-cli",
        ("gnutls-cli", "--port", "{port}", "{host}"),
        "system",
        message=r"Status: (.+)",
        typed=REQUEST,
    ),
    Client(
        "git",
        ("git", "ls-remote", "{url}"),
        "system",
        ("GIT_SSL_CAINFO",),
        r"fatal: (.+)",
        settings=(("GIT_TERMINAL_PROMPT", "0"), ("GIT_ASKPASS", "true")),
    ),
    Client(
        "lynx",
        ("lynx", "-dump", "-term=dumb", "{url}"),
        "system",
        OPENSSL[:1],
        r"SSL error:(.+?)(?:-Continue|\n|$)",
    ),
    Client(
        "uv",
        (
            *("uv", "pip", "install", "--dry-run", "--no-cache"),
            *("--python", sys.executable, "--index-url", "{url}", "tlsmith-proof"),
        ),
        "own",
        (*OPENSSL, "UV_SYSTEM_CERTS", "UV_NATIVE_TLS"),
        r"(invalid peer certificate: .+)",
        settings=(("UV_CACHE_DIR", "{scratch}"), ("UV_HTTP_RETRIES", "0")),
    ),
    Client("node https", ("node", program("https.js"), "{url}"), "own", _NODE),
    Client("node fetch", ("node", program("fetch.js"), "{url}"), "own", _NODE),
    Client(
        "npm",
        ("npm", "view", "tlsmith-proof", "--registry", "{url}"),
        "own",
        ("npm_config_cafile", "NPM_CONFIG_CAFILE", *_NODE),
        r"npm (?:error|ERR!) (?:request to \S+ failed, reason: )?(.*certif.*)",
        settings=_NPM,
    ),
    Client(
        "deno",
        ("deno", "run", "--quiet", "--allow-net", program("fetch.js"), "{url}"),
        "own",
        ("DENO_CERT", "NODE_EXTRA_CA_CERTS", "DENO_TLS_CA_STORE"),
        r"(invalid peer certificate: \w+)",
        settings=(("DENO_DIR", "{scratch}"), ("DENO_NO_UPDATE_CHECK", "1")),
    ),
    Client(
        "bun",
        ("bun", "run", program("fetch.js"), "{url}"),
        "system",
        ("NODE_EXTRA_CA_CERTS", *OPENSSL),
        settings=(("BUN_INSTALL_CACHE_DIR", "{scratch}"),),
    ),
    Client(
        "go",
        ("go", "list", "-m", "-versions", "tlsmith.test/proof"),
        "system",
        OPENSSL,
        r"(tls: .+|x509: .+)",
        settings=_GO,
    ),
    Client(
        "ruby",
        ("ruby", program("fetch.rb"), "{url}"),
        "system",
        OPENSSL,
        r"(certificate verify failed.*)",
    ),
    Client(
        "php streams",
        ("php", program("streams.php"), "{url}"),
        "system",
        ("PHP_INI_SCAN_DIR", *OPENSSL),
        r"(certificate verify failed)",
    ),
    Client("php curl", ("php", program("curl.php"), "{url}"), "system", _PHP),
    Client(
        "perl LWP",
        ("perl", program("lwp.pl"), "{url}"),
        "system",
        ("PERL_LWP_SSL_CA_FILE", "HTTPS_CA_FILE", "PERL_LWP_SSL_CA_PATH"),
    ),
    Client(
        "perl HTTP::Tiny",
        ("perl", program("tiny.pl"), "{url}"),
        "system",
        OPENSSL[:1],
        r"SSL routines:\w*:(.+)",
    ),
)
