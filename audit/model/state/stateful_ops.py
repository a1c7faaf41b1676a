"""Classes of TensorFlow's stateful operations: allowed for a reason, random, or refused.

An operation that nobody has thought about is refused, so that a new version of TensorFlow opens no hole. That an
operation is stateful is what its registration says, and what `_UNMARKED` and references to variables add.
"""

from collections.abc import Mapping
from typing import Any, Literal

from audit.frameworks.tensorflow_loader import operation_definition

Class = Literal["pure", "allowed", "random", "refused"]

_REASONS = {
    "read variables, which nothing that is allowed writes": """
        VarHandleOp ReadVariableOp ResourceGather ResourceGatherNd VariableShape VarIsInitializedOp
        Variable VariableV2 IsVariableInitialized RefIdentity RefSwitch RefMerge RefEnter RefExit RefNextIteration
    """,
    "make and read lookup tables, which nothing that is allowed fills but loading": """
        HashTable HashTableV2 AnonymousHashTable MutableHashTable MutableHashTableV2 AnonymousMutableHashTable
        MutableHashTableOfTensors MutableHashTableOfTensorsV2 AnonymousMutableHashTableOfTensors
        MutableDenseHashTable MutableDenseHashTableV2 AnonymousMutableDenseHashTable
        LookupTableFind LookupTableFindV2 LookupTableSize LookupTableSizeV2 LookupTableExport LookupTableExportV2
    """,
    "read ensembles of trees": "BoostedTreesEnsembleResourceHandleOp BoostedTreesPredict",
    "call functions and branches, which are looked into": "StatefulPartitionedCall If Case While XlaLaunch",
    "live within one call": """
        TensorArrayV3 TensorArrayWriteV3 TensorArrayReadV3 TensorArrayGatherV3 TensorArrayScatterV3
        TensorArrayConcatV3 TensorArraySplitV3 TensorArraySizeV3 TensorArrayCloseV3
    """,
    "stop a call that goes wrong, and change no value": "Assert CheckNumerics CheckNumericsV2",
    "return the same value whenever they are called": "GuaranteeConst StatelessRandomGetAlg GraphDefVersion",
    "stand for arguments and results of functions": "_Arg _Retval",
}

ALLOWED: Mapping[str, str] = {name: reason for reason, names in _REASONS.items() for name in names.split()}
"""The reason why a stateful operation may run while rows are scored, by its type."""

_RANDOM = """
    RandomUniform RandomUniformInt RandomStandardNormal TruncatedNormal ParameterizedTruncatedNormal
    RandomGamma RandomPoisson RandomPoissonV2 RandomShuffle RandomCrop Multinomial NonDeterministicInts
    SampleDistortedBoundingBox SampleDistortedBoundingBoxV2
    AllCandidateSampler LogUniformCandidateSampler UniformCandidateSampler
    CudnnRNN CudnnRNNV2 CudnnRNNV3
"""

RANDOM = frozenset(_RANDOM.split())
"""Operations that draw numbers from a generator of their own; layers of cuDNN do for their dropout."""

_LOADING = """
    Assign AssignVariableOp RestoreV2 Restore RestoreSlice
    InitializeTable InitializeTableV2 InitializeTableFromTextFile InitializeTableFromTextFileV2
    LookupTableImport LookupTableImportV2 LookupTableInsert LookupTableInsertV2
    BoostedTreesCreateEnsemble BoostedTreesDeserializeEnsemble
"""

LOADING = frozenset(_LOADING.split())
"""Operations that may run when a model is loaded: they fill its variables and tables."""

_UNMARKED = frozenset(
    {"InplaceAdd", "InplaceSub", "InplaceUpdate", "Batch", "Unbatch", "UnbatchGrad", "BatchFunction"}
)
"""Operations that are not registered as stateful: they write into constants, or collect rows over several calls."""

_HOST_PROGRAMS = frozenset({"MlirPassthroughOp", "XlaCustomCall", "XlaCustomCallV2"})
"""Operations that are not registered as stateful, and call programs that no graph shows."""


def class_of(operation: str) -> Class:
    """Return the class of a type of operations; ``refused`` is every stateful one that has no other class.

    A type that is not registered is that of a function, whose operations count instead.
    """
    if operation in ALLOWED:
        return "allowed"
    if operation in RANDOM:
        return "random"
    definition = operation_definition(operation)
    return "refused" if definition is not None and _keeps_state(definition) else "pure"


def is_seeded(node: Any) -> bool:
    """Return whether the numbers that a random operation draws follow from how often it was called."""
    without_dropout = node.op.startswith("CudnnRNN") and not node.attr["dropout"].f
    return not without_dropout and any(node.attr[name].i for name in ("seed", "seed2"))


def _keeps_state(definition: Any) -> bool:
    return (
        definition.is_stateful
        or definition.name in _UNMARKED | _HOST_PROGRAMS
        or "Dataset" in definition.name
        or any(argument.is_ref for argument in definition.input_arg)
    )
