"""Where a run is, is told by options: the commands in a project, and options that do not go."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import attrs
import pytest

from tests.cli.shop import ask
from tests.cloud.whole import Whole, whole_environment
from tests.samples import Fail, Source
from vertex_flow import Flow, Run
from vertex_flow.errors import RunFailed
from vertex_flow.texts import describe_seconds, describe_time

LOGS = "logging.entries.list"


@attrs.frozen
class Project:
    """A project on the loopback interface, in which a run has failed.

    Attributes:
        whole: The cloud.
        run: The run.
        variables: What tells programs where the cloud is.
    """

    whole: Whole
    run: Run
    variables: dict[str, str]

    def __call__(self, *words: str) -> Any:
        """Give a command about the project."""
        return ask(*words, "--on", "dev", **self.variables)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    folder = tmp_path_factory.mktemp("project")
    (folder / "pyproject.toml").write_text('[tool.vertex_flow.contexts.dev]\nproject = "acme"\n')
    with whole_environment(folder) as (whole, variables), pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        with pytest.raises(RunFailed) as caught:
            Flow("fails", [Source(), Fail()]).run(whole.context, progress=None)
        yield Project(whole, Run.attach(whole.context, caught.value.run), variables)


def test_runs(project: Project) -> None:
    (entry,) = Run.list(project.whole.context)
    took = describe_seconds(entry.seconds or 0)
    line = f"{entry.job_id}  fails  failed  {describe_time(entry.start)}  {took}"
    assert project("runs").stdout.splitlines()[1] == line


def test_the_newest_run_has_a_page_and_a_reason(project: Project) -> None:
    done = project("status")
    assert done.exit_code == 1
    assert done.stdout.splitlines()[0].endswith(f"  {project.run.console_url}")
    assert "RuntimeError: no luck today" in done.stdout


def test_logs(project: Project) -> None:
    line = {"textPayload": "hello\x1b[31m", "insertId": "1", "timestamp": "2026-01-01T00:00:00Z"}
    cloud = project.whole.cloud
    cloud._handlers = [one for one in cloud._handlers if one[1].id != LOGS]
    cloud.serve("logging.v2", {LOGS: lambda _: {"entries": [line]}})
    done = project("logs", project.run.job_id, "--stage", "source")
    assert (done.exit_code, done.stdout) == (0, "hello\\x1b[31m\n")


def test_a_run_that_has_ended_is_not_cancelled(project: Project) -> None:
    done = project("cancel", project.run.name)
    assert (done.exit_code, done.stderr) == (
        1,
        f"Error: run {project.run.job_id} has ended already: FAILED.\n",
    )


def test_a_run_is_resumed(project: Project) -> None:
    done = project("resume", project.run.job_id, "--no-wait")
    new = Run.newest(project.whole.context)
    assert (done.exit_code, done.stdout.splitlines()[-2:]) == (
        0,
        [
            f"run {new.job_id}  {new.console_url}",
            f"to see how it goes: vertex-flow status {new.job_id} --follow --on dev",
        ],
    )
    with pytest.raises(RunFailed):
        new.wait()
    assert [stage.state for stage in new.stages if stage.name == "source"] == ["REUSED"]


@pytest.mark.parametrize("command", ["models", "endpoints"])
def test_nothing_is_registered_or_deployed(project: Project, command: str) -> None:
    assert project(command).stdout == f"no {command}\n"


def test_an_endpoint_that_there_is_not(project: Project) -> None:
    done = project("predict", "mnist", "[1]")
    assert (done.exit_code, done.stderr) == (
        1,
        "Error: there is no endpoint 'mnist' in project acme, us-central1; there is none.\n",
    )


def test_a_run_without_training_has_no_tensorboard(project: Project) -> None:
    assert "has no training job or trial yet" in project("tensorboard", project.run.job_id).stderr


def test_a_folder_is_for_this_machine(project: Project) -> None:
    done = project("runs", "--home", "x")
    assert (done.exit_code, done.stderr) == (
        1,
        "Error: --on dev and --home: the folder is for runs on this machine. Give one of the "
        "two.\n",
    )


def test_an_unknown_profile_has_its_nearest_name(project: Project) -> None:
    done = ask("runs", "--on", "deb", **project.variables)
    assert (done.exit_code, "Did you mean 'dev'?" in done.stderr) == (1, True)
