using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace FlashRt.GraphRewriter.Ir;

/// <summary>
/// A constant's data, little endian and row-major. External data stays in its mapped file and data in the protobuf stays there:
/// nothing is copied unless the model stores it in the typed fields.
/// </summary>
public sealed partial class ConstantTensor
{
    private readonly ITensorBytes bytes;

    private ConstantTensor(DataType type, IReadOnlyList<long> dims, ITensorBytes bytes)
    {
        (Type, Dims, this.bytes) = (type, dims, bytes);
        Count = dims.Aggregate(1L, (n, d) => checked(n * d));
    }

    /// <summary>Element type.</summary>
    public DataType Type { get; }

    /// <summary>Sizes of the axes.</summary>
    public IReadOnlyList<long> Dims { get; }

    /// <summary>Number of elements.</summary>
    public long Count { get; }

    /// <summary>The bytes.</summary>
    public ReadOnlySpan<byte> Raw => bytes.Span;

    /// <summary>The elements as <typeparamref name="T"/>, whose size must be that of the element type.</summary>
    public ReadOnlySpan<T> As<T>() where T : unmanaged
    {
        if (Type.Bits() != Unsafe.SizeOf<T>() * 8)
            throw new InvalidOperationException($"A tensor of {Type.Name()} cannot be read as {typeof(T).Name}.");
        return MemoryMarshal.Cast<byte, T>(Raw);
    }

    /// <summary>All elements as doubles; integers beyond 2^53 lose their last digits.</summary>
    public double[] ReadAsDouble()
    {
        var values = new double[Count];
        switch (Type)
        {
            case DataType.Float: Widen(As<float>(), values, v => v); break;
            case DataType.Double: As<double>().CopyTo(values); break;
            case DataType.Float16: Widen(As<Half>(), values, v => (double)v); break;
            case DataType.Bfloat16: Widen(As<ushort>(), values, v => BFloat16.ToSingle(v)); break;
            default: Widen<long>(ReadAsInt64(), values, v => v); break;
        }
        return values;
    }

    /// <summary>All elements as integers; floats are refused.</summary>
    public long[] ReadAsInt64()
    {
        var values = new long[Count];
        switch (Type)
        {
            case DataType.Int64: As<long>().CopyTo(values); break;
            case DataType.Uint64: Widen(As<ulong>(), values, v => unchecked((long)v)); break;
            case DataType.Int32: Widen(As<int>(), values, v => v); break;
            case DataType.Uint32: Widen(As<uint>(), values, v => v); break;
            case DataType.Int16: Widen(As<short>(), values, v => v); break;
            case DataType.Uint16: Widen(As<ushort>(), values, v => v); break;
            case DataType.Int8: Widen(As<sbyte>(), values, v => v); break;
            case DataType.Uint8 or DataType.Bool: Widen(As<byte>(), values, v => v); break;
            default: throw new InvalidOperationException($"A tensor of {Type.Name()} does not hold integers.");
        }
        return values;
    }

    /// <summary>True when every element is <paramref name="value"/>; stops at the first that is not.</summary>
    public bool IsAll(double value) => (Type.IsFloat() || Type.IsInteger()) && Count <= 1 << 20 && ReadAsDouble().All(v => v == value);

    /// <inheritdoc/>
    public override string ToString() => $"{Type.Name()}[{string.Join(',', Dims)}]";

    private static void Widen<TFrom, TTo>(ReadOnlySpan<TFrom> from, TTo[] to, Func<TFrom, TTo> convert)
    {
        for (var i = 0; i < to.Length; i++) to[i] = convert(from[i]);
    }

    private static void Widen<TFrom>(TFrom[] from, double[] to, Func<TFrom, double> convert) => Widen((ReadOnlySpan<TFrom>)from, to, convert);
}
