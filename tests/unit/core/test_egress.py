"""Which servers may be called: by name before, by address after the name is looked up."""

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.core.egress import Target, read_egress, target_of

OFF, LOOPBACK = read_egress(("off",)), read_egress(("loopback",))
LIST = read_egress(("api.example.com", "10.0.0.5:8080", "[fd00::1]:443", "127.0.0.1:9000"))


@pytest.mark.parametrize(
    ("url", "target"),
    [
        ("http://API.Example.com./mcp", Target("http", "api.example.com", 80)),
        ("https://api.example.com", Target("https", "api.example.com", 443)),
        ("https://user:secret@api.example.com:8443/x?y=1", Target("https", "api.example.com", 8443)),
        ("http://[::1]:80/", Target("http", "::1", 80)),
        ("http://[0:0:0:0:0:0:0:1]/", Target("http", "::1", 80)),
        ("ftp://api.example.com", None),
        ("file:///etc/passwd", None),
        ("http://", None),
        ("http://a:port/", None),
        ("http://a:99999/", None),
        ("http://[::1", None),
        ("", None),
    ],
)
def test_a_url_leads_to_a_host_and_a_port(url, target):
    assert target_of(url) == target


@pytest.mark.parametrize(
    ("rule", "url", "allowed"),
    [
        (OFF, "http://127.0.0.1/", False),
        (OFF, "http://api.example.com/", False),
        (LOOPBACK, "http://127.0.0.1:1/", True),
        (LOOPBACK, "http://127.9.9.9/", True),
        (LOOPBACK, "http://[::1]/", True),
        (LOOPBACK, "http://[::ffff:127.0.0.1]/", True),
        (LOOPBACK, "http://localhost:8080/", True),
        (LOOPBACK, "http://a.localhost/", True),
        (LOOPBACK, "http://localhost.example.com/", False),
        (LOOPBACK, "http://notlocalhost/", False),
        (LOOPBACK, "http://0.0.0.0/", False),
        (LOOPBACK, "http://2130706433/", False),
        (LOOPBACK, "http://10.0.0.5:8080/", False),
        (LIST, "https://api.example.com:9/", True),
        (LIST, "https://api.example.com.evil.com/", False),
        (LIST, "https://evil.com/api.example.com", False),
        (LIST, "https://api.example.com@evil.com/", False),
        (LIST, "http://10.0.0.5:8080/", True),
        (LIST, "http://10.0.0.5/", False),
        (LIST, "https://[fd00:0::1]/", True),
        (LIST, "http://localhost:9000/", False),
    ],
)
def test_the_rule_allows_by_name_and_port(rule, url, allowed):
    assert rule.allows(target_of(url)) == allowed


@pytest.mark.parametrize(
    ("rule", "url", "address", "admitted"),
    [
        (LOOPBACK, "http://localhost/", "127.0.0.1", True),
        (LOOPBACK, "http://localhost/", "::1", True),
        (LOOPBACK, "http://localhost/", "10.0.0.1", False),
        (LOOPBACK, "http://localhost/", "93.184.216.34", False),
        (LIST, "http://api.example.com/", "93.184.216.34", True),
        (LIST, "http://api.example.com/", "10.1.2.3", True),  # a private network: who lists the name knows it
        (LIST, "http://api.example.com/", "127.0.0.1", False),
        (LIST, "http://api.example.com:9000/", "127.0.0.1", True),  # the address is on the list with that port
        (LIST, "http://api.example.com/", "::1", False),
        (LIST, "http://api.example.com/", "::ffff:127.0.0.1", False),
        (LIST, "http://api.example.com/", "64:ff9b::7f00:1", False),
        (LIST, "http://api.example.com/", "2002:7f00:1::", False),
        (LIST, "http://api.example.com/", "169.254.169.254", False),
        (LIST, "http://api.example.com/", "fe80::1%eth0", False),
        (LIST, "http://api.example.com/", "0.0.0.0", False),  # noqa: S104 (asked about, not bound)
        (LIST, "http://api.example.com/", "224.0.0.1", False),
        (LIST, "http://api.example.com/", "no address", False),
    ],
)
def test_what_a_name_leads_to_is_checked_too(rule, url, address, admitted):
    assert rule.admits(address, target_of(url)) == admitted


@given(st.ip_addresses(), st.integers(1, 65535))
def test_where_nobody_may_be_called_no_address_is_allowed_or_admitted(address, port):
    host = f"[{address}]" if address.version == 6 else str(address)
    target = target_of(f"http://{host}:{port}/")
    assert not OFF.allows(target)
    assert not OFF.admits(str(address), target)


@given(st.ip_addresses(v=4))
def test_loopback_is_this_machine_and_nothing_else(address):
    target = target_of(f"http://{address}/")
    assert LOOPBACK.allows(target) == LOOPBACK.admits(str(address), target) == address.is_loopback


@given(st.sampled_from(["127.0.0.0/8", "169.254.0.0/16", "224.0.0.0/4", "240.0.0.0/4"]), st.integers(0, 2**20))
def test_a_listed_name_never_leads_to_an_address_of_special_use(network, number):
    net = ipaddress.ip_network(network)
    address = net[number % net.num_addresses]
    assert not LIST.admits(str(address), target_of("http://api.example.com/"))
