"""step-ca's folder (`~/.step`): a root, an intermediate, and a database."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from tlsmith.authority.adoption.adopted import Records
from tlsmith.authority.adoption.arrange import Arranged, arrange
from tlsmith.authority.adoption.opening import Passphrases, read_certificates
from tlsmith.authority.adoption.source import SourceFolder
from tlsmith.authority.adoption.step_records import read_step_records
from tlsmith.core.formats.objects import HeldCertificate, HeldKey
from tlsmith.errors import InputError

CONFIG = os.path.join("config", "ca.json")
# Where people, and the container image, put what opens the keys.
_PASSWORD_FILES = tuple(
    os.path.join("secrets", name) for name in ("password", "password.txt")
)
_ROOT_KEY = os.path.join("secrets", "root_ca_key")


def read_step_ca(
    path: str, passphrases: Passphrases, now: datetime
) -> tuple[Arranged, Records, SourceFolder]:
    """Return step-ca's CA, from its folder or from its `ca.json`.

    Raises:
        InputError: its configuration, a certificate or the database is damaged.
    """
    config = os.path.join(path, CONFIG) if os.path.isdir(path) else path
    source = SourceFolder(_top(os.path.abspath(config)))
    facts = _load(source, os.path.abspath(config))
    notes = _offer_passwords(facts, source, passphrases)
    certificates = _certificates(facts, source)
    keys, more = _keys(facts, source, passphrases)
    arranged = arrange(certificates, keys, now)
    records = read_step_records(source, _database(facts, source), now)
    ours = {one.certificate for one in arranged.authorities}
    issued = tuple(one for one in records.issued if one.der not in ours)
    kept = records._replace(issued=issued, notes=(*notes, *more, *records.notes))
    return arranged, kept, source


def is_step_config(data: bytes) -> bool:
    """Tell whether the bytes of a file are a `ca.json`."""
    try:
        facts = json.loads(data)
    except ValueError:
        return False
    return isinstance(facts, dict) and {"root", "crt", "key"} <= facts.keys()


def _top(config: str) -> str:
    """Return the folder that all of step-ca is in, of which `config` is one."""
    folder = os.path.dirname(config)
    return os.path.dirname(folder) if os.path.basename(folder) == "config" else folder


def _load(source: SourceFolder, config: str) -> dict[str, Any]:
    data = source.read(config)
    if not is_step_config(data):
        raise InputError(
            f"{config!r} is no ca.json of step-ca: it lacks root, crt or key",
            hint="name the folder that `step path` prints where step-ca runs",
        )
    facts: dict[str, Any] = json.loads(data)
    return facts


def _offer_passwords(
    facts: Mapping[str, Any], source: SourceFolder, passphrases: Passphrases
) -> list[str]:
    """Let the passwords that lie beside the keys be tried first, and say so."""
    notes = []
    if facts.get("password"):
        passphrases.offer(str(facts["password"]).encode())
        notes.append("ca.json holds the password of its keys in plain text")
    for name in _PASSWORD_FILES:
        if source.has(name):
            passphrases.offer(source.read(name).rstrip(b"\r\n"))
            notes.append(f"{source.place(name)!r} holds the password of the keys")
    return notes


def _certificates(
    facts: Mapping[str, Any], source: SourceFolder
) -> list[HeldCertificate]:
    roots = facts["root"] if isinstance(facts["root"], list) else [facts["root"]]
    found: list[HeldCertificate] = []
    for path in (*roots, facts["crt"]):
        place = _locate(str(path), source)
        found += read_certificates(source.read(place), place)
    return found


def _keys(
    facts: Mapping[str, Any], source: SourceFolder, passphrases: Passphrases
) -> tuple[list[HeldKey], list[str]]:
    keys, notes = [], []
    key = str(facts["key"])
    place = _locate(key, source)
    if ":" in key and not source.has(place):  # such as pkcs11:..., awskms:...
        kind = key.partition(":")[0]
        notes.append(f"the key of the intermediate is in {kind}, and stays there")
    elif source.has(place):
        keys.append(passphrases.open_key(source.read_key(place), place))
    if source.has(_ROOT_KEY):
        root_key = source.place(_ROOT_KEY)
        keys.append(passphrases.open_key(source.read_key(root_key), root_key))
    return keys, notes


def _database(facts: Mapping[str, Any], source: SourceFolder) -> dict[str, str]:
    said = facts.get("db")
    if not isinstance(said, dict):
        return {}
    kept = {key: str(said.get(key) or "") for key in ("type", "dataSource", "valueDir")}
    if kept["type"].lower() in ("mysql", "postgresql"):
        return kept | {"dataSource": ""}  # it may hold a password
    for key in ("dataSource", "valueDir"):
        if kept[key]:
            kept[key] = _locate(kept[key], source)
    return kept


def _locate(path: str, source: SourceFolder) -> str:
    """Return where a file of the configuration is now.

    Paths in it are absolute, and name the old place of a folder that was moved or
    copied: what lies in this folder under the same last names is taken before that.
    """
    parts = path.replace("\\", "/").split("/")
    for count in (2, 1):
        inside = source.place(*parts[-count:])
        if parts[-1] and os.path.exists(inside):
            return inside
    return source.place(path)
