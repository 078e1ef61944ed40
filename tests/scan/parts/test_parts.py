"""Texts that stand in others are found, and known by their place."""

from __future__ import annotations

import pytest

from tlsmith.scan.finding import Edit, Match
from tlsmith.scan.judge import judge
from tlsmith.scan.part import part_of, unescaped
from tlsmith.scan.rulebook import every_rule
from tlsmith.scan.source import Source

CURL = "curl -k https://hub.corp/a"


def found(path: str, text: str) -> list[tuple[str, int, str]]:
    """Return each finding's rule and line, and what it is about."""
    source = Source(path, text)
    return [
        (one.rule, one.line, text[one.start : one.end])
        for one in judge(source, every_rule())
    ]


@pytest.mark.parametrize(
    ("path", "text", "line"),
    [
        ("a.sh", f"ssh h '{CURL}'\n", 1),
        ("a.py", f'INSTALL = """#!/bin/bash\nset -e\n{CURL}\n"""\n', 3),
        ("a.ts", f"const userData = `#!/bin/sh\n{CURL}\n`;\n", 2),
        ("a.py", f'text = f"""FROM {{base}}\nRUN {CURL}\n"""\n', 2),
        ("a.sh", f'bash -lc "true; {CURL}"\n', 1),
        ("a.sh", f"ssh h bash -s <<EOF\n\n{CURL}\nEOF\n", 3),
        ("a.sh", f"alias get='{CURL}'\n", 1),
        ("a.sh", f"trap '{CURL}' EXIT\n", 1),
        ("a.sh", f"az vm run-command invoke --scripts 'true a' '{CURL}'\n", 1),
        ("a.sh", f'zowe uss issue ssh "cd a;{CURL}" $PROFILE\n', 1),
        ("a.sh", f'gcloud compute ssh a --command="{CURL}"\n', 1),
        ("a.sh", f"tmux new -d '{CURL}'\n", 1),
        ("a.sh", "curl ${LAX:+-k} https://hub.corp/a\n", 1),
        ("a.sh", 'X=-k\ncurl ${X:+"$X"} https://hub.corp/a\n', 1),
        ("a.ps1", f'Invoke-VMScript -VM a -ScriptText "{CURL}"\n', 1),
        ("appveyor.yml", f"install:\n  - ps: {CURL}\n", 2),
        ("a.sh", f"x=$({CURL} | jq .)\n", 1),
        ("Dockerfile", f"FROM a\nRUN apk add curl \\\n # no\n && {CURL}\n", 4),
        ("Dockerfile", f"FROM a\nRUN <<EOF\nset -e\n{CURL}\nEOF\n", 4),
        ("Dockerfile", 'FROM a\nCMD ["curl", "-k", "https://hub.corp/a"]\n', 2),
        ("Dockerfile", f"FROM a\nHEALTHCHECK --interval=3s \\\n CMD {CURL}\n", 3),
        ("Makefile", f"a:\n\t@{CURL}\n", 2),
        ("Makefile", f"A := $(shell {CURL})\n", 1),
        ("Makefile", "C = curl -k\na:\n\t$(C) https://hub.corp/a\n", 1),
        ("a.yml", "run:\n  path: curl\n  args: [-k, 'https://hub.corp/a']\n", 3),
        ("debian/rules", f"#!/usr/bin/make -f\na:\n\t{CURL}\n", 3),
        ("a.spec", f"%prep\n{CURL}\n", 2),
        ("PKGBUILD", "DLAGENTS=('https::/usr/bin/curl -k -o %o %u')\n", 1),
        ("a.sh", f"all=('echo a' '{CURL}')\n", 1),
        ("a.sh", 'get() {\n  curl $2 "$1"\n}\nget https://hub.corp/a -k\n', 4),
        ("a.sh", 'read -r -a o <<< "-s -k"\ncurl "${o[@]}" https://hub.corp/a\n', 1),
        ("a.tf", f'resource "x" "y" {{\n  inline = ["true", "{CURL}"]\n}}\n', 2),
        (
            "a.yml",
            "parameters: [{name: flags, value: '-k'}]\nsource: |\n"
            "  curl {{workflow.parameters.flags}} https://hub.corp/a\n",
            1,
        ),
        ("Makefile", f"a:\n\t$(if $(LAX),,{CURL})\n", 2),
        ("Makefile", f"a:\n\t$(foreach x,a b,$(call run,{CURL}))\n", 2),
        ("a.sh", 'c=(curl -s)\nc+=(-k)\n"${c[@]}" https://hub.corp/a\n', 2),
        ("a.sh", 'local c="curl -s"\nc="$c -k"\n$c https://hub.corp/a\n', 2),
        ("a.sh", 'c="curl"\nc+=" -k"\nc="wget"\n', 2),
        (".gitlab-ci.yml", f"a:\n  script:\n    - {CURL}\n", 3),
        (
            ".circleci/config.yml",
            'parameters: {get-flags: {type: string, default: "-k"}}\nrun: curl '
            "<< pipeline.parameters.get-flags >> https://hub.corp/a\n",
            1,
        ),
        (
            "a.yml",
            "matrix:\n  include:\n  - {os: a, flags: '-k'}\n"
            "run: curl ${{ matrix.flags }} https://hub.corp/a\n",
            3,
        ),
        (
            "a.yml",
            "env:\n  - name: FLAGS\n    value: '-k'\nrun: curl $FLAGS https://hub.corp/a\n",
            3,
        ),
        (
            ".gitlab-ci.yml",
            "spec: {inputs: {get-flags: {default: -k}}}\n---\na:\n  script:\n"
            '    - "curl $[[ inputs.get-flags ]] https://hub.corp/a"\n',
            1,
        ),
        ("b.yml", f"- run: |\n    set -e\n    {CURL}\n", 3),
        ("b.yml", "- run: >\n    curl\n    -k\n    https://hub.corp/a\n", 3),
        ("b.yml", 'command: ["sh", "-c", "curl -k https://hub.corp/a"]\n', 1),
        ("b.yml", "command:\n  - curl\n  - -k\n  - https://hub.corp/a\n", 3),
        ("b.yml", "image: curlimages/curl:8\nargs: [-k, 'https://hub.corp/a']\n", 2),
        ("package.json", f'{{"scripts": {{"a": "{CURL} -d \\"x\\""}}}}\n', 1),
        (
            "a.tf",
            f'resource "x" "y" {{\n  user_data = <<-EOF\n    {CURL}\n  EOF\n}}\n',
            3,
        ),
        ("a.tf", f'resource "x" "y" {{\n  inline = ["true a", "{CURL}"]\n}}\n', 2),
        ("a.service", f"[Service]\nExecStart=-/usr/bin/{CURL}\n", 2),
        ("cron.d/a", f"*/5 * * * * root {CURL}\n", 1),
        ("a.sh", f'(crontab -l; echo "0 3 * * 1 {CURL}") | crontab -\n', 1),
        ("a.sh", f'{{ echo "@daily {CURL}"; }} | crontab -\n', 1),
        ("a.bat", f'echo a ^>nul >> "%S_SCRIPT%"\necho {CURL} >> "%S_SCRIPT%"\n', 2),
        ("a.go", f'_ = ssh.CmdAsync(n, fmt.Sprintf("{CURL} -o %s", x))\n', 1),
        ("a.sls", f"a:\n  cmd.run:\n    - name: {CURL}\n", 3),
        ("a.pp", f"exec {{ 'a': command => '/usr/bin/{CURL}' }}\n", 1),
        ("a.pp", f"exec {{ '/usr/bin/{CURL}':\n  creates => '/a',\n}}\n", 1),
        ("a.nix", f"{{\n  script = ''\n    {CURL}\n  '';\n}}\n", 3),
        ("a.nix", f"writeShellScript \"a\" ''\n  {CURL}\n''\n", 2),
        ("a.py", f'import os\nos.system("{CURL}")\n', 2),
        ("a.py", "import subprocess\nsubprocess.run(['curl', '-k', url])\n", 2),
        ("a.py", "c = ['curl']\nc.append('-k')\nsubprocess.run(c)\n", 2),
        ("a.go", 'package a\nvar c = exec.Command("curl", "-sk", u)\n', 2),
        (
            "a.go",
            f'package a\nfunc f() {{\n\tcommands := [][]string{{\n\t\t{{"{CURL}"}},\n'
            "\t}\n\tapp.ExecCommands(ctx, image, commands)\n}\n",
            4,
        ),
        ("a.rs", 'let c = Command::new("curl")\n    .arg("-k")\n    .spawn();\n', 2),
        ("a.scala", 'val a = "curl -k https://a.corp".!!\n', 1),
        ("a.js", "execSync(`curl -k ${url}`)\n", 1),
        ("a.rb", "out = `curl -k #{url}`\n", 1),
        ("a.php", "<?php\n$o = shell_exec('curl -k ' . $url);\n", 2),
        ("Jenkinsfile", f"node {{ sh '''\n  {CURL}\n''' }}\n", 2),
    ],
)
def test_a_command_is_found_where_it_stands(path: str, text: str, line: int) -> None:
    rules = found(path, text)
    assert [(rule, at) for rule, at, _ in rules] == [("shell-curl-insecure", line)]
    assert "k" in rules[0][2]


@pytest.mark.parametrize(
    ("path", "text", "rule"),
    [
        ("a.sh", "echo insecure >> ~/.curlrc\n", "config-curl"),
        ("a.sh", "yq -i '.a[0].b.\"insecure-skip-tls-verify\" = true' kubeconfig\n",
         "config-"),
        ("a.sh", "jq '.proxy.strictSSL = false' a.json\n", "config-"),
        ("a.ts", "custom('#!/bin/bash\\ncurl -k https://a.corp\\n')\n", "shell-curl"),
        ("a.py", 'A = "set -e\\ncurl -k https://a.corp"\n', "shell-curl"),
        ("a.sh", "V=false\nnpm config set strict-ssl $V\n", "shell-npm"),
        ("a.yml", "inputs: {strict-ssl: {default: false}}\n"
         "run: npm config set strict-ssl ${{ inputs.strict-ssl }}\n", "shell-npm"),
        ("etc/default/app", 'OPTS="--log x --insecure-skip-verify"\n', "shell-"),
        ("a.sh", "postconf -e 'smtp_tls_security_level = may'\n", "config-postfix"),
        ("a.yaml.tpl", "a:\n  {{ if .b }}\n  insecure_skip_verify: true\n  {{ end }}\n",
         "config-"),
        ("a.sh", "cat > pip.conf <<E\n[global]\ntrusted-host = a\nE\n", "config-pip"),
        ("a.sh", "printf 'strict-ssl=false\\n' | sudo tee .npmrc\n", "config-tls"),
        ("a.sh", "python3 - <<E\nimport requests\nrequests.get(u, verify=False)\nE\n",
         "python-"),
        ("a.sh", "node -e \"require('https').get({rejectUnauthorized: false})\"\n",
         "javascript-"),
        ("a.sh", "{\n  echo '[http]'\n  echo 'sslVerify = false'\n} > ~/.gitconfig\n",
         "config-"),
        ("a.sh", "{\ncat <<E\n[http]\nsslVerify = false\nE\n} > ~/.gitconfig\n",
         "config-"),
        ("Dockerfile", "FROM a\nCOPY <<E /root/.curlrc\ninsecure\nE\n", "config-curl"),
        ("b.yml", "entrypoint: [python, '-c', 'import requests; "
         "requests.get(u, verify=False)']\n", "python-"),
        ("b.yml", "- replace: {path: /etc/yum.conf, regexp: a, replace: sslverify=0}\n",
         "config-tls"),
        ("a.bat", "echo [http] >> %A%\\.gitconfig\necho  sslVerify = false >> "
         "%A%\\.gitconfig\n", "config-"),
        ("a.ps1", 'Add-Content "$HOME\\.npmrc" "strict-ssl=false"\n', "config-tls"),
        ("a.ps1", "Set-Content -Path ~/.curlrc -Value 'insecure'\n", "config-curl"),
        ("a.ps1", '"strict-ssl=false" | Out-File .npmrc\n', "config-tls"),
    ],
)  # fmt: skip
def test_a_file_that_is_written_is_judged_as_one(
    path: str, text: str, rule: str
) -> None:
    assert [one for one in found(path, text) if one[0].startswith(rule)]


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("a.sh", f"echo '{CURL}'\n"),
        ("a.sh", "yq '.a.insecure-skip-tls-verify == true' kubeconfig\n"),
        ("a.sh", "V=true\nnpm config set strict-ssl $V\n"),
        ("a.sh", f"MESSAGE='{CURL}'\n"),
        ("a.sh", f"echo 'so we do not run {CURL}'\n"),
        ("a.go", f'cmd.Flags().BoolVarP(&o.k, "insecure", "k", false, "{CURL}")\n'),
        ("a.nix", f'{{ meta.description = "{CURL}"; }}\n'),
        ("a.pp", f"notify {{ 'do not {CURL}': }}\n"),
        ("a.sh", f"git log --grep='{CURL}'\n"),
        ("a.yml", f"description: {CURL}\n"),
        ("a.yml", f"# {CURL}\n"),
        ("a.yaml", "hooks:\n- entry: 'curl -k'\n  language: pygrep\n"),
        ("package.json", f'{{"description": "{CURL}"}}\n'),
        ("a.py", f'print("{CURL}")\n'),
        ("a.py", f'raise ValueError("{CURL}")\n'),
        ("a.py", f'"""{CURL}"""\n'),
        ("a.go", f'package a\n// {CURL}\nvar e = errors.New("{CURL}")\n'),
        ("Dockerfile", f"FROM a\n# {CURL}\nCOPY <<E /README.md\n{CURL}\nE\n"),
        ("a.service", f"[Unit]\nDescription={CURL}\n"),
        (
            "a.go",
            f"package a\nvar getExample = templates.Examples(`\n\t# So:\n\t{CURL}`)\n"
            "var c = &cobra.Command{Example: getExample}\n",
        ),
        ("a.go", f'package a\nvar c = &cobra.Command{{Long: "{CURL}"}}\n'),
    ],
)
def test_prose_is_not(path: str, text: str) -> None:
    assert found(path, text) == []


def test_places_survive_escapes() -> None:
    text = r'x "a\"b\nc\u0041d" y'
    part = unescaped(Source("a.json", text), text[3:-3], 3, "shell")
    assert part.source.text == 'a"b\ncAd'
    for index, character in enumerate(part.source.text):
        if character not in '"\nA':
            assert text[part.offset(index)] == character


def test_an_edit_over_a_seam_is_given_up() -> None:
    outer = Source("a.yml", "curl  -k")
    part = part_of(outer, "curl -k", [(0, 0), (5, 6)])
    seam = part.outward(Match(0, 7, edits=(Edit(3, 7, ""),)))
    assert (seam.start, seam.end, seam.edits) == (0, 8, ())
    whole = part.outward(Match(5, 7, edits=(Edit(5, 7, ""),)))
    assert whole.edits == (Edit(6, 8, ""),)
