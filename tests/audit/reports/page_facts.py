"""What a screen reader needs of a page, counted in the browser."""

from __future__ import annotations

from typing import Any

_FACTS = """() => {
      const ids = [...document.querySelectorAll('[id]')].map(n => n.id);
      const named = n => (n.getAttribute('aria-labelledby') || '').split(' ')
        .every(id => document.getElementById(id));
      return {
        repeated: ids.filter((id, i) => ids.indexOf(id) !== i),
        unnamed: [...document.querySelectorAll('svg[role=img], section')]
          .filter(n => !named(n)).length,
        tables: [...document.querySelectorAll('main > section table')]
          .filter(t => !t.caption && !t.closest('details.data')).length,
        fields: [...document.querySelectorAll('select, input')]
          .filter(n => !n.labels.length).length,
        headings: [...document.querySelectorAll('h1, h2, h3, h4')].map(h => +h.tagName[1]),
      };
    }"""


def page_facts(page: Any) -> dict[str, Any]:
    """Repeated ids, pictures and sections without a name, tables without a caption, fields without
    a label, and the levels of the headings in order."""
    return dict(page.evaluate(_FACTS))
