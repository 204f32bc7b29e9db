namespace FlashRt.GraphRewriter.Rules.Heads;

/// <summary>
/// Deals factors to the axes of another shape, as a Reshape does: row-major, so in the same order. Numbers may take factors apart;
/// symbols must meet themselves, except one unknown in the middle, which takes what is left.
/// </summary>
internal static class Regrouping
{
    public static IReadOnlyList<IReadOnlyList<Factor>>? Into(Shape shape, IEnumerable<Factor> factors)
    {
        var rest = factors.SelectMany(f => f.Leaves).ToList();
        var axes = new IReadOnlyList<Factor>[shape.Rank];
        int low = 0, high = shape.Rank - 1;
        for (; low <= high && Take(shape[low], rest, fromFront: true) is { } taken; low++) axes[low] = taken;
        for (; low <= high && Take(shape[high], rest, fromFront: false) is { } taken; high--) axes[high] = taken;
        if (low > high) return rest.Count == 0 ? axes : null;
        if (rest.Count == 0) return null;
        if (low == high) axes[low] = rest;
        else if (rest is [{ Cut: null } only] && shape.Skip(low).Take(high - low + 1).ToArray() is var sizes)
        {
            var parts = new Queue<Factor>(only.Split(sizes));
            for (; low <= high; low++) axes[low] = shape[low].Value == 1 ? [] : [parts.Dequeue()];
        }
        else return null;
        return axes;
    }

    private static List<Factor>? Take(Dim size, List<Factor> rest, bool fromFront)
    {
        var taken = new List<Factor>();
        for (var need = size; need.Value != 1;)
        {
            if (taken.Count == rest.Count) return null;
            var factor = rest[fromFront ? taken.Count : rest.Count - 1 - taken.Count];
            if (need.SameAs(factor.Size)) need = 1;
            else if (need.Value is > 0 and var n && factor.Size.Value is > 0 and var f && n % f == 0) need = n / f;
            else if (need.Value is > 0 and var part && factor.Size.Value is > 0 and var whole && whole % part == 0 && factor.Cut is null)
            {
                var at = rest.IndexOf(factor);
                rest.RemoveAt(at);
                rest.InsertRange(at, fromFront ? factor.Split(part, whole / part) : factor.Split(whole / part, part));
                factor = rest[fromFront ? taken.Count : rest.Count - 1 - taken.Count];
                need = 1;
            }
            else return null;
            taken.Add(factor);
        }
        rest.RemoveRange(fromFront ? 0 : rest.Count - taken.Count, taken.Count);
        if (!fromFront) taken.Reverse();
        return taken;
    }
}
