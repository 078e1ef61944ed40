"""What was read: each thing once, in the order it came."""

from chains import family
from tlsmith.core.formats.objects import Objects
from tlsmith.core.formats.parsed import held_certificate, held_key


def test_each_is_kept_once_however_often_it_came() -> None:
    one = family()
    leaf, again = (held_certificate(one.leaf.der, source) for source in "ab")
    root = held_certificate(one.root.der, "a")
    key, same_key = (held_key(one.leaf.key, source) for source in "ab")
    first = Objects((leaf, root), (key,), (b"r",), (b"c",), (b"p",), ("n",))
    second = Objects((again,), (same_key,), (b"r",), (b"c",), (b"p",), ("n",))
    together = first.plus(second)
    assert together == first
    assert together.certificates[0].source == "a"
    assert together.count == 6


def test_what_comes_later_stands_behind() -> None:
    one = family()
    held = [held_certificate(der, "x") for der in one.ders]
    together = Objects((held[2],)).plus(
        Objects((held[0], held[2])), Objects((held[1],))
    )
    assert [c.der for c in together.certificates] == [
        held[2].der,
        held[0].der,
        held[1].der,
    ]


def test_a_key_is_not_shown() -> None:
    assert "key=" not in repr(held_key(family().leaf.key, "x"))
