"""The contract of a stage: what @stage accepts, refuses and reads."""

from __future__ import annotations

from typing import Any, ClassVar

import attrs
import pytest
from kfp.dsl import Dataset, Model

from tests.samples import Fit, Score, Source, Spend, compiled, make_data, spend, tasks_of
from vertex_flow import Flow, In, Inputs, Out, Outputs, Param, Port, Stage, Trainer, Value, stage
from vertex_flow.errors import SettingError
from vertex_flow.stages import Train


def test_annotations_are_read_in_a_module_with_postponed_evaluation() -> None:
    @stage
    class Distill(Stage):
        model: In[Model] = In()
        small = Out(Model)
        ratio: Value[float] = 0.5

    assert Distill.inputs_declared == {"model": Model}
    assert Distill.values_declared == {"ratio": float}


def test_annotations_see_names_of_the_function_that_defines_the_class() -> None:
    class Local(Dataset):  # type: ignore[misc]
        schema_title = "mine.Local"

    @stage
    class Reads(Stage):
        data: In[Local] = In()

    assert Reads.inputs_declared == {"data": Local}


def test_inherited_annotations_keep_their_own_meaning() -> None:
    # Another library's class of the same name, as with `from tensorflow.data import Dataset`.
    Dataset = type("Dataset", (), {})  # noqa: N806, F841

    @stage
    class Mine(Train):
        seed: Value[int] = 0

    assert Mine.inputs_declared["train_data"] is Train.inputs_declared["train_data"]


def test_a_generic_parameter_type_counts_as_its_class() -> None:
    @stage
    class Reads(Stage):
        best: In[dict[str, Any]] = In(optional=True)
        table: Value[dict[str, float]] = attrs.field(factory=dict)

    assert (Reads.inputs_declared, Reads.values_declared) == ({"best": dict}, {"table": dict})


def test_an_optional_value_has_its_type() -> None:
    @stage
    class Reads(Stage):
        limit: Value[int] | None = None

    assert Reads.values_declared == {"limit": int}


def test_only_settings_without_a_place_for_ports_are_constants() -> None:
    @stage
    class Mixed(Stage):
        plain: str = ""
        several: list[str] = attrs.field(factory=list)
        value: Value[str] = ""
        nested: dict[str, Value[float]] = attrs.field(factory=dict)
        anything: Any = None
        trainer: Trainer | None = None
        kinds: ClassVar[int] = 3

    assert set(Mixed.constants_declared) == {"plain", "several"}


def test_a_subclass_can_turn_an_input_into_a_setting() -> None:
    @stage
    class Fixed(Fit):
        data: str = "x"  # type: ignore[assignment]

    assert Fixed.inputs_declared == {}


def test_a_class_that_is_no_stage_is_refused() -> None:
    with pytest.raises(SettingError) as caught:

        @stage
        class Lonely:
            pass

    assert str(caught.value) == "@stage is for subclasses of Stage: class Lonely(Stage)."


def test_a_subclass_without_its_decorator_is_refused() -> None:
    class Bare(Fit):
        extra: int = 1

    with pytest.raises(SettingError) as caught:
        Bare()
    assert str(caught.value) == (
        "class Bare lacks its decorator, so its fields and ports would be lost. Write @stage "
        "above `class Bare(...)`."
    )


def test_an_annotated_output_is_refused() -> None:
    with pytest.raises(SettingError) as caught:

        @stage
        class Wrong(Stage):
            model: Out[Model] = Out(Model)

    assert str(caught.value) == (
        "Wrong.model: an output has no annotation. Write `model = Out(Type)`."
    )


@pytest.mark.parametrize("hint", ["In[set]", "In[str | int]", "In"])
def test_an_input_of_no_port_type_is_refused(hint: str) -> None:
    body = {"__annotations__": {"data": hint}, "data": In(), "__module__": __name__}
    with pytest.raises(SettingError, match=r"Wrong\.data: In\[\.\.\.\] takes a KFP artifact class"):
        stage(type("Wrong", (Stage,), body))


def test_an_input_without_annotation_is_refused() -> None:
    with pytest.raises(SettingError) as caught:

        @stage
        class Wrong(Stage):
            model = In()  # type: ignore[var-annotated]

    assert str(caught.value) == (
        "Wrong.model: an input needs its type. Write `model: In[Type] = In()`."
    )


def test_an_input_without_default_is_refused() -> None:
    with pytest.raises(SettingError, match=r"Write `model: In\[Type\] = In\(\)`"):

        @stage
        class Wrong(Stage):
            model: In[Model]


def test_an_input_annotated_as_something_else_is_refused() -> None:
    with pytest.raises(SettingError, match=r"Wrong.model: an input is annotated In\[\.\.\.\]"):

        @stage
        class Wrong(Stage):
            model: In[Model] | None = In()


def test_a_setting_without_annotation_is_refused() -> None:
    with pytest.raises(SettingError, match="class Wrong: a setting needs an annotation"):

        @stage
        class Wrong(Stage):
            ratio: Value[float] = 0.5
            count = attrs.field(default=3)


def test_an_annotation_that_only_the_type_checker_knows_is_refused() -> None:
    with pytest.raises(SettingError) as caught:

        @stage
        class Wrong(Stage):
            data: In[Hidden] = In()  # type: ignore[name-defined]  # noqa: F821

    assert str(caught.value) == (
        "an annotation of Wrong cannot be read at run time: name 'Hidden' is not defined. "
        "Import what it names outside of `if TYPE_CHECKING:`."
    )


@pytest.mark.parametrize("name", ["values", "flow", "ports", "emit"])
def test_a_setting_cannot_have_a_name_that_emit_is_given(name: str) -> None:
    body = {"__annotations__": {name: "int"}, name: 1, "__module__": __name__}
    with pytest.raises(SettingError, match=rf"Wrong\.{name}: the name is taken by Stage"):
        stage(type("Wrong", (Stage,), body))


def test_an_output_cannot_be_called_name() -> None:
    with pytest.raises(SettingError, match=r"Wrong\.name: the name is taken by Stage"):

        @stage
        class Wrong(Stage):
            name = Out(str)


def test_a_stage_is_named_after_its_class() -> None:
    assert Train(Trainer(module="a.b")).name == "train"


def test_an_invalid_name_is_refused_with_a_valid_one() -> None:
    with pytest.raises(SettingError, match=r"'My Stage' is not a valid name: .* Try 'my-stage'\."):
        Score(name="My Stage")


def test_a_single_text_for_after_is_refused() -> None:
    with pytest.raises(SettingError) as caught:
        Score(after="train")
    assert str(caught.value) == "'train' stands alone where a list is expected: ['train']."


def test_an_output_is_a_port_on_an_instance_and_the_declaration_on_the_class() -> None:
    assert Score(name="mine").share == Port(stage="mine", name="share", type=float)
    assert repr(Score.share) == "Out(float)"


def test_ports_stand_in_the_order_they_are_written() -> None:
    assert list(Score().ports) == ["passed", "share", "count", "label"]


def test_a_subclass_of_a_built_in_stage_keeps_its_ports_and_takes_a_field_more() -> None:
    @stage
    class MyTrain(Train):
        """Trains in my own way."""

        seed: Value[int] = 7
        report = Out(str)

    made = MyTrain(Trainer(module="a.b"), seed=3)
    assert list(made.ports) == ["model", "checkpoints", "logs", "metrics", "report"]
    assert (made.name, made.seed, made.cache) == ("my-train", 3, True)


def test_a_stage_is_frozen() -> None:
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        Source().size = 4  # type: ignore[misc]


def test_settings_leave_out_inputs_and_what_all_stages_have() -> None:
    assert Fit(rate=0.2).settings == {"rate": 0.2}


def test_a_stage_without_emit_says_so_when_it_is_compiled() -> None:
    @stage
    class Idle(Stage):
        pass

    with pytest.raises(NotImplementedError, match="Idle has no emit method"):
        compiled(Idle())


class _Recorder:
    """Emits what a test wants, and keeps what emit was given."""

    def __init__(self, read: Any) -> None:
        self.read = read
        self.seen: Any = None

    def __call__(self, io: Inputs) -> Outputs:
        self.seen = self.read(io)
        spend(amount=1.0, times=1)
        return {}


@stage
class Probe(Stage):
    """Lets a test look at what emit is given."""

    look: Any
    model: In[Model] = In(optional=True)
    amount: Value[float] = 1.0
    nested: Any = None

    def emit(self, io: Inputs) -> Outputs:
        return self.look(io)  # type: ignore[no-any-return]


def seen(read: Any, *before: Stage, **settings: Any) -> Any:
    """What emit sees of its inputs."""
    recorder = _Recorder(read)
    compiled(*before, Probe(look=recorder, **settings))
    return recorder.seen


def test_emit_sees_none_for_an_optional_input_that_nothing_fills() -> None:
    assert seen(lambda io: io.model) is None


def test_emit_sees_a_channel_for_an_input() -> None:
    channel = seen(lambda io: io.model, Source(), Fit())
    assert (type(channel).__name__, channel.name) == ("PipelineArtifactChannel", "model")


def test_emit_sees_a_float_where_an_int_was_given_for_one() -> None:
    assert repr(seen(lambda io: io.amount, amount=2)) == "2.0"


def test_emit_sees_the_name_of_the_flow() -> None:
    assert seen(lambda io: io.flow) == "sample"


def test_emit_sees_channels_inside_settings() -> None:
    found = seen(lambda io: io.nested, nested={"a": [Param("n", 1), 2]})
    assert (found["a"][0].name, found["a"][1]) == ("n", 2)


def test_marked_settings_hold_a_marker_for_each_value() -> None:
    marked = seen(lambda io: io.marked(io._stage.nested), nested={"a": (Param("n", 1), 2)})
    assert marked == {"a": [{"$value": "n"}, 2]}


def test_values_are_records_of_name_type_and_channel() -> None:
    score = Score()
    text = seen(
        lambda io: io.values(io._stage.nested),
        *[Source(), Fit(), score],
        nested=[Param("n", 1), score.label, Param("n", 1)],
    )
    assert text == (
        "n␟int␟{{channel:task=;name=n;type=Integer;}}␞"
        "score_label␟str␟{{channel:task=;name=score_label;type=String;}}"
    )


def test_values_are_empty_for_constants() -> None:
    assert seen(lambda io: io.values({"a": 1}), nested={"a": 1}) == ""


def test_emit_cannot_ask_for_what_is_not_there() -> None:
    with pytest.raises(AttributeError) as caught:
        seen(lambda io: io.amuont)
    assert str(caught.value) == ("Probe has no input or setting 'amuont'. Did you mean 'amount'?")


@pytest.mark.parametrize(
    ("outputs", "message"),
    [
        (None, "Wrong.emit returned None: expected a mapping of output name to KFP channel, for "
         "example {'data': task.output}."),
        ({}, "Wrong.emit returned no 'data', which the class declares as an output."),
        ({"dta": 1}, "Wrong.emit returned 'dta', which the class does not declare. Add "
         "`dta = Out(Type)`. Did you mean 'data'?"),
        ({"data": 1.5}, "Wrong.emit returned 1.5 for 'data': expected a KFP channel such as "
         "task.output or task.outputs['name']."),
    ],
)  # fmt: skip
def test_what_emit_returns_is_checked(outputs: Any, message: str) -> None:
    @stage
    class Wrong(Stage):
        data = Out(Dataset)

        def emit(self, io: Inputs) -> Outputs:
            make_data(size=1)
            return outputs  # type: ignore[no-any-return]

    with pytest.raises(SettingError) as caught:
        compiled(Wrong())
    assert str(caught.value) == message


def test_an_output_of_another_type_than_declared_names_the_stage() -> None:
    @stage
    class Wrong(Stage):
        model = Out(Model)

        def emit(self, io: Inputs) -> Outputs:
            return {"model": make_data(size=1).outputs["data"]}

    with pytest.raises(SettingError, match=r"Wrong\.emit of stage 'odd': .*system.Dataset"):
        compiled(Wrong(name="odd"))


def test_emit_must_create_a_task() -> None:
    @stage
    class Idle(Stage):
        def emit(self, io: Inputs) -> Outputs:
            return {}

    with pytest.raises(SettingError, match=r"Idle\.emit created no KFP task"):
        compiled(Idle())


def test_a_stage_without_cache_turns_it_off_for_its_tasks() -> None:
    tasks = tasks_of(compiled(Spend(cache=False)), "spend")
    assert tasks["spend"]["cachingOptions"] == {}


def test_after_orders_stages_that_no_wire_connects() -> None:
    spec = compiled(Source(), Spend(after=["source"]))
    assert spec["root"]["dag"]["tasks"]["spend"]["dependentTasks"] == ["source"]


def test_a_stage_is_changed_into_another_one() -> None:
    flow = Flow("two", [Source(), Source(size=4).changed(name="second")])
    assert [one.name for one in flow.stages] == ["source", "second"]
