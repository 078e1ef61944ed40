from __future__ import annotations

import base64

from tlsmith.core.describe.openssh_lines import scan_openssh_lines

BLOB = b"\0\0\0\x0bssh-ed25519\0\0\0\x20" + bytes(32)
LINE = b"ssh-ed25519 " + base64.b64encode(BLOB)


def test_public_keys_are_read_one_a_line() -> None:
    text = b"# comment\n" + LINE + b" me@host\n\nhost.test " + LINE + b"\r\n"
    first, second = scan_openssh_lines(text)
    assert (first.kind, first.form) == ("public-key", "openssh")
    assert (first.content, first.entry, first.offset) == (BLOB, "me@host", 10)
    assert first.label == "ssh-ed25519"
    assert second.content == BLOB
    assert second.entry is None


def test_a_line_whose_base64_is_broken_is_left_out() -> None:
    assert scan_openssh_lines(LINE[:-2] + b" me") == []
    assert scan_openssh_lines(b"ssh-ed25519 nothing") == []
    assert scan_openssh_lines(b"") == []
