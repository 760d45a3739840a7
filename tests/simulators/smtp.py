"""A mail server by aiosmtpd: plain, STARTTLS or TLS, with a login, and with whatever goes wrong."""

from __future__ import annotations

import asyncio
import logging
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from tests.simulators import control
from tests.simulators.certificates import certificate, server_tls
from tests.simulators.control import Answer, Script
from tests.simulators.running import HOST, Running

USER, PASSWORD = "harbor", "a-password-of-harbor"
RECIPIENT, DATA = "recipient", "data"
logging.getLogger("mail.log").setLevel(logging.ERROR)  # it tells of every address


class SMTPSimulator(Running):
    """`security` is "starttls", "tls" or "none"; with TLS it asks for a login.

    A code of `script` is a reply such as "550 5.1.1", said at the `stage` it is given with ("recipient" or "data").
    A drop, a silence and rubbish come after the dot, or at the recipient with `goes_wrong_at`. `greeting`, `sender` and
    `login` are replies that take the place of a good one; the greeting comes `greets_after_s`.
    """

    def __init__(self, *, security: str = "none", port: int = 0) -> None:
        self.script = Script()
        self.security, self.port = security, port
        self.goes_wrong_at = DATA
        self.greeting = self.sender = self.login = ""
        self.greets_after_s = 0.0

    def reset(self) -> None:
        """As new."""
        self.script.reset()
        self.goes_wrong_at, self.greeting, self.sender, self.login = DATA, "", "", ""
        self.greets_after_s = 0.0

    def options(self, **other: Any) -> dict[str, Any]:
        """The options of an account here; its password is in the variable SMTP_SIMULATOR_PASSWORD."""
        found = {"host": HOST, "port": self.port, "security": self.security, "from_email": "no-reply@harbor.example"}
        if self.security != "none":
            found |= {
                "username": USER,
                "password_env": "SMTP_SIMULATOR_PASSWORD",
                "ca_file": str(certificate().ca_file),
            }
        return found | other

    def mails(self) -> list[EmailMessage]:
        """The mails that were taken, as a reader's program sees them."""
        return [message_from_bytes(each.body, policy=policy.default) for each in self.script.accepted()]

    async def start(self) -> None:
        tls = server_tls("smtp") if self.security != "none" else None
        server = await self.loop.create_server(
            lambda: _Server(self, tls if self.security == "starttls" else None),
            HOST,
            self.port,
            ssl=tls if self.security == "tls" else None,
        )
        self._server = server
        self.port = server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        self._server.close()

    # --- aiosmtpd's handler

    async def handle_MAIL(self, server: Any, session: Session, envelope: Envelope, address: str, options: Any) -> str:
        if self.sender:
            return self.sender
        envelope.mail_from = address
        return "250 2.1.0 Ok"

    async def handle_RCPT(self, server: Any, session: Session, envelope: Envelope, address: str, options: Any) -> str:
        answer = self.script.next(address)
        envelope.rcpt_tos.append(address)
        session.answer = answer
        if answer.kind == control.LIMITED:
            return self._refuse(address, answer, "451 4.7.1 Too many mails, come back later")
        if answer.kind == control.GOAWAY:
            self._note(address, answer, None)
            await server.push("421 4.3.2 Going away")
            server.transport.close()
            return ""
        if answer.kind == control.CODE and answer.extra.get("stage", RECIPIENT) == RECIPIENT:
            return self._refuse(address, answer, f"{answer.code} <{address}> isn't served")
        if self.goes_wrong_at == RECIPIENT and answer.kind != control.OK:
            self._note(address, answer, None)
            return await _go_wrong(server, answer)
        return "250 2.1.5 Ok"

    async def handle_DATA(self, server: Any, session: Session, envelope: Envelope) -> str:
        answer: Answer = session.answer
        self._note(envelope.rcpt_tos[0], answer, envelope.content)
        if self.script.latency_s:
            await asyncio.sleep(self.script.latency_s)
        if answer.kind == control.CODE:
            return f"{answer.code} not this mail"
        if answer.kind != control.OK:
            return await _go_wrong(server, answer)
        return "250 2.0.0 Ok: queued"

    def authenticate(self, server: Any, session: Session, envelope: Envelope, mechanism: str, given: Any) -> AuthResult:
        if self.login:
            return AuthResult(success=False, handled=False, message=self.login)
        is_right = given == LoginPassword(USER.encode(), PASSWORD.encode())
        return AuthResult(success=is_right, handled=False)

    def _refuse(self, address: str, answer: Answer, reply: str) -> str:
        self._note(address, answer, None)
        return reply

    def _note(self, address: str, answer: Answer, content: Any) -> None:
        self.script.take(id="", address=address, answer=answer.kind, body=content)


class _Server(SMTP):
    """One connection."""

    def __init__(self, simulator: SMTPSimulator, starttls: Any) -> None:
        super().__init__(
            simulator,
            hostname="mx.example",
            loop=simulator.loop,
            tls_context=starttls,
            require_starttls=starttls is not None,
            # It doesn't know of a connection that is encrypted from its first byte.
            auth_required=starttls is not None,
            auth_require_tls=starttls is not None,
            authenticator=simulator.authenticate,
        )
        self._simulator = simulator
        simulator.script.connected()

    async def push(self, status: Any) -> None:
        if isinstance(status, str) and status.startswith("220 mx.example"):
            await asyncio.sleep(self._simulator.greets_after_s)
        if isinstance(status, str) and status.startswith("220 mx.example") and self._simulator.greeting:
            status = self._simulator.greeting
        await super().push(status)


async def _go_wrong(server: Any, answer: Answer) -> str:
    if answer.kind == control.SILENCE:
        await asyncio.sleep(60)
    if answer.kind == control.RUBBISH:
        return "what?"
    server.transport.abort()
    return ""
