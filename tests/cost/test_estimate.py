"""What a run takes before it is started: machine-hours, and money where there are prices."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.jobs import NAME, job, task
from tests.loopback import PARENT, Loopback, context_at, serving
from tests.samples import Fit, Score, Source, Spend
from vertex_flow import Flow, GcpContext, Param, Run, Trainer, Value, stage
from vertex_flow.client import Client
from vertex_flow.cost.estimate import Estimate, Row, check_cost
from vertex_flow.errors import CostError, SettingError
from vertex_flow.machines import Known, MachineNeed
from vertex_flow.prices import Prices
from vertex_flow.stages import Deploy, ImportDataset, Preprocess, Register, Train

JOBS = f"GET /v1/{PARENT}/pipelineJobs"
PRICES = Prices(
    currency="EUR",
    machines={
        "n1-standard-4": 1.0,
        "e2-standard-4": 0.5,
        "n1-standard-2": 0.25,
        "a2-highgpu-1g": 4,
    },
    accelerators={"NVIDIA_TESLA_T4": 2.0},
    source="prices.toml",
)


@stage
class Tune(Fit):
    """Makes a model of data, with jobs of its own."""

    machine: Value[str] = "n1-standard-4"
    accelerators: Value[int] = 0
    kind: str = "NVIDIA_TESLA_T4"
    trials: Value[int] = 6
    parallel: int = 2

    def machines(self, known: Known) -> Sequence[MachineNeed]:
        settings = {"machine_type": self.machine, "accelerator_count": self.accelerators}
        return (
            MachineNeed.of(
                self.name,
                "training",
                known,
                settings,
                accelerator_type=self.kind if known(self.accelerators) else "",
                replicas=self.parallel,
                rounds=(known(self.trials) or 1) / self.parallel,
            ),
        )


@stage
class Serve(Spend):
    """Serves a model."""

    expires: Value[str] = ""

    def machines(self, known: Known) -> Sequence[MachineNeed]:
        settings = {"machine_type": "n1-standard-2", "replicas": 2, "lifetime": self.expires}
        return (MachineNeed.of(self.name, "serving", known, settings),)


@pytest.fixture
def server() -> Iterator[Loopback]:
    with serving() as server:
        server.on(JOBS, {})
        yield server


@pytest.fixture
def acme(server: Loopback) -> GcpContext:
    return context_at(server.url)


@pytest.fixture(autouse=True)
def nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No pyproject.toml names prices."""
    monkeypatch.chdir(tmp_path)


def sample(**settings: Any) -> Flow:
    return Flow("sample", [Source(), Tune(name="fit", **settings), Score()])


def facts(estimate: Estimate) -> list[tuple[str, str, int, float | None, str]]:
    return [(r.stage, r.machine, r.machines, r.hours, r.source) for r in estimate.rows]


def test_hours_that_are_given(acme: GcpContext) -> None:
    found = sample().estimate(acme, hours={"fit": 0.5, "source": 2})
    assert facts(found) == [
        ("source", "e2-standard-4", 1, 2, "given"),
        ("fit", "n1-standard-4", 2, 1.5, "given"),
        ("fit", "e2-standard-4", 1, 1.6, "given"),
        ("score", "e2-standard-4", 1, 0.1, "6 minutes a task"),
    ]
    assert found.machine_hours == pytest.approx(2 + 2 * 1.5 + 1.6 + 0.1)
    assert (found.cost, found.missing) == (None, ())


def test_money(acme: GcpContext) -> None:
    found = sample().estimate(acme, hours={"fit": 0.5}, prices=PRICES)
    assert found.cost == pytest.approx(2 * 1.5 * 1.0 + (0.1 + 1.6 + 0.1) * 0.5)


def test_money_from_a_file(acme: GcpContext, tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text('[tool.vertex_flow]\nprices = "p.toml"')
    (tmp_path / "p.toml").write_text("[machines]\nn1-standard-4 = 1\ne2-standard-4 = 0")
    found = sample().estimate(acme, hours={"fit": 0.5})
    assert (found.cost, found.currency) == (pytest.approx(3), "USD")


def test_accelerators_cost_besides(acme: GcpContext) -> None:
    found = sample(accelerators=2).estimate(acme, hours={"fit": 0.5}, prices=PRICES)
    assert (found.rows[1].machine, found.rows[1].price) == ("n1-standard-4 + 2 NVIDIA_TESLA_T4", 5)


def test_accelerators_that_a_machine_comes_with_are_in_its_price(acme: GcpContext) -> None:
    flow = sample(machine="a2-highgpu-1g", accelerators=1, kind="NVIDIA_TESLA_A100")
    found = flow.estimate(acme, hours={"fit": 0.5}, prices=PRICES)
    assert (found.rows[1].price, found.missing) == (4, ())


def test_a_price_that_is_missing_is_named(acme: GcpContext) -> None:
    found = sample(machine="n1-standard-8").estimate(acme, hours={"fit": 1}, prices=PRICES)
    assert (found.cost, found.missing) == (None, ("n1-standard-8 has no price in prices.toml",))


def test_hours_that_nobody_knows(acme: GcpContext) -> None:
    found = sample().estimate(acme, prices=PRICES)
    assert (found.machine_hours, found.cost) == (None, None)
    assert found.missing == ("fit: no earlier run says how long it takes: hours={'fit': 1.5}",)


def test_parameters_count(acme: GcpContext) -> None:
    flow = sample(machine=Param("machine", "n1-standard-4"), trials=Param("trials", 2))
    found = flow.estimate(acme, params={"machine": "c2-standard-8", "trials": 4}, hours={"fit": 1})
    assert facts(found)[1] == ("fit", "c2-standard-8", 2, 2, "given")


def test_a_machine_that_only_the_pipeline_knows(acme: GcpContext) -> None:
    again = Tune(name="again", machine=Score().label)
    flow = Flow("sample", [Source(), Fit(), Score(), again])
    found = flow.estimate(acme, hours={"again": 1}, prices=PRICES)
    assert found.missing == (
        "again: its machine_type is a port, which only the running pipeline knows",
    )


def test_a_model_that_serves_until_it_expires(acme: GcpContext) -> None:
    flow = Flow("sample", [Source(), Serve(expires="8h")])
    found = flow.estimate(acme, prices=PRICES)
    assert facts(found)[1] == ("serve", "n1-standard-2", 2, 8, "expires")
    assert found.cost == pytest.approx(0.05 + 8 * 2 * 0.25 + 0.05)


def test_a_model_that_serves_without_an_end_is_not_in_the_sum(acme: GcpContext) -> None:
    found = Flow("sample", [Source(), Serve()]).estimate(acme, prices=PRICES)
    assert found.cost == pytest.approx(0.1)
    assert [(row.stage, row.an_hour) for row in found.endless] == [("serve", 0.5)]


def test_a_model_that_serves_for_some_hours(acme: GcpContext) -> None:
    found = Flow("sample", [Source(), Serve()]).estimate(acme, hours={"serve": 24})
    assert facts(found)[1] == ("serve", "n1-standard-2", 2, 24, "given")


def test_a_lifetime_that_is_none(acme: GcpContext) -> None:
    flow = Flow("sample", [Source(), Serve(expires=Param("until", "8h"))])
    with pytest.raises(SettingError) as caught:
        flow.estimate(acme, params={"until": "soon"})
    assert str(caught.value) == (
        "stage 'serve': 'soon' is no length of time: expected a whole number and m, h or d, for "
        "example '30m', '8h' or '7d'."
    )


def test_the_documented_stages(acme: GcpContext) -> None:
    trainer = Trainer(module="trainer.task", replicas=3)
    steps = [ImportDataset("gs://acme/x"), Preprocess(), Train(trainer), Register(), Deploy()]
    found = Flow("mnist", steps).estimate(acme, hours={"train": 1})
    assert [(row.stage, row.machine, row.machines, row.hours) for row in found.rows] == [
        ("preprocess", "e2-standard-4", 1, 0.1),
        ("train", "n1-standard-4", 3, 1),
        ("train", "e2-standard-4", 1, 1.4),
        ("register", "e2-standard-4", 1, pytest.approx(0.3)),
        ("deploy", "n1-standard-2", 1, None),
        ("deploy", "e2-standard-4", 1, pytest.approx(0.3)),
    ]


def test_the_last_run_that_succeeded_says_how_long_it_takes(
    server: Loopback, acme: GcpContext
) -> None:
    done = job("SUCCEEDED", task(1, "source", "SUCCEEDED"), task(2, "fit", "SUCCEEDED"))
    server.on(JOBS, {"pipelineJobs": [{"name": NAME}]})
    server.on(f"GET /v1/{NAME}", done)
    found = sample().estimate(acme)
    assert facts(found)[:3] == [
        ("source", "e2-standard-4", 1, 2.5 / 3600, "sample-1"),
        ("fit", "n1-standard-4", 2, 2.5 / 3600, "sample-1"),
        ("fit", "e2-standard-4", 1, 2.5 / 3600, "sample-1"),
    ]


def test_nobody_is_asked_where_the_hours_of_jobs_are_given(
    server: Loopback, acme: GcpContext
) -> None:
    sample().estimate(acme, hours={"fit": 1})
    assert server.asked == []


def test_a_run_that_is_given_says_how_long_it_takes(server: Loopback, acme: GcpContext) -> None:
    server.on(f"GET /v1/{NAME}", job("SUCCEEDED", task(2, "fit", "SUCCEEDED")))
    run = Run(Client(server.url, PARENT, "secret"), NAME)
    assert facts(sample().estimate(acme, run=run))[1][3:] == (2.5 / 3600, "sample-1")


@pytest.mark.parametrize(("limit", "passes"), [(3.9, True), (3.91, True), (3.8, False), (0, False)])
def test_the_limit(acme: GcpContext, limit: float, passes: bool) -> None:
    graph = sample().graph
    if passes:
        found = check_cost(graph, acme, {}, limit, hours={"fit": 0.5}, prices=PRICES)
        assert found is not None
        assert found.cost == pytest.approx(3.9)
        return
    with pytest.raises(CostError) as caught:
        check_cost(graph, acme, {}, limit, hours={"fit": 0.5}, prices=PRICES)
    assert (caught.value.cost, caught.value.max_cost) == (pytest.approx(3.9), limit)


def test_what_costs_too_much_is_shown(acme: GcpContext) -> None:
    with pytest.raises(CostError) as caught:
        check_cost(sample().graph, acme, {}, 1, hours={"fit": 0.5}, prices=PRICES)
    assert str(caught.value) == (
        "flow 'sample' was not started: it may cost 3.90 EUR, and max_cost=1.\n"
        "stage   machines         hours  machine-hours   EUR  hours from\n"
        "source  1 e2-standard-4   0.10           0.10  0.05  6 minutes a task\n"
        "fit     2 n1-standard-4   1.50           3.00  3.00  given\n"
        "fit     1 e2-standard-4   1.60           1.60  0.80  given\n"
        "score   1 e2-standard-4   0.10           0.10  0.05  6 minutes a task\n"
        "total                                    4.80  3.90"
    )


def test_a_cost_that_is_not_known_is_too_much(acme: GcpContext) -> None:
    flow = Flow("sample", [Source(), Tune(), Serve()])
    with pytest.raises(CostError) as caught:
        check_cost(flow.graph, acme, {}, 1000)
    assert caught.value.cost is None
    assert str(caught.value) == (
        "flow 'sample' was not started: what it costs is not known, and max_cost=1000.\n"
        "  there are no prices: name a file in pyproject.toml, under [tool.vertex_flow]: "
        "prices = 'prices.toml'\n"
        "  tune: no earlier run says how long it takes: hours={'tune': 1.5}\n"
        "  serve: the model serves without an end. Give one: Deploy(expires='8h'); or count some "
        "hours: hours={'serve': 24}."
    )


def test_nothing_is_sent_that_starts_something(server: Loopback, acme: GcpContext) -> None:
    with pytest.raises(CostError):
        check_cost(sample().graph, acme, {}, 1, prices=PRICES)
    assert {verb for verb, *_ in server.asked} == {"GET"}


def test_hours_without_a_limit_are_for_nothing(acme: GcpContext) -> None:
    flow = Flow("sample", [ImportDataset("gs://b/x")])
    with pytest.raises(SettingError) as caught:
        flow.run(acme, hours={"import-dataset": 1})
    assert str(caught.value) == (
        "Flow.run(hours={'import-dataset': 1}): they are for the estimate that max_cost is "
        "compared with. Give max_cost too."
    )


def test_this_machine_costs_nothing(tmp_path: Path) -> None:
    assert check_cost(sample().graph, GcpContext.local(tmp_path), {}, 0) is None


@pytest.mark.parametrize("limit", [-1, float("nan"), float("inf"), "10", None, True])
def test_a_limit_that_is_none(acme: GcpContext, limit: Any) -> None:
    with pytest.raises(SettingError) as caught:
        check_cost(sample().graph, acme, {}, limit)
    assert str(caught.value) == f"run(max_cost={limit!r}): expected a number of 0 or more."


@pytest.mark.parametrize(
    ("hours", "message"),
    [
        (
            {"fti": 1},
            "estimate(hours={'fti': ...}): flow 'sample' has no stage 'fti'; it has source, fit, "
            "score. Did you mean 'fit'?",
        ),
        (5, "estimate(hours=5): expected hours by stage, for example {'train': 1.5}."),
        ({"fit": -1}, "estimate(hours={'fit': -1}): expected a number of 0 or more."),
        ({"fit": "1h"}, "estimate(hours={'fit': '1h'}): expected a number of 0 or more."),
    ],
)
def test_hours_that_are_none(acme: GcpContext, hours: Any, message: str) -> None:
    with pytest.raises(SettingError) as caught:
        sample().estimate(acme, hours=hours)
    assert str(caught.value) == message


def test_a_context_that_is_none() -> None:
    nothing: Any = None
    with pytest.raises(SettingError, match=r"^Flow\.estimate\(None\): expected a GcpContext"):
        sample().estimate(nothing)


def test_it_prints_what_is_not_known_and_what_goes_on() -> None:
    rows = (
        Row(stage="fit", machine="m", machines=2, hours=None, source="", missing=("fit: no",)),
        Row(stage="serve", machine="n", machines=3, hours=None, source="", endless=True, price=0.5),
    )
    assert str(Estimate(flow="f", rows=rows, currency="EUR")) == (
        "stage  machines   hours  machine-hours  EUR  hours from\n"
        "fit    2 m            ?              ?    ?\n"
        "serve  3 n       no end\n"
        "total                                ?    ?\n"
        "serve serves on: 3 n, 1.50 EUR an hour\n"
        "not known: fit: no"
    )


def test_its_lines_fit_a_terminal(acme: GcpContext) -> None:
    name = "a-stage-with-a-name-of-its-own"
    flow = Flow("sample", [Source(), Tune(name=name, accelerators=4)])
    text = str(flow.estimate(acme, hours={name: 123456}, prices=PRICES))
    assert max(map(len, text.splitlines())) <= 80


def test_it_is_json(acme: GcpContext) -> None:
    found = sample().estimate(acme, hours={"fit": 0.5}, prices=PRICES)
    plain = json.loads(json.dumps(found.as_json()))
    assert (plain["flow"], plain["currency"], plain["missing"]) == ("sample", "EUR", [])
    assert plain["rows"][1] == {
        "stage": "fit",
        "machine": "n1-standard-4",
        "machines": 2,
        "hours": 1.5,
        "source": "given",
        "endless": False,
        "price": 1.0,
        "missing": [],
        "machine_hours": 3.0,
        "cost": 3.0,
    }


def test_a_run_that_is_none(acme: GcpContext) -> None:
    with pytest.raises(SettingError) as caught:
        sample().estimate(acme, run="sample-1")  # type: ignore[arg-type]
    assert str(caught.value) == (
        "estimate(run='sample-1'): expected a Run: Run.attach(context, name)."
    )


def test_parameters_of_another_kind(acme: GcpContext) -> None:
    with pytest.raises(SettingError) as caught:
        sample().estimate(acme, params=5)  # type: ignore[arg-type]
    assert str(caught.value) == (
        "params=5: expected values by the names of parameters, for example {'epochs': 3}."
    )
