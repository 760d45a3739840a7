"""A batch over an asynchronous library: what was begun is in doubt, what wasn't is not, whatever holds it up."""

from __future__ import annotations

import asyncio
import time

import pytest

from delivery.providers import bursts
from delivery.providers.port import NotBegun, Taken
from foundation.errors import Ambiguous, Transient
from tests.delivery.providers.made_orders import push as order


@pytest.fixture
def orders():
    return [order(f"device-{number}") for number in range(3)]


def kinds(results) -> list[type]:
    return [type(result) for result in results]


def test_in_the_last_quarter_of_the_time_nothing_is_begun(orders, settings):
    settings.PROVIDER_TIMEOUT_S = 0.8
    began = []

    async def send(flight):
        flight.begin()
        began.append(flight.order)
        await asyncio.sleep(flight.begin_by + 0.01 - time.monotonic())
        return Taken()

    assert kinds(bursts.send_all(orders, send, streams=1)) == [Taken, NotBegun, NotBegun]
    assert began == orders[:1]


def test_one_that_comes_too_late_is_not_begun_whatever_its_library_makes_of_that(orders):
    async def send(flight):
        flight.begin_by = 0.0
        try:
            flight.approach()
        except Exception as error:
            raise Transient("the library failed") from error
        return Taken()

    assert kinds(bursts.send_all(orders, send, streams=3)) == [NotBegun] * 3


def test_what_a_library_tries_again_elsewhere_was_not_begun_before(orders, settings):
    settings.PROVIDER_TIMEOUT_S = 0.2
    forever = asyncio.Event()

    async def send(flight):
        flight.begin()
        flight.approach()
        await forever.wait()
        return Taken()

    assert kinds(bursts.send_all(orders, send, streams=3)) == [NotBegun] * 3


def test_a_send_that_does_not_let_go_takes_no_other_with_it(orders, settings):
    settings.PROVIDER_TIMEOUT_S = 0.2
    end = asyncio.Event()
    loops = []

    async def send(flight):
        flight.begin()
        if flight.order is not orders[1]:
            return Taken()
        loops.append(asyncio.get_running_loop())
        try:
            await end.wait()
        finally:
            await end.wait()
        return Taken()

    assert kinds(bursts.send_all(orders, send, streams=3)) == [Taken, Ambiguous, Taken]
    loops[0].call_soon_threadsafe(end.set)


def test_a_failing_adapter_is_in_doubt_only_where_it_had_begun(orders):
    async def send(flight):
        if flight.order is orders[0]:
            flight.begin()
        if flight.order is orders[2]:
            return Taken()
        raise KeyError("sid")

    assert kinds(bursts.send_all(orders, send, streams=3)) == [Ambiguous, Transient, Taken]
