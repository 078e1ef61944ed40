"""Settings are found under the keys they stand under, with their places."""

import pytest

from tlsmith.scan.config import documents
from tlsmith.scan.config.form import form_of
from tlsmith.scan.source import Source


def settings_of(path: str, text: str) -> dict[str, str]:
    """What is set in a text, by the keys that lead to it."""
    return {
        document.paths(node)[0]: document.value(node)
        for document in documents(Source(path, text)).documents
        for node in document.root.below
        if document.value(node)
    }


def test_yaml_keys_lead_to_their_values() -> None:
    """Blocks, lists, flow style, quotes and comments."""
    text = """
a:
  b: 1  # one
  "c d": 'x # y'
  list:
  - name: first
    tls: {verify: false, "ca": [a, b]}
  - plain
"""
    assert settings_of("x.yaml", text) == {
        "a.b": "1",
        "a.c d": "x # y",
        "a.list.name": "first",
        "a.list.tls.verify": "false",
        "a.list.tls.ca": "b",
        "a.list": "plain",
    }


def test_yaml_templates_are_no_hindrance() -> None:
    """A chart is read before it is rendered."""
    text = """
{{- if .Values.on }}
spec:
  {{- with .Values.x }}
  {{ .name }}: {{ .value | quote }}
  verify: {{ .Values.verify }}
  skip: true
  {{- end }}
{{- end }}
"""
    found = settings_of("templates/x.yaml", text)
    assert found["spec.skip"] == "true"
    assert found["spec.verify"] == "{{ .Values.verify }}"


def test_yaml_labels_are_known_where_they_are_used() -> None:
    """A setting taken over stands under both blocks."""
    text = """
defaults: &tls
  verify: false
job:
  tls_config:
    <<: *tls
    ca: x
"""
    found = documents(Source("x.yml", text))
    document, node = found.keys_at(text.index("verify"))[0]
    assert document.paths(node) == ["defaults.verify", "job.tls_config.<<.verify"] or (
        "job.tls_config.verify" in document.paths(node)
    )


def test_a_file_in_a_yaml_block_is_read_too() -> None:
    """A ConfigMap holds files."""
    text = """
data:
  nginx.conf: |
    server {
      proxy_ssl_verify off;
    }
"""
    found = documents(Source("cm.yaml", text))
    document, node = found.keys_at(text.index("proxy_ssl_verify"))[0]
    assert (document.name, document.form) == ("cm.yaml!nginx.conf", "nginx")
    assert document.paths(node) == ["server.proxy_ssl_verify"]
    assert text[node.start : node.end] == "proxy_ssl_verify off"


@pytest.mark.parametrize(
    ("path", "text", "wanted"),
    [
        (
            "a.json",
            '{"a": {"b": false, /* no */ "c": ["x"]}}',
            {"a.b": "false", "a.c": "x"},
        ),
        (
            "a.toml",
            'a.b = 1\n[x."y.z"]\nc = { d = true }\n',
            {"a.b": "1", "x.y.z.c.d": "true"},
        ),
        ("a.ini", "[s]\n; a = 1\nb = 2 ; two\nc: 3\n", {"s.b": "2", "s.c": "3"}),
        ("a.properties", "a.b=c\\\n  d\n! no=1\ne : f\n", {"a.b": "cd", "e": "f"}),
        (
            "nginx.conf",
            "http { server { a on; b $x{y} z; } }",
            {"http.server.a": "on", "http.server.b": "$x{y} z"},
        ),
        (
            "haproxy.cfg",
            "defaults\n  mode http\nbackend b\n  server s 10.0.0.1:443 ssl\n",
            {
                "defaults.mode": "http",
                "backend": "b",
                "backend.server": "s 10.0.0.1:443 ssl",
            },
        ),
        (
            "httpd.conf",
            "<VirtualHost *:443>\n SSLEngine on\n</VirtualHost>\nB off\n",
            {"VirtualHost": "*:443", "VirtualHost.SSLEngine": "on", "B": "off"},
        ),
        (
            "main.tf",
            'provider "x" {\n  a = true\n  b { c = "d" }\n}\n',
            {"provider": "x", "provider.a": "true", "provider.b.c": "d"},
        ),
        (
            "Info.plist",
            "<plist><dict><key>A</key><true/><key>B</key><dict><key>C</key><string>s</string></dict></dict></plist>",
            {"plist.dict.A": "true", "plist.dict.B.C": "s"},
        ),
        (
            "a.xml",
            '<a><p name="k" value="v"/><b x="1">t</b></a>',
            {"a.p.k": "v", "a.b": "t", "a.b.x": "1"},
        ),
        (
            "main.cf",
            "smtp_tls = may\n  # no\nrelay = a\n  b\n",
            {"smtp_tls": "may", "relay": "a b"},
        ),
    ],
)
def test_every_form_gives_its_settings(
    path: str, text: str, wanted: dict[str, str]
) -> None:
    """One tree, whatever it is written in."""
    found = settings_of(path, text)
    assert {key: found.get(key) for key in wanted} == wanted


def test_the_form_is_told_by_name_or_by_content() -> None:
    """Names first, with a template's ending left out; then what stands in it."""
    assert form_of("conf/nginx.conf.j2", "") == "nginx"
    assert form_of("x", "server {\n listen 1;\n}\n") == "nginx"
    assert form_of("x.conf", "<VirtualHost *>\n</VirtualHost>\n") == "braces"
    assert form_of("x.conf", "[a]\nb = c\n") == "ini"
    assert form_of("x.conf", "defaults\n mode http\n") == "haproxy"


@pytest.mark.parametrize(
    "text", ["{" * 5000, "[" * 5000, "a: {" * 3000, "- " * 5000, "<a>" * 5000]
)
@pytest.mark.parametrize(
    "path", ["x.yaml", "x.json", "x.toml", "x.tf", "x.xml", "x.conf", "nginx.conf"]
)
def test_depth_is_no_danger(path: str, text: str) -> None:
    """Nothing recurses."""
    documents(Source(path, text))


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("a.conf.j2", "server {\n{% if a %}\n proxy_ssl_verify off;\n{% endif %}\n}\n"),
        ("a.conf.erb", "server {\n<% if a -%>\n  proxy_ssl_verify off;\n<% end %>\n}"),
        (
            "nginx.tmpl",
            "{{ range .Hosts }}\nserver {\n  {{- if .TLS }}\n  proxy_ssl_verify off;\n"
            "  {{- end }}\n}\n{{ end }}\n",
        ),
    ],
)  # fmt: skip
def test_lines_of_a_template_are_no_settings(path: str, text: str) -> None:
    assert settings_of(path, text) == {"server.proxy_ssl_verify": "off"}
