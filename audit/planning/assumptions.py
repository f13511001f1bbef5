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
_UNREAD = {"prompt": "", "response": "", "finish_reason": ""}


@dataclass(frozen=True, slots=True, eq=False)
class Assumed:
    """Answers with the columns of responses.parquet, and which run they are of."""

    answers: pd.DataFrame
    source: str


def of_run(folder: Path) -> Assumed:
    """The answers of a finished run. Raises as :func:`audit.pairing.read_run` does."""
    from audit.pairing import read_run

    return Assumed(read_run(folder).answers, str(folder))


def kept() -> Assumed:
    """The answers kept with the project."""
    import pandas as pd
    import pyarrow.parquet as pq

    source = pq.read_schema(KEPT).metadata[b"source"].decode()
    return Assumed(pd.read_parquet(KEPT).assign(**_UNREAD), source)


def keep(out: Path, folders: Sequence[Path]) -> None:
    """Write the answers of runs without their texts; log-probabilities to four places."""
    import pandas as pd
    import pyarrow as pa
    import pyarrow.parquet as pq

    from audit.manifest import read_json
    from audit.pairing import read_run

    answers = pd.concat([read_run(folder).answers for folder in folders], ignore_index=True)
    answers = answers.drop(columns=list(_UNREAD))
    answers["logprobs"] = answers["logprobs"].map(_rounded)
    manifests = [read_json(folder / "run.json") for folder in folders]
    days = {manifest["started"][:10] for manifest in manifests}
    models = {manifest["model"]["name"] for manifest in manifests}
    if out.is_file():
        before = pd.read_parquet(out)
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
