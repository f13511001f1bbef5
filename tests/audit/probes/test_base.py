"""The registry and the cut that keeps matched sets whole."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audit.probes import base
from audit.probes.base import Suite, get_suite, list_suites, stratified_limit, suite_names
from audit.schema import Item, Route
from core.errors import EnvironmentProblem, UsageProblem
from tests.audit.plugin_packages import write_package
from tests.audit.run_cases import ROOT, audit


def test_built_in_suites_satisfy_the_protocol() -> None:
    names = [
        "attributes", "bbq", "bold", "cbbq", "crows-pairs", "discrim-eval", "honest", "names",
        "occupations", "pronouns", "stereoset", "tone", "vqa-gender", "winobias", "winogender",
    ]  # fmt: skip
    assert [suite.name for suite in list_suites()] == suite_names() == names
    for suite in list_suites():
        assert isinstance(suite, Suite)
        assert set(suite.title) >= set(suite.langs)
        assert all(metric.margin > 0 for metric in suite.primary)


def test_an_unknown_suite_names_the_nearest() -> None:
    with pytest.raises(UsageProblem, match="occupations") as caught:
        get_suite("ocupation")
    assert caught.value.exit_code == 2
    with pytest.raises(UsageProblem, match="Known suites: attributes, bbq, bold"):
        get_suite("qqqqq")


def test_the_documented_package_adds_the_suite_of_its_yaml_file(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "write-a-probe.md").read_text(encoding="utf-8")
    suite, code, points = (
        re.findall(rf"```{language}\n(.*?)```", page, flags=re.S)[0]
        for language in ("yaml", "python", "toml")
    )
    write_package(
        tmp_path, "my_package", {"suites.py": code, "loan-decision.yaml": suite},
        tomllib.loads(points)["project"]["entry-points"][base.ENTRY_POINT_GROUP],
    )  # fmt: skip
    plan = ("plan", "--suite", "loan-decision", "--json")
    assert audit(*plan).returncode == 2
    done = audit(*plan, PYTHONPATH=str(tmp_path))
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["requests"] == 12 * 4 * 2 * 2 * 2


def test_a_broken_added_suite_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(tmp_path))
    for package, code, told in (
        ("adds_nothing_that_loads", "import no_such_module", "no_such_module"),
        ("adds_no_suite", "Suite = object", "lacks a part"),
    ):
        write_package(tmp_path, package, {"suites.py": code}, {package: f"{package}.suites:Suite"})
        assert package in suite_names()
        with pytest.raises(EnvironmentProblem, match=rf"{package}.*{told}"):
            get_suite(package)


def _items(women: int, men: int, mixed: int, templates: int) -> list[Item]:
    groups = ["women"] * women + ["men"] * men + ["mixed"] * mixed
    return [
        Item(
            suite="s",
            probe="p",
            item=f"{t}/{c}/{v}",
            cluster=f"c{c}",
            template=f"t{t}",
            variant=v,
            lang="en",
            route=Route.SAMPLED,
            messages=(),
            group=group,
        )
        for t in range(templates)
        for c, group in enumerate(groups)
        for v in ("a", "b")
    ]


def _cut(items: list[Item], limit: int | None, seed: int = 0) -> list[Item]:
    return stratified_limit(
        items,
        limit,
        seed=seed,
        unit=lambda i: (i.cluster, i.template),
        stratum=lambda i: i.group,
        contrast=("women", "men"),
    )


@given(
    st.integers(1, 9),
    st.integers(1, 9),
    st.integers(0, 9),
    st.integers(1, 4),
    st.integers(1, 200),
    st.integers(0, 3),
)
@settings(max_examples=200, deadline=None)
def test_sets_stay_whole_and_sides_equal(
    women: int, men: int, mixed: int, templates: int, limit: int, seed: int
) -> None:
    items = _items(women, men, mixed, templates)
    kept = _cut(items, limit, seed)
    assert kept == _cut(items, limit, seed)
    assert [i for i in items if i in kept] == kept
    if limit >= len(items):
        assert kept == items
        return
    assert len(kept) <= max(limit, 4)
    assert set(Counter((i.cluster, i.template) for i in kept).values()) == {2}
    sides = Counter(i.group for i in kept)
    assert sides["women"] == sides["men"] >= 2


def test_the_cut_spreads_clusters_and_pairs_templates_across_sides() -> None:
    kept = _cut(_items(10, 10, 0, 3), 24)
    assert len(kept) == 24
    assert len({i.cluster for i in kept}) == 12
    by_side = {
        side: Counter(i.template for i in kept if i.group == side) for side in ("women", "men")
    }
    assert by_side["women"] == by_side["men"]
    assert len(by_side["women"]) == 3


def test_seeds_choose_differently() -> None:
    items = _items(10, 10, 5, 2)
    assert _cut(items, 20, seed=1) != _cut(items, 20, seed=2)


def test_naming_the_suites_loads_nothing_heavy() -> None:
    code = (
        "import sys; from audit.probes.base import suite_names; suite_names();"
        "heavy = {'pandas', 'numpy', 'yaml', 'torch', 'vllm', 'scipy'} & set(sys.modules);"
        "sys.exit(str(heavy) if heavy else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
