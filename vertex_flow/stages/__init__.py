"""The stages of the documented pipeline, from a data set to a deployed model."""

from vertex_flow.stages.deploy import Deploy
from vertex_flow.stages.evaluate import Evaluate
from vertex_flow.stages.hyper_tune import HyperTune
from vertex_flow.stages.import_dataset import ImportDataset
from vertex_flow.stages.preprocess import Preprocess
from vertex_flow.stages.register import Register
from vertex_flow.stages.train import Train

__all__ = [
    "Deploy",
    "Evaluate",
    "HyperTune",
    "ImportDataset",
    "Preprocess",
    "Register",
    "Train",
]
