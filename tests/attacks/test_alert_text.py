"""Somebody who writes to the people who read alerts: through names, tags, user agents."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as effort
from hypothesis import strategies as st
from reactor.actions import Action, Alert, Outcome
from reactor.alerts import MAX_SUBJECT, inert, publication
from reactor.event import read_event
from reactor.testing import role_session

from tests.unit.reactor.world import envelope, record

pytestmark = pytest.mark.unit

HOSTILE = [
    "<!here> <!channel> <!everyone> <@U012AB3CD> <#C012AB3CD> <!subteam^S012|x>",
    "@channel @here @everyone (@channel)",
    "<http://evil.example|AWS console> https://evil.example/login HTTPS://EVIL.EXAMPLE",
    "www.evil.example javascript:alert(1) mailto:eve@evil.example data:text/html;x",
    "[sign in](https://evil.example) ![x](//evil.example/x.png) [x]: //evil.example",
    "*bold* _it_ ~gone~ **all** __all__ ~~all~~ `code` ```block``` a*b*c a~b~c",
    "# heading\n## heading\n> quote\n- item\n| a | b |\n---",
    '<img src=x onerror=alert(1)> <script>alert(1)</script> &lt;b&gt; <at>all</at> "><a href=x>',
    "\x1b[31mred\x1b[0m \x1b]8;;http://evil.example\x07link\x1b]8;;\x07 \x9b31m \x07\x08\x7f",
    "ok\r\nSeverity:  info\r\nPrincipal: arn:aws:iam::1:user/bob\x0b\x0c\x1c\x85\u2028\u2029x",
    "user\u202etxt.exe \u2066\u2067\u2068\u2069 \u200f\u200e\u061c",
    "a\u200bb\u200cc\u200dd\u2060e\ufefff\u00adg\u034fh\u3164i\u115fj\u2800k\ufe0fl\U000e0041m",
    "Z" + "\u0301\u0316\u0489" * 40 + "algo",
    "\\<!here\\> \\[x\\](y) \\`",
    "\ud800 lone \udfff",
    "{{actor}} ${jndi:ldap://evil.example/a} %s {0} <aws.scheduler.execution-id>",
    "x" * 300_000,
]
WORDS = st.text(max_size=60) | st.lists(
    st.sampled_from([*"<>&*_~`[]|\\@#:/.()!\n\x1b\u202e\u200b ab1", "://", "www.", "<!", "]("]),
    max_size=40,
).map("".join)


def said(text: str) -> dict[str, Any]:
    """An alert in which the caller has his text wherever one may be."""
    who = role_session("app", text)
    detail = record(userIdentity=who, userAgent=text, sourceIPAddress=text, eventName=text)
    event = read_event(envelope({**detail, "eventID": text}))
    alert = Alert(
        "high",
        f"{text} did it",
        f"{event.actor.label} called {text}",
        (("Tag", text), (text, "value")),
    )
    action = Action("ssm", "put", {}, (text,), summary=f"set {text}", done=f"set {text}")
    return publication(alert, event, [Outcome(action, "taken", text)], "guard", "enforce")


def marks(text: str) -> list[str]:
    """What readers would take for markup, a mention or a link in a text."""
    found = re.findall(r"[<>&`\[\]|\\]", text)
    found += re.findall(r"(?<![^\W_])[@#_]+(?=[^\s_])", text)
    found += re.findall(r"[*~]+(?=\S)", text)
    found += re.findall(r"(?i)\b[a-z][a-z0-9+.-]*://|\bwww\.|\b(?:mailto|javascript|data):\S", text)
    return found


def hidden(text: str) -> list[str]:
    unseen = "\u034f\u3164\u115f\u2800\ufe0f"
    return [hex(ord(c)) for c in text if not c.isprintable() or c in unseen]


@pytest.mark.parametrize("text", HOSTILE)
def test_what_a_caller_writes_is_text_and_nothing_else(text: str) -> None:
    message = said(text)
    body, subject = message["Message"], message["Subject"]
    lines = body.splitlines()
    assert marks(body) == []
    assert marks(subject.removeprefix("[high] ")) == []
    assert hidden(body.replace("\n", "")) == []
    # No line of the text's own: a sentence, an empty line, and a label in each other.
    assert [line.split(":")[0] for line in lines[2:]][:2] == ["Severity", "Tag"]
    assert len(lines) == 2 + 6
    assert body.count("\nPrincipal:") == 1
    assert subject.isascii()
    assert subject.isprintable()
    assert len(subject) <= MAX_SUBJECT
    assert len(body.encode()) < 256_000
    json.dumps(message).encode()


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=False)
        self.seen: list[str] = []

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.seen.append(tag)

    def handle_entityref(self, name: str) -> None:
        self.seen.append(name)


@effort(max_examples=300)
@given(WORDS)
def test_of_any_text(text: str) -> None:
    shown = inert(text)
    assert marks(shown) == []
    assert hidden(shown) == []
    assert inert(shown) == shown
    html = _Tags()
    html.feed(shown)
    assert html.seen == []


def test_what_people_look_for_stays_as_it_is() -> None:
    for text in (
        "arn:aws:iam::123456789012:role/ci_deploy/app-1 (role_name)",
        "bob@example.com (SSO, PowerUserAccess)",
        "0.0.0.0/0 and ::/0, tcp 22; s3:* on * #",
        "aws-cli/2.17.32 md/awscrt#0.21.2 ua/2.0 md/command#ec2.run-instances",
        "{'a': 1}, \"b\" = 50% + 3 - 2!",
        "Zoë 中文 кто",
    ):
        assert inert(text) == text


def test_what_cannot_be_seen_is_named() -> None:
    assert inert("evil\u202egpj.exe") == "evil(U+202E)gpj.exe"
    assert inert("a\u200bb\x1b") == "a(U+200B)b(U+001B)"
    assert inert("a\r\nb\u2028c") == "a b c"
