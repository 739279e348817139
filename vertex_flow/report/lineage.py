"""Where a model version comes from: data, code, image and parameters, step by step."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from vertex_flow.report.blueprint import tasks_of
from vertex_flow.report.facts import Origin, RunFacts, StageFacts
from vertex_flow.report.snapshot import Artifact
from vertex_flow.report.structs import mapping
from vertex_flow.report.structure import Place
from vertex_flow.texts import describe_value

_OUTCOMES = {"google.VertexModel": "model", "google.VertexEndpoint": "endpoint"}
_LONGEST = 300


def lineage_of(
    facts: RunFacts,
    spec: Mapping[str, Any],
    places: Mapping[str, Place],
    images: Mapping[str, Sequence[str]],
) -> tuple[Origin, ...]:
    """Say what the model version of a run, or what it made last, comes from.

    Args:
        facts: The run: its stages and parameters.
        spec: Its compiled pipeline.
        places: Where each stage is in it.
        images: Images of the jobs behind each stage.

    Returns:
        Everything that it was made from, sources first, and itself.
    """
    done = [one for one in facts.stages if one.state in ("SUCCEEDED", "REUSED")]
    wanted = _upstream(done)
    found = [_parameters(facts.parameters)] if facts.parameters else []
    for stage in done:
        if stage.name in wanted:
            place = places.get(stage.name, Place())
            component = mapping(mapping(spec.get("components")).get(place.component))
            executors = list(_executors(spec, component))
            if executors and all("importer" in mapping(one) for one in executors):
                found += _data(stage)
            else:
                found += _made(stage, place, executors, images.get(stage.name, ()), found)
    taken = {source for one in found for source in one.sources}
    return tuple(one for one in found if one.kind != "artifact" or one.id in taken or not taken)


def _digest(executors: Sequence[Any]) -> str:
    """Digest of the code, images and settings of some executors."""
    text = json.dumps(executors, sort_keys=True, default=str)
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()[:12]}"


def _executors(spec: Mapping[str, Any], component: Mapping[str, Any]) -> Iterator[Any]:
    executors = mapping(mapping(spec.get("deploymentSpec")).get("executors"))
    label = component.get("executorLabel")
    if label is not None:
        yield executors.get(str(label))
    known = mapping(spec.get("components"))
    for _, task in sorted(tasks_of(component).items()):
        inner = mapping(known.get(str(mapping(task.get("componentRef")).get("name"))))
        if inner is not component:
            yield from _executors(spec, inner)


def _upstream(done: Sequence[StageFacts]) -> set[str]:
    """The stages that the last outcome comes from: a model or endpoint, else the last stage."""
    known = {one.name: one for one in done}
    made = [
        one.name
        for one in done
        if any(artifact.schema_title in _OUTCOMES for artifact in one.artifacts.values())
    ]
    left = made or [one.name for one in done][-1:]
    wanted: set[str] = set()
    while left:
        name = left.pop()
        if name in known and name not in wanted:
            wanted.add(name)
            left += known[name].after
    return wanted


def _data(stage: StageFacts) -> Iterator[Origin]:
    """What a stage has only imported."""
    for name, artifact in stage.artifacts.items():
        label = f"{stage.name}.{name}"
        yield Origin(kind="data", id=f"artifact:{label}", label=label, detail=_cut(artifact.uri))


def _made(
    stage: StageFacts,
    place: Place,
    executors: Sequence[Any],
    images: Sequence[str],
    before: Sequence[Origin],
) -> list[Origin]:
    """A stage, with its code and images that are new, and with what it made."""
    known = {one.id for one in before}
    code = f"code:{stage.name}"
    found = [Origin(kind="code", id=code, label=f"code of {stage.name}", detail=_digest(executors))]
    found += [
        Origin(kind="image", id=f"image:{image}", label="image", detail=_cut(image))
        for image in images
        if f"image:{image}" not in known
    ]
    taken = [f"artifact:{one}" for one in place.takes if f"artifact:{one}" in known]
    producers = {one.removeprefix("artifact:").rpartition(".")[0] for one in taken}
    others = [f"stage:{name}" for name in stage.after if name not in producers]
    sources = [code, *[f"image:{image}" for image in images], *taken]
    sources += [one for one in others if one in known]
    sources += ["parameters"] if place.parameters and "parameters" in known else []
    own = f"stage:{stage.name}"
    found.append(Origin(kind="stage", id=own, label=stage.name, sources=tuple(sources)))
    return found + [_outcome(stage.name, *item) for item in stage.artifacts.items()]


def _outcome(stage: str, name: str, artifact: Artifact) -> Origin:
    kind = _OUTCOMES.get(artifact.schema_title, "artifact")
    resource = artifact.metadata.get("resourceName") if kind != "artifact" else None
    return Origin(
        kind=kind,
        id=f"artifact:{stage}.{name}",
        label=f"{stage}.{name}",
        detail=_cut(str(resource or artifact.uri)),
        sources=(f"stage:{stage}",),
    )


def _parameters(parameters: Mapping[str, Any]) -> Origin:
    given = {name: value for name, value in parameters.items() if value != ""}
    text = ", ".join(f"{name}={describe_value(value)}" for name, value in given.items())
    return Origin(kind="parameters", id="parameters", label="parameters", detail=_cut(text))


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
