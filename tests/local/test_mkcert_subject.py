"""Subjects tell who made a certificate, as mkcert's do."""

from __future__ import annotations

import os
import pwd

from cryptography import x509

from tlsmith.local.mkcert_subject import mkcert_subject, user_and_host


def test_it_is_the_account_the_host_and_the_name_of_the_person() -> None:
    account = pwd.getpwuid(os.getuid())
    expected = f"{account.pw_name}@{os.uname().nodename}"
    name = account.pw_gecos.partition(",")[0]
    if name not in ("", account.pw_name):
        expected += f" ({name})"
    assert user_and_host() == expected


def test_parts_that_are_empty_are_left_out() -> None:
    subject = x509.Name.from_bytes(mkcert_subject("org", "", None))
    assert subject.rfc4514_string() == "O=org"


def test_parts_are_no_longer_than_their_standard_lets_them_be() -> None:
    subject = x509.Name.from_bytes(mkcert_subject("org", "u" * 99, "c" * 99))
    assert [len(str(part.value)) for part in subject] == [3, 64, 64]
