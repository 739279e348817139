"""What would keep a flow from running: all of it at once, and nothing is done."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from google.auth.credentials import AnonymousCredentials

from tests.cloud.docker_images import DockerImages
from tests.cloud.fake import fake_cloud
from tests.runs.test_leaks import KEY
from tests.samples import Source, Spend
from vertex_flow import Flow, GcpContext, Inputs, Outputs, Param, Stage, Trainer, stage
from vertex_flow.errors import SettingError, WiringError
from vertex_flow.runs.checking import Checked, Fault
from vertex_flow.stages import ImportDataset, Preprocess, Train

FLOW = Flow("sample", [Source(size=Param("size", 3)), Spend(amount=Param("amount", 0.5))])


@stage
class Broken(Stage):
    """A stage whose code is wrong."""

    def emit(self, io: Inputs) -> Outputs:
        raise KeyError("no luck today")


@stage
class Lacking(Stage):
    """A stage that makes no task."""

    def emit(self, io: Inputs) -> Outputs:
        return {}


@pytest.fixture
def local(tmp_path: Path) -> GcpContext:
    return GcpContext.local(tmp_path / "home")


def training(folder: Path, **settings: Any) -> Flow:
    (folder / "learner").mkdir(exist_ok=True)
    (folder / "learner" / "task.py").write_text("print('learns')")
    trainer = Trainer(**{"module": "learner.task", "source": str(folder), **settings})
    return Flow("learning", [ImportDataset("gs://b/x"), Preprocess(), Train(trainer)])


def texts(flow: Flow, context: GcpContext, **params: Any) -> list[str]:
    return [fault.text for fault in flow.check(context, params=params).faults]


def test_nothing_is_wrong(local: GcpContext) -> None:
    found = FLOW.check(local, params={"size": 4})
    assert (found.ok, found.exit_code, found.faults) == (True, 0, ())
    assert str(found) == "nothing is wrong with flow 'sample', for this machine"


def test_nothing_is_done_on_this_machine(local: GcpContext, tmp_path: Path) -> None:
    FLOW.check(local)
    assert list(tmp_path.iterdir()) == []


def test_every_parameter_that_is_wrong(local: GcpContext) -> None:
    found = FLOW.check(local, params={"sise": 1, "size": "x", "amount": 1.5})
    assert found.exit_code == 1
    assert str(found) == (
        "2 faults in flow 'sample', for this machine\n"
        "  flow 'sample' has no parameter 'sise'; it has size, amount. Did you mean 'size'?\n"
        "  parameter 'size' needs an int, and 'x' is a str."
    )


def test_the_findings_as_plain_values(local: GcpContext) -> None:
    assert FLOW.check(local, params={"size": "x"}).as_json() == {
        "ok": False,
        "flow": "sample",
        "place": "this machine",
        "faults": (
            {"about": "parameter", "text": "parameter 'size' needs an int, and 'x' is a str."},
        ),
    }


def test_parameters_that_are_no_mapping(local: GcpContext) -> None:
    params: Any = ["size"]
    with pytest.raises(SettingError) as caught:
        FLOW.check(local, params=params)
    assert str(caught.value).startswith("params=['size']: expected values by the names")


def test_what_is_no_context() -> None:
    context: Any = "local"
    with pytest.raises(SettingError) as caught:
        FLOW.check(context)
    assert str(caught.value).startswith("Flow.check('local'): expected a GcpContext")


def test_a_stage_that_cannot_be_compiled(local: GcpContext) -> None:
    assert texts(Flow("sample", [Broken()]), local) == [
        "cannot be compiled: KeyError: 'no luck today'"
    ]


def test_a_stage_that_breaks_its_contract(local: GcpContext) -> None:
    (text,) = texts(Flow("sample", [Lacking()]), local)
    assert text == "Lacking.emit created no KFP task: call a component in it."


def test_a_trainer_whose_code_is_not_there(local: GcpContext, tmp_path: Path) -> None:
    flow = training(tmp_path, module="learner.tsk")
    assert flow.check(local, params={"tensorboard": 3}).faults == (
        Fault("parameter", "parameter 'tensorboard' needs a str, and 3 is an int."),
        Fault(
            "trainer",
            f"Trainer(module='learner.tsk'): there is no such module in {tmp_path} nor on Python's "
            "path. Did you mean 'learner.task'? Give the folder that holds its package: "
            "Trainer(..., source='path/to/folder').",
        ),
    )


def test_a_trainer_whose_code_is_no_python(local: GcpContext, tmp_path: Path) -> None:
    flow = training(tmp_path)
    (tmp_path / "learner" / "data.py").write_text("def load(:\n")
    (tmp_path / "learner" / "odd.py").write_bytes(b"\0")
    found = texts(flow, local)
    assert found[0] == f"{tmp_path}/learner/data.py, line 1: invalid syntax"
    assert found[1].startswith(f"{tmp_path}/learner/odd.py")


def test_a_secret_in_what_is_compiled(local: GcpContext, tmp_path: Path) -> None:
    (text,) = texts(training(tmp_path, env={"DB_PASSWORD": "hunter22", "MODE": "fast"}), local)
    assert "holds what looks like a secret, the value of" in text
    assert "hunter22" not in text


def test_a_secret_in_a_parameter(local: GcpContext) -> None:
    flow = Flow("sample", [ImportDataset(Param("data", "gs://b/x"))])
    (text,) = [fault.text for fault in flow.check(local, params={"data": KEY}).faults]
    assert "holds what looks like a private key" in text


def test_a_project_is_only_asked_for_the_image(tmp_path: Path) -> None:
    images = DockerImages()
    with fake_cloud() as cloud:
        images.serve(cloud)
        context = GcpContext(
            project="acme",
            credentials=AnonymousCredentials(),  # type: ignore[no-untyped-call]
            api_endpoints={"artifactregistry": cloud.url},
        )
        found = training(tmp_path).check(context)
        asked = {one.method.rpartition(".")[2] for one in cloud.asked}
    (fault,) = found.faults
    assert fault.about == "place"
    assert fault.text.startswith("there is no image of the trainer 'learner.task' as it is now")
    assert found.place == "project acme, us-central1"
    assert asked == {"get"}


def test_an_image_of_ones_own_is_not_looked_for(tmp_path: Path) -> None:
    context = GcpContext(project="acme", training_image="mine:1")
    flow = training(tmp_path, module="nowhere.task")
    assert flow.check(context).ok


def test_an_image_in_a_parameter_is_not_looked_for(local: GcpContext, tmp_path: Path) -> None:
    flow = training(tmp_path, module="nowhere.task")
    assert texts(flow, local, training_image="mine:1") == []


def test_what_a_project_would_refuse() -> None:
    context = GcpContext(project="acme", network="default", tensorboard="1")
    about = {fault.about for fault in FLOW.check(context).faults}
    said = [fault.text.partition(":")[0] for fault in FLOW.check(context).faults]
    assert (about, said) == ({"run"}, ["network", "tensorboard"])


def test_a_project_that_is_not_known(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("GOOGLE_CLOUD_PROJECT", "GCLOUD_PROJECT", "CLOUDSDK_CORE_PROJECT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("CLOUDSDK_CONFIG", str(tmp_path))
    monkeypatch.setenv("NO_GCE_CHECK", "true")
    monkeypatch.delenv("GOOGLE_APPLICATION_CREDENTIALS", raising=False)
    found = Flow("sample", [Lacking()]).check(GcpContext())
    assert found.place == "a project in us-central1"
    assert [fault.about for fault in found.faults] == ["place", "stage"]
    assert found.faults[0].text.startswith("no Google Cloud project: pass")


def test_a_flow_that_is_wired_wrongly(local: GcpContext) -> None:
    with pytest.raises(WiringError) as caught:
        Flow("sample", [Preprocess()])
    found = Checked.miswired(caught.value, local)
    assert (found.flow, found.exit_code) == ("sample", 1)
    assert found.faults[0].about == "wiring"
    assert str(found).splitlines()[1].startswith("  preprocess.dataset needs a Dataset, and no")
    assert len(str(found).splitlines()) == 4


def test_texts_are_not_obeyed_by_a_terminal(local: GcpContext) -> None:
    found = FLOW.check(local, params={"\x1b[31mred\u202e": 1})
    assert "\x1b" not in str(found)
    assert "\u202e" not in str(found)


def test_further_faults_come_first(local: GcpContext) -> None:
    found = FLOW.check(local, params={"size": "x"}).with_faults("parameter", "first")
    assert [fault.text for fault in found.faults] == [
        "first",
        "parameter 'size' needs an int, and 'x' is a str.",
    ]
