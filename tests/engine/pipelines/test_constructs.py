"""What the KFP compiler can write, put together. No future annotations: KFP reads the real ones."""

# ruff: noqa: UP006, UP014, UP035, UP045

import json
from typing import List, NamedTuple, Optional

from kfp import components, dsl
from kfp.dsl import HTML, ClassificationMetrics, Dataset, Input, Markdown, Model, Output

from tests.engine.pipelines import components as ops
from tests.engine.pipelines.bench import Bench, artifact, details, outputs, states

IMAGE = ops.IMAGE


@dsl.component(base_image=IMAGE)
def maybe(file: Optional[Input[Dataset]] = None, text: Optional[str] = None) -> str:
    return repr((file and open(file.path).read(), text))


@dsl.component(base_image=IMAGE)
def total_of_lists(lists: List[List[int]]) -> int:
    return sum(sum(numbers) for numbers in lists)


@dsl.component(base_image=IMAGE)
def own_model() -> Model:
    model = dsl.Model(uri=dsl.get_uri("own"), metadata={"framework": "none"})
    with open(model.path, "w") as file:
        file.write("weights")
    return model


@dsl.component(base_image=IMAGE)
def read_model(model: Model) -> str:
    return open(model.path).read() + model.framework


@dsl.component(base_image=IMAGE)
def pictures(
    classes: Output[ClassificationMetrics], notes: Output[Markdown], page: Output[HTML]
) -> None:
    classes.log_confusion_matrix(["cat", "dog"], [[9, 1], [2, 8]])
    classes.log_roc_curve([0.0, 1.0], [0.0, 1.0], [0.9, 0.1])
    for file in (notes, page):
        with open(file.path, "w") as out:
            out.write("seen")


@dsl.container_component
def options(
    shown: dsl.OutputPath(str),
    first: Optional[str] = None,
    second: Optional[str] = None,
    number: int = 4,
    table: dict = {"k": 1},  # noqa: B006 - KFP wants the dict
):
    inner = dsl.IfPresentPlaceholder(
        input_name="second", then=dsl.ConcatPlaceholder([",b=", second]), else_=",no-b"
    )
    return dsl.ContainerSpec(
        image="alpine",
        command=["sh", "-c", 'out=$0; printf "%s|" "$@" > "$out"'],
        args=[
            shown,
            dsl.IfPresentPlaceholder(
                input_name="first",
                then=dsl.ConcatPlaceholder(["a=", first, inner]),
                else_=[
                    dsl.IfPresentPlaceholder(input_name="second", then=["--b", second]),
                    "--no-a",
                ],
            ),
            number,
            f"{table}",
        ],
    )


OLD_YAML = """
name: old form
inputs:
- {name: a text, type: String, default: deep}
- {name: number, type: Integer, optional: true}
- {name: data, type: Dataset, optional: true}
outputs:
- {name: said, type: String}
- {name: file, type: Dataset}
implementation:
  container:
    image: alpine
    command: [sh, -c, 'mkdir -p $(dirname "$0") $(dirname "$1"); echo f > "$1"; printf "%s " "$@" > "$0"']
    args:
    - {outputPath: said}
    - {outputPath: file}
    - {if: {cond: {isPresent: number}, then: [--number, {inputValue: number}], else: [--none]}}
    - {concat: ['x=', {inputValue: a text}]}
    - if: {cond: {isPresent: data}, then: [--data, {inputPath: data}]}
"""  # noqa: E501 - a command is one line


def test_structures_are_nested_in_each_other(bench: Bench) -> None:
    @dsl.pipeline(name="options")
    def pipeline():
        options()
        options(first="1")
        options(first="1", second="2")
        options(second='q"uo te')

    job = bench.run(pipeline)

    rest = '4|{"k": 1}|'
    assert [outputs(job, name)["shown"] for name in sorted(details(job))] == [
        f"--no-a|{rest}",
        f"a=1,no-b|{rest}",
        f"a=1,b=2|{rest}",
        f'--b|q"uo te|--no-a|{rest}',
    ]


def test_a_component_of_the_old_form_runs(bench: Bench) -> None:
    old = components.load_component_from_text(OLD_YAML)

    @dsl.pipeline(name="old")
    def pipeline():
        old(number=3, data=old().outputs["file"])

    job = bench.run(pipeline)
    file = artifact(job, "old-form", "file")["uri"]

    assert outputs(job, "old-form")["said"] == f"{file} --none x=deep "
    assert outputs(job, "old-form-2")["said"].endswith(f" --number 3 x=deep --data {file} ")


def test_optional_artifacts_reach_through_nested_pipelines(bench: Bench) -> None:
    @dsl.pipeline(name="inner")
    def inner(file: Optional[Input[Dataset]] = None, text: Optional[str] = None):
        maybe(file=file, text=text)

    @dsl.pipeline(name="optional")
    def pipeline():
        inner()
        inner(file=ops.write(text="here").outputs["file"], text="t")

    job = bench.run(pipeline)

    assert outputs(job, "inner.maybe") == {"Output": "(None, None)"}
    assert outputs(job, "inner-2.maybe") == {"Output": "('here', 't')"}


def test_one_of_several_artifacts_leaves_a_nested_pipeline(bench: Bench) -> None:
    @dsl.pipeline(name="inner")
    def inner(x: int) -> Dataset:
        with dsl.If(x == 1):
            one = ops.write(text="one")
        with dsl.Else():
            other = ops.write(text="other")
        return dsl.OneOf(one.outputs["file"], other.outputs["file"])

    @dsl.pipeline(name="either")
    def pipeline(x: int):
        ops.read(file=inner(x=x).output)

    assert outputs(bench.run(pipeline, {"x": 1}), "read") == {"Output": "one3"}
    assert outputs(bench.run(pipeline, {"x": 2}), "read") == {"Output": "other5"}


def test_loops_in_loops_collect_lists_of_lists(bench: Bench) -> None:
    @dsl.pipeline(name="lists")
    def pipeline(go: bool = True):
        with dsl.If(go == True):  # noqa: E712 - KFP reads it
            some, others = dsl.ParallelFor([1, 2], parallelism=1), dsl.ParallelFor([3, 4])
            with some as x, others as y, dsl.If(y == 4):
                added = ops.add(a=x, b=y)
            total_of_lists(lists=dsl.Collected(added.output))

    assert outputs(bench.run(pipeline), "condition-1.total-of-lists") == {"Output": 11}


def test_several_outputs_leave_a_nested_pipeline(bench: Bench) -> None:
    @dsl.pipeline(name="inner")
    def inner() -> NamedTuple("Both", [("numbers", List[int]), ("text", str)]):
        with dsl.ParallelFor([1, 2]) as x:
            added = ops.add(a=x, b=1)
        both = NamedTuple("Both", [("numbers", List[int]), ("text", str)])
        return both(numbers=dsl.Collected(added.output), text=ops.say(text="t").output)

    @dsl.pipeline(name="outer")
    def pipeline():
        ops.total(numbers=inner().outputs["numbers"])

    job = bench.run(pipeline)

    assert outputs(job, "inner") == {"numbers": [2, 3], "text": "t"}
    assert outputs(job, "total") == {"Output": 5}


def test_a_task_runs_after_a_whole_loop(bench: Bench, tmp_path) -> None:
    @dsl.pipeline(name="after")
    def pipeline(path: str):
        with dsl.ParallelFor([1, 2]):
            counted = ops.count_to(path=path, number=1)
        ops.count_to(path=path, number=3).after(counted)

    job = bench.run(pipeline, {"path": f"{tmp_path}/calls"})

    assert outputs(job, "count-to-2") == {"Output": 3}


def test_a_nested_pipeline_is_tried_again(bench: Bench, tmp_path) -> None:
    @dsl.pipeline(name="inner")
    def inner(path: str):
        ops.count_to(path=path, number=2)

    @dsl.pipeline(name="again")
    def pipeline(path: str):
        inner(path=path).set_retry(2, backoff_duration="0s")

    job = bench.run(pipeline, {"path": f"{tmp_path}/calls"})

    assert job["state"] == "PIPELINE_STATE_SUCCEEDED"
    assert outputs(job, "inner.count-to") == {"Output": 2}


def test_an_exit_handler_in_a_nested_pipeline_is_its_own(bench: Bench) -> None:
    @dsl.pipeline(name="body")
    def body():
        with dsl.ExitHandler(ops.report()):
            ops.fail()

    @dsl.pipeline(name="exits")
    def pipeline():
        with dsl.ExitHandler(ops.report()):
            body()

    job = bench.run(pipeline)

    inner = outputs(job, "exit-handler-1.body.report")["Output"]
    assert inner.startswith("exit-handler-1 FAILED")
    assert "exit-handler-1 > body > exit-handler-1 > fail" in outputs(job, "report")["Output"]


def test_a_pipeline_is_an_exit_task(bench: Bench) -> None:
    @dsl.component(base_image=IMAGE)
    def state_of(status: dict) -> str:
        return status["state"]

    @dsl.pipeline(name="notify")
    def notify(status: dsl.PipelineTaskFinalStatus):
        with dsl.If(state_of(status=status).output == "FAILED"):
            ops.say(text="failed")

    @dsl.pipeline(name="notified")
    def pipeline():
        with dsl.ExitHandler(notify()):
            ops.fail()

    assert states(bench.run(pipeline))["notify.condition-1.say"] == "SUCCEEDED"


def test_an_artifact_that_a_function_returns_has_its_own_place(bench: Bench) -> None:
    @dsl.pipeline(name="own")
    def pipeline():
        read_model(model=own_model().output)

    job = bench.run(pipeline)

    assert outputs(job, "read-model") == {"Output": "weightsnone"}
    assert artifact(job, "own-model", "Output")["uri"].endswith("/own")


def test_metrics_with_structure_are_shown(bench: Bench) -> None:
    @dsl.pipeline(name="pictures")
    def pipeline():
        pictures()

    job = bench.run(pipeline)
    found = artifact(job, "pictures", "classes")

    assert found["schemaTitle"] == "system.ClassificationMetrics"
    assert found["metadata"]["confusionMatrix"]["rows"] == [{"row": [9, 1]}, {"row": [2, 8]}]
    assert len(found["metadata"]["confidenceMetrics"]) == 2
    assert artifact(job, "pictures", "page")["schemaTitle"] == "system.HTML"


def test_files_travel_with_a_component(bench: Bench, tmp_path) -> None:
    (tmp_path / "words.txt").write_text("embedded")

    def helper() -> str:
        return " and helped"

    @dsl.component(
        base_image=IMAGE,
        embedded_artifact_path=f"{tmp_path}/words.txt",
        additional_funcs=[helper],
    )
    def read_words(words: dsl.EmbeddedInput[Dataset]) -> str:
        return open(words.path).read() + helper()

    @dsl.pipeline(name="embedded")
    def pipeline():
        read_words()

    assert outputs(bench.run(pipeline), "read-words") == {"Output": "embedded and helped"}


def test_machines_are_simulated_and_settings_do_not_get_lost(bench: Bench) -> None:
    @dsl.component(base_image=IMAGE)
    def variable() -> str:
        import os

        return os.environ["GREETING"]

    @dsl.pipeline(name="machines")
    def pipeline(cpu: str = "2", memory: str = "4G", kind: str = "NVIDIA_L4", number: int = 1):
        task = variable().set_env_variable("GREETING", "hello").set_display_name("Greeting")
        task.set_cpu_limit(cpu).set_memory_limit(memory)
        task.set_accelerator_type(kind).set_accelerator_limit(number)

    assert outputs(bench.run(pipeline), "variable") == {"Output": "hello"}


def test_what_the_executor_gets_is_json(bench: Bench) -> None:
    @dsl.pipeline(name="json")
    def pipeline(x: int = 5, texts: list = ["a"], flag: bool = True):  # noqa: B006
        ops.say(text=f"{x}-{texts}-{flag}")
        ops.kinds(i=x, f=1.5, b=flag, s="s", l=[texts, {"deep": x}], d={"k": f"<{x}>"})

    job = bench.run(pipeline)

    assert outputs(job, "say") == {"Output": f"5-{json.dumps(['a'])}-true"}
    assert "{'k': '<5>'}" in outputs(job, "kinds")["Output"]


def test_every_value_can_be_taken_as_a_text(bench: Bench) -> None:
    @dsl.component(base_image=IMAGE)
    def pairs() -> list:
        return [{"a": 1, "b": [2]}, {"a": "x", "b": True}]

    @dsl.component(base_image=IMAGE)
    def glue(a: str, b: str) -> str:
        return a + b

    @dsl.pipeline(name="texts")
    def pipeline():
        with dsl.ParallelFor(pairs().output) as pair:
            glue(a=pair.a, b=pair.b)

    job = bench.run(pipeline)

    glued = [outputs(job, name)["Output"] for name in sorted(details(job)) if ".glue" in name]
    assert glued == ["1[2]", "xtrue"]


def test_a_value_of_another_type_fails_the_task_that_takes_it(bench: Bench) -> None:
    @dsl.component(base_image=IMAGE)
    def words() -> list:
        return ["many"]

    @dsl.pipeline(name="mistyped")
    def pipeline():
        with dsl.ParallelFor(words().output) as word:
            ops.add(a=word, b=1)

    job = bench.run(pipeline)

    assert details(job)["for-loop-1-0.add"]["error"] == {
        "code": 3,
        "message": "input 'a' is 'many': expected NUMBER_INTEGER.",
    }


def test_an_iteration_can_use_the_whole_list(bench: Bench) -> None:
    @dsl.pipeline(name="whole")
    def pipeline(numbers: list = [1, 2]):  # noqa: B006 - KFP wants the list
        with dsl.ParallelFor(numbers) as number:
            ops.say(text=f"{number} of {numbers}")

    assert outputs(bench.run(pipeline), "for-loop-1-1.say") == {"Output": "2 of [1, 2]"}


def test_lists_of_artifacts_go_from_pipeline_to_pipeline(bench: Bench) -> None:
    @dsl.pipeline(name="make")
    def make() -> List[Dataset]:
        with dsl.ParallelFor(["a", "b"]) as text:
            made = ops.write(text=text)
        return dsl.Collected(made.outputs["file"])

    @dsl.pipeline(name="copies")
    def copies(files: Input[List[Dataset]]) -> List[Dataset]:
        with dsl.ParallelFor(files) as file:
            copied = ops.copy(source=file)
        return dsl.Collected(copied.outputs["target"])

    @dsl.pipeline(name="lists")
    def pipeline():
        ops.join(files=copies(files=make().output).output)

    assert outputs(bench.run(pipeline), "join") == {"Output": "a,b"}
