"""Operations of TensorFlow that reach beyond a model: files, network, processes, Python, the terminal.

Names only: the policy, which may allow some of them, needs no framework.
"""

from __future__ import annotations

_REACHING_OUT = """
    DatasetFromGraph DeserializeIterator RemoteFusedGraphExecute
    Abort EagerPyFunc LoadLibrary Print PrintV2 PyFunc PyFuncStateless RemoteCall
    CalibrationStatisticsSaver DumpTensor FileSystemSetConfiguration ImmutableConst MatchingFiles ReadFile WriteFile
    DebugIdentity DebugIdentityV2 DebugIdentityV3 DebugNanCount DebugNumericSummary
    DataServiceDataset DataServiceDatasetV2 DataServiceDatasetV3 DataServiceDatasetV4 RegisterDataset RegisterDatasetV2
    RpcCall RpcClient RpcServer RpcServerRegister RpcServerStart
    DecodeProtoV2 EncodeProto FixedUnigramCandidateSampler GenerateVocabRemapping LoadAndRemapMatrix
    RecordInput Skipgram
    FixedLengthRecordReader FixedLengthRecordReaderV2 LMDBReader TFRecordReader TFRecordReaderV2
    TextLineReader TextLineReaderV2 WholeFileReader WholeFileReaderV2
    CSVDataset CSVDatasetV2 CacheDataset CacheDatasetV2 ExperimentalCSVDataset ExperimentalLMDBDataset
    ExperimentalMatchingFilesDataset ExperimentalSqlDataset FixedLengthRecordDataset FixedLengthRecordDatasetV2
    LMDBDataset MatchingFilesDataset SqlDataset TFRecordDataset TFRecordDatasetV2 TextLineDataset
    DatasetToTFRecord DistributedSave ExperimentalDatasetToTFRecord LoadDataset SaveDataset SaveDatasetV2
    ListSnapshotChunksDataset SnapshotChunkDataset SnapshotDataset SnapshotDatasetReader SnapshotDatasetV2
    CreateSummaryDbWriter CreateSummaryFileWriter
"""
_SAVES = "DeleteFile MergeV2Checkpoints Save SaveSlices SaveV2"
_RESTORES = "DTensorRestoreV2 Restore RestoreSlice RestoreV2"

NEVER = frozenset(_REACHING_OUT.split())
"""What no model needs to compute scores."""

SAVES = frozenset(_SAVES.split())
"""What writes checkpoints: for the saver only."""

RESTORES = frozenset(_RESTORES.split())
"""What reads checkpoints: for the saver only."""

TABLES = frozenset({"InitializeTableFromTextFile", "InitializeTableFromTextFileV2"})
"""What fills a lookup table from a file: from the model's own assets only."""

UNSAFE = NEVER | SAVES | RESTORES | TABLES
"""All that a policy may allow by name."""
