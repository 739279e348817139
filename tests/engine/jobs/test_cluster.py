from __future__ import annotations

import json
from importlib.util import find_spec

import pytest

from tests.engine.job_bench import run_with_bench

SHOW = "import json, os; print(json.dumps(dict(os.environ)))"

# One step of gradient descent in which each replica has data of its own. The gradients are -6 and
# -24, and only a replica that has heard of the other one comes from 0 to 1.5.
TRAIN = """
import json, os
import tensorflow as tf

strategy = tf.distribute.MultiWorkerMirroredStrategy()
x = 1.0 + json.loads(os.environ["CLUSTER_SPEC"])["task"]["type"].endswith("1")
with strategy.scope():
    weight = tf.Variable(0.0, aggregation=tf.VariableAggregation.MEAN)

@tf.function
def train():
    def step():
        with tf.GradientTape() as tape:
            loss = (weight * x - 3 * x) ** 2
        context = tf.distribute.get_replica_context()
        gradient = context.all_reduce("MEAN", tape.gradient(loss, weight))
        weight.assign_sub(0.1 * gradient)
    strategy.run(step)

train()
print(strategy.num_replicas_in_sync, float(weight.numpy()))
"""


@pytest.fixture
def bench(tmp_path):
    return lambda body: run_with_bench(tmp_path, body)


def variables(bench, *counts: int, **spec) -> dict[str, dict[str, str]]:
    """Run a job with so many replicas in each pool; give the variables of each."""

    async def body(b):
        pools = [{**b.pool(SHOW), "replicaCount": count} if count else {} for count in counts]
        job = await b.run(*pools, **spec)
        assert job["state"] == "JOB_STATE_SUCCEEDED", job
        folder = b.home.log("customJobs", job["name"].rpartition("/")[2], "any").parent
        return {path.stem: json.loads(path.read_text()) for path in folder.glob("*.log")}

    return bench(body)


class TestSingleReplica:
    def test_cluster_spec(self, bench):
        found = variables(bench, 1)["workerpool0-0"]
        spec = json.loads(found["CLUSTER_SPEC"])
        assert list(spec) == ["cluster", "environment", "task", "job"]
        assert spec["environment"] == "cloud"
        assert spec["task"] == {"type": "workerpool0", "index": 0}
        assert [len(hosts) for hosts in spec["cluster"].values()] == [1]

    def test_no_tf_config(self, bench):
        assert "TF_CONFIG" not in variables(bench, 1)["workerpool0-0"]

    def test_the_job_as_it_was_sent(self, bench):
        found = variables(bench, 1, scheduling={"timeout": "60s"})["workerpool0-0"]
        job = json.loads(found["CLUSTER_SPEC"])["job"]
        assert job["scheduling"] == {"timeout": "60s"}
        assert job["workerPoolSpecs"][0]["containerSpec"]["command"] == ["python", "-m", "task"]

    def test_a_job_that_is_too_long_for_a_variable_is_left_out(self, bench):
        env = [{"name": f"V{n}", "value": "x" * 30_000} for n in range(4)]

        async def body(b):
            job = await b.run(b.pool(SHOW, env=env))
            return json.loads(json.loads(b.log(job))["CLUSTER_SPEC"])

        assert list(bench(body)) == ["cluster", "environment", "task"]


class TestSeveralPools:
    @pytest.fixture(scope="class")
    def found(self, tmp_path_factory):
        folder = tmp_path_factory.mktemp("cluster")
        return variables(lambda body: run_with_bench(folder, body), 1, 2, 1, 1)

    def test_the_order_of_the_pools_says_what_they_are(self, found):
        tasks = {name: json.loads(env["TF_CONFIG"])["task"] for name, env in found.items()}
        assert tasks == {
            "workerpool0-0": {"type": "chief", "index": 0},
            "workerpool1-0": {"type": "worker", "index": 0},
            "workerpool1-1": {"type": "worker", "index": 1},
            "workerpool2-0": {"type": "ps", "index": 0},
            "workerpool3-0": {"type": "evaluator", "index": 0},
        }

    def test_evaluators_are_in_no_cluster_of_tensorflow(self, found):
        config = json.loads(found["workerpool3-0"]["TF_CONFIG"])
        assert {role: len(hosts) for role, hosts in config["cluster"].items()} == {
            "chief": 1,
            "worker": 2,
            "ps": 1,
        }

    def test_they_are_in_the_cluster_spec(self, found):
        spec = json.loads(found["workerpool1-1"]["CLUSTER_SPEC"])
        assert spec["task"] == {"type": "workerpool1", "index": 1}
        assert {pool: len(hosts) for pool, hosts in spec["cluster"].items()} == {
            "workerpool0": 1,
            "workerpool1": 2,
            "workerpool2": 1,
            "workerpool3": 1,
        }

    def test_every_replica_has_an_address_of_its_own(self, found):
        specs = [json.loads(env["CLUSTER_SPEC"])["cluster"] for env in found.values()]
        hosts = [host for pool in specs[0].values() for host in pool]
        assert len(set(hosts)) == 5
        assert all(spec == specs[0] for spec in specs)


def test_a_pool_may_be_left_out(bench):
    found = variables(bench, 1, 0, 1)
    assert json.loads(found["workerpool2-0"]["TF_CONFIG"])["task"]["type"] == "ps"


@pytest.mark.skipif(find_spec("tensorflow") is None, reason="needs TensorFlow")
def test_two_tensorflow_workers_train_together(bench):
    async def body(b):
        job = await b.run(b.pool(TRAIN), b.pool())
        logs = [b.log(job, name) for name in ("workerpool0-0", "workerpool1-0")]
        return job.get("error"), [log.splitlines()[-1] for log in logs]

    assert bench(body) == (None, ["2 1.5", "2 1.5"])
