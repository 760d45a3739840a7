"""All simulators in one process, their accounts, and the settings that let the platform take their callbacks."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from typing import Any, NamedTuple
from uuid import uuid4

from tests.simulators import apns, certificates, fcm, ses, smtp, sns, twilio, webpush
from tests.simulators.control import Script
from tests.simulators.folder import Folder
from tests.simulators.running import HOST
from tests.simulators.ses_events import SESEvents

KEEP = 2_000  # messages each remembers
PAUSE_S = 0.7  # between two receipts of a message, so that one sees them come
CONFIGURATION_SET = "harbor"
FAILS_TWICE = "fails-2-times"
# What the demo's people tell of themselves (demo/company/people.py).
STORIES: dict[str, dict[str, Any]] = {
    "fcm": {
        "stutter": {"code": "UNAVAILABLE", "times": 2, "address": FAILS_TWICE},
        "silence": {"times": None, "address": "timeout-after-accept"},
    },
    "ses": {"stutter": {"code": "ServiceUnavailable", "times": 2, "address": FAILS_TWICE}},
    "smtp": {"stutter": {"code": "451 4.3.0", "times": 2, "address": FAILS_TWICE}},
    "twilio": {"stutter": {"code": "20503", "times": 2, "address": r"^\+15005550007$"}},
}


class Part(NamedTuple):
    """One provider: its simulator, its account without the options, and what its account's options are."""

    name: str
    label: str
    channel: str
    rate: int
    order: int
    simulator: Any
    options: Callable[[], dict[str, Any]]
    port: int


class Fleet:
    """Runs while the block does. `parts` is the table of who is there; `receipts` are those that post some."""

    def __init__(self, folder: Folder, *, callbacks: str) -> None:
        self.folder, self.callbacks = folder, callbacks.rstrip("/")
        self.ports = folder.known_ports()
        certificates.keep_in(folder.path)
        self._running = ExitStack()
        self._service = sns.Sns(port=self.ports["sns"], key_name=uuid4().hex)
        self.mail_events = SESEvents(self._service, f"{self.callbacks}/webhooks/ses", pause_s=PAUSE_S)
        self.parts: dict[str, Part] = {part.name: part for part in self._parts()}
        self.receipts: dict[str, Any] = {"twilio": self.parts["twilio"].simulator, "ses": self.mail_events}

    def __enter__(self) -> Fleet:
        with ExitStack() as starting:
            for each in (self._service, self.mail_events, *(part.simulator for part in self.parts.values())):
                starting.enter_context(each)
            self._running = starting.pop_all()
        self.calm()
        self.folder.write_accounts([self._account(part) for part in self.parts.values()])
        return self

    def __exit__(self, *of_error: Any) -> None:
        self._running.__exit__(*of_error)

    def calm(self, name: str = "") -> None:
        """Takes back what `name` (all: "") was ordered; the demo's people are as they are."""
        for part in self.parts.values():
            if name in ("", part.name):
                part.simulator.script.lift()
                part.simulator.script.apply(STORIES.get(part.name, {}))

    def _parts(self) -> list[Part]:
        return [self._apns(), self._fcm(), self._webpush(), self._ses(), self._smtp(), self._twilio()]

    def _apns(self) -> Part:
        key_file = "apns.p8"
        simulator = apns.APNsSimulator(_script(), key=self.folder.ec_key(key_file), port=self.ports["apns"])
        return Part(
            "apns",
            "APNs",
            "push",
            4_000,
            0,
            simulator,
            partial(simulator.options, self._path(key_file)),
            self.ports["apns"],
        )

    def _fcm(self) -> Part:
        key, ports = self.folder.rsa_key("fcm-key.pem"), self.ports
        simulator = fcm.FCMSimulator(_script(), key=key, port=ports["fcm"], oauth_port=ports["oauth"])
        file = self.folder.write("service-account.json", json.dumps(simulator.service_account))
        return Part("fcm", "FCM", "push", 800, 0, simulator, partial(simulator.options, file), ports["fcm"])

    def _webpush(self) -> Part:
        port = self.ports["webpush"]
        simulator = webpush.WebPushSimulator(_script(), folder=self.folder, port=port)
        options = partial(simulator.options, self._path(webpush.KEY_FILE))
        return Part("webpush", "Web Push", "push", 500, 0, simulator, options, port)

    def _ses(self) -> Part:
        simulator = ses.SESSimulator(port=self.ports["ses"])
        simulator.script, simulator.on_taken = _script(), self.mail_events.taken
        own = {
            "configuration_set": CONFIGURATION_SET,
            "unsubscribe_url": f"{self.callbacks}/unsubscribe/{{token}}",
            **self._secret("secret_access_key", ses.SECRET),
        }
        options = partial(simulator.options, **own)
        return Part("ses", "SES", "email", 150, 0, simulator, options, self.ports["ses"])

    def _smtp(self) -> Part:
        simulator = smtp.SMTPSimulator(security="starttls", port=self.ports["smtp"])
        simulator.script = _script()
        own = self._secret("password", smtp.PASSWORD)
        options = partial(simulator.options, **own)
        return Part("smtp", "SMTP", "email", 150, 1, simulator, options, self.ports["smtp"])

    def _twilio(self) -> Part:
        simulator = twilio.TwilioSimulator(posts_receipts=True, port=self.ports["twilio"])
        simulator.script, simulator.pause_s = _script(), PAUSE_S
        own = {"status_callback": f"{self.callbacks}/webhooks/twilio", **self._secret("auth_token", twilio.TOKEN)}
        options = partial(simulator.options, **own)
        return Part("twilio", "Twilio", "sms", 250, 0, simulator, options, self.ports["twilio"])

    def _account(self, part: Part) -> dict[str, Any]:
        own = {"name": part.name, "provider": part.name, "channel": part.channel, "rate": part.rate}
        return {**own, "order": part.order, "options": _without_env(part.options())}

    def _secret(self, name: str, value: str) -> dict[str, str]:
        return {f"{name}_file": str(self.folder.write(f"{name}.txt", value))}

    def _path(self, name: str) -> str:
        return str(self.folder.path / name)


def environment(folder: Folder) -> dict[str, str]:
    """The platform's settings that go with the simulators in `folder`; its ports are chosen before."""
    ports = folder.known_ports()
    return {
        "PROVIDERS": str(folder.path / "accounts.toml"),
        "SIMULATORS_URL": f"http://{HOST}:{ports['control']}",
        "TWILIO_AUTH_TOKENS": twilio.TOKEN,
        "SNS_TOPICS": sns.TOPIC,
        "SNS_HOSTS": f"{HOST}:{ports['sns']}",
        "SNS_CA_FILE": str(folder.path / "ca.pem"),
    }


def _script() -> Script:
    return Script(keep=KEEP)


def _without_env(options: dict[str, Any]) -> dict[str, Any]:
    """The tests' simulators name variables for their secrets; here they stand in files."""
    return {name: value for name, value in options.items() if not name.endswith("_env")}
