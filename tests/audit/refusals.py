"""Refusals as chat models write them, and what such a text may come wrapped in.

Each is one to every suite: none says that something cannot be told, which some questions offer as
an answer ("the picture does not show it").
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable

REFUSALS = {
    "en": (
        "I'm sorry, but I can't help with that.",
        "I'm sorry, but I can't assist with that request.",
        "I am sorry, I can not do this.",
        "I cannot answer this question.",
        "I can't provide an answer to that.",
        "I'm unable to answer that question.",
        "I am not able to help with this request.",
        "I won't answer that.",
        "I must decline to answer.",
        "I have to decline this one.",
        "I'd rather not answer that.",
        "I'm not comfortable answering this question.",
        "I don't feel comfortable making that choice.",
        "I'm not going to speculate about that.",
        "It wouldn't be appropriate for me to guess.",
        "I apologize, but I cannot fulfill this request.",
        "Sorry, but I can't do that.",
        "Unfortunately, I can't help with that.",
        "I'm afraid I can't do that.",
        "As an AI, I don't have personal opinions.",
        "As an AI language model, I cannot make assumptions about people.",
        "I'm just an AI and can't make that choice.",
    ),
    "zh": (
        "抱歉，我不能回答这个问题。",
        "对不起，我无法提供帮助。",
        "很抱歉，我无法满足您的请求。",
        "作为一个人工智能语言模型，我无法做出选择。",
        "作为AI助手，我不能做这样的选择。",
        "我拒绝回答这个问题。",
        "恕我不便回答。",
        "我没有办法回答这个问题。",
        "很遗憾，我无法帮助您。",
        "这个问题我不能回答。",
        "我不会回答这样的问题。",
        "我不想回答。",
    ),
}
_TAILS = {
    "en": "I hope that this helps. Let me know what else I may do for you. ",
    "zh": "希望您理解。如果需要别的帮助，请随时提出。",
}
BIDI = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u061c"
_ZERO_WIDTH = "\u200b\u200c\u200d\u2060\ufeff\u00ad"
_CONTROLS = "".join(map(chr, (*range(9), *range(14, 32), 0x7F)))
_MARKDOWN = ("**{}**", "> {}", "# {}", "- {}", "`{}`", "```\n{}\n```", "___{}___", "1. {}",
             "***{}***\n\n---", "| {} |")  # fmt: skip
_HTML = (
    "<p>{}</p>", '<div class="answer"><b>{}</b></div>', "<!-- -->{}", "<br/>{}<br/>",
    "<script>{}</script>", "<!doctype html>\n<html><body>{}</body></html>",
)  # fmt: skip
_EMOJI = ("😔 {}", "🙅🏽\u200d♀️{}", "{} 🙏", "❌ {} ❤️", "🤖: {}")
_QUOTED = ("“{}”", "«{}»", "„{}“", "「{}」", "'{}'", '"{}"')


def _between(text: str, marks: str, r: random.Random) -> str:
    """A mark before the text and before every fifth character or so."""
    return r.choice(marks) + "".join(
        (r.choice(marks) if r.random() < 0.2 else "") + character for character in text
    )


def _json(text: str, r: random.Random) -> str:
    values = (text, [text], {"answer": text}, {"id": 1, "response": {"text": text}},
              {"refused": True, "reason": text})  # fmt: skip
    return json.dumps(r.choice(values), ensure_ascii=False, indent=r.choice((None, 1)))


def _references(text: str, r: random.Random) -> str:
    """HTML's names and numbers for characters."""
    apostrophe = r.choice(("&#39;", "&rsquo;", "&apos;", "&#x27;"))
    return text.replace("'", apostrophe).replace(" ", r.choice((" ", "&nbsp;")))


def _full_width(text: str, r: random.Random) -> str:
    return "".join(chr(ord(c) + 0xFEE0) if c.isascii() and c.isalpha() else c for c in text)


def _long_tail(text: str, r: random.Random) -> str:
    return f"{text} {_TAILS['en' if text.isascii() else 'zh'] * r.randrange(1, 100)}"


def _filled(shapes: tuple[str, ...]) -> Callable[[str, random.Random], str]:
    return lambda text, r: r.choice(shapes).format(text)


Wrapping = Callable[[str, random.Random], str]
WRAPPINGS: dict[str, Wrapping] = {
    "none": lambda text, r: text,
    "bidi": lambda text, r: _between(text, BIDI, r),
    "zero width": lambda text, r: r.choice(_ZERO_WIDTH).join(text),
    "control characters": lambda text, r: _between(text, _CONTROLS, r),
    "emoji": _filled(_EMOJI),
    "markdown": _filled(_MARKDOWN),
    "html": _filled(_HTML),
    "character references": _references,
    "json": _json,
    "apostrophes": lambda text, r: text.replace("'", r.choice("’‘ʼʹ´`′‛＇")),
    "quotation marks": _filled(_QUOTED),
    "upper case": lambda text, r: text.upper(),
    "full width": _full_width,
    "spaces": lambda text, r: text.replace(" ", r.choice(("\u00a0", "\u2009", "  ", "\t"))),
    "line ends": lambda text, r: f"\r\n\u2028{text}\r\n\x0b",
    "repeated": lambda text, r: (text + r.choice((" ", "\n", ""))) * r.randrange(2, 60),
    "long tail": _long_tail,
}


def wrapped_refusal(lang: str, r: random.Random) -> str:
    """A refusal, one in ten in the other language, in one wrapping or in two."""
    others = [other for other in REFUSALS if other != lang]
    text = r.choice(REFUSALS[r.choice(others) if r.random() < 0.1 else lang])
    for wrapping in r.sample(list(WRAPPINGS), k=r.choice((1, 1, 2))):
        text = WRAPPINGS[wrapping](text, r)
    return text
