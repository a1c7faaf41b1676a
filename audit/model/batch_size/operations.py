"""How TensorFlow's operations pass on what depends on the number of rows in a batch.

What is not listed compares: a value that follows from the number of rows jumps in it.
"""

_SMOOTH = """
    Identity IdentityN StopGradient PreventGradient Snapshot EnsureShape CheckNumerics Bitcast
    Switch RefSwitch _SwitchN Merge RefMerge Enter RefEnter Exit RefExit NextIteration
    Pack Unpack Concat ConcatV2 ConcatOffset Reshape Squeeze ExpandDims Transpose Tile BroadcastTo BroadcastArgs Fill
    Split SplitV Slice StridedSlice Gather GatherV2 GatherNd ResourceGather ResourceGatherNd ReverseV2 Roll Pad PadV2
    MirrorPad ReverseSequence SpaceToBatchND BatchToSpaceND MatrixDiag MatrixDiagPart MatrixDiagV3 MatrixDiagPartV3
    Add AddV2 AddN AccumulateNV2 Sub Mul Div RealDiv DivNoNan MulNoNan Neg Square Sqrt Rsqrt Inv Reciprocal Pow
    Exp Expm1 Log Log1p SquaredDifference BiasAdd BiasAddV1 LinSpace Range
    Sum Mean Prod EuclideanNorm L2Loss Cumsum Cumprod MatMul BatchMatMul BatchMatMulV2 BatchMatMulV3 Einsum
    Conv2D DepthwiseConv2dNative Conv3D AvgPool OnesLike ZerosLike
    SegmentSum SegmentMean UnsortedSegmentSum SparseSegmentSum SparseSegmentMean SparseSegmentSqrtN SparseToDense
    ScatterNd TensorScatterUpdate TensorScatterAdd DynamicPartition DynamicStitch ParallelDynamicStitch
    SparseTensorDenseMatMul SparseReshape SparseFillEmptyRows RaggedTensorToTensor RaggedTensorToSparse RaggedGather
    RaggedRange Bincount DenseBincount RaggedBincount SparseSplit SparseConcat SparseSlice
    EmptyTensorList TensorListReserve TensorListFromTensor TensorListStack TensorListGetItem TensorListSetItem
    TensorListPushBack TensorListPopBack TensorListConcat TensorListConcatV2 TensorListGather TensorListScatter
    TensorListScatterV2 TensorListSplit TensorListLength TensorListElementShape TensorListResize
    TensorArrayV3 TensorArrayReadV3 TensorArrayWriteV3 TensorArrayGatherV3 TensorArrayScatterV3 TensorArrayConcatV3
    TensorArraySplitV3 TensorArraySizeV3 TensorArrayCloseV3
    StringSplitV2 StringSplit UnicodeDecode UnicodeDecodeWithOffsets
"""

SMOOTH = frozenset(_SMOOTH.split())
"""Operations whose results follow from their inputs without a jump, or move them to other places only."""

SHAPES: dict[str, tuple[int, ...]] = {
    **dict.fromkeys(
        ("Reshape", "BroadcastTo", "Tile", "ExpandDims", "Transpose", "ReverseV2", "Pad", "PadV2"), (1,)
    ),
    **dict.fromkeys(
        ("MirrorPad", "Bincount", "DenseBincount", "ResizeBilinear", "ResizeNearestNeighbor"), (1,)
    ),
    **dict.fromkeys(("ResizeBicubic", "ResizeArea", "ScaleAndTranslate", "SegmentSum", "SegmentMean"), (1,)),
    **dict.fromkeys(("SegmentMax", "SegmentMin", "SegmentProd", "DynamicPartition", "OneHot"), (1,)),
    **dict.fromkeys(
        ("TensorListFromTensor", "TensorListSetItem", "TensorListStack", "ReverseSequence"), (1,)
    ),
    **dict.fromkeys(
        ("TensorListGather", "TensorArrayReadV3", "TensorArrayWriteV3", "TensorArrayGatherV3"), (1,)
    ),
    **dict.fromkeys(("TensorArrayScatterV3", "TensorListPopBack", "TensorListResize", "CropAndResize"), (1,)),
    **dict.fromkeys(("TensorScatterUpdate", "TensorScatterAdd", "TensorScatterSub", "RandomShuffle"), (1,)),
    **dict.fromkeys(
        ("Fill", "RandomUniform", "RandomStandardNormal", "TruncatedNormal", "RandomUniformInt"), (0,)
    ),
    **dict.fromkeys(
        ("StatelessRandomNormalV2", "StatelessRandomUniformV2", "StatelessTruncatedNormalV2"), (0,)
    ),
    **dict.fromkeys(("StatelessRandomNormal", "StatelessRandomUniform", "StatelessTruncatedNormal"), (0,)),
    **dict.fromkeys(("Conv2DBackpropInput", "Conv3DBackpropInputV2", "TensorArrayV3", "Empty"), (0,)),
    **dict.fromkeys(("DepthwiseConv2dNativeBackpropInput", "Split", "PlaceholderWithDefault"), (0,)),
    **dict.fromkeys(
        ("EmptyTensorList", "TensorListReserve", "BroadcastArgs", "BroadcastGradientArgs"), (0, 1)
    ),
    **dict.fromkeys(
        ("UnsortedSegmentSum", "UnsortedSegmentMax", "UnsortedSegmentMin", "SplitV", "Roll"), (1, 2)
    ),
    **dict.fromkeys(
        ("UnsortedSegmentProd", "SparseSegmentSum", "SparseSegmentMean", "SparseReshape"), (1, 2)
    ),
    **dict.fromkeys(("SparseSegmentSqrtN", "TensorListGetItem", "TensorListScatter"), (1, 2)),
    **dict.fromkeys(("TensorListScatterV2", "SpaceToBatchND", "BatchToSpaceND"), (1, 2, 3)),
    **dict.fromkeys(("SparseSegmentSumWithNumSegments", "SparseSegmentMeanWithNumSegments"), (1, 2, 3)),
    **dict.fromkeys(("SparseToDense", "SparseSlice"), (0, 1)),
    **dict.fromkeys(
        ("ScatterNd", "RaggedBincount", "SparseFillEmptyRows", "SparseTensorDenseMatMul"), (0, 2)
    ),
    **dict.fromkeys(("RaggedGather", "RaggedRange", "DenseToSparseSetOperation", "LinSpace"), (2,)),
    "RaggedTensorToSparse": (0,),
    "StringNGrams": (1,),
    "UnicodeEncode": (1,),
    "MatrixBandPart": (1, 2),
    "MatrixDiagV3": (1, 2, 3),
    "MatrixDiagPartV3": (1,),
    "SparseSegmentSqrtNWithNumSegments": (1, 2, 3),
}
"""Inputs, by position, that say how large a result is or where its parts lie, and are no part of its values."""

SHAPES_FROM: dict[str, int] = {"RaggedTensorToTensor": 3}
"""As `SHAPES`, all inputs from a position on; the first one is such an input as well."""

INDEXES: dict[str, int] = {
    **dict.fromkeys(("Gather", "GatherV2", "GatherNd", "ResourceGather", "ResourceGatherNd"), 1),
    **dict.fromkeys(("Slice", "StridedSlice"), 1),
}
"""The input, by position, that chooses among values of the first input."""

SUMS = frozenset({"Sum", "Mean", "Prod", "EuclideanNorm", "L2Loss", "ArgMax", "ArgMin", "Cumsum", "Cumprod"})
"""Operations that count rows when they add over the dimension of the batch."""

IGNORED = frozenset({"Assert", "NoOp", "Rank", "IsVariableInitialized", "VarHandleOp", "ReadVariableOp"})
"""Operations whose results are free of the number of rows."""
