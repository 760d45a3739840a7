"""The simulators as a process steers them: each named fault is what its name says, by the unmodified adapter."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from delivery.providers.accounts import accounts
from delivery.providers.kept import build
from delivery.providers.port import Taken
from foundation import errors
from tests.delivery.providers.made_orders import order
from tests.running import until
from tests.simulators import faults
from tests.simulators.desk import Desk
from tests.simulators.fleet import Fleet, environment
from tests.simulators.folder import Folder, InUse
from tests.simulators.webpush import WebPushSimulator

ADDRESSES = {
    "apns": ("push", "ab" * 32),
    "fcm": ("push", "fcm-token"),
    "ses": ("email", "ada@example.com"),
    "smtp": ("email", "ada@example.com"),
    "twilio": ("sms", "+12025550142"),
    "webpush": ("push", "anna-laptop"),  # a browser, whose address is what its push service gives
}
MEANT = {
    "transient": (errors.Transient,),
    "down": (errors.Ambiguous, errors.Transient),
    "rate_limited": (errors.ProviderRateLimited,),
    "ambiguous": (errors.Ambiguous,),
    "permanent": (errors.PermanentForMessage,),
    "invalid": (errors.PermanentForAddress,),
    "misconfigured": (errors.Misconfigured,),
    "rubbish": (errors.Ambiguous,),
    "goaway": (errors.Transient, errors.Ambiguous),  # httpx can't tell which requests a GOAWAY speaks of
}
# RFC 5321 has no reply that asks to wait: it is one that passes.
ALSO = {("smtp", "rate_limited"): (errors.Transient,)}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Folder:
    made = Folder(tmp_path_factory.mktemp("sims"))
    made.claim()
    made.ports()
    made.write_environment(environment(made))
    return made


@pytest.fixture(scope="module")
def fleet(folder: Folder) -> Iterator[Fleet]:
    with Fleet(folder, callbacks="http://127.0.0.1:9") as running:
        for each in running.receipts.values():
            each.posts_receipts = False
        yield running


@pytest.fixture(scope="module")
def desk(fleet: Fleet) -> Iterator[httpx.Client]:
    with Desk(fleet) as running, httpx.Client(base_url=running.base_url) as client:
        yield client


@pytest.fixture
def providers(folder: Folder, settings) -> None:
    settings.PROVIDERS, settings.PROVIDER_TIMEOUT_S = str(folder.path / "accounts.toml"), 2.0


@pytest.fixture(params=list(ADDRESSES))
def provider(request: pytest.FixtureRequest, desk: httpx.Client, providers: None) -> Iterator[tuple[str, Any]]:
    """Its name, and the adapter of its account in the file that the simulators have written."""
    desk.post("/calm", json={})
    adapter = build(next(account for account in accounts() if account.name == request.param))
    yield request.param, adapter
    desk.post("/calm", json={})
    adapter.close()


@pytest.fixture(scope="module")
def addresses(desk: httpx.Client) -> dict[str, str]:
    """Each provider's address of somebody."""
    found = {name: address for name, (_, address) in ADDRESSES.items()}
    device = desk.post("/browsers", json={"name": found["webpush"]}).raise_for_status().json()
    assert device["platform"] == "web"
    return {**found, "webpush": device["token"]}


@pytest.fixture
def sent(provider: tuple[str, Any], addresses: dict[str, str]) -> Callable[[], Any]:
    """Sends one, and gives what became of it."""
    name, adapter = provider
    return lambda: adapter.send([order(addresses[name], channel=ADDRESSES[name][0])])[0]


def test_an_account_of_the_file_is_checked_sends_and_is_seen(provider, sent, desk: httpx.Client, addresses) -> None:
    name, adapter = provider
    assert name in adapter.check()
    assert isinstance(sent(), Taken)
    (shown, *_) = desk.get("/messages", params={"address": addresses[name]}).json()["messages"]
    assert "Order A-17 is on its way." in shown["body"]
    assert shown["provider"] == name or name in ("ses", "smtp")


def test_each_fault_is_what_its_name_says_and_ends(provider, sent, desk: httpx.Client) -> None:
    name, _ = provider
    for mode in faults.modes_of(name):
        if mode not in MEANT:
            continue
        desk.post(f"/modes/{name}", json={"mode": mode}).raise_for_status()
        found = sent()
        assert isinstance(found, ALSO.get((name, mode), MEANT[mode])), (mode, found)
        desk.post(f"/modes/{name}", json={"mode": "ok"}).raise_for_status()
        # Who was asked to wait sends nothing before.
        until(lambda: isinstance(sent(), Taken), 2 * faults.WAIT_S, f"it works after {mode}")


def test_who_fails_twice_before_it_takes_does_so_every_time(fleet: Fleet) -> None:
    script = fleet.parts["twilio"].simulator.script
    fleet.calm("twilio")
    kinds = [script.next("+15005550007").kind for _ in range(6)]
    assert kinds == ["code", "code", "ok"] * 2


def test_orders_are_refused_with_what_is_wrong(desk: httpx.Client) -> None:
    assert desk.post("/modes/apns", json={"mode": "nonsense"}).status_code == 400
    assert desk.post("/modes/pager", json={"mode": "down"}).status_code == 404
    assert "no such order" in desk.post("/orders/apns", json={"explode": {}}).json()["detail"]
    assert desk.post("/receipts/apns", json={"copies": 2}).status_code == 400


def test_a_browser_is_subscribed_by_a_name_that_fits_into_an_address(desk: httpx.Client) -> None:
    for name in ("", "a/b", "a b", "x" * 41, 7, None):
        refused = desk.post("/browsers", json={"name": name})
        assert (refused.status_code, refused.json()["detail"][:5]) == (400, "name:")


def test_a_page_from_elsewhere_gets_nowhere(desk: httpx.Client) -> None:
    form = {"Content-Type": "text/plain"}
    assert desk.post("/modes/apns", content='{"mode": "down"}', headers=form).status_code == 415
    assert desk.get("/state", headers={"Host": "evil.example"}).status_code == 403


def test_a_folder_belongs_to_one(folder: Folder) -> None:
    with pytest.raises(InUse, match="run on"):
        Folder(folder.path).claim()


def test_started_again_they_are_the_same(tmp_path: Path) -> None:
    first = Folder(tmp_path)
    ports, key = first.ports(), first.ec_key("apns.p8")
    again = Folder(tmp_path)
    assert again.ports() == ports
    assert again.ec_key("apns.p8").private_numbers() == key.private_numbers()


def test_a_browsers_subscription_outlives_them(tmp_path: Path) -> None:
    first = WebPushSimulator(folder=Folder(tmp_path))
    first.subscribe("anna-laptop")
    again = WebPushSimulator(folder=Folder(tmp_path))
    assert again.key_pem == first.key_pem
    (mine, kept) = (each.browsers["/push/anna-laptop"] for each in (first, again))
    assert (kept.auth, kept.key.private_numbers()) == (mine.auth, mine.key.private_numbers())
