"""Which reader a file is for, and the documents it gives."""

from __future__ import annotations

import posixpath
import re
from bisect import bisect_right
from functools import lru_cache

from tlsmith.scan.config.braces import read_braces
from tlsmith.scan.config.flow import read_flow
from tlsmith.scan.config.node import Document, Node
from tlsmith.scan.config.sections import read_sections
from tlsmith.scan.config.xml import read_xml
from tlsmith.scan.config.yaml import read_yaml
from tlsmith.scan.source import Source

_TEMPLATE = re.compile(
    r"\.(?:j2|jinja2?|tmpl|tpl|erb|in|template|dist|sample|example|epp|gotmpl)$", re.I
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
    (r"\.(?:tf|tfvars|hcl|nomad|tofu)$", "hcl"),
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
    (re.compile(r"\s*[{\[]\s*[\"\]}{\n]"), "json"),
    (re.compile(r"\s*<(?:\?xml|!DOCTYPE|!--|\w+>\s*<)"), "xml"),
)
_SNIFFS = (
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
    (re.compile(r"^[ \t]*(?:- |[\w.-]+:(?:[ \t]|$))", re.M), "yaml"),
)
_FILE_KEY = re.compile(
    r"(?:[\w.-]+\.(?:ya?ml|json|toml|conf|cfg|ini|properties|xml|cnf|hcl|tf|repo|river|alloy|cf)|Caddyfile|\.?(?:npmrc|curlrc|gitconfig|wgetrc|condarc))$"
)
_COMMANDS = frozenset(
    {"run", "script", "command", "args", "cmd", "shell", "entrypoint", "inline"}
)
_PROSE = frozenset(
    {"description", "message", "summary", "notes", "help", "doc", "README"}
)
_SHEBANG = re.compile(r"\s*#!|\s*set -e")


@lru_cache(maxsize=4)
def documents(source: Source) -> Settings:
    """The settings of a source, read when first asked for."""
    form = form_of(source.path, source.text, source.language.name)
    found = _read(source.text, 0, len(source.text), source.path, form)
    embedded: list[Document] = []
    for document in found:
        embedded.extend(_embedded(source.text, document))
    return Settings([*found, *embedded])


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
    return _sniffed(text)


def _sniffed(text: str) -> str:
    head = text[:20000]
    for pattern, form in _SIGNS:
        if pattern.match(head):
            return form
    return next((form for pattern, form in _SNIFFS if pattern.search(head)), "lines")


def _read(text: str, start: int, end: int, name: str, form: str) -> list[Document]:
    if form == "yaml":
        return read_yaml(text, start, end, name)
    if form == "json":
        root = Node("", start, start, None)
        read_flow(text, start, end, root)
        return [Document(name, form, root)]
    if form == "xml":
        return [read_xml(text, start, end, name)]
    if form in ("toml", "ini", "properties", "lines"):
        return [read_sections(text, start, end, name, form)]
    return [read_braces(text, start, end, name, form)]


def _embedded(text: str, document: Document) -> list[Document]:
    """Files written inside a document, as in a ConfigMap's `data`."""
    found: list[Document] = []
    if document.form not in ("yaml", "hcl"):
        return found
    for node in document.root.below:
        if node.value_start < 0 or "\n" not in node.value or node.key in _COMMANDS:
            continue
        inner = _file_in(node, document)
        if inner:
            name, form = inner
            start = node.value_start
            found.extend(_read(text, start, node.end, name, form))
    return found


def _file_in(node: Node, document: Document) -> tuple[str, str] | None:
    """The name and form of the file that a value is, or None if it is none."""
    if _SHEBANG.match(node.value):
        return None
    name = node.key if _FILE_KEY.search(node.key) else _named_beside(node)
    if name:
        return f"{document.name}!{posixpath.basename(name)}", form_of(name, node.value)
    form = _sniffed(node.value)
    if form == "lines" or node.key in _PROSE:
        return None
    return f"{document.name}!", form


def _named_beside(node: Node) -> str:
    """`dest: /etc/pip.conf` beside `content: |`."""
    if node.parent is None:
        return ""
    beside = (
        child.value
        for child in node.parent.children[:40]
        if child.key in ("path", "dest", "filename", "name", "target")
    )
    return next((name for name in beside if _FILE_KEY.search(name)), "")


class Settings:
    """All settings of a source, to be found by where they stand."""

    def __init__(self, found: list[Document]) -> None:
        self.documents = found
        entries = [
            (node.start, index, document, node)
            for index, document in enumerate(found)
            for node in document.root.below
        ]
        entries.sort(key=lambda entry: entry[:2])
        self._starts = [entry[0] for entry in entries]
        self._entries = entries

    def keys_at(self, offset: int) -> list[tuple[Document, Node]]:
        """The settings whose keys hold this offset, the latest document first."""
        found = []
        index = bisect_right(self._starts, offset) - 1
        for back in range(index, max(-1, index - 8), -1):
            _, _, document, node = self._entries[back]
            if node.start <= offset < node.key_end:
                found.append((document, node))
        return found

    def values_at(self, offset: int) -> list[tuple[Document, Node]]:
        """The settings whose values hold this offset, the innermost only."""
        index = bisect_right(self._starts, offset) - 1
        for back in range(index, max(-1, index - 400), -1):
            _, _, document, node = self._entries[back]
            if node.value_start >= 0 and node.value_start <= offset < node.end:
                return [(document, node)]
        return []
