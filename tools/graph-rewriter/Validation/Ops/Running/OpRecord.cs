namespace FlashRt.Validation.Ops;

/// <summary>What the validation of one form of call found.</summary>
/// <param name="Op">Op.</param>
/// <param name="SeedIds">Kernels of the seed catalog that are calls of this form.</param>
/// <param name="Signature">The call as text.</param>
/// <param name="Provider">Execution provider.</param>
/// <param name="Shapes">What was tried, in words with shapes.</param>
/// <param name="WorstError">Absolute error (for codes: steps) where error and tolerance are in the worst proportion.</param>
/// <param name="Tolerance">What was allowed there.</param>
/// <param name="Passed">Whether every output of every call was within its tolerance.</param>
/// <param name="Failures">What was wrong.</param>
public sealed record OpRecord(
    string Op,
    IReadOnlyList<string> SeedIds,
    string Signature,
    OpProvider Provider,
    IReadOnlyList<string> Shapes,
    double WorstError,
    double Tolerance,
    bool Passed,
    IReadOnlyList<string> Failures);
