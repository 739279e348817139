import pytest

tf = pytest.importorskip("tensorflow")

from vertex_flow.serving.model_files import ModelLoadError  # noqa: E402
from vertex_flow.serving.rows import InputError  # noqa: E402
from vertex_flow.serving.tensorflow import TensorFlowPredictor  # noqa: E402


class Pair(tf.Module):
    """Sums rows; a second signature and a text input show the other forms."""

    @tf.function(input_signature=[tf.TensorSpec((None, 2), tf.float32, name="x")])
    def total(self, x):
        return {"total": tf.reduce_sum(x, axis=1)}

    @tf.function(
        input_signature=[
            tf.TensorSpec((None,), tf.string, name="text"),
            tf.TensorSpec((None,), tf.int32, name="times"),
        ]
    )
    def speak(self, text, times):
        return {"text": tf.strings.upper(text), "length": tf.strings.length(text) * times}

    @tf.function(input_signature=[tf.TensorSpec((None, 2), tf.float32, name="x")])
    def picky(self, x):
        with tf.control_dependencies([tf.debugging.assert_positive(x, message="must be > 0")]):
            return {"same": tf.identity(x)}


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    root = tmp_path_factory.mktemp("models")
    module = Pair()
    for name in ("total", "speak", "picky"):
        tf.saved_model.save(module, str(root / name), signatures=getattr(module, name))
    both = {"serving_default": module.total, "speak": module.speak}
    tf.saved_model.save(module, str(root / "both"), signatures=both)
    tf.saved_model.save(module, str(root / "none"), signatures={"other": module.total})
    return root


def loaded(folder):
    predictor = TensorFlowPredictor()
    predictor.load(str(folder))
    return predictor


def answer(folder, instances, **body):
    predictor = loaded(folder)
    prepared = predictor.preprocess({"instances": instances, **body})
    return predictor.postprocess(predictor.predict(prepared))["predictions"]


def test_a_single_output_gives_values(folders):
    assert answer(folders / "total", [[1, 2], [3, 4]]) == [3.0, 7.0]


def test_several_outputs_give_objects(folders):
    came = answer(folders / "speak", [{"text": "abc", "times": 2}])

    assert came == [{"text": "ABC", "length": 6}]


def test_a_wrong_shape_is_refused_with_the_signatures_shape(folders):
    with pytest.raises(InputError) as caught:
        answer(folders / "total", [[1, 2], [1, 2, 3]])

    assert str(caught.value) == (
        "instance 1 has the shape (3,); input 'x' takes float32 of shape (2,)."
    )


def test_values_that_the_graph_refuses_are_an_input_error(folders):
    with pytest.raises(
        InputError, match=r"the model refused the instances: assertion failed: \[must be > 0"
    ):
        answer(folders / "picky", [[1, -2]])


def test_a_folder_without_a_saved_model_is_named(tmp_path):
    with pytest.raises(ModelLoadError, match=r"holds no TensorFlow model: .*saved_model\.pb"):
        loaded(tmp_path)


def test_a_broken_saved_model_is_named(tmp_path):
    (tmp_path / "saved_model.pb").write_bytes(b"nothing")

    with pytest.raises(ModelLoadError, match="TensorFlow cannot load the SavedModel in"):
        loaded(tmp_path)


def test_a_model_without_the_serving_signature_lists_those_it_has(folders):
    with pytest.raises(ModelLoadError, match=r"no signature 'serving_default' \(found: 'other'\)"):
        loaded(folders / "none")


def test_another_signature_is_called_by_its_name(folders):
    came = answer(folders / "both", [{"text": "ab", "times": 3}], signature_name="speak")

    assert came == [{"text": "AB", "length": 6}]


def test_an_unknown_signature_lists_those_there_are(folders):
    with pytest.raises(InputError) as caught:
        answer(folders / "both", [[1, 2]], signature_name="shout")

    assert str(caught.value) == (
        "the model has no signature 'shout'; it has 'serving_default', 'speak'."
    )


def test_a_file_of_keras_is_to_be_exported(tmp_path):
    (tmp_path / "model.keras").touch()
    with pytest.raises(ModelLoadError) as caught:
        loaded(tmp_path)

    assert str(caught.value) == (
        f"{tmp_path} holds model.keras, and the prebuilt TensorFlow image serves SavedModels only: "
        "export it with model.export(path), and upload that folder."
    )
