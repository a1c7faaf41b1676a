"""TensorFlow operations that reach files, network, processes, Python or the terminal.

Names only: the policy, which may allow some of them, needs no framework.
"""

_NEVER = """
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

NEVER = frozenset(_NEVER.split())
"""Operations that no model needs to compute scores."""

SAVES = frozenset({"DeleteFile", "MergeV2Checkpoints", "Save", "SaveSlices", "SaveV2"})
"""Operations that write checkpoints: for the saver only."""

RESTORES = frozenset({"DTensorRestoreV2", "Restore", "RestoreSlice", "RestoreV2"})
"""Operations that read checkpoints: for the saver only."""

TABLES = frozenset({"InitializeTableFromTextFile", "InitializeTableFromTextFileV2"})
"""Operations that fill a lookup table from a file: from the model's own assets only."""

UNSAFE = NEVER | SAVES | RESTORES | TABLES
"""All operations that reach beyond a model; a policy may allow them by name."""

BATCH_SIZE = "batch_size"
"""The name under which a policy allows scores that depend on the number of rows in a batch."""
