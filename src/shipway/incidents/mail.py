"""The page that a mail is beside its plain text: the same words, all escaped, and nothing that is loaded.

It is read from the text itself, so that both always say the same: the last paragraph that is said is the headline,
lines that are set in are what was printed, and the paragraph at the end is of facts, `Name   what is said` each.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import escape

_FACT = re.compile(r"(\S.{0,40}?) {2,}(\S.*)")
_ADDRESS = re.compile(r"https?://\S+")
_TYPED = re.compile(r"`([^`]+)`")
_SET_IN = "    "

_MONO = 'ui-monospace, "SF Mono", Menlo, Consolas, monospace'
_STYLE = f"""
:root {{ color-scheme: light dark; supported-color-schemes: light dark; }}
body {{ margin: 0; padding: 24px 12px; background: #f3f6f7; color: #0e2430; }}
body {{ font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; }}
main {{ display: block; max-width: 620px; margin: 0 auto; padding: 24px; background: #ffffff; }}
main {{ border: 1px solid #dbe4e8; border-top: 4px solid #0a5f80; border-radius: 8px; }}
main.trouble {{ border-top-color: #b92c28; }} main.end {{ border-top-color: #16704a; }}
h1, p, pre, td {{ overflow-wrap: anywhere; }} h1, p, pre {{ margin: 0 0 16px; }}
h1 {{ font-size: 20px; line-height: 1.35; font-weight: 600; }}
pre {{ padding: 12px 14px; background: #eef2f4; border: 1px solid #dbe4e8; border-radius: 6px; }}
pre {{ white-space: pre-wrap; font: 13px/1.55 {_MONO}; }} code {{ font: .93em {_MONO}; }}
table {{ width: 100%; border-collapse: collapse; font-size: 14px; }}
th, td {{ padding: 7px 0; border-top: 1px solid #dbe4e8; text-align: left; vertical-align: top; }}
th {{ width: 76px; padding-right: 12px; color: #536974; font-weight: 400; }}
a {{ color: #0a5f80; }}
@media (prefers-color-scheme: dark) {{
body {{ background: #0a1318; color: #e6eff3; }} main {{ background: #0f1b22; border-color: #1d303a; }}
main {{ border-top-color: #6cc5e8; }} main.trouble {{ border-top-color: #ff8f85; }}
main.end {{ border-top-color: #5fcb98; }} pre {{ background: #0b161c; }} pre, th, td {{ border-color: #1d303a; }}
th {{ color: #8ba2ae; }} a {{ color: #6cc5e8; }}
}}
@media (max-width: 480px) {{
body {{ padding: 0; }} main {{ padding: 20px 16px; border-width: 4px 0 0; border-radius: 0; }}
}}
"""


def page(subject: str, text: str, news: str) -> str:
    """A text as a page of HTML; `news` is trouble, update, end or empty, shown as a colour beside the words."""
    kind = news if news in ("trouble", "end") else "news"
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n'
        f"<title>{escape(subject)}</title>\n<style>{_STYLE}</style></head>\n"
        f'<body><main class="{kind}">\n{_body(text)}\n</main></body></html>\n'
    )


def _body(text: str) -> str:
    *paragraphs, last = [each.split("\n") for each in text.strip("\n").split("\n\n")]
    facts = _facts(last) if paragraphs else []
    if not facts:
        paragraphs.append(last)
    headline = max((at for at, lines in enumerate(paragraphs) if not _printed(lines)), default=-1)
    parts = [_paragraph(lines, "h1" if at == headline else "p") for at, lines in enumerate(paragraphs)]
    return "\n".join([*parts, *([f"<table>{''.join(map(_row, facts))}</table>"] if facts else [])])


def _paragraph(lines: Sequence[str], tag: str) -> str:
    if _printed(lines):
        printed = "\n".join(line[len(_SET_IN) :] for line in lines)
        return f"<pre>{escape(printed)}</pre>"
    return f"<{tag}>{_said(' '.join(lines))}</{tag}>"


def _printed(lines: Sequence[str]) -> bool:
    return all(line.startswith(_SET_IN) for line in lines)


def _facts(lines: Sequence[str]) -> list[tuple[str, str]]:
    """Names and what is said; none unless each line is one."""
    found = [(match[1], match[2]) for match in map(_FACT.fullmatch, lines) if match is not None]
    return found if len(found) == len(lines) else []


def _row(fact: tuple[str, str]) -> str:
    name, said = fact
    return f'\n<tr><th scope="row">{escape(name)}</th><td>{_said(said)}</td></tr>'


def _said(words: str) -> str:
    """What is an address as a whole is a link; what stands between backticks is typed."""
    shown = escape(words)
    if _ADDRESS.fullmatch(words):
        return f'<a href="{shown}">{shown}</a>'
    return _TYPED.sub(r"<code>\1</code>", shown)
