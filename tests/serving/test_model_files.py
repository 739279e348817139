import pytest

from vertex_flow.serving.model_files import ModelLoadError, model_file, model_folder


def test_the_folder_is_found(tmp_path):
    assert tmp_path == model_folder(str(tmp_path))


def test_no_storage_uri_says_what_to_do():
    with pytest.raises(ModelLoadError, match=r"AIP_STORAGE_URI is not set.*artifact_uri="):
        model_folder(None)


def test_a_missing_folder_is_named(tmp_path):
    with pytest.raises(ModelLoadError, match=r"the model's folder .*/gone does not exist"):
        model_folder(str(tmp_path / "gone"))


def test_the_preferred_file_comes_first(tmp_path):
    for name in ("model.pkl", "model.joblib"):
        (tmp_path / name).touch()

    found = model_file(tmp_path, ("model.joblib", "model.pkl"), framework="scikit-learn")

    assert tmp_path / "model.joblib" == found


def test_a_folder_without_a_model_lists_what_it_holds(tmp_path):
    (tmp_path / "notes.txt").touch()

    with pytest.raises(ModelLoadError) as caught:
        model_file(tmp_path, ("model.joblib", "model.pkl"), framework="scikit-learn")

    assert str(caught.value) == (
        f"{tmp_path} holds no scikit-learn model: expected model.joblib or model.pkl, "
        "found notes.txt."
    )
