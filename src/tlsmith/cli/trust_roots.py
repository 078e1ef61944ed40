"""Which roots `tlsmith trust` is about: those of the local CA, or of a file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from tlsmith.cli.output import is_somebody_there, say, warn
from tlsmith.errors import InputError, ProfileError
from tlsmith.files import read_file
from tlsmith.truststores import Root, check_root, parse_roots

# All the roots of a public bundle are a quarter of a megabyte.
_LARGEST = 16 * 1024 * 1024


class RootToBe(Root):
    """Stands for the root of a local CA that is made only when it is needed."""

    def may_vouch_for(self, kind: str, host: str) -> bool:
        """Tell whether a local CA may sign for a host, where nothing else is asked."""
        from tlsmith.core.constraints import development_constraints
        from tlsmith.local.reach import DEVELOPMENT_DOMAINS, PRIVATE_NETWORKS

        usual = development_constraints(DEVELOPMENT_DOMAINS, PRIVATE_NETWORKS)
        return usual.permits(kind, host)


NOT_MADE_YET = RootToBe(b"the root of a CA that is not made yet")


@dataclass(frozen=True)
class Refused:
    """A certificate that is not made a trusted root, though others of its file are.

    Args:
        name: what messages call it.
    """

    root: Root
    name: str
    reasons: tuple[str, ...]

    def facts(self) -> dict[str, Any]:
        """Return what is printed with --json."""
        return {
            "root": self.root.fingerprint,
            "certificate": self.name,
            "reasons": list(self.reasons),
        }


@dataclass(frozen=True)
class Chosen:
    """The roots to install.

    Args:
        doubts: what a person should be asked about before.
    """

    roots: list[Root]
    refused: list[Refused] = field(default_factory=list)
    doubts: list[str] = field(default_factory=list)

    @property
    def were_asked_about(self) -> bool:
        """Whether a person has been asked, and so need not be again."""
        return bool(self.doubts) and is_somebody_there()


def local_roots(home: str) -> list[Root]:
    """Return the roots of the local CA and those before it, the one in use first."""
    from tlsmith.local import trusted_roots

    return [Root(der) for der in trusted_roots(home)]


def named_roots(path: str) -> list[Root]:
    """Return the certificates of a file, which need not be good roots.

    Raises:
        FileError, InputError: it cannot be read, or holds none.
    """
    roots, warnings = parse_roots(read_file(path, largest=_LARGEST), path)
    for warning in warnings:
        warn(warning)
    return roots


def roots_to_install(path: str | None, home: str, *, dry_run: bool) -> Chosen:
    """Return the good roots of a file, or the local CA's, made where there is none.

    Args:
        path: None for the local CA's.

    Raises:
        FileError, InputError: the file cannot be read, or holds no certificate.
        ProfileError: no certificate in it can be a trusted root.
    """
    now = datetime.now(UTC)
    if path is not None:
        return _judged(named_roots(path), path, now)
    roots = local_roots(home)
    if not roots and dry_run:
        return Chosen([NOT_MADE_YET])
    if not roots:
        from tlsmith.local import ensure_authority

        authority, _ = ensure_authority(home, now)
        roots = [Root(authority.root)]
        say("made the local CA: it can vouch for development names only")
    # Those before it stay where they are: what they signed goes on working.
    return Chosen(roots[:1])


def is_agreed(doubts: Sequence[str], *, yes: bool) -> bool:
    """Warn of what speaks against a root; ask once, where there is somebody to ask.

    Args:
        yes: whether the answer is known.
    """
    for doubt in doubts:
        warn(doubt)
    if not doubts or yes or not is_somebody_there():
        return True
    import click

    return click.confirm("Trust it all the same?", default=False, err=True)


def _judged(roots: Sequence[Root], path: str, now: datetime) -> Chosen:
    chosen = Chosen([])
    for number, root in enumerate(roots, 1):
        name = f"the certificate in {path!r}"
        if len(roots) > 1:
            name = f"certificate {number} in {path!r}{_subject(root)}"
        try:
            doubts = check_root(root, now, path)
        except (InputError, ProfileError) as error:
            if len(roots) == 1:
                raise
            reasons = getattr(error, "reasons", (error.message,))
            chosen.refused.append(Refused(root, name, reasons))
        else:
            chosen.roots.append(root)
            chosen.doubts.extend(f"{name}: {doubt}" for doubt in doubts)
    if not chosen.roots:
        raise ProfileError(
            f"no certificate in {path!r} can be a trusted root",
            reasons=[f"{one.name}: {'; '.join(one.reasons)}" for one in chosen.refused],
            hint="give the self-signed certificate at the top of the chain",
        )
    for one in chosen.refused:
        warn(f"{one.name} is left out: {'; '.join(one.reasons)}")
    return chosen


def _subject(root: Root) -> str:
    from cryptography.x509 import load_der_x509_certificate

    try:
        subject = load_der_x509_certificate(root.der).subject.rfc4514_string()
    except ValueError:
        return ""
    return f" ({subject})" if subject else ""
