"""The contract of a stage: the built-in stages keep it, and stages that do not are found out."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import Any

import attrs
import pytest
from kfp.dsl import Dataset, Model

from tests import samples
from vertex_flow import Double, In, Inputs, Out, Outputs, Stage, Trainer, Value, stage
from vertex_flow.errors import SettingError
from vertex_flow.machines import Known, MachineNeed
from vertex_flow.stages import (
    Deploy,
    Evaluate,
    HyperTune,
    ImportDataset,
    Preprocess,
    Register,
    Train,
)
from vertex_flow.testing import StageContract

TRAINER = Trainer(module="trainer.task")


class TestImportDataset(StageContract):
    stage = ImportDataset("gs://acme/x.npz")


class TestPreprocess(StageContract):
    stage = Preprocess()


class TestHyperTune(StageContract):
    stage = HyperTune(TRAINER, {"rate": Double(1e-3, 1e-2)}, metric="accuracy")


class TestTrain(StageContract):
    stage = Train(TRAINER)


class TestEvaluate(StageContract):
    stage = Evaluate()


class TestRegister(StageContract):
    stage = Register()


class TestDeploy(StageContract):
    stage = Deploy()


class TestScore(StageContract):
    stage = samples.Score()


class TestSpendWithAnOptionalInput(StageContract):
    stage = samples.Spend()


@stage
class Everything(Stage):
    """Takes an input of every kind that a parameter may have."""

    text: In[str] = In()
    whole: In[int] = In()
    number: In[float] = In()
    truth: In[bool] = In()
    many: In[list] = In()  # type: ignore[type-arg]
    facts: In[dict] = In(optional=True)  # type: ignore[type-arg]
    data: In[Dataset] = In()

    def emit(self, io: Inputs) -> Outputs:
        samples.spend(amount=io.number, times=io.whole)
        return {}


class TestEverything(StageContract):
    stage = Everything()


class TestAnInputThatIsGivenByHand(StageContract):
    stage = samples.Score(model=samples.Fit(name="elsewhere").model)


# Stages that break it.


@stage
class Silent(Stage):
    """Declares what it does not emit."""

    data = Out(Dataset)

    def emit(self, io: Inputs) -> Outputs:
        samples.make_data(size=3)
        return {}


@stage
class Restless(Stage):
    """Is another one at every compilation."""

    counter: Any = attrs.field(factory=itertools.count)
    data = Out(Dataset)

    def emit(self, io: Inputs) -> Outputs:
        return {"data": samples.make_data(size=next(self.counter)).outputs["data"]}


@stage
class Fixed(Stage):
    """Computes with a setting, which a parameter of the pipeline does not allow."""

    size: Value[int] = 3
    data = Out(Dataset)

    def emit(self, io: Inputs) -> Outputs:
        return {"data": samples.make_data(size=io.size * 2).outputs["data"]}


@stage
class Deaf(Stage):
    """Does not use its setting."""

    size: Value[int] = 3
    data = Out(Dataset)

    def emit(self, io: Inputs) -> Outputs:
        return {"data": samples.make_data(size=self.size if type(self.size) is int else 3).output}


@stage
class Needy(Stage):
    """Needs what it calls optional."""

    model: In[Model] = In(optional=True)

    def emit(self, io: Inputs) -> Outputs:
        samples.measure(model=io.model)
        return {}


@stage
class Hasty(samples.Source):
    """Computes with a setting that a port may be."""

    def machines(self, known: Known) -> Sequence[MachineNeed]:
        replicas = known(self.size) * 2
        return (MachineNeed(stage="s", purpose="training", machine_type="", replicas=replicas),)


@stage
class Strange(samples.Source):
    """Calls itself something else."""

    def machines(self, known: Known) -> Sequence[MachineNeed]:
        return (MachineNeed(stage="other", purpose="training", machine_type=""),)


class Grumpy(samples.Source):
    """Lacks its decorator."""


def contract_of(given: Stage) -> StageContract:
    return type("TestIt", (StageContract,), {"stage": given})()  # type: ignore[no-any-return]


Test = Callable[[StageContract], None]


@pytest.mark.parametrize(
    ("broken", "test"),
    [
        (Silent(), StageContract.test_it_compiles_alone),
        (Restless(), StageContract.test_its_spec_is_always_the_same),
        (Fixed(), StageContract.test_settings_take_parameters),
        (Deaf(), StageContract.test_settings_take_parameters),
        (Needy(), StageContract.test_it_compiles_alone),
        (Hasty(), StageContract.test_settings_take_parameters),
        (Strange(), StageContract.test_settings_take_parameters),
    ],
    ids=lambda one: getattr(one, "name", "") or one.__name__,
)
def test_a_stage_that_breaks_it_is_found_out(broken: Stage, test: Test) -> None:
    with pytest.raises(Exception):  # noqa: B017, PT011 - KFP's own errors are among them
        test(contract_of(broken))


def test_a_contract_without_a_stage() -> None:
    with pytest.raises(SettingError) as caught:
        StageContract().test_it_compiles_alone()
    assert str(caught.value) == (
        "StageContract.stage is None: write `stage = MyStage()` into StageContract."
    )
