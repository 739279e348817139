"""Turn a data set into training and test data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import attrs
from kfp.dsl import Dataset

from vertex_flow.components import PreprocessingOp
from vertex_flow.contract import Inputs, Outputs, Stage, as_texts, stage
from vertex_flow.errors import SettingError
from vertex_flow.ports import In, Out, Value
from vertex_flow.stages import _component


def _check_fraction(_: Any, __: Any, fraction: Any) -> None:
    if isinstance(fraction, (int, float)) and not 0 < fraction < 1:
        raise SettingError(
            f"Preprocess(test_fraction={fraction!r}): expected a share between 0 and 1, "
            "both excluded."
        )


@stage
class Preprocess(Stage):
    """Turn a data set into training and test data.

    Without a component of one's own it does the obvious for image classification on an npz
    file: images to float32 in [0, 1], labels to int. A file with `x_train, y_train, x_test,
    y_test` keeps its split; one with `x, y` is split, stratified by label.

    Attributes:
        dataset: The data set; an npz file when there is no component of one's own.
        test_fraction: Share of the samples that is held out of an `x, y` file, between 0 and 1.
        seed: Seed of the split.
        component: Instead of the above, a `@dsl.component` or a plain annotated function. It
            may take `dataset` and must put out `train_data` and `test_data`.
        arguments: What the component takes besides, name → value, port or `Param`.
        packages: pip requirements of a plain function.
        base_image: Container image of a plain function.
        train_data: Training data; from the default component an npz file with `x`, `y`.
        test_data: Test data in the same form.
    """

    dataset: In[Dataset] = In()
    test_fraction: Value[float] = attrs.field(default=0.15, validator=_check_fraction)
    seed: Value[int] = 0
    component: Any = None
    arguments: Mapping[str, Any] = attrs.field(factory=dict)
    packages: Sequence[str] = attrs.field(default=(), converter=as_texts)
    base_image: str | None = None
    train_data = Out(Dataset)
    test_data = Out(Dataset)

    def __attrs_post_init__(self) -> None:
        """Check a component of one's own."""
        if self.component is None:
            _component.reject_settings(
                "Preprocess",
                arguments=self.arguments,
                packages=self.packages,
                base_image=self.base_image,
            )
            return
        given = {"dataset": self.dataset}
        _component.check_inputs("Preprocess", self._own_component(), given, self.arguments)

    def emit(self, io: Inputs) -> Outputs:
        """Split with the default component or the user's."""
        task = self._task(io)
        return {name: task.outputs[name] for name in ("train_data", "test_data")}

    def _task(self, io: Inputs) -> Any:
        if self.component is None:
            return PreprocessingOp(dataset=io.dataset, test_fraction=io.test_fraction, seed=io.seed)
        return _component.call(self._own_component(), {"dataset": io.dataset}, io.arguments)

    def _own_component(self) -> Any:
        component = _component.as_component(
            "Preprocess", self.component, packages=self.packages, base_image=self.base_image
        )
        wanted = {"train_data": Dataset, "test_data": Dataset}
        _component.check_outputs("Preprocess", component, wanted)
        return component
