"""`vertex-flow tensorboard`."""

from __future__ import annotations

from tests.cli.shop import Shop


def test_a_run_without_training(shop: Shop) -> None:
    done = shop("tensorboard", shop.done)
    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr == (
        f"Error: run {shop.done} has no training job or trial yet, and so no logs for "
        "TensorBoard.\n"
    )
