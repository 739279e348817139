"""A stage of one's own put into the MNIST flow, and a stage swapped for another.

python examples/custom_stage.py --data mnist.npz
"""

# No `from __future__ import annotations`: KFP reads the annotations of its components.
import argparse
import sys
from typing import NamedTuple

import mnist_data
from kfp import dsl
from kfp.dsl import Dataset, Input, Model, Output
from mnist_flow import mnist_flow

from vertex_flow import Flow, In, Inputs, Out, Outputs, Stage, Value, stage
from vertex_flow.errors import VertexFlowError
from vertex_flow.stages import Evaluate


@dsl.component(base_image="python:3.11", packages_to_install=["numpy"])
def shift_images(images: Input[Dataset], train_data: Output[Dataset], pixels: int) -> int:
    """Add a shifted copy of every image, so that the model minds position less."""
    import numpy as np

    with np.load(images.path) as data:
        x, y = data["x"], data["y"]
    moved = np.roll(x, (pixels, pixels), axis=(1, 2))
    with open(train_data.path, "wb") as file:
        np.savez(file, x=np.concatenate([x, moved]), y=np.concatenate([y, y]))
    return 2 * len(x)


@stage
class Shift(Stage):
    """Double the training images by shifting them.

    Attributes:
        images: Images to start from, an npz file with `x` and `y`.
        pixels: How far the copies are shifted, down and to the right.
        train_data: The images and their shifted copies.
        samples: How many there are now.
    """

    images: In[Dataset] = In()
    pixels: Value[int] = 1
    train_data = Out(Dataset)
    samples = Out(int)

    def emit(self, io: Inputs) -> Outputs:
        """Run the component."""
        task = shift_images(images=io.images, pixels=io.pixels)
        return {"train_data": task.outputs["train_data"], "samples": task.outputs["Output"]}


def worst_digit(model: Input[Model], test_data: Input[Dataset], least: float) -> NamedTuple(
    "Outputs", [("passed", bool), ("accuracy", float)]
):  # type: ignore[valid-type]
    """Pass a model only when it reads even its worst digit well enough."""
    import numpy as np
    import tensorflow as tf

    with np.load(test_data.path) as data:
        x, y = data["x"], data["y"]
    serve = tf.saved_model.load(model.path).signatures["serving_default"]
    right = np.argmax(next(iter(serve(image=tf.constant(x)).values())), axis=1) == y
    by_digit = {int(digit): float(right[y == digit].mean()) for digit in np.unique(y)}
    worst = min(by_digit, key=by_digit.__getitem__)
    print(f"worst digit: {worst}, {by_digit[worst]:.1%} right")
    return (by_digit[worst] >= least, float(right.mean()))


def custom_flow() -> Flow:
    """The MNIST flow with shifted images, without tuning, judged by its worst digit."""
    flow = mnist_flow()
    preprocess = flow["preprocess"]
    judge = Evaluate(component=worst_digit, arguments={"least": 0.8}, packages=["tensorflow"])
    return (
        flow.insert_after("preprocess", Shift(images=preprocess.ports["train_data"]))
        .without("hyper-tune")
        .replace("evaluate", judge)
    )


def main() -> int:
    """Show the flow and run it on this machine."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", default="auto", help="npz file, or auto")
    parser.add_argument("--epochs", type=int, default=4)
    options = parser.parse_args()
    flow = custom_flow()
    print(flow)
    try:
        data = mnist_data.locate(options.data, cloud=False)
        run = flow.run(params={"data": data, "epochs": options.epochs})
        print(run.summary())
        run.close()
    except (VertexFlowError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
