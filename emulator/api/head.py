"""The headers that each dialect sends with every answer, whatever it says; those of one endpoint are its own."""

from collections.abc import Mapping
from math import ceil

from emulator.core.clock import monotonic
from emulator.core.dialects import DIALECTS, Dialect
from emulator.core.ids import as_uuid
from emulator.settings import REGIONS

CLIENT_ID = "x-ms-client-request-id"
LONGEST_ID = 128
MODEL_ANSWERS = frozenset({200, 400})  # what comes before the model, such as a limit, never reached it
_SECURE = (b"strict-transport-security", b"max-age=31536000; includeSubDomains; preload")
Raw = list[tuple[bytes, bytes]]


class Head:
    """What the answers of one server begin with; made once, so that an answer costs little."""

    def __init__(self, region: str) -> None:
        """`region` is a key of `REGIONS`."""
        place = (b"x-ms-region", REGIONS[region].encode())
        self._always = {
            dialect.name: (*((place,) if dialect.gateway_headers else ()), *dialect.headers) for dialect in DIALECTS
        }

    def of(self, dialect: Dialect, digits: str, *, began: float, asked: Mapping[str, str], secure: bool) -> Raw:
        """The headers of the request with these 32 hex `digits`, which came at `began` over TLS or not.

        `asked` are the request's own headers, by their names in lower case.
        """
        headers: Raw = [(b"x-request-id", dialect.request_id(digits).encode()), *self._always[dialect.name]]
        if dialect.gateway_headers:
            gateway_id = as_uuid(digits[::-1])  # an id of its own
            given = asked.get(CLIENT_ID)
            told = given[:LONGEST_ID].encode("latin-1") if given else gateway_id.encode()
            headers += ((b"apim-request-id", gateway_id.encode()), (b"x-ms-client-request-id", told))
        if dialect.timed:
            headers.append((b"openai-processing-ms", b"%d" % ceil((monotonic() - began) * 1000)))
        if secure:
            headers.append(_SECURE)
        return headers
