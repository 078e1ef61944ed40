"""What `tlsmith scan --env --fix` says of this environment, which it cannot change."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable

from tlsmith.cli.output import say
from tlsmith.scan.finding import Finding


def discreet(tell: Callable[[str], None]) -> Callable[[str], None]:
    """The same way to tell, without the secrets that stand beside what is mended."""
    from tlsmith.scan.runtime import masked

    return lambda text: tell(masked(text))


def say_what_to_unset(findings: Iterable[Finding]) -> None:
    """Print the lines for this shell that take variables out of its environment.

    No program can change the environment of the shell that started it.
    """
    from tlsmith.scan.runtime import CALLED, PREFIX, is_whole

    names = {
        finding.path.removeprefix(PREFIX): None
        for finding in findings
        if finding.path.startswith(PREFIX)
        and finding.suppressed is None
        and is_whole(finding)
    }
    if names:
        say("not mended: this shell's environment is its own to change; run there:")
    for name in names:
        function = name.removesuffix(CALLED)
        say(f"  unset -f {function}" if function != name else f"  {_unset(name)}")


def _unset(name: str) -> str:
    if sys.platform == "win32":
        return f"Remove-Item Env:{name}"
    fish = os.path.basename(os.environ.get("SHELL", "")) == "fish"
    return f"set -e {name}" if fish else f"unset {name}"
