"""The kinds of tasks, and placeholders in them. No future annotations: KFP reads the real ones."""

# ruff: noqa: E741

import json

from kfp import dsl
from kfp.dsl import Dataset

from tests.engine.pipelines import components as ops
from tests.engine.pipelines.bench import (
    COLLECTION,
    PARENT,
    Bench,
    artifact,
    details,
    outputs,
    states,
)


def _said(bench: Bench, text: str) -> str:
    @dsl.pipeline(name="words")
    def pipeline(x: int = 5, f: float = 0.5, b: bool = True, l: list = [1, "a"]):  # noqa: B006
        ops.say(text=text.format(x=x, f=f, b=b, l=l))

    return outputs(bench.run(pipeline), "say")["Output"]


def test_parameters_in_a_text_read_as_json(bench: Bench) -> None:
    assert _said(bench, "{x} {f} {b} {l}") == '5 0.5 true [1, "a"]'


def test_job_placeholders_are_filled_in(bench: Bench) -> None:
    text = "{{{{$.pipeline_google_cloud_project_id}}}}/{{{{$.pipeline_google_cloud_location}}}}"
    assert _said(bench, text) == "p/us-central1"


def test_the_root_is_filled_in(bench: Bench) -> None:
    assert _said(bench, "{{{{$.pipeline_root}}}}/x") == f"{bench.root}/x"


def test_names_are_filled_in(bench: Bench) -> None:
    @dsl.pipeline(name="names")
    def pipeline():
        ops.say(text="{{$.pipeline_job_resource_name}} {{$.pipeline_task_name}}")

    job = bench.run(pipeline)

    assert outputs(job, "say") == {"Output": f"{job['name']} say"}


def test_placeholders_deep_in_a_constant_are_filled_in(bench: Bench) -> None:
    @dsl.pipeline(name="deep")
    def pipeline(x: int = 5):
        ops.kinds(i=1, f=1.0, b=True, s="", l=[{"a": [x]}], d={"r": dsl.PIPELINE_ROOT_PLACEHOLDER})

    found = outputs(bench.run(pipeline), "kinds")["Output"]

    assert found == f"[1, 1.0, True, '', [{{'a': ['5']}}], {{'r': '{bench.root}'}}, None, 7]"


def test_an_unknown_placeholder_fails_the_task(bench: Bench) -> None:
    @dsl.pipeline(name="unknown")
    def pipeline():
        ops.say(text="{{$.pipeline_job_nam}}")

    assert details(bench.run(pipeline))["say"]["error"] == {
        "code": 3,
        "message": "{{$.pipeline_job_nam}} is no placeholder of Vertex AI Pipelines. "
        "Did you mean 'pipeline_job_name'?",
    }


def test_an_importer_gives_what_it_names(bench: Bench) -> None:
    @dsl.pipeline(name="import")
    def pipeline(uri: str, x: int = 1):
        dsl.importer(artifact_uri=uri, artifact_class=Dataset, metadata={"x": x, "r": "s"})

    found = artifact(bench.run(pipeline, {"uri": "gs://b/not-there"}), "importer", "artifact")

    assert (found["uri"], found["schemaTitle"]) == ("gs://b/not-there", "system.Dataset")
    assert found["metadata"] == {"x": "1", "r": "s"}


def test_a_container_runs_its_command(bench: Bench) -> None:
    @dsl.pipeline(name="container")
    def pipeline():
        ops.shout(text="hi").set_env_variable("EXTRA", "more")

    assert outputs(bench.run(pipeline), "shout") == {"loud": "<hi>|--plain|more|"}


def test_a_container_learns_which_inputs_are_present(bench: Bench) -> None:
    @dsl.pipeline(name="container")
    def pipeline():
        ops.shout(text="hi", mark="!")

    assert outputs(bench.run(pipeline), "shout") == {"loud": "<hi>|--mark|!||"}


def test_a_container_without_a_command_cannot_run(bench: Bench) -> None:
    @dsl.pipeline(name="bare")
    def pipeline():
        ops.bare()

    message = details(bench.run(pipeline))["bare"]["error"]["message"]

    assert message == (
        "The container of image 'alpine' has no command. The local engine runs no images, so it "
        "does not know the image's own entrypoint: give the component a command."
    )


def test_a_container_reads_and_writes_artifacts(bench: Bench) -> None:
    @dsl.pipeline(name="copy")
    def pipeline():
        copied = ops.copy(source=ops.write(text="copied").outputs["file"])
        ops.read(file=copied.outputs["target"])

    job = bench.run(pipeline, gcsOutputDirectory="gs://bucket/copy")

    assert outputs(job, "read") == {"Output": "copied-1"}


def test_a_task_knows_its_project(bench: Bench) -> None:
    @dsl.pipeline(name="where")
    def pipeline():
        ops.where()

    assert outputs(bench.run(pipeline), "where")["Output"].endswith(" p")


def test_a_missing_program_is_named(bench: Bench) -> None:
    @dsl.container_component
    def lost():
        return dsl.ContainerSpec(image="alpine", command=["no-such-program"])

    @dsl.pipeline(name="lost")
    def pipeline():
        lost()

    message = details(bench.run(pipeline))["lost"]["error"]["message"]

    assert message.startswith("The process could not be started: 'no-such-program' is not")


def test_a_launcher_that_is_not_known_is_named(bench: Bench) -> None:
    module = "google_cloud_pipeline_components.container.v1.automl_training_job.launcher"

    @dsl.container_component
    def launch():
        return dsl.ContainerSpec(image="gcpc", command=["python3", "-m", module])

    @dsl.pipeline(name="launch")
    def pipeline():
        launch()

    error = details(bench.run(pipeline))["launch"]["error"]

    assert error["code"] == 12
    assert error["message"].startswith(
        f"UNIMPLEMENTED: the local engine cannot do the work of {module}. Of Google Cloud"
    )


def test_the_executor_input_is_a_placeholder(bench: Bench) -> None:
    @dsl.container_component
    def show(text: str, shown: dsl.OutputPath(str)):
        return dsl.ContainerSpec(
            image="alpine", command=["sh", "-c", 'printf "%s" "$1" > "$0"'], args=[shown, "{{$}}"]
        )

    @dsl.pipeline(name="show")
    def pipeline():
        show(text='a "quote"')

    shown = json.loads(outputs(bench.run(pipeline), "show")["shown"])

    assert shown["inputs"] == {"parameterValues": {"text": 'a "quote"'}}


def test_a_bucket_in_an_argument_is_its_folder(bench: Bench) -> None:
    assert _said(bench, "gs://bucket/x") == str(bench.home.path("gs://bucket/x"))


def test_states_have_no_more_tasks_than_the_pipeline(bench: Bench) -> None:
    @dsl.pipeline(name="one")
    def pipeline():
        ops.two()

    job = bench.run(pipeline)

    assert states(job) == {"two": "SUCCEEDED"}
    assert job["name"].startswith(f"{PARENT}/pipelineJobs/job-")


def test_an_image_that_is_a_folder_is_where_a_container_runs(bench: Bench, tmp_path) -> None:
    (tmp_path / "own.py").write_text("print('own', __file__)")

    @dsl.container_component
    def run_own():
        return dsl.ContainerSpec(image=f"file://{tmp_path}", command=["python", "own.py"])

    @dsl.pipeline(name="folder")
    def pipeline():
        run_own()

    assert states(bench.run(pipeline)) == {"run-own": "SUCCEEDED"}


def test_a_folder_that_is_gone_is_named(bench: Bench, tmp_path) -> None:
    @dsl.pipeline(name="gone")
    def pipeline():
        ops.say(text="x").set_container_image(f"file://{tmp_path}/gone")

    assert details(bench.run(pipeline))["say"]["error"]["message"] == (
        f"The container cannot run: the source folder {tmp_path}/gone (image_uri "
        f"'file://{tmp_path}/gone') does not exist on this machine."
    )


def test_an_image_can_come_from_a_parameter(bench: Bench) -> None:
    @dsl.pipeline(name="dynamic")
    def pipeline(image: str = "python:3.12"):
        ops.say(text="x").set_container_image(image)

    job = bench.run(pipeline)

    log = bench.home.log("pipelineJobs", job["name"].rpartition("/")[2], "say")
    assert "[engine] Image 'python:3.12' is simulated" in log.read_text()


def test_a_function_in_an_image_runs_from_the_folder_of_the_image(bench: Bench, tmp_path) -> None:
    @dsl.component(base_image=ops.IMAGE, target_image=f"file://{tmp_path}")
    def double(x: int) -> int:
        return 2 * x

    @dsl.pipeline(name="target")
    def pipeline():
        double(x=4)

    source = "from kfp import dsl\n\n@dsl.component\ndef double(x: int) -> int:\n    return 2 * x\n"
    (tmp_path / "doubling.py").write_text(source)
    (tmp_path / "kfp_config.ini").write_text("[Components]\ndouble = doubling.py\n")

    assert outputs(bench.run(pipeline), "double") == {"Output": 8}


def test_a_function_that_is_in_an_image_cannot_run(bench: Bench) -> None:
    @dsl.component(base_image=ops.IMAGE, target_image="gcr.io/acme/double")
    def double(x: int) -> int:
        return 2 * x

    @dsl.pipeline(name="target")
    def pipeline():
        double(x=4)

    assert details(bench.run(pipeline))["double"]["error"] == {
        "code": 12,
        "message": "The function's source is in the image 'gcr.io/acme/double', and the local "
        "engine runs no images. Leave out the component's target_image, or name the folder that "
        "the image is built from: target_image='file:///path/to/folder', with the kfp_config.ini "
        "of `kfp component build`.",
    }


def test_a_task_knows_the_labels_of_its_run(bench: Bench) -> None:
    @dsl.component(base_image=ops.IMAGE)
    def labels() -> dict:
        import json
        import os

        return json.loads(os.environ["VERTEX_AI_PIPELINES_RUN_LABELS"])

    @dsl.pipeline(name="labels")
    def pipeline():
        labels()

    body = {**bench.body(pipeline, {}), "labels": {"team": "vision"}}
    job = bench.finish(bench.call("POST", COLLECTION, body, pipelineJobId="labelled")["name"])

    assert outputs(job, "labels")["Output"] == job["labels"]
    assert job["labels"]["team"] == "vision"
