"""Whose answers a plan assumes: a finished run's, or the ones kept here.

``python -m audit.planning.assumptions audit/planning/data/answers.parquet RUN [RUN …]`` keeps those
of finished runs of one model, each with other suites; answers to other suites in the file stay.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

KEPT = Path(__file__).parent / "data" / "answers.parquet"
#: What no metric reads.
_UNREAD = {"prompt": "", "finish_reason": ""}
#: Suites some of whose metrics read texts, and how these are called. Of the others labels say all.
_READ_OFF_TEXTS = {"bold": "bold_sentiment_gap", "tone": "sentiment_gap_"}


@dataclass(frozen=True, slots=True, eq=False)
class Assumed:
    """Answers with the columns of responses.parquet, which run they are of, whether kept here."""

    answers: pd.DataFrame
    source: str
    kept: bool

    def why_unknown(self, suite: str, *, pictures: bool) -> str:
        """Why nothing is known of the suite."""
        why = "the answers kept are of a model that sees no pictures; " if pictures else ""
        return (
            f"nothing is known of how answers to {suite} vary: {why if self.kept else ''}name a "
            "run of it by --like"
        )

    def why_none(self, suite: str, metrics: Sequence[str], known: pd.DataFrame) -> list[str]:
        """Why ``metrics`` have no smallest effect, given the answers known of their suite."""
        prefix = _READ_OFF_TEXTS.get(suite)
        lacking = prefix is not None and not known["response"].any()
        read = [m for m in metrics if lacking and prefix is not None and m.startswith(prefix)]
        others = [m for m in metrics if m not in read]
        reasons = (
            (read, f"read off texts, which {self.source} is kept without: name a run by --like"),
            (others, f"the answers in {self.source} are too few for an interval, or do not vary"),
        )
        return [
            f"no smallest effect of {', '.join(named)} ({suite}): {why}"
            for named, why in reasons
            if named
        ]


def of_run(folder: Path) -> Assumed:
    """The answers of a finished run. Raises as :func:`audit.pairing.read_run` does."""
    from audit.pairing import read_run

    return Assumed(read_run(folder).answers, str(folder), kept=False)


def kept() -> Assumed:
    """The answers kept with the project."""
    return read(KEPT)


def read(file: Path) -> Assumed:
    """The answers that :func:`keep` wrote."""
    import pandas as pd
    import pyarrow.parquet as pq

    source = pq.read_schema(file).metadata[b"source"].decode()
    answers = pd.read_parquet(file).assign(**_UNREAD)
    # Of files made before texts were kept.
    return Assumed(answers.assign(response=answers.get("response", "")), source, kept=True)


def keep(out: Path, folders: Sequence[Path]) -> None:
    """Write the answers of runs, of suites read by labels alone without their texts.

    Log-probabilities to four places.
    """
    import pandas as pd
    import pyarrow as pa
    import pyarrow.parquet as pq

    from audit.manifest import read_json
    from audit.pairing import read_run

    answers = pd.concat([read_run(folder).answers for folder in folders], ignore_index=True)
    answers = answers.drop(columns=list(_UNREAD))
    answers["response"] = answers["response"].where(answers["suite"].isin(_READ_OFF_TEXTS), "")
    answers["logprobs"] = answers["logprobs"].map(_rounded)
    manifests = [read_json(folder / "run.json") for folder in folders]
    days = {manifest["started"][:10] for manifest in manifests}
    models = {manifest["model"]["name"] for manifest in manifests}
    if out.is_file():
        before = read(out).answers.drop(columns=list(_UNREAD))
        before = before[~before["suite"].isin(set(answers["suite"]))]
        answers = pd.concat([before, answers], ignore_index=True)
        named, _, kept_days = pq.read_schema(out).metadata[b"source"].decode().partition(", ")
        models |= {named}
        days |= set(kept_days.split(" and "))
    (model,) = models
    table = pa.Table.from_pandas(answers, preserve_index=False)
    source = f"{model}, {' and '.join(sorted(days))}"
    table = table.replace_schema_metadata({b"source": source.encode()})
    pq.write_table(table, out, compression="zstd", compression_level=19)


def _rounded(text: str) -> str:
    return json.dumps({k: round(v, 4) for k, v in json.loads(text).items()}) if text else ""


if __name__ == "__main__":
    keep(Path(sys.argv[1]), [Path(folder) for folder in sys.argv[2:]])
