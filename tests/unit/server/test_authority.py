"""The local authority: what it signs, what it may sign, who may read its files, and when they are made anew."""

import ipaddress
import os
import stat
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import ExtensionOID
from cryptography.x509.verification import PolicyBuilder, Store, VerificationError

from emulator.server import authority
from emulator.server.authority import AUTHORITY, PUBLIC, SERVER, server_pem

NOW = 1_763_035_200.0
DAY = 86_400.0


def certificates(path):
    return x509.load_pem_x509_certificates(path.read_bytes())


def verify(folder, subject, now=NOW):
    """As a client does that trusts the folder's authority."""
    store = Store(certificates(folder / PUBLIC))
    builder = PolicyBuilder().store(store).time(datetime.fromtimestamp(now, UTC))
    leaf, *more = certificates(folder / SERVER)
    builder.build_server_verifier(subject).verify(leaf, more)


SUBJECTS = [
    x509.DNSName("localhost"),
    x509.IPAddress(ipaddress.ip_address("127.0.0.1")),
    x509.IPAddress(ipaddress.ip_address("::1")),
]


@pytest.mark.parametrize("subject", SUBJECTS, ids=str)
def test_a_client_that_trusts_it_trusts_the_server_under_every_name_of_this_machine(tmp_path, subject):
    assert server_pem(tmp_path, NOW) == tmp_path / SERVER
    verify(tmp_path, subject)


@pytest.mark.parametrize("subject", [x509.DNSName("example.com"), x509.IPAddress(ipaddress.ip_address("192.0.2.1"))])
def test_under_no_other_name(tmp_path, subject):
    server_pem(tmp_path, NOW)
    with pytest.raises(VerificationError):
        verify(tmp_path, subject)


def test_it_may_sign_for_this_machine_only(tmp_path):
    server_pem(tmp_path, NOW)
    [public] = certificates(tmp_path / PUBLIC)
    limits = public.extensions.get_extension_for_oid(ExtensionOID.NAME_CONSTRAINTS)
    assert limits.critical
    assert [str(name.value) for name in limits.value.permitted_subtrees] == ["localhost", "127.0.0.0/8", "::1/128"]
    basic = public.extensions.get_extension_for_class(x509.BasicConstraints)
    assert (basic.critical, basic.value.ca, basic.value.path_length) == (True, True, 0)


@pytest.mark.skipif(os.name != "posix", reason="rights of POSIX")
def test_its_keys_are_readable_for_their_owner_alone(tmp_path):
    folder = tmp_path / "new"
    server_pem(folder, NOW)
    rights = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (folder, *folder.iterdir())}
    assert rights == {"new": 0o700, AUTHORITY: 0o600, PUBLIC: 0o644, SERVER: 0o600}
    assert b"PRIVATE" not in (folder / PUBLIC).read_bytes()


def kept(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_what_is_there_stays(tmp_path):
    server_pem(tmp_path, NOW)
    before = kept(tmp_path)
    server_pem(tmp_path, NOW + 300 * DAY)
    assert kept(tmp_path) == before


def test_a_certificate_that_ends_soon_is_made_anew_by_the_same_authority(tmp_path):
    server_pem(tmp_path, NOW)
    before = kept(tmp_path)
    server_pem(tmp_path, NOW + 370 * DAY)
    after = kept(tmp_path)
    assert (before[AUTHORITY], before[PUBLIC]) == (after[AUTHORITY], after[PUBLIC])
    assert before[SERVER] != after[SERVER]
    verify(tmp_path, SUBJECTS[0], NOW + 370 * DAY)


def test_an_authority_that_ends_soon_is_made_anew_with_all(tmp_path):
    server_pem(tmp_path, NOW)
    before = kept(tmp_path)
    later = NOW + 3640 * DAY
    server_pem(tmp_path, later)
    assert all(before[name] != data for name, data in kept(tmp_path).items())
    verify(tmp_path, SUBJECTS[0], later)


@pytest.mark.parametrize("name", [PUBLIC, SERVER])
def test_a_file_that_was_taken_away_is_made_anew(tmp_path, name):
    server_pem(tmp_path, NOW)
    (tmp_path / name).unlink()
    server_pem(tmp_path, NOW)
    verify(tmp_path, SUBJECTS[0])


@pytest.mark.parametrize("name", [AUTHORITY, SERVER])
@pytest.mark.parametrize("content", [b"", b"mine", "rsa"])
def test_a_file_of_somebody_else_is_left_alone(tmp_path, name, content):
    if content == "rsa":
        server_pem(tmp_path, NOW)
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        content = authority._pem(key, certificates(tmp_path / PUBLIC)[0])
    (tmp_path / name).write_bytes(content)
    with pytest.raises(OSError, match=f"{name} is not of the emulator's making: remove it"):
        server_pem(tmp_path, NOW)
    assert (tmp_path / name).read_bytes() == content


def test_servers_that_start_at_once_have_one_authority(tmp_path):
    with ThreadPoolExecutor(8) as pool:
        for made in [pool.submit(server_pem, tmp_path, NOW) for _ in range(16)]:
            made.result()
    verify(tmp_path, SUBJECTS[0])
    assert {path.name for path in tmp_path.iterdir()} == {AUTHORITY, PUBLIC, SERVER}
