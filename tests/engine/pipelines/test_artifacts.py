"""Artifacts: lists, paths of their own, workspaces. No future annotations: KFP reads real ones."""

# ruff: noqa: UP006, UP035

from typing import List

import pytest
from google.cloud.aiplatform_v1.types import Artifact as MlmdArtifact
from kfp import dsl
from kfp.dsl import Artifact, Dataset, Input, Output

from tests.engine.pipelines import components as ops
from tests.engine.pipelines.bench import PARENT, Bench, artifact, details, outputs
from vertex_flow.errors import ApiError

WORKSPACE = dsl.PipelineConfig(workspace=dsl.WorkspaceConfig(size="1Gi"))


@dsl.component(base_image=ops.IMAGE)
def write_elsewhere(folder: str, file: Output[Dataset]):
    import os

    file.set_path(os.path.join(folder, "own"))
    os.makedirs(file.path)
    with open(file.path + "/part", "w") as out:
        out.write("mine")


@dsl.component(base_image=ops.IMAGE)
def read_part(file: Input[Dataset]) -> str:
    with open(file.path + "/part") as content:
        return content.read()


@dsl.component(base_image=ops.IMAGE)
def show_path(file: Input[Dataset]) -> str:
    with open(file.path) as content:
        return file.path + "=" + content.read()


@dsl.container_component
def list_names(files: Input[List[Artifact]], shown: dsl.OutputPath(str)):
    source = (
        "import json,sys;"
        "found = json.loads(sys.argv[1]);"
        "texts = [open(one['uri']).read() for one in found];"
        "open(sys.argv[2], 'w').write(','.join(texts))"
    )
    return dsl.ContainerSpec(image="python", command=["python", "-c", source], args=[files, shown])


def test_a_container_gets_a_list_of_artifacts_as_json(bench: Bench) -> None:
    @dsl.pipeline(name="lists")
    def pipeline():
        with dsl.ParallelFor(["a", "b"]) as text:
            file = ops.write(text=text)
        list_names(files=dsl.Collected(file.outputs["file"]))

    assert outputs(bench.run(pipeline), "list-names") == {"shown": "a,b"}


def test_a_container_gets_an_empty_list_of_artifacts(bench: Bench) -> None:
    @dsl.pipeline(name="lists")
    def pipeline(texts: List[str]):
        with dsl.ParallelFor(texts) as text:
            file = ops.write(text=text)
        list_names(files=dsl.Collected(file.outputs["file"]))

    assert outputs(bench.run(pipeline, {"texts": []}), "list-names") == {"shown": ""}


def test_a_loop_goes_over_artifacts(bench: Bench) -> None:
    @dsl.pipeline(name="three")
    def three() -> List[Dataset]:
        with dsl.ParallelFor(["a", "b", "c"]) as text:
            file = ops.write(text=text)
        return dsl.Collected(file.outputs["file"])

    @dsl.pipeline(name="over-files")
    def pipeline():
        with dsl.ParallelFor(three().output, parallelism=2) as one:
            ops.read(file=one)

    job = bench.run(pipeline)

    read = [outputs(job, name)["Output"] for name in sorted(details(job)) if ".read" in name]
    assert read == ["a1", "b1", "c1"]


def test_what_is_written_to_a_path_of_its_own_is_at_the_uri(bench: Bench, tmp_path) -> None:
    @dsl.pipeline(name="own-path")
    def pipeline(folder: str):
        read_part(file=write_elsewhere(folder=folder).outputs["file"])

    job = bench.run(pipeline, {"folder": str(tmp_path)})

    assert outputs(job, "read-part") == {"Output": "mine"}
    assert artifact(job, "write-elsewhere", "file")["uri"].startswith(bench.root)


def test_tasks_share_a_workspace(bench: Bench) -> None:
    @dsl.component(base_image=ops.IMAGE)
    def leave(folder: str) -> str:
        with open(folder + "/note", "w") as file:
            file.write("left")
        return folder + "/note"

    @dsl.component(base_image=ops.IMAGE)
    def find(path: str) -> str:
        with open(path) as file:
            return file.read()

    @dsl.pipeline(name="workspace", pipeline_config=WORKSPACE)
    def pipeline():
        find(path=leave(folder=dsl.WORKSPACE_PATH_PLACEHOLDER).output)

    job = bench.run(pipeline, gcsOutputDirectory="gs://bucket/shared")

    assert outputs(job, "find") == {"Output": "left"}


def test_an_importer_downloads_into_the_workspace(bench: Bench, tmp_path) -> None:
    @dsl.pipeline(name="download", pipeline_config=WORKSPACE)
    def pipeline(uri: str):
        found = dsl.importer(artifact_uri=uri, artifact_class=Dataset, download_to_workspace=True)
        show_path(file=found.output)

    (tmp_path / "data.csv").write_text("1,2")
    job = bench.run(pipeline, {"uri": f"{tmp_path}/data.csv"})

    path, _, content = outputs(job, "show-path")["Output"].partition("=")
    assert content == "1,2"
    assert "/workspace/.artifacts/" in path
    assert artifact(job, "importer", "artifact")["uri"] == f"{tmp_path}/data.csv"


def test_an_importer_that_finds_nothing_to_download_fails(bench: Bench, tmp_path) -> None:
    @dsl.pipeline(name="download", pipeline_config=WORKSPACE)
    def pipeline(uri: str):
        dsl.importer(artifact_uri=uri, artifact_class=Dataset, download_to_workspace=True)

    job = bench.run(pipeline, {"uri": f"{tmp_path}/lost"})

    assert details(job)["importer"]["error"] == {
        "code": 5,
        "message": f"There is nothing to download into the workspace at '{tmp_path}/lost'.",
    }


def _stored(bench: Bench, identifier: str, uri: str) -> None:
    found = MlmdArtifact(
        name=f"{PARENT}/metadataStores/default/artifacts/{identifier}",
        uri=uri,
        schema_title="system.Dataset",
        schema_version="0.0.1",
        metadata={"length": 2},
    )
    bench.store.save(found)


@dsl.pipeline(name="given")
def given(file: Input[Dataset]):
    ops.read(file=file)


def test_a_job_is_given_artifacts_by_their_ids(bench: Bench, tmp_path) -> None:
    (tmp_path / "data").write_text("hi")
    _stored(bench, "a1", f"{tmp_path}/data")

    job = bench.run(given, inputArtifacts={"file": {"artifactId": "a1"}})

    assert outputs(job, "read") == {"Output": "hi2"}


@pytest.mark.parametrize(
    ("artifacts", "message"),
    [
        ({}, "Input artifact 'file' is required: give it the id of an artifact."),
        (
            {"file": {"artifactId": "lost"}},
            "'file': there is no artifact 'lost' in the default metadata store.",
        ),
        (
            {"fil": {"artifactId": "known"}, "file": {"artifactId": "known"}},
            "The pipeline has no input artifact 'fil'. Did you mean 'file'?",
        ),
    ],
)
def test_input_artifacts_are_checked(bench: Bench, artifacts, message) -> None:
    _stored(bench, "known", "/nowhere")

    with pytest.raises(ApiError) as caught:
        bench.create(given, inputArtifacts=artifacts)

    assert caught.value.message == f"Invalid runtime_config.input_artifacts: {message}"


def _imported(bench: Bench, uri: str, *, again: bool = False, key: str = "value") -> str:
    @dsl.pipeline(name="imports")
    def pipeline(uri: str, key: str):
        dsl.importer(
            artifact_uri=uri, artifact_class=Dataset, reimport=again, metadata={"key": key}
        )

    job = bench.run(pipeline, {"uri": uri, "key": key})
    return artifact(job, "importer", "artifact")["name"]


def test_what_was_imported_before_is_the_same_artifact(bench: Bench) -> None:
    assert _imported(bench, "gs://b/same") == _imported(bench, "gs://b/same")


def test_another_uri_or_other_metadata_is_another_artifact(bench: Bench) -> None:
    found = _imported(bench, "gs://b/one")

    assert _imported(bench, "gs://b/other") != found
    assert _imported(bench, "gs://b/one", key="other") != found


def test_an_artifact_can_be_imported_again(bench: Bench) -> None:
    assert _imported(bench, "gs://b/again") != _imported(bench, "gs://b/again", again=True)


def test_a_deleted_artifact_is_imported_anew(bench: Bench) -> None:
    found = _imported(bench, "gs://b/deleted")
    bench.store.delete(found)

    assert _imported(bench, "gs://b/deleted") != found
