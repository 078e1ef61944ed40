"""A person's own environment on Windows: `HKCU\\Environment`, with `reg`.

The registry is no file, so what was there before is kept in the registry as well, in a
key of ours, and is there before anything is changed.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Self

from tlsmith.errors import FileError, PrivilegeError, ToolMissingError, TrustStoreError
from tlsmith.files import read_file
from tlsmith.truststores.base import Completed, Host, Root, TrustStore, certificates_in

_KEY = r"HKCU\Environment"
_OURS = r"HKCU\Software\tlsmith-environment"
_FACTS = "facts"
_LINE = re.compile(r"^ {4}(?P<name>\S.*?) {4}(?P<kind>REG_\w+)(?: {4}(?P<value>.*))?$")
# Deleting what is not there changes nothing, and has .NET tell running programs.
_TELL = "[Environment]::SetEnvironmentVariable('tlsmith', $null, 'User')"


@dataclass(frozen=True)
class WindowsEnvironmentStore(TrustStore):
    """The variables of a person; `place` is the registry's key.

    Args:
        variables: those to set; none to leave those there are.
        bundle: the file they lead to.
    """

    variables: tuple[tuple[str, str], ...] = ()
    bundle: str = ""

    name: ClassVar[str] = "windows-env"
    family: ClassVar[str] = "env"

    @classmethod
    def detect(cls, host: Host) -> Sequence[Self]:
        """Return the store where we have set variables."""
        if host.runner.find("reg") is None:
            return []
        facts = cls(host, _KEY)._facts()
        return [cls(host, _KEY, bundle=facts["bundle"])] if facts else []

    @classmethod
    def here(
        cls, host: Host, variables: Sequence[tuple[str, str]], bundle: str
    ) -> Self:
        """Return the store, whether anything is set there or not."""
        return cls(host, _KEY, tuple(variables), bundle)

    @property
    def machine_wide(self) -> bool:
        return False

    @property
    def is_there(self) -> bool:
        return True

    def check_changeable(self) -> None:
        """Check for `reg`."""
        if self.host.runner.find("reg") is None:
            raise ToolMissingError("reg is not on this machine", store=self.name)

    def touches(self) -> Sequence[str]:
        """Return nothing: it has no files."""
        return []

    def in_use(self) -> bool:
        """Tell that putting files back undoes nothing here."""
        return True

    def contains(self, root: Root) -> bool:
        """Tell whether the variables are set, to a bundle that has the root."""
        facts = self._facts()
        if root.fingerprint not in facts.get("roots", ()):
            return False
        now = self._values(_KEY)
        wanted = dict(self.variables) or facts["set"]
        if any(now.get(name, ("", ""))[1] != value for name, value in wanted.items()):
            return False
        try:
            return root.der in certificates_in(read_file(facts["bundle"]))
        except FileError:
            return False

    def is_ours(self, root: Root) -> bool:
        """Tell whether we have noted the root."""
        return root.fingerprint in self._facts().get("roots", ())

    def install(self, roots: Sequence[Root]) -> None:
        """Note what there is, then set the variables."""
        facts, now = self._facts(), self._values(_KEY)
        wanted = dict(self.variables) or facts.get("set", {})
        before = facts.get("before", {})
        for name, value in wanted.items():
            current = now.get(name)
            is_ours = current is not None and current[1] in (
                facts.get("set", {}).get(name),
                value,
            )
            if not (is_ours and name in before):
                before[name] = current
        names = [*facts.get("roots", ()), *(root.fingerprint for root in roots)]
        self._note(
            {
                "roots": list(dict.fromkeys(names)),
                "set": {**facts.get("set", {}), **wanted},
                "before": before,
                "bundle": self.bundle or facts.get("bundle", ""),
            }
        )
        for name, value in wanted.items():
            self._reg("add", _KEY, "/v", name, "/t", "REG_SZ", "/d", value, "/f")
        self._tell()

    def remove(self, roots: Sequence[Root]) -> None:
        """Strike the roots out; with the last, put back what there was before."""
        facts = self._facts()
        if not facts:
            return
        gone = {root.fingerprint for root in roots}
        facts["roots"] = [name for name in facts["roots"] if name not in gone]
        if facts["roots"]:
            self._note(facts)
            return
        now = self._values(_KEY)
        for name, value in facts["set"].items():
            if name not in now or now[name][1] != value:
                continue  # somebody else's by now
            earlier = facts["before"].get(name)
            if earlier is None:
                self._reg("delete", _KEY, "/v", name, "/f")
            else:
                kind, text = earlier
                self._reg("add", _KEY, "/v", name, "/t", kind, "/d", text, "/f")
        self._reg("delete", _OURS, "/f")
        self._tell()

    def steps(self, roots: Sequence[Root]) -> Sequence[str]:
        """Return what installing would do."""
        return [f"set variables in {_KEY}"]

    def _facts(self) -> dict[str, Any]:
        """Return what we noted; nothing where we have set nothing.

        Raises:
            TrustStoreError: it is damaged.
        """
        noted = self._values(_OURS).get(_FACTS)
        if noted is None:
            return {}
        try:
            facts: dict[str, Any] = json.loads(base64.b64decode(noted[1]))
        except ValueError as error:
            raise self.error(
                f"what is noted in {_OURS!r} cannot be understood",
                f"take the variables out by hand, then: reg delete {_OURS}",
            ) from error
        return facts

    def _note(self, facts: Mapping[str, Any]) -> None:
        # Base64: nothing in it is anything to reg.
        text = base64.b64encode(json.dumps(facts).encode()).decode()
        self._reg("add", _OURS, "/v", _FACTS, "/t", "REG_SZ", "/d", text, "/f")

    def _values(self, key: str) -> dict[str, tuple[str, str]]:
        """Return name to (type, value) of what a key holds."""
        ended = self._run("query", key)
        lines = ended.stdout.decode(errors="replace").splitlines()
        found = [match for match in map(_LINE.match, lines) if match]
        return {m["name"]: (m["kind"], m["value"] or "") for m in found}

    def _reg(self, *arguments: str) -> None:
        ended = self._run(*arguments)
        if ended.code == 0:
            return
        if "denied" in ended.output.lower():
            raise PrivilegeError(f"{arguments[1]!r} is not ours", store=self.name)
        raise TrustStoreError(
            f"reg could not change {arguments[1]!r}: {ended.last_line}", store=self.name
        )

    def _run(self, *arguments: str) -> Completed:
        tool = self.host.runner.find("reg") or "reg"
        return self.host.runner.run([tool, *arguments])

    def _tell(self) -> None:
        """Have programs that are running know; those who miss it know at next login."""
        tool = self.host.runner.find("powershell")
        if tool is not None:
            words = ["-NoProfile", "-NonInteractive", "-Command", _TELL]
            self.host.runner.run([tool, *words])
