"""The variables with which every client trusts the local CA and the public roots."""

from __future__ import annotations

import contextlib
import os
import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from tlsmith.errors import FileError, InputError
from tlsmith.files import read_file, write_file
from tlsmith.local.bundle import (
    SYSTEM_FOLDERS,
    Bundle,
    Locate,
    certificates_at,
    refresh_bundle,
    sources_of,
    system_bundle,
)
from tlsmith.local.configured import configured_files
from tlsmith.local.variables import (
    KEPT_FOLDER,
    VARIABLES,
    Variable,
    turns_verification_off,
)

_JAVA = "JAVA_TOOL_OPTIONS"
# Java opens no PKCS#12 file without a password; this one is every Java's own.
_JAVA_PASSWORD = "changeit"  # noqa: S105 -- of a file of public certificates
_PHP_FILE = "tlsmith.ini"


@dataclass(frozen=True)
class Setting:
    """A variable with the value it is to have.

    Args:
        effect: "adds" or "replaces".
    """

    name: str
    value: str
    clients: str
    effect: str
    fact: str


@dataclass(frozen=True)
class Environment:
    """What makes clients trust the local CA, its files on disk and up to date.

    Args:
        bundle: public roots, ours, and the person's own.
        roots: ours, and those that a variable that adds had named.
        warnings: what could not be kept, in words.
        switched_off: variables set now that turn verification off.
    """

    settings: tuple[Setting, ...]
    bundle: Bundle
    roots: Bundle
    warnings: tuple[str, ...]
    switched_off: tuple[str, ...]

    @property
    def values(self) -> dict[str, str]:
        """The variables, by name."""
        return {setting.name: setting.value for setting in self.settings}


def prepare_environment(
    home: str,
    roots: Sequence[bytes],
    environ: Mapping[str, str],
    *,
    locate: Locate = str,
    java: bool = False,
) -> Environment:
    """Bring the files up to date, and return the variables that lead to them.

    What a variable names now is kept: it is folded into the bundle.

    Args:
        home: the folder of the local CA.
        roots: DER, of the local CA.
        environ: as it is now.
        locate: turns a path of the system into the one to look at.
        java: JAVA_TOOL_OPTIONS as well, with a truststore of the whole bundle.

    Raises:
        FileError: a bundle cannot be written.
        InputError: the folder's name cannot be the value of a variable.
    """
    if any(mark in home for mark in "\r\n\0"):
        raise InputError(
            f"{home!r} has a line break in it, which no variable can hold everywhere",
            hint="set TLSMITH_HOME to another folder",
        )
    if any("\ud800" <= character <= "\udfff" for character in home):
        raise InputError(
            f"{home!r} is not UTF-8, which not every client reads",
            hint="set TLSMITH_HOME to another folder",
        )
    told: list[str] = []
    public = system_bundle(locate)
    if public is None:
        told.append("this machine has no file of public roots: only ours are trusted")
    # What is configured in files is hidden by a variable just as much.
    now = {**configured_files(environ, locate), **_set_in(environ)}
    replaced = _sources("replaces", now, home, told)
    if environ.get(KEPT_FOLDER):
        replaced += _folder_sources(environ[KEPT_FOLDER], locate)
    own = [source for source in replaced if not _is_same_file(source, public)]
    bundle = refresh_bundle(home, roots, own, public=public or "")
    ours = refresh_bundle(home, roots, _sources("adds", now, home, told), public=None)
    values = [
        Setting(v.name, _value(v, bundle, ours, environ), v.clients, v.effect, v.fact)
        for v in VARIABLES
        if v.always or now.get(v.name)
    ]
    if java:
        values += _java_setting(bundle, environ, told)
    off = [
        name for name, value in environ.items() if turns_verification_off(name, value)
    ]
    return Environment(
        tuple(values), bundle, ours, tuple(dict.fromkeys(told)), tuple(sorted(off))
    )


def child_environment(
    environment: Environment, now: Mapping[str, str]
) -> dict[str, str]:
    """Return what a program is to be started with: nothing turns verification off."""
    kept = {k: v for k, v in now.items() if k not in environment.switched_off}
    return kept | environment.values


def _set_in(environ: Mapping[str, str]) -> dict[str, str]:
    names = {v.name for v in VARIABLES if v.leads_to != "php"}
    return {name: value for name, value in environ.items() if name in names and value}


def _sources(
    effect: str, now: Mapping[str, str], home: str, told: list[str]
) -> list[str]:
    """Return the files to fold in, of variables that add or replace."""
    found: list[str] = []
    for variable in VARIABLES:
        path = now.get(variable.name)
        if variable.effect != effect or not path:
            continue
        ours = sources_of(path, home)
        if ours is not None:
            found += ours
        elif _has_certificates(path):
            found.append(os.path.abspath(path))
        else:
            told.append(
                f"{variable.name} was {path!r}, which has no certificate to keep"
            )
    return found


def _has_certificates(path: str) -> bool:
    with contextlib.suppress(FileError):
        return bool(certificates_at(path))
    return False


def _folder_sources(value: str, locate: Locate) -> list[str]:
    """Return the folders of hashed roots that are a person's own."""
    of_system = {os.path.realpath(locate(path)) for path in SYSTEM_FOLDERS}
    return [
        os.path.abspath(path)
        for path in value.split(os.pathsep)
        if path and os.path.isdir(path) and os.path.realpath(path) not in of_system
    ]


def _is_same_file(path: str, other: str | None) -> bool:
    return other is not None and os.path.realpath(path) == os.path.realpath(other)


def _value(
    variable: Variable, bundle: Bundle, roots: Bundle, environ: Mapping[str, str]
) -> str:
    if variable.leads_to == "php":
        return _php_value(bundle, environ.get(variable.name, ""))
    return roots.path if variable.leads_to == "roots" else bundle.path


def _php_value(bundle: Bundle, now: str) -> str:
    """Return PHP's folders of settings with ours last, where it is not in them yet."""
    folder = f"{os.path.splitext(bundle.path)[0]}-php"
    quoted = bundle.path.replace("\\", "\\\\").replace('"', '\\"').replace("$", "\\$")
    text = f'curl.cainfo = "{quoted}"\nopenssl.cafile = "{quoted}"\n'.encode()
    place = os.path.join(folder, _PHP_FILE)
    try:
        os.makedirs(folder, mode=0o755, exist_ok=True)  # whatever the umask
    except OSError as error:
        reason = (error.strerror or "").lower()
        raise FileError(f"cannot make {folder!r}: {reason}", path=folder) from error
    _write_if_new(place, text)
    ours = os.path.dirname(folder)
    others = [p for p in now.split(os.pathsep) if os.path.dirname(p) != ours]
    return os.pathsep.join([*(others or [""]), folder])


def _java_setting(
    bundle: Bundle, environ: Mapping[str, str], told: list[str]
) -> Iterable[Setting]:
    now = environ.get(_JAVA, "")
    ours = os.path.dirname(bundle.path)
    if "javax.net.ssl.trustStore=" in now and ours not in now:
        told.append(f"{_JAVA} names a truststore of its own, which was left as it is")
        return []
    options = {
        "trustStore": _java_truststore(bundle),
        "trustStoreType": "PKCS12",
        "trustStorePassword": _JAVA_PASSWORD,
    }
    added = " ".join(
        _java_word(f"-Djavax.net.ssl.{name}={value}") for name, value in options.items()
    )
    kept = now if ours not in now else now.partition(_java_mark(now))[0]
    value = f"{kept.strip()} {added}".strip()
    fact = "measured: replaces; prints a line on standard error at each start"
    return [Setting(_JAVA, value, "Java", "replaces", fact)]


def _java_mark(value: str) -> str:
    """Return where our own options begin, which are always the last."""
    at = value.index("-Djavax.net.ssl.trustStore=")
    return value[at - 1 :] if at and value[at - 1] in "'\"" else value[at:]


def _java_word(word: str) -> str:
    """Quote an option as the JVM reads them: blanks part words, quotes hold them."""
    if not any(mark in word for mark in " '\"\t"):
        return word
    return f'"{word}"' if '"' not in word else f"'{word}'"


def _java_truststore(bundle: Bundle) -> str:
    """Return the bundle as a truststore for Java, made where the bundle has changed."""
    path = f"{os.path.splitext(bundle.path)[0]}.p12"
    with contextlib.suppress(OSError):
        if os.stat(path).st_mtime_ns >= os.stat(bundle.path).st_mtime_ns:
            return path
    from tlsmith.core.formats import encode_java_truststore

    with warnings.catch_warnings():
        # Of old roots the library warns, and takes them.
        warnings.simplefilter("ignore")
        ders = [der for der in certificates_at(bundle.path) if _is_certificate(der)]
        data = encode_java_truststore(ders, _JAVA_PASSWORD.encode())
    write_file(path, data)
    return path


def _is_certificate(der: bytes) -> bool:
    from tlsmith.core.formats.pkcs12 import load_certificates

    try:
        load_certificates([der])
    except InputError:
        return False
    return True


def _write_if_new(path: str, data: bytes) -> None:
    with contextlib.suppress(FileError):
        if read_file(path) == data:
            return
    write_file(path, data)
