"""64-bit keys: what an index finds rows by, and what decides who is in a sample. Those of one space mean nothing in another."""

from __future__ import annotations

from hashlib import blake2b

import numpy as np

from ..records.identifiers import hash_numbers, hashed_again
from .identifier_index import Keys

__all__ = ["keys_of", "numbered_keys"]


def keys_of(space: str, hashes: Keys) -> Keys:
    """Keys of identifiers from their hashes, [identifier]. Models with the same identifiers have a ``space`` each, their name.

    They are the same in every process, so that replicas and restarts keep the same sample.
    """
    seed = np.frombuffer(blake2b(space.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "<u8")
    return hashed_again(hashes ^ seed)


def numbered_keys(space: str, first: int, count: int) -> Keys:
    """Keys for things without an identifier, from their numbers, [thing]. They only decide which are in the sample."""
    return keys_of(space, hash_numbers(first, count))
