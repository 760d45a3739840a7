"""The auth service's words: sign-in codes and changed passwords."""

from __future__ import annotations

from demo.company.copywriting import Copy, Message

LOGIN_CODE = Message(action_url="/account/sign-in", picture="key").texts(
    Copy(
        locale="en",
        title="Your sign-in code",
        body="Your code is {{ code }}. It is good for ten minutes. We never ask you for it.",
        push="Your code is {{ code }}. We never ask you for it.",
        sms="Your code is {{ code }}. It is good for ten minutes. Harbor never asks you for it.",
    ),
    Copy(
        locale="de",
        title="Ihr Anmeldecode",
        body="Ihr Code ist {{ code }}. Er gilt zehn Minuten. Wir fragen Sie nie danach.",
        push="Ihr Code ist {{ code }}. Wir fragen Sie nie danach.",
        sms="Ihr Code ist {{ code }}. Er gilt zehn Minuten. Harbor fragt Sie nie danach.",
    ),
)

_PLACE = '\n<table class="facts" role="presentation" cellpadding="0" cellspacing="0"><tbody>\n{rows}\n</tbody></table>'
_ROW = "<tr><th>{name}</th><td>{{{{ {value} }}}}</td></tr>"


def _table(when: str, device: str, place: str) -> str:
    rows = [(when, "time | datetime"), (device, "device"), (place, "city")]
    return _PLACE.format(rows="\n".join(_ROW.format(name=name, value=value) for name, value in rows))


PASSWORD_CHANGED = Message(action_url="/account/security", picture="shield", data={"device": "{{ device }}"}).texts(
    Copy(
        locale="en",
        title="Your password was changed",
        body="On {{ time | datetime }} from {{ device }} in {{ city }}. If that wasn’t you, secure your account now.",
        push="From {{ device }} in {{ city }}. Wasn’t you? Secure your account now.",
        mail_text="Your password was changed on {{ time | datetime }} from {{ device }} in {{ city }}.\n\n"
        "If that was you, there is nothing to do. If not: {{ site }}/account/security",
        mail="<h1>Your password was changed</h1>\n<p>If that was you, there is nothing to do.</p>"
        + _table("When", "Device", "Place")
        + "\n<p>If it wasn’t you, somebody else knows your password.</p>"
        '\n<p><a class="button" href="{{ content.action_url }}">Secure your account</a></p>',
    ),
    Copy(
        locale="de",
        title="Ihr Passwort wurde geändert",
        body="Am {{ time | datetime }} mit {{ device }} in {{ city }}. Waren Sie das nicht? Sichern Sie Ihr Konto.",
        push="Mit {{ device }} in {{ city }}. Waren Sie das nicht? Sichern Sie Ihr Konto.",
        mail_text="Ihr Passwort wurde am {{ time | datetime }} mit {{ device }} in {{ city }} geändert.\n\n"
        "Waren Sie das, ist nichts zu tun. Wenn nicht: {{ site }}/account/security",
        mail="<h1>Ihr Passwort wurde geändert</h1>\n<p>Waren Sie das, ist nichts zu tun.</p>"
        + _table("Wann", "Gerät", "Ort")
        + "\n<p>Waren Sie es nicht, kennt jemand anderes Ihr Passwort.</p>"
        '\n<p><a class="button" href="{{ content.action_url }}">Konto sichern</a></p>',
    ),
)
