"""Signs and reads access tokens; it reads no clock, so whoever reads one checks its times.

RS256 is the only algorithm that is read: a token that names another one (`none`, or HS256 over the public key) is
invalid, whatever it is signed with.
"""

import jwt
from jwt.types import Options

from emulator.core.access import AUDIENCES, LONGEST, Claims, issuer_of
from emulator.entra.keys import SigningKey

ALGORITHM = "RS256"
OPTIONS: Options = {
    "require": ["exp", "nbf", "iat", "aud", "iss", "tid", "oid"],
    # The times are those of a namespace's clock, which the library does not know.
    "verify_exp": False,
    "verify_nbf": False,
    "verify_iat": False,
}


class InvalidToken(Exception):  # noqa: N818 (the word of RFC 6750)
    """Not a token of this issuer for this tenant and resource; nobody is told why."""


def sign(key: SigningKey, claims: Claims) -> str:
    """The token that says so: three parts of base64 with dots between."""
    return jwt.encode(dict(claims), key.private, algorithm=ALGORITHM, headers={"kid": key.id})


def read(key: SigningKey, token: str, tenant: str) -> Claims:
    """The claims of a token that `sign` made with this key, for this tenant; raises InvalidToken."""
    if len(token) > LONGEST:
        raise InvalidToken
    audiences = [*AUDIENCES, *(f"{audience}/" for audience in AUDIENCES)]
    try:
        claims: Claims = jwt.decode(
            token,
            key.public,
            algorithms=[ALGORITHM],
            audience=audiences,
            issuer=issuer_of(tenant),
            options=OPTIONS,
        )
    except (jwt.PyJWTError, RecursionError):  # of JSON that is nested too deep
        raise InvalidToken from None
    if claims["tid"] != tenant:
        raise InvalidToken
    return claims
