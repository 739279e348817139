from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from google.cloud.aiplatform_v1 import types

from tests.engine.engine_bench import PARENT, alive, run_with_engine
from vertex_flow.errors import ApiError

MANY = f"{PARENT}/batchPredictionJobs"
SERVER = Path(__file__).with_name("echo_server.py")


@pytest.fixture
def bench(tmp_path):
    return lambda body, **options: run_with_engine(tmp_path, body, **options)


def request(model: str = "", **fields: Any) -> dict[str, Any]:
    uris = fields.pop("uris", ["gs://b/in.jsonl"])
    return {
        "displayName": "predict",
        **({"model": model} if model else {}),
        "inputConfig": {
            "instancesFormat": fields.pop("format", "jsonl"),
            "gcsSource": {"uris": uris},
        },
        "outputConfig": {
            "predictionsFormat": "jsonl",
            "gcsDestination": {"outputUriPrefix": "gs://b/out"},
        },
        "dedicatedResources": {"machineSpec": {"machineType": "n1-standard-2"}},
        **fields,
    }


def echo(*args: str, **fields: Any) -> dict[str, Any]:
    """Ask a server of the test's own, which says what it was sent."""
    spec = {"imageUri": "gcr.io/acme/echo", "command": ["python", str(SERVER), *args]}
    return request(unmanagedContainerModel={"containerSpec": spec}, **fields)


async def create(b: Any, body: dict[str, Any]) -> dict[str, Any]:
    return await b.call("POST", MANY, body)


async def run(b: Any, body: dict[str, Any]) -> dict[str, Any]:
    return await b.ended((await create(b, body))["name"])


def lines(b: Any, job: dict[str, Any], pattern: str = "prediction.results-*") -> list[Any]:
    folder = b.path(job["outputInfo"]["gcsOutputDirectory"])
    texts = [path.read_text(encoding="utf-8") for path in sorted(folder.glob(pattern))]
    return [json.loads(line) for line in "".join(texts).splitlines()]


def errors(b: Any, job: dict[str, Any]) -> list[Any]:
    return lines(b, job, "prediction.errors_stats-*")


async def predicted(b: Any, text: str | bytes, body: dict[str, Any]) -> list[Any]:
    """Give the lines of the output for an input."""
    b.write("gs://b/in.jsonl", text)
    job = await run(b, body)
    assert job["state"] == "JOB_STATE_SUCCEEDED", job["error"]
    return lines(b, job)


async def upload_echo(b: Any) -> str:
    spec = echo()["unmanagedContainerModel"]["containerSpec"]
    return await b.upload(displayName="echo/1", containerSpec=spec)


def server_of(b: Any, job: dict[str, Any]) -> int:
    """Give the process that served a job; it says its number first."""
    log = b.home.log("batchPredictionJobs", job["name"].rpartition("/")[2], "replica-0")
    return int(next(word for word in log.read_text().split() if word.isdigit()))


def refused(bench: Any, body: dict[str, Any], status: str = "INVALID_ARGUMENT") -> str:
    with pytest.raises(ApiError) as caught:
        bench(lambda b: create(b, body))
    assert caught.value.status == status
    return caught.value.message


def test_a_model_of_the_registry(bench):
    async def body(b):
        b.write("gs://b/in.jsonl", "[1]\n[2.5]\n\n[-3]")
        job = await run(b, request(await b.upload_doubling(), labels={"a": "b"}))
        return job, lines(b, job), errors(b, job)

    job, results, failed = bench(body)
    assert job["state"] == "JOB_STATE_SUCCEEDED"
    assert [line["instance"] for line in results] == [[1], [2.5], [-3]]
    assert [line["prediction"] for line in results] == pytest.approx([2, 5, -6])
    assert failed == []
    assert job["completionStats"] == {"successfulCount": "3"}
    assert job["modelVersionId"] == "1"
    assert job["labels"] == {"a": "b"}
    assert job["resourcesConsumed"]["replicaHours"] > 0
    assert {"createTime", "startTime", "endTime", "updateTime"} <= job.keys()


def test_what_only_the_service_sets_does_not_count(bench):
    past = "2020-01-01T00:00:00Z"
    claimed = {
        "startTime": past,
        "endTime": past,
        "completionStats": {"failedCount": "7"},
        "partialFailures": [{"message": "x"}],
    }
    job = bench(lambda b: create(b, echo(**claimed)))

    assert claimed.keys().isdisjoint(job)


def test_the_output_is_named_as_on_vertex(bench):
    async def body(b):
        b.write("gs://b/in.jsonl", "[1]\n")
        job = await run(b, request(await upload_echo(b)))
        return job, sorted(each.name for each in b.path("gs://b/out").glob("*/*"))

    job, names = bench(body)
    time = job["createTime"][:23]
    assert job["outputInfo"]["gcsOutputDirectory"] == f"gs://b/out/prediction-echo_1-{time}Z"
    assert names == ["prediction.errors_stats-00000-of-00001", "prediction.results-00000-of-00001"]


def test_a_version_of_a_model(bench):
    async def body(b):
        name = await upload_echo(b)
        await b.call("POST", f"{name}@1:mergeVersionAliases", {"versionAliases": ["best"]})
        b.write("gs://b/in.jsonl", "[1]\n")
        return await run(b, request(f"{name}@best"))

    job = bench(body)
    assert (job["state"], job["modelVersionId"]) == ("JOB_STATE_SUCCEEDED", "1")
    assert job["model"].endswith("@best")


def test_the_server_is_gone_afterwards(bench):
    async def body(b):
        b.write("gs://b/in.jsonl", "1\n")
        return alive(server_of(b, await run(b, echo())))

    assert not bench(body)


class TestInstances:
    def test_json_values_are_sent_as_they_are(self, bench):
        text = '{"a": [1, 2.5]}\n[1, "ü"]\n"text"\n7\n{"b64": "aGk="}\n'

        results = bench(lambda b: predicted(b, text, echo()))

        assert [line["instance"] for line in results] == [
            {"a": [1, 2.5]},
            [1, "ü"],
            "text",
            7,
            {"b64": "aGk="},
        ]
        assert [line["prediction"]["sent"] for line in results] == [
            line["instance"] for line in results
        ]

    def test_csv_rows_are_arrays_of_numbers_and_strings(self, bench):
        text = '"input1","input2","input3"\n0.1,1.2,"cat1"\r\n4,5.0,"a ""b"", c"\n'

        results = bench(lambda b: predicted(b, text, echo(format="csv")))

        assert [line["prediction"]["sent"] for line in results] == [
            [0.1, 1.2, "cat1"],
            [4.0, 5.0, 'a "b", c'],
        ]
        assert results[0]["instance"] == [0.1, 1.2, "cat1"]

    def test_files_of_a_list_are_bytes(self, bench):
        async def body(b):
            b.write("gs://b/one.png", b"\x89PNG")
            return await predicted(b, "gs://b/one.png\n", echo(format="file-list"))

        assert bench(body) == [
            {
                "instance": "gs://b/one.png",
                "prediction": {"sent": {"b64": "iVBORw=="}, "together": 1, "parameters": None},
            }
        ]

    def test_parameters_go_with_each_request(self, bench):
        body = echo(modelParameters={"top": 5, "share": 0.5, "names": ["a"]})

        results = bench(lambda b: predicted(b, "1\n", body))

        parameters = results[0]["prediction"]["parameters"]
        assert parameters == {"top": 5, "share": 0.5, "names": ["a"]}
        assert isinstance(parameters["top"], int)

    def test_batches_have_the_size_that_is_asked_for(self, bench):
        body = echo(manualBatchTuningParameters={"batchSize": 2})

        results = bench(lambda b: predicted(b, "1\n2\n3\n", body))

        assert [line["prediction"]["together"] for line in results] == [2, 2, 1]

    def test_batches_have_64_instances_otherwise(self, bench):
        text = "".join(f"{number}\n" for number in range(65))

        results = bench(lambda b: predicted(b, text, echo()))

        assert [line["prediction"]["together"] for line in results] == [64] * 64 + [1]
        assert [line["instance"] for line in results] == list(range(65))

    def test_a_key_stands_for_the_instance(self, bench):
        body = echo(instanceConfig={"keyField": "id"})

        results = bench(lambda b: predicted(b, '{"id": 7, "x": 1}\n', body))

        assert results[0]["key"] == 7
        assert "instance" not in results[0]
        assert results[0]["prediction"]["sent"] == {"x": 1}


class TestFiles:
    def test_wildcards(self, bench):
        async def body(b):
            for name, value in (("a/1.jsonl", 1), ("a/b/2.jsonl", 2), ("a/3.txt", 3)):
                b.write(f"gs://b/in/{name}", f"{value}\n")
            uris = ["gs://b/in/a/*.txt", "gs://b/in/**.jsonl"]
            job = await run(b, echo(uris=uris))
            return [line["instance"] for line in lines(b, job)]

        assert bench(body) == [3, 1, 2]

    def test_a_uri_without_a_file_fails_the_job(self, bench):
        job = bench(lambda b: run(b, echo(uris=["gs://b/none-*.jsonl"])))

        assert job["state"] == "JOB_STATE_FAILED"
        assert job["error"] == {
            "code": 5,
            "message": "input_config.gcs_source.uris[0] 'gs://b/none-*.jsonl' matches no file.",
        }

    def test_a_file_that_cannot_be_read_is_a_partial_failure(self, bench):
        async def body(b):
            b.write("gs://b/in.jsonl", "1\n")
            job = await run(b, echo(uris=["gs://b/none.jsonl", "gs://b/in.jsonl"]))
            return job, lines(b, job)

        job, results = bench(body)
        assert job["state"] == "JOB_STATE_SUCCEEDED"
        assert job["partialFailures"] == [
            {
                "code": 5,
                "message": "gs://b/none.jsonl: gs://b/none.jsonl is not there, or no file.",
            }
        ]
        assert len(results) == 1

    def test_no_instances_at_all(self, bench):
        async def body(b):
            b.write("gs://b/in.jsonl", "\n\n")
            return await run(b, echo())

        job = bench(body)
        assert job["state"] == "JOB_STATE_FAILED"
        assert job["error"]["message"] == (
            "There are no instances in the files of input_config.gcs_source.uris."
        )


class TestErrors:
    def test_a_bad_row_costs_no_other_row_its_prediction(self, bench):
        async def body(b):
            b.write("gs://b/in.jsonl", '1\n2\n"bad"\n4\n{"a"\n6\n')
            job = await run(b, echo())
            return job, lines(b, job), errors(b, job)

        job, results, failed = bench(body)
        assert job["state"] == "JOB_STATE_SUCCEEDED"
        assert [line["instance"] for line in results] == [1, 2, 4, 6]
        assert failed == [
            {"instance": "bad", "error": {"code": 3, "message": "no such word"}},
            {
                "instance": '{"a"',
                "error": {
                    "code": 3,
                    "message": "the line is not JSON: Expecting ':' delimiter: line 1 column 5 "
                    "(char 4).",
                },
            },
        ]
        assert job["completionStats"] == {"successfulCount": "4", "failedCount": "2"}
        assert job["partialFailures"][0] == {"code": 3, "message": "no such word"}

    def test_a_row_that_ends_the_server(self, bench):
        async def body(b):
            b.write("gs://b/in.jsonl", '1\n"crash"\n3\n')
            job = await run(b, echo())
            return job, lines(b, job), errors(b, job)

        _, results, failed = bench(body)
        assert [line["instance"] for line in results] == [1, 3]
        assert [line["instance"] for line in failed] == ["crash"]
        assert failed[0]["error"]["code"] == 14

    def test_a_server_that_is_busy_is_asked_again(self, bench):
        results = bench(lambda b: predicted(b, '"busy once"\n', echo()))

        assert [line["instance"] for line in results] == ["busy once"]

    def test_answers_of_another_form(self, bench):
        async def body(b):
            b.write("gs://b/in.jsonl", '1\n"odd"\n"fewer"\n"nan"\n')
            job = await run(b, echo())
            return lines(b, job), {line["instance"]: line["error"] for line in errors(b, job)}

        results, failed = bench(body)
        assert len(results) == 1
        assert failed["odd"]["message"].startswith(
            'The model server did not answer with JSON of the form {"predictions": [...]}: '
        )
        assert failed["fewer"] == {
            "code": 13,
            "message": "The model server answered with 0 predictions for 1 instances.",
        }
        assert failed["nan"]["code"] == 13

    def test_a_job_without_a_prediction_fails(self, bench):
        async def body(b):
            b.write("gs://b/in.jsonl", '"bad"\n"bad"\n')
            job = await run(b, echo())
            return job, errors(b, job)

        job, failed = bench(body)
        assert job["state"] == "JOB_STATE_FAILED"
        assert job["error"] == {
            "code": 3,
            "message": "None of 2 instances could be predicted. The first error: no such word",
        }
        assert len(failed) == 2

    def test_a_hopeless_job_does_not_try_the_rest(self, bench):
        async def body(b):
            b.write("gs://b/in.jsonl", "x\n" * 5000)
            return await run(b, echo())

        stats = bench(body)["completionStats"]
        assert stats["incompleteCount"] == "-1"
        assert int(stats["failedCount"]) < 2000

    def test_a_server_that_never_starts(self, bench):
        async def body(b):
            b.write("gs://b/in.jsonl", "1\n")
            return await run(b, echo("fail"))

        job = bench(body)
        assert job["state"] == "JOB_STATE_FAILED"
        assert "the echo is gone" in job["error"]["message"]
        assert "outputInfo" not in job


def test_several_replicas(bench):
    async def body(b):
        b.write("gs://b/in.jsonl", "".join(f"{number}\n" for number in range(20)))
        resources = {"machineSpec": {"machineType": "e2"}, "startingReplicaCount": 2}
        tuning = {"batchSize": 1}
        job = await run(b, echo(dedicatedResources=resources, manualBatchTuningParameters=tuning))
        return [lines(b, job, f"prediction.results-0000{n}-of-00002") for n in (0, 1)]

    one, other = ([line["instance"] for line in file] for file in bench(body))
    assert sorted(one + other) == list(range(20))
    assert (one, other) == (sorted(one), sorted(other))


def test_instances_are_counted_while_the_job_runs(bench):
    async def body(b):
        b.write("gs://b/in.jsonl", '1\n2\n"slow"\n')
        job = await create(b, echo(manualBatchTuningParameters={"batchSize": 1}))
        while job.get("completionStats", {}).get("successfulCount") != "2":
            await asyncio.sleep(0.02)
            job = await b.call("GET", job["name"])
        return job

    assert bench(body)["state"] == "JOB_STATE_RUNNING"


class TestCancel:
    def test_keeps_what_is_written(self, bench):
        async def body(b):
            b.write("gs://b/in.jsonl", '1\n2\n"slow"\n')
            job = await create(b, echo(manualBatchTuningParameters={"batchSize": 1}))
            while "outputInfo" not in job or len(lines(b, job)) < 2:
                await asyncio.sleep(0.02)
                job = await b.call("GET", job["name"])
            await b.call("POST", f"{job['name']}:cancel", {})
            left = alive(server_of(b, job))
            return await b.call("GET", job["name"]), lines(b, job), left

        job, results, left = bench(body)
        assert job["state"] == "JOB_STATE_CANCELLED"
        assert job["error"] == {"code": 1, "message": "The job was cancelled."}
        assert job["completionStats"] == {"successfulCount": "2", "incompleteCount": "-1"}
        assert [line["instance"] for line in results] == [1, 2]
        assert not left

    def test_before_it_began(self, bench):
        async def body(b):
            job = await create(b, echo())
            await b.call("POST", f"{job['name']}:cancel", {})
            return await b.call("GET", job["name"])

        assert bench(body)["state"] == "JOB_STATE_CANCELLED"


def test_list_and_delete(bench):
    async def body(b):
        b.write("gs://b/in.jsonl", "1\n")
        for name in ("a", "b", "c"):
            await run(b, echo(uris=["gs://b/none"], displayName=name))
        failed = 'state="JOB_STATE_FAILED" AND display_name!="b"'
        page = await b.call("GET", MANY, filter=failed, readMask="name,displayName")
        names = [job["displayName"] for job in page["batchPredictionJobs"]]
        operation = await b.call("DELETE", page["batchPredictionJobs"][0]["name"])
        left = await b.call("GET", MANY)
        return names, operation, [job["displayName"] for job in left["batchPredictionJobs"]]

    names, operation, left = bench(body)
    assert names == ["c", "a"]
    assert operation["done"] is True
    assert left == ["b", "a"]


def test_delete_of_a_running_job(bench):
    async def body(b):
        job = await create(b, echo())
        await b.call("DELETE", job["name"])

    with pytest.raises(ApiError, match=r"is in state JOB_STATE_PENDING: cancel it first\."):
        bench(body)


def test_a_job_of_a_killed_engine_has_failed(bench):
    def left(store):
        state = types.JobState.JOB_STATE_RUNNING
        store.insert(types.BatchPredictionJob(name=f"{MANY}/1", state=state))

    job = bench(lambda b: b.call("GET", f"{MANY}/1"), before=left)
    assert job["state"] == "JOB_STATE_FAILED"
    assert job["error"] == {"code": 10, "message": "The engine stopped during the job."}


class TestRefusal:
    @pytest.mark.parametrize("fields", [{}, {"model": "m", "unmanagedContainerModel": {}}])
    def test_one_model_is_needed(self, bench, fields):
        assert refused(bench, request(**fields)) == (
            "Exactly one of model and unmanaged_container_model has to be set."
        )

    def test_labels(self, bench):
        assert refused(bench, echo(labels={"Team": "a"})).startswith("labels: 'Team': 'a' is not ")

    def test_a_model_that_is_not_there(self, bench):
        name = f"{PARENT}/models/1"
        text = refused(bench, request(name), "NOT_FOUND")
        assert text == f'The Model "{name}" does not exist.'

    def test_a_model_of_another_place(self, bench):
        name = "projects/p/locations/europe-west4/models/1"
        assert refused(bench, request(name)) == (
            f"model '{name}' has to be in {PARENT}, as the job is."
        )

    def test_a_publishers_model(self, bench):
        text = refused(bench, request("publishers/google/models/gemini"), "UNIMPLEMENTED")
        assert "publishers' models run in the cloud alone" in text

    def test_an_image_that_cannot_be_served(self, bench):
        spec = {"imageUri": "gcr.io/acme/own"}
        body = request(unmanagedContainerModel={"containerSpec": spec})
        assert "has no container_spec.command" in refused(bench, body, "FAILED_PRECONDITION")

    def test_an_unmanaged_model_without_its_files(self, bench):
        spec = {"imageUri": "us-docker.pkg.dev/vertex-ai/prediction/sklearn-cpu.1-5:latest"}
        body = request(unmanagedContainerModel={"containerSpec": spec})
        assert refused(bench, body).startswith("model.artifact_uri is required for the prebuilt ")

    @pytest.mark.parametrize(
        ("format", "status", "text"),
        [
            ("", "INVALID_ARGUMENT", "input_config.instances_format is required; supported: csv"),
            ("bigquery", "UNIMPLEMENTED", "there is no BigQuery on this machine."),
            ("jsonlines", "INVALID_ARGUMENT", "Did you mean 'jsonl'?"),
        ],
    )
    def test_formats_of_the_input(self, bench, format, status, text):
        assert text in refused(bench, echo(format=format), status)

    @pytest.mark.parametrize("format", ["csv", "bigquery"])
    def test_formats_of_the_output(self, bench, format):
        body = echo()
        body["outputConfig"]["predictionsFormat"] = format
        status = "UNIMPLEMENTED" if format == "bigquery" else "INVALID_ARGUMENT"
        assert f"output_config.predictions_format '{format}'" in refused(bench, body, status)

    def test_no_input(self, bench):
        assert refused(bench, echo(uris=[])).startswith(
            "input_config.gcs_source.uris is required: "
        )

    def test_a_place_that_is_none(self, bench):
        assert "'in.jsonl' is not a place" in refused(bench, echo(uris=["in.jsonl"]))

    def test_a_path_out_of_its_bucket(self, bench):
        assert "leaves its bucket" in refused(bench, echo(uris=["gs://b/../x/*.jsonl"]))

    def test_no_output(self, bench):
        body = echo()
        del body["outputConfig"]["gcsDestination"]
        assert refused(bench, body).startswith(
            "output_config.gcs_destination.output_uri_prefix is required: "
        )

    def test_automatic_resources(self, bench):
        assert refused(bench, echo(dedicatedResources={})) == (
            "dedicated_resources.machine_spec.machine_type is required, for example "
            "n1-standard-2: the model does not support automatic resources."
        )

    def test_replicas(self, bench):
        machine = {"machineSpec": {"machineType": "e2"}}
        more = {**machine, "startingReplicaCount": 3, "maxReplicaCount": 2}
        assert refused(bench, echo(dedicatedResources=more)) == (
            "dedicated_resources.starting_replica_count 3 is above max_replica_count 2."
        )
        fewer = {**machine, "startingReplicaCount": -1}
        assert refused(bench, echo(dedicatedResources=fewer)).endswith("must not be negative.")

    def test_the_size_of_a_batch(self, bench):
        assert refused(bench, echo(manualBatchTuningParameters={"batchSize": -1})) == (
            "manual_batch_tuning_parameters.batch_size must not be negative."
        )

    @pytest.mark.parametrize(
        "field",
        [
            {"generateExplanation": True},
            {"explanationSpec": {"parameters": {"topK": 1}}},
            {"inputConfig": {"instancesFormat": "jsonl", "bigquerySource": {"inputUri": "bq://a"}}},
        ],
    )
    def test_what_has_no_effect_here(self, bench, field):
        assert refused(bench, echo(**field)).startswith("The local engine does not support ")

    def test_monitoring_is_not_in_the_api(self, bench):
        assert 'Unknown name "modelMonitoringConfig"' in refused(
            bench, echo(modelMonitoringConfig={})
        )
