"""The sandbox's providers: APNs, FCM, SES and Twilio as far as the pipeline can tell (delivery/providers/port.py)."""

from __future__ import annotations

import time
from collections.abc import Sequence

from django.conf import settings

from delivery.providers.port import NotBegun, Order, Result, Taken
from delivery.providers.sandbox import behaviour, outbox, switches
from foundation.clock import now_ms


class SandboxProvider:
    """Answers by switch or by address, after the latency of a network, and keeps what it received in the outbox."""

    def __init__(self, name: str, channel: str) -> None:
        self.name = name
        self.channel = channel
        self.rate: int = settings.PROVIDER_RATES[name]

    def send(self, orders: Sequence[Order]) -> list[Result]:
        """All at once, as over one connection with many streams: the batch takes as long as its slowest send.

        What takes longer than the time-out, or than the deadline, is received and never answered: in doubt.
        """
        started = now_ms()
        if orders and started >= orders[0].deadline:
            return [NotBegun(why="the deadline is over")] * len(orders)
        switch = switches.mode_of(self.name)
        modes = [behaviour.mode_of(order.send.address, order.attempt) for order in orders]
        if switch != behaviour.OK:
            modes = [switch] * len(orders)
        modes = self._wait(modes, orders, started)
        received = [order for order, mode in zip(orders, modes, strict=True) if behaviour.is_received(mode)]
        at = now_ms()
        if received:
            outbox.receive(self.name, received, at)
        return [self._answer(order, mode, started, at) for order, mode in zip(orders, modes, strict=True)]

    def _wait(self, modes: list[str], orders: Sequence[Order], started: int) -> list[str]:
        """Spends the latency; a slow send whose answer would come too late counts as one without an answer."""
        room = min(settings.PROVIDER_TIMEOUT_S, (orders[0].deadline - started) / 1_000) if orders else 0.0
        latency = settings.SANDBOX_LATENCY_MS / 1_000
        if behaviour.SLOW in modes:
            if room < behaviour.SLOW_S:
                modes = [behaviour.AMBIGUOUS if mode == behaviour.SLOW else mode for mode in modes]
            latency = min(behaviour.SLOW_S, room)
        time.sleep(max(0.0, latency))
        return modes

    def _answer(self, order: Order, mode: str, started: int, at: int) -> Result:
        if mode in (behaviour.OK, behaviour.SLOW):
            return Taken(provider_id=f"{self.name}-{order.send.id}", at=at, started_at=started)
        return behaviour.error_of(mode)


def apns() -> SandboxProvider:
    return SandboxProvider("apns", "push")


def fcm() -> SandboxProvider:
    return SandboxProvider("fcm", "push")


def ses() -> SandboxProvider:
    return SandboxProvider("ses", "email")


def twilio() -> SandboxProvider:
    return SandboxProvider("twilio", "sms")
