"""What of each run is compared: its facts by name, section by section."""

from __future__ import annotations

import hashlib
import math
import re
import shlex
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import attrs

from vertex_flow.report.blueprint import (
    CHANNEL,
    OPERAND,
    Blueprint,
    Constant,
    Given,
    Leaf,
    Made,
    Source,
)
from vertex_flow.report.changes import source_diff, source_of
from vertex_flow.report.columns import CODE_IMAGE, SECTIONS
from vertex_flow.report.comparison import ComparedRun, Comparison, Row
from vertex_flow.report.nested import flatten, same, short
from vertex_flow.report.snapshot import Artifact, Snapshot
from vertex_flow.report.states import say
from vertex_flow.report.structs import mapping

_UNIT = "␟"  # in values that stages pack for their own components
_NOT_SHOWN = ("best_parameters", "trials", "gcp_resources")  # of outputs
_MORE = ("accuracy", "auc", "precision", "recall", "f1", "score", "r2")
_LESS = ("loss", "error", "mse", "mae", "rmse", "mape", "perplexity")
_GOALS = {"1": "MAXIMIZE", "2": "MINIMIZE"}  # compiled as numbers
_DONE = {"REUSED": "SUCCEEDED"}

# Gives what tells the content of an artifact of a run: the empty text where there is none, None
# where it is not known.
Content = Callable[[int, Artifact], "str | None"]


@attrs.frozen(kw_only=True)
class Side:
    """One of the runs that are compared.

    Attributes:
        run: What it is.
        snapshot: How it went.
        model: Name and version of its model, and what else is known of it.
    """

    run: ComparedRun
    snapshot: Snapshot
    model: Mapping[str, Any] = attrs.field(factory=dict)

    @property
    def plan(self) -> Blueprint:
        """Its compiled pipeline."""
        return self.snapshot.blueprint


@attrs.frozen
class _Fact:
    """What a run says to a row: its value, and what is compared where that is another."""

    value: Any
    compared: Any = None
    stage: str = ""


def compare(sides: Sequence[Side], content: Content) -> Comparison:
    """Compare runs.

    Args:
        sides: The runs.
        content: Tells what is in artifacts whose URIs differ.
    """
    facts = [
        {
            "run": _run(side),
            "parameters": _parameters(side),
            "code": _code(side),
            "stages": _stages(side),
            "settings": dict(_settings(side)),
            "best parameters": _best(side),
            "metrics": _metrics(side),
            "outputs": _outputs(side),
            "artifacts": {},
            "model": {name: _Fact(value) for name, value in side.model.items()},
            "environment": _environment(side),
            "durations": _durations(side),
        }
        for side in sides
    ]
    rows: list[Row] = []
    for section in SECTIONS:
        if section == "artifacts":
            rows += _artifacts(sides, content)
            continue
        names = _names([one[section] for one in facts])
        rows += [_row(section, name, [one[section].get(name) for one in facts]) for name in names]
    return Comparison(runs=tuple(side.run for side in sides), rows=tuple(_judged(rows, sides)))


def _names(facts: Sequence[Mapping[str, Any]]) -> list[str]:
    return list(dict.fromkeys(name for one in facts for name in one))


def _row(section: str, name: str, facts: Sequence[_Fact | None]) -> Row:
    given = [one for one in facts if one is not None]
    compared = [None if one is None else _compared(one) for one in facts]
    equal = len(given) == len(facts) and same(compared)
    return Row(
        section=section,
        name=name,
        values=tuple(None if one is None else one.value for one in facts),
        same=equal,
        stage=given[0].stage,
        lines=() if equal or section != "code" else _lines(facts[0], facts[-1]),
    )


def _compared(fact: _Fact) -> Any:
    return fact.value if fact.compared is None else fact.compared


def _lines(first: _Fact | None, last: _Fact | None) -> tuple[str, ...]:
    """Give the unified diff of two source texts."""
    before, after = (one.compared if one else None for one in (first, last))
    if not isinstance(before, str) or not isinstance(after, str):
        return ()
    return source_diff(before, after)


def _run(side: Side) -> dict[str, _Fact]:
    snapshot = side.snapshot
    found = {
        "flow": snapshot.flow,
        "pipeline": side.plan.pipeline,
        "place": side.run.place,
        "state": snapshot.state.lower(),
    }
    failure = snapshot.first_failure() if snapshot.state == "FAILED" else None
    if failure is not None:
        reason = failure.reason.strip().split("\n")[0]
        found["failure"] = f"{failure.stage or failure.task}: {reason}"
    return {name: _Fact(value) for name, value in found.items()}


def _environment(side: Side) -> dict[str, _Fact]:
    """Give what is on record of where its tasks run; images are code."""
    found = {"SDK": side.plan.sdk, "service account": side.snapshot.service_account}
    return {name: _Fact(value) for name, value in found.items() if value}


def _parameters(side: Side) -> dict[str, _Fact]:
    return {
        name: _Fact(value)
        for name, value in side.snapshot.known_parameters.items()
        if not _is_code(value)
    }


def _is_code(value: Any) -> bool:
    return isinstance(value, str) and bool(CODE_IMAGE.fullmatch(value))


def _code(side: Side) -> dict[str, _Fact]:
    found = {
        name: _Fact(value)
        for name, value in side.snapshot.known_parameters.items()
        if _is_code(value)
    }
    for stage in side.plan.stages:
        leaves = side.plan.leaves_of(stage)
        for leaf in leaves:
            where = stage if len(leaves) == 1 else f"{stage}.{leaf.name}"
            for name, fact in _container(leaf).items():
                found[f"{where} {name}"] = attrs.evolve(fact, stage=stage)
    return found


def _container(leaf: Leaf) -> dict[str, _Fact]:
    container = leaf.container
    if not container:
        return {}
    text, rest = source_of(container)
    found = {"image": _Fact(container.get("image")), "command": _Fact(shlex.join(rest))}
    if text:
        digest = hashlib.sha256(text.encode(errors="replace")).hexdigest()
        found["source"] = _Fact(f"sha256:{digest[:12]}", text)
    return found


def _stages(side: Side) -> dict[str, _Fact]:
    return {
        one.name: _Fact(say(one.state), _DONE.get(one.state, one.state), one.name)
        for one in side.snapshot.stages
    }


def _settings(side: Side) -> Iterator[tuple[str, _Fact]]:
    for stage in side.plan.stages:
        for name, value in _settings_of(stage, side.plan):
            yield name, _Fact(value, stage=stage)


def _settings_of(stage: str, plan: Blueprint) -> Iterator[tuple[str, Any]]:
    leaves = plan.leaves_of(stage)
    if stage in plan.conditions:
        yield f"{stage} condition", OPERAND.sub(_bare, plan.conditions[stage])
    cached = {leaf.is_cached for leaf in leaves if not leaf.is_importer}
    if cached:
        yield f"{stage} cache", "in part" if len(cached) > 1 else "on" if True in cached else "off"
    found = [
        (leaf, name, dict(_setting(source, name, stage, plan)))
        for leaf in leaves
        for name, source in plan.sources(leaf).items()
    ]
    count = Counter(name for _, name, values in found if values)
    for leaf in leaves:
        yield from _started(leaf, stage if len(leaves) == 1 else f"{stage}.{leaf.name}")
    for leaf, name, values in found:
        where = stage if count[name] == 1 else f"{stage}.{leaf.name}"
        yield from ((f"{where}.{path}", value) for path, value in values.items())


def _bare(operand: re.Match[str]) -> str:
    return operand[1].removeprefix(CHANNEL)


def _started(leaf: Leaf, where: str) -> Iterator[tuple[str, Any]]:
    """Give how a task is started, besides its command."""
    retries = leaf.task.get("retryPolicy")
    resources, env = leaf.container.get("resources"), leaf.container.get("env")
    for field, value in (("retries", retries), ("resources", resources), ("env", env)):
        if value:
            yield from flatten(value, f"{where} {field}")


def _setting(source: Source, name: str, stage: str, plan: Blueprint) -> Iterator[tuple[str, Any]]:
    if isinstance(source, Constant):
        if isinstance(source.value, str) and _UNIT in source.value:
            return
        for path, value in flatten(source.value, name):
            if path.endswith(".$value"):
                wired = f"from {'parameter ' if value in plan.given else ''}{value}"
                yield short(path.removesuffix(".$value")), wired
            else:
                yield short(path), value
    elif isinstance(source, Given):
        yield name, f"from parameter {source.name}"
    elif isinstance(source, Made):
        leaf = plan.leaves.get(source.task)
        made_by = leaf.stage if leaf else source.task[-1]
        if made_by != stage:
            yield name, f"from {made_by}.{source.key}"


def _best(side: Side) -> dict[str, _Fact]:
    return {
        f"{stage.name}.{name}": _Fact(value, stage=stage.name)
        for stage in side.snapshot.stages
        for name, value in mapping(stage.outputs.get("best_parameters")).items()
    }


def _metrics(side: Side) -> dict[str, _Fact]:
    return {
        f"{stage.name}.{name}": _Fact(value, stage=stage.name)
        for stage in side.snapshot.stages
        for name, value in stage.metrics.items()
    }


def _outputs(side: Side) -> dict[str, _Fact]:
    return {
        f"{stage.name}.{name}": _Fact(value, stage=stage.name)
        for stage in side.snapshot.stages
        for name, value in stage.outputs.items()
        if name not in _NOT_SHOWN and name not in stage.metrics
    }


def _durations(side: Side) -> dict[str, _Fact]:
    snapshot = side.snapshot
    found: dict[str, _Fact] = {}
    if snapshot.start and snapshot.end:
        found["the whole run"] = _Fact(round((snapshot.end - snapshot.start).total_seconds(), 1))
    for stage in snapshot.stages:
        if stage.seconds is not None:
            found[stage.name] = _Fact(round(stage.seconds, 1), stage=stage.name)
    return found


def _artifacts(sides: Sequence[Side], content: Content) -> Iterator[Row]:
    found = [
        {
            f"{stage.name}.{name}": (stage.name, artifact)
            for stage in side.snapshot.stages
            for name, artifact in stage.artifacts.items()
            if artifact.schema_title != "system.Metrics"  # they are rows of their own
        }
        for side in sides
    ]
    for name in _names(found):
        here = [one.get(name) for one in found]
        stage = next(one[0] for one in here if one)
        artifacts = [one[1] if one else None for one in here]
        values = tuple(one.uri if one else None for one in artifacts)
        equal, note = _same_artifacts(artifacts, content)
        yield Row(section="artifacts", name=name, values=values, same=equal, stage=stage, note=note)


def _same_artifacts(artifacts: Sequence[Artifact | None], content: Content) -> tuple[bool, str]:
    known = [one for one in artifacts if one is not None]
    if len(known) < len(artifacts):
        return False, ""
    if len({one.uri for one in known}) == 1:
        return same([dict(one.metadata) for one in known]), ""
    found = [content(index, one) for index, one in enumerate(known)]
    if None in found:
        return False, ""
    if len(set(found)) > 1:
        return False, "other content"
    return True, "same content" if found[0] else "not there"


def _judged(rows: Sequence[Row], sides: Sequence[Side]) -> Iterator[Row]:
    """Say of metrics which value is the best."""
    goals = {name: goal for side in sides for name, goal in _goals(side.plan)}
    for row in rows:
        if row.section == "metrics" and not row.same:
            yield attrs.evolve(row, best=_best_of(row, goals))
        else:
            yield row


def _best_of(row: Row, goals: Mapping[str, str]) -> int | None:
    metric = row.name.removeprefix(f"{row.stage}.")
    words = set(re.split(r"[^a-z0-9]+", metric.lower()))
    goal = goals.get(metric)
    if goal is None and words & set(_LESS):
        goal = "MINIMIZE"
    elif goal is None and words & set(_MORE):
        goal = "MAXIMIZE"
    numbers = {index: one for index, one in enumerate(row.values) if _is_finite(one)}
    if goal is None or len(numbers) < len(row.values):
        return None
    least_or_most = min(numbers.values()) if goal == "MINIMIZE" else max(numbers.values())
    best = [index for index, one in numbers.items() if one == least_or_most]
    return best[0] if len(best) == 1 else None


def _is_finite(value: Any) -> bool:
    return isinstance(value, (int, float)) and math.isfinite(value)


def _goals(plan: Blueprint) -> Iterator[tuple[str, str]]:
    """Give the metrics that searches optimise, with their goals."""
    for leaf in plan.leaves.values():
        source = plan.sources(leaf).get("study_spec_metrics")
        value = source.value if isinstance(source, Constant) else None
        for one in value if isinstance(value, list) else []:
            if "goal" in mapping(one):
                goal = f"{one['goal']:.0f}" if isinstance(one["goal"], float) else str(one["goal"])
                yield str(one.get("metric_id", one.get("metricId"))), _GOALS.get(goal, goal)
