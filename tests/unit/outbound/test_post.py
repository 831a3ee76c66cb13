"""One POST to another server: what is sent, what is told of a failure, and that nothing is followed or waited for."""

import asyncio
import socket
import ssl
import threading
from contextlib import contextmanager

import pytest

from emulator.core.egress import read_egress
from emulator.outbound import addresses
from emulator.outbound import post as module
from emulator.outbound.post import NotSent, post
from tests.certificates import self_signed
from tests.receivers import Receiver

LOOPBACK = read_egress(("loopback",))


def send(url, body=b"{}", rule=LOOPBACK, longest=10.0, **headers):
    return asyncio.run(post(rule, url, headers, body, longest=longest))


def failure(url, **more):
    with pytest.raises(NotSent) as told:
        send(url, **more)
    return str(told.value)


@contextmanager
def saying(answer):
    """A server that answers one connection with these bytes, whatever it is asked; gives its URL."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def speak():
            with listener.accept()[0] as connection:
                connection.recv(65536)
                connection.sendall(answer)

        thread = threading.Thread(target=speak, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/"
        thread.join(10)


@pytest.mark.parametrize("body", [b"", b"{}", "é☂".encode(), bytes(300_000)])
def test_the_body_arrives_as_it_is(body):
    with Receiver(202) as receiver:
        assert send(receiver.url, body, x_kind="test") == 202
        got = receiver.next()
    assert (got.path, got.body) == ("/hook?app=1", body)
    assert got.headers["host"] == f"127.0.0.1:{receiver.port}"
    assert got.headers["x_kind"] == "test"


@pytest.mark.parametrize(
    ("path", "told"), [("", "/"), ("?a=1", "/?a=1"), ("/a/b#c", "/a/b"), ("/%20?x=%00", "/%20?x=%00")]
)
def test_a_url_is_asked_as_it_is_written(path, told):
    with Receiver() as receiver:
        assert send(f"http://localhost:{receiver.port}{path}") == 200
        got = receiver.next()
    assert (got.path, got.headers["host"]) == (told, f"localhost:{receiver.port}")


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_is_an_answer_like_any_other(status):
    with Receiver(status) as receiver:
        assert send(receiver.url) == status
        receiver.next()
        assert receiver.is_empty


def test_what_comes_before_the_answer_is_passed_over():
    with saying(b"HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n") as url:
        assert send(url) == 204


def test_an_answer_without_an_end_is_not_waited_for():
    with saying(b"HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\nx") as url:
        assert send(url) == 200


@pytest.mark.parametrize(
    "answer", [b"", b"SSH-2.0-x\r\n\r\n", b"HTTP/1.1 200", b"HTTP/1.1 200 OK\r\n" + b"a: b\r\n" * 9000]
)
def test_what_is_no_answer_is_told(answer):
    with saying(answer) as url:
        assert failure(url) in ("There was no answer in HTTP.", "The connection broke.")


def test_who_does_not_answer_is_left_in_time():
    with Receiver() as receiver:
        receiver.hold()
        assert failure(receiver.url, longest=0.05) == "No answer within 0.05 seconds."


def test_nobody_there_is_told():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/"
    assert failure(url) == "The connection was refused."


@pytest.mark.parametrize(
    ("rule", "url", "told"),
    [
        (("off",), "http://127.0.0.1:1/", "The egress rule does not allow '127.0.0.1:1'."),
        (("loopback",), "http://10.0.0.1/", "The egress rule does not allow '10.0.0.1:80'."),
        (("loopback",), "nonsense", "The egress rule does not allow 'that URL'."),
    ],
)
def test_the_rule_comes_first(rule, url, told):
    assert failure(url, rule=read_egress(rule)) == told


def test_a_name_leads_only_where_the_rule_admits(monkeypatch):
    asked = []

    async def look_up(host, port):
        asked.append((host, port))
        return ["169.254.169.254"]

    monkeypatch.setattr(addresses, "look_up", look_up)
    told = failure("http://api.example.com/", rule=read_egress(("api.example.com",)))
    assert told == "'api.example.com' leads to 169.254.169.254, where the egress rule does not allow a connection."
    assert asked == [("api.example.com", 80)]


def test_the_next_address_is_tried_where_one_refuses(monkeypatch):
    async def look_up(host, port):
        return ["::1", "127.0.0.1"]

    monkeypatch.setattr(addresses, "look_up", look_up)
    with Receiver() as receiver:
        assert send(f"http://localhost:{receiver.port}/") == 200


def test_a_certificate_must_be_of_somebody_who_is_trusted(tmp_path, monkeypatch):
    certificate = self_signed(tmp_path)
    with Receiver(certificate=certificate) as receiver:
        assert failure(receiver.url).startswith("The certificate is not accepted: self")
    with Receiver(certificate=certificate) as receiver:
        monkeypatch.setattr(module, "_certificates", lambda: ssl.create_default_context(cafile=certificate[0]))
        assert send(receiver.url, b"secret") == 200
        assert receiver.next().body == b"secret"


def test_a_server_without_tls_is_told():
    with saying(b"HTTP/1.1 400 Bad Request\r\n\r\n") as url:
        assert failure(url.replace("http:", "https:")).startswith("No TLS connection: ")
