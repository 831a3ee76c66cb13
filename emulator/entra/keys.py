"""The RSA key that signs access tokens: made, read from PEM, shown as a JWK; it stores nothing and shows no secret."""

from base64 import urlsafe_b64encode
from dataclasses import field
from hashlib import sha256
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey, generate_private_key
from jwt.algorithms import RSAAlgorithm

from emulator.core.records import dataclass

BITS = 2048
EXPONENT = 65537


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A private key with its public half, and the id by which a token names it."""

    private: RSAPrivateKey = field(repr=False)
    public: RSAPublicKey
    id: str

    def jwk(self) -> dict[str, Any]:
        """The public half as a key set shows it (RFC 7517)."""
        numbers: dict[str, Any] = RSAAlgorithm.to_jwk(self.public, as_dict=True)
        return {"kty": "RSA", "use": "sig", "alg": "RS256", "kid": self.id, "n": numbers["n"], "e": numbers["e"]}


def new_pem() -> str:
    """A new private key as PEM (PKCS 8, in the clear); it takes about a tenth of a second."""
    private = generate_private_key(public_exponent=EXPONENT, key_size=BITS)
    plain = serialization.NoEncryption()
    return private.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain).decode()


def read_key(pem: str) -> SigningKey:
    """The key of a PEM that `new_pem` made."""
    private = serialization.load_pem_private_key(pem.encode(), password=None)
    if not isinstance(private, RSAPrivateKey):
        raise TypeError("the stored signing key is no RSA key")
    public = private.public_key()
    shape = (serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    thumbprint = sha256(public.public_bytes(*shape)).digest()
    return SigningKey(private, public, urlsafe_b64encode(thumbprint).decode().rstrip("="))
