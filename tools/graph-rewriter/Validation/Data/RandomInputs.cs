namespace FlashRt.Validation;

/// <summary>
/// Seeded inputs for any model. Floats are N(0, 1) and never zero, so that nothing is skipped or multiplied away; token ids stay
/// below the size of the embedding they index; inputs called position count up from 0; masks let everything through.
/// </summary>
public static class RandomInputs
{
    // Made as numbers of eight bytes, whose bytes a span must hold.
    private const long MostElements = int.MaxValue / sizeof(double);

    /// <summary>One tensor for each input of the graph that has no default.</summary>
    public static IReadOnlyDictionary<string, HostTensor> For(OnnxModel model, IReadOnlyDictionary<string, long[]>? shapes = null, int seed = 0)
    {
        var sizes = InputShapes.Of(model, shapes);
        var defaults = model.Proto.Graph.Initializer.Select(i => i.Name).ToHashSet(StringComparer.Ordinal);
        var inputs = new Dictionary<string, HostTensor>(StringComparer.Ordinal);
        foreach (var input in model.Proto.Graph.Input.Where(i => !defaults.Contains(i.Name)))
        {
            if (input.Type?.TensorType is not { } type)
                throw new ValidationException($"Input '{input.Name}' is not a tensor; only tensors can be made up.");
            var dims = sizes.For(input);
            if (dims.Aggregate(1.0, (n, d) => n * d) > MostElements)
                throw new ValidationException($"Input '{input.Name}' is [{string.Join(',', dims)}]; random inputs have at most {MostElements} elements.");
            // Each input draws from its own sequence, so that an added input does not change the others.
            var random = new Random(HashCode(input.Name) ^ seed * 7919);
            inputs.Add(input.Name, Make(model.Graph.Find(input.Name)!, (DataType)type.ElemType, dims, random));
        }
        return inputs;
    }

    /// <summary>N(0, 1) times <paramref name="scale"/>, without zeros.</summary>
    internal static HostTensor Normal(DataType type, IReadOnlyList<long> dims, Random random, double scale = 1)
    {
        var values = new double[dims.Aggregate(1L, (n, d) => n * d)];
        for (var i = 0; i < values.Length; i++)
        {
            double value;
            do value = Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());
            while (Math.Abs(value) < 1e-3);
            values[i] = value * scale;
        }
        return HostTensor.Of<double>(dims, values).Cast(type);
    }

    private static HostTensor Make(Value input, DataType type, long[] dims, Random random)
    {
        var isMask = input.Name.Contains("mask", StringComparison.OrdinalIgnoreCase);
        if (type.IsFloat()) return isMask ? Filled(type, dims, _ => 1) : Normal(type, dims, random);
        if (type == DataType.Bool || isMask) return Filled(type, dims, _ => 1);
        if (!type.IsInteger()) throw new ValidationException($"Input '{input.Name}' is {type.Name()}; only numbers and bool can be made up.");

        var end = TokenRange.Of(input);
        if (input.Name.Contains("position", StringComparison.OrdinalIgnoreCase))
        {
            var row = dims.Length == 0 ? 1 : dims[^1];
            return Filled(type, dims, i => i % row % (end ?? long.MaxValue));
        }
        if (type is DataType.Uint8 or DataType.Int8) return Filled(type, dims, _ => random.Next(1, 128));
        return Filled(type, dims, _ => random.NextInt64(end ?? 2));
    }

    private static HostTensor Filled(DataType type, long[] dims, Func<long, long> element)
    {
        var values = new long[dims.Aggregate(1L, (n, d) => n * d)];
        for (var i = 0; i < values.Length; i++) values[i] = element(i);
        return type switch
        {
            DataType.Int64 => HostTensor.Of<long>(dims, values),
            DataType.Uint64 => HostTensor.Of<ulong>(dims, [.. values.Select(v => (ulong)v)]),
            DataType.Uint32 => HostTensor.Of<uint>(dims, [.. values.Select(v => (uint)v)]),
            DataType.Int16 => HostTensor.Of<short>(dims, [.. values.Select(v => (short)v)]),
            DataType.Uint16 => HostTensor.Of<ushort>(dims, [.. values.Select(v => (ushort)v)]),
            DataType.Uint8 => HostTensor.Of<byte>(dims, [.. values.Select(v => (byte)v)]),
            DataType.Int8 => HostTensor.Of<sbyte>(dims, [.. values.Select(v => (sbyte)v)]),
            _ => HostTensor.Of<long>(dims, values).Cast(type),
        };
    }

    // string.GetHashCode differs from run to run.
    private static int HashCode(string text) => text.Aggregate(17, (hash, c) => unchecked(hash * 31 + c));
}
