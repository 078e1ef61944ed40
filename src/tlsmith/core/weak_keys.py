"""Keys that anybody can break, or already has: what no certificate is to vouch for."""

from __future__ import annotations

import math
import re
from functools import cache, lru_cache
from typing import Any

from tlsmith.core.blocklist import NO_KEYS, Blocklist
from tlsmith.core.key_hash import ED25519, RSA, key_hash, rsa_numbers, split_key_info
from tlsmith.core.keys import check_public_key, is_point_on_p256, public_key_info
from tlsmith.core.seen_keys import is_seen
from tlsmith.errors import InputError

# Factors below it are found by dividing, as any attacker's first try finds them.
_SMALL = 65536
_FERMAT_ROUNDS = 100
# SP 800-56B 6.4.1.2 and CA/B 6.1.6: a larger one may hide a small private exponent.
_LARGEST_EXPONENT = 1 << 256
# Of random bits: nine times the standard deviation for 2048 of them.
_MOST_BIASED = 0.1
_REPEATED = re.compile(rb"(.)\1{15}", re.DOTALL)
# What a square is in binary at its end: five sixths of all numbers are no candidates.
_SQUARE_ENDS = frozenset(number * number & 63 for number in range(64))
# Infineon's primes are k * M + 65537 ** a modulo M, M a product of small primes, so
# that a modulus is a power of 65537 modulo each of them (CVE-2017-15361).
_ROCA_GENERATOR = 65537
_ROCA_LARGEST = 167


def judge_key(
    key: Any, info: bytes | None = None, *, blocklist: Blocklist = NO_KEYS
) -> list[str]:
    """Return why a public key must not be certified: every reason, none if it may.

    Args:
        key: public key, as the library has it.
        info: its DER SubjectPublicKeyInfo, where that is at hand.
        blocklist: further keys that are known to be broken.
    """
    reasons = []
    if info is None:
        info = public_key_info(key)
    try:
        check_public_key(key, info)
    except InputError as error:
        reasons.append(error.message)
    digest = key_hash(info)
    if is_seen(digest):
        reasons.append(
            "its private key is public: it comes with a package or a standard"
        )
    elif blocklist.has(info, digest):
        reasons.append("it is on the list of compromised keys")
    algorithm, bits = _split(info)
    if algorithm == RSA:
        reasons += judge_rsa(*rsa_numbers(bits))
    elif algorithm == ED25519 and _is_small_order(bits):
        reasons.append("a point of small order: anything verifies with it (RFC 8032)")
    return reasons


# A request is judged when it is read, and again by its profile.
@lru_cache(maxsize=256)
def judge_rsa(modulus: int, exponent: int) -> tuple[str, ...]:
    """Return how an RSA key can be broken, size and small exponent left aside."""
    if modulus < 6:
        return ("a modulus that is none",)
    reasons = []
    if exponent >= _LARGEST_EXPONENT:
        reasons.append("an exponent of more than 256 bits may hide a short private one")
    if math.gcd(modulus, _small_primes()) > 1:
        reasons.append("the modulus has a factor below 65536")
    elif _has_close_primes(modulus):
        reasons.append("the two primes are close together: Fermat's method finds them")
    if _is_roca(modulus):
        reasons.append("made by a chip whose keys can be factored (CVE-2017-15361)")
    if _has_pattern(modulus):
        reasons.append("the modulus has a pattern where it should be random")
    return tuple(reasons)


def _split(info: bytes) -> tuple[bytes, bytes]:
    # Points of P-256 are what most keys are, and `key_hash` has read all of them.
    return (b"", b"") if is_point_on_p256(info) else split_key_info(info)


@cache
def _small_primes() -> int:
    """Return the product of all primes below 65536."""
    sieve = bytearray([1]) * _SMALL
    for number in range(2, 256):
        if sieve[number]:
            sieve[number * number :: number] = bytes(
                len(range(number * number, _SMALL, number))
            )
    return math.prod(number for number in range(2, _SMALL) if sieve[number])


def _has_close_primes(modulus: int) -> bool:
    """Try the first rounds of Fermat's factorisation, which a random key never ends in.

    The modulus is a * a - b * b, a being the mean of the primes: where they are close,
    a is just above the root.
    """
    mean = math.isqrt(modulus - 1) + 1
    rest = mean * mean - modulus
    for _ in range(_FERMAT_ROUNDS):
        if rest & 63 in _SQUARE_ENDS and math.isqrt(rest) ** 2 == rest:
            return True
        rest += 2 * mean + 1
        mean += 1
    return False


@cache
def _roca_residues() -> tuple[tuple[int, frozenset[int]], ...]:
    """Return each marker prime with the powers of the generator modulo it."""
    found = []
    for prime in range(3, _ROCA_LARGEST + 1, 2):
        if all(prime % factor for factor in range(3, math.isqrt(prime) + 1, 2)):
            powers = {pow(_ROCA_GENERATOR, power, prime) for power in range(prime)}
            found.append((prime, frozenset(powers)))
    return tuple(found)


def _is_roca(modulus: int) -> bool:
    """Tell whether the modulus is a power of 65537 modulo every marker prime.

    Of random ones 1 in 2 ** 27 is by chance (Nemec et al., CCS 2017, section 2.3).
    """
    return all(modulus % prime in powers for prime, powers in _roca_residues())


def _has_pattern(modulus: int) -> bool:
    size = modulus.bit_length()
    bias = abs(modulus.bit_count() / size - 0.5)
    octets = modulus.to_bytes((size + 7) // 8, "big")
    return (size >= 2000 and bias > _MOST_BIASED) or bool(_REPEATED.search(octets))


def _is_small_order(bits: bytes) -> bool:
    """Tell whether eight times an Ed25519 point is nothing, in any way to write it."""
    height = int.from_bytes(bits, "little") & ((1 << 255) - 1)
    return height % _FIELD in _SMALL_ORDER


_FIELD = 2**255 - 19
# The second coordinates of the eight points there are; the last two are of order 8.
_SMALL_ORDER = frozenset(
    {
        0,
        1,
        _FIELD - 1,
        2707385501144840649318225287225658788936804267575313519463743609750303402022,
        _FIELD
        - 2707385501144840649318225287225658788936804267575313519463743609750303402022,
    }
)
