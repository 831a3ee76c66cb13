"""The issuer of access tokens: one key for all servers of a database, each token by its namespace's clock.

Until a token is asked for or shown, nothing of its libraries is imported and no key is made.
"""

import asyncio
from functools import partial
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from emulator.core.access import Claims, TokenRequest, claims_of
from emulator.core.errors import ApiError
from emulator.core.ids import Ids
from emulator.run.namespace import Namespace
from emulator.settings import ENTRA_PACKAGES
from emulator.store import keys
from emulator.store.engine import Store

if TYPE_CHECKING:
    from emulator.entra.keys import SigningKey

KEY_NAME = "entra_signing_key"


class Issuer:
    """Signs tokens with the key that the store keeps, and reads those that come back."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._ids = Ids()
        self._key: SigningKey | None = None
        self._reading = asyncio.Lock()

    async def issue(self, namespace: Namespace, asked: TokenRequest) -> tuple[str, Claims]:
        """A token and its claims, issued now by the namespace's clock."""
        key = await self._signing_key()
        from emulator.entra.tokens import sign

        claims = claims_of(asked, namespace.clock.now(), self._ids.token("", 22))
        return sign(key, claims), claims

    async def read(self, token: str, tenant: str, shown: str) -> Claims:
        """The claims of a token of ours for this tenant and the API, whatever its times; raises ApiError."""
        key = await self._signing_key()
        from emulator.entra.tokens import InvalidToken, read

        try:
            return read(key, token, tenant)
        except InvalidToken:
            raise ApiError("bad_token", key=shown) from None

    async def key_set(self) -> dict[str, Any]:
        """The public keys, as a JWKS."""
        return {"keys": [(await self._signing_key()).jwk()]}

    async def _signing_key(self) -> "SigningKey":
        async with self._reading:  # who comes first makes it, and the others wait
            if self._key is None:
                self._key = await self._kept()
            return self._key

    async def _kept(self) -> "SigningKey":
        _check_packages()
        from emulator.entra.keys import new_pem, read_key

        pem = await self._store.read(partial(keys.get, name=KEY_NAME))
        if pem is None:
            made = await asyncio.to_thread(new_pem)
            pem = await self._store.write(partial(keys.keep, name=KEY_NAME, secret=made))
        return read_key(pem)


def _check_packages() -> None:
    if any(find_spec(package) is None for package in ENTRA_PACKAGES):
        raise ApiError("extra_missing", what="The issuer of access tokens", extra="entra")
