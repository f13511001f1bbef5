"""The numbers for other programs: ``metrics.csv`` for spreadsheets, ``report.md`` for people."""

from __future__ import annotations

import csv
import io
from dataclasses import asdict, fields
from typing import Final

from audit.reports.load import Run
from audit.reports.methods import limits, methods, provenance
from audit.reports.text import LANGUAGES, Bilingual, say
from audit.reports.view import SuiteView
from audit.schema import MetricRow

#: What makes a spreadsheet read a cell as a formula (OWASP, CSV injection).
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n")
_COLUMNS: Final = [f.name for f in fields(MetricRow)]


def csv_cell(value: object) -> str:
    """A cell of text that no spreadsheet takes for a formula; numbers pass unchanged."""
    if value is None:
        return ""
    if isinstance(value, int | float):
        return repr(value)
    text = str(value)
    return f"'{text}" if text.lstrip(" ").startswith(_FORMULA) else text


def metrics_csv(rows: list[MetricRow]) -> str:
    """One line a metric row; the columns are the contract's, an empty cell is “not available”."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(_COLUMNS)
    for row in rows:
        record = asdict(row)
        writer.writerow([csv_cell(record[c]) for c in _COLUMNS])
    return out.getvalue()


def _cell(text: str) -> str:
    """Inside a Markdown table: one line, no pipe, nothing that turns into HTML, a link or code."""
    for char in "\\`*_[]<>|~":
        text = text.replace(char, f"\\{char}" if char != "<" else "&lt;")
    return " ".join(text.split())


def _code(text: str) -> str:
    """An indented code block: no character in it has a meaning."""
    return "\n".join(f"    {line}" for line in text.splitlines() or [""])


def report_markdown(run: Run, views: list[SuiteView]) -> str:
    """The report in English, then in Chinese."""
    return "\n".join(_language(run, views, lang) for lang in LANGUAGES)


def _language(run: Run, views: list[SuiteView], lang: str) -> str:
    def t(key: str, **params: object) -> str:
        return say(key, **params)[lang]

    lines = [f"# {_cell(t('page.title', model=run.model.get('name') or 'model'))}", ""]
    if str(run.manifest.get("status", "complete")) != "complete":
        lines += [f"> {_cell(t('header.interrupted', status=run.manifest.get('status')))}", ""]
    for view in views:
        lines += [f"## {_cell(view.title[lang])}", ""]
        lines += [f"**{t(f'verdict.{view.verdict}')}.** {_cell(view.headline[lang])}", ""]
        lines += [f"{_cell(b[lang])}" for b in (view.tally, view.margin_note) if b]
        lines += ["", *_table(view, lang), ""]
    lines += [f"## {t('methods.title')}", ""]
    lines += [f"- {_cell(p[lang])}" for p in methods(run)]
    lines += ["", f"## {t('limits.title')}", ""]
    lines += [f"- {_cell(p[lang])}" for p in limits(run, views)]
    made = provenance(run)
    lines += [
        "",
        f"## {t('reproduce.title')}",
        "",
        _code(made.command or t("reproduce.no_command")),
        "",
    ]
    lines += [f"- {_cell(k)} {_cell(v)}" for k, v in made.versions]
    lines += [f"- {_cell(k[lang])}: {_cell(v)}" for k, v in made.fingerprints]
    return "\n".join([*lines, ""])


def _table(view: SuiteView, lang: str) -> list[str]:
    if not view.primary:
        return []
    columns = ("measure", "estimate", "interval", "margin", "p_adjusted", "verdict")
    head = "| " + " | ".join(say(f"column.{c}")[lang] for c in columns) + " |"
    rule = "| --- | ---: | ---: | ---: | ---: | --- |"
    body = []
    for m in view.primary:
        cells: list[Bilingual | str] = [
            m.name, m.row.value, m.row.bounds, m.row.margin, m.row.p_adjusted,
            say(f"verdict.{m.verdict}"),
        ]  # fmt: skip
        texts = [c[lang] if isinstance(c, Bilingual) else c for c in cells]
        body.append("| " + " | ".join(_cell(c) for c in texts) + " |")
    return [head, rule, *body]
