"""What is done only where a switch asks for it is told, and does not count."""

from __future__ import annotations

import pytest

from tlsmith.scan.judge import judge
from tlsmith.scan.rulebook import every_rule
from tlsmith.scan.source import Source


def severities(path: str, text: str) -> list[str]:
    return [one.severity for one in judge(Source(path, text), every_rule())]


_GO = "&tls.Config{InsecureSkipVerify: true}"
_NONE = "ctx.verify_mode = ssl.CERT_NONE"


@pytest.mark.parametrize(
    ("path", "text"),
    [
        (
            "a.go",
            f"func f(insecure bool) {{\n\tif insecure {{\n\t\tt.C = {_GO}\n\t}}\n}}\n",
        ),
        (
            "a.go",
            'func f() {\n\tif s := os.Getenv("SKIP_TLS_VERIFY"); s == "true" {\n'
            f"\t\tt.C = {_GO}\n\t}}\n}}\n",
        ),
        (
            "a.go",
            "func f() {\n\tif u.Scheme == https && c.SkipVerify {\n"
            f"\t\tt.C = {_GO}\n\t}}\n}}\n",
        ),
        (
            "a.go",
            "func f(useTLS bool) {\n\tif useTLS {\n\t\tc = tls()\n\t} else {\n"
            "\t\tc = insecure.NewCredentials()\n\t}\n}\n",
        ),
        (
            "a.go",
            "func f(o *Options) {\n\tif o.TLSConfig == nil {\n"
            "\t\tc = insecure.NewCredentials()\n\t}\n}\n",
        ),
        (
            "a.go",
            "func f(o *Options) {\n\tif o.Plaintext {\n"
            "\t\tc = insecure.NewCredentials()\n\t}\n}\n",
        ),
        ("a.py", f"import ssl\ndef f(verify):\n    if not verify:\n        {_NONE}\n"),
        (
            "a.py",
            "import os, ssl\ndef f():\n"
            f"    if 'GIT_SSL_NO_VERIFY' in os.environ:\n        {_NONE}\n",
        ),
        (
            "a.py",
            f"import ssl\nimport sys\nif '--insecure' in sys.argv:\n    {_NONE}\n",
        ),
        (
            "a.py",
            "import os, ssl\nif 'VERIFY_TLS' not in os.environ:\n    pass\n"
            "elif 'NO_VERIFY' in os.environ:\n"
            f"    {_NONE}\n",
        ),
        (
            "a.py",
            "import ssl\ndef f(verify):\n    if verify:\n        pass\n"
            f"    else:\n        {_NONE}\n",
        ),
        (
            "a.py",
            "import ssl\ndef f(self):\n    if self.verify_ssl:\n        return None\n"
            f"    {_NONE}\n",
        ),
        (
            "a.py",
            f"import ssl\ndef f(o):\n    if o.verify_ssl is False:\n        {_NONE}\n",
        ),
        (
            "a.py",
            "import os, ssl\n"
            "V = os.environ.get('VERIFY_TLS', 'true').lower() == 'true'\n"
            "c = None if V else ssl._create_unverified_context()\n",
        ),
        (
            "a.py",
            "def f(c, url, verify):\n"
            "    if url.lower().startswith('https') and verify:\n"
            "        c.cert_reqs = 'CERT_REQUIRED'\n"
            "    else:\n        c.cert_reqs = 'CERT_NONE'\n",
        ),
        (
            "a.py",
            "import ssl\ndef f(tls_verify):\n    if tls_verify == '':\n"
            f"        {_NONE}\n",
        ),
        (
            "a.py",
            "import ssl\ndef f(a):\n"
            "    if not a.tlsverify.lower() in ('yes', 'true', 't', '1'):\n"
            f"        {_NONE}\n",
        ),
        (
            "a.py",
            "import ssl\ndef f(a):\n    if a.verify not in ('yes', 'true'):\n"
            f"        {_NONE}\n",
        ),
        (
            "a.py",
            "import ssl\ndef f(a):\n    if a.verify in ['no', '0']:\n"
            f"        {_NONE}\n",
        ),
        (
            "a.rb",
            "def f\n  if config[:ssl_verify_mode] == :verify_none\n"
            "    http.verify_mode = OpenSSL::SSL::VERIFY_NONE\n  end\nend\n",
        ),
        (
            "a.rb",
            "def f(mode)\n  case mode\n  when :verify_none\n"
            "    http.verify_mode = OpenSSL::SSL::VERIFY_NONE\n  end\nend\n",
        ),
        (
            "a.go",
            'func f(arg string) {\n\tswitch arg {\n\tcase "-bad-tls":\n'
            f"\t\tt.C = {_GO}\n\t}}\n}}\n",
        ),
        (
            "A.java",
            'class A { void f() {\n  if ("true".equals(c.get("allowSelfSigned"))) {\n'
            "    b.loadTrustMaterial(null, new TrustSelfSignedStrategy());\n  }\n} }\n",
        ),
        (
            "A.java",
            "class A { void f() {\n"
            '  if (!Boolean.parseBoolean(System.getProperty("verifyTls"))) {\n'
            "    b.loadTrustMaterial(null, new TrustSelfSignedStrategy());\n  }\n} }\n",
        ),
        (
            "a.php",
            "<?php\n$r = $verifySsl\n    ? $b->get($u)\n"
            "    : $b->withoutVerifying()->get($u);\n",
        ),
        (
            "a.rs",
            "fn f(m: Mode, b: Builder) -> Builder {\n    match m {\n"
            "        Mode::NoVerify => b.danger_accept_invalid_certs(true),\n"
            "        Mode::Full => b,\n    }\n}\n",
        ),
        (
            "a.ex",
            "defmodule A do\n  defp opts(config) do\n    if config.verify_ssl do\n"
            "      []\n    else\n      [ssl: [verify: :verify_none]]\n    end\n"
            "  end\nend\n",
        ),
        (
            "a.rb",
            "def f(o)\n"
            "  http.verify_mode = OpenSSL::SSL::VERIFY_NONE unless o.verify_ssl\nend\n",
        ),
        (
            "a.c",
            "void f(req *r)\n{\n    if (r->insecure)\n    {\n"
            "        mbedtls_ssl_conf_authmode(&c, MBEDTLS_SSL_VERIFY_NONE);\n"
            "    }\n}\n",
        ),
        (
            "a.dart",
            "void f() {\n  if (!settings.verifySsl) {\n"
            "    client.badCertificateCallback = (c, h, p) => true;\n  }\n}\n",
        ),
        (
            "a.ps1",
            "if ($skipCertCheck) { $p.Add('SkipCertificateCheck', $true) }\n"
            "Invoke-RestMethod @p\n",
        ),
        (
            "a.go",
            f"func f() {{\n\tif c.Mode == ModeTrustAll {{\n\t\tt.C = {_GO}\n\t}}\n}}\n",
        ),
        (
            "a.go",
            f"func f() {{\n\tif c.SkipRemoteTLS {{\n\t\tt.C = {_GO}\n\t}}\n}}\n",
        ),
        (
            "a.cpp",
            "void f() {\n  if (errors.count() == 1) {\n"
            '    if (QMessageBox::question(this, "Unknown",\n'
            '        "Go on?") == QMessageBox::Yes) {\n'
            "      socket->ignoreSslErrors();\n    }\n  }\n}\n",
        ),
        (
            "a.go",
            "func f() {\n\tif settings.SkipTLSVerify.ShouldBool(ctx, d.client) {\n"
            f"\t\tt.C = {_GO}\n\t}}\n}}\n",
        ),
        (
            "a.js",
            "let verify = true;\nif (options.insecure) { verify = false; }\n"
            "https.request({ rejectUnauthorized: verify ? true : false });\n",
        ),
        (
            "a.sh",
            'if [ "$INSECURE" = "true" ]; then\n  curl -k https://api.corp/\nfi\n',
        ),
        (
            "a.sh",
            ': "${TLS_VERIFY:=1}"\nif [[ $TLS_VERIFY != 1 ]]; then\n'
            "  curl -k https://api.corp/\nfi\n",
        ),
        (
            "Dockerfile",
            "FROM a\nARG STRICT_SSL=true\n"
            'RUN if [ "$STRICT_SSL" = "false" ]; then npm set strict-ssl false; fi\n',
        ),
        (
            "a.py",
            "import ssl\ndef f(self):\n    if self.verify_ssl:\n        pass\n"
            f"    elif hasattr(ssl, 'SSLContext'):\n        {_NONE}\n",
        ),
        (
            "a.go",
            'func f() {\n  if conf()["skip_verify"] == "true" {\n'
            f"\t\tt.C = {_GO}\n\t}}\n}}\n",
        ),
        (
            "a.c",
            'void f(char *q) {\n    if (strcmp(q, "none") == 0)\n'
            "        opt.mode = MBEDTLS_SSL_VERIFY_NONE;\n}\n",
        ),
        (
            "a.rb",
            "http.verify_mode = OpenSSL::SSL::VERIFY_NONE if @ssl_verify_none\n",
        ),
        (
            "a.py",
            "import os, requests\ndef f(url, **env):\n"
            "    if 'GIT_SSL_NO_VERIFY' in os.environ:\n"
            "        env['verify'] = False\n    requests.get(url, **env)\n",
        ),
        (
            "a.swift",
            "func urlSession(_ s: URLSession, didReceive c: Challenge) {\n"
            "    guard allowInsecureSelfSigned,\n"
            "          let trust = c.protectionSpace.serverTrust else {\n"
            "        done(.performDefaultHandling, nil)\n        return\n    }\n"
            "    done(.useCredential, URLCredential(trust: trust))\n}\n",
        ),
    ],
)
def test_asked_for_is_info(path: str, text: str) -> None:
    assert severities(path, text) == ["info"]


@pytest.mark.parametrize(
    ("path", "text"),
    [
        (
            "a.py",
            f"import ssl\ndef f(verify=False):\n    if not verify:\n        {_NONE}\n",
        ),
        (
            "a.py",
            "import ssl\ndef f(verify):\n    if not verify:\n"
            f"        {_NONE}\nf(False)\n",
        ),
        (
            "a.go",
            'func f() {\n\tif s := os.Getenv("TLS_VERIFY"); s != "true" {\n'
            f"\t\tt.C = {_GO}\n\t}}\n}}\n",
        ),
        (
            "a.py",
            "import ssl\ndef f(tls_verify=''):\n    if tls_verify == '':\n"
            f"        {_NONE}\n",
        ),
        (
            "a.ex",
            "defmodule A do\n  defp opts do\n"
            '    if System.get_env("TLS_VERIFY") != "true" do\n'
            "      [ssl: [verify: :verify_none]]\n    end\n  end\nend\n",
        ),
        ("a.py", f"import ssl\ndef f(use_ssl):\n    if use_ssl:\n        {_NONE}\n"),
        (
            "a.py",
            "import ssl\ndef f(a):\n    if a.verify in ('yes', 'true'):\n"
            f"        {_NONE}\n",
        ),
        (
            "a.py",
            "import ssl\ndef f(a):\n    if a.verify in ('peer', 'other'):\n"
            f"        {_NONE}\n",
        ),
        (
            "A.java",
            'class A { void f() {\n  if ("true".equals(c.get("verifySsl"))) {\n'
            "    b.loadTrustMaterial(null, new TrustSelfSignedStrategy());\n  }\n} }\n",
        ),
        (
            "a.go",
            'func f(arg string) {\n\tswitch arg {\n\tcase "https":\n'
            f"\t\tt.C = {_GO}\n\t}}\n}}\n",
        ),
        ("a.py", f"import ssl\ndef f(verify):\n    if verify:\n        {_NONE}\n"),
        (
            "a.py",
            "import os, ssl\nif os.environ.get('VERIFY_TLS') != 'true':\n"
            f"    {_NONE}\n",
        ),
        (
            "a.go",
            f"func f() {{\n\tif c.UseTLS || c.Insecure {{\n\t\tt.C = {_GO}\n\t}}\n}}\n",
        ),
        ("a.go", f"func f() {{\n\tif check(c) {{\n\t\tt.C = {_GO}\n\t}}\n}}\n"),
        ("a.sh", 'if [ "$TLS_VERIFY" != 1 ]; then\n  curl -k https://api.corp/\nfi\n'),
        (
            "a.py",
            "import os, ssl\n"
            "if (not os.environ.get('PYTHONHTTPSVERIFY', '') and\n"
            "    getattr(ssl, '_create_unverified_context', None)):\n"
            "    ssl._create_default_https_context = ssl._create_unverified_context\n",
        ),
        (
            "a.py",
            "import ssl\nclass C:\n    def __init__(self):\n"
            "        self.ssl_verify = getattr(settings, 'CKAN', {}).get(\n"
            "            'ssl_verify', False)\n"
            f"    def f(self):\n        if not self.ssl_verify:\n            {_NONE}\n",
        ),
        (
            "a.kt",
            "fun f() {\n  if (trustAllCerts.isNotEmpty()) {\n"
            "    it.hostnameVerifier { _, _ -> true }\n  }\n}\n",
        ),
        (
            "a.sh",
            "INSECURE=true\nif [ $INSECURE = true ]; then\n  curl -k https://api.corp/\nfi\n",
        ),
    ],
)
def test_what_is_so_by_default_counts(path: str, text: str) -> None:
    assert set(severities(path, text)) <= {"high", "critical"}
    assert severities(path, text)


@pytest.mark.parametrize(
    ("path", "text"),
    [
        (
            "a.dart",
            "void f() {\n  if (kDebugMode) {\n"
            "    client.badCertificateCallback = (c, h, p) => true;\n  }\n}\n",
        ),
        (
            "a.cs",
            "void F() {\n#if DEBUG\n"
            "    h.ServerCertificateCustomValidationCallback = (m, c, n, e) => true;\n"
            "#endif\n}\n",
        ),
        (
            "a.js",
            "if (process.env.NODE_ENV === 'development') {\n"
            "  process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0';\n}\n",
        ),
        (
            "a.rb",
            "c = Aws::S3::Client.new(\n"
            "  **(Rails.env.development? ? { ssl_verify_peer: false } : {})\n)\n",
        ),
        (
            "a.cpp",
            "void f() {\n#ifdef QT_DEBUG\n"
            "  s.setPeerVerifyMode(QSslSocket::VerifyNone);\n#endif\n}\n",
        ),
        (
            "a.cpp",
            "void f() {\n#ifndef NDEBUG\n"
            "  s.setPeerVerifyMode(QSslSocket::VerifyNone);\n#endif\n}\n",
        ),
    ],
)
def test_debugging_is_graded_lower(path: str, text: str) -> None:
    assert set(severities(path, text)) <= {"low", "medium"}
    assert severities(path, text)


def test_what_stands_behind_a_debug_build_is_not_lower() -> None:
    text = (
        "#if DEBUG\nint x;\n#else\n"
        "h.ServerCertificateCustomValidationCallback = (m, c, n, e) => true;\n#endif\n"
    )
    assert severities("a.cs", text) == ["high"]


def test_plaintext_that_an_address_asks_for_is_info() -> None:
    text = (
        'fun f() {\n  if (uri.scheme == "https") {\n    b.useTransportSecurity()\n'
        "  } else {\n    b.usePlaintext()\n  }\n}\n"
    )
    assert severities("a.kt", text) == ["info"]
    assert severities("a.kt", "fun f() {\n  b.usePlaintext()\n}\n") == ["medium"]


@pytest.mark.parametrize("asked", ["o.TLSConfig != nil", "useTLS", "ready"])
def test_plaintext_beside_tls_counts(asked: str) -> None:
    text = (
        f"func f() {{\n\tif {asked} {{\n\t\tc = insecure.NewCredentials()\n\t}}\n}}\n"
    )
    assert severities("a.go", text) == ["medium"]


_INPUT = "inputs: {verify: {type: boolean, default: true}}\n"


@pytest.mark.parametrize(
    ("asked", "severity"),
    [
        ("if: ${{ inputs.verify == false }}", "info"),
        ("if: ${{ !inputs.verify }}", "info"),
        ("if: inputs.insecure", "info"),
        ("when: not validate_certs | bool", "info"),
        ("when: [insecure | bool]", "info"),
        ("if: inputs.verify", "high"),
        ("if: github.event_name == 'push'", "high"),
        ("if: ${{ inputs.insecure != true }}", "high"),
    ],
)
def test_steps_ask_as_well(asked: str, severity: str) -> None:
    text = f"{_INPUT}steps:\n- {asked}\n  run: curl -k https://hub.corp/a\n"
    assert severities(".github/workflows/a.yml", text) == [severity]


@pytest.mark.parametrize(
    ("asked", "severity"),
    [
        ("eq(parameters.insecure, true)", "info"),
        ("not(parameters.verify)", "info"),
        ("parameters.insecure", "info"),
        ("ne(parameters.verify, 'true')", "info"),
        ("eq(parameters.verify, true)", "high"),
        ("eq(variables['a'], 'b')", "high"),
    ],
)
def test_blocks_of_azure_ask_as_well(asked: str, severity: str) -> None:
    text = f"steps:\n- ${{{{ if {asked} }}}}:\n  - script: curl -k https://hub.corp/a\n"
    assert severities("azure-pipelines.yml", text) == [severity]


def test_a_step_that_a_switch_has_done_by_default_counts() -> None:
    text = "inputs: {insecure: {default: true}}\nsteps:\n- if: inputs.insecure\n"
    text += "  run: curl -k https://hub.corp/a\n"
    assert severities(".github/workflows/a.yml", text) == ["high"]


_MADE = "export GIT_SSL_NO_VERIFY = 1\n"


@pytest.mark.parametrize(
    ("asked", "severity"),
    [
        ("ifeq ($(INSECURE),1)\n", "info"),
        ("ifdef INSECURE\n", "info"),
        ('ifneq ($(strip $(SKIP_VERIFY)), "")\n', "info"),
        ("ifeq ($(VERIFY),0)\n", "info"),
        ("ifeq ($(VERIFY),1)\nA = 1\nelse\n", "high"),
        ("ifeq ($(VERIFY),1)\n", "high"),
        ("ifeq ($(INSECURE),1)\nA = 1\nendif\n", "high"),
        ("ifndef INSECURE\n", "high"),
        ("ifeq ($(OS),Windows)\n", "high"),
    ],
)
def test_makefiles_ask_as_well(asked: str, severity: str) -> None:
    assert severities("Makefile", f"{asked}{_MADE}endif\n") == [severity]


_FLAG = "  - --insecure-skip-tls-verify\n"


def chart(*lines: str) -> str:
    """A manifest whose arguments are these lines of a chart."""
    return "kind: Deployment\nargs:\n" + "".join(
        f"  {line.strip()}\n" for line in lines
    )


_SKIP, _IF, _END = (
    "{{- if .Values.insecure }}",
    "{{- if .Values.tls.verify }}",
    "{{ end }}",
)


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("templates/a.yaml", chart(_SKIP, _FLAG, _END)),
        ("templates/a.yaml", chart("{{ if not .Values.tls.verify }}", _FLAG, _END)),
        ("templates/a.yaml", chart(_IF, "- -a", "{{ else }}", _FLAG, _END)),
        ("a.conf.j2", "{% if not verify %}\nproxy_ssl_verify off;\n{% endif %}\n"),
        ("pip.conf.erb", "<% if @insecure %>\ntrusted-host = pypi.corp\n<% end %>\n"),
    ],
)  # fmt: skip
def test_what_a_template_is_asked_for_is_info(path: str, text: str) -> None:
    assert severities(path, text) == ["info"]


@pytest.mark.parametrize(
    "text",
    [
        chart(_SKIP, "- -a", _END, _FLAG),
        chart("{{ if .Values.extra }}", _FLAG, _END),
        chart("{{ range .Values.insecure }}", _FLAG, _END),
        chart(_IF, _FLAG, _END),
    ],
)
def test_what_a_template_always_writes_counts(text: str) -> None:
    assert severities("templates/a.yaml", text) == ["high"]


def test_what_a_variable_can_turn_on_is_graded_lower() -> None:
    text = 'import os, requests\nrequests.get(u, verify=bool(os.getenv("VERIFYSSL")))\n'
    assert severities("a.py", text) == ["medium"]


def test_a_case_behind_one_that_verifies_in_other_ways_counts() -> None:
    text = (
        "import ssl\ndef f(self):\n    if self.fast:\n        pass\n"
        f"    elif self.old:\n        {_NONE}\n"
    )
    assert severities("a.py", text) == ["high"]
