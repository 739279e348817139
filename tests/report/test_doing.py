"""What a program is doing, by the end of its log."""

from __future__ import annotations

import pytest

from vertex_flow.report.doing import doing, readable

KERAS = (
    "Epoch 4/5\n"
    "\x1b[1m 12/188\x1b[0m \x1b[32m━\x1b[0m 3ms/step - accuracy: 0.9100 - loss: 0.3\x08\x08\x08\r"
    "\x1b[1m188/188\x1b[0m \x1b[32m━━━\x1b[0m 3ms/step - accuracy: 0.9731 - loss: 0.0912 "
    "- val_accuracy: 0.9740 - val_loss: 0.0800\n"
)


@pytest.mark.parametrize(
    ("log", "words"),
    [
        (KERAS, "epoch 4/5 val_accuracy 0.974"),
        ("Epoch 1/2\n", "epoch 1/2"),
        ("Epoch 2/2\nloss: nan\n", "epoch 2/2"),
        (
            "epoch 3/6 loss 0.1000 accuracy 0.9000 val_accuracy 0.9800 1.2 s\n",
            "epoch 3/6 val_accuracy 0.98",
        ),
        (
            "Epoch 4:  40%|██ | 40/100 [00:10<00:15, v_num=0, val_acc=0.974]",
            "epoch 4 val_acc 0.974",
        ),
        ("2026-01-01 12:00:00,123 INFO Epoch 2 of 9 loss=1.25e-01", "epoch 2/9 loss 0.125"),
        ("epoch 1/2 val_loss 0.5 val_auc 0.75", "epoch 1/2 val_auc 0.75"),
        ("[12]\tvalidation-auc:0.97123\ttrain-auc:0.99", "round 12 validation-auc 0.9712"),
        ("  0%|   | 0/4\r 40%|#   | 2/4 [00:04<00:06,  1.00it/s]", "40 %"),
        ("uploading:  40%|##  |", "uploading 40 %"),
        ("Downloading model.bin 12.5% of 1 GB\n", "Downloading model.bin 12 %"),
        ("wrote the model\n\n   \n", "wrote the model"),
        ("accuracy 0.9 is 95% of the best\n", "accuracy 0.9 is 95% of the best"),
        ("", ""),
    ],
)
def test_what_a_program_is_doing(log: str, words: str) -> None:
    assert doing(readable(log)) == words


def test_an_epoch_counts_for_a_while_after_it_was_said() -> None:
    log = "Epoch 4/5\n" + "a line\n" * 20
    assert doing(readable(log)) == "epoch 4/5"


def test_an_epoch_of_long_ago_does_not() -> None:
    log = "Epoch 4/5\n" + "a line\n" * 40
    assert doing(readable(log)) == "a line"


def test_a_bar_is_read_as_it_was_last() -> None:
    assert readable("10%|\r20%|\r\n") == ("20%|",)


def test_colours_and_titles_are_left_out() -> None:
    assert readable("\x1b]0;title\x07\x1b[1;31mred\x1b[0m") == ("red",)


def test_nothing_in_a_line_is_obeyed() -> None:
    assert readable("a\u202eb\x07\x00[red]") == ("a\\u202eb\\x07\\x00[red]",)


def test_a_long_line_is_cut() -> None:
    assert readable("x" * 10_000) == ("x" * 500,)


def test_what_is_said_around_a_program_is_left_out() -> None:
    log = (
        "[engine] Image 'python:3.11' is simulated\n"
        "[KFP Executor 2026-01-01 12:00:00,000 INFO]: --executor_input {\n"
        '    "inputs": {}\n'
        "}\n"
        "trained on 3 images\n"
        "[KFP Executor 2026-01-01 12:00:00,000 INFO]: Wrote executor output file\n"
    )
    assert readable(log) == ("trained on 3 images",)
