"""`vertex-flow build`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.cloud import CloudShell, cloud_shell
from tests.cli.flow_files import TWICE, write
from tests.cloud.cloud_build import Script

LINE = """
from vertex_flow import Double, Flow, Trainer
from vertex_flow.stages import HyperTune, ImportDataset, Preprocess, Train

trainer = Trainer(module="learner.task")
flow = Flow("line", [
    ImportDataset("gs://acme-vertex-flow/line.csv"),
    Preprocess(),
    HyperTune(trainer, {"rate": Double(0.1, 1.0)}, metric="accuracy"),
    Train(trainer, args={"epochs": 1}),
])
"""
"""A flow of two stages that share a trainer."""

REGISTRY = "us-central1-docker.pkg.dev/acme/vertex-flow"


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CloudShell]:
    with cloud_shell(tmp_path_factory.mktemp("build")) as shell:
        shell.whole.context.setup(say=lambda _: None)
        shell.whole.builds.script = Script((b"Successfully built\n",))  # each piece is a pause
        (shell.shell.folder / "learner").mkdir()
        write(shell.shell.folder, text=LINE)
        yield shell


@pytest.fixture(autouse=True)
def learner(cloud: CloudShell, request: pytest.FixtureRequest) -> Path:
    """The trainer's code, which no test before has built."""
    file = cloud.shell.folder / "learner" / "task.py"
    file.write_text(f"print({request.node.name!r})\n")
    return file


def test_an_image_is_built_for_stages_that_share_a_trainer(cloud: CloudShell) -> None:
    before = len(cloud.whole.builds.builds)
    done = cloud("build", "flow.py")
    (uri,) = done.stdout.splitlines()
    assert (done.returncode, uri.startswith(f"{REGISTRY}/trainer@sha256:")) == (0, True)
    assert "Successfully built" in done.stderr.splitlines()
    assert len(cloud.whole.builds.builds) == before + 1


def test_what_is_there_is_not_built_again(cloud: CloudShell) -> None:
    first = cloud("build", "flow.py")
    second = cloud("build", "flow.py")
    assert second.stdout == first.stdout
    assert second.stderr.endswith(" is there already\n")


def test_the_same_for_a_program(cloud: CloudShell) -> None:
    said = cloud.json("build", "flow.py")
    digest = said["images"][0]["digest"]
    assert said == {
        "flow": "line",
        "images": [
            {"module": "learner.task", "uri": f"{REGISTRY}/trainer@{digest}", "digest": digest}
        ],
    }


def test_the_flow_and_the_profile_of_the_settings(cloud: CloudShell) -> None:
    text = '[tool.vertex_flow]\nflow = "flow.py:flow"\ncontexts.dev = {project = "acme"}\n'
    (cloud.shell.folder / "pyproject.toml").write_text(text)
    done = cloud("build", "--on", "dev", GOOGLE_CLOUD_PROJECT="")
    assert (done.returncode, done.stdout.startswith(REGISTRY)) == (0, True)


def test_a_run_finds_it(cloud: CloudShell) -> None:
    missing = "there is no image of the trainer 'learner.task' as it is now"
    place = ("--on", "dev", "--json")
    text = '[tool.vertex_flow.contexts.dev]\nproject = "acme"\n'
    (cloud.shell.folder / "pyproject.toml").write_text(text)
    assert missing in cloud("check", "flow.py", *place).stdout
    cloud("build", "flow.py", "--on", "dev")
    assert missing not in cloud("check", "flow.py", *place).stdout


def test_docker_may_build_it(cloud: CloudShell) -> None:
    done = cloud("build", "flow.py", "--builder", "docker", PATH="")
    assert (done.returncode, done.stdout) == (1, "")
    assert "there is no program docker on the search path." in done.stderr


def test_a_flow_that_needs_none(cloud: CloudShell) -> None:
    write(cloud.shell.folder, "twice.py", TWICE)
    done = cloud("build", "twice.py")
    assert (done.returncode, done.stdout, done.stderr) == (
        1,
        "",
        "loading\n"
        "Error: flow 'twice' needs no training image: it has no trainer, or each names an image of "
        "its own. For one that is built, leave image= out: "
        "Train(Trainer(module='trainer.task')).\n",
    )


def test_trainers_that_name_their_image(cloud: CloudShell) -> None:
    text = LINE.replace('"learner.task"', '"learner.task", image="eu.gcr.io/acme/t:1"')
    write(cloud.shell.folder, "named.py", text)
    assert "flow 'line' needs no training image" in cloud("build", "named.py").stderr


def test_this_machine_needs_no_image(cloud: CloudShell) -> None:
    done = cloud("build", "flow.py", "--on", "local")
    assert (done.returncode, done.stdout) == (1, "")
    assert "there is no Google Cloud project behind it" in done.stderr
