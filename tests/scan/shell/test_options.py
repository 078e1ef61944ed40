"""What a script does for an option it is given."""

from __future__ import annotations

import pytest

from tlsmith.scan.judge import judge
from tlsmith.scan.rulebook import every_rule
from tlsmith.scan.shell.options import asked_for
from tlsmith.scan.source import Source

_RUN = 'curl $OPTS -fsS "https://api.corp/"\n'


def severities(text: str) -> list[str]:
    return [one.severity for one in judge(Source("a.sh", text), every_rule())]


@pytest.mark.parametrize(
    "text",
    [
        f'case $1 in\n  -k|--insecure)\n    OPTS="-k"\n    shift\n    ;;\nesac\n{_RUN}',
        f'case $1 in\n  -v) set -x;;\n  --insecure) OPTS="-k";;\nesac\n{_RUN}',
        f'case $1 in --skip-tls-verify) OPTS="-k" ;; esac\n{_RUN}',
        'while getopts v:i flag; do\n  case "$flag" in\n    i) INSECURE=-k;;\n'
        "  esac\ndone\ncurl $INSECURE https://api.corp/\n",
        f'[ "${{1:-}}" = "--insecure" ] && OPTS="-k"\n{_RUN}',
        f'if [ "$SKIP_VERIFY" = "S" ]; then\n  OPTS="-k"\nfi\n{_RUN}',
        "ON=1\nOFF=0\nBS_TRUE=1\nINSECURE_DL=${BS_INSECURE_DL:-$BS_FALSE}\n"
        'if [ "$INSECURE_DL" -eq "$BS_TRUE" ]; then\n'
        f'  OPTS="$OPTS --insecure"\nfi\n{_RUN}',
        f'[ "$PLAIN_HTTP" = 1 ] || [ "$INSECURE" = 1 ] && OPTS=-k\n{_RUN}',
        'DISABLE_SSL=""\ncurl ${DISABLE_SSL:+-k} -fsS "https://api.corp/"\n',
        "case $1 in\n  --insecure) INSECURE=true ;;\nesac\n"
        f'if [ "$INSECURE" = true ]; then OPTS="-k"; fi\n{_RUN}',
    ],
)
def test_what_an_option_asks_for_is_told_alone(text: str) -> None:
    assert severities(text) == ["info"]


@pytest.mark.parametrize(
    "text",
    [
        f'case $1 in\n  install) OPTS="-k" ;;\nesac\n{_RUN}',
        f'case $1 in\n  --insecure) shift ;;\nesac\nOPTS="-k"\n{_RUN}',
        f'case $1 in\n  --insecure) shift ;;\n  *) OPTS="-k" ;;\nesac\n{_RUN}',
        "case $1 in\n  -d) curl -k https://api.corp/ ;;\nesac\n",
        f'[ "$1" != "--insecure" ] && OPTS="-k"\n{_RUN}',
        'DISABLE_SSL=1\ncurl ${DISABLE_SSL:+-k} -fsS "https://api.corp/"\n',
        f'INSECURE=true\nif [ "$INSECURE" = true ]; then OPTS="-k"; fi\n{_RUN}',
        f'[ "$HTTPS" = 1 ] || [ "$INSECURE" = 1 ] && OPTS=-k\n{_RUN}',
    ],
)
def test_what_nobody_needs_to_ask_for_counts(text: str) -> None:
    assert severities(text) == ["high"]


def test_the_innermost_case_that_is_open_counts() -> None:
    text = "case $1 in\n --insecure)\n  case $2 in\n   a) b ;;\n  esac\n  "
    assert list(asked_for(text, len(text))) == []
    assert list(asked_for("case $1 in\n --insecure | -v)\n  ", 29)) == ["--insecure"]
