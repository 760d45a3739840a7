"""Broken links: their syntax and scheme, without asking the network. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from urllib.parse import urlsplit

from templates_app.lint.finding import ERROR, HINT, WARNING, Finding
from templates_app.words import Words

JINJA = re.compile(r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}", re.DOTALL)
IN_TEXT = re.compile(r"(?:[a-z]{3,7}:/{1,2}|www\.)\S*", re.IGNORECASE)
HOST = re.compile(r"[\w-]+(\.[\w-]+)+(:\d+)?\Z|localhost(:\d+)?\Z|127\.0\.0\.1(:\d+)?\Z|_")
FINE = ("http", "https", "mailto", "tel", "sms")
DYNAMIC = "_"


def broken(words: Words) -> list[Finding]:
    """The links of all fields."""
    found = [*_in_html(words.html), *_in_text(words.body)]
    for field in ("action_url", "image"):
        found += _told(field, JINJA.sub(DYNAMIC, getattr(words, field)).strip(), None, in_mail=False)
    return found


def _told(field: str, url: str, line: int | None, *, in_mail: bool) -> list[Finding]:
    flaw = flaw_of(url, in_mail=in_mail) if url else None
    return [Finding(flaw[0], field, flaw[1], line)] if flaw else []


def flaw_of(url: str, *, in_mail: bool) -> tuple[str, str] | None:
    """(level, what is wrong) with an address; what a variable makes of it isn't known here."""
    if url in ("#", ""):
        return WARNING, "This link leads nowhere"
    if url.startswith(DYNAMIC) or (url.startswith("#") and in_mail):
        return None
    if any(character.isspace() for character in url):
        return WARNING, f"There is a blank in this address: {url}"
    try:
        parts = urlsplit(url)
    except ValueError:
        return WARNING, f"This is no address: {url}"
    if not parts.scheme:
        return _path(url, in_mail)
    if parts.scheme in ("javascript", "data", "vbscript", "file"):
        return ERROR, f"{parts.scheme}: addresses are refused by mail programs and phones"
    if parts.scheme not in FINE:
        return WARNING, f"“{parts.scheme}:” is no scheme that opens anywhere; https is meant, most likely"
    return _host(parts.scheme, parts.netloc, url)


def _path(url: str, in_mail: bool) -> tuple[str, str] | None:
    if url.startswith("www."):
        return WARNING, f"{url} needs https:// in front"
    if in_mail:
        return WARNING, f"{url} doesn't work from a mail: write {{{{ site }}}}{'' if url.startswith('/') else '/'}{url}"
    return None if url.startswith("/") else (WARNING, f"{url} has to begin with https:// or /")


def _host(scheme: str, netloc: str, url: str) -> tuple[str, str] | None:
    if scheme not in ("http", "https"):
        return None
    if not HOST.match(netloc.rpartition("@")[2]):
        return WARNING, f"{url} names no host"
    if scheme == "http" and not netloc.startswith(("localhost", "127.")):
        return HINT, f"{url} isn't encrypted; write https:// if it works"
    return None


class _Links(HTMLParser):
    """Collects (line, what, address, has alt)."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[int, str, str]] = []
        self.images_without_words: list[int] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        line = self.getpos()[0]
        if tag == "a" and "href" in values:
            self.found.append((line, "href", values["href"] or ""))
        if tag == "img":
            self.found.append((line, "src", values.get("src") or ""))
            if "alt" not in values:
                self.images_without_words.append(line)


def _in_html(source: str) -> Iterator[Finding]:
    if not source:
        return
    links = _Links()
    links.feed(JINJA.sub(lambda match: DYNAMIC + "\n" * match.group().count("\n"), source))
    for line, what, url in links.found:
        address = url.strip()
        if flaw := flaw_of(address, in_mail=not address.startswith("cid:")):
            words = "This picture has no address" if what == "src" and not address else flaw[1]
            yield Finding(flaw[0], "html", words, line)
    for line in links.images_without_words:
        yield Finding(HINT, "html", 'A picture without alt="…": readers who see no pictures miss it', line)


def _in_text(source: str) -> Iterator[Finding]:
    plain = JINJA.sub(lambda match: DYNAMIC + "\n" * match.group().count("\n"), source)
    for match in IN_TEXT.finditer(plain):
        if flaw := flaw_of(match.group().rstrip(".,;:!?)\"'»”"), in_mail=True):
            yield Finding(flaw[0], "body", flaw[1], plain.count("\n", 0, match.start()) + 1)
