from __future__ import annotations

import asyncio
import json
import os
import re
import textwrap
from pathlib import Path

import pytest
from google.cloud.aiplatform_v1 import types

from tests.engine.job_bench import PARENT, run_with_bench
from vertex_flow.errors import ApiError

SHOW = "import json, os, sys; print(json.dumps(dict(os.environ)))"


@pytest.fixture
def bench(tmp_path):
    return lambda body: run_with_bench(tmp_path, body)


def refused(bench, body) -> str:
    with pytest.raises(ApiError) as caught:
        bench(body)
    assert caught.value.status == "INVALID_ARGUMENT"
    return caught.value.message


def test_success(bench):
    job = bench(lambda b: b.program("print('trained')"))
    assert job["state"] == "JOB_STATE_SUCCEEDED"
    assert {"createTime", "startTime", "endTime", "updateTime"} <= job.keys()
    assert "error" not in job


def test_output_goes_to_a_log_of_the_replica(bench):
    async def body(b):
        return b.log(await b.program("print('trained')"))

    assert bench(body) == "trained\n"


def test_environment(bench, tmp_path):
    async def body(b):
        job = await b.program(SHOW, baseOutputDirectory={"outputUriPrefix": "gs://bucket/out"})
        return job["name"], json.loads(b.log(job))

    name, env = bench(body)
    out = tmp_path / "home/storage/bucket/out"
    assert env["AIP_MODEL_DIR"] == f"{out}/model/"
    assert env["AIP_CHECKPOINT_DIR"] == f"{out}/checkpoints/"
    assert env["AIP_TENSORBOARD_LOG_DIR"] == f"{out}/logs/"
    assert env["CLOUD_ML_PROJECT_ID"] == "p"
    assert env["CLOUD_ML_JOB_ID"] == name.rpartition("/")[2]
    assert (out / "model").is_dir()
    assert env["CLOUD_ML_REGION"] == "us-central1"
    assert "TF_CONFIG" not in env


def test_without_an_output_folder_there_are_no_output_variables(bench):
    async def body(b):
        return json.loads(b.log(await b.program(SHOW)))

    assert "AIP_MODEL_DIR" not in bench(body)


def test_arguments_and_variables_are_localised(bench, tmp_path):
    async def body(b):
        pool = b.pool(
            "import os, sys; print(sys.argv[1], os.environ['DATA'])",
            args=["--data=gs://bucket/x.npz"],
            env=[{"name": "DATA", "value": "/gcs/bucket/y"}],
        )
        return b.log(await b.run(pool))

    storage = tmp_path / "home/storage/bucket"
    assert bench(body) == f"--data={storage}/x.npz {storage}/y\n"


def test_another_image_runs_in_the_engines_folder_and_says_so(bench):
    async def body(b):
        pool = b.pool(imageUri="gcr.io/p/train", command=["python", "-c", "print(1)"])
        return b.log(await b.run(pool))

    first, second = bench(body).splitlines()
    assert first == (
        "[vertex_flow] No container is started for gcr.io/p/train: its command runs in "
        f"{os.getcwd()}, in this Python environment."
    )
    assert second == "1"


def test_python_package(bench):
    async def body(b):
        b.write("pack/__init__.py", "")
        b.write("pack/task.py", "import sys; print(sys.argv[1:])")
        spec = {"executorImageUri": b.image, "pythonModule": "pack.task", "args": ["--a=1"]}
        return b.log(await b.run({"replicaCount": "1", "pythonPackageSpec": spec}))

    assert bench(body) == "['--a=1']\n"


def test_empty_pools_and_unset_fields_do_not_matter(bench):
    async def body(b):
        scheduling = {"strategy": "STANDARD", "timeout": "604800s", "disableRetries": False}
        return await b.run(
            b.pool("pass"),
            {},
            {},
            scheduling=scheduling,
            enableWebAccess=False,
            network="",
            persistentResourceId="",
        )

    assert bench(body)["state"] == "JOB_STATE_SUCCEEDED"


class TestCluster:
    def test_several_replicas_know_each_other(self, bench):
        async def body(b):
            workers = {**b.pool(SHOW), "replicaCount": 2}
            job = await b.run(b.pool(), workers)
            names = ("workerpool0-0", "workerpool1-0", "workerpool1-1")
            return [json.loads(b.log(job, name)) for name in names]

        chief, _, worker = bench(body)
        config = json.loads(worker["TF_CONFIG"])
        assert config["task"] == {"type": "worker", "index": 1}
        assert sorted(map(len, config["cluster"].values())) == [1, 2]
        addresses = [*config["cluster"]["chief"], *config["cluster"]["worker"]]
        assert len(set(addresses)) == 3
        assert json.loads(chief["TF_CONFIG"])["cluster"] == config["cluster"]
        assert json.loads(worker["CLUSTER_SPEC"])["task"] == {"type": "workerpool1", "index": 1}

    def test_a_failing_worker_ends_the_others(self, bench):
        async def body(b):
            b.write("boom.py", "raise SystemExit(7)")
            worker = b.pool(command=["python", "-m", "boom"])
            return await b.run(b.pool("import time; time.sleep(600)"), worker)

        job = bench(body)
        assert job["state"] == "JOB_STATE_FAILED"
        assert job["error"]["message"].startswith(
            "The replica workerpool1-0 exited with a non-zero status of 7. Termination reason: "
            "Error."
        )

    def test_parameter_servers_end_with_the_primary_replica(self, bench):
        async def body(b):
            b.write("forever.py", "import time; time.sleep(600)")
            server = b.pool(command=["python", "-m", "forever"])
            return await b.run(b.pool("pass"), {}, server)

        assert bench(body)["state"] == "JOB_STATE_SUCCEEDED"


class TestFailure:
    def test_shows_replica_code_log_and_path(self, bench, tmp_path):
        job = bench(lambda b: b.program("print('loading')\nraise ValueError('bad shape')"))
        number = job["name"].rpartition("/")[2]
        lines = job["error"]["message"].splitlines()
        assert job["state"] == "JOB_STATE_FAILED"
        assert job["error"]["code"] == 3
        assert lines[:2] == [
            "The replica workerpool0-0 exited with a non-zero status of 1. Termination reason: "
            "Error.",
            "loading",
        ]
        assert lines[-2] == "ValueError: bad shape"
        log = tmp_path / f"home/logs/customJobs/{number}/workerpool0-0.log"
        assert lines[-1] == f"Log: {log}"

    def test_signal(self, bench):
        job = bench(lambda b: b.program("import os; os.kill(os.getpid(), 9)"))
        assert job["error"]["message"].startswith(
            "The replica workerpool0-0 exited with a non-zero status of 9(SIGKILL). Termination "
            "reason: Error. The system may have run out of memory.\n"
        )

    def test_silence(self, bench):
        job = bench(lambda b: b.program("raise SystemExit(2)"))
        assert (
            "status of 2. Termination reason: Error.\nIt printed nothing.\nLog: "
            in job["error"]["message"]
        )

    def test_misspelt_module(self, bench, tmp_path):
        async def body(b):
            b.write("trainer/__init__.py", "")
            b.write("trainer/task.py", "")
            return await b.run(b.pool(command=["python", "-m", "trainer.taks"]))

        message = bench(body)["error"]["message"]
        assert "No module named trainer.taks" in message
        assert (
            f"'trainer.taks' was looked for in {tmp_path}/source (which has trainer) and in this "
            "environment. Did you mean 'task'?"
        ) in message

    def test_missing_program(self, bench):
        job = bench(lambda b: b.run(b.pool(command=["no-such-program"])))
        assert job["error"]["message"].startswith(
            "The job could not be started: 'no-such-program' is not a program"
        )

    def test_missing_source_folder(self, bench, tmp_path):
        image = f"file://{tmp_path}/nowhere@sha256:00"
        job = bench(lambda b: b.run(b.pool(imageUri=image)))
        assert job["error"]["message"] == (
            f"The job could not be started: the source folder {tmp_path}/nowhere (image_uri "
            f"{image!r}) does not exist on this machine"
        )

    def test_timeout(self, bench):
        job = bench(
            lambda b: b.program("import time; time.sleep(600)", scheduling={"timeout": "0.3s"})
        )
        assert job["error"]["code"] == 4
        assert job["error"]["message"].startswith(
            "The job was ended: it ran longer than its timeout of 0.3 s."
        )

    def test_full_disk(self, bench, monkeypatch):
        async def body(b):
            async def start(command):
                raise OSError(28, "No space left on device")

            monkeypatch.setattr(b.launcher, "start", start)
            return await b.program("pass")

        error = bench(body)["error"]
        assert error["code"] == 8
        assert error["message"].endswith("No space left on device")

    def test_fault_of_the_engine_itself(self, bench, monkeypatch):
        async def body(b):
            async def start(command):
                raise KeyError("surprise")

            monkeypatch.setattr(b.launcher, "start", start)
            return await b.program("pass")

        error = bench(body)["error"]
        assert (error["code"], error["message"]) == (13, "KeyError: 'surprise'")


class TestCancel:
    def test_reaches_every_process(self, bench):
        text = """
            import os, subprocess, time
            print(os.getpid(), subprocess.Popen(["sleep", "600"]).pid)
            time.sleep(600)
        """

        async def body(b):
            job = await b.create(b.pool(textwrap.dedent(text)))
            log = b.home.log("customJobs", job["name"].rpartition("/")[2], "workerpool0-0")
            while not (log.exists() and log.read_text().endswith("\n")):
                await asyncio.sleep(0.02)
            await b.call("POST", f"{job['name']}:cancel", {})
            return await b.call("GET", job["name"]), [int(word) for word in log.read_text().split()]

        job, pids = bench(body)
        assert job["state"] == "JOB_STATE_CANCELLED"
        assert job["error"] == {"code": 1, "message": "The job was cancelled."}
        assert not [pid for pid in pids if _running(pid)]

    def test_before_it_began(self, bench):
        async def body(b):
            job = await b.create(b.pool("pass"))
            await b.call("POST", f"{job['name']}:cancel", {})
            return await b.call("GET", job["name"])

        assert bench(body)["state"] == "JOB_STATE_CANCELLED"

    def test_afterwards_changes_nothing(self, bench):
        async def body(b):
            job = await b.program("pass")
            await b.call("POST", f"{job['name']}:cancel", {})
            return await b.call("GET", job["name"])

        assert bench(body)["state"] == "JOB_STATE_SUCCEEDED"


def test_list(bench):
    async def body(b):
        first = await b.program("pass")
        second = await b.program("pass")
        page = await b.call("GET", f"{PARENT}/customJobs")
        return [job["name"] for job in page["customJobs"]], [second["name"], first["name"]]

    names, expected = bench(body)
    assert names == expected


async def labelled(b, labels, name="job"):
    spec = {"workerPoolSpecs": [b.pool("pass")]}
    body = {"displayName": name, "labels": labels, "jobSpec": spec}
    return await b.call("POST", f"{PARENT}/customJobs", body)


class TestList:
    @pytest.mark.parametrize(
        ("query", "expected"),
        [
            ('display_name="one"', ["one"]),
            ('display_name!="one"', ["two"]),
            ('display_name:"o*"', ["one"]),
            ('state="JOB_STATE_SUCCEEDED"', ["two", "one"]),
            ('state!="JOB_STATE_SUCCEEDED"', []),
            ("labels.team=blue", ["two"]),
            ("labels.team:*", ["two", "one"]),
            ('create_time>"2021-05-18T00:00:00Z" AND NOT display_name="two"', ["one"]),
        ],
    )
    def test_filter(self, bench, query, expected):
        async def body(b):
            for name, team in (("one", "rød"), ("two", "blue")):
                await b.finish((await labelled(b, {"team": team}, name))["name"])
            page = await b.call("GET", f"{PARENT}/customJobs", filter=query)
            return [job["displayName"] for job in page.get("customJobs", [])]

        assert bench(body) == expected

    def test_pages_and_masks(self, bench):
        async def body(b):
            for name in ("one", "two"):
                await labelled(b, {}, name)
            query = {"pageSize": "1", "readMask": "displayName"}
            first = await b.call("GET", f"{PARENT}/customJobs", **query)
            token = first["nextPageToken"]
            second = await b.call("GET", f"{PARENT}/customJobs", pageToken=token, **query)
            return first["customJobs"], second

        first, second = bench(body)
        assert first == [{"displayName": "two"}]
        assert second == {"customJobs": [{"displayName": "one"}]}


class TestReferences:
    CONTEXT = f"{PARENT}/metadataStores/default/contexts"

    def test_their_names_reach_the_program(self, bench):
        names = {
            "tensorboard": f"{PARENT}/tensorboards/7",
            "experiment": f"{self.CONTEXT}/my-experiment",
            "experimentRun": f"{self.CONTEXT}/my-experiment-run-1",
        }

        async def body(b):
            b.store.insert(types.Tensorboard(name=names["tensorboard"]))
            for name in (names["experiment"], names["experimentRun"]):
                b.store.insert(types.Context(name=name))
            return json.loads(b.log(await b.program(SHOW, **names)))

        env = bench(body)
        assert env["AIP_TENSORBOARD_RESOURCE_NAME"] == names["tensorboard"]
        assert env["AIP_EXPERIMENT_NAME"] == "my-experiment"
        assert env["AIP_EXPERIMENT_RUN_NAME"] == "run-1"

    @pytest.mark.parametrize(
        ("field", "name", "kind"),
        [
            ("tensorboard", f"{PARENT}/tensorboards/7", "Tensorboard"),
            ("experiment", f"{CONTEXT}/nothing", "Context"),
        ],
    )
    def test_they_must_exist(self, bench, field, name, kind):
        with pytest.raises(ApiError) as caught:
            bench(lambda b: b.create(b.pool("pass"), **{field: name}))
        assert caught.value.status == "NOT_FOUND"
        assert caught.value.message == f'job_spec.{field}: the {kind} "{name}" does not exist.'

    def test_a_run_needs_its_experiment(self, bench):
        async def body(b):
            b.store.insert(types.Context(name=f"{self.CONTEXT}/e-r"))
            await b.create(b.pool("pass"), experimentRun=f"{self.CONTEXT}/e-r")

        assert refused(bench, body) == (
            "job_spec.experiment_run needs job_spec.experiment beside it."
        )


def test_delete(bench):
    async def body(b):
        job = await b.program("pass")
        operation = await b.call("DELETE", job["name"])
        with pytest.raises(ApiError, match="does not exist"):
            await b.call("GET", job["name"])
        return operation

    assert bench(body)["done"] is True


def test_delete_of_a_running_job(bench):
    async def body(b):
        job = await b.create(b.pool("import time; time.sleep(600)"))
        await b.call("DELETE", job["name"])

    with pytest.raises(ApiError, match=r"is in state JOB_STATE_PENDING: cancel it first\."):
        bench(body)


def test_recover(bench):
    async def body(b):
        job = await b.create(b.pool("import time; time.sleep(600)"))
        await asyncio.sleep(0)
        b.custom.recover()
        return await b.call("GET", job["name"])

    job = bench(body)
    assert job["state"] == "JOB_STATE_FAILED"
    assert job["error"]["message"] == "The engine stopped during the job."


class TestRefusal:
    def test_no_pools(self, bench):
        assert refused(bench, lambda b: b.create({})) == (
            "job_spec.worker_pool_specs[0] must have a container_spec or a python_package_spec."
        )

    def test_more_replicas_than_a_machine_can_run(self, bench):
        workers = 100_000
        message = refused(
            bench,
            lambda b: b.create(b.pool("pass"), {**b.pool("pass"), "replicaCount": workers}),
        )
        assert message == (
            "job_spec.worker_pool_specs asks for 100001 replicas; each is a process on this "
            "machine, and at most 100 can run in a job."
        )

    def test_two_primary_replicas(self, bench):
        message = refused(bench, lambda b: b.create({**b.pool("pass"), "replicaCount": 2}))
        assert message == (
            "job_spec.worker_pool_specs[0].replica_count must be 1, not 2: it is the primary "
            "replica. Put further replicas into worker_pool_specs[1]."
        )

    def test_image_entrypoint(self, bench):
        message = refused(bench, lambda b: b.create(b.pool("pass", command=[])))
        assert message.startswith("job_spec.worker_pool_specs[0].container_spec.command is empty")

    def test_too_many_pools(self, bench):
        message = refused(bench, lambda b: b.create(b.pool("pass"), {}, {}, {}, {}))
        assert message.startswith("job_spec.worker_pool_specs has 5 entries; at most 4 are allowed")

    def test_output_folder(self, bench):
        spec = {"baseOutputDirectory": {"outputUriPrefix": "somewhere"}}
        assert "'somewhere' is not a place" in refused(
            bench, lambda b: b.create(b.pool("pass"), **spec)
        )

    def test_persistent_resource(self, bench):
        message = refused(bench, lambda b: b.create(b.pool("pass"), persistentResourceId="mine"))
        assert re.search(r"does not support '.*persistent_resource_id'", message)

    @pytest.mark.parametrize(
        ("spec", "message"),
        [
            (
                {"scheduling": {"timeout": "-1s"}},
                "job_spec.scheduling.timeout must not be negative: -1 s.",
            ),
            (
                {"scheduling": {"strategy": 9}},
                "job_spec.scheduling.strategy: 9 is unknown; use one of ON_DEMAND, LOW_COST, "
                "STANDARD, SPOT, FLEX_START.",
            ),
            (
                {"scheduling": {"maxWaitDuration": "60s", "strategy": "SPOT"}},
                "job_spec.scheduling.max_wait_duration is for the strategy FLEX_START, not for "
                "SPOT.",
            ),
        ],
    )
    def test_scheduling(self, bench, spec, message):
        assert refused(bench, lambda b: b.create(b.pool("pass"), **spec)) == message

    @pytest.mark.parametrize(
        ("container", "text"),
        [
            ({"env": [{"name": "", "value": "x"}]}, "env: '' cannot name an environment variable"),
            ({"env": [{"name": "A=B"}]}, "env: 'A=B' cannot name an environment variable"),
            ({"env": [{"name": f"V{n}"} for n in range(101)]}, "env has 101 entries; at most 100"),
            ({"args": ["a\0b"]}, "a command line cannot hold a NUL character."),
        ],
    )
    def test_container(self, bench, container, text):
        assert text in refused(bench, lambda b: b.create(b.pool("pass", **container)))

    @pytest.mark.parametrize(
        "labels",
        [{"Key": "a"}, {"a": "B"}, {"": "b"}, {"a b": "c"}, {"a": "x" * 65}],
    )
    def test_labels(self, bench, labels):
        message = refused(bench, lambda b: labelled(b, labels))
        assert message.endswith(
            "is not allowed. Keys and values have up to 64 lower-case letters, digits, underscores "
            "and dashes; a key has at least one."
        )

    def test_many_labels(self, bench):
        labels = {f"a{n}": "" for n in range(65)}
        message = refused(bench, lambda b: labelled(b, labels))
        assert message == "labels has 65 entries; at most 64 are allowed."

    def test_unknown_field(self, bench):
        message = refused(bench, lambda b: b.create(b.pool("pass"), baseOutputDirectry={}))
        assert 'Unknown name "baseOutputDirectry"' in message

    def test_display_name(self, bench):
        message = refused(bench, lambda b: b.call("POST", f"{PARENT}/customJobs", {"jobSpec": {}}))
        assert message == "display_name is required."


def _running(pid: int) -> bool:
    try:
        return "State:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False
