"""No receiver's address leads into our own network, whatever it is written like and whatever its name resolves to."""

from __future__ import annotations

import socket

import pytest

from delivery.providers.port import Taken
from delivery.providers.public_network import is_public
from foundation.errors import Misconfigured, PermanentForAddress, Transient
from tests.delivery.providers.made_orders import order
from tests.simulators.webhook import WebhookSimulator

PRIVATE = [
    "127.0.0.1",
    "127.9.9.9",
    "0.0.0.0",
    "10.0.0.1",
    "172.16.0.1",
    "192.168.1.1",
    "169.254.169.254",
    "168.63.129.16",
    "100.100.100.200",
    "192.0.0.192",
    "fd00:ec2::254",
    "fec0::1",
    "::7f00:1",
    "100.64.0.1",
    "192.0.2.1",
    "198.18.0.1",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "fe80::1",
    "fe80::1%eth0",
    "fc00::1",
    "ff02::1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "64:ff9b::7f00:1",
    "64:ff9b:1::a00:1",
    "2002:7f00:1::",
    "2001:0:53aa:64c:0:0:0:1",
    "2001:db8::1",
]


@pytest.mark.parametrize("address", PRIVATE)
def test_an_address_of_no_public_network_is_known_as_such(address):
    assert not is_public(address)


@pytest.mark.parametrize(
    "address", ["1.1.1.1", "93.184.215.14", "2606:4700::1111", "::ffff:1.1.1.1", "64:ff9b::101:101"]
)
def test_a_public_address_is_known_as_such(address):
    assert is_public(address)


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "127.1",
        "2130706433",
        "0x7f000001",
        "localhost",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "0",
    ],
)
def test_a_receiver_in_our_own_network_isnt_called(make_adapter, host):
    with WebhookSimulator(tls=True) as receiver:
        adapter = make_adapter(url="", allow_private=False)
        (result,) = adapter.send([order(f"https://{host}:{receiver.port}/hook", channel="sms")])
        assert (type(result), result.provider_code) == (PermanentForAddress, "private_address")
        assert (receiver.script.received, receiver.script.connections) == ([], 0)


def test_the_accounts_own_receiver_in_our_network_is_ours_to_mend(make_adapter):
    adapter = make_adapter(url="https://localhost/hook", allow_private=False)
    (result,) = adapter.send([order("+4915112345678", channel="sms")])
    assert isinstance(result, Misconfigured)
    assert "allow_private" in result.detail
    with pytest.raises(Misconfigured, match="allow_private"):
        adapter.check()


def test_plain_http_is_for_our_own_network_alone(make_adapter):
    adapter = make_adapter(url="", allow_private=False)
    (result,) = adapter.send([order("http://example.com/hook", channel="sms")])
    assert (type(result), result.provider_code) == (PermanentForAddress, "url")


class Names:
    """Answers for names, in turn, as a resolver that is in league with an attacker."""

    def __init__(self, *answers: list[str]) -> None:
        self.answers = list(answers)
        self.asked = 0

    def __call__(self, host, port, *args, **kwargs):
        self.asked += 1
        addresses = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        family = {True: socket.AF_INET6, False: socket.AF_INET}
        return [(family[":" in each], socket.SOCK_STREAM, 6, "", (each, port)) for each in addresses]


def test_a_name_with_one_private_address_among_public_ones_is_refused(make_adapter, monkeypatch):
    monkeypatch.setattr(socket, "getaddrinfo", Names(["93.184.215.14", "127.0.0.1"]))
    (result,) = make_adapter(url="", allow_private=False).send([order("https://two.example/", channel="sms")])
    assert result.provider_code == "private_address"


def test_a_name_nobody_knows_may_be_known_later(make_adapter, monkeypatch):
    def unknown(*args, **kwargs):
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    (result,) = make_adapter(url="", allow_private=False).send([order("https://localhost./", channel="sms")])
    assert (type(result), result.provider_code) == (Transient, "connect")


def test_a_name_is_asked_once_and_its_answer_is_called(make_adapter, receiver, monkeypatch):
    names = Names(["127.0.0.1"], ["192.0.2.1"])
    monkeypatch.setattr(socket, "getaddrinfo", names)
    adapter = make_adapter(url=f"http://rebound.example:{receiver.port}/hook")
    (result,) = adapter.send([order("+4915112345678", channel="sms")])
    assert isinstance(result, Taken)
    assert names.asked == 1
    assert receiver.script.received[0].headers["Host"] == f"rebound.example:{receiver.port}"


@pytest.mark.parametrize(("name", "kind"), [("localhost", Taken), ("other.example", Transient)])
def test_the_certificate_has_to_be_the_names_whatever_address_was_found(make_adapter, monkeypatch, name, kind):
    with WebhookSimulator(tls=True) as receiver:
        monkeypatch.setattr(socket, "getaddrinfo", Names(["127.0.0.1"]))
        (result,) = make_adapter(url=f"https://{name}:{receiver.port}/").send([order("+4915112345678", channel="sms")])
        assert type(result) is kind
        assert len(receiver.script.received) == (kind is Taken)


def test_an_address_that_doesnt_answer_is_followed_by_the_next(make_adapter, receiver, monkeypatch):
    monkeypatch.setattr(socket, "getaddrinfo", Names(["::1", "127.0.0.1"]))
    adapter = make_adapter(url=f"http://two.example:{receiver.port}/hook")
    assert isinstance(adapter.send([order("+4915112345678", channel="sms")])[0], Taken)
