"""The code in the training image: a small convolutional network for images of 28 × 28 pixels.

It is a program of its own. It imports nothing of `vertex_flow`, and nothing imports it; it runs
with the TensorFlow of the image (2.15, Keras 2) and with newer ones (Keras 3).

```
python -m trainer.task --train_data=train.npz --epochs=5 --learning_rate=0.003 --units=128
```

**In.** An npz file, local or `gs://`, with `x` (float32 from 0 to 1, n × 28 × 28) and `y` (whole
numbers from 0, n). Every parameter that can be tuned is a flag; whole numbers may be written as
Vertex AI's tuning writes them, `--units=64.0`. `--help` lists them. An unknown flag is an error.

**Out.** What Vertex AI's custom training promises, all optional on another machine:

| variable | what is written there |
| --- | --- |
| `AIP_MODEL_DIR` (default `./model`) | a SavedModel: `image` (n × 28 × 28) → `probabilities` |
| the same, its sibling `metrics/metrics.json` | `accuracy`, `loss`, `val_accuracy`, `val_loss` |
| `AIP_CHECKPOINT_DIR` | a checkpoint after each epoch; a new start goes on after the last |
| `AIP_TENSORBOARD_LOG_DIR` | loss and accuracy of `train` and `validation`, each epoch |
| `CLOUD_ML_TRIAL_ID`, `CLOUD_ML_HP_METRIC_FILE` | `val_accuracy` each epoch, for tuning |
| `TF_CONFIG` | read: the replicas that train together, a chief and workers |

One line a finished epoch goes to the standard output. The exit code is 0; 1 with one line on the
standard error when data, model or cluster cannot be trained; 2 for a wrong flag.
"""
