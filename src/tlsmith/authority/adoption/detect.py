"""Which tool made a CA, by what is there."""

from __future__ import annotations

import os
import re

from tlsmith.authority.adoption.adopted import Kind
from tlsmith.authority.adoption.caddy import AUTHORITIES
from tlsmith.authority.adoption.openssl_folder import CONFIG, INDEX
from tlsmith.authority.adoption.pem_files import MKCERT_ROOT
from tlsmith.authority.adoption.source import SourceFolder
from tlsmith.authority.adoption.step_ca import CONFIG as STEP_CONFIG
from tlsmith.authority.adoption.step_ca import is_step_config
from tlsmith.core.describe.recognise import recognise
from tlsmith.errors import FileError
from tlsmith.files import read_file

_DEFAULT_CA = re.compile(rb"^[ \t]*default_ca[ \t]*=", re.MULTILINE)
_LARGEST = 16 * 1024 * 1024


def detect(path: str) -> Kind:
    """Return the kind of CA that is at a path.

    Raises:
        FileError: there is nothing, or it is not ours to read.
    """
    if os.path.isdir(path):
        return _of_folder(SourceFolder(path))
    return _of_file(SourceFolder(os.path.dirname(path) or os.curdir), path)


def _of_folder(folder: SourceFolder) -> Kind:
    folder.names()  # says so where it may not be listed
    if folder.has(MKCERT_ROOT):
        return "mkcert"
    if folder.has(STEP_CONFIG):
        return "step-ca"
    if folder.has_folder(AUTHORITIES) or _is_caddy_authority(folder):
        return "caddy"
    if _is_easy_rsa(folder, "pki") or _is_easy_rsa(folder, ""):
        return "easy-rsa"
    if folder.has(INDEX) or folder.has(CONFIG):
        return "openssl"
    return "pem"


def _is_caddy_authority(folder: SourceFolder) -> bool:
    above = os.path.dirname(folder.path)
    return folder.has("root.crt") and above.endswith(os.path.join("", AUTHORITIES))


def _is_easy_rsa(folder: SourceFolder, inner: str) -> bool:
    return folder.has(inner, "ca.crt") and folder.has_folder(inner, "issued")


def _of_file(folder: SourceFolder, path: str) -> Kind:
    whole = os.path.abspath(path)
    name = os.path.basename(whole)
    if not folder.has(whole):
        folder.read(whole)  # says what is wrong
    if name == MKCERT_ROOT:
        return "mkcert"
    try:
        data = read_file(whole, largest=_LARGEST)
    except FileError as error:
        if error.code == "file-too-large":
            return "pem"
        raise
    if is_step_config(data):
        return "step-ca"
    if _DEFAULT_CA.search(data):
        return "openssl"
    kinds = {found.kind for found in recognise(data)}
    return "pkcs12" if "pkcs12" in kinds else "pem"
