using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;

namespace FlashRt.Onnx.Runtime;

/// <summary>Compares the outputs of a run with those of an ordinary run on the same inputs into separate buffers.</summary>
internal sealed class SelfCheck : IDisposable
{
    private const int Part = 1 << 24;  // elements compared at a time
    private readonly FlashRtSession _session;
    private readonly BufferPlan _buffers;

    internal SelfCheck(FlashRtSession session, BufferPlan buffers)
    {
        _session = session;
        _buffers = buffers;
        foreach (var (name, tensor) in buffers.Outputs) Reference.Add(name, DeviceTensor.Create(tensor.ElementType, tensor.Shape, tensor.Device));
    }

    /// <summary>Where the ordinary run writes.</summary>
    internal Dictionary<string, DeviceTensor> Reference { get; } = [];

    internal void Compare(bool captured)
    {
        var wrong = new List<CaptureIssue>();
        foreach (var (name, expected) in Reference)
        {
            double error = Error(_buffers.Outputs[name], expected);
            double tolerance = _session.Options.SelfCheckTolerance ?? Tolerance(expected.ElementType);
            if (!(error <= tolerance)) wrong.Add(new(name, "", $"output differs by a relative error of {error:g3}, more than {tolerance:g3}"));
        }
        if (wrong.Count == 0) return;
        string names = string.Join(", ", wrong.Select(w => w.Node));
        if (!captured)
            throw new FlashRtException($"Updating buffers in place changes the model's outputs ({names}): some node reads an input buffer after it was "
                + $"overwritten. Bind separate buffers instead of InPlace.\n  {string.Join("\n  ", wrong)}");
        throw new CaptureException(
            $"The replay of the CUDA graph differs from an ordinary run on the same inputs, in {names}. Open the session without CudaGraph; "
            + "if the difference is rounding, raise SelfCheckTolerance. Suspects:", [.. wrong, .. _session.RisksInRun]);
    }

    public void Dispose()
    {
        foreach (DeviceTensor tensor in Reference.Values) tensor.Dispose();
    }

    /// <summary>|actual - expected| / |expected| (Euclidean norms); infinite where integers, NaNs or infinities differ.</summary>
    internal static double Error(DeviceTensor actual, DeviceTensor expected) => expected.ElementType switch
    {
        TensorElementType.Float => Relative<float>(actual, expected, v => v),
        TensorElementType.Double => Relative<double>(actual, expected, v => v),
        TensorElementType.Float16 => Relative<Half>(actual, expected, v => (double)v),
        TensorElementType.BFloat16 => Relative<BFloat16>(actual, expected, v => (float)v),
        TensorElementType.Int8 => Exact<sbyte>(actual, expected),
        TensorElementType.UInt8 => Exact<byte>(actual, expected),
        TensorElementType.Int16 => Exact<short>(actual, expected),
        TensorElementType.UInt16 => Exact<ushort>(actual, expected),
        TensorElementType.Int32 => Exact<int>(actual, expected),
        TensorElementType.UInt32 => Exact<uint>(actual, expected),
        TensorElementType.Int64 => Exact<long>(actual, expected),
        TensorElementType.UInt64 => Exact<ulong>(actual, expected),
        _ => Exact<bool>(actual, expected),
    };

    private static double Tolerance(TensorElementType type) => type switch
    {
        TensorElementType.Float => 1e-4,
        TensorElementType.Float16 => 1e-2,
        TensorElementType.BFloat16 => 3e-2,
        TensorElementType.Double => 1e-10,
        _ => 0,
    };

    private static double Relative<T>(DeviceTensor actual, DeviceTensor expected, Func<T, double> read) where T : unmanaged
    {
        double difference = 0, scale = 0;
        for (long start = 0; start < expected.ElementCount; start += Part)
        {
            var (a, e) = Read<T>(actual, expected, start);
            for (int i = 0; i < a.Length; i++)
            {
                double x = read(a[i]), y = read(e[i]);
                if (x.Equals(y)) continue;  // also NaN and NaN, and equal infinities
                if (!double.IsFinite(x) || !double.IsFinite(y)) return double.PositiveInfinity;
                difference += (x - y) * (x - y);
            }
            foreach (T value in e)
            {
                double y = read(value);
                if (double.IsFinite(y)) scale += y * y;
            }
        }
        return difference == 0 ? 0 : Math.Sqrt(difference / scale);
    }

    private static double Exact<T>(DeviceTensor actual, DeviceTensor expected) where T : unmanaged, IEquatable<T>
    {
        for (long start = 0; start < expected.ElementCount; start += Part)
        {
            var (a, e) = Read<T>(actual, expected, start);
            if (!a.AsSpan().SequenceEqual(e)) return double.PositiveInfinity;
        }
        return 0;
    }

    private static (T[] Actual, T[] Expected) Read<T>(DeviceTensor actual, DeviceTensor expected, long start) where T : unmanaged
    {
        long count = Math.Min(Part, expected.ElementCount - start);
        using DeviceTensor a = actual.Slice(start, count), e = expected.Slice(start, count);
        return (a.ToArray<T>(), e.ToArray<T>());
    }
}
