namespace FlashRt.GraphRewriter.Ir.Evaluation;

/// <summary>Walks a tensor by strides: every data movement is a list of source indices in the order of the result.</summary>
internal static class Strided
{
    /// <summary>Row-major strides.</summary>
    public static long[] Of(IReadOnlyList<long> dims)
    {
        var strides = new long[dims.Count];
        for (long i = dims.Count - 1, stride = 1; i >= 0; stride *= dims[(int)i--]) strides[i] = stride;
        return strides;
    }

    /// <summary>The index that each element of a result of the given sizes comes from.</summary>
    public static int[] Walk(IReadOnlyList<long> dims, IReadOnlyList<long> strides, long start = 0)
    {
        var indices = new int[ConstantEvaluator.Bounded(dims)];
        var at = new long[dims.Count];
        var position = start;
        for (var i = 0; i < indices.Length; i++)
        {
            indices[i] = checked((int)position);
            for (var axis = at.Length - 1; axis >= 0; axis--)
            {
                position += strides[axis];
                if (++at[axis] < dims[axis]) break;
                position -= strides[axis] * dims[axis];
                at[axis] = 0;
            }
        }
        return indices;
    }

    /// <summary>The elements at the given indices as a tensor of the given sizes.</summary>
    public static ConstantTensor Pick(ConstantTensor x, IReadOnlyList<long> dims, int[] indices) =>
        ConstantTensor.FromRaw(x.Type, dims, Bytes(x) switch
        {
            1 => Pick<byte>(x, indices),
            2 => Pick<ushort>(x, indices),
            4 => Pick<uint>(x, indices),
            8 => Pick<ulong>(x, indices),
            _ => throw new NotSupportedException(),
        });

    /// <summary>Bytes of one element; types smaller than a byte are not moved.</summary>
    public static int Bytes(ConstantTensor x) => x.Type.Bits() is >= 8 and var bits ? bits / 8 : throw new NotSupportedException();

    /// <summary>An axis counted from the front.</summary>
    public static int Axis(long axis, int rank)
    {
        var from = axis < 0 ? axis + rank : axis;
        return from >= 0 && from < Math.Max(rank, 1) ? (int)from : throw new NotSupportedException();
    }

    private static byte[] Pick<T>(ConstantTensor x, int[] indices) where T : unmanaged
    {
        var source = System.Runtime.InteropServices.MemoryMarshal.Cast<byte, T>(x.Raw);
        var result = new T[indices.Length];
        for (var i = 0; i < result.Length; i++) result[i] = source[indices[i]];
        return System.Runtime.InteropServices.MemoryMarshal.AsBytes(result.AsSpan()).ToArray();
    }
}
