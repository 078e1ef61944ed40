"""The script of a root ceremony: what people print, follow aloud, and sign.

A root whose key never was on a machine with a network cannot be stolen over one. What
makes others believe that is not a program but people who were there, each step on
paper with a name behind it.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from datetime import date
from typing import NamedTuple

from tlsmith.core.describe.plain import is_unsafe
from tlsmith.core.keys import KINDS
from tlsmith.errors import InputError

ROOT_KEY, ROOT_CERTIFICATE = "root-key.pem", "root.pem"
REQUEST, ANSWER = "intermediate.csr", "answer.pem"
_LINE = "_" * 28
_SHORT = "_" * 12
# A SHA-256 in groups of four, as it is read aloud.
_FINGERPRINT = "\n".join(["    " + " ".join(["____"] * 8)] * 2)


class Ceremony(NamedTuple):
    """What the script is for.

    Args:
        name: of the CA; the common names of both begin with it.
        store: the `--store` of the server that gets the intermediate.
        day: when it is to be; a blank to fill in without one.
        copies: of the root's key, each sealed and kept in a place of its own.
        key_holders: how many people each know a part of the passphrase.
        witnesses: how many people only watch, and sign for what they saw.
        base_url: where CRLs, OCSP and certificates will be read.
    """

    name: str
    store: str
    root_key: str = "p384"
    root_days: int = 7300
    intermediate_key: str = "p256"
    intermediate_days: int = 1825
    day: date | None = None
    copies: int = 2
    key_holders: int = 2
    witnesses: int = 1
    base_url: str = ""


def ceremony_script(ceremony: Ceremony) -> str:
    """Return the script of a root ceremony, Markdown made to be printed.

    Raises:
        InputError: a number, a kind of key or a name that no ceremony can have.
    """
    _check(ceremony)
    parts = (
        _title(ceremony),
        _people(ceremony),
        _things(ceremony),
        _machine(),
        _root(ceremony),
        _copies(ceremony),
        _request(ceremony),
        _signing(ceremony),
        _import(ceremony),
        _end(ceremony),
    )
    steps = _Steps()
    return "\n\n".join(steps.numbered(part) for part in parts) + "\n"


class _Steps:
    """Numbers what is to be done through all parts: `@` at the start of a line."""

    def __init__(self) -> None:
        self._last = 0

    def numbered(self, text: str) -> str:
        return "\n".join(self._line(line) for line in text.strip("\n").split("\n"))

    def _line(self, line: str) -> str:
        if not line.startswith("@ "):
            return line
        self._last += 1
        return f"**{self._last}.** ☐ {line[2:]}"


def _check(ceremony: Ceremony) -> None:
    for what in (ceremony.name, ceremony.store, ceremony.base_url or "none"):
        if not what.strip() or is_unsafe(what):
            raise InputError(
                f"{what!r} cannot be printed: it is empty, or has control characters",
                hint="write it in plain characters",
            )
    if "@" in ceremony.store:
        raise InputError(
            "the store's URL may hold a password, which would be printed",
            hint="leave the user and the password out: take them from PGUSER and "
            "PGPASSFILE on the server",
        )
    for kind in (ceremony.root_key, ceremony.intermediate_key):
        if kind not in KINDS:
            raise InputError(
                f"no kind of key is called {kind!r}",
                hint=f"choose from {', '.join(KINDS)}",
            )
    if not 0 < ceremony.intermediate_days < ceremony.root_days:
        raise InputError(
            f"an intermediate of {ceremony.intermediate_days} days under a root of "
            f"{ceremony.root_days}: it must end before its root does",
            hint="give the root more days, or the intermediate fewer",
        )
    for count, of in (
        (ceremony.copies, "copies of the key"),
        (ceremony.key_holders, "key holders"),
        (ceremony.witnesses, "witnesses"),
    ):
        if not 1 <= count <= 12:
            raise InputError(
                f"{count} {of}, where a ceremony has 1 to 12", hint="count once more"
            )


def _title(ceremony: Ceremony) -> str:
    day = f"{ceremony.day:%Y-%m-%d}" if ceremony.day else _SHORT
    return f"""
# Root ceremony: {_plain(ceremony.name)}

Day {day}   Begun at {_SHORT} UTC   Place {_LINE}

One person reads each step aloud, another does it, the others watch. Tick the box when
it is done and seen. Where something is not as it is written here, stop: write down what
was seen, and decide together before going on. Nobody is alone in the room with the
machine before the last step.

Fingerprints are read aloud in groups of four, and said back by somebody who reads them
from the other screen or paper. One wrong character means the wrong file.
"""


def _people(ceremony: Ceremony) -> str:
    roles = [
        "Leads, reads this script aloud",
        "Operates the machine",
        *_each("Key holder", ceremony.key_holders),
        *_each("Witness", ceremony.witnesses),
    ]
    return "## Who is here\n\n" + _table(
        ("Role", "Name", "Proof of identity", "Initials"), roles
    )


def _things(ceremony: Ceremony) -> str:
    return f"""
## What is on the table

@ A computer whose radios and disks were taken out, or that never had any.
@ Its system on a medium that cannot be written, its checksum known to two people.
@ The files of tlsmith and its dependencies, with the checksums its release lists.
@ {_media(ceremony.copies)} for the root's key, and one more to carry files: new, from a
  sealed package.
@ {_counted(ceremony.copies, "envelope")} that cannot be opened unseen, and this script
  printed twice.
"""


def _machine() -> str:
    return f"""
## The machine

@ Start it from its medium. No cable but that of power is in it.
@ There is no network. The first command lists `lo` alone, the second nothing:

```
ip -brief link
ip route
```

@ Nothing is written to a disk. The first prints nothing, the second `tmpfs`:

```
swapon --show
mkdir -p /run/ceremony && cd /run/ceremony && umask 077 && findmnt -no FSTYPE -T .
```

@ Its clock is right, to the minute, by a watch of somebody here. It says {_SHORT}:

```
date -u
```

@ tlsmith is the one that was released. Its version is {_SHORT}:

```
sha256sum --check checksums.txt
tlsmith --version
```
"""


def _root(ceremony: Ceremony) -> str:
    command = _command(
        "tlsmith ca init --root-only",
        ("--name", ceremony.name),
        ("--key", ceremony.root_key),
        ("--root-days", str(ceremony.root_days)),
        ("--root-key-file", ROOT_KEY),
        ("--root-cert", ROOT_CERTIFICATE),
    )
    return f"""
## The root

@ Each key holder has a part of the passphrase: at least six words by dice, that nobody
  else ever saw, on paper in an envelope of their own.
@ Make the root. Asked for the passphrase, the key holders type their parts one after
  another, in the order of the list above, while the others look away; then once more:

{command}

@ It prints the fingerprint (SHA-256) of the root. Read it aloud; all write it down:

{_FINGERPRINT}

@ Look at what was made:

```
tlsmith show {ROOT_CERTIFICATE}
```

@ The subject is {_plain(ceremony.name)} Root CA. It is a CA, signed by its own key,
  of the kind {ceremony.root_key}, and lives {ceremony.root_days} days. Its last day
  is {_SHORT}.
"""


def _copies(ceremony: Ceremony) -> str:
    rows = [f"Copy {number}" for number in range(1, ceremony.copies + 1)]
    return f"""
## Copies of the key

The key is encrypted. A copy is of no use without all parts of the passphrase, and the
passphrase of none without a copy: no place below may hold both.

@ Copy `{ROOT_KEY}` and `{ROOT_CERTIFICATE}` to each medium. Take each out, put it in
  again, and see that all checksums are the same:

```
sha256sum {ROOT_KEY} /media/*/{ROOT_KEY}
```

@ Put each into its envelope, seal it, and sign across the seal.

{_table(("Copy", "Number of the seal", "Where it will be", "Who takes it"), rows)}
"""


def _request(ceremony: Ceremony) -> str:
    command = _command(
        "tlsmith ca init --offline-root",
        ("--name", ceremony.name),
        ("--key", ceremony.intermediate_key),
        ("--store", ceremony.store),
        *_base_url(ceremony),
    )
    store = shlex.quote(ceremony.store)
    return f"""
## The request of the intermediate (at the server)

@ The server makes the key of its intermediate, which never leaves it, and a request:

{command}

@ It prints the fingerprint (SHA-256) of the request's public key:

{_FINGERPRINT}

@ Write the request to the medium for carrying:

```
tlsmith ca export --csr --store {store} > {REQUEST}
```

@ Carry `{REQUEST}` here, on the medium for carrying. One of those who saw the
  fingerprint comes with it.
"""


def _signing(ceremony: Ceremony) -> str:
    command = _command(
        f"tlsmith ca sign-intermediate {REQUEST}",
        ("--days", str(ceremony.intermediate_days)),
        ("--root-key-file", ROOT_KEY),
        ("--out", ANSWER),
        *_base_url(ceremony),
    )
    return f"""
## Signing the intermediate (at the machine)

@ Copy the request from the medium, and look at it. The fingerprint (SHA-256) of its
  public key is the one written above:

```
tlsmith show {REQUEST}
```

@ Sign it. The key holders type the passphrase as before:

{command}

@ It prints the fingerprints (SHA-256) of the request's key and of the root, which are
  those above, and of the intermediate's certificate:

{_FINGERPRINT}

@ Copy `{ANSWER}` and `{ROOT_CERTIFICATE}`, and nothing else, to the medium for
  carrying. This command lists those two and the request:

```
ls -A /media/carry
```
"""


def _import(ceremony: Ceremony) -> str:
    command = _command(f"tlsmith ca import {ANSWER}", ("--store", ceremony.store))
    return f"""
## The intermediate comes into use (at the server)

@ Take it in. The fingerprints that it prints are the two written above, that of the
  root and that of the intermediate:

{command}

@ It serves the chain, and clients that trust `{ROOT_CERTIFICATE}` accept it:

```
tlsmith ca show --store {shlex.quote(ceremony.store)}
```
"""


def _end(ceremony: Ceremony) -> str:
    people = [
        "Leads",
        "Operates",
        *_each("Key holder", ceremony.key_holders),
        *_each("Witness", ceremony.witnesses),
    ]
    return f"""
## The end

@ Switch the machine off, and take the power from it for a minute: what it held in
  memory is gone.
@ The envelopes leave with those who are named above, each to its place.
@ Both printed scripts are signed; they are kept in two places, with no envelope.

What was not as it is written here:

{_LINE * 3}

{_LINE * 3}

Ended at {_SHORT} UTC. I was here from the first step to the last, and saw done what is
ticked:

{_table(("Role", "Name", "Signature", "Day and time"), people)}
"""


def _base_url(ceremony: Ceremony) -> tuple[tuple[str, str], ...]:
    return (("--base-url", ceremony.base_url),) if ceremony.base_url else ()


def _command(start: str, *options: tuple[str, str]) -> str:
    """Return a command in a block, an option a line so that it fits on paper."""
    lines = [start, *(f"{name} {shlex.quote(value)}" for name, value in options)]
    return "```\n" + " \\\n  ".join(lines) + "\n```"


def _table(headings: Sequence[str], rows: Sequence[str]) -> str:
    blanks = " | ".join([_SHORT] * (len(headings) - 1))
    return "\n".join(
        (
            f"| {' | '.join(headings)} |",
            "|" + "-|" * len(headings),
            *(f"| {row} | {blanks} |" for row in rows),
        )
    )


def _each(role: str, count: int) -> Iterator[str]:
    for number in range(1, count + 1):
        yield role if count == 1 else f"{role} {number}"


def _media(count: int) -> str:
    return "One medium" if count == 1 else f"{count} media"


def _counted(count: int, noun: str) -> str:
    return f"One {noun}" if count == 1 else f"{count} {noun}s"


def _plain(text: str) -> str:
    """Return text that Markdown shows as it is."""
    return "".join(f"\\{one}" if one in "\\`*_{}[]<>#|!" else one for one in text)
