"""Keys that may stay: by path and in a baseline, since their files have no comments."""

from __future__ import annotations

from pathlib import Path

from scan_artefacts import der_of, new_key, pem_of, scanned, some_key
from tlsmith.scan.baseline import baseline_entries, baseline_text, compared
from tlsmith.scan.settings import PathRule, Settings


def test_a_key_is_left_alone_by_its_path(tmp_path: Path) -> None:
    done = scanned(tmp_path, own_key=pem_of(some_key()), keys__a_der=der_of(new_key()))
    rule = PathRule("keys/**", ("artefact-private-key",), "made up")
    settings = Settings(folder=str(tmp_path), paths=(rule,))
    told = {Path(one.path).name: settings.applied(one) for one in done.findings}
    assert told["a.der"].suppressed == "made up"
    assert told["own.key"].suppressed is None


def test_a_baseline_knows_a_key_and_no_other(tmp_path: Path) -> None:
    files = {"own_key": pem_of(some_key()), "keys__a_der": der_of(some_key())}
    entries = baseline_entries(baseline_text(scanned(tmp_path, **files).findings), "b")
    assert len(entries) == 2
    moved = scanned(tmp_path, own_key="\n\n# moved\n" + files["own_key"])
    assert compared(moved.findings, entries).new == ()
    other = scanned(tmp_path, own_key=pem_of(new_key()), keys__a_der=der_of(new_key()))
    assert len(compared(other.findings, entries).new) == 2
