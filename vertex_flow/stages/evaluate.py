"""Decide whether a model is good enough."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import attrs
from kfp.dsl import Artifact, ClassificationMetrics, Dataset, Metrics, Model

from vertex_flow.components import EvaluateOp
from vertex_flow.contract import Inputs, Outputs, Stage, as_texts, stage
from vertex_flow.errors import SettingError, nearest
from vertex_flow.ports import In, Out, Port, Value
from vertex_flow.stages import _component

_METRICS = ("accuracy", "precision", "recall", "f1")
_METRIC = re.compile(rf"{'|'.join(_METRICS)}|(precision|recall)_\d+")


def _check_thresholds(_: Any, __: Any, thresholds: Mapping[str, Any]) -> None:
    if not isinstance(thresholds, Mapping):
        raise SettingError(
            f"Evaluate(thresholds={thresholds!r}): expected a mapping of metric to least value, "
            "for example {'accuracy': 0.9}."
        )
    for metric, least in thresholds.items():
        if isinstance(least, (int, float)) and not 0 <= least <= 1:
            raise SettingError(
                f"Evaluate(thresholds={{{metric!r}: {least!r}}}): expected a share between 0 "
                "and 1; 90 % is 0.9."
            )


def _check_shown(_: Any, __: Any, shown: Any) -> None:
    if isinstance(shown, (int, float)) and (type(shown) is not int or not 0 <= shown <= 100):
        raise SettingError(
            f"Evaluate(shown_samples={shown!r}): expected a whole number from 0 to 100."
        )


def _check_metrics(thresholds: Mapping[str, Any]) -> None:
    """Refuse a metric that the default component does not compute, before anything is trained."""
    for metric in thresholds:
        if not _METRIC.fullmatch(metric):
            raise SettingError(
                f"Evaluate(thresholds={{{metric!r}: ...}}): it computes {', '.join(_METRICS)}, and "
                "precision_N and recall_N of each class N. For another metric give a component "
                f"of your own.{nearest(metric, _METRICS)}"
            )


@stage
class Evaluate(Stage):
    """Measure a model on test data and decide whether it is good enough.

    Without a component of one's own it does the obvious for classification: accuracy, precision
    and recall of each class, their means, the confusion matrix.

    Attributes:
        model: A TensorFlow SavedModel, or a folder with scikit-learn's `model.joblib` or
            `model.pkl`, when there is no component of one's own.
        test_data: An npz file with `x` and `y`, likewise.
        thresholds: Metric → least value, 0 to 1. The model passes when it reaches them all.
        component: Instead of the above, a `@dsl.component` or a plain annotated function. It
            may take `model`, `test_data` and `thresholds`, and must put out `passed` (bool);
            `accuracy` (float), `metrics`, `classification_metrics` and `samples` as it likes.
        arguments: What the component takes besides, name → value, port or `Param`.
        packages: pip requirements of a plain function.
        base_image: Container image of a plain function.
        shown_samples: How many test samples the default component puts out to be looked at, 0 to
            100. Set 0 where the test data may not leave their place.
        passed: Whether the model reaches all thresholds; true when there are none.
        accuracy: Share of the test data that is classified right, 0 to 1.
        metrics: All the numbers.
        classification_metrics: The confusion matrix.
        samples: Some test samples with the predicted and the true class, the wrong ones first,
            which the run's report shows.

    Example:
        ```python
        score = Evaluate(thresholds={"accuracy": 0.90})
        When(score.passed, [Register(), Deploy()])
        ```
    """

    model: In[Model] = In()
    test_data: In[Dataset] = In()
    thresholds: Mapping[str, Value[float]] = attrs.field(factory=dict, validator=_check_thresholds)
    component: Any = None
    arguments: Mapping[str, Any] = attrs.field(factory=dict)
    packages: Sequence[str] = attrs.field(default=(), converter=as_texts)
    base_image: str | None = None
    shown_samples: Value[int] = attrs.field(default=36, validator=_check_shown)
    passed = Out(bool)
    accuracy = Out(float)
    metrics = Out(Metrics)
    classification_metrics = Out(ClassificationMetrics)
    samples = Out(Artifact)

    def __attrs_post_init__(self) -> None:
        """Check a component of one's own."""
        if self.component is None:
            _check_metrics(self.thresholds)
            _component.reject_settings(
                "Evaluate",
                arguments=self.arguments,
                packages=self.packages,
                base_image=self.base_image,
            )
            return
        given = {"model": self.model, "test_data": self.test_data, "thresholds": self.thresholds}
        _component.check_inputs("Evaluate", self._own_component(), given, self.arguments)

    @property
    def ports(self) -> Mapping[str, Port[Any]]:
        """What this stage offers: with a component of one's own, what that puts out."""
        ports = super().ports
        if self.component is None:
            return ports
        offered = self._own_component().component_spec.outputs or {}
        return {name: port for name, port in ports.items() if name in offered}

    def emit(self, io: Inputs) -> Outputs:
        """Measure with the default component or the user's."""
        task = self._task(io)
        return {name: task.outputs[name] for name in self.ports}

    def _task(self, io: Inputs) -> Any:
        if self.component is None:
            return EvaluateOp(
                model=io.model,
                test_data=io.test_data,
                thresholds=io.marked(self.thresholds),
                values=io.values(self.thresholds),
                shown_samples=io.shown_samples,
            )
        given = {"model": io.model, "test_data": io.test_data, "thresholds": io.thresholds}
        return _component.call(self._own_component(), given, io.arguments)

    def _own_component(self) -> Any:
        component = _component.as_component(
            "Evaluate", self.component, packages=self.packages, base_image=self.base_image
        )
        _component.check_outputs("Evaluate", component, {"passed": bool})
        return component
