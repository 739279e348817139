"""How the stages of a compiled pipeline hang together: edges and conditions, of any pipeline."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import attrs

from vertex_flow.report.blueprint import OPERAND, condition_of, tasks_of
from vertex_flow.report.structs import mapping

_CAST = re.compile(r"\b(?:int|double|float|string)\(((?:[^()]|\([^()]*\))*)\)")


@attrs.frozen
class Place:
    """Where a stage is in its pipeline.

    Attributes:
        after: Names of the stages that it comes after.
        condition: What it hangs on, in words, or the empty text.
        component: Name of its component in the pipeline.
        takes: The outputs of stages that it takes, as `stage.output`.
        parameters: Names of the pipeline's parameters that it takes.
    """

    after: tuple[str, ...] = ()
    condition: str = ""
    component: str = ""
    takes: tuple[str, ...] = ()
    parameters: tuple[str, ...] = ()


def places(spec: Mapping[str, Any]) -> dict[str, Place]:
    """Say of each stage of a compiled pipeline what it comes after and hangs on.

    Args:
        spec: A PipelineSpec, as plain values.
    """
    root = _Scope(mapping(spec.get("components")), tasks_of(spec.get("root")), None, "")
    return dict(root.places())


@attrs.frozen(eq=False)
class _Scope:
    """The tasks of the root, or of a condition.

    Attributes:
        known: Components of the pipeline, by name.
        tasks: Its tasks, by name.
        outer: What it is in; None for the root.
        name: Name of the condition's task in that.
    """

    known: Mapping[str, Any]
    tasks: Mapping[str, Mapping[str, Any]]
    outer: _Scope | None
    name: str

    def places(self) -> Iterator[tuple[str, Place]]:
        """Each stage in it and in the conditions inside."""
        for name, task in self.tasks.items():
            if condition_of(task):
                yield from self._inner(name).places()
                continue
            found = [*self._told(task), *self._producers(_inputs(task)), *self._hung_on()]
            sources = list(_inputs(task).values())
            yield (
                name,
                Place(
                    after=tuple(dict.fromkeys(one for one in found if one != name)),
                    condition=self._words(),
                    component=_component(task),
                    takes=tuple(dict.fromkeys(one for it in sources for one in self._outputs(it))),
                    parameters=tuple(dict.fromkeys(filter(None, map(self._parameter, sources)))),
                ),
            )

    def _inner(self, name: str) -> _Scope:
        component = mapping(self.known.get(_component(self.tasks[name])))
        return _Scope(self.known, tasks_of(component), self, name)

    def _told(self, task: Mapping[str, Any]) -> Iterator[str]:
        """The stages that a task is to come after."""
        for name in _names(task.get("dependentTasks")):
            yield from self._stages_of(name)

    def _stages_of(self, name: str) -> Iterator[str]:
        """The stage of a name; of a condition those inside."""
        if name in self.tasks and condition_of(self.tasks[name]):
            inner = self._inner(name)
            for one in inner.tasks:
                yield from inner._stages_of(one)
        elif name in self.tasks:
            yield name

    def _producers(self, inputs: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
        for source in inputs.values():
            for scope, found in self._traced(source):
                yield from scope._stages_of(str(found.get("producerTask")))

    def _traced(self, source: Mapping[str, Any]) -> Iterator[tuple[_Scope, Mapping[str, Any]]]:
        """Follow an input outwards to the outputs of tasks that it is."""
        for kind in ("taskOutputParameter", "taskOutputArtifact"):
            if kind in source:
                yield self, mapping(source[kind])
        for kind in ("componentInputParameter", "componentInputArtifact"):
            if kind in source and self.outer is not None:
                outer = _inputs(self.outer.tasks[self.name])
                yield from self.outer._traced(outer.get(str(source[kind]), {}))

    def _outputs(self, source: Mapping[str, Any]) -> Iterator[str]:
        """The outputs that an input is, as `stage.output`."""
        for _, found in self._traced(source):
            key = found.get("outputParameterKey", found.get("outputArtifactKey"))
            yield f"{found.get('producerTask')}.{key}"

    def _parameter(self, source: Mapping[str, Any]) -> str:
        """The parameter of the pipeline that an input is, or the empty text."""
        name = str(source.get("componentInputParameter", ""))
        if self.outer is None or not name:
            return name
        return self.outer._parameter(_inputs(self.outer.tasks[self.name]).get(name, {}))

    def _hung_on(self) -> Iterator[str]:
        """The stages that the conditions around it hang on."""
        scope = self
        while scope.outer is not None:
            task = scope.outer.tasks[scope.name]
            named = OPERAND.findall(condition_of(task))
            inputs = _inputs(task)
            yield from scope.outer._producers({one: inputs.get(one, {}) for one in named})
            scope = scope.outer

    def _words(self) -> str:
        words: list[str] = []
        scope = self
        while scope.outer is not None:
            task = scope.outer.tasks[scope.name]
            words.insert(0, scope.outer._condition(task))
            scope = scope.outer
        return " and ".join(words)

    def _condition(self, task: Mapping[str, Any]) -> str:
        inputs = _inputs(task)

        def named(match: re.Match[str]) -> str:
            return self._name_of(inputs.get(match[1], {})) or match[1]

        text = _CAST.sub(r"\1", OPERAND.sub(named, condition_of(task)))
        return text.removesuffix(" == true")

    def _name_of(self, source: Mapping[str, Any]) -> str:
        """`stage.output`, or the name of a parameter."""
        return next(self._outputs(source), "") or self._parameter(source)


def _component(task: Mapping[str, Any]) -> str:
    return str(mapping(task.get("componentRef")).get("name", ""))


def _inputs(task: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    given = mapping(task.get("inputs"))
    return {
        name: mapping(source)
        for kind in ("parameters", "artifacts")
        for name, source in mapping(given.get(kind)).items()
    }


def _names(value: Any) -> list[str]:
    return [one for one in value if isinstance(one, str)] if isinstance(value, list) else []
