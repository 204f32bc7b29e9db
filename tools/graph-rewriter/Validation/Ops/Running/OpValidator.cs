namespace FlashRt.Validation.Ops;

/// <summary>Runs op cases on ONNX Runtime and holds the results against the references.</summary>
public static class OpValidator
{
    /// <summary>Runs every sample of a case in one session, whose inputs have any rank.</summary>
    public static OpRecord Run(OpCase opCase, OpProvider provider)
    {
        var on = new RunOn(Library: true, Cuda: provider == OpProvider.Cuda, Optimised: true);
        return Run(opCase, provider, opCase.Samples, sample => OpModel.AnyRank(OpModel.Build(opCase.Signature, sample.Operands)), on, Compare, _ => "");
    }

    /// <summary>
    /// Runs the unfused standard-ONNX graph of a case, in float32, on ONNX Runtime's own CPU kernels, without our library, and holds it
    /// against the same references. Null when the op has no such graph.
    /// </summary>
    public static OpRecord? RunBody(OpCase opCase)
    {
        if (!OpBodies.Has(opCase.Signature))
            return null;
        var samples = opCase.Samples.Where(s => s.Ordinary).ToList();
        return Run(opCase, OpProvider.Cpu, samples, sample => OpBodies.Build(opCase.Signature, sample.Operands), RunOn.Stock, OpBodies.Compare,
            sample => string.Join(' ', opCase.Signature.Inputs.Select(i => sample.Operands[i]).Select(t => OpBodies.DependsOnSizes(opCase.Signature) ? t.ShapeText : $"{t.Shape.Length}")));
    }

    private delegate IEnumerable<(string Output, OutputCheck Check)> Comparer(OpSignature signature, IReadOnlyList<Expected> expected, IReadOnlyDictionary<string, OpTensor> actual);

    private static OpRecord Run(OpCase opCase, OpProvider provider, IEnumerable<OpSample> samples, Func<OpSample, OnnxModel> build, RunOn on, Comparer compare, Func<OpSample, string> sessionOf)
    {
        var signature = opCase.Signature;
        var shapes = new List<string>();
        var failures = new List<string>();
        double error = 0, tolerance = 0, proportion = 0;
        foreach (var group in samples.GroupBy(sessionOf))
        {
            using var runner = ModelRunner.Open(build(group.First()), on);
            foreach (var sample in group)
            {
                shapes.Add($"{sample.Why} {sample.Operands[signature.Inputs[0]].ShapeText}");
                var expected = OpReferences.Compute(new OpCall(signature, sample.Operands));
                var actual = Run(runner, signature, sample);
                foreach (var (output, check) in compare(signature, expected, actual))
                {
                    if (!check.Passed)
                        failures.Add($"{sample.Why}, output {output}: {check.Failure}");
                    var p = check.WorstError / Math.Max(check.Tolerance, double.Epsilon);
                    if (!(p > proportion))
                        continue;
                    (error, tolerance, proportion) = (check.WorstError, check.Tolerance, p);
                }
            }
        }
        return new OpRecord(signature.Op.Name, signature.SeedIds, signature.ToString(), provider, shapes, error, tolerance, failures.Count == 0, failures);
    }

    private static Dictionary<string, OpTensor> Run(ModelRunner runner, OpSignature signature, OpSample sample)
    {
        var feeds = signature.Inputs.ToDictionary(name => name, name => OpTensorBytes.ToHost(sample.Operands[name]));
        return runner.Run(feeds).ToDictionary(r => r.Key, r => OpTensorBytes.FromHost(r.Value));
    }

    private static IEnumerable<(string Output, OutputCheck Check)> Compare(OpSignature signature, IReadOnlyList<Expected> expected, IReadOnlyDictionary<string, OpTensor> actual)
    {
        for (var i = 0; i < signature.Op.Outputs.Count; i++)
        {
            var name = signature.Op.Outputs[i].Name;
            if (signature.Outputs.Contains(name))
                yield return (name, OutputCheck.Of(expected[i], actual[name]));
        }
    }
}
