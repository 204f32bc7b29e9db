using System.Collections;

namespace FlashRt.GraphRewriter.Ir;

/// <summary>A shape of known rank whose axes may be numbers, symbols or unknown.</summary>
public sealed class Shape(IReadOnlyList<Dim> dims) : IReadOnlyList<Dim>
{
    /// <summary>Number of axes.</summary>
    public int Rank => dims.Count;

    /// <inheritdoc/>
    public int Count => dims.Count;

    /// <summary>The axis; negative indices count from the end, unknown where the shape has no such axis.</summary>
    public Dim this[int axis]
    {
        get
        {
            var i = axis < 0 ? axis + Rank : axis;
            return i >= 0 && i < Rank ? dims[i] : Dim.Unknown;
        }
    }

    /// <summary>A shape of numbers.</summary>
    public static Shape Of(params IEnumerable<long> dims) => new([.. dims.Select(d => (Dim)d)]);

    /// <summary>All sizes as numbers, or null when one is not known.</summary>
    public long[]? Static()
    {
        var sizes = new long[Rank];
        for (var i = 0; i < Rank; i++)
        {
            if (dims[i].Value is not { } value) return null;
            sizes[i] = value;
        }
        return sizes;
    }

    /// <summary>True when both have the same rank and every axis is provably the same size.</summary>
    public bool SameAs(Shape? other)
    {
        if (other is null || other.Rank != Rank) return false;
        for (var i = 0; i < Rank; i++)
            if (!dims[i].SameAs(other[i])) return false;
        return true;
    }

    /// <inheritdoc/>
    public IEnumerator<Dim> GetEnumerator() => dims.GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    /// <inheritdoc/>
    public override string ToString() => $"[{string.Join(',', dims)}]";

    internal static Shape? Of(TensorShapeProto? proto) => proto is null ? null : new Shape([.. proto.Dim.Select(d => d.ValueCase switch
    {
        TensorShapeProto.Types.Dimension.ValueOneofCase.DimValue when d.DimValue >= 0 => (Dim)d.DimValue,
        TensorShapeProto.Types.Dimension.ValueOneofCase.DimParam when d.DimParam.Length > 0 => Dim.Named(d.DimParam),
        _ => Dim.Unknown,
    })]);
}
