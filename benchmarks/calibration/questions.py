"""The questions of a cell, coded once: what a simulated respondent needs of a suite's items."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from audit.schema import RESPONSE_COLUMNS, Item, Route
from benchmarks.calibration.designs import design_of

Float = NDArray[np.float64]
Int = NDArray[np.int64]
Bool = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Questions:
    """The questions of one cell; only labels, log-probabilities and texts are filled in.

    ``frame`` has ``RESPONSE_COLUMNS``; the arrays have one entry a row: ``cluster`` and
    ``wording`` codes, ``side``, ``order`` and ``known`` as in ``respondents``, ``sampled`` and
    ``offers_third`` flags; ``labels`` is (n, 3), "" where there is no third. ``texts``: label →
    response, for suites that read a text's tone.
    """

    suite: str
    frame: pd.DataFrame
    cluster: Int
    wording: Int
    side: Float
    order: Float
    known: Float
    sampled: Bool
    offers_third: Bool
    labels: NDArray[np.object_]
    wordings_fixed: bool = False
    texts: Mapping[str, str] = field(default_factory=dict)

    def fixed_wordings(self, sd: float) -> Float:
        """(n,) effects of fixed wordings on every question: evenly spread, of that sd over them."""
        count = int(self.wording.max()) + 1
        if not self.wordings_fixed or count < 2:
            return np.zeros(len(self.frame))
        scores = np.arange(count) - (count - 1) / 2
        return np.asarray(sd * (scores / scores.std())[self.wording])

    @property
    def n_clusters(self) -> int:
        return int(self.cluster.max()) + 1

    def repeated(self, times: int) -> Questions:
        """The same design with ``times`` as many clusters like these, in the same wordings."""
        n = len(self.frame)
        frame = pd.concat([self.frame] * times, ignore_index=True)
        copy = np.repeat(np.arange(times), n)
        for name in ("item", "cluster"):
            frame[name] = frame[name] + "#" + copy.astype(str)
        fields = {
            name: np.tile(getattr(self, name), times)
            for name in ("wording", "side", "order", "known", "sampled", "offers_third")
        }
        return Questions(
            self.suite, frame,
            cluster=np.tile(self.cluster, times) + copy * self.n_clusters,
            labels=np.tile(self.labels, (times, 1)),
            wordings_fixed=self.wordings_fixed, texts=self.texts, **fields,
        )  # fmt: skip


def questions(suite: str, route: Route, clusters: int | None) -> Questions:
    """The suite's English questions of one route about so many of its clusters (None: all).

    Occupations: women- and men-dominated jobs equally many, the mixed ones as in the whole list,
    none below 20. Pronouns: the first schemas and jobs.
    """
    design = design_of(suite)
    kept = design.items(route)
    if clusters is not None:
        names = _some_clusters(kept, clusters)
        kept = [item for item in kept if item.cluster in names]
    # Python strings: Arrow's are three times as slow in the small steps of an audit.
    frame = pd.DataFrame(
        [unanswered(i) for i in kept], columns=list(RESPONSE_COLUMNS), dtype=object
    )
    frame["reference"] = frame["reference"].astype(np.float64)
    labels = np.array([design.labels(item) for item in kept], dtype=object)
    return Questions(
        suite=suite,
        frame=frame,
        cluster=_codes([design.cluster(item) for item in kept]),
        wording=_codes([design.wording(item) for item in kept]),
        side=np.array([design.side(item) for item in kept], dtype=np.float64),
        order=np.array([design.order(item) for item in kept], dtype=np.float64),
        known=np.array([design.known(item) for item in kept], dtype=np.float64),
        sampled=(frame["route"] == Route.SAMPLED).to_numpy(),
        offers_third=labels[:, 2] != "",
        labels=labels,
        wordings_fixed=design.wordings_fixed,
        texts=design.texts,
    )


def _codes(names: Sequence[str]) -> Int:
    return pd.factorize(np.array(names, dtype=object), sort=True)[0].astype(np.int64)


def _some_clusters(items: Sequence[Item], wanted: int) -> set[str]:
    chosen: set[str] = set()
    for probe in sorted({item.probe for item in items}):
        groups: dict[str, list[str]] = {}
        for item in items:
            if item.probe == probe:
                group = item.group if item.suite == "occupations" else ""
                names = groups.setdefault(group, [])
                if item.cluster not in names:
                    names.append(item.cluster)
        if "mixed" not in groups:
            for names in groups.values():
                chosen.update(names[:wanted])
            continue
        mixed = 0 if wanted < 20 else wanted - 2 * round(0.38 * wanted)
        sizes = {"mixed": mixed, "women": (wanted - mixed) // 2, "men": (wanted - mixed) // 2}
        for group, names in groups.items():
            step = max(1, len(names) // max(sizes[group], 1))
            chosen.update(names[::step][: sizes[group]])
    return chosen


def unanswered(item: Item) -> dict[str, object]:
    """``RESPONSE_COLUMNS`` of a question that nothing has been said to."""
    return {
        "suite": item.suite, "probe": item.probe, "item": item.item, "cluster": item.cluster,
        "template": item.template, "variant": item.variant, "lang": item.lang,
        "route": str(item.route), "sample": 0, "group": item.group, "reference": item.reference,
        "prompt": "", "response": "", "label": "", "logprobs": "", "finish_reason": "stop",
        "images": "",
    }  # fmt: skip
