"""Which servers the emulator may call, by name before and by address after the name is looked up; it looks up none.

`off` allows none. `loopback` allows this machine, by a loopback address or the names `localhost` and `*.localhost`. A
host on the list is allowed by exactly that name or address, with that port where one is given. A name is no way around
the rule: what it is resolved to must not be loopback, link-local or another address of special use, unless the rule
allows that address by itself.
"""

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from urllib.parse import urlsplit

from emulator.core.records import dataclass

Address = IPv4Address | IPv6Address
PORTS = {"http": 80, "https": 443}
NAT64 = IPv6Network("64:ff9b::/96")


@dataclass(frozen=True, slots=True)
class Target:
    """Where a URL leads: `host` in lower case, without brackets and without a dot at its end."""

    scheme: str
    host: str
    port: int


@dataclass(frozen=True, slots=True)
class Egress:
    """The rule: whether this machine may be called, and which hosts, each with its port or None for any."""

    loopback: bool = False
    hosts: frozenset[tuple[str, int | None]] = frozenset()

    @property
    def off(self) -> bool:
        """Whether nobody may be called."""
        return not (self.loopback or self.hosts)

    def allows(self, target: Target) -> bool:
        """Whether a server may be called, by its name; what the name is resolved to must be admitted too."""
        address = _address(target.host)
        if self._listed(target.host, target.port):
            return True
        if address is not None:
            return self.loopback and _embedded(address).is_loopback
        return self.loopback and (target.host == "localhost" or target.host.endswith(".localhost"))

    def admits(self, address: str, target: Target) -> bool:
        """Whether a connection may be made to `address`, one of those that an allowed `target` was resolved to."""
        found = _address(address)
        if found is None:
            return False
        if self._listed(str(found), target.port):
            return True
        inner = _embedded(found)
        if inner.is_loopback:
            return self.loopback
        return self._listed(target.host, target.port) and not _special(inner)

    def _listed(self, host: str, port: int) -> bool:
        return (host, port) in self.hosts or (host, None) in self.hosts


def read_egress(words: Sequence[str]) -> Egress:
    """The rule of the setting `egress`: `off`, or any of `loopback` and hosts such as `api.example.com:8443`."""
    hosts = frozenset(_host(word) for word in words if word not in ("off", "loopback"))
    return Egress("loopback" in words, hosts)


def target_of(url: str) -> Target | None:
    """Where an http or https URL leads; None where it is none."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return None
    if parts.scheme not in PORTS or not parts.hostname:
        return None
    return Target(parts.scheme, _name(parts.hostname), PORTS[parts.scheme] if port is None else port)


def _host(word: str) -> tuple[str, int | None]:
    name, colon, port = word.rpartition(":")
    if colon and port.isdigit():
        return _name(name), int(port)
    return _name(word), None


def _name(host: str) -> str:
    bare = host.lower().removeprefix("[").removesuffix("]").removesuffix(".")
    address = _address(bare)
    return bare if address is None else str(address)


def _address(host: str) -> Address | None:
    try:
        return ip_address(host.partition("%")[0])
    except ValueError:
        return None


def _embedded(address: Address) -> Address:
    """The IPv4 address that an IPv6 address stands for, where it does."""
    if isinstance(address, IPv4Address):
        return address
    if address in NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or address


def _special(address: Address) -> bool:
    """Addresses that no server of somebody else has; that of a private network is none."""
    return (
        address.is_loopback
        or address.is_link_local
        or address.is_multicast
        or address.is_unspecified
        or address.is_reserved
    )
