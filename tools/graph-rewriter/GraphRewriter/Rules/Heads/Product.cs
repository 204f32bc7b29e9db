namespace FlashRt.GraphRewriter.Rules.Heads;

/// <summary>
/// A batched matrix product as the exporters write it: MatMul, com.microsoft's FusedMatMul, or an Einsum of two operands. Its result
/// has the axes (lead.., rows, columns), its operands (lead.., rows, inner) and (lead.., inner, columns), in the order the node has.
/// </summary>
internal sealed record Product(Node Node, TensorView Left, TensorView Right, TensorView Result, double Alpha)
{
    /// <summary>The product that made the value of a view.</summary>
    public static Product? Making(TensorView result) => result.Value.Producer is { } node && node.Input(0) is { Shape: { } a } left
        && node.Input(1) is { Shape: { } b } right && Labels.Of(node, a.Rank, b.Rank) is { } labels
        ? labels.Operands(node, left, right, result, []) : null;

    /// <summary>The product of a view with another value, where the view is the left operand.</summary>
    public static Product? Of(TensorView left, Node node)
    {
        if (node.Input(0) != left.Value || node.Input(1) is not { Shape: { } b } right || node.Outputs[0] is not { Shape: { } to } result) return null;
        if (Labels.Of(node, left.Axes.Count, b.Rank) is not { } labels || labels.Result.Length != to.Rank) return null;
        var known = labels.Left.Select((label, i) => (label, i)).ToDictionary(l => l.label, l => l.i);
        var axes = new List<IReadOnlyList<Factor>>();
        for (var i = 0; i < to.Rank; i++)
        {
            if (!known.TryGetValue(labels.Result[i], out var axis)) axes.Add(Factor.Axis(to[i]));
            else if (left.Value.Shape![axis].SameAs(to[i])) axes.Add(left.Axes[axis]);
            else return null;
        }
        return labels.Operands(node, left.Value, right, new TensorView(result, axes), left.Axes);
    }

    // One letter for each axis of the operands and the result.
    private sealed record Labels(char[] Left, char[] Right, char[] Result)
    {
        public static Labels? Of(Node node, int left, int right)
        {
            if (!node.IsSound()) return null;
            if (node.OpType == "Einsum" && node.Inputs.Count == 2) return Einsum(node.Text("equation", ""), left, right);
            if (node.Domain is not ("" or "com.microsoft") || node.OpType is not ("MatMul" or "FusedMatMul") || left < 2 || right < 2) return null;
            if (node.Int("transBatchA", 0) != 0 || node.Int("transBatchB", 0) != 0) return null;
            var lead = Enumerable.Range(0, Math.Max(left, right) - 2).Select(i => (char)('A' + i)).ToArray();
            char[] a = node.Int("transA", 0) != 0 ? ['k', 'm'] : ['m', 'k'], b = node.Int("transB", 0) != 0 ? ['n', 'k'] : ['k', 'n'];
            return new Labels([.. lead[^(left - 2)..], .. a], [.. lead[^(right - 2)..], .. b], [.. lead, 'm', 'n']);
        }

        public Product? Operands(Node node, Value left, Value right, TensorView result, IReadOnlyList<IReadOnlyList<Factor>> known)
        {
            if (Result.Length != result.Axes.Count || result.Value.Shape?.Rank != Result.Length) return null;
            var axes = Result.Zip(result.Axes).ToDictionary(p => p.First, p => p.Second);
            foreach (var (label, factors) in Left.Zip(known)) axes.TryAdd(label, factors);
            foreach (var (label, size) in Left.Zip(left.Shape!)) axes.TryAdd(label, Factor.Axis(size));
            var sizes = Result.Zip(result.Value.Shape!).ToDictionary(p => p.First, p => p.Second);
            return View(left, Left) is { } a && View(right, Right) is { } b ? new Product(node, a, b, result, node.Float("alpha", 1)) : null;

            TensorView? View(Value operand, char[] labels)
            {
                var own = new List<IReadOnlyList<Factor>>();
                for (var i = 0; i < labels.Length; i++)
                {
                    if (!axes.TryGetValue(labels[i], out var all)) return null;
                    var size = operand.Shape![i];
                    if (size.Value != 1 && sizes.TryGetValue(labels[i], out var expected) && !expected.SameAs(size)) return null;
                    own.Add(size.Value == 1 ? [] : all);
                }
                return new TensorView(operand, own);
            }
        }

        private static Labels? Einsum(string equation, int left, int right)
        {
            var sides = equation.Replace(" ", "").Split("->");
            if (sides is not [var inputs, var result] || inputs.Split(',') is not [var a, var b] || equation.Contains('.')) return null;
            if (a.Length != left || b.Length != right || new[] { a, b, result }.Any(t => t.Distinct().Count() != t.Length)) return null;
            return new Labels(a.ToCharArray(), b.ToCharArray(), result.ToCharArray());
        }
    }
}
