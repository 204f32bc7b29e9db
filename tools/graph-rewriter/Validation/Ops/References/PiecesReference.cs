namespace FlashRt.Validation.Ops;

/// <summary>Concat, Split and ScatterND, from their definitions in ONNX.</summary>
internal static class PiecesReference
{
    public static IReadOnlyList<Expected> Concat(OpCall call)
    {
        OpTensor[] parts = [.. call.Signature.Inputs.Select(i => call[i])];
        var axis = Axis(call, parts[0]);
        long[] shape = [.. parts[0].Shape];
        shape[axis] = parts.Sum(p => p.Shape[axis]);
        var rows = OpTensor.CountOf(shape[..axis]);
        var values = new List<double>();
        for (long row = 0; row < rows; row++)
            foreach (var part in parts)
            {
                var run = OpTensor.CountOf(part.Shape[axis..]);
                values.AddRange(part.Values.Skip((int)(row * run)).Take((int)run));
            }
        return [Expected.Exactly(call.Type, shape, [.. values])];
    }

    public static IReadOnlyList<Expected> Split(OpCall call)
    {
        var x = call["X"];
        var axis = Axis(call, x);
        long inner = OpTensor.CountOf(x.Shape[(axis + 1)..]), rows = OpTensor.CountOf(x.Shape[..axis]), begin = 0;
        var parts = new List<Expected>();
        foreach (var size in (long[])call.Signature.Attribute("sizes"))
        {
            var from = begin;
            var values = Enumerable.Range(0, (int)rows).SelectMany(row => x.Values.Skip((int)((row * x.Shape[axis] + from) * inner)).Take((int)(size * inner)));
            long[] shape = [.. x.Shape];
            shape[axis] = size;
            parts.Add(Expected.Exactly(call.Type, shape, [.. values]));
            begin += size;
        }
        return parts;
    }

    public static IReadOnlyList<Expected> ScatterND(OpCall call)
    {
        OpTensor data = call["data"], indices = call["indices"], updates = call["updates"];
        var depth = (int)indices.Last;
        var run = OpTensor.CountOf(data.Shape[depth..]);
        double[] values = [.. data.Values];
        for (long t = 0; t < indices.Rows; t++)
        {
            long at = 0;
            for (var axis = 0; axis < depth; axis++)
            {
                var index = (long)indices.Values[t * depth + axis];
                at = at * data.Shape[axis] + (index < 0 ? index + data.Shape[axis] : index);
            }
            for (long i = 0; i < run; i++)
                values[at * run + i] = updates.Values[t * run + i];
        }
        return [Expected.Exactly(call.Type, data.Shape, values)];
    }

    private static int Axis(OpCall call, OpTensor x) => (int)(call.Int("axis") is var axis && axis < 0 ? axis + x.Shape.Length : axis);
}
