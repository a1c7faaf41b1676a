"""Constants of a graph, also those that it only reshapes or passes on."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from audit.frameworks.tensorflow_loader import tensorflow
from audit.model.graph.traversal import node_name


def constant(tensor: str, nodes: Mapping[str, Any]) -> np.ndarray | None:
    """Return the value of a tensor, None if it is not constant.

    ``tf.io.parse_example`` gives each default the shape of its feature, by an operation of the graph.

    Args:
        tensor: its name.
        nodes: the nodes of the graph or function, by name.
    """
    node = nodes.get(node_name(tensor))
    if node is None or node.op not in ("Const", "Identity", "Reshape"):
        return None
    if node.op == "Const":
        return np.asarray(tensorflow().make_ndarray(node.attr["value"].tensor))
    value = constant(node.input[0], nodes)
    if node.op == "Identity" or value is None:
        return value
    shape = constant(node.input[1], nodes)
    return None if shape is None else value.reshape(shape)
