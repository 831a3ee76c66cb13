"""The only source of randomness: every id of the wire is made here; it remembers no id and stores none.

Shape of an id since autumn 2025: prefix, 16 hex digits of the partition, `00`, 8 hex digits of the second it was made,
24 hex digits. All items of a response share the first 18 with it, and a chained response keeps its parent's partition.
"""

import hashlib
import random
import secrets
import string
from base64 import b64encode

from emulator.core.lazy_pattern import lazy_pattern

MANY = 1 << 60
BASE62 = string.digits + string.ascii_letters
_PARTITION = lazy_pattern(r"^resp_([0-9a-f]{16})00[0-9a-f]{32}$")


def new_key() -> str:
    """A secret that nobody can guess, as 64 hex digits."""
    return secrets.token_hex(32)


def new_signing_secret() -> str:
    """A secret to sign webhooks with: `whsec_` and 32 bytes in base64."""
    return "whsec_" + b64encode(secrets.token_bytes(32)).decode()


class Ids:
    """Makes ids; with a `seed` the same calls give the same ids.

    A seeded namespace numbers them: `reserve` gives the numbers that nobody else gets, `left` how many remain.
    """

    def __init__(self, seed: str | None = None) -> None:
        """Without a seed the operating system gives one."""
        # One generator, not a system call for each id: that would also hand the interpreter to another thread.
        self._source = random.Random(secrets.token_hex(32))  # noqa: S311 (ids, no secrets)
        self._seed = seed
        self._next, self._end = 0, 0

    @property
    def left(self) -> int:
        """How many ids can be made before numbers must be reserved again."""
        return self._end - self._next if self._seed is not None else MANY

    def reserve(self, first: int, most: int) -> None:
        """Use the numbers from `first` on, `most` of them."""
        self._next, self._end = first, first + most

    def _hex(self, size: int) -> str:
        if self._seed is None:
            return self._source.randbytes(size).hex()
        number, self._next = self._next, self._next + 1
        return hashlib.blake2b(f"{self._seed}|{number}".encode(), digest_size=size).hexdigest()

    def response(self, now: float, parent: str | None = None) -> str:
        """A response id made at `now`, in the partition of its parent."""
        known = _PARTITION.match(parent) if parent else None
        partition = known.group(1) if known else self._hex(8)
        return f"resp_{partition}00{int(now):08x}{self._hex(12)}"

    def digits(self) -> str:
        """32 hex digits, for the ids of requests and of some files."""
        return self._hex(16)

    def conversation(self, now: float) -> str:
        """A conversation id made at `now`: `conv_`, 8 hex digits of the second, 40 more."""
        return f"conv_{int(now):08x}{self._hex(20)}"

    def container(self, now: float) -> str:
        """A container id made at `now`: `cntr_`, 8 hex digits of the second, 40 more."""
        return f"cntr_{int(now):08x}{self._hex(20)}"

    def container_file(self, now: float) -> str:
        """An id of a container's file made at `now`: `cfile_`, 8 hex digits of the second, 24 more."""
        return f"cfile_{int(now):08x}{self._hex(12)}"

    def token(self, prefix: str, length: int) -> str:
        """`prefix` and `length` characters of base 62, as files have them."""
        number = int(self._hex(length), 16)
        return prefix + _base62(number, length)


class ItemIds:
    """The ids of what belongs to one response or container: seeded by its id, so they are the same each time."""

    def __init__(self, response_id: str, stream: str = "out") -> None:
        """`stream` keeps the ids of input and output apart."""
        self._seed = f"{response_id}|{stream}|"
        self._of = response_id
        self._head = ""  # most who could make an item make none
        self._count = 0

    def _digest(self, name: str, size: int) -> bytes:
        return hashlib.blake2b((self._seed + name).encode(), digest_size=size).digest()

    def item(self, prefix: str) -> str:
        """The next item id with that prefix, such as `msg_`."""
        self._count += 1
        if not self._head:
            self._head = self._of[5:31] if _PARTITION.match(self._of) else self._digest("head", 13).hex()
        return f"{prefix}{self._head}{self._digest(str(self._count), 12).hex()}"

    def call(self) -> str:
        """The next `call_id`: `call_` and 24 characters of base 62."""
        self._count += 1
        return "call_" + _base62(int.from_bytes(self._digest(str(self._count), 24)), 24)

    def container_file(self, now: float) -> str:
        """The next id of a container's file, made at `now`."""
        self._count += 1
        return f"cfile_{int(now):08x}{self._digest(str(self._count), 12).hex()}"


def as_uuid(digits: str) -> str:
    """32 hex digits in the form of a random UUID."""
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-a{digits[17:20]}-{digits[20:]}"


def digest(text: str) -> str:
    """32 hex digits that depend on the text only."""
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


def padding(response_id: str) -> str:
    """Letters from which the obfuscation of a response's deltas is cut; the same ones each time."""
    digest = hashlib.blake2b(response_id.encode(), digest_size=64).digest()
    return "".join(BASE62[byte % 62] for byte in digest)


def _base62(number: int, length: int) -> str:
    letters = []
    for _ in range(length):
        number, rest = divmod(number, 62)
        letters.append(BASE62[rest])
    return "".join(letters)
