"""Files in strings, settings in pairs, placeholders' defaults and references."""

import time

import pytest

from tlsmith.scan.config import documents
from tlsmith.scan.config.given import given
from tlsmith.scan.source import Source


def found_at(path: str, text: str, word: str) -> list[tuple[str, str, str]]:
    """The name of the document, the path and the value of the setting at a word."""
    return [
        (document.name, document.paths(node)[0], document.value(node))
        for document, node in documents(Source(path, text)).keys_at(text.index(word))
    ]


def test_json_in_a_quoted_string_is_read() -> None:
    """Escaped or not, in YAML and in JSON."""
    plain = """config: '{"tlsClientConfig": {"insecure": true}}'\n"""
    escaped = r'{"config": "{\"tlsClientConfig\": {\"insecure\": true}}"}'
    for path, text in (("a.yaml", plain), ("a.json", escaped)):
        found = found_at(path, text, "insecure")
        assert found[0][1:] == ("tlsClientConfig.insecure", "true")


def test_a_file_with_escaped_line_breaks_is_read() -> None:
    """A ConfigMap as JSON has its files on one line."""
    text = r'{"data": {"p.yml": "a:\n  tls:\n    verify: false\n"}}'
    assert found_at("cm.json", text, "verify") == [
        ("cm.json!p.yml", "a.tls.verify", "false")
    ]


def test_a_line_for_a_file_is_read_as_its_line() -> None:
    """Unless it shall not be there."""
    text = "- lineinfile: {path: /etc/yum.conf, line: sslverify=0}\n"
    assert ("x.yml!yum.conf", "sslverify", "0") in found_at("x.yml", text, "sslverify")
    absent = "- lineinfile: {path: /etc/yum.conf, line: sslverify=0, state: absent}\n"
    assert found_at("x.yml", absent, "sslverify") == []


def test_a_heredoc_holds_a_file() -> None:
    """Terragrunt writes its provider so."""
    text = 'contents = <<EOT\nprovider "x" {\n  insecure = true\n}\nEOT\n'
    assert found_at("t.hcl", text, "insecure")[0][1:] == ("provider.insecure", "true")


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("a.tf", 'set {\n  name  = "tls.skip"\n  value = true\n}\n'),
        ("a.yaml", "parameters:\n- name: tls.skip\n  value: 'true'\n"),
        ("a.json", '[{"value": true, "name": "tls.skip"}]'),
    ],
)
def test_a_name_beside_a_value_is_a_setting(path: str, text: str) -> None:
    """Whatever their order."""
    assert [one[2] for one in found_at(path, text, "tls.skip")] == ["true"]


def test_a_described_field_is_no_setting() -> None:
    """A form's checkbox has a name and a value as well."""
    text = '{"name": "skip", "type": "checkbox", "value": true}'
    assert found_at("form.json", text, 'skip"') == []


def test_locals_and_defaults_are_known_in_terraform() -> None:
    """And turned where they are turned."""
    text = (
        "locals { quiet = true }\n"
        'variable "verify" { default = false }\n'
        'provider "x" {\n  a = local.quiet\n  b = !var.verify\n  c = var.other\n}\n'
    )
    values = [found_at("m.tf", text, f"{key} =")[0][2] for key in "abc"]
    assert values == ["true", "true", "var.other"]


@pytest.mark.parametrize(
    ("value", "default"),
    [
        ("${A:false}", "false"),
        ("${A:-0}", "0"),
        ("${a.b-c:false}", "false"),
        ("${A:}", ""),
        ("{{ x | default(false) }}", "false"),
        ("{{ default true .Values.x | quote }}", "true"),
        ('<%= ENV.fetch("X", "none") %>', "none"),
        ("${{ inputs.x || 'false' }}", "false"),
        ("${A}", None),
        ("{{ .Values.x }}", None),
        ("${var.x}", None),
        ("false", None),
    ],
)
def test_a_placeholder_may_name_its_default(value: str, default: str | None) -> None:
    """Nothing else is known of it."""
    assert given(value) == default


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("a.yaml", "a: " + "{a: " * 50_000),
        ("a.yaml", "- " * 100_000),
        ("a.json", "[" * 200_000),
        ("a.json", '{"a":"' + "\\" * 200_000),
        ("a.xml", "<a>" * 60_000),
        ("a.tf", "a {" * 60_000),
        ("a.tf", "".join(f"a = <<E{i}\n" for i in range(20_000))),
        ("a.toml", "a = [" * 40_000),
        ("a.yaml", "a." * 100_000 + ": some text\n"),
        ("a.ini", "[a" + " " * 100_000 + "b]\nc = d\n"),
        ("a.yaml", "".join(f"a{i}: &x{i}\n  <<: *x{i - 1}\n" for i in range(5000))),
    ],
)
def test_nesting_without_end_is_read_in_time(path: str, text: str) -> None:
    """No recursion, and no time that grows faster than the text."""
    begun = time.process_time()
    documents(Source(path, text))
    assert time.process_time() - begun < 15
