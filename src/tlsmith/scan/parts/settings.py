"""Commands and scripts in files of settings: pipelines, manifests, units, templates."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from tlsmith.scan.config.node import ITEM, Node
from tlsmith.scan.config.reading import documents
from tlsmith.scan.part import Part, part_of, rewritten, unescaped
from tlsmith.scan.parts import defined
from tlsmith.scan.parts.listed import joined, strings_in
from tlsmith.scan.source import Source

_PROSE = re.compile(
    r"(?i)(?:^|[._-])(?:description|desc|name|title|summary|help|message|msg|notes?|doc|docs"
    r"|comment|label|label_name|usage|reason|warning|hint|text|example|examples|displayname"
    r"|longdescription|abstract|changelog|grep|pattern|regex|match|contains"
    r"|keywords|words|wiki|readme(?:\.md)?|patterns|documentation|forbid\w*|den(?:y|ied)\w*|block(?:ed|list)\w*"
    r"|disallow\w*|banned\w*|prohibit\w*)(?:\.(?:txt|md|rst|adoc))?$"
)
_TRANSLATED = re.compile(r"(?i)(?:^|/)(?:i18n|l10n|locales?|langs?|translations?)/")
"""Folders of texts that people read, each in their language."""
_PWSH = re.compile(r"(?i)pwsh|powershell|^ps$")
_BLOCK = re.compile(r"[|>][-+0-9]*[ \t]*(?:\#[^\n]*)?\r?\n$")
_HEREDOC = re.compile(r"<<[~-]?\"?'?\w+\"?'?[^\n]*\n")
_UNIT = re.compile(
    r"(?im)^[ \t]*(?:d-i[ \t]+\S+[ \t]+string[ \t]+"
    r"|[A-Za-z][\w .-]{0,200}?[ \t]{0,40}[=:][ \t]*(?:[\w.*\[\]-]+,(?=[a-z/]))?"
    r"|(?:[a-z/-]+[ \t]+)?[a-z_/]*command[a-z_]*[ \t]+(?:string[ \t]+)?)[@+!:-]*"
    r"(?P<text>\S(?:[^\\\n]|\\[\s\S])*)"
)
_DOLLARS = re.compile(r"\$\$\{")
"""In a here-document of HCL: `$${NAME}` is what a shell knows as `${NAME}`."""
_TEMPLATE = re.compile(
    r"\{\{-?[ ]*(?P<name>[A-Za-z_]\w*)[ ]*-?\}\}"
    r"|<<[ ]*(?:pipeline\.)?parameters\.(?P<parameter>[A-Za-z_][\w-]*)[ ]*>>"
    r"|\{\{[ ]*(?:inputs|workflow)\.parameters\.(?P<argument>[A-Za-z_][\w-]*)[ ]*\}\}"
    r"|\$\[\[[ ]*inputs\.(?P<input>[A-Za-z_][\w-]*)[ ]*\]\]"
)
"""A variable of Ansible's, parameters of CircleCI and Argo, an input of GitLab's."""
_LONG = 4000
_IN_KEY = re.compile(r"[\s{,]*+\"[^\"\\]*+")
_KEY_END = re.compile(r"[^\"\\]*+\"\s*+:")
_IN_VALUE = re.compile(
    r"[\s{,]*+\"(?P<key>[^\"\\]*+)\"\s*+:\s*+\"[^\"\\]*+(?:\\.[^\"\\]*+)*+"
)
_NAMING = ("filename", "destination", "path", "dest")
_ARGUMENTS = re.compile(
    r"(?i)[\w.-]*(?:args?|arguments|flags|options|opts|params|cmd|command|argv|value)"
    r"|entrypoint|exec|run|script|args\[\d+\]"
)
_SCRIPTS = frozenset(["inline", "commands", "scripts"])
"""Lists of commands, the first of which may be a single word."""
_LONG_LIST = 400
_FEW = 12
_RUNS_TEXT = re.compile(r"-(?:[ce]|-eval|r|Command|command)")
_WORD = re.compile(r"\S+")
_SALT_RUNS = re.compile(r"cmd\.(?:run|wait|script|wait_script)(?:\.|$)|^cmd$")
_BESIDE = ("command", "entrypoint", "image", "cmd", "program", "executable", "exe")


def parts(source: Source, offsets: Iterable[int]) -> Iterator[Part]:
    """The parts around some offsets, each once."""
    seen: set[int] = set()
    if _TRANSLATED.search(source.path):
        return
    if source.language.name == "ini":
        yield from _lines(source, offsets, seen)
        return
    if source.language.name == "json":
        offsets = [one for one in offsets if not _is_told(source, one)]
        if not offsets:
            return
    settings = documents(source)
    yield from defined.parts(source, offsets)
    for offset in offsets:
        for _, node in settings.values_at(offset):
            if id(node) not in seen and not _is_prose(node):
                seen.add(id(node))
                yield from _of_node(source, node)


def _is_told(source: Source, offset: int) -> bool:
    """Whether an offset lies in a key, or in prose, going by its line alone."""
    first, last = source.line_bounds(source.position(offset)[0])
    if offset - first > _LONG:
        return False
    if _IN_KEY.fullmatch(source.text, first, offset):
        return _KEY_END.match(source.text, offset, last) is not None
    found = _IN_VALUE.fullmatch(source.text, first, offset)
    return found is not None and _PROSE.search(found["key"]) is not None


def _lines(source: Source, offsets: Iterable[int], seen: set[int]) -> Iterator[Part]:
    """What stands behind `key=` in a file of lines."""
    for offset in offsets:
        first, _ = source.line_bounds(source.position(offset)[0])
        while first > 1 and source.text[first - 2] == "\\":
            first = source.text.rfind("\n", 0, first - 1) + 1
        found = _UNIT.match(source.text, first)
        if found is None or first in seen or source.zone(offset) == "comment":
            continue
        if _PROSE.search(source.text[first : found.start("text")].strip(" \t=:@+!-")):
            continue
        seen.add(first)
        text, start = found["text"].rstrip(), found.start("text")
        if len(text) > 1 and text[0] == text[-1] == '"' and " " in text:
            yield unescaped(source, text[1:-1], start + 1, "shell")
        else:
            yield part_of(source, text, [(0, start)])


def _is_prose(node: Node) -> bool:
    key = _list_of(node).key
    if key == "entry" and node.parent is not None:
        beside = node.parent.children[:30]  # what pre-commit looks for, or runs
        return any(c.key == "language" and c.value == "pygrep" for c in beside)
    if key == "name" and any(_SALT_RUNS.search(one.key) for one in node.ancestors):
        return False
    if node.key == "name" and _is_step(node):
        return False
    if key == "value" and any(one.key == "output" for one in node.ancestors):
        return True  # Terraform's, which are printed
    return _PROSE.search(key) is not None


def _of_node(source: Source, node: Node) -> Iterator[Part]:
    value = node.value.strip()
    if value.lstrip("\"'").startswith("-") and not _ARGUMENTS.fullmatch(
        _list_of(node).key
    ):
        return  # an option that is told of
    if interpreted := _interpreted(source, node):
        yield joined(source, interpreted)
        return
    if not re.search(r"\s", value) and value:
        words = list(_words_around(source, node))
        if len(words) > 1 or value.startswith("-"):
            yield joined(source, words)
        return
    if source.language.name == "hcl":
        yield from _of_hcl(source, node)
        return
    yield _scalar(source, node, _language_of(node))


def _list_of(node: Node) -> Node:
    """The list that an entry is in; what is no entry stands for itself."""
    return node if node.key != ITEM or node.parent is None else node.parent


def _interpreted(source: Source, node: Node) -> list[tuple[str, int]]:
    """The words of the list that a script stands in behind `python -c`, or none."""
    if node.key != ITEM or node.parent is None:
        return []
    items = node.parent.children[:_FEW]
    at = next((place for place, item in enumerate(items) if item is node), 0)
    if at < 2 or not _RUNS_TEXT.fullmatch(items[at - 1].value.strip()):
        return []
    return [(item.value.strip(), _place(source, item)) for item in items[: at + 1]]


def _of_hcl(source: Source, node: Node) -> Iterator[Part]:
    """A string, a list of strings, or a here-document, which may be another file."""
    start, end = node.value_start, node.end
    strings = (
        [] if node.value.startswith("<<") else list(strings_in(source, start, end))
    )
    if len(strings) < 2:
        beside = node.parent.children if node.parent is not None else []
        named = (child.value for child in beside[:30] if child.key in _NAMING)
        yield _scalar(source, node, _language_of(node), next(named, ""))
    elif re.search(r"\s", strings[0][0]) or node.key in _SCRIPTS:
        language = _language_of(node)
        for text, begin in strings:
            yield part_of(source, text, [(0, begin)], language)
    else:
        yield joined(source, strings)


def _words_around(source: Source, node: Node) -> Iterator[tuple[str, int]]:
    """The words of the command that a program's name begins: what follows in its list,
    and what stands beside it as `args`.
    """
    node = _program_of(node) or node
    yield node.value.strip(), _place(source, node)
    holder = _list_of(node)
    if holder is not node:
        behind = False
        for child in holder.children if len(holder.children) < _LONG_LIST else ():
            if behind and not child.children:
                yield child.value.strip(), _place(source, child)
            behind = behind or child is node
    beside = holder.key.lower() in _BESIDE or _is_step(holder) or _is_task(holder)
    if not beside or holder.parent is None:
        return
    if holder.key in ("image", "name") and _has_program(holder.parent):
        return
    for child in holder.parent.children:
        if (
            child.key.lower() in ("args", "arguments", "command")
            and child is not holder
        ):
            for item in child.children:
                yield item.value.strip(), _place(source, item)
            if source.language.name == "hcl":
                yield from strings_in(source, child.value_start, child.end)
            elif not child.children and "\n" not in child.value:
                place = _place(source, child)
                for found in _WORD.finditer(child.value):
                    yield found.group(), place + found.start()


def _program_of(node: Node) -> Node | None:
    """What runs the arguments that a node is one of: the command beside them, else the
    image.
    """
    holder = node.parent
    if node.key != ITEM or holder is None or holder.parent is None:
        return None
    if holder.key.lower() not in ("args", "arguments"):
        return None
    beside = {child.key.lower(): child for child in holder.parent.children[:40]}
    names = ["command", "entrypoint", "image", "name"]
    names += ["path"] if holder.parent.key == "run" else []  # a task of Concourse
    for name in names:
        found = beside.get(name)
        if found is not None and (name != "name" or _is_step(found)):
            return found.children[0] if found.children else found
    return None


def _is_task(node: Node) -> bool:
    """Whether it names the program that a task of Concourse runs."""
    return node.key == "path" and node.parent is not None and node.parent.key == "run"


def _is_step(node: Node) -> bool:
    """Whether it names the image that a step of Cloud Build runs, with arguments."""
    return (
        node.key == "name"
        and "/" in node.value
        and node.parent is not None
        and any(child.key == "args" for child in node.parent.children[:20])
    )


def _has_program(container: Node) -> bool:
    """Whether a container runs another program than its image's. Kubernetes, whose
    containers are a list, calls it `command`, which is what Compose calls arguments.
    """
    others = ("command", "entrypoint") if container.key == ITEM else ("entrypoint",)
    return any(child.key in others for child in container.children)


def _place(source: Source, node: Node) -> int:
    start = max(node.value_start, node.start)
    return start + (source.text[start : start + 1] in ("'", '"'))


def _language_of(node: Node) -> str:
    holder = node.parent
    beside = holder.children if holder is not None else []
    shell = next((child.value for child in beside[:30] if child.key == "shell"), "")
    runner = holder.value if holder is not None and holder.key == "provisioner" else ""
    if any(map(_PWSH.search, (node.key, runner, shell, _task_of(node)))):
        return "powershell"
    if _is_github_script(node):
        return "javascript"
    if "python" in shell:
        return "python"
    head = node.value.lstrip()[:60].split("\n")[0]
    if head.startswith("#!"):
        for name in ("python", "node", "ruby", "perl", "pwsh"):
            if name in head:
                return {"node": "javascript", "pwsh": "powershell"}.get(name, name)
    return "shell"


def _is_github_script(node: Node) -> bool:
    """Whether it is what `actions/github-script` is given to run."""
    inputs = node.parent
    if node.key != "script" or inputs is None or inputs.key != "with":
        return False
    beside = inputs.parent.children[:30] if inputs.parent is not None else []
    return any(one.key == "uses" and "github-script" in one.value for one in beside)


def _task_of(node: Node) -> str:
    """The name of the task that Azure runs with the inputs a setting is one of."""
    inputs = node.parent
    if inputs is None or inputs.key != "inputs" or inputs.parent is None:
        return ""
    beside = inputs.parent.children[:30]
    return next((child.value for child in beside if child.key == "task"), "")


def _scalar(source: Source, node: Node, language: str, path: str = "") -> Part:
    """A value as a text of its own, or as a file of this name."""
    start, end = node.value_start, node.end
    raw = source.text[start:end]
    header = _BLOCK.search(
        source.text, max(source.text.rfind("\n", 0, start - 1), 0), start
    )
    if header:
        text = _folded(raw) if header[0].startswith(">") else raw
        return _templated(source, text, start, language)
    if document := _HEREDOC.match(raw):
        at = document.end()
        written = rewritten(raw[at:], start + at, _DOLLARS, lambda _: "${")
        return part_of(source, *written, language, path)
    quote = raw[:1]
    if quote == '"' and raw.endswith('"') and len(raw) > 1:
        text = _folded(raw[1:-1])
        if "\\" in text:
            return unescaped(source, text, start + 1, language)
        return _templated(source, text, start + 1, language)
    if quote == "'" and raw.endswith("'") and len(raw) > 1:
        return _templated(source, _folded(raw[1:-1]), start + 1, language)
    if source.language.name == "yaml":
        raw = _folded(raw)
    return _templated(source, raw, start, language)


def _templated(source: Source, text: str, start: int, language: str) -> Part:
    """A text in which Ansible's `{{ name }}` and their like are shell variables."""
    if language != "shell":
        return part_of(source, text, [(0, start)], language)
    written = rewritten(text, start, _TEMPLATE, _as_variable)
    return part_of(source, *written, language)


def _as_variable(found: re.Match[str]) -> str:
    """The variable that a template stands for, as those who look it up write it."""
    if found["name"]:
        return f"${{{found['name']}}}"
    name = found["parameter"] or found["argument"] or found["input"]
    return f"${{{{ inputs.{name} }}}}"


def _folded(text: str) -> str:
    """YAML's folding, no character moved: a line break is a space."""
    return re.sub(r"(?<!\\)\n(?=[ \t]*\S)", " ", text)
