"""What both pages hand to their templates: style, scripts, words."""

from __future__ import annotations

from typing import Any, Final

from markupsafe import Markup

from audit.reports.build import SCRIPTS, STYLES, assets, environment, script_hash, words_for_scripts
from audit.reports.compare.words import PHRASES

#: The transcript browser's script stays in the runs' own reports.
_SCRIPTS: Final = tuple(name for name in SCRIPTS if name != "transcripts.js")


def render(template: str, **content: Any) -> str:
    """The page of a template of this package, as text."""
    script = assets(_SCRIPTS) + "\npage.start();\n"
    found = environment(PHRASES, "audit.reports.compare", "audit.reports").get_template(template)
    return found.render(
        style=Markup(assets(STYLES) + assets(("compare.css",), "audit.reports.compare")),
        words=words_for_scripts(PHRASES, ("page.title",)),
        script=Markup(script),
        script_hash=script_hash(script),
        **content,
    )
