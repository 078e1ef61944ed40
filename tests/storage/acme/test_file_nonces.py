"""Nonces of a SQLite store: once each, by whatever thread, process or start."""

import os
import stat
import struct
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tlsmith.errors import StorageError
from tlsmith.storage import open_storage
from tlsmith.storage.acme.file_nonces import WINDOW, FileNonces

# How the file begins: what it is, the machine's start, the key; then the next number.
_START_AT, _KEY_AT, _NEXT_AT = 16, 32, 64
_PROGRAM = """
import sys
from tlsmith.storage.acme.file_nonces import FileNonces
nonces = FileNonces(sys.argv[1])
for line in sys.stdin:
    word = line.strip()
    print(nonces.give() if word == "give" else nonces.use(word), flush=True)
"""


class Other:
    """Another process that has the same file open."""

    def __init__(self, path: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", _PROGRAM, path],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def start(self, *words: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write("".join(f"{word}\n" for word in words))
        self.process.stdin.flush()

    def answers(self, number: int) -> list[str]:
        assert self.process.stdout is not None
        return [self.process.stdout.readline().strip() for _ in range(number)]

    def close(self) -> None:
        self.process.kill()
        self.process.communicate()


@pytest.fixture
def path(tmp_path: Path) -> str:
    return f"{tmp_path}/store.db-nonces"


def opened(path: str) -> FileNonces:
    return FileNonces(path)


def patch(path: str, at: int, data: bytes) -> None:
    """Change the file, as time or another machine would have."""
    with open(path, "r+b") as file:
        file.seek(at)
        file.write(data)


def following(path: str) -> int:
    with open(path, "rb") as file:
        file.seek(_NEXT_AT)
        return int(struct.unpack(">Q", file.read(8))[0])


def test_a_nonce_is_used_once(path: str) -> None:
    nonces = opened(path)
    one, two = nonces.give(), nonces.give()
    assert one != two
    assert [nonces.use(each) for each in (two, one, one, two)] == [
        *(True, True),
        *(False, False),
    ]


def test_nonces_are_base64url_without_padding(path: str) -> None:
    nonces = opened(path)
    letters = set("".join(nonces.give() for _ in range(300)))
    assert letters <= set(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    )


def test_every_nonce_of_many_blocks_is_another_one(path: str) -> None:
    first, second = opened(path), opened(path)
    given = [nonces.give() for _ in range(500) for nonces in (first, second)]
    assert len(set(given)) == len(given)
    assert all(first.use(one) for one in given)
    assert not any(second.use(one) for one in given)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda nonce: "",
        lambda nonce: nonce[:-1],
        lambda nonce: nonce[1:],
        lambda nonce: nonce + "A",
        lambda nonce: nonce + "=",
        lambda nonce: nonce + "\n",
        lambda nonce: " " + nonce,
        lambda nonce: nonce.swapcase(),
        lambda nonce: ("B" if nonce[0] == "A" else "A") + nonce[1:],
        lambda nonce: nonce[:10] + ("B" if nonce[10] != "B" else "C") + nonce[11:],
        lambda nonce: nonce[:-2] + ("BA" if nonce[-2:] != "BA" else "CA"),
        lambda nonce: nonce[:5] + "!" + nonce[5:],
        lambda nonce: nonce * 2,
        lambda nonce: "A" * len(nonce),
        lambda nonce: "\N{FULLWIDTH LATIN SMALL LETTER A}" * 32,
        lambda nonce: "\0" * 32,
        lambda nonce: "\udc80" + nonce[1:],
        lambda nonce: "A" * 100_000,
    ],
)
def test_what_is_not_exactly_a_nonce_is_none(path: str, spoil: object) -> None:
    nonces = opened(path)
    nonce = nonces.give()
    assert not nonces.use(spoil(nonce))  # type: ignore[operator]
    assert nonces.use(nonce)


def test_the_spare_bits_of_base64_make_no_second_nonce(path: str) -> None:
    """24 octets have none; were there some, each text would be looked at alone."""
    nonces = opened(path)
    nonce = nonces.give()
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    assert [one for one in letters if nonces.use(nonce[:-1] + one)] == [nonce[-1]]


def test_nonces_of_another_store_are_none(path: str, tmp_path: Path) -> None:
    mine, other = opened(path), opened(f"{tmp_path}/other")
    assert not mine.use(other.give())
    assert not other.use(mine.give())


def test_they_outlive_the_process(path: str) -> None:
    before = opened(path)
    used, unused = before.give(), before.give()
    assert before.use(used)
    before.close()
    after = opened(path)
    assert not after.use(used)
    assert after.use(unused)
    assert after.give() not in (used, unused)


def test_they_do_not_outlive_the_machine(path: str) -> None:
    """What was used may not be on disk: whatever was given out holds no more."""
    before = opened(path)
    unused = before.give()
    before.close()
    patch(path, _START_AT, os.urandom(16))
    after = opened(path)
    assert not after.use(unused)
    assert after.use(after.give())


def test_threads_use_one_up_once(path: str) -> None:
    each = [opened(path) for _ in range(4)]
    given = [each[0].give() for _ in range(400)]
    with ThreadPoolExecutor(8) as threads:
        used = list(
            threads.map(
                lambda work: each[work[0] % 4].use(work[1]),
                [(place, nonce) for nonce in given for place in range(8)],
            )
        )
    assert sum(used) == len(given)


def test_threads_are_given_different_ones(path: str) -> None:
    nonces = opened(path)
    with ThreadPoolExecutor(8) as threads:
        given = list(threads.map(lambda _: nonces.give(), range(2000)))
    assert len(set(given)) == 2000


def test_processes_use_one_up_once(path: str) -> None:
    nonces = opened(path)
    others = [Other(path) for _ in range(3)]
    try:
        given = [nonces.give() for _ in range(300)]
        for other in others:
            other.start(*given)
        used = [sum(nonces.use(one) for one in given)]
        used += [other.answers(len(given)).count("True") for other in others]
    finally:
        for other in others:
            other.close()
    assert sum(used) == len(given)


def test_a_nonce_of_one_process_is_used_in_another(path: str) -> None:
    nonces = opened(path)
    other = Other(path)
    try:
        other.start(*["give"] * 130)
        given = other.answers(130)
        other.start(nonce := nonces.give())
        assert other.answers(1) == ["True"]
    finally:
        other.close()
    assert not nonces.use(nonce)
    # It was killed meanwhile: what it gave out still holds, and once.
    assert all(nonces.use(one) for one in given)
    assert not any(nonces.use(one) for one in given)


def test_what_lies_more_than_a_window_back_is_too_old(path: str) -> None:
    nonces = opened(path)
    oldest = nonces.give()
    patch(path, _NEXT_AT, struct.pack(">Q", following(path) + WINDOW))
    assert not nonces.use(oldest)


def test_a_window_later_every_bit_is_as_new(path: str) -> None:
    first = opened(path)
    used = [first.give() for _ in range(64)]
    assert all(first.use(one) for one in used)
    # The blocks between were others': the next has the places of the first.
    patch(path, _NEXT_AT, struct.pack(">Q", following(path) - 64 + WINDOW))
    again = opened(path)
    given = [again.give() for _ in range(64)]
    assert not any(again.use(one) for one in used)
    assert all(again.use(one) for one in given)
    assert not any(again.use(one) for one in given)


def test_a_process_that_slept_gives_no_nonces_too_old_to_use(path: str) -> None:
    slow = opened(path)
    slow.give()
    patch(path, _NEXT_AT, struct.pack(">Q", following(path) + WINDOW))
    assert slow.use(slow.give())


def test_the_file_is_for_its_owner_alone(path: str) -> None:
    os.umask(0)
    opened(path)
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o600


def test_a_file_that_others_can_read_is_closed_to_them(path: str) -> None:
    opened(path).close()
    os.chmod(path, 0o644)
    opened(path)
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o600


@pytest.mark.parametrize("content", [b"", b"x", b"garbage" * 200_000, bytes(8192)])
def test_a_file_of_something_else_is_made_anew(path: str, content: bytes) -> None:
    Path(path).write_bytes(content)
    nonces = opened(path)
    nonce = nonces.give()
    assert nonces.use(nonce)
    assert not nonces.use(nonce)
    again = opened(path)
    assert not again.use(nonce)


def test_no_link_is_followed(path: str, tmp_path: Path) -> None:
    target = tmp_path / "target"
    target.write_bytes(b"precious")
    os.symlink(target, path)
    with pytest.raises(StorageError) as caught:
        opened(path)
    assert path in caught.value.message
    assert target.read_bytes() == b"precious"


def test_what_is_no_file_is_refused_and_nothing_is_left_open(path: str) -> None:
    os.mkdir(path)
    before = len(os.listdir("/proc/self/fd"))
    with pytest.raises(StorageError):
        opened(path)
    assert len(os.listdir("/proc/self/fd")) == before
    os.rmdir(path)
    os.mkfifo(path)
    with pytest.raises(StorageError):
        opened(path)
    assert len(os.listdir("/proc/self/fd")) == before


def test_room_for_every_bit_is_taken_at_once(path: str) -> None:
    """Or a full disk would kill the process that sets one."""
    opened(path)
    assert os.stat(path).st_blocks * 512 >= WINDOW // 8


def test_a_full_disk_is_a_clear_error() -> None:
    with pytest.raises(StorageError) as caught:
        opened("/dev/full")
    assert "cannot keep nonces in '/dev/full'" in caught.value.message


def test_a_store_has_one_file_however_it_is_named(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    os.symlink(tmp_path / "real", tmp_path / "link")
    store = open_storage(f"sqlite:///{tmp_path}/real/store.db", create=True)
    by_link = open_storage(f"sqlite:///{tmp_path}/link/store.db")
    nonce = store.nonces().give()
    assert by_link.nonces().use(nonce)
    assert not store.nonces().use(nonce)
    assert (tmp_path / "real" / "store.db-nonces").exists()
    for one in (store, by_link):
        one.close()
