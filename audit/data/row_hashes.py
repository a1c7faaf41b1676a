"""Hashes of rows by their values, keyed by the seed: what is drawn at random, and which rows are equal, follows.

A row's place in the file has no part in them, so that no order of the rows is a choice of the sample.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from hashlib import blake2b

import numpy as np
from pandas.util import hash_array

from audit.data.arrow_columns import Codes
from audit.stats.row_blocks import row_blocks

_PART_ROWS = 2**20
"""Rows that are sorted at once."""
_STEP = np.uint64(0x9E3779B97F4A7C15)  # SplitMix64's increment


@dataclass(frozen=True)
class HashKey:
    """Subkeys of a seed: SipHash's for texts, and two words that are mixed in before and after the values."""

    seed: int

    @cached_property
    def text(self) -> str:
        """The key of SipHash, 16 letters."""
        return self._digest("text").hex()

    @cached_property
    def first(self) -> np.uint64:
        """The word that every row's hash starts from."""
        return np.uint64(int.from_bytes(self._digest("first"), "little"))

    @cached_property
    def last(self) -> np.uint64:
        """The word that goes into every row's random key."""
        return np.uint64(int.from_bytes(self._digest("last"), "little"))

    def _digest(self, purpose: str) -> bytes:
        return blake2b(f"{purpose} {self.seed}".encode(), digest_size=8).digest()


@dataclass(frozen=True)
class Repeats:
    """How often each row's values occur: ``number`` counts a row among its equals from 0, both ints ``(rows,)``."""

    number: np.ndarray
    multiplicity: np.ndarray

    @classmethod
    def of(cls, hashes: np.ndarray) -> "Repeats":
        """Return the repeats of rows with these hashes; equals are numbered in the order of rows."""
        number = np.broadcast_to(np.int32(0), len(hashes))
        multiplicity = np.broadcast_to(np.int32(1), len(hashes))
        for index in _parts_of_equals(hashes):
            part = hashes[index]
            ordered = np.sort(part)
            if (ordered[1:] != ordered[:-1]).all():  # a sort of the places costs five times as much
                continue
            if not number.flags.writeable:  # before the first repeat, they take no memory
                number = number.copy()
                multiplicity = multiplicity.copy()
            number[index], multiplicity[index] = _numbered(part)
        return cls(number, multiplicity)

    @property
    def distinct(self) -> int:
        """Number of distinct rows (a collision of hashes in a million rows has a chance of 3e-8)."""
        return int(np.count_nonzero(self.number == 0))


def _parts_of_equals(hashes: np.ndarray) -> Iterator[np.ndarray | slice]:
    """Yield the places of parts of the rows, rising, each of all rows whose hashes begin with the same bits."""
    bits = (len(hashes) // _PART_ROWS).bit_length()
    if not bits:
        yield slice(None)
        return
    shift = np.uint64(64 - bits)
    for first_bits in range(2**bits):
        blocks = row_blocks(len(hashes))
        yield np.concatenate([b.start + np.flatnonzero(hashes[b] >> shift == first_bits) for b in blocks])


def _numbered(hashes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return number and multiplicity of rows, as `Repeats` holds them."""
    order = np.argsort(hashes, kind="stable")
    is_first = np.diff(hashes[order], prepend=hashes[order[:1]] + np.uint64(1)) != 0
    starts = np.flatnonzero(is_first)
    group = np.cumsum(is_first) - 1
    number = np.empty(len(hashes), np.int32)
    multiplicity = np.empty(len(hashes), np.int32)
    number[order] = np.arange(len(hashes)) - starts[group]
    multiplicity[order] = np.diff(starts, append=len(hashes))[group]
    return number, multiplicity


def row_hashes(
    columns: Iterable[np.ndarray | Codes | Sequence[bytes]], rows: int, key: HashKey
) -> np.ndarray:
    """Return a hash of each row over ``columns``, uint64; equal rows have equal ones in any batch and process.

    Args:
        columns: numbers ``(rows, …)`` in one dtype over all batches, codes, or bytes. 0.0 equals -0.0.
        rows: the number of rows.
        key: key of the hash; other keys give independent hashes.
    """
    total = np.full(rows, key.first, np.uint64)
    for column in columns:
        total = mixed((total ^ _words(column, key)) + _STEP)
    return total


def add_columns(hashes: np.ndarray, columns: Sequence[np.ndarray | Codes], key: HashKey) -> None:
    """Replace ``hashes`` by those of the rows over them and further ``columns``, block by block: they are many."""
    for block in row_blocks(len(hashes)):
        parts = (replace(c, codes=c.codes[block]) if isinstance(c, Codes) else c[block] for c in columns)
        hashes[block] = row_hashes([hashes[block], *parts], block.stop - block.start, key)


def row_keys(hashes: np.ndarray, repeats: Repeats, key: HashKey, out: np.ndarray | None = None) -> np.ndarray:
    """Return a random key of each row, uint64, uniform: a function of its values and its number among its equals.

    ``out`` receives the keys, and may be ``hashes``.
    """
    keys = np.empty_like(hashes) if out is None else out
    for block in row_blocks(len(hashes)):
        number = repeats.number[block].astype(np.uint64)
        keys[block] = mixed(mixed(hashes[block] + key.last) ^ mixed(key.first + _STEP * number))
    return keys


def mixed(z: np.ndarray) -> np.ndarray:
    """Return SplitMix64's finalizer of uint64 (Steele, Lea and Flood, 2014): each bit depends on all bits of ``z``."""
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.asarray(z ^ (z >> np.uint64(31)))


def _words(column: np.ndarray | Codes | Sequence[bytes], key: HashKey) -> np.ndarray:
    """Return 64 bits for each value of a column: of single numbers the bits themselves, else a hash."""
    if isinstance(column, Codes):
        vocabulary = np.array([*column.vocabulary, ""], dtype=object)
        return np.asarray(
            np.asarray(hash_array(vocabulary, hash_key=key.text, categorize=False))[column.codes]
        )
    if isinstance(column, np.ndarray) and column.ndim == 1 and column.dtype != object:
        return _bits(column)
    rows = np.ascontiguousarray(column) if isinstance(column, np.ndarray) and column.ndim > 1 else column
    digests = (blake2b(row, digest_size=8, key=key.text.encode()).digest() for row in rows)
    return np.frombuffer(b"".join(digests), np.dtype("<u8"))


def _bits(column: np.ndarray) -> np.ndarray:
    if column.dtype.kind != "f":
        return column.astype(np.int64).view(np.uint64)
    plain = np.where(np.isnan(column), np.nan, column + 0.0)  # one NaN and one zero
    return np.asarray(plain.view(f"u{column.dtype.itemsize}").astype(np.uint64))
