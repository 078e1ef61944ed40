"""What a file's own text tells of a value, and what it leaves open."""

from __future__ import annotations

import pytest

from tlsmith.scan.judge import judge
from tlsmith.scan.rulebook import every_rule
from tlsmith.scan.source import Source


def lines(path: str, text: str) -> list[int]:
    return [found.line for found in judge(Source(path, text), every_rule())]


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("a.py", "import requests\nrequests.get(u, verify=False if DEV else True)\n"),
        ("a.py", "import requests\nDEV = 1\nX = False\nrequests.get(u, verify=X)\n"),
        (
            "a.py",
            "import requests\nX = False\n"
            "def f(u, verify=None):\n"
            "    requests.get(u, verify=X if verify is None else verify)\n",
        ),
        ("a.py", "import requests\nC = {'x': False}\nrequests.get(u, verify=C['x'])\n"),
        ("a.py", "import requests\nprint(requests.get(u, verify=False).text)\n"),
        ("a.py", "import requests\ndef f(u, v=False): requests.get(u, verify=v)\n"),
        ("a.js", "new Agent({ rejectUnauthorized: false as const });\n"),
        ("a.js", "const c = { s: false };\nnew Agent({ rejectUnauthorized: c.s });\n"),
        (
            "a.js",
            "function f(rejectUnauthorized = false) {\n  g(rejectUnauthorized);\n}",
        ),
        (
            "a.php",
            "<?php\ndefine('C', 0);\ncurl_setopt($c, CURLOPT_SSL_VERIFYPEER, C);\n",
        ),
        ("a.ts", "const s = z.object({ insecureTLS: z.boolean().default(true) });\n"),
        ("a.py", 'SSL_VERIFY = config_bool("SSL_VERIFY", CONF, "ssl_verify", False)\n'),
        (
            "a.rs",
            'fn f() { C { ssl_verify: c.get("v").and_then(|v| v.as_bool())'
            ".unwrap_or(false) } }\n",
        ),
        (
            "a.lua",
            "h:request_uri(u, { ssl_verify = c.v ~= nil and c.v or false })\n",
        ),
        (
            "a.php",
            "<?php\n$v = (bool) apply_filters('my_verify', false, $url);\n"
            "$o[ CURLOPT_SSL_VERIFYPEER ] = $v;\n",
        ),
        (
            "a.go",
            "func (b *B) Skip(v bool) *B {\n\tb.c.InsecureSkipVerify = v\n"
            "\treturn b\n}\n"
            "\nfunc f() *B { return New().Skip(true) }\n",
        ),
        (
            "a.go",
            "func (b *B) lax() bool { return true }\n\n"
            "func (b *B) f() *C { return &C{InsecureSkipVerify: b.lax()} }\n",
        ),
        (
            "a.go",
            "func Strict(v bool) Option {\n"
            "\treturn func(c *C) { c.InsecureSkipVerify = !v }\n}\n\n"
            "var x = New(Strict(false))\n",
        ),
        (
            "a.py",
            "import requests\n"
            "def f(u, v: bool = typer.Option(False, '--check')):\n"
            "    requests.get(u, verify=v)\n",
        ),
        ("a.py", "import requests\nrequests.get(u, verify=conf.get('v', False))\n"),
        (
            "a.py",
            "import requests\n@dataclass\nclass A:\n"
            "    v: bool = field(default=False)\n"
            "    def f(self): requests.get(u, verify=self.v)\n",
        ),
        (
            "a.py",
            "import requests\n"
            "requests.get(u, verify=c.getboolean('a', 'v', fallback=False))\n",
        ),
        (
            "a.js",
            "const lax = () => false;\nnew Agent({ rejectUnauthorized: lax() });\n",
        ),
        (
            "a.scala",
            "val v = new HostnameVerifier { def verify(h: String, s: SSLSession) = "
            "{ log.info(h); true } }\n",
        ),
        (
            "a.go",
            "func lax(s string) bool { return true }\n\n"
            'var c = &C{InsecureSkipVerify: lax("a")}\n',
        ),
        ("a.py", "import requests\nrequests.get(u, verify=check or False)\n"),
        ("a.js", "new Agent({ rejectUnauthorized: o.strict ?? false });\n"),
        (
            "a.js",
            "class A {\n  #strict = false;\n"
            "  f() { return new Agent({ rejectUnauthorized: this.#strict }); }\n}\n",
        ),
        (
            "A.java",
            "class A {\n  A(boolean lax) { this.lax = lax; }\n"
            "  void f(Options o) { o.setTrustAll(lax); }\n"
            "  static A make() { return new A(true); }\n}\n",
        ),
        ("a.kt", 'task("x") {\n    exec { commandLine("curl", "-k", u) }\n}\n'),
        ("a.py", "import requests\nv = lambda: False\nrequests.get(u, verify=v())\n"),
        ("a.py", "import requests\ns = requests.Session()\ns.verify, n = False, 5\n"),
        ("a.py", "import requests\ns = requests.Session()\nn, s.verify = 5, False\n"),
        ("a.go", 'var c = &tls.Config{InsecureSkipVerify: x != "" || true}\n'),
        ("a.js", "new Agent({ rejectUnauthorized: ca !== null && false });\n"),
        (
            "A.java",
            'class A {\n  static final String NONE = "";\n  void f(Properties p) {\n'
            '    p.put("ssl.endpoint.identification.algorithm", NONE);\n  }\n}\n',
        ),
        ("a.py", "from ssl import CERT_NONE as OFF\nctx.verify_mode = OFF\n"),
        ("a.py", "import requests\nrequests.get(u, verify=c.get('ca') or False)\n"),
        (
            "a.py",
            "import requests\nclass A:\n    @property\n    def v(self):\n"
            "        return False\n    def f(self):\n"
            "        requests.get(u, verify=self.v)\n",
        ),
        (
            "a.js",
            "class A {\n  get on() { return false; }\n"
            "  f() { return new Agent({ rejectUnauthorized: this.on }); }\n}\n",
        ),
        (
            "a.go",
            "package a\nfunc f(c O) *C {\n"
            "\treturn &C{InsecureSkipVerify: c.lax || !c.on}\n}\n"
            "func g() *C { return f(O{lax: true}) }\n",
        ),
        (
            "a.rs",
            'fn f() -> C {\n  let lax = std::env::var("X").unwrap_or_else(|_| '
            '"true".into()) == "true";\n'
            "  b().danger_accept_invalid_certs(lax).build()\n}\n",
        ),
        (
            "a.py",
            "import requests\nclass A:\n    def __init__(self, v):\n"
            "        self.v = v\n    def f(self):\n"
            "        requests.get(u, verify=self.v)\n"
            "class B(A):\n    def __init__(self):\n"
            "        super().__init__(False)\n",
        ),
        (
            "a.php",
            "<?php\nclass A {\n  function __construct(?bool $v = null) {\n"
            "    $this->v = $v ?? true;\n  }\n"
            "  function lax() { return new self(false); }\n"
            "  function f() { return new Client(['verify' => $this->v]); }\n}\n",
        ),
        (
            "a.rs",
            "impl C {\n  fn new(strict: bool) -> Self { C { strict } }\n"
            "  fn f(&self) -> B { b().danger_accept_invalid_certs(!self.strict) }\n}\n"
            "fn g() -> B { C::new(false).f() }\n",
        ),
        (
            "A.java",
            'class A { String u(String h) { return "jdbc:mariadb://" + h '
            '+ "/db?sslMode=trust"; } }\n',
        ),
        (
            "a.py",
            "import requests\nfor v in (True, False):\n    requests.get(u, verify=v)\n",
        ),
        (
            "a.js",
            "class A {\n  #on;\n  constructor(on) { this.#on = on; }\n"
            "  f() { return new Agent({ rejectUnauthorized: this.#on }); }\n}\n"
            "new A(false);\n",
        ),
        ("a.js", "new Agent({ rejectUnauthorized: Boolean(process.env.STRICT) });\n"),
        (
            "a.go",
            "package a\nfunc lax(v bool) func(*O) {\n"
            "\treturn func(o *O) { o.skip = v }\n}\n"
            "func f() *C {\n\to := O{n: 1}\n"
            "\treturn &C{InsecureSkipVerify: o.skip}\n}\n"
            "var c = with(lax(true))\n",
        ),
        (
            "a.rb",
            "require 'rest-client'\nv = options.fetch(:verify_ssl, false)\n"
            "RestClient::Request.execute(url: u, verify_ssl: v)\n",
        ),
        (
            "a.go",
            "package a\n\nvar (\n\tlax = true\n\tx = 1\n)\n\n"
            "func f() *tls.Config { return &tls.Config{InsecureSkipVerify: lax} }\n",
        ),
        (
            "a.js",
            "const f = (u, o = {}) =>\n"
            "  new Agent({ rejectUnauthorized: o.on !== false });\n"
            "f(u, { on: false });\n",
        ),
        (
            "a.py",
            "import requests\nclass A:\n    def f(self, o):\n"
            "        requests.get(u, verify=o['v'])\n"
            "A().f({'v': False})\n",
        ),
    ],
)
def test_a_value_is_followed_to_where_it_is_given(path: str, text: str) -> None:
    assert lines(path, text)


@pytest.mark.parametrize(
    ("path", "text"),
    [
        (
            "a.py",
            "import requests\nrequests.get(u, verify=False if insecure else True)\n",
        ),
        ("a.py", "import requests\nDEV = False\nx(verify=False if DEV else True)\n"),
        ("a.py", "import requests\nwith pytest.raises(E):\n    Client(verify=False)\n"),
        ("a.py", "import requests\nprint('verify', verify=False)\n"),
        ("a.py", "import requests\nno_verify_ssl = False\n"),
        ("a.js", "const x = secure ? o.rejectUnauthorized : false;\n"),
        ("a.ts", "const s = z.object({ insecureTLS: z.boolean().default(false) });\n"),
        ("a.py", 'SSL_VERIFY = config_bool("SSL_VERIFY", CONF, "ssl_verify", True)\n'),
        (
            "a.rs",
            'fn f() { C { ssl_verify: c.get("v").and_then(|v| v.as_bool())'
            ".unwrap_or(true) } }\n",
        ),
        ("a.lua", "h:request_uri(u, { ssl_verify = c.v and true or false })\n"),
        ("a.rb", "raise if http.verify_mode == OpenSSL::SSL::VERIFY_NONE\n"),
        (
            "a.rb",
            "m = insecure ? OpenSSL::SSL::VERIFY_NONE : OpenSSL::SSL::VERIFY_PEER\n",
        ),
        ("a.rb", "assert_equal OpenSSL::SSL::VERIFY_NONE, f.verify_mode\n"),
        (
            "a.py",
            "import requests\npytest.raises(E, lambda: Client(verify_ssl=False))\n",
        ),
        ("a.rb", "expect(x).to have_received(:get).with(u, verify_ssl: false)\n"),
        (
            "a.go",
            "func (b *B) Skip(v bool) { b.c.InsecureSkipVerify = v }\n\n"
            "func f(b *B) { b.Skip(false) }\n",
        ),
        ("a.py", "import requests\nrequests.get(u, verify=conf.get('v', True))\n"),
        (
            "a.py",
            "import requests\n"
            "def f(u):\n    if u:\n        return True\n    return False\n"
            "requests.get(u, verify=f(u))\n",
        ),
        ("a.py", "import requests\nrequests.get(u, verify=check or True)\n"),
        ("a.py", "import requests\ns.verify, n = True, False\n"),
        ("a.js", "new Agent({ rejectUnauthorized: o.on !== false });\n"),
        ("a.js", "new Agent({ rejectUnauthorized: process.env.STRICT });\n"),
        ("a.js", "new Agent({ rejectUnauthorized: !insecure || strict });\n"),
        ("a.go", "const on = true\nvar c = &C{InsecureSkipVerify: lax && on}\n"),
        ("a.js", "new SMTPServer({ secure: false, rejectUnauthorized: false });\n"),
        ("a.py", "import requests\nrequests.get(u, verify=not lax and ca)\n"),
        (
            "a.py",
            "import requests\nclass A:\n    def __init__(self, v):\n"
            "        self.v = v\n    def f(self):\n"
            "        requests.get(u, verify=self.v)\n"
            "class B:\n    def __init__(self):\n        super().__init__(False)\n",
        ),
        (
            "a.rb",
            "require 'rest-client'\nv = options.fetch(:verify_ssl, true)\n"
            "RestClient::Request.execute(url: u, verify_ssl: v)\n",
        ),
        (
            "a.rb",
            "require 'faraday'\nOptionParser.new do |o|\n"
            "  o.on('--insecure', 'x') { h[:verify] = false }\n"
            "  o.on('-k') do\n    h[:verify] = false\n  end\nend\n",
        ),
        ("a.py", "server.listen(443, ssl_verify_peer=False)\n"),
        ("a.go", 'var c = &tls.Config{InsecureSkipVerify: x != "" && false}\n'),
        ("a.js", "new Agent({ rejectUnauthorized: x === 'true' ? true : false });\n"),
        (
            "A.java",
            'class A {\n  static final String X = "https";\n  void f(Properties p) {\n'
            '    p.put("ssl.endpoint.identification.algorithm", X);\n  }\n}\n',
        ),
        (
            "A.java",
            "class A {\n  A(boolean lax) { this.lax = lax; }\n"
            "  void f(Options o, boolean lax) { o.setTrustAll(lax); }\n}\n",
        ),
    ],
)
def test_what_is_open_or_only_told_is_no_finding(path: str, text: str) -> None:
    assert not lines(path, text)


def test_a_branch_does_not_swallow_the_next() -> None:
    text = (
        "if strict:\n    cert_reqs = ssl.CERT_REQUIRED\n"
        "else:\n    cert_reqs = ssl.CERT_NONE\n"
    )
    assert lines("a.py", text) == [4]


@pytest.mark.parametrize(
    ("path", "text"),
    [
        (
            "a.js",
            "function f(o) {\n  return new Agent({ rejectUnauthorized: o.on });\n}\n"
            "f({ on: true });\nf({ on: false });\n",
        ),
        (
            "a.ts",
            "function f(o = {}) {\n  const { check = true, ca } = o;\n"
            "  new Agent({ rejectUnauthorized: check });\n}\nf({ check: false });\n",
        ),
        (
            "a.js",
            "// a\nconst f = ({ lax: skip }) =>\n"
            "  new Agent({ rejectUnauthorized: !skip });\n"
            "f({ lax: false });f({ lax: unknown });\nf({ lax: true });\n",
        ),
        (
            "a.lua",
            "local function f(u, o)\n  http:request_uri(u, { ssl_verify = o.v })\nend\n"
            "f(u, { v = true })\nf(u, { v = false })\n",
        ),
        (
            "a.php",
            "<?php\nfunction f($o) {\n"
            "  curl_setopt($c, CURLOPT_SSL_VERIFYPEER, $o['v']);\n}\n"
            "f(['v' => 0]);\nf(['v' => 1]);\n",
        ),
        (
            "a.rs",
            "impl Client {\n"
            "  fn new(x: bool) -> C { b().danger_accept_invalid_certs(x) }\n"
            "}\nOther::new(true);\nClient::new(true);\n",
        ),
    ],
)
def test_what_callers_give_is_told_where_they_give_it(path: str, text: str) -> None:
    assert lines(path, text) == [5]


@pytest.mark.parametrize(
    ("path", "text", "expected"),
    [
        (
            "a.js",
            "class A { v = false; f() { x({ rejectUnauthorized: this.v }); } }\n"
            "class B { v = true; f() { x({ rejectUnauthorized: this.v }); } }\n",
            [1],
        ),
        (
            "a.py",
            "import requests\nclass C:\n    def __init__(self,\n"
            "                 verify_ssl=False,\n                 ):\n"
            "        self.v = verify_ssl\n    def get(self, u):\n"
            "        requests.get(u, verify=self.v)\n",
            [4],
        ),
        (
            "a.py",
            "import requests\ndef f(a, u):\n    if a:\n        v = False\n"
            "    else:\n        v = True\n    requests.get(u, verify=v)\n",
            [4],
        ),
        (
            "a.go",
            "package a\nfunc dial(skip bool) (*tls.Conn, error) {\n"
            "\treturn tls.Dial(&tls.Config{InsecureSkipVerify: skip})\n}\n"
            "func f() {\n\tdial(true)\n\tdial(false)\n}\n",
            [6],
        ),
        ("a.py", "import requests\nif o['verify']:\n    x.y = False\n", []),
        (
            "a.go",
            'package a\nfunc f(e string) *C {\n\tskip := false\n\tif has(e, "dev") {\n'
            "\t\tskip = true\n\t}\n\treturn &C{InsecureSkipVerify: skip}\n}\n",
            [5],
        ),
        (
            "a.py",
            "import requests\nclass A:\n    V = True\n"
            "    def f(self, u):\n        requests.get(u, verify=self.V)\n"
            "class B(A):\n    V = False\nclass C:\n    V = False\n",
            [7],
        ),
        (
            "a.js",
            "const p = createProxyServer({\n  target: 'https://a.example',\n"
            "  secure: false,\n});\n",
            [3],
        ),
        (
            "a.rs",
            "struct O { lax: bool }\nimpl Default for O {\n"
            "    fn default() -> Self { O { lax: true } }\n}\n"
            "fn f(o: &O) -> C { b().danger_accept_invalid_certs(o.lax).build() }\n",
            [3],
        ),
        (
            "A.java",
            "class Settings {\n  boolean lax = true;\n}\nclass A {\n"
            "  void f(WebClientOptions o, Settings s) { o.setTrustAll(s.lax); }\n}\n",
            [2],
        ),
        (
            "a.ts",
            "class Settings {\n  strict = false;\n}\nclass A {\n"
            "  constructor(private settings: Settings) {}\n"
            "  f() { return { rejectUnauthorized: this.settings.strict }; }\n}\n",
            [2],
        ),
    ],
)
def test_names_mean_what_is_nearest(path: str, text: str, expected: list[int]) -> None:
    assert lines(path, text) == expected


@pytest.mark.parametrize(
    ("path", "text", "line"),
    [
        ("a.sh", "TLS_VERIFY=false\npodman push --tls-verify=$TLS_VERIFY hub/a\n", 1),
        ("a.sh", "SKIP=true\nkubectl --insecure-skip-tls-verify=$SKIP get po\n", 2),
        (
            ".gitlab-ci.yml",
            'variables:\n  TLS_VERIFY: "false"\nbuild:\n  script:\n'
            "    - podman push --tls-verify=$TLS_VERIFY hub/a\n",
            2,
        ),
        (
            "site.yml",
            "- hosts: all\n  vars:\n    validate_certs: false\n  tasks:\n"
            '    - uri: {url: "https://hub", validate_certs: "{{ validate_certs }}"}\n',
            3,
        ),
    ],
)
def test_what_is_handed_on_is_told_where_it_is_set(
    path: str, text: str, line: int
) -> None:
    """Where it is used, if its name there says nothing."""
    assert lines(path, text) == [line]


def test_what_is_taken_out_or_refused_is_not_told() -> None:
    """Not so what asks a server that nobody knows to take something out."""
    line = "- lineinfile: {path: /etc/environment, line: GIT_SSL_NO_VERIFY=1"
    assert lines("a.yml", f"{line}, state: absent}}\n") == []
    assert lines("a.yml", f"{line}}}\n") == [1]
    guest = "- vmware_guest: {name: a, validate_certs: no, state: absent}\n"
    assert lines("a.yml", guest) == [1]


def test_where_there_is_no_tls_nothing_is_skipped() -> None:
    text = "def f(host, {}=False):\n    return {{'SkipTLSVerify': not {}}}\n"
    assert lines("a.py", text.format("tls", "tls")) == []
    assert lines("a.py", text.format("check", "check")) == [1]


_AGAIN = (
    "import requests\ndef f(u):\n    verify = True\n    while True:\n        try:\n"
    "            return requests.get(u, verify=verify)\n"
    "        except requests.exceptions.SSLError:\n            verify = False\n"
)


def test_what_a_loop_comes_back_to_is_seen() -> None:
    assert lines("a.py", _AGAIN) == [8]
    assert lines(
        "a.js",
        "async function f(u) {\n  let strict = true;\n  for (;;) {\n    try {\n"
        "      return await get(u, { rejectUnauthorized: strict });\n"
        "    } catch (e) {\n      strict = false;\n    }\n  }\n}\n",
    ) == [7]


def test_what_a_loop_does_not_come_back_to_is_not() -> None:
    behind = _AGAIN.replace("            verify = False", "    verify = False")
    assert lines("a.py", behind) == []
    assert (
        lines(
            "a.py",
            "import requests\ndef f(urls):\n    for u in urls:\n"
            "        verify = True\n        requests.get(u, verify=verify)\n"
            "        verify = False\n",
        )
        == []
    )


_PG = "postgresql://h/db?sslmode="


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("a.py", f'M = "require"\nu = f"{_PG}{{M}}"\n'),
        ("a.py", f'M = "require"\nu = "{_PG}%s" % M\n'),
        ("a.py", f'M = "require"\nu = "{_PG}{{}}&a=1".format(M)\n'),
        ("a.js", f"const m = 'require';\nconst u = `{_PG}${{m}}`;\n"),
        ("a.go", f'package a\n\nconst m = "require"\n\nvar u = "{_PG}" + m\n'),
        ("a.rb", f"M = 'require'\nPG.connect(\"{_PG}#{{M}}\")\n"),
        ("a.kt", f'const val M = "require"\nval u = "jdbc:{_PG}$M"\n'),
        ("a.php", f"<?php\nconst M = 'require';\n$u = '{_PG}' . M;\n"),
        ("a.sh", f'M=require\npsql "{_PG}$M"\n'),
    ],
)
def test_what_is_inserted_into_a_text_is_followed(path: str, text: str) -> None:
    assert lines(path, text)
    assert not lines(path, text.replace("require", "verify-full"))
