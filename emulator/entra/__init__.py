"""Access tokens of the local issuer, on PyJWT and cryptography (extra `entra`), imported when the first is needed."""
