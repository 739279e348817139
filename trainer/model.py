"""The network, and the form in which it is served."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from trainer.data import SIDE
from trainer.options import Options


def build(options: Options, classes: int) -> Any:
    """Build the network: image → one logit a class.

    Two strided convolutions see to it that a step is cheap on a CPU: an epoch over 8,000 images
    is about a second and a half on one core.

    Args:
        options: `units` and `dropout` are used.
        classes: Number of classes, 2 or more.
    """
    layers = tf.keras.layers
    return tf.keras.Sequential(
        [
            tf.keras.Input((SIDE, SIDE)),
            layers.Reshape((SIDE, SIDE, 1)),
            *_convolution(16, 5, strides=2),
            *_convolution(32, 3, strides=2),
            *_convolution(32, 3),
            layers.Flatten(),
            layers.Dense(options.units, activation="relu"),
            layers.Dropout(options.dropout),
            layers.Dense(classes),
        ]
    )


def shifted(images: Any, limit: int, seed: Any) -> Any:
    """Move each image at random by up to `limit` pixels in both directions, and fill up with 0.

    Args:
        images: float32, n × 28 × 28.
        limit: Pixels; 0 leaves the images alone.
        seed: Two whole numbers; the same ones give the same moves.
    """
    if not limit:
        return images
    shape = tf.stack([tf.shape(images)[0], 2])
    offsets = tf.random.stateless_uniform(shape, seed, 0, 2 * limit + 1, tf.int32)
    padded = tf.pad(images, [[0, 0], [limit, limit], [limit, limit]])
    window = tf.range(SIDE)
    rows = tf.gather(padded, offsets[:, :1] + window, axis=1, batch_dims=1)
    return tf.gather(rows, offsets[:, 1:] + window, axis=2, batch_dims=1)


def export(network: Any, directory: str) -> None:
    """Write a SavedModel that is served without Keras.

    Its signature `serving_default` takes `image` (float32, n × 28 × 28) and gives
    `probabilities` (float32, n × classes).

    Args:
        network: A network of `build`, made outside a distribution strategy.
        directory: Local path or `gs://` URI of the SavedModel.
    """

    def serve(image: Any) -> dict[str, Any]:
        return {"probabilities": tf.nn.softmax(network(image, training=False))}

    module: Any = tf.Module()
    # The module holds the bare variables and not the network: what is loaded needs no Keras.
    module.weights = [_variable(weight) for weight in network.variables]
    module.serve = tf.function(
        serve,
        input_signature=[tf.TensorSpec([None, SIDE, SIDE], tf.float32, name="image")],
        autograph=False,
    )
    tf.saved_model.save(module, directory, signatures={"serving_default": module.serve})


def _convolution(filters: int, size: int, strides: int = 1) -> list[Any]:
    layers = tf.keras.layers
    return [
        layers.Conv2D(filters, size, strides=strides, padding="same", use_bias=False),
        # An epoch has about a hundred steps: Keras' momentum of 0.99 would lag behind.
        layers.BatchNormalization(momentum=0.9),
        layers.ReLU(),
    ]


def _variable(weight: Any) -> Any:
    """Give the TensorFlow variable of a Keras weight: in Keras 2 they are one."""
    return weight if isinstance(weight, tf.Variable) else weight.value
