"""The walk over a pipeline's graph: every task starts as soon as what it needs is there."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Awaitable, Iterable, Mapping
from typing import Any, TypeVar

import attrs

from vertex_flow.engine.api.errors import reason, rpc_code
from vertex_flow.engine.pipelines import cache, loops, outputs
from vertex_flow.engine.pipelines.conditions import ConditionError
from vertex_flow.engine.pipelines.inputs import Ended, InputError, Sources
from vertex_flow.engine.pipelines.ir import messages
from vertex_flow.engine.pipelines.placeholders import PlaceholderError
from vertex_flow.engine.pipelines.record import Record, TaskRecord
from vertex_flow.engine.pipelines.spec import Plan, order
from vertex_flow.engine.pipelines.tasks import kinds
from vertex_flow.engine.pipelines.values import Ports
from vertex_flow.engine.pipelines.warmup import WarmUp
from vertex_flow.engine.pipelines.work import JobFacts, TaskFailed, Tools, Work
from vertex_flow.names import join_uri

T = TypeVar("T")


@attrs.frozen(kw_only=True)
class _Frame:
    """A graph that is being walked: its component, its inputs, and where it is."""

    component: Any
    inputs: Ports
    path: tuple[str, ...] = ()
    parent: int = 0


@attrs.frozen(kw_only=True)
class _Step:
    """A task that is being run: its spec, its component, and where it is."""

    name: str
    task: Any
    component: Any
    path: tuple[str, ...]
    record: TaskRecord

    @property
    def label(self) -> str:
        return " > ".join(self.path)


class Walk:
    """The walk over the graph of one pipeline job.

    Args:
        plan: The pipeline.
        job: What tasks know of the job.
        record: What clients see of it.
        tools: What tasks use.
        fail_fast: Start no more tasks after one has failed.
    """

    def __init__(
        self, plan: Plan, job: JobFacts, record: Record, tools: Tools, *, fail_fast: bool = False
    ) -> None:
        self._plan = plan
        self._job = job
        self._record = record
        self._tools = tools
        self._fail_fast = fail_fast
        self._failing = False
        self._warm_up = WarmUp(plan, tools.launcher)

    async def run(self, inputs: Ports) -> None:
        """Run the pipeline to its end.

        Args:
            inputs: What the job was given.

        Raises:
            TaskFailed: Tasks failed; the message names them.
        """
        root = self._plan.spec.root
        if self._plan.uses_workspace:
            workspace = self._tools.home.path(self._job.words["workspace_path"])
            workspace.mkdir(parents=True, exist_ok=True)
        inputs = self._root_inputs(root, inputs)
        self._record.lineage.given(inputs.parameters)
        await self._graph(_Frame(component=root, inputs=inputs))

    def _root_inputs(self, root: Any, inputs: Ports) -> Ports:
        given = messages().PipelineTaskSpec()
        for name in inputs.parameters:
            given.inputs.parameters[name].component_input_parameter = name
        for name in inputs.artifacts:
            given.inputs.artifacts[name].component_input_artifact = name
        return Sources(scope=inputs, ended={}, words=self._job.words).resolve(given, root)

    async def _graph(self, frame: _Frame) -> Ports:
        """Run all tasks of a graph.

        Raises:
            TaskFailed: Tasks failed; those that did not need them have run.
        """
        dag = frame.component.dag
        running: dict[str, asyncio.Task[Ended]] = {}
        for name, needs in order(dag).items():
            upstream = {other: running[other] for other in needs}
            running[name] = asyncio.create_task(self._task(frame, name, upstream))
        results = await together(running.values())
        ended = dict(zip(running, results, strict=True))
        _raise_failed(ended.values())
        return outputs.of_graph(dag, ended)

    async def _task(
        self, frame: _Frame, name: str, upstream: Mapping[str, asyncio.Task[Ended]]
    ) -> Ended:
        if upstream:
            await asyncio.wait(upstream.values())
        ended = {other: task.result() for other, task in upstream.items()}
        step = self._step(frame, name)
        if step.record.ended is not None:
            return self._known(step.record.ended)
        if not self._triggered(step.task, ended):
            return self._not_triggered(step)
        sources = Sources(scope=frame.inputs, ended=ended, words=self._words(step))
        return await self._to_its_end(step, self._attempts(step, sources))

    def _step(self, frame: _Frame, name: str) -> _Step:
        task = frame.component.dag.tasks[name]
        component = self._plan.component(task)
        path = (*frame.path, name)
        leaf = component.WhichOneof("implementation") == "executor_label"
        schema = kinds.schema(self._plan.executor(component)) if leaf else "system.DagExecution"
        record = self._record.task(name, path, frame.parent, schema)
        return _Step(name=name, task=task, component=component, path=path, record=record)

    def _words(self, step: _Step) -> dict[str, str]:
        own = {"pipeline_task_name": step.name, "pipeline_task_uuid": str(step.record.id)}
        return {**self._job.words, **own}

    def _triggered(self, task: Any, ended: Mapping[str, Ended]) -> bool:
        policy = task.trigger_policy
        if policy.strategy == policy.ALL_UPSTREAM_TASKS_COMPLETED:
            return True
        if self._fail_fast and self._failing:
            return False
        return all(other.ok for other in ended.values())

    def _known(self, ended: Ended) -> Ended:
        """Take over how a task ended before the engine was restarted."""
        self._failing = self._failing or bool(ended.failed)
        return ended

    def _not_triggered(self, step: _Step) -> Ended:
        ended = Ended(state="NOT_TRIGGERED", status=self._status(step, "NOT_TRIGGERED"))
        step.record.end(ended)
        return ended

    async def _to_its_end(self, step: _Step, work: Awaitable[Ended]) -> Ended:
        """Await a task's work, and turn what it raises into how it ended."""
        try:
            return await work
        except asyncio.CancelledError:
            step.record.state("CANCELLED", code=1, message="The task was cancelled.")
            raise
        except TaskFailed as error:
            return self._failed(step, error)
        except (InputError, PlaceholderError, ConditionError) as error:
            return self._failed(step, TaskFailed(str(error), code=3))
        except Exception as error:
            known = reason(error)
            return self._failed(step, TaskFailed(known.message, code=rpc_code(known)))

    def _failed(self, step: _Step, error: TaskFailed) -> Ended:
        self._failing = True
        fault = {"code": error.code, "message": str(error)}
        ended = Ended(
            state="FAILED",
            failed=error.tasks or (step.label,),
            status={**self._status(step, "FAILED"), "error": fault},
        )
        step.record.end(ended, code=error.code, message=str(error))
        return ended

    def _done(self, step: _Step, state: str, given: Ports) -> Ended:
        ended = Ended(state=state, outputs=given, status=self._status(step, state))
        step.record.gives(given)
        step.record.end(ended)
        return ended

    def _status(self, step: _Step, state: str) -> dict[str, Any]:
        """Give a task's `PipelineTaskFinalStatus`."""
        return {
            "state": "SUCCEEDED" if state == "SKIPPED" else state,
            "pipelineJobResourceName": self._job.name,
            "pipelineTaskName": step.name,
        }

    async def _attempts(self, step: _Step, sources: Sources) -> Ended:
        inputs = sources.resolve(step.task, step.component)
        written = step.task.trigger_policy.condition
        if written and not self._plan.conditions[written].holds(inputs.parameters):
            return self._not_triggered(step)
        step.record.takes(_declared(step.component, inputs))
        pauses = itertools.islice(loops.pauses(step.task.retry_policy), step.record.retries, None)
        while True:
            try:
                return await self._attempt(step, inputs)
            except TaskFailed as error:
                pause = next(pauses, None)
                if pause is None or not error.retry:
                    raise
                step.record.retry(code=error.code, message=str(error))
                await asyncio.sleep(pause)

    async def _attempt(self, step: _Step, inputs: Ports) -> Ended:
        if step.task.WhichOneof("iterator"):
            return await self._loop(step, inputs)
        if step.component.WhichOneof("implementation") == "dag":
            return await self._inner_graph(step, inputs)
        return await self._leaf(step, inputs)

    async def _inner_graph(self, step: _Step, inputs: Ports) -> Ended:
        step.record.state("RUNNING")
        frame = _Frame(
            component=step.component, inputs=inputs, path=step.path, parent=step.record.id
        )
        return self._done(step, "SUCCEEDED", await self._graph(frame))

    async def _loop(self, step: _Step, inputs: Ports) -> Ended:
        step.record.state("RUNNING")
        items = loops.iterations(step.task, inputs)
        limit = asyncio.Semaphore(loops.at_once(step.task))
        ended = await together(
            [
                asyncio.create_task(self._iteration(step, index, item, limit))
                for index, item in enumerate(items)
            ]
        )
        _raise_failed(ended)
        collected = outputs.of_loop(step.component, [one.outputs for one in ended])
        return self._done(step, "SUCCEEDED", collected)

    async def _iteration(
        self, loop: _Step, index: int, inputs: Ports, limit: asyncio.Semaphore
    ) -> Ended:
        name = f"{loop.name}-{index}"
        path = (*loop.path[:-1], name)
        async with limit:
            record = self._record.task(name, path, loop.record.id, "system.DagExecution")
            step = attrs.evolve(loop, name=name, path=path, record=record)
            if record.ended is not None:
                return self._known(record.ended)
            record.takes(_declared(step.component, loops.own(step.task, inputs)))
            run = self._inner_graph if step.component.HasField("dag") else self._leaf
            return await self._to_its_end(step, run(step, inputs))

    async def _leaf(self, step: _Step, inputs: Ports) -> Ended:
        work = self._work(step, inputs)
        key = await self._key(step, work)
        kept = await cache.recall(work, key) if key else None
        if kept is not None:
            self._warm_up.passed(step.component.executor_label)
            step.record.note("cached", value=True)
            return self._done(step, "SKIPPED", kept)
        if work.executor.WhichOneof("spec") != "importer":
            self._warm_up.begin()
        given = await self._execute(work)
        with self._tools.store.transaction():
            if key:
                cache.remember(work, key, given)
            return self._done(step, "SUCCEEDED", given)

    async def _key(self, step: _Step, work: Work) -> str:
        """Give the key that a task's outputs are kept under; nothing when they are not."""
        if not _cached(step.task, work.executor):
            return ""
        # It looks at all files of the folders that the task is given.
        return await asyncio.to_thread(cache.key, work, step.task.caching_options.cache_key)

    async def _execute(self, work: Work) -> Ports:
        run = kinds.runner(work.executor)
        if not kinds.is_process(work.executor):
            work.record.state("RUNNING")
            return await run(work)
        if work.record.interrupted:
            await work.start_again()
        async with self._tools.slots:
            work.record.state("RUNNING")
            return await run(work)

    def _work(self, step: _Step, inputs: Ports) -> Work:
        folder = f"{step.name}_{step.record.id}"
        return Work(
            job=self._job,
            tools=self._tools,
            record=step.record,
            name=step.name,
            label=step.label,
            component=step.component,
            executor=self._plan.executor(step.component),
            inputs=inputs,
            folder=join_uri(self._job.root, self._job.id, folder),
            log=self._tools.home.log("pipelineJobs", self._job.id, ".".join(step.path)),
        )


async def together(tasks: Iterable[asyncio.Task[T]]) -> list[T]:
    """Await tasks; when one raises, or this is cancelled, cancel the others and wait for them."""
    everyone = list(tasks)
    try:
        return await asyncio.gather(*everyone)
    except BaseException:
        for task in everyone:
            task.cancel()
        if everyone:
            await asyncio.wait(everyone)
        raise


def _raise_failed(ended: Iterable[Ended]) -> None:
    failed = tuple(label for one in ended for label in one.failed)
    if failed:
        raise TaskFailed(
            "The DAG failed because some tasks failed. "
            f"The failed tasks are: [{', '.join(failed)}].",
            tasks=failed,
        )


def _declared(component: Any, inputs: Ports) -> Ports:
    """Leave out the inputs that only carry a value into a constant."""
    known = component.input_definitions
    return Ports(
        parameters={k: v for k, v in inputs.parameters.items() if k in known.parameters},
        artifacts={k: v for k, v in inputs.artifacts.items() if k in known.artifacts},
    )


def _cached(task: Any, executor: Any) -> bool:
    return bool(task.caching_options.enable_cache) and executor.WhichOneof("spec") != "importer"
