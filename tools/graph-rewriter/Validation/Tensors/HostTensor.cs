using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace FlashRt.Validation;

/// <summary>A tensor in host memory: little endian, row-major, any ONNX type whose elements fill whole bytes (bool, integers, floats).</summary>
public sealed class HostTensor
{
    private readonly byte[] _bytes;

    /// <summary>Wraps data whose length must be that of the shape.</summary>
    public HostTensor(DataType type, IReadOnlyList<long> dims, byte[] bytes)
    {
        (Type, Dims, _bytes) = (type, [.. dims], bytes);
        if (!Dims.IsSize()) throw new ValidationException($"{this} is no shape that a tensor can have.");
        Count = Dims.Aggregate(1L, (n, d) => n * d);
        if (type.Bits() is not { } bits || bits % 8 != 0)
            throw new ValidationException($"Tensors of {type.Name()} cannot be held in host memory.");
        if (Count * (bits / 8) != bytes.Length)
            throw new ValidationException($"{this} needs {Count * (bits / 8)} bytes; it was given {bytes.Length}.");
    }

    /// <summary>Element type.</summary>
    public DataType Type { get; }

    /// <summary>Sizes of the axes.</summary>
    public IReadOnlyList<long> Dims { get; }

    /// <summary>Number of elements.</summary>
    public long Count { get; }

    /// <summary>The data.</summary>
    public ReadOnlySpan<byte> Bytes => _bytes;

    /// <summary>A tensor of plain numbers: float, double, Half, int, long, ... ; bfloat16 is made with <see cref="Cast"/>.</summary>
    public static HostTensor Of<T>(IReadOnlyList<long> dims, ReadOnlySpan<T> values) where T : unmanaged =>
        new(TypeOf<T>(), dims, MemoryMarshal.AsBytes(values).ToArray());

    /// <summary>The elements as <typeparamref name="T"/>, which must have the size of the element type.</summary>
    public ReadOnlySpan<T> As<T>() where T : unmanaged
    {
        if (Type.Bits() != Unsafe.SizeOf<T>() * 8) throw new InvalidOperationException($"{this} cannot be read as {typeof(T).Name}.");
        return MemoryMarshal.Cast<byte, T>(Bytes);
    }

    /// <summary>Widens the elements from <paramref name="offset"/> on into <paramref name="values"/>; fp8 is not a host type.</summary>
    public void Read(long offset, Span<double> values)
    {
        var at = checked((int)offset);
        for (var i = 0; i < values.Length; i++) values[i] = Element(at + i);
    }

    /// <summary>All elements widened to double.</summary>
    public double[] ToDoubles()
    {
        var values = new double[Count];
        Read(0, values);
        return values;
    }

    /// <summary>The elements in another float type, int64, int32 or bool, each rounded once.</summary>
    public HostTensor Cast(DataType type) =>
        type == Type ? this : new HostTensor(type, Dims, ConstantTensor.From(type, Dims, ToDoubles()).Raw.ToArray());

    /// <inheritdoc/>
    public override string ToString() => $"{Type.Name()}[{string.Join(',', Dims)}]";

    private double Element(int i) => Type switch
    {
        DataType.Float => As<float>()[i],
        DataType.Float16 => (double)As<Half>()[i],
        DataType.Bfloat16 => BitConverter.UInt32BitsToSingle((uint)As<ushort>()[i] << 16),
        DataType.Double => As<double>()[i],
        DataType.Int64 => As<long>()[i],
        DataType.Int32 => As<int>()[i],
        DataType.Int16 => As<short>()[i],
        DataType.Int8 => As<sbyte>()[i],
        DataType.Uint64 => As<ulong>()[i],
        DataType.Uint32 => As<uint>()[i],
        DataType.Uint16 => As<ushort>()[i],
        DataType.Uint8 or DataType.Bool => _bytes[i],
        _ => throw new ValidationException($"The elements of {this} cannot be read as numbers; cast them to float32 in the graph."),
    };

    private static DataType TypeOf<T>() => default(T) switch
    {
        float => DataType.Float,
        double => DataType.Double,
        Half => DataType.Float16,
        long => DataType.Int64,
        int => DataType.Int32,
        short => DataType.Int16,
        sbyte => DataType.Int8,
        ulong => DataType.Uint64,
        uint => DataType.Uint32,
        ushort => DataType.Uint16,
        byte => DataType.Uint8,
        bool => DataType.Bool,
        _ => throw new ValidationException($"{typeof(T).Name} is not the element of an ONNX tensor."),
    };
}
