"""How a message's copy in one language becomes the texts of its channels."""

from __future__ import annotations

from dataclasses import dataclass, field

from templates_app.words import Words

PICTURES = "/static/demo/company"


@dataclass(frozen=True, kw_only=True)
class Copy:
    """One message in one language. Without `mail` there is no email, without `sms` no SMS.

    `push` is the phone's shorter body, where it differs; `subject` the mail's, where it isn't the title.
    """

    locale: str
    title: str
    body: str
    push: str = ""
    subject: str = ""
    mail_text: str = ""
    mail: str = ""
    sms: str = ""


@dataclass(frozen=True, kw_only=True)
class Message:
    """What all languages share: where a tap leads, the picture, and the data the inbox gets."""

    action_url: str
    picture: str
    data: dict[str, str] = field(default_factory=dict)
    with_push: bool = True

    def texts(self, *copies: Copy) -> list[Words]:
        """The texts of every channel in every language."""
        return [words for copy in copies for words in self._texts(copy)]

    def _texts(self, copy: Copy) -> list[Words]:
        picture = f"{PICTURES}/{self.picture}.svg"
        url, locale = self.action_url, copy.locale
        made = [Words("in_app", locale, copy.title, copy.body, "", url, picture, self.data)]
        if self.with_push:
            made.append(Words("push", locale, copy.title, copy.push or copy.body, action_url=url))
        if copy.mail:
            text = copy.mail_text or copy.body
            made.append(Words("email", locale, copy.subject or copy.title, text, copy.mail, action_url=url))
        if copy.sms:
            made.append(Words("sms", locale, body=copy.sms))
        return made
