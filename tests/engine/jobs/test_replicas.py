"""What replicas run, above all in containers; `test_docker` says what stands in for Docker."""

from __future__ import annotations

import asyncio
import json

import pytest

from tests.engine.job_bench import run_with_bench
from vertex_flow.engine.jobs.replicas import source_folder

SHOW = "import json, os, sys; print(json.dumps([sys.argv[1:], dict(os.environ)]))"
IMAGE = "gcr.io/acme/train:1"


@pytest.fixture
def bench(tmp_path):
    return lambda body: run_with_bench(tmp_path, body, runner="docker")


def pool(*words: str, **container) -> dict:
    spec = {"imageUri": IMAGE, "command": list(words), **container}
    return {"replicaCount": 1, "containerSpec": spec}


class TestContainers:
    def test_command_arguments_and_variables(self, bench, docker):
        async def body(b):
            job = await b.run(
                pool("python3", "-c", SHOW, args=["--data=gs://bucket/x"]),
                baseOutputDirectory={"outputUriPrefix": "gs://bucket/out"},
            )
            return job, json.loads(b.log(job))

        job, (args, env) = bench(body)
        assert job["state"] == "JOB_STATE_SUCCEEDED"
        assert args == ["--data=/gcs/bucket/x"]
        assert env["AIP_MODEL_DIR"] == "/gcs/bucket/out/model/"
        assert env["CLOUD_ML_JOB_ID"] == job["name"].rpartition("/")[2]
        words = docker()[0]
        assert words[words.index("--entrypoint") + 1] == "python3"
        assert words[words.index(IMAGE) + 1] == "-c"

    def test_entrypoint_of_the_image(self, bench, docker):
        job = bench(lambda b: b.run(pool(args=["--epochs=1"])))
        assert job["state"] == "JOB_STATE_SUCCEEDED"
        assert docker()[0][-2:] == [IMAGE, "--epochs=1"]
        assert "--entrypoint" not in docker()[0]

    def test_python_package_is_installed_in_the_container(self, bench, docker, tmp_path):
        async def body(b):
            place = b.home.storage / "bucket" / "my package.tar"
            place.parent.mkdir()
            place.write_bytes(b"\0" * 10_240)  # an archive of nothing
            uri = "gs://bucket/my package.tar"
            spec = {"executorImageUri": IMAGE, "pythonModule": "pack.task", "packageUris": [uri]}
            await b.run({"replicaCount": 1, "pythonPackageSpec": {**spec, "args": ["--a=1 2"]}})

        bench(body)
        words = docker()[0]
        assert words[words.index(IMAGE) + 1 :] == [
            "-c",
            "python3 -m pip install -q --user '/gcs/bucket/my package.tar' && "
            "exec python3 -m pack.task '--a=1 2'",
        ]

    def test_folders_outside_of_the_storage_are_mounted(self, bench, docker, tmp_path):
        out = tmp_path / "out"
        spec = {"baseOutputDirectory": {"outputUriPrefix": str(out)}}
        bench(lambda b: b.run(pool("true"), **spec))
        assert f"{out}:{out}" in docker()[0]

    def test_a_source_folder_runs_as_a_process(self, bench, docker, tmp_path):
        async def body(b):
            return b.log(await b.program("print('here')"))

        assert bench(body) == "here\n"
        assert not (tmp_path / "docker" / "calls").exists()

    def test_failure(self, bench, docker):
        job = bench(lambda b: b.run(pool("sh", "-c", "echo bad; exit 3")))
        assert job["error"]["message"].startswith(
            "The replica workerpool0-0 exited with a non-zero status of 3. Termination reason: "
            "Error.\nbad\nLog: "
        )

    def test_out_of_memory(self, bench, docker, tmp_path):
        (tmp_path / "docker" / "oom").write_text("true")
        job = bench(lambda b: b.run(pool("sh", "-c", "exit 137")))
        assert job["error"]["message"].startswith(
            "The replica workerpool0-0 ran out of memory and exited with a non-zero status of 137."
        )

    def test_a_container_that_cannot_be_made(self, bench, docker):
        job = bench(lambda b: b.run(pool("sh", "-c", "echo no such image; exit 125")))
        assert job["error"]["message"].splitlines()[1:3] == [
            "Status 125 says that Docker could not create the container.",
            "no such image",
        ]

    def test_cancel(self, bench, docker, processes, tmp_path):
        async def body(b):
            job = await b.create(pool("sh", "-c", "echo up; sleep 600"))
            log = b.home.log("customJobs", job["name"].rpartition("/")[2], "workerpool0-0")
            while not (log.exists() and log.read_text()):
                await asyncio.sleep(0.02)
            await b.call("POST", f"{job['name']}:cancel", {})
            return await b.call("GET", job["name"])

        assert bench(body)["state"] == "JOB_STATE_CANCELLED"
        assert [words[0] for words in docker()[1:]] == ["kill", "inspect", "rm"]

    def test_trials_report_into_a_folder_that_is_mounted(self, bench, docker):
        report = (
            'echo "{\\"timestamp\\": 1, \\"global_step\\": 1, \\"score\\": 0.5}" '
            "> $CLOUD_ML_HP_METRIC_FILE"
        )
        x = {"parameterId": "x", "doubleValueSpec": {"minValue": 0, "maxValue": 1}}
        study = {"metrics": [{"metricId": "score", "goal": "MAXIMIZE"}], "parameters": [x]}

        async def body(b):
            spec = {"studySpec": study, "maxTrialCount": 1, "parallelTrialCount": 1}
            trial = {"workerPoolSpecs": [pool("sh", "-c", report)]}
            job = await b.call(
                "POST",
                "projects/p/locations/l/hyperparameterTuningJobs",
                {"displayName": "tune", "trialJobSpec": trial, **spec},
            )
            return await b.finish(job["name"])

        job = bench(body)
        assert job["state"] == "JOB_STATE_SUCCEEDED", job
        volumes = [
            value
            for word, value in zip(docker()[0], docker()[0][1:], strict=False)
            if word == "--volume"
        ]
        assert "trial-1-" in volumes[1]


def test_the_name_of_a_source_folder_may_hold_anything(tmp_path):
    folder = tmp_path / "our demo @ 100% ü"
    folder.mkdir()
    assert source_folder(f"{folder.as_uri()}@sha256:00ff") == folder
