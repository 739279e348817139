import json

import numpy as np
import pytest

from vertex_flow.serving.rows import (
    Input,
    InputError,
    nested_shape,
    read_instances,
    read_tensor,
    read_tensors,
    write_rows,
)

PAIR = Input(name="x", dtype="float32", shape=(None, 2))
WHOLE = Input(name="n", dtype="int32", shape=(None,))
FLAG = Input(name="f", dtype="bool", shape=(None,))
TEXT = Input(name="t", dtype="string", shape=(None,))
ANY = Input(name="a", dtype="float32", shape=None)


def refusal(values, spec):
    with pytest.raises(InputError) as caught:
        read_tensors(values, spec if isinstance(spec, list) else [spec])
    return str(caught.value)


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ([1], 'the body has to be {"instances": [...]}, not a list.'),
        ({}, "the body has no 'instances'; it holds nothing."),
        ({"inputs": [1]}, "the body has no 'instances'; it holds 'inputs'."),
        ({"instances": "abc"}, "'instances' has to be a list, not the string 'abc'."),
        ({"instances": []}, "'instances' is empty: send at least one instance."),
    ],
)
def test_a_body_of_another_form_is_refused(body, text):
    with pytest.raises(InputError) as caught:
        read_instances(body)

    assert text == str(caught.value)


def test_instances_are_taken_out_of_the_body():
    assert read_instances({"instances": [1, 2]}) == [1, 2]


def test_values_of_a_single_input_come_directly():
    assert read_tensors([[1, 2], [3, 4]], [PAIR])["x"].tolist() == [[1, 2], [3, 4]]


def test_values_of_a_single_input_come_by_its_name():
    assert read_tensors([{"x": [1, 2]}], [PAIR])["x"].tolist() == [[1, 2]]


def test_several_inputs_come_by_their_names():
    tensors = read_tensors([{"x": [1, 2], "n": 3}], [PAIR, WHOLE])

    assert {name: each.tolist() for name, each in tensors.items()} == {"x": [[1, 2]], "n": [3]}


def test_a_tensor_has_the_type_of_the_input():
    assert np.float32 == read_tensor([[1, 2]], PAIR).dtype


def test_whole_numbers_written_as_doubles_fit_an_integer_input():
    assert read_tensor([3.0], WHOLE).tolist() == [3]


def test_booleans_fit_a_boolean_input():
    assert read_tensor([True, False], FLAG).tolist() == [True, False]


def test_any_shape_fits_an_input_without_one():
    assert read_tensor([[[1], [2], [3]]], ANY).shape == (1, 3, 1)


def test_strings_come_as_text_or_base64():
    assert read_tensors(["a", {"b64": "Yg=="}], [TEXT])["t"].tolist() == [b"a", b"b"]


@pytest.mark.parametrize(
    ("values", "spec", "text"),
    [
        (
            [[1, 2], [1, 2, 3]],
            PAIR,
            "instance 1 has the shape (3,); input 'x' takes float32 of shape (2,).",
        ),
        (
            [[[1, 2], [3]]],
            PAIR,
            "instance 0 is ragged: at one level it has parts of shape (2,) and of shape (1,).",
        ),
        ([1], PAIR, "instance 0 has a single value; input 'x' takes float32 of shape (2,)."),
        ([[]], PAIR, "instance 0 has the shape (0,); input 'x' takes float32 of shape (2,)."),
        (
            [[1, "b"]],
            PAIR,
            "instance 0 holds the string 'b'; input 'x' takes float32 of shape (2,).",
        ),
        ([[1, None]], PAIR, "instance 0 holds null; input 'x' takes float32 of shape (2,)."),
        (
            [[True, False]],
            PAIR,
            "instance 0 holds the boolean true; input 'x' takes float32 of shape (2,).",
        ),
        ([[1, 1e39]], PAIR, "instance 0 holds a number that float32 cannot hold."),
        ([1, 2.5], WHOLE, "instance 1 holds a fraction; input 'n' takes a single int32."),
        (
            [2**40],
            WHOLE,
            "instance 0 is out of the range of int32; input 'n' takes a single int32.",
        ),
        (
            [2**80],
            WHOLE,
            "the instances hold numbers out of range; input 'n' takes a single int32.",
        ),
        ([1], FLAG, "instance 0 holds the number 1; input 'f' takes a single bool."),
        ([1], TEXT, "instance 0 holds the number 1; a string or {'b64': ...} is expected."),
        ([{"b64": "%"}], TEXT, "instance 0 holds a 'b64' that is not base64 text."),
        (
            [[1], [1, 2]],
            ANY,
            "the instances differ in shape: instance 0 has the shape (1,), "
            "instance 1 has the shape (2,).",
        ),
        (
            [{"y": [1, 2]}],
            PAIR,
            "instance 0 holds 'y'; the model takes 'x' (float32 of shape (2,)).",
        ),
        (
            [[1, 2]],
            [PAIR, WHOLE],
            "instance 0 is a list; the model has 2 inputs, so each instance has to be an object "
            "with 'x' (float32 of shape (2,)), 'n' (a single int32).",
        ),
        (
            [{"x": [1, 2]}],
            [PAIR, WHOLE],
            "instance 0 holds 'x'; the model takes 'x' (float32 of shape (2,)), "
            "'n' (a single int32).",
        ),
    ],
)
def test_an_instance_that_does_not_fit_is_refused_in_words(values, spec, text):
    assert text == refusal(values, spec)


def test_a_fixed_batch_is_named():
    spec = Input(name="x", dtype="float32", shape=(1, 2))

    assert refusal([[1, 2]] * 2, spec) == "the model takes exactly 1 instances a request; 2 came."


def test_an_unknown_size_is_shown_as_a_question_mark():
    spec = Input(name="x", dtype="float32", shape=(None, None, 3))

    assert refusal([[1]], spec).endswith("input 'x' takes float32 of shape (?, 3).")


def test_an_input_of_any_shape_says_so():
    assert ANY.wants() == "float32 of any shape"


def test_lists_nested_too_deep_are_refused():
    deep = json.loads("[" * 40 + "1" + "]" * 40)

    with pytest.raises(InputError, match="instance 0 is nested more than 32 lists deep"):
        nested_shape(deep, "instance 0")


def test_one_output_gives_its_values():
    assert write_rows({"y": np.array([[1, 2], [3, 4]])}, 2) == [[1, 2], [3, 4]]


def test_several_outputs_give_an_object_an_instance():
    outputs = {"y": np.array([1, 2]), "label": np.array([b"a", b"b"], dtype=object)}

    assert write_rows(outputs, 2) == [{"y": 1, "label": "a"}, {"y": 2, "label": "b"}]


def test_an_output_named_bytes_is_base64():
    assert write_rows({"raw_bytes": np.array([b"\xff"], dtype=object)}, 1) == [{"b64": "/w=="}]


def test_bytes_that_are_no_text_need_a_name_that_says_so():
    with pytest.raises(RuntimeError, match="output 'raw' is no UTF-8 text: end its name with"):
        write_rows({"raw": np.array([[b"\xff"]], dtype=object)}, 1)


def test_an_output_without_a_row_for_each_instance_is_an_error():
    with pytest.raises(RuntimeError, match=r"output 'y' has the shape \(3,\) for 2 instances"):
        write_rows({"y": np.array([1, 2, 3])}, 2)
