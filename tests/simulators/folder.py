"""Where the simulators keep what outlives them: ports, keys, certificates; and what they write for the platform.

Killed and started again on the same folder they are the same providers at the same addresses.

accounts.toml     the accounts, for the setting PROVIDERS
platform.env      the settings that go with them: whose callbacks are taken
*.p8, *.json, …   throwaway keys, mode 0600
"""

from __future__ import annotations

import fcntl
import json
import os
import socket
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from tests.simulators.running import HOST

PORTS = ("control", "apns", "fcm", "oauth", "twilio", "ses", "sns", "smtp", "webpush")
PRIVATE = 0o600
Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


class InUse(Exception):
    """Simulators run on this folder already."""


class Folder:
    """`path` is made where it isn't there; `given` are ports that somebody asked for."""

    def __init__(self, path: Path, given: Mapping[str, int] | None = None) -> None:
        self.path = path.resolve()
        self.path.mkdir(parents=True, exist_ok=True)
        self.path.chmod(0o700)
        self._given = dict(given or {})

    def claim(self) -> None:
        """Holds the folder as long as this process lives. Raises InUse."""
        self._lock = os.open(self.path / "lock", os.O_RDWR | os.O_CREAT, PRIVATE)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise InUse(f"simulators run on {self.path} already; end them, or give another folder") from error

    def ports(self) -> dict[str, int]:
        """The port of each server: the one it had, or a free one where somebody else has that meanwhile."""
        file = self.path / "ports.json"
        before = json.loads(file.read_text()) if file.exists() else {}
        ports: dict[str, int] = {}
        for name in PORTS:
            kept = self._given.get(name) or before.get(name, 0)
            ports[name] = kept if kept and is_free(kept) and kept not in ports.values() else free_port(ports.values())
        self.write("ports.json", json.dumps(ports))
        return ports

    def known_ports(self) -> dict[str, int]:
        """The ports as they were chosen last."""
        return dict(json.loads((self.path / "ports.json").read_text()))

    def write(self, name: str, text: str) -> Path:
        """A file that only its owner reads, replaced in one step."""
        draft = self.path / f".{name}.draft"
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, PRIVATE), "w") as file:
            file.write(text)
        return draft.replace(self.path / name)

    def read(self, name: str) -> str:
        """The text of the file `name`; "" where there is none."""
        file = self.path / name
        return file.read_text() if file.exists() else ""

    def ec_key(self, name: str) -> ec.EllipticCurvePrivateKey:
        """The P-256 key in the file `name`, made where there is none."""
        key = self._key(name) or self._made(name, ec.generate_private_key(ec.SECP256R1()))
        assert isinstance(key, ec.EllipticCurvePrivateKey)
        return key

    def rsa_key(self, name: str) -> rsa.RSAPrivateKey:
        """The RSA key in the file `name`, made where there is none."""
        key = self._key(name) or self._made(name, rsa.generate_private_key(65_537, 2_048))
        assert isinstance(key, rsa.RSAPrivateKey)
        return key

    def write_accounts(self, accounts: Sequence[Mapping[str, Any]]) -> Path:
        """accounts.toml, in the form that delivery/providers/accounts.py reads."""
        parts = ["# Written by the simulators: accounts at providers that are on this machine.\n"]
        for account in accounts:
            own = {name: value for name, value in account.items() if name != "options"}
            parts.append("[[account]]\n" + _lines(own) + "[account.options]\n" + _lines(account["options"]))
        return self.write("accounts.toml", "\n".join(parts))

    def write_environment(self, variables: Mapping[str, str]) -> Path:
        """platform.env: NAME=value, a line each."""
        return self.write("platform.env", "".join(f"{name}={value}\n" for name, value in variables.items()))

    def _key(self, name: str) -> Any:
        file = self.path / name
        return serialization.load_pem_private_key(file.read_bytes(), None) if file.exists() else None

    def _made(self, name: str, key: Key) -> Key:
        form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        self.write(name, key.private_bytes(*form).decode())
        return key


def is_free(port: int) -> bool:
    """Whether nobody listens there."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def free_port(taken: Any = ()) -> int:
    """A port nobody listens on, and that isn't among `taken`."""
    while True:
        with socket.socket() as probe:
            probe.bind((HOST, 0))
            port: int = probe.getsockname()[1]
        if port not in taken:
            return port


def _lines(values: Mapping[str, Any]) -> str:
    """TOML's strings, numbers and booleans are JSON's."""
    return "".join(f"{name} = {json.dumps(value)}\n" for name, value in values.items())
