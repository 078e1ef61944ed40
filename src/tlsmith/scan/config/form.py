"""How a configuration file is read: by its name, or by what stands in it."""

from __future__ import annotations

import re

_TEMPLATE = re.compile(
    r"\.(?:j2|jinja2?|tmpl|tpl|erb|in|template|dist|sample|example|epp|gotmpl|ctmpl"
    r"|tftpl|mustache|hbs|njk|liquid)$",
    re.I,
)
_BY_NAME = (
    (r"haproxy[^/]*$", "haproxy"),
    (r"caddyfile[^/]*$|\.caddy(?:file)?$", "braces"),
    (
        r"nginx[^/]*\.(?:conf|vhost)$|(?:^|/)nginx/.*(?:\.conf|sites-\w+/[^/]*)$",
        "nginx",
    ),
    (
        r"httpd[^/]*\.conf$|apache[^/]*\.conf$|\.htaccess$|(?:^|/)(?:httpd|apache2?)/.*$",
        "braces",
    ),
    (
        r"\.ya?ml$|(?:^|/)\.?(?:condarc|mambarc|gemrc)$|kubeconfig$|\.kube/config$|\.yaml\.|clouds\.ya?ml",
        "yaml",
    ),
    (r"\.(?:json5?|jsonc)$|daemon\.json$", "json"),
    (
        r"\.toml$|(?:^|/)(?:containers|registries|crio|libpod|mounts|storage)\.conf$|(?:registries|crio|containers)\.conf\.d/[^/]+$|pipfile$",
        "toml",
    ),
    (
        r"\.(?:tf|tfvars|hcl|nomad|tofu|jsonnet|libsonnet|cue|bicep|nix|river|alloy|pkl"
        r"|hocon|dhall)$|(?:^|/)(?:emqx|application|reference|akka|pekko|play|lagom)[^/]*\.conf$",
        "hcl",
    ),
    (r"logstash[^/]*\.conf$|(?:^|/)(?:logstash|pipelines?)/.*\.conf$", "logstash"),
    (r"\.vcl$", "nginx"),
    (r"\.pp$", "puppet"),
    (
        r"\.(?:xml|plist|csproj|config|props|targets|pom|xhtml|mobileconfig|entitlements)$",
        "xml",
    ),
    (r"\.properties$", "properties"),
    (r"dovecot[^/]*\.conf$|dovecot/", "braces"),
    (
        r"(?:^|/)main\.cf$|postgresql[^/]*\.conf$|pg_hba\.conf$|redis[^/]*\.conf$|sentinel\.conf$|\.ovpn$|curlrc$|ldap\.conf$|ldaprc$",
        "lines",
    ),
    (r"\.ini$|\.repo$|gitconfig$|pip\.conf$|\.cnf$|npmrc$|wgetrc$", "ini"),
)
_NAMES = tuple((re.compile(pattern, re.I), form) for pattern, form in _BY_NAME)
_LANGUAGES = {
    "yaml": "yaml",
    "json": "json",
    "toml": "toml",
    "hcl": "hcl",
    "xml": "xml",
    "puppet": "puppet",
}
_SIGNS = (
    (re.compile(r"\s*(?!\{\{)[{\[]\s*[\"\]}{\n]"), "json"),
    (re.compile(r"\s*<(?:\?xml|!DOCTYPE|!--|\w+>\s*<)"), "xml"),
)
_SNIFFS = (
    (
        re.compile(r"^[ \t]*(?:input|filter|output)[ \t]*\{[^={}]*\{[^{}]*?=>", re.M),
        "logstash",
    ),
    (
        re.compile(
            r"^(?:frontend|backend|listen|defaults|global)\b[ \t]*[\w.-]*[ \t]*$", re.M
        ),
        "haproxy",
    ),
    (re.compile(r"^[ \t]*</?[A-Z@a-z]\w+[^<>\n]*>[ \t]*$", re.M), "braces"),
    (
        re.compile(
            r"^[ \t]*(?:server|location|http|upstream|stream|events)\b[^\n;]*\{", re.M
        ),
        "nginx",
    ),
    (re.compile(r"^[ \t]*proxy_\w+[ \t][^\n]*;[ \t]*(?:#.*)?$", re.M), "nginx"),
    (re.compile(r"^[ \t]*\[\[?[\w .:\"'/@*-]+\]\]?[ \t]*$", re.M), "ini"),
    (re.compile(r"\{[ \t]*(?:\#[^\n]*)?$", re.M), "braces"),
    (re.compile(r"^[ \t]*[a-z]\w+(?: [\w.\"-]+){0,3} \{ [\w.]+ ", re.M), "braces"),
    (re.compile(r"^[ \t]*(?:- |[\w.-]+:(?:[ \t]|$))", re.M), "yaml"),
)


def form_of(path: str, text: str, language: str = "") -> str:
    """How a file is read, by its name, its language, or what stands in it."""
    name = path
    while shorter := _TEMPLATE.search(name):
        name = name[: shorter.start()]
    for pattern, form in _NAMES:
        if pattern.search(name):
            return form
    if language in _LANGUAGES:
        return _LANGUAGES[language]
    return sniffed(text)


def sniffed(text: str) -> str:
    """How a text is read, by what stands in it."""
    head = text[:20000]
    for pattern, form in _SIGNS:
        if pattern.match(head):
            return form
    return next((form for pattern, form in _SNIFFS if pattern.search(head)), "lines")
